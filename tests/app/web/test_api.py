"""The API over plain HTTP, against a real server."""

import base64
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
import schemathesis
from PIL import ExifTags, Image
from schemathesis.specs.openapi.checks import positive_data_acceptance

from src.app.web.api import make_app
from src.common.workspace import REPOSITORY
from tests.app.pictures import PNG, RGB, encode
from tests.app_server import Server, free_port, post

schema = schemathesis.openapi.from_dict(make_app().openapi())


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
