"""Pictures to MNIST-like digits: what must not matter does not, and what is no digit is none."""

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from src.app.vision.preprocessing import find_digit, measure_stroke_width
from tests.app.pictures import SIDE, draw


def difference(one, other):
    """Mean difference in grey levels, at the best of nine places: the centre of mass is rounded to whole pixels."""
    moved = [np.roll(other.image.astype(int), (y, x), axis=(0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return min(np.abs(one.image - image).mean() for image in moved)


@pytest.fixture(scope="module")
def digit():
    return find_digit(draw())


def test_the_digit_is_made_as_in_mnist(digit):
    image = digit.image
    assert image.shape == (28, 28, 1) and image.dtype == np.uint8
    rows, columns = (np.flatnonzero((image[..., 0] > 60).any(axis=axis)) for axis in (1, 0))
    assert 19 <= max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 <= 21
    y, x = (np.arange(28) @ image[..., 0].sum(axis=1 - axis) / image.sum() for axis in (0, 1))
    assert abs(x - 13.5) < 0.6 and abs(y - 13.5) < 0.6
    left, top, right, bottom = digit.box
    assert abs(left - 74) < 4 and abs(top - 49) < 4 and abs(right - 161) < 4 and abs(bottom - 186) < 4


@pytest.mark.parametrize(
    "changed",
    [
        255 - draw(),
        draw(shift=(30, -25)),
        draw(paper=(240, 225, 170)),
        draw(ink=(20, 40, 150)),
        draw(ink=(250, 250, 240), paper=(20, 60, 40)),
        draw(ink=(200, 200, 200)),
        draw(scale=3),
    ],
    ids=["inverted", "shifted", "tinted", "blue ink", "chalk", "pale", "three times as large"],
)
def test_what_must_not_matter_does_not(digit, changed):
    assert difference(find_digit(changed), digit) < 5


def test_ink_that_differs_in_hue_alone_is_seen(digit):
    ink, paper = (200, 90, 90), (70, 150, 90)
    grey = [round(0.299 * r + 0.587 * g + 0.114 * b) for r, g, b in (ink, paper)]
    assert abs(grey[0] - grey[1]) < 5
    assert difference(find_digit(draw(ink=ink, paper=paper)), digit) < 6


def test_shadows_do_not_matter(digit):
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    shade = 0.45 + 0.55 / (1 + np.exp((x + y - 1) * 12))
    shadowed = (draw() * shade[..., None]).astype(np.uint8)
    assert difference(find_digit(shadowed), digit) < 6


def lay_on_table(paper, color=(110, 75, 45), turned=8):
    """A sheet on a table, turned by so many degrees: RGB, 400 pixels wide and high."""
    matrix = np.asarray(cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turned, 1.0))
    matrix[:, 2] += 80
    return cv2.warpAffine(paper, matrix, (400, 400), borderValue=color)


@pytest.mark.parametrize("color", [(110, 75, 45), (20, 20, 20), (60, 110, 200)], ids=["wood", "black", "blue"])
@pytest.mark.parametrize("paper", [(250, 248, 240), (200, 205, 190)], ids=["white", "grey"])
def test_a_sheet_on_a_table_is_read(digit, color, paper):
    found = find_digit(lay_on_table(draw(ink=(20, 30, 90), paper=paper), color, turned=0))
    assert difference(found, digit) < 5
    assert np.abs(np.array(found.box) - np.array(digit.box) - 80).max() < 6
    assert find_digit(lay_on_table(draw(ink=(20, 30, 90), paper=paper), color)).image.any()
    assert difference(find_digit(lay_on_table(draw(ink=(20, 30, 90), paper=paper), color)), digit) < 25


def test_an_empty_sheet_on_a_table_is_no_small_digit():
    found = find_digit(lay_on_table(np.full((SIDE, SIDE, 3), 245, np.uint8)))
    assert found is None or found.box[2] - found.box[0] > 200


@pytest.mark.parametrize("margin", [10, 35])
@pytest.mark.parametrize("thickness", [2, 6])
def test_a_printed_box_is_left_out(digit, margin, thickness):
    picture = draw()
    cv2.rectangle(picture, (margin, margin), (SIDE - margin, SIDE - margin), (90, 90, 90), thickness, cv2.LINE_AA)
    assert difference(find_digit(picture), digit) < 5


def test_a_0_with_a_stroke_in_it_is_no_box():
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    cv2.ellipse(picture, (120, 120), (50, 75), 0, 0, 360, (0, 0, 0), 10, cv2.LINE_AA)
    zero = find_digit(picture)
    cv2.line(picture, (100, 140), (140, 100), (0, 0, 0), 8, cv2.LINE_AA)
    assert np.abs(np.array(find_digit(picture).box) - zero.box).max() <= 1


def test_glare_is_no_ink(digit):
    y, x = np.mgrid[:SIDE, :SIDE]
    glare = np.exp(-((x - 200) ** 2 + (y - 200) ** 2) / (2 * 22**2))[..., None]
    picture = draw(ink=(40, 50, 130), paper=(150, 150, 152)).astype(float)
    assert difference(find_digit((picture + 0.95 * (255 - picture) * glare).astype(np.uint8)), digit) < 8


def test_a_bright_spot_on_squared_paper_is_no_ink(digit):
    picture = draw(paper=(120, 120, 118), ink=(60, 40, 60))
    for place in range(20, SIDE, 50):
        picture[place : place + 2] = picture[:, place : place + 2] = (95, 70, 70)
    y, x = np.mgrid[:SIDE, :SIDE]
    spot = 1 + np.exp(-((x - 190) ** 2 + (y - 170) ** 2) / (2 * 30**2))
    bright = np.clip(picture * spot[..., None], 0, 255).astype(np.uint8)
    assert difference(find_digit(bright), digit) < 11


def test_soft_and_pale_parts_of_a_stroke_stay():
    zeros = [image / 16 for image, label in zip(*load_digits(return_X_y=True), strict=True) if label == 0][:60]
    closed = 0
    for zero in zeros:
        ink = np.pad(zero.reshape(8, 8), 2).astype(np.float32)
        ink = cv2.resize(ink, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).clip(0, 1)
        image = find_digit(np.repeat((255 * (1 - ink)).astype(np.uint8)[..., None], 3, axis=2)).image[..., 0]
        closed += cv2.connectedComponents((image < 40).astype(np.uint8), connectivity=4)[0] == 3  # around, within
    assert closed >= 0.97 * len(zeros)


@pytest.mark.parametrize("spacing", [40, 55])
@pytest.mark.parametrize("squared", [False, True])
def test_rules_are_erased(digit, spacing, squared):
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for place in range(20, SIDE, spacing):
        cv2.line(picture, (0, place), (SIDE, place + 4), (60, 60, 70), 2, cv2.LINE_AA)
        if squared:
            cv2.line(picture, (place, 0), (place - 4, SIDE), (60, 60, 70), 2, cv2.LINE_AA)
    ruled = np.minimum(picture, draw())
    assert difference(find_digit(ruled), digit) < 11  # another digit differs by 25 and more


@pytest.mark.parametrize("rule", [(150, 170, 215), (225, 150, 150), (185, 185, 185)], ids=["blue", "red", "grey"])
def test_ink_that_lies_along_a_rule_stays(digit, rule):
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for place in range(28, SIDE, 75):  # one along the foot of the 2
        cv2.line(picture, (0, place), (SIDE, place), rule, 9, cv2.LINE_AA)
    written = draw(ink=(20, 30, 120))
    ruled = np.where(written < picture, written, picture)
    assert difference(find_digit(ruled), digit) < 4


def test_noise_and_jpeg_do_not_matter(digit):
    noisy = np.clip(draw(paper=(225, 220, 210)) + np.random.default_rng(0).normal(0, 12, (SIDE, SIDE, 3)), 0, 255)
    jpeg = cv2.imdecode(
        cv2.imencode(".jpg", noisy.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR
    )
    assert difference(find_digit(jpeg), digit) < 9


@pytest.mark.parametrize("thickness", [3, 6, 20, 30])
def test_strokes_are_brought_near_those_of_mnist(thickness):
    image = find_digit(draw(thickness=thickness)).image[..., 0]
    fine = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    assert 1.5 < measure_stroke_width((fine > 127).astype(np.uint8)) / 4 < 4.5


def test_a_stroke_in_two_pieces_is_one_digit(digit):
    broken = draw()
    cv2.line(broken, (60, 150), (170, 150), (255, 255, 255), 6)
    assert difference(find_digit(broken), digit) < 8


def test_a_smudge_far_away_and_the_edge_of_the_table_are_left_out(digit):
    picture = draw()
    cv2.circle(picture, (225, 30), 4, (60, 60, 60), -1)
    cv2.rectangle(picture, (0, 228), (SIDE, SIDE), (90, 60, 40), -1)
    assert difference(find_digit(picture), digit) < 5


def test_small_pictures_and_large_photos(digit):
    assert find_digit(draw(scale=12 / SIDE, thickness=24)) is not None
    photo = cv2.resize(draw(), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    assert find_digit(photo) is not None


@pytest.mark.parametrize("side", [10, 28, 280])
def test_blank_is_no_digit(side):
    rng = np.random.default_rng(side)
    blanks = [np.full((side, side, 3), grey, np.uint8) for grey in (0, 128, 255)]
    ramp = np.repeat(np.linspace(40, 220, side).astype(np.uint8)[None, :, None], side, axis=0).repeat(3, axis=2)
    noise = np.clip(rng.normal(128, 10, (side, side, 3)), 0, 255).astype(np.uint8)
    assert [find_digit(picture) for picture in [*blanks, ramp, noise]] == [None] * 5


@pytest.mark.parametrize("thickness", [8, 24])
@pytest.mark.parametrize("side", [20, 60, 200])
def test_a_digit_that_fills_the_picture_is_found(thickness, side):
    whole = draw(thickness=thickness)
    left, top, right, bottom = find_digit(whole).box
    tight = whole[top - 3 : bottom + 3, left - 3 : right + 3]
    picture = cv2.resize(tight, None, fx=side / len(tight), fy=side / len(tight), interpolation=cv2.INTER_AREA)
    assert difference(find_digit(picture), find_digit(whole)) < 11


def test_a_thick_digit_that_touches_the_border_is_no_rule(digit):
    picture = draw(thickness=24)[38:196, 62:172]  # cut so that strokes end at the border
    assert difference(find_digit(picture), find_digit(draw(thickness=24))) < 12
