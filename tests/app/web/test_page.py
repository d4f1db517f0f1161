"""The page over HTTP, through Gradio's own client and without it."""

import base64
import logging

import pytest
import requests
from gradio_client import Client, handle_file
from PIL import Image

from src.app.web.results import EXPLANATION
from src.common.workspace import REPOSITORY
from tests.app.pictures import HOSTILE, PNG, RGB, encode
from tests.app_server import Server, post, wait_for_page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gradio_client(page_url):
    return Client(page_url, verbose=False)


def test_no_file_of_the_machine_can_be_read_through_the_page(page_url, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for path in (str(secret), "/etc/passwd", str(REPOSITORY / "README.md")):
        data = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        event = requests.post(f"{page_url}/gradio_api/call/upload", json=data).json()["event_id"]
        response = requests.get(f"{page_url}/gradio_api/call/upload/{event}").text
        assert "event: error" in response
        assert path.rpartition("/")[2] not in response
        assert requests.get(f"{page_url}/gradio_api/file={path}").status_code in (403, 404)


def test_uploads_are_recognised(gradio_client, tmp_path):
    path = tmp_path / "two.png"
    path.write_bytes(PNG)
    label, message, *_ = gradio_client.predict(handle_file(path), api_name="/upload")
    assert label["label"] == "2"
    assert message.startswith(EXPLANATION) and "How the ink was found" in message
    path.write_bytes(encode(Image.new("RGB", RGB.size, "white")))
    assert not (gradio_client.predict(handle_file(path), api_name="/upload")[0] or {}).get("label")
    path.write_bytes(HOSTILE["png and zip"])
    label, message, *_ = gradio_client.predict(handle_file(path), api_name="/upload")
    assert not label and "another file" in message


def test_numbers_are_recognised(gradio_client, tmp_path):
    both = Image.new("RGB", (2 * RGB.width, RGB.height), "white")
    both.paste(RGB, (0, 0))
    both.paste(RGB, (RGB.width, 0))
    path = tmp_path / "both.png"
    path.write_bytes(encode(both))
    assert gradio_client.predict(handle_file(path), True, api_name="/upload")[0]["label"] == "22"


def test_drawings_are_recognised_and_others_refused_in_a_sentence(gradio_client):
    def draw(data):
        return gradio_client.predict(base64.b64encode(data).decode(), api_name="/draw")

    large = encode(Image.new("1", (9000, 9000)))  # a few kilobytes
    for data, sentence in ((large, "65,000,000 pixels"), (PNG[:300], "cut off"), (b"no picture", "PNG")):
        assert sentence in draw(data)[1]
    for text in ("!", "é", 5, ["a"]):
        assert "base64" in gradio_client.predict(text, api_name="/draw")[1]
    assert draw(PNG)[0]["label"] == "2"
    assert not (gradio_client.predict("", api_name="/draw")[0] or {}).get("label")


@pytest.mark.parametrize("is_built", [True, False])
def test_a_page_that_cannot_be_shown_says_why(page_workspace, tmp_path, monkeypatch, caplog, is_built):
    def fail(self):
        raise OSError(f"{tmp_path} is full")

    if is_built:  # It fails where it is started.
        monkeypatch.setattr("gradio.Blocks.run_startup_events", fail)
    else:
        (tmp_path / "file").touch()
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file"))  # It is no directory that can be written.
    server = Server(workspace=page_workspace)
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)
    with server as url:
        wait_for_page(url)
        page = requests.get(url)
        assert page.status_code == 500 and "cannot be shown" in page.text and str(tmp_path) in page.text
        assert post(url, PNG).json()["digit"] == 2
    assert "The page cannot be shown" in caplog.text


def test_nothing_is_monitored_or_kept(page_url):
    assert requests.get(f"{page_url}/monitoring").status_code == 403
    config = requests.get(f"{page_url}/config").json()
    assert not any(config[name] for name in ("analytics_enabled", "run_history", "mcp_server", "show_error"))
