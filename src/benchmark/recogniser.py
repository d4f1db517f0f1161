"""How well the digit reader reads."""

from typing import Any

import numpy as np

from src.app.vision.recogniser import Recogniser, load_network_records
from src.benchmark.synthetic_pictures import draw_on_canvas, put_on_paper, write_number
from src.common.errors import InputError
from src.common.metrics import standard_error
from src.common.workspace import Workspace
from src.data.datasets import load_dataset

NUM_DIGITS = 4000  # on paper
NUM_NUMBERS = 1000
NUM_DRAWN = 500  # on the canvas, each in several ways
WAYS: dict[str, dict[str, Any]] = {
    "inverted": {"inverted": True},
    "shifted": {"shift": (0.12, -0.1), "scale": 0.7},
    "small": {"scale": 0.3},
    "large": {"scale": 3.0},
    "turned left": {"rotation": 10.0},
    "turned right": {"rotation": -10.0},
    "thick": {"thicker": 0.8},
    "thin": {"thicker": -0.5},
}
"""In which the answer should be the same."""


def measure_reader(workspace: Workspace) -> dict[str, Any]:
    """Read held-out digits: the validation part of fold 0, by the network of fold 0 of the tracked experiment, and by
    the tracked one for digits that touch, which has not seen that part either.

    Returns:
        number_accuracy: of numbers of five digits on such paper (`write_number`), wholly right; its standard error.
        paper_accuracy: of digits on synthetic paper (`put_on_paper`), with its standard error.
        invariance_rate: share of drawings that are read as their plain form is, over all WAYS.
        invariance: the same for each of them.

    Raises:
        InputError: that network has not been exported, or the other one learned from other folds.
    """
    record = load_network_records()
    experiment = record["experiment"]
    path = workspace.fold_path(experiment, 0, ".onnx")
    if not path.exists():
        raise InputError(f"there is no {path}; export the network: python -m scripts.export {experiment}")
    recogniser = Recogniser(path)
    dataset = load_dataset(workspace)
    if record["touching_digits"]["fingerprints"] != dataset.fingerprints():
        raise InputError(
            "the tracked network for digits that touch learned from rows of other folds; train it on those here: "
            "python -m scripts.ship --strips"
        )
    _, rows = dataset.folds.split(0)
    images, labels = dataset.images[rows[:NUM_DIGITS]], dataset.labels[rows[:NUM_DIGITS]]
    papers = (put_on_paper(image, np.random.default_rng([1, i])) for i, image in enumerate(images))
    right = np.array([_read(recogniser, paper) == label for paper, label in zip(papers, labels, strict=True)])
    same = {way: 0.0 for way in WAYS}
    for image in images[:NUM_DRAWN]:
        plain = _read(recogniser, draw_on_canvas(image))
        for way, changes in WAYS.items():
            same[way] += (_read(recogniser, draw_on_canvas(image, **changes)) == plain) / len(images[:NUM_DRAWN])
    number_accuracy = np.mean([_read_number_right(recogniser, images, labels, seed) for seed in range(NUM_NUMBERS)])
    return {
        "number_accuracy": round(float(number_accuracy), 4),
        "number_standard_error": round(standard_error(float(number_accuracy), NUM_NUMBERS), 4),
        "paper_accuracy": round(float(right.mean()), 4),
        "paper_standard_error": round(standard_error(float(right.mean()), len(right)), 4),
        "invariance_rate": round(sum(same.values()) / len(same), 4),
        "invariance": {way: round(share, 4) for way, share in same.items()},
    }


def _read(recogniser: Recogniser, picture: np.ndarray) -> int | None:
    return recogniser.recognise_digits([picture])[0].digit


def _read_number_right(recogniser: Recogniser, images: np.ndarray, labels: np.ndarray, seed: int) -> bool:
    rng = np.random.default_rng([2, seed])
    rows = rng.choice(len(labels), 5, replace=False)
    paper = put_on_paper(write_number(images[rows], rng), rng)
    return recogniser.recognise_number(paper).text == "".join(map(str, labels[rows]))
