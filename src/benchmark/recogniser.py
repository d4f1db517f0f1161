"""How accurate the app is on synthetic pictures of held-out digits."""

from time import perf_counter
from typing import Any

import numpy as np

from src.app.vision.arrays import Picture
from src.app.vision.recogniser import Recogniser, load_network_records
from src.benchmark.picture_kinds import KINDS
from src.benchmark.pictures import Answer, make_reliability_table, summarise_heights, summarise_kinds
from src.benchmark.synthetic_pictures import draw_on_canvas, draw_scale, make_number_image, render_photo
from src.common.arrays import Images, LabelledImages
from src.common.errors import InputError
from src.common.metrics import standard_error
from src.common.workspace import Workspace
from src.data.datasets import Dataset, load_dataset
from src.images.centering import DIGIT_BOX

NUM_PICTURES = 5000
NUM_NUMBERS = 2000
NUM_DRAWINGS = 500
_NUM_DIGITS = 5  # of a number
_VARIANTS: dict[str, dict[str, Any]] = {
    "inverted": {"inverted": True},
    "shifted": {"shift": (0.12, -0.1), "scale": 0.7},
    "small": {"scale": 0.3},
    "large": {"scale": 3.0},
    "rotated left": {"rotation": 10.0},
    "rotated right": {"rotation": -10.0},
    "thick": {"thickening": 0.8},
    "thin": {"thickening": -0.5},
}
"""Arguments of `draw_on_canvas` that should not change the prediction."""


def measure_recogniser(workspace: Workspace) -> dict[str, Any]:
    """Recognise digits of the validation part of fold 0, by networks that were not trained on it.

    Single digits are predicted by fold 0's network of the tracked experiment, whole lines by the tracked line network.

    Returns:
        number_accuracy, number_standard_error: of photos of numbers with five digits, all of them right.
        number_heights: for each quarter of the digits' height number, accuracy and median milliseconds.
        number_confidence: see `make_reliability_table`.
        picture_accuracy, picture_standard_error: of synthetic pictures of single digits of all kinds.
        picture_kinds: for each kind number, accuracy and median milliseconds, see `summarise_kinds`.
        picture_confidence: see `make_reliability_table`.
        invariance_rate: fraction of drawings with the same prediction as the plain drawing, the mean over all variants.
        invariance: that fraction for each variant.

    Raises:
        InputError: fold 0's network has not been exported, or the tracked network was trained on rows of other folds.
    """
    dataset = load_dataset(workspace)
    recogniser = _open_held_out(dataset, workspace)
    _, rows = dataset.folds.split(0)
    rows = rows[:NUM_PICTURES]
    digits = LabelledImages(dataset.images[rows], dataset.labels[rows])
    numbers = recognise_numbers(recogniser, digits, NUM_NUMBERS)
    number_accuracy = float(np.mean([answer.is_right for answer in numbers]))
    answers = recognise_kinds(recogniser, digits)
    picture_accuracy = float(np.mean([answer.is_right for answer in answers]))
    invariance = measure_invariance(recogniser, digits.images[:NUM_DRAWINGS])
    return {
        "number_accuracy": round(number_accuracy, 4),
        "number_standard_error": round(standard_error(number_accuracy, NUM_NUMBERS), 4),
        "number_heights": summarise_heights(numbers),
        "number_confidence": make_reliability_table(numbers),
        "picture_accuracy": round(picture_accuracy, 4),
        "picture_standard_error": round(standard_error(picture_accuracy, len(answers)), 4),
        "picture_kinds": summarise_kinds(answers),
        "picture_confidence": make_reliability_table(answers),
        "invariance_rate": round(float(np.mean(list(invariance.values()))), 4),
        "invariance": {variant: round(fraction, 4) for variant, fraction in invariance.items()},
    }


def recognise_kinds(recogniser: Recogniser, digits: LabelledImages) -> list[Answer]:
    """Recognise one synthetic picture of each digit; kinds take turns."""
    answers = []
    for i, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        kind = list(KINDS)[i % len(KINDS)]
        picture = KINDS[kind](image, np.random.default_rng([1, i]))
        start = perf_counter()
        (found,) = recogniser.recognise_digits([picture])
        milliseconds = 1000 * (perf_counter() - start)
        answers.append(Answer(kind, f"{kind} {i}", str(label), found.text, found.confidence, milliseconds))
    return answers


def recognise_numbers(recogniser: Recogniser, digits: LabelledImages, num_numbers: int) -> list[Answer]:
    """Recognise photos of numbers with five of the digits."""
    answers = []
    for seed in range(num_numbers):
        rng = np.random.default_rng([3, seed])
        rows = rng.choice(len(digits.labels), _NUM_DIGITS, replace=False)
        number = make_number_image(digits.images[rows], rng)
        scale = draw_scale(rng)
        photo = render_photo(number, rng, scale)
        start = perf_counter()
        found = recogniser.recognise_number(photo)
        milliseconds = 1000 * (perf_counter() - start)
        label = "".join(map(str, digits.labels[rows]))
        answers.append(
            Answer("number", f"number {seed}", label, found.text, found.confidence, milliseconds, scale * DIGIT_BOX)
        )
    return answers


def measure_invariance(recogniser: Recogniser, images: Images) -> dict[str, float]:
    """Measure, for each variant of a drawing, the fraction that is predicted as the plain drawing is."""
    plain = [_recognise(recogniser, draw_on_canvas(image)) for image in images]
    invariance = {}
    for variant, arguments in _VARIANTS.items():
        digits = [_recognise(recogniser, draw_on_canvas(image, **arguments)) for image in images]
        invariance[variant] = float(np.mean([one == other for one, other in zip(digits, plain, strict=True)]))
    return invariance


def _open_held_out(dataset: Dataset, workspace: Workspace) -> Recogniser:
    records = load_network_records()
    experiment = records["experiment"]
    path = workspace.fold_path(experiment, 0, ".onnx")
    if not path.exists():
        raise InputError(f"there is no {path}; export the network: python -m scripts.export {experiment}")
    if records["digit_lines"]["fingerprints"] != dataset.fingerprints():
        raise InputError(
            "the tracked line network was trained on rows of other folds; measure it in a workspace "
            "with the data and folds that digit_lines.json names"
        )
    return Recogniser(path)


def _recognise(recogniser: Recogniser, picture: Picture) -> int | None:
    return recogniser.recognise_digits([picture])[0].digit
