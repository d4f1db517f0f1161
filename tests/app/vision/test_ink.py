"""Find ink in any colour, on either background, with shadows, glare and noise."""

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.app.pictures import SIDE, draw, find_digit, measure_difference


@pytest.mark.parametrize(
    "changed",
    [
        255 - draw(),
        draw(shift=(30, -25)),
        draw(background=(240, 225, 170)),
        draw(ink=(20, 40, 150)),
        draw(ink=(250, 250, 240), background=(20, 60, 40)),
        draw(ink=(200, 200, 200)),
        draw(scale=3),
    ],
    ids=["inverted", "shifted", "tinted", "blue ink", "chalk", "pale", "three times as large"],
)
def test_colours_place_and_size_make_no_difference(digit, changed):
    assert measure_difference(find_digit(changed), digit) < 5


def test_ink_that_differs_in_hue_alone_is_found(digit):
    ink, background = (200, 90, 90), (70, 150, 90)
    grey = [round(0.299 * r + 0.587 * g + 0.114 * b) for r, g, b in (ink, background)]
    assert abs(grey[0] - grey[1]) < 5
    assert measure_difference(find_digit(draw(ink=ink, background=background)), digit) < 6


def test_shadows_are_no_ink(digit):
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    shade = 0.45 + 0.55 / (1 + np.exp((x + y - 1) * 12))
    shadowed = (draw() * shade[..., None]).astype(np.uint8)
    assert measure_difference(find_digit(shadowed), digit) < 6


def test_glare_is_no_ink(digit):
    y, x = np.mgrid[:SIDE, :SIDE]
    glare = np.exp(-((x - 200) ** 2 + (y - 200) ** 2) / (2 * 22**2))[..., None]
    picture = draw(ink=(40, 50, 130), background=(150, 150, 152)).astype(float)
    assert measure_difference(find_digit((picture + 0.95 * (255 - picture) * glare).astype(np.uint8)), digit) < 8


def test_a_bright_spot_on_squared_paper_is_no_ink(digit):
    picture = draw(background=(120, 120, 118), ink=(60, 40, 60))
    for place in range(20, SIDE, 50):
        picture[place : place + 2] = picture[:, place : place + 2] = (95, 70, 70)
    y, x = np.mgrid[:SIDE, :SIDE]
    spot = 1 + np.exp(-((x - 190) ** 2 + (y - 170) ** 2) / (2 * 30**2))
    bright = np.clip(picture * spot[..., None], 0, 255).astype(np.uint8)
    assert measure_difference(find_digit(bright), digit) < 11


def test_soft_and_pale_parts_of_a_stroke_are_kept():
    zeros = [image / 16 for image, label in zip(*load_digits(return_X_y=True), strict=True) if label == 0][:60]
    closed = 0
    for zero in zeros:
        ink = np.pad(zero.reshape(8, 8), 2).astype(np.float32)
        ink = cv2.resize(ink, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).clip(0, 1)
        image = find_digit(np.repeat((255 * (1 - ink)).astype(np.uint8)[..., None], 3, axis=2)).image[..., 0]
        closed += cv2.connectedComponents((image < 40).astype(np.uint8), connectivity=4)[0] == 3  # Outside and inside.
    assert closed >= 0.97 * len(zeros)


def test_noise_and_jpeg_artefacts_are_no_ink(digit):
    noisy = np.clip(draw(background=(225, 220, 210)) + np.random.default_rng(0).normal(0, 12, (SIDE, SIDE, 3)), 0, 255)
    jpeg = cv2.imdecode(
        cv2.imencode(".jpg", noisy.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR
    )
    assert measure_difference(find_digit(jpeg), digit) < 9
