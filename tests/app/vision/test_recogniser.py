"""Recognise digits and numbers with the tracked networks."""

import numpy as np
import pytest

from src.app.vision.recogniser import load_network_records, recognise_digit_files, recognise_number_files
from tests.app.pictures import JPEG, PNG, draw, encode_array, write_number


def test_images_as_in_train_csv_are_recognised(recogniser, sample_rows):
    images, labels = (rows[:300] for rows in sample_rows)
    assert (recogniser.predict_proba(images).argmax(axis=1) == labels).mean() > 0.98
    prediction = recogniser.recognise_image(images[0])
    assert prediction.digit == labels[0] and prediction.confidence == max(prediction.probabilities)


def test_each_picture_gets_its_prediction(recogniser):
    blank = np.full((60, 60, 3), 255, np.uint8)
    predictions = recogniser.recognise_digits([blank, draw(), blank, 255 - draw(scale=2)])
    assert [prediction.digit for prediction in predictions] == [None, 2, None, 2]
    assert predictions[0].confidence == 0 and predictions[0].image is None and predictions[0].box is None


def test_boxes_of_a_number_are_in_pixels_of_the_file(digits):
    picture = write_number(digits, "52")
    large = picture.repeat(10, axis=0).repeat(10, axis=1)
    small_number, large_number = recognise_number_files([encode_array(picture), encode_array(large)])
    assert small_number.text == large_number.text == "52" and large.shape[1] > 1280
    for small, large_ in zip(small_number.digits, large_number.digits, strict=True):
        np.testing.assert_allclose(np.array(large_.box) / 10, small.box, atol=3)


def test_the_record_describes_both_networks():
    records = load_network_records()
    assert records["oof_accuracy"] > 0.99 and records["touching_digits"]["num_bytes"] < 2_000_000


def test_the_digits_of_files_are_recognised_in_their_order():
    blank = encode_array(np.full((60, 60, 3), 255, np.uint8))
    assert [prediction.digit for prediction in recognise_digit_files([PNG, blank, JPEG])] == [2, None, 2]


def test_a_blot_adds_a_digit_or_lowers_the_confidence(digits, recogniser):
    picture = write_number(digits, "47")
    blot = picture.copy()
    blot[20:60, 130:150] = 40
    one, other = recogniser.recognise_number(picture), recogniser.recognise_number(blot)
    assert len(other.digits) > 2 or other.confidence < one.confidence


@pytest.mark.parametrize("value", [255, 128, 0])
def test_blank_pictures_show_no_number(recogniser, value):
    number = recogniser.recognise_number(np.full((60, 200, 3), value, np.uint8))
    assert (number.lines, number.text, number.confidence) == ([], "", 0.0)


def test_thousands_of_specks_are_no_confident_number(recogniser):
    noise = np.where(np.random.default_rng(0).random((600, 600, 1)) < 0.02, 0, 255).astype(np.uint8)
    assert recogniser.recognise_number(np.repeat(noise, 3, axis=2)).confidence < 0.001
