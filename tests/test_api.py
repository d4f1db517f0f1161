"""The API over plain HTTP, against a real server."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
import schemathesis
import uvicorn
from PIL import ExifTags, Image
from schemathesis.specs.openapi.checks import positive_data_acceptance

from src.app import protection
from src.app.api import make_app
from src.app.protection import MAX_BODY
from src.app.requests import MAX_PICTURES
from src.workspace import REPOSITORY
from tests.test_pictures import HOSTILE, PNG, RGB, TOO_LARGE, encode

schema = schemathesis.openapi.from_dict(make_app().openapi())


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Server:
    """The application in a thread of this process."""

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
    """Ask again and again, some thousand times."""
    assert any(condition() for _ in range(10_000))


def wait_for_page(url):
    wait_for(lambda: "being prepared" not in requests.get(url).text)


@pytest.fixture(scope="module")
def url():
    with Server() as url:
        yield url


def post(url, *files, **options):
    return requests.post(f"{url}/api/predict", files=[("file", ("a.png", data)) for data in files], **options)


def test_a_file_is_read(url):
    answer = post(url, PNG)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"digit", "confidence", "probabilities"}
    assert body["digit"] == 2 and body["confidence"] == max(body["probabilities"]) > 0.9
    assert len(body["probabilities"]) == 10 and abs(sum(body["probabilities"]) - 1) < 1e-4


def test_several_files_are_read_in_order(url):
    blank = encode(RGB.point(lambda value: 255))
    predictions = post(url, PNG, blank, PNG).json()["predictions"]
    assert [one["digit"] for one in predictions] == [2, None, 2]
    assert predictions[1]["confidence"] == 0 and predictions[1]["probabilities"] == [0] * 10


def test_base64_is_read(url):
    text = base64.b64encode(PNG).decode()
    one = requests.post(f"{url}/api/predict", json={"image": text}).json()
    assert one["digit"] == 2
    several = requests.post(f"{url}/api/predict", json={"images": [text, f"data:image/png;base64,{text}"]}).json()
    assert [prediction["digit"] for prediction in several["predictions"]] == [2, 2]
    assert several["predictions"][0] == one


def test_a_number_is_read_with_its_boxes(url):
    width, height = RGB.size
    both = Image.new("RGB", (2 * width, height), "white")
    both.paste(RGB, (0, 0))
    both.paste(RGB, (width, 0))
    answer = requests.post(f"{url}/api/read", files={"file": ("a.png", encode(both))})
    assert answer.status_code == 200
    body = answer.json()
    assert body["text"] == "22" and [digit["digit"] for digit in body["digits"]] == [2, 2]
    assert body["confidence"] == pytest.approx(np.prod([digit["confidence"] for digit in body["digits"]]))
    (left, *_, first_right, _), (second_left, *_) = (digit["box"] for digit in body["digits"])
    assert 0 < left < first_right <= width <= second_left
    files = [("file", ("a.png", data)) for data in (PNG, encode(Image.new("RGB", (40, 40), "white")))]
    numbers = requests.post(f"{url}/api/read", files=files).json()["numbers"]
    assert numbers[0]["text"] == "2" and numbers[1] == {"text": "", "confidence": 0, "digits": []}


def test_boxes_are_in_the_pixels_of_a_large_photo_held_upright(url):
    turned = RGB.resize((1600, 2400)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned back
    photo = encode(turned, "JPEG", exif=exif)
    small, large = (
        requests.post(f"{url}/api/read", files={"file": ("a", data)}).json()["digits"][0]["box"]
        for data in (encode(RGB.resize((160, 240))), photo)
    )
    np.testing.assert_allclose(np.array(large) / 10, small, atol=6)


def test_health_model_and_docs(url):
    assert requests.get(f"{url}/api/health").json() == {"status": "ok"}
    model = requests.get(f"{url}/api/model").json()
    assert {"experiment", "oof_accuracy", "oof_standard_error", "num_bytes"} <= set(model)
    docs = requests.get(f"{url}/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', docs)
    assert len(loaded) == 3 and all(requests.get(f"{url}{path}").ok for path in loaded)  # nothing from elsewhere
    assert "/api/predict" in requests.get(f"{url}/openapi.json").json()["paths"]


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_get_a_sentence(url, data):
    answer = post(url, data)
    assert answer.status_code == 422 and "send" in answer.json()["detail"]


def test_large_pictures_are_refused(url):
    assert {post(url, data).status_code for data in TOO_LARGE.values()} == {413}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"image": 7}', "application/json", 422),
        (b'{"image": "%%%"}', "application/json", 422),
        (b'{"images": []}', "application/json", 422),
        (b'{"images": [' + b"{}," * 1_000_000 + b"{}]}", "application/json", 422),
        (b'{"image": "", "images": []}', "application/json", 422),
        (json.dumps({"images": [""] * (MAX_PICTURES + 1)}).encode(), "application/json", 422),
        (PNG, "image/png", 415),
        (b"", "", 415),
        (b"no form", "multipart/form-data", 400),
        (b"no form", "multipart/form-data; boundary=x", 400),
    ],
)
def test_wrong_bodies_get_a_sentence(url, body, kind, status):
    answer = requests.post(f"{url}/api/predict", data=body, headers={"Content-Type": kind})
    assert answer.status_code == status and answer.json()["detail"]


def test_a_form_without_the_file_says_which_field(url):
    answer = requests.post(f"{url}/api/predict", files={"picture": PNG})
    assert answer.status_code == 422 and "field file" in answer.json()["detail"]


def test_too_many_files_are_refused(url):
    assert post(url, *[PNG] * (MAX_PICTURES + 1)).status_code == 422


@pytest.mark.parametrize("chunked", [False, True])
def test_long_bodies_are_refused(url, chunked):
    pieces = (bytes(1_000_000) for _ in range(MAX_BODY // 1_000_000 + 2))
    headers = {"Content-Type": "application/json"}
    try:
        answer = requests.post(f"{url}/api/predict", data=pieces if chunked else b"".join(pieces), headers=headers)
        assert answer.status_code == 413
    except requests.ConnectionError:  # the server hung up in the middle of it, as it may
        assert requests.get(f"{url}/api/health").ok


def test_answers_carry_the_security_headers(url):
    for path in ("/api/health", "/docs", "/nothing"):
        headers = requests.get(f"{url}{path}").headers
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_client_who_asks_too_often_waits():
    with Server(rate="5/hour") as url:
        names = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(7)]  # no one is known by what he says
        answers = [requests.get(f"{url}/api/health", headers=name) for name in names]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert answers[-1].headers["Retry-After"] and "wait" in answers[-1].json()["detail"]


def test_more_than_can_be_served_is_refused_and_the_server_lives():
    with Server(max_requests=2) as url:
        big = encode(RGB.resize((3000, 3000)))
        with ThreadPoolExecutor(8) as pool:
            statuses = {answer.status_code for answer in pool.map(lambda _: post(url, big), range(24))}
        assert statuses == {200, 503}
        assert post(url, PNG).json()["digit"] == 2


def test_bodies_that_never_come_do_not_stop_the_server(monkeypatch):
    monkeypatch.setattr(protection, "MAX_SECONDS", 1.0)
    with Server(max_requests=3) as url:
        port = int(url.rpartition(":")[2])
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        for line in lines:
            line.sendall(b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
            line.sendall(b"Content-Length: 100\r\n\r\n{")
        wait_for(lambda: post(url, PNG).status_code == 503)  # until all three have arrived
        assert requests.get(f"{url}/api/health").ok
        assert {line.recv(100).split()[1] for line in lines} == {b"408"}
        assert post(url, PNG).json()["digit"] == 2


def test_all_bodies_together_are_bounded(monkeypatch):
    monkeypatch.setattr(protection, "MAX_BYTES", 3 * len(PNG))
    with Server() as url:
        assert post(url, PNG, PNG, PNG, PNG).status_code == 503
        assert post(url, PNG).json()["digit"] == 2


def test_other_names_are_refused():
    with Server(hosts=("127.0.0.1",)) as url:
        assert requests.get(f"{url}/api/health").ok
        assert requests.get(f"{url}/api/health", headers={"Host": "evil.example"}).status_code == 400


def test_sixteen_clients_at_once_get_the_same_answer(url):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(url, PNG).content, range(64)))
    assert len(set(answers)) == 1


def test_readers_that_die_are_replaced():
    with Server() as url:
        assert post(url, PNG).json()["digit"] == 2
        children = Path("/proc/self/task").glob("*/children")
        readers = [pid for path in children for pid in path.read_text().split() if _is_reader(pid)]
        assert readers
        for pid in readers:
            os.kill(int(pid), signal.SIGKILL)
        assert [post(url, PNG).json()["digit"] for _ in range(4)] == [2] * 4


def _is_reader(pid):
    return b"anyio.to_process" in Path(f"/proc/{pid}/cmdline").read_bytes()


@schema.parametrize()
def test_the_api_keeps_what_its_openapi_promises(case, url):
    # A schema cannot say which bytes are a picture, so some of what it allows is refused with 422.
    case.call_and_validate(base_url=url, excluded_checks=[positive_data_acceptance])


def test_the_command_serves():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.app", "--port", str(port)], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    )
    try:
        line = next(line for line in process.stderr if "running on" in line)
        assert f"127.0.0.1:{port}" in line
        answer = requests.get(f"http://127.0.0.1:{port}/api/health")
        assert answer.ok and "Server" not in answer.headers
        evil = requests.get(f"http://127.0.0.1:{port}/api/health", headers={"Host": "evil.example"})
        assert evil.status_code == 400
    finally:
        process.terminate()
        process.wait()
