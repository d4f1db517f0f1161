"""The application as a real server, and ways to send requests to it."""

import http.client
import http.server
import socket
import threading
import time
from contextlib import contextmanager, suppress

import requests
import uvicorn

from src.app.web.api import make_app


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Server:
    """The application in a thread of this process; entering it gives its URL."""

    def __init__(self, **options):
        self.port = free_port()
        config = uvicorn.Config(
            make_app(**options),
            port=self.port,
            root_path=options.get("root_path", ""),
            log_level="error",
            timeout_graceful_shutdown=1,
            proxy_headers=False,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *error):
        self.server.should_exit = True
        self.thread.join()


def wait_for(condition):
    """Check a condition again and again until it is true, and fail after a minute or more."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("the condition did not become true")


def wait_for_page(url, **options):
    wait_for(lambda: "being prepared" not in requests.get(url, **options).text)


def post(url, *files, **options):
    """Send picture files to the API."""
    return requests.post(f"{url}/api/predict", files=[("file", ("a.png", data)) for data in files], **options)


@contextmanager
def proxy_under_path(path, target_port):
    """Run a reverse proxy that serves a server of this machine under a path, and give the proxy's port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def forward(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            connection = http.client.HTTPConnection("127.0.0.1", target_port)
            connection.request(self.command, self.path.removeprefix(path), body, dict(self.headers.items()))
            response = connection.getresponse()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # The page has been closed.
                while part := response.read1():  # at once, as events come one by one
                    self.wfile.write(part)

        def do_GET(self):
            if self.path.startswith(f"{path}/"):
                self.forward()
            else:
                self.send_error(404)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *message):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:  # Otherwise a failed test would leave a thread that keeps the process running.
            server.shutdown()
            thread.join()
