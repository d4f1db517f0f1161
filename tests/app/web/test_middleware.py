"""Limits of requests, and the headers of responses."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from fastapi.testclient import TestClient

from src.app.web import middleware
from src.app.web.api import make_app
from src.app.web.middleware import MAX_BODY, MAX_EVENT
from tests.app.pictures import PNG, RGB, encode
from tests.app_server import Server, post, wait_for


def test_responses_have_the_security_headers(client):
    for path in ("/api/health", "/docs", "/nothing"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert client.get("/api/health").headers["Content-Security-Policy"].startswith("default-src 'none';")


def test_one_site_may_frame_the_page():
    headers = TestClient(make_app(framed_by="https://friend.example")).get("/nothing").headers
    assert "X-Frame-Options" not in headers
    assert "frame-ancestors https://friend.example" in headers["Content-Security-Policy"]


def test_other_host_names_are_refused():
    client = TestClient(make_app(hosts=("testserver",)))
    assert client.get("/api/health").status_code == 200
    response = client.get("/api/health", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert response.headers["X-Frame-Options"] == "DENY"


def test_a_client_with_too_many_requests_must_wait():
    client = TestClient(make_app(rate="5/hour"))
    names = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(7)]  # Anyone can write this header.
    responses = [client.get("/api/health", headers=name) for name in names]
    assert [response.status_code for response in responses] == [200] * 5 + [429] * 2
    assert responses[-1].headers["Retry-After"]
    assert "wait" in responses[-1].json()["detail"]


def test_events_of_the_page_may_be_as_long_as_drawings_and_no_longer(client):
    for size, status in ((MAX_EVENT // 2, 404), (MAX_EVENT + 1, 413)):  # This application has no page.
        assert client.post("/gradio_api/queue/join", content=bytes(size)).status_code == status
    assert client.post("/gradio_api/upload", content=bytes(MAX_EVENT + 1)).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "media_type", "limit"),
    [
        ("/api/predict", "application/json", MAX_BODY),
        ("/api/predict", "multipart/form-data; boundary=x", MAX_BODY),
        ("/gradio_api/queue/join", "application/json", MAX_EVENT),
    ],
)
def test_long_bodies_are_refused(page_url, path, media_type, limit, is_chunked):
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    pieces = [start, *[bytes(500_000)] * (limit // 500_000 + 2)]
    data, headers = iter(pieces) if is_chunked else b"".join(pieces), {"Content-Type": media_type}
    try:
        response = requests.post(f"{page_url}{path}", data=data, headers=headers)
    except requests.ConnectionError:  # The server may close the connection before everything is sent.
        assert requests.get(f"{page_url}/api/health").ok
    else:
        assert response.status_code == 413
        assert f"{limit:,} bytes" in response.json()["detail"]


@pytest.mark.slow
def test_more_than_can_be_served_is_refused_and_the_server_lives():
    with Server(max_requests=2) as url:
        large = encode(RGB.resize((3000, 3000)))
        with ThreadPoolExecutor(8) as pool:
            statuses = {response.status_code for response in pool.map(lambda _: post(url, large), range(24))}
        assert statuses == {200, 503}
        assert post(url, PNG).json()["digit"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x"])
def test_bodies_that_never_arrive_do_not_stop_the_server(monkeypatch, media_type):
    monkeypatch.setattr(middleware, "MAX_SECONDS", 1.0)
    with Server(max_requests=3) as url:
        port = int(url.rpartition(":")[2])
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        for line in lines:
            line.sendall(f"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\n".encode())
            line.sendall(b"Content-Length: 100\r\n\r\n-")
        wait_for(lambda: post(url, PNG).status_code == 503)  # until all three have arrived
        assert requests.get(f"{url}/api/health").ok
        assert {line.recv(100).split()[1] for line in lines} == {b"408"}
        assert post(url, PNG).json()["digit"] == 2


@pytest.mark.slow
def test_all_bodies_together_are_limited(monkeypatch):
    monkeypatch.setattr(middleware, "MAX_BYTES", 3 * len(PNG))
    with Server() as url:
        assert post(url, PNG, PNG, PNG, PNG).status_code == 503
        assert post(url, PNG).json()["digit"] == 2
