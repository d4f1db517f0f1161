"""The application as a real server, and ways to send requests to it."""

import socket
import threading
import time

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
            make_app(**options), port=self.port, log_level="error", timeout_graceful_shutdown=1, proxy_headers=False
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


def wait_for_page(url):
    wait_for(lambda: "being prepared" not in requests.get(url).text)


def post(url, *files, **options):
    """Send picture files to the API."""
    return requests.post(f"{url}/api/predict", files=[("file", ("a.png", data)) for data in files], **options)
