"""Bodies of requests: which are accepted, and what is said about the others."""

import base64
import json

import anyio
import pytest
from fastapi import HTTPException, Request

from src.app.web.uploads import MAX_PICTURES, read_pictures
from tests.app.pictures import HOSTILE, PNG, TOO_LARGE


def test_base64_means_the_same_as_a_file(client):
    text = base64.b64encode(PNG).decode()
    from_file = client.post("/api/predict", files={"file": PNG}).json()
    for image in (text, f"data:image/png;base64,{text}"):
        assert client.post("/api/predict", json={"image": image}).json() == from_file


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_in_a_sentence(client, data):
    response = client.post("/api/predict", files={"file": data})
    assert response.status_code == 422
    assert "send" in response.json()["detail"]


def test_large_pictures_are_refused(client):
    assert {client.post("/api/predict", files={"file": data}).status_code for data in TOO_LARGE.values()} == {413}


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"image": 7}', "application/json", 422),
        (b'{"image": "%%%"}', "application/json", 422),
        (b'{"images": []}', "application/json", 422),
        (b'{"image": [' + b"{}," * 1_000_000 + b"{}]}", "application/json", 422),
        (json.dumps({str(key): 0 for key in range(100_000)}).encode(), "application/json", 422),
        (b'{"image": "", "images": []}', "application/json", 422),
        (PNG, "image/png", 415),
        (b"", "", 415),
        (b"file=7", "application/x-www-form-urlencoded", 415),
        (b"no form", "multipart/form-data", 400),
        (b"no form", "multipart/form-data; boundary=x", 400),
    ],
)
@pytest.mark.parametrize("path", ["/api/predict", "/api/read"])
def test_wrong_bodies_are_refused_in_a_sentence(client, path, body, media_type, status):
    response = client.post(path, content=body, headers={"Content-Type": media_type})
    assert response.status_code == status
    detail = response.json()["detail"]
    assert isinstance(detail, str)
    assert 10 < len(detail) < 200


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        ({"json": {}}, "field image"),
        ({"json": {"image": "AAAA", "digit": 7}}, "field digit"),
        ({"json": {"image": 7}}, "base64"),
        ({"files": {"picture": PNG}}, "field file"),
        ({"files": {"picture": PNG}, "data": {"file": "text"}}, "files in the field file"),
        ({"files": [("file", PNG)] * (MAX_PICTURES + 1)}, f"1 to {MAX_PICTURES} files"),
    ],
    ids=["nothing", "unknown", "no text", "other name", "no file", "too many"],
)
def test_the_sentence_names_the_field(client, request_body, expected):
    response = client.post("/api/predict", **request_body)
    assert response.status_code == 422
    assert expected in response.json()["detail"]


def test_sixteen_files_are_accepted(client):
    predictions = client.post("/api/predict", files=[("file", PNG)] * MAX_PICTURES).json()["predictions"]
    assert [prediction["digit"] for prediction in predictions] == [2] * MAX_PICTURES


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x"])
def test_an_upload_that_is_cut_off_is_a_bad_request(media_type):
    async def receive():
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "headers": [(b"content-type", media_type.encode())]}, receive)
    with pytest.raises(HTTPException, match="cut off"):
        anyio.run(read_pictures, request)
