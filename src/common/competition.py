"""Facts of the Kaggle competition Digit Recognizer."""

SLUG = "digit-recognizer"
PAGE = f"https://www.kaggle.com/competitions/{SLUG}"

NUM_CLASSES = 10
IMAGE_SIDE = 28
"""Pixels."""
IMAGE_SHAPE = (IMAGE_SIDE, IMAGE_SIDE, 1)
NUM_PIXELS = IMAGE_SIDE * IMAGE_SIDE
NUM_TRAIN_ROWS = 42_000
NUM_TEST_ROWS = 28_000

LABEL_COLUMN = "label"
PIXEL_COLUMNS = tuple(f"pixel{i}" for i in range(NUM_PIXELS))
SUBMISSION_COLUMNS = ("ImageId", "Label")
