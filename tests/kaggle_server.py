"""A local stand-in for Kaggle's server: it speaks the protocol of the official kaggle package."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from src.common.competition import SLUG


class KaggleServer(ThreadingHTTPServer):
    """Answers the requests of the package and records them in `requests`; the other attributes make it fail."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = []
        self.delay = 0.0  # seconds before each answer
        self.refusal = None  # (code, message): the answer to everything but the check of a token
        self.refusals = {}  # the same by method
        self.token_is_valid = True
        self.page = None  # (code, content type): a page that a proxy sends instead of any answer
        # The download.
        self.contents = b""  # of the competition's zip
        self.wants_login = False  # answers with a page instead
        self.stall_after = None  # bytes after which nothing more is sent
        self.claimed_length = None  # bytes that the header announces
        # Submissions.
        self.num_left = 5
        self.submissions = []  # the latest first
        self.uploads = []
        self.upload_code = 200
        self.loses_answer = False  # accepts a submission, then closes the connection
        self.refusals_after_submission = {}
        self.score = "0.99714"  # of each submission; None: not scored yet
        self.scoring_error = ""
        # Notebooks.
        self.notebooks = []  # what was pushed
        self.notebook_error = ""  # why a notebook is not accepted
        self.invalid_sources = []  # of a pushed notebook
        self.statuses = ["COMPLETE"]  # of the run, one after the other; the last one stays; None: an error instead
        self.outputs = {}  # file name: bytes
        self.refused_outputs = {}  # file name: code
        self.is_stopping = threading.Event()  # wakes all delayed answers
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        """Refuse connections from now on."""
        self.is_stopping.set()
        self.shutdown()
        self.server_close()
        # A socket that does not listen keeps the port from the servers of tests that run at the same time.
        self.kept_port = socket.socket()
        self.kept_port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.kept_port.bind(self.server_address)

    def accept_submission(self, body):
        """Add a submission, of what was uploaded last, to the list."""
        submission = {
            "ref": 4242 + len(self.submissions),
            "fileName": "submission.csv",
            "date": f"2026-11-0{1 + len(self.submissions)}T10:11:12.1234567Z",
            "description": body.get("submissionDescription", ""),
            "status": "ERROR" if self.scoring_error else "COMPLETE" if self.score else "PENDING",
            "publicScore": self.score or "",
            "privateScore": "",
            "errorDescription": self.scoring_error,
        }
        self.submissions.insert(0, submission)
        return {"message": "Successfully submitted to Digit Recognizer", "ref": submission["ref"]}


class _Handler(BaseHTTPRequestHandler):
    server: KaggleServer

    def do_POST(self):
        """Answer a call of the API."""
        if self.server.is_stopping.is_set():  # A connection that was kept open.
            self.close_connection = True
            return
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        method = urlsplit(self.path).path.rsplit("/", 1)[-1]
        self.server.requests.append(method)
        self.server.is_stopping.wait(self.server.delay)
        refusal = self.server.refusals.get(method, self.server.refusal)
        if self.server.page:
            code, content_type = self.server.page
            self.send_body(code, content_type, b"<html>please log in</html>")
        elif refusal and method not in ("IntrospectToken", "GenerateAccessToken"):
            self.refuse(*refusal)
        elif answer := self.answers.get(method):
            answer(self, body)
        else:
            self.refuse(404, f"no method {method}")

    def introspect_token(self, body):
        self.answer(200, {"active": self.server.token_is_valid, "username": "someone"})

    def generate_token(self, body):
        if self.server.token_is_valid:
            self.answer(200, {"token": "s3cret", "expiresIn": 43200})
        else:
            self.refuse(401, "Unauthenticated")

    def download_data(self, body):
        if self.server.wants_login:
            self.answer(200, "please log in")
        else:
            self.send_response(302)
            self.send_header("Location", f"http://localhost/files/{SLUG}.zip")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def start_upload(self, body):
        self.answer(200, {"token": "blob", "createUrl": "http://localhost/upload"})

    def create_submission(self, body):
        answer = self.server.accept_submission(body)
        self.server.refusals |= self.server.refusals_after_submission
        if self.server.loses_answer:
            self.close_connection = True
        else:
            self.answer(200, answer)

    def get_limits(self, body):
        self.answer(200, {"numToday": 5 - self.server.num_left, "numAllowedNow": self.server.num_left})

    def list_submissions(self, body):
        size = body.get("pageSize", 20)
        start = size * (body.get("page", 1) - 1)
        self.answer(200, {"submissions": self.server.submissions[start : start + size]})

    def save_notebook(self, body):
        self.server.notebooks.append(body)
        page = "" if self.server.notebook_error else f"https://www.kaggle.com/code/{body['slug']}"
        answer = {"url": page, "error": self.server.notebook_error}
        self.answer(200, answer | {"invalidCompetitionSources": self.server.invalid_sources})

    def get_status(self, body):
        statuses = self.server.statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        if status is None:
            self.refuse(500, "Internal")
        else:
            self.answer(200, {"status": status})

    def list_outputs(self, body):
        files = [{"fileName": name, "url": f"http://localhost/outputs/{name}"} for name in self.server.outputs]
        self.answer(200, {"files": files, "log": "the log of the run"})

    answers = {  # noqa: RUF012  It is never changed.
        "IntrospectToken": introspect_token,
        "GenerateAccessToken": generate_token,
        "DownloadDataFiles": download_data,
        "StartSubmissionUpload": start_upload,
        "CreateSubmission": create_submission,
        "GetSubmissionLimits": get_limits,
        "ListSubmissions": list_submissions,
        "SaveKernel": save_notebook,
        "GetKernelSessionStatus": get_status,
        "ListKernelSessionOutput": list_outputs,
    }

    def do_PUT(self):
        """Take an upload."""
        self.server.uploads.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append("PUT")
        self.answer(self.server.upload_code, {})

    def do_GET(self):
        """Send the competition's zip or an output of a run."""
        name = urlsplit(self.path).path.removeprefix("/outputs/")
        if code := self.server.refused_outputs.get(name):
            self.refuse(code, "denied")
        else:
            self.send_file(self.server.outputs.get(name, self.server.contents))

    def send_file(self, contents):
        """Send a file, or its end if the request says so."""
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.server.requests.append(f"GET from {start}")
        self.send_response(206 if start else 200)
        for name, value in {
            "Content-Length": (self.server.claimed_length or len(contents)) - start,
            "Content-Range": f"bytes {start}-{len(contents) - 1}/{len(contents)}",
            "Last-Modified": "Wed, 11 Dec 2019 00:00:00 GMT",
            "ETag": '"v1"',
            "Accept-Ranges": "bytes",
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(contents[start : self.server.stall_after])
        if self.server.stall_after is not None:
            self.server.is_stopping.wait()

    def refuse(self, code, message):
        """Answer with an error."""
        self.answer(code, {"code": code, "message": message})

    def answer(self, code, contents):
        """Answer with JSON."""
        self.send_body(code, "application/json", json.dumps(contents).encode())

    def do_CONNECT(self):
        """Refuse to be a proxy without a password."""
        self.refuse(407, "Proxy Authentication Required")

    def send_body(self, code, content_type, body):
        """Answer with bytes."""
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Print nothing."""
