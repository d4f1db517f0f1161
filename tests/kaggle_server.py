"""A stand-in for Kaggle on this machine, which speaks the wire protocol of the real kaggle package."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from src.common.competition import SLUG


class Kaggle(ThreadingHTTPServer):
    """Answers what the package asks, remembers it in `requests`, and fails as it is told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents = b""  # of the competition's zip
        self.refusal = None  # (code, message), to everything but a token
        self.refusals = {}  # the same by method
        self.delay = 0.0  # seconds before each answer
        self.loses_answer = False  # to a submission that it takes
        self.refusals_after_submission = {}
        self.token_is_valid = True
        self.wants_login = False  # shows a page instead of the download
        self.stall_after = None  # bytes of the download
        self.claimed_length = None  # bytes that the download says it has
        self.upload_code = 200
        self.num_left = 5
        self.submissions = []  # the latest first
        self.score = "0.99714"  # of what is sent; None: never
        self.scoring_error = ""
        self.uploads = []
        self.kernels = []  # what was pushed
        self.kernel_error = ""  # instead of taking one
        self.kernel_states = ["COMPLETE"]  # one after the other; the last one stays; None: an error instead
        self.outputs = {}  # file name: bytes
        self.refused_outputs = {}  # file name: code
        self.invalid_sources = []  # of a pushed kernel
        self.requests = []
        self.shut_down = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def submit(self, body):
        """Take what was uploaded last as a submission."""
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


class Handler(BaseHTTPRequestHandler):
    server: Kaggle

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        method = urlsplit(self.path).path.rsplit("/", 1)[-1]
        self.server.requests.append(method)
        self.server.shut_down.wait(self.server.delay)
        if method == "IntrospectToken":
            self.answer(200, {"active": self.server.token_is_valid, "username": "someone"})
        elif method == "GenerateAccessToken" and self.server.token_is_valid:
            self.answer(200, {"token": "s3cret", "expiresIn": 43200})
        elif method == "GenerateAccessToken":
            self.answer(401, {"code": 401, "message": "Unauthenticated"})
        elif refusal := self.server.refusals.get(method, self.server.refusal):
            code, message = refusal
            self.answer(code, {"code": code, "message": message})
        elif method == "DownloadDataFiles" and self.server.wants_login:
            self.answer(200, "please log in")
        elif method == "DownloadDataFiles":
            self.send_response(302)
            self.send_header("Location", f"http://localhost/files/{SLUG}.zip")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif method == "StartSubmissionUpload":
            self.answer(200, {"token": "blob", "createUrl": "http://localhost/upload"})
        elif method == "CreateSubmission":
            answer = self.server.submit(body)
            self.server.refusals |= self.server.refusals_after_submission
            if self.server.loses_answer:
                self.close_connection = True
            else:
                self.answer(200, answer)
        elif method == "GetSubmissionLimits":
            self.answer(200, {"numToday": 5 - self.server.num_left, "numAllowedNow": self.server.num_left})
        elif method == "ListSubmissions":
            start, size = body.get("pageSize", 20) * (body.get("page", 1) - 1), body.get("pageSize", 20)
            self.answer(200, {"submissions": self.server.submissions[start : start + size]})
        elif method == "SaveKernel":
            self.server.kernels.append(body)
            page = "" if self.server.kernel_error else f"https://www.kaggle.com/code/{body['slug']}"
            answer = {"url": page, "error": self.server.kernel_error}
            self.answer(200, answer | {"invalidCompetitionSources": self.server.invalid_sources})
        elif method == "GetKernelSessionStatus":
            states = self.server.kernel_states
            state = states.pop(0) if len(states) > 1 else states[0]
            self.answer(200 if state else 500, {"status": state} if state else {"code": 500, "message": "Internal"})
        elif method == "ListKernelSessionOutput":
            files = [{"fileName": n, "url": f"http://localhost/outputs/{n}"} for n in self.server.outputs]
            self.answer(200, {"files": files, "log": "the log of the run"})
        else:
            self.answer(404, {"code": 404, "message": f"no method {method}"})

    def answer(self, code, contents):
        body = json.dumps(contents).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.server.uploads.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append("PUT")
        self.answer(self.server.upload_code, {})

    def do_GET(self):
        path = urlsplit(self.path).path
        name = path.removeprefix("/outputs/")
        contents = self.server.outputs.get(name, self.server.contents)
        if code := self.server.refused_outputs.get(name):
            return self.answer(code, {"code": code, "message": "denied"})
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
            self.server.shut_down.wait()

    def log_message(self, *arguments):
        """Keep the test's output clean."""
