"""The routes of the API, and the command that serves it."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
import schemathesis
from PIL import ExifTags, Image
from schemathesis.specs.openapi.checks import positive_data_acceptance

from src.app.web.api import make_app
from src.common.errors import InputError
from src.common.workspace import REPOSITORY
from tests.app.pictures import PNG, RGB, encode
from tests.app_server import free_port, post

schema = schemathesis.openapi.from_dict(make_app().openapi())
BLANK = encode(Image.new("RGB", (40, 40), "white"))


def test_a_digit_is_recognised(client):
    response = client.post("/api/predict", files={"file": PNG})
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"digit", "confidence", "probabilities"}
    assert body["digit"] == 2
    assert body["confidence"] == max(body["probabilities"]) > 0.9
    assert len(body["probabilities"]) == 10
    assert sum(body["probabilities"]) == pytest.approx(1, abs=1e-4)


def test_several_files_are_recognised_in_order(client):
    predictions = client.post("/api/predict", files=[("file", data) for data in (PNG, BLANK, PNG)]).json()[
        "predictions"
    ]
    assert [prediction["digit"] for prediction in predictions] == [2, None, 2]
    assert predictions[1] == {"digit": None, "confidence": 0, "probabilities": [0] * 10}


def test_a_number_is_recognised_with_boxes(client):
    width, height = RGB.size
    both = Image.new("RGB", (2 * width, height), "white")
    both.paste(RGB, (0, 0))
    both.paste(RGB, (width, 0))
    response = client.post("/api/read", files={"file": encode(both)})
    assert response.status_code == 200
    body = response.json()
    assert body["text"] == "22"
    assert [digit["digit"] for digit in body["digits"]] == [2, 2]
    assert body["confidence"] == pytest.approx(np.prod([digit["confidence"] for digit in body["digits"]]))
    (left, *_, first_right, _), (second_left, *_) = (digit["box"] for digit in body["digits"])
    assert 0 < left < first_right <= width <= second_left


def test_several_numbers_are_recognised_in_order(client):
    numbers = client.post("/api/read", files=[("file", data) for data in (PNG, BLANK)]).json()["numbers"]
    assert numbers[0]["text"] == "2"
    assert numbers[1] == {"text": "", "confidence": 0, "digits": [], "signs": [], "unread": []}


def test_signs_are_recognised_unless_only_digits_are_asked_for(client):
    width, height = RGB.size
    picture = Image.new("RGB", (3 * width, height), "white")
    picture.paste(RGB, (0, 0))
    picture.paste("black", (width + 20, 165, width + 40, 185))
    picture.paste(RGB, (width + 40, 0))
    first, second = (
        client.post("/api/read", files={"file": encode(picture)}, params=params).json()
        for params in ({}, {"digits_only": True})
    )
    assert (first["text"], second["text"]) == ("2.2", "22")
    assert [sign["text"] for sign in first["signs"]] == ["."] and second["signs"] == []
    np.testing.assert_allclose(first["signs"][0]["box"], (width + 20, 165, width + 40, 185), atol=3)
    refused = client.post("/api/read", files={"file": PNG}, params={"digits_only": "perhaps"})
    assert refused.status_code == 422 and refused.json()["detail"].startswith("parameter digits_only: ")


def test_boxes_are_in_the_pixels_of_a_large_photo_held_upright(client):
    turned = RGB.resize((1600, 2400)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned back
    photo = encode(turned, "JPEG", exif=exif)
    small, large = (
        client.post("/api/read", files={"file": data}).json()["digits"][0]["box"]
        for data in (encode(RGB.resize((160, 240))), photo)
    )
    np.testing.assert_allclose(np.array(large) / 10, small, atol=6)


def test_health_and_model_are_described(client):
    assert client.get("/api/health").json() == {"status": "ok"}
    model = client.get("/api/model").json()
    assert {"experiment", "oof_accuracy", "oof_standard_error", "num_bytes"} <= set(model)


def test_the_documentation_loads_nothing_from_elsewhere(client):
    loaded = re.findall(r'(?:src|href)="([^"]+)"', client.get("/docs").text)
    assert len(loaded) == 3
    assert all(path.startswith("/") and client.get(path).status_code == 200 for path in loaded)
    assert "/api/predict" in client.get("/openapi.json").json()["paths"]


def test_damaged_files_of_the_workspace_are_reported_at_the_start(small):
    small.test_csv.write_text("nonsense")
    with pytest.raises(InputError, match=r"test\.csv"):
        make_app(small)


@pytest.mark.slow
def test_sixteen_clients_at_once_get_the_same_response(url):
    with ThreadPoolExecutor(16) as pool:
        contents = list(pool.map(lambda _: post(url, PNG).content, range(64)))
    assert len(set(contents)) == 1


@pytest.mark.slow
@schema.parametrize()
def test_the_api_keeps_what_its_openapi_promises(case, url):
    # A schema cannot say which bytes are a picture, so some of what it allows is refused with 422.
    case.call_and_validate(base_url=url, excluded_checks=[positive_data_acceptance])


@pytest.mark.slow
def test_the_command_serves_this_machine_only():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.app", "--port", str(port)], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    )
    try:
        line = next(line for line in process.stderr if "running on" in line)
        assert f"127.0.0.1:{port}" in line
        response = requests.get(f"http://127.0.0.1:{port}/api/health")
        assert response.ok
        assert "Server" not in response.headers
        evil = requests.get(f"http://127.0.0.1:{port}/api/health", headers={"Host": "evil.example"})
        assert evil.status_code == 400
    finally:
        process.terminate()
        process.wait()
