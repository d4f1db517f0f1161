"""Behind the page: wrong readings that people flagged, and why a digit is read as it is."""

import base64
import fcntl
import shutil
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import requests
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from src.app.vision.recogniser import Recogniser
from src.app.web.api import make_app
from src.app.web.feedback import MAX_BYTES, export_flags, load_flags, save_flag
from src.app.web.handlers import EXPLANATION, Page
from src.app.web.occlusion import explain, paint
from src.common.errors import InputError
from src.common.workspace import APP_WEIGHTS_DIR, REPOSITORY
from src.data.csv_files import load_train, read_train
from tests.app.pictures import HOSTILE, PNG, RGB, encode
from tests.app_server import Server, wait_for_page


def test_flags_come_back_and_are_rows_of_train_csv(tmp_path, sample_rows):
    path, images = tmp_path / "input" / "flagged.csv", sample_rows[0]
    assert len(load_flags(path)[0]) == 0
    save_flag(path, images[0], 3, 5)
    save_flag(path, images[1], None, 0)
    loaded, labels, predicted = load_flags(path)
    np.testing.assert_array_equal(loaded, images[:2])
    assert labels.tolist() == [5, 0] and predicted == [3, None]
    export_flags(path, tmp_path / "rows.csv")
    exported, labels = read_train(tmp_path / "rows.csv")
    np.testing.assert_array_equal(exported, images[:2])
    assert labels.tolist() == [5, 0]


def test_processes_that_flag_at_once_lose_nothing(tmp_path, sample_rows):
    path, images = tmp_path / "flagged.csv", sample_rows[0][:60]
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(partial(save_flag, path, predicted=1, truth=7), images))
    loaded, _, _ = load_flags(path)
    assert sorted(image.tobytes() for image in loaded) == sorted(image.tobytes() for image in images)


def test_a_full_file_takes_no_more(tmp_path, sample_rows):
    path = tmp_path / "flagged.csv"
    path.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(InputError, match="is full"):
        save_flag(path, sample_rows[0][0], 1, 7)
    assert path.stat().st_size == MAX_BYTES + 1


def test_a_file_that_was_opened_while_empty_gets_one_heading(tmp_path, sample_rows):
    """Both writers have opened the file before either of them writes."""
    path = tmp_path / "flagged.csv"
    with path.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(save_flag, path, image, 1, 7) for image in sample_rows[0][:2]]
            while sum(link.resolve() == path for link in Path("/proc/self/fd").iterdir()) < 3:
                pass
            fcntl.flock(other, fcntl.LOCK_UN)
            for one in waiting:
                one.result()
    assert load_flags(path)[1].tolist() == [7, 7]


