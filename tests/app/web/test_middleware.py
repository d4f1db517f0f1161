"""What the API refuses, and how it stays up, over plain HTTP against a real server."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from src.app.web.middleware import MAX_BODY, MAX_EVENT
from src.app.web.uploads import MAX_PICTURES
from tests.app.pictures import HOSTILE, PNG, RGB, TOO_LARGE, encode
from tests.app_server import Server, post, wait_for


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


def test_events_of_the_page_may_be_as_long_as_drawings_and_no_longer(url):
    for size, status in ((MAX_EVENT // 2, 404), (MAX_EVENT + 1, 413)):  # there is no page here
        assert requests.post(f"{url}/gradio_api/queue/join", data=bytes(size)).status_code == status
    assert requests.post(f"{url}/gradio_api/upload", data=bytes(MAX_EVENT + 1)).status_code == 404


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
