"""What the digit reader answers over HTTP."""

from typing import Any

from pydantic import BaseModel, Field

from src.app.vision.recogniser import DigitPrediction, NumberPrediction


class Prediction(BaseModel):
    """What one picture says."""

    digit: int | None = Field(ge=0, le=9, description="null where the picture shows no digit")
    confidence: float = Field(ge=0, le=1, description="the digit's probability; 0 without a digit")
    probabilities: list[float] = Field(min_length=10, max_length=10, description="of the digits 0 to 9")


class Predictions(BaseModel):
    """What several pictures say, in their order."""

    predictions: list[Prediction]


class NumberDigit(BaseModel):
    """One digit of a number."""

    digit: int = Field(ge=0, le=9)
    confidence: float = Field(ge=0, le=1, description="the digit's probability")
    probabilities: list[float] = Field(min_length=10, max_length=10, description="of the digits 0 to 9")
    box: list[int] = Field(
        min_length=4, max_length=4, description="left, top, right, bottom, in pixels of the picture when held upright"
    )


class Number(BaseModel):
    """What a picture of several digits says."""

    text: str = Field(description="the digits from the left, lines divided by \\n; empty where there are none")
    confidence: float = Field(ge=0, le=1, description="that all is read and right; 0 without digits")
    digits: list[NumberDigit] = Field(description="in the order of the text; of more than 60 strokes some are left out")


class Numbers(BaseModel):
    """What several such pictures say, in their order."""

    numbers: list[Number]


class Problem(BaseModel):
    """Why there is no answer, and what to do."""

    detail: str


class Health(BaseModel):
    status: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "the body cannot be read as what it says it is"},
    408: {"model": Problem, "description": "the body did not arrive in time"},
    413: {"model": Problem, "description": "too many bytes or pixels"},
    415: {"model": Problem, "description": "neither a form nor JSON"},
    422: {"model": Problem, "description": "a field is missing, a picture cannot be read, or there are too many"},
    429: {"model": Problem, "description": "too many requests from one address"},
    503: {"model": Problem, "description": "too many requests at once, or reading failed"},
}


def describe_reading(reading: DigitPrediction) -> Prediction:
    """The answer of one digit."""
    return Prediction(digit=reading.digit, confidence=reading.confidence, probabilities=reading.probabilities)


def describe_number(number: NumberPrediction) -> Number:
    """The answer of several digits."""
    digits = [NumberDigit(**describe_reading(one).model_dump(), box=list(one.box)) for one in number.digits if one.box]
    return Number(text=number.text, confidence=number.confidence, digits=digits)