def test_what_the_answer_hangs_on_is_bright(sample_rows):
    predict = Recogniser().predict_proba
    image = sample_rows[0][5]
    importance = explain(image, predict)
    assert importance.shape == (28, 28) and importance.min() >= 0 and importance.max() <= 1
    proba = predict(image[None])[0]

    def hide(y, x):
        hidden = image.copy()
        hidden[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = 0
        return predict(hidden[None])[0][proba.argmax()]

    brightest = np.unravel_index(importance.argmax(), importance.shape)
    assert hide(*brightest) < hide(1, 1) == pytest.approx(proba.max(), abs=1e-3)
    assert paint(image, importance).shape == (224, 224, 3)


@pytest.fixture(scope="module")
def page_url(sample_small, tmp_path_factory):
    with Server(workspace=sample_small(tmp_path_factory.mktemp("page") / "workspace")) as url:
        wait_for_page(url)
        yield url


def test_no_file_of_the_machine_can_be_read_through_the_page(page_url, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for path in (str(secret), "/etc/passwd", str(REPOSITORY / "README.md")):
        data = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        event = requests.post(f"{page_url}/gradio_api/call/upload", json=data).json()["event_id"]
        said = requests.get(f"{page_url}/gradio_api/call/upload/{event}").text
        assert "event: error" in said and path.rpartition("/")[2] not in said
        assert requests.get(f"{page_url}/gradio_api/file={path}").status_code in (403, 404)


def test_gradios_own_client_reads_a_picture(page_url, tmp_path):
    path = tmp_path / "two.png"
    path.write_bytes(PNG)
    client = Client(page_url, verbose=False)
    label, sentence, *_ = client.predict(handle_file(path), api_name="/upload")
    assert label["label"] == "2" and sentence == EXPLANATION
    path.write_bytes(encode(RGB.point(lambda value: 255)))
    assert not (client.predict(handle_file(path), api_name="/upload")[0] or {}).get("label")
    path.write_bytes(HOSTILE["png and zip"])
    with pytest.raises(AppError, match="another file behind"):
        client.predict(handle_file(path), api_name="/upload")


def test_several_digits_are_shown_with_their_boxes(page_url, tmp_path, sample_small):
    two = np.asarray(RGB)
    path = tmp_path / "twos.png"
    path.write_bytes(encode(Image.fromarray(np.hstack([two, two]))))
    label, sentence, seen, where, state = Page(sample_small(tmp_path / "workspace")).read_upload(str(path), True)
    assert list(label) == ["22"] and sentence.count("| 2 |") == 2 and state is None
    assert seen.shape == (112, 224) and where.shape[2] == 3 and not np.array_equal(where, np.hstack([two, two]))
    shown = Client(page_url, verbose=False).predict(handle_file(path), True, api_name="/upload")
    assert shown[0]["label"] == "22"


def test_exported_networks_say_what_they_see(sample_small, tmp_path):
    workspace = sample_small(tmp_path / "workspace")
    page = Page(workspace)
    assert page.explain(page.read_sample(0)[-1])[0] == EXPLANATION
    path = workspace.fold_path("residual", 2, ".onnx")
    path.parent.mkdir(parents=True)
    shutil.copy(APP_WEIGHTS_DIR / "reader.onnx", path)
    page = Page(workspace)
    probabilities, *_, state = page.read_sample(0)
    votes, _ = page.explain(state)
    digit = max(probabilities, key=probabilities.get)
    assert f"| residual, fold 2 | {digit} | {probabilities[digit]:.1%} |" in votes
    assert not Page(workspace, is_public=True).exported
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"scripts\.export residual --fold 2"):
        Page(workspace)


def test_a_picture_is_explained_after_it_is_read(sample_small, tmp_path):
    page = Page(sample_small(tmp_path / "workspace"))
    *_, before, state = page.read_sample(0)
    _, after = page.explain(state)
    assert before.shape == after.shape == (224, 224, 3) and after.mean() > before.mean()  # bright where it matters


def test_flagged_readings_are_listed_and_exported(sample_small, tmp_path):
    page = Page(sample_small(tmp_path / "workspace"))
    assert page.list_flags() == []
    assert "first" in page.flag(None, "3")[0] and "first" in page.flag(page.read_sample(0)[-1], None)[0]
    said, left = page.flag(page.read_sample(0)[-1], "3")
    assert "flagged.csv: it is a 3" in said and left is None
    ((image, caption),) = page.list_flags()
    assert image.shape == (84, 84) and caption.startswith("3, read as ")
    _, labels = read_train(page.export(tmp_path))
    assert labels.tolist() == [3]


def test_oof_errors_are_shown(sample_small, tmp_path):
    workspace = sample_small(tmp_path / "workspace")
    assert not Page(workspace).errors.captions
    workspace.oof_dir.mkdir()
    workspace.errors_csv.write_text("row,label,predicted\n7,4,9\n")
    page = Page(workspace)
    assert page.errors.captions == ["row 7: 4, read as 9"]
    np.testing.assert_array_equal(page.errors.images[0], load_train(workspace)[0][7])
    assert page.read_error(0)[-1] is not None
    workspace.errors_csv.write_text("row,label,predicted\n")
    assert not Page(workspace).errors.captions
    for damaged in (
        "row,label,predicted\n300,4,9\n",
        "row,label,predicted\n-1,4,9\n",
        "row,label,predicted\nx,4,9\n",
        "",
        "row\n7\n",
    ):
        workspace.errors_csv.write_text(damaged)
        with pytest.raises(InputError, match=r"scripts\.analyze_errors"):
            Page(workspace)


def test_drawings_are_read_and_others_refused_in_a_sentence(page_url):
    def draw(data):
        return client.predict(base64.b64encode(data).decode(), api_name="/draw")[0]

    client = Client(page_url, verbose=False)
    large = BytesIO()
    Image.new("1", (8000, 8000)).save(large, "PNG")  # a few kilobytes
    for data, sentence in ((large.getvalue(), "16,000,000 pixels"), (PNG[:300], "cut off"), (b"no picture", "PNG")):
        with pytest.raises(AppError, match=sentence):
            draw(data)
    for text in ("!", "é", 5, ["a"]):
        with pytest.raises(AppError, match="base64"):
            client.predict(text, api_name="/draw")
    assert draw(PNG)["label"] == "2"
    assert not (client.predict("", api_name="/draw")[0] or {}).get("label")


def test_nothing_is_monitored_or_kept(page_url):
    assert requests.get(f"{page_url}/monitoring").status_code == 403
    config = requests.get(f"{page_url}/config").json()
    assert not any(config[name] for name in ("analytics_enabled", "run_history", "mcp_server", "show_error"))


def test_damaged_files_of_the_workspace_are_told_at_the_start(sample_small, tmp_path):
    workspace = sample_small(tmp_path / "workspace")
    workspace.test_csv.write_text("nonsense")
    with pytest.raises(InputError, match=r"test\.csv"):
        make_app(workspace)
