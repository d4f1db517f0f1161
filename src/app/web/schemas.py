"""Responses of the API as Pydantic models; FastAPI describes them at /docs."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class DigitResponse(BaseModel):
    """The digit that one picture shows."""

    model_config = ConfigDict(from_attributes=True)  # from a DigitPrediction

    digit: int | None = Field(ge=0, le=9, description="null if the picture shows no digit")
    confidence: float = Field(ge=0, le=1, description="probability of the digit; 0 without a digit")
    probabilities: list[float] = Field(min_length=10, max_length=10, description="probabilities of the digits 0 to 9")


class DigitsResponse(BaseModel):
    """The digits that several pictures show, in the order of the pictures."""

    predictions: list[DigitResponse]


BoxResponse = Annotated[
    list[int],
    Field(min_length=4, max_length=4, description="left, top, right and bottom, in pixels of the upright picture"),
]


class NumberDigitResponse(DigitResponse):
    """One digit of a number."""

    digit: int = Field(ge=0, le=9)
    box: BoxResponse


class SignResponse(BaseModel):
    """One sign of a number."""

    model_config = ConfigDict(from_attributes=True)  # from a Sign

    text: str = Field(description="a decimal point, a comma or a minus")
    box: BoxResponse


class NumberResponse(BaseModel):
    """The digits of one picture."""

    model_config = ConfigDict(from_attributes=True)  # from a NumberPrediction

    text: str = Field(description="digits and signs from left to right, lines separated by \\n; empty without digits")
    confidence: float = Field(
        ge=0, le=1, description="product of the digits' probabilities, less where digits may be missing; 0 without any"
    )
    digits: list[NumberDigitResponse] = Field(description="in the order of the text")
    signs: list[SignResponse] = Field(description="in the order of the text")
    unread: list[BoxResponse] = Field(description="ink of a digit's size that was not read")


class NumbersResponse(BaseModel):
    """The digits of several pictures, in the order of the pictures."""

    numbers: list[NumberResponse]


class ErrorResponse(BaseModel):
    """Why a request failed, and what to do about it."""

    detail: str


class HealthResponse(BaseModel):
    """The state of the server."""

    status: str


ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": description}
    for status, description in {
        400: "the body is not a valid form or not valid JSON",
        408: "the body did not arrive in time",
        413: "too many bytes or pixels",
        415: "the body is neither a form nor JSON",
        422: "a field is missing, a picture cannot be decoded, or there are too many pictures",
        429: "too many requests from one address",
        503: "too many requests at once, or the recognition failed",
    }.items()
}
"""The errors of the routes that take pictures, for OpenAPI."""
