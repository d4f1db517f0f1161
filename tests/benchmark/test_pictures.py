"""The benchmark on labelled pictures: what it reports, and what it refuses."""

import pytest

from src.benchmark.pictures import Answer, make_reliability_table, measure_pictures, summarise_heights
from src.common.errors import InputError
from tests.app.pictures import PNG, encode_array, write_number


def test_pictures_are_counted_by_kind(tmp_path, sample_rows):
    images, labels = sample_rows
    digits = [images[labels == digit][0] for digit in range(10)]
    (tmp_path / "drawn_1.png").write_bytes(PNG)
    (tmp_path / "drawn_2.png").write_bytes(PNG)
    (tmp_path / "number_pen_1.png").write_bytes(encode_array(write_number(digits, "07", gap=12)))
    (tmp_path / "labels.csv").write_text("file,label\ndrawn_1.png,2\ndrawn_2.png,7\nnumber_pen_1.png,07\n")
    figures = measure_pictures(tmp_path)
    assert figures["pictures"]["drawn"]["number"] == 2 and figures["pictures"]["drawn"]["accuracy"] == 0.5
    assert figures["pictures"]["number_pen"]["right"] == 1
    (wrong,) = figures["worst"]
    assert (wrong["file"], wrong["label"], wrong["text"]) == ("drawn_2.png", "7", "2")
    assert [row["right"] for row in figures["digit_confidence"]] == [1]
    assert sum(row["number"] for row in figures["number_confidence"]) == 1
    length, height = figures["numbers"].items()
    assert length[0] == "2 digits" and height[0].endswith("pixels") and length[1]["right"] == height[1]["right"] == 1


def test_numbers_are_summarised_by_quarter_of_height():
    answers = [Answer("", "", "12", "12" if height > 20 else "1", 1.0, 1.0, height) for height in range(80, 0, -10)]
    accuracies = {quarter: figures["accuracy"] for quarter, figures in summarise_heights(answers).items()}
    assert accuracies == {"10 to 20 pixels": 0, "30 to 40 pixels": 1, "50 to 60 pixels": 1, "70 to 80 pixels": 1}


def test_a_reliability_table_counts_each_answer_once():
    answers = [Answer("", "", "1", text, confidence) for text, confidence in (("1", 1.0), ("2", 0.97), ("1", 0.95))]
    table = make_reliability_table([*answers, Answer("", "", "1", "", 0.0)])
    assert [(row["confidence_from"], row["number"], row["right"]) for row in table] == [
        (0.0, 1, 0), (0.95, 2, 1), (0.99, 1, 1),
    ]  # fmt: skip


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match=r"labels\.csv"):
        measure_pictures(tmp_path)
    labels = tmp_path / "labels.csv"
    labels.write_text("name,digit\na.png,1\n")
    with pytest.raises(InputError, match="columns file and label"):
        measure_pictures(tmp_path)
    labels.write_text("file,label\na_1.png,1\n")
    with pytest.raises(InputError, match=r"no .*a_1\.png"):
        measure_pictures(tmp_path)
    (tmp_path / "a_1.png").write_bytes(PNG[:100])
    with pytest.raises(InputError, match=r"a_1\.png: the picture"):
        measure_pictures(tmp_path)
