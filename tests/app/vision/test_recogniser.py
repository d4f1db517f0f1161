"""Recognise digits and numbers with the tracked networks."""

import cv2
import numpy as np
import pytest

from src.app.vision.preprocessing import AS_IT_IS
from src.app.vision.recogniser import load_network_records
from tests.app.pictures import draw, write_number

T = np.linspace(0, 2 * np.pi, 40)
CIRCLE = np.stack([np.sin(T), -np.cos(T)], axis=1)
HAIRLINES = {  # Strokes in a square of 10 x 10.
    0: [CIRCLE * (3, 5) + (5, 5)],
    1: [[(5, 0), (5, 10)]],
    2: [[(2, 2.5), (3, 0.8), (5, 0), (7, 0.8), (7.5, 2.5), (7, 4.5), (2, 10), (8, 10)]],
    3: [
        [
            (2, 1.5),
            (4, 0),
            (6.5, 0.3),
            (7.5, 2),
            (6.5, 4),
            (4.5, 4.7),
            (6.8, 5.3),
            (8, 7),
            (7, 9.3),
            (4.5, 10),
            (2, 8.6),
        ]
    ],
    5: [[(7.5, 0), (3, 0), (2.6, 4.4), (5, 3.9), (7.2, 5), (7.8, 7), (6.8, 9.2), (4.5, 10), (2.2, 9)]],
    6: [[(6.5, 0), (4, 2.5), (2.5, 6)], CIRCLE * (2.5, 2.6) + (5, 7.3)],
    7: [[(2, 0), (8, 0), (4, 10)]],
    9: [CIRCLE * (2.4, 2.5) + (5, 2.6), [(7.4, 2.6), (7, 10)]],
}


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


def test_the_record_describes_both_networks():
    records = load_network_records()
    assert records["oof_accuracy"] > 0.99 and records["digit_lines"]["num_bytes"] < 2_000_000


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


def draw_hairline(digit, side):
    """Draw a digit in hard lines of one pixel: uint8 RGB (side, side, 3)."""
    picture = np.full((side, side, 3), 255, np.uint8)
    for stroke in HAIRLINES[digit]:
        turned = np.array(stroke) @ [[1, 0.03], [-0.05, 1]] * 0.62 * side / 10 + 0.2 * side
        cv2.polylines(picture, [np.round(turned).astype(np.int32)], False, (0, 0, 0), 1, cv2.LINE_8)
    return picture


def test_hard_lines_of_one_pixel_are_recognised(recogniser):
    drawings = [(digit, draw_hairline(digit, side)) for digit in HAIRLINES for side in range(360, 641, 40)]
    predictions = recogniser.recognise_digits(picture for _, picture in drawings)
    wrong = [digit for (digit, _), prediction in zip(drawings, predictions, strict=True) if prediction.digit != digit]
    assert len(drawings) == 64 and not wrong


@pytest.mark.parametrize("invert", [False, True])
def test_images_as_in_mnist_are_taken_as_they_are(recogniser, digits, invert):
    image = next(
        image for image in digits if abs(float((np.arange(28) @ image[..., 0].sum(axis=1)) / image.sum()) - 13.5) < 1
    )
    prediction = recogniser.recognise_digits([np.repeat(255 - image if invert else image, 3, axis=2)])[0]
    seen = [one.image for one in (prediction, *prediction.alternatives) if one.hypothesis == AS_IT_IS]
    np.testing.assert_array_equal(seen, [image])


def test_a_second_digit_beside_the_first_lowers_the_confidence(digits, recogniser):
    prediction = recogniser.recognise_digits([write_number(digits, "47", gap=14)])[0]
    assert prediction.confidence < 0.6


def test_the_other_hypotheses_say_what_they_see(recogniser):
    y, x = np.mgrid[:240, :240]
    shadowed = (draw() * (0.35 + 0.65 * (x > 120 + 10 * np.sin(y / 20)))[..., None]).astype(np.uint8)
    prediction = recogniser.recognise_digits([cv2.GaussianBlur(shadowed, (0, 0), 2)])[0]
    names = [one.hypothesis for one in (prediction, *prediction.alternatives)]
    assert prediction.digit == 2 and len(names) == len(set(names)) > 1 and None not in names


def test_a_slash_between_digits_lowers_the_confidence(recogniser):
    def write(text):
        picture = np.full((160, 660, 3), 255, np.uint8)
        return cv2.putText(picture, text, (30, 110), cv2.FONT_HERSHEY_SIMPLEX, 2.5, (20, 20, 60), 4, cv2.LINE_AA)

    assert recogniser.recognise_number(write("12032024")).confidence > 0.9
    assert recogniser.recognise_number(write("12/03/2024")).confidence < 0.5
