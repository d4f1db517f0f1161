"""How people write digits: the shapes that src/images/drawn_digits.py draws.

A shape is its strokes, separated by slashes. A stroke is a curve through points; `!` makes a point a corner. A point is
`x,y` in percent of the digit's width and height, from its top left corner. `30~10` draws from 20 to 40; without `~`, a
coordinate is drawn from a range of `DEFAULT_SPREAD` both ways.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

DEFAULT_SPREAD = 4.0
"""Percent of the digit's size: how far a coordinate without a range of its own varies, both ways."""


@dataclass(frozen=True)
class Stroke:
    """The control points of a stroke."""

    points: npt.NDArray[np.float32]  # (k, 2): x and y, fractions of the digit's size
    spreads: npt.NDArray[np.float32]  # (k, 2): how far they vary, both ways
    is_corner: npt.NDArray[np.bool_]  # (k,)


@dataclass(frozen=True)
class Shape:
    """One way to write a digit."""

    path: str
    weight: float = 1.0  # how often it is drawn, relative to the other shapes of the digit

    @cached_property
    def strokes(self) -> list[Stroke]:
        """The path as arrays."""
        return [_parse_stroke(stroke) for stroke in self.path.split("/")]


def _parse_stroke(text: str) -> Stroke:
    points = text.split()
    coordinates = [[_parse_coordinate(part) for part in point.rstrip("!").split(",")] for point in points]
    ranges = (np.array(coordinates) / 100).astype(np.float32)
    return Stroke(ranges[..., 0], ranges[..., 1], np.array([point.endswith("!") for point in points]))


def _parse_coordinate(text: str) -> tuple[float, float]:
    value, _, spread = text.partition("~")
    return float(value), float(spread or DEFAULT_SPREAD)


DIGIT_SHAPES: dict[int, tuple[Shape, ...]] = {
    0: (
        Shape("55~12,0 10,25 2,60 35,100 85,80 98,40 55~15,2", 3),
        Shape("45,3 8,35 10,75 50,100 92,70 88,25 60~14,0~8", 2),  # open at the top
        Shape("70,5 20,12 0,60 45,100 95,65 85,15 45~15,5 30~10,25~12"),  # with a curl inside
        Shape("8~6,2! 3,98! 97,98! 95,2! 5,2", 0.4),  # square
        Shape("55~12,0 10,25 2,60 35,100 85,80 98,40 55~15,2 / 85~12,10~8 15~12,90~8", 0.3),  # slashed
    ),
    1: (
        Shape("50~8,0 50~8,100", 2),
        Shape("55~12,0 45~12,50 50~12,100"),
        Shape("15~12,28~12 60,0! 58~6,100", 2),  # with a flag
        Shape("5~8,52~32 70~15,0! 65~15,100", 3),  # with a long flag, down to the foot of the stem
        Shape("5,55~30 45,25~8 75,0! 68~12,100", 1.5),  # with a bent flag
        Shape("0~6,75~22 62~6,25~14! / 64,0 66~8,100", 1.5),  # with a flag that joins below the top
        Shape("50~6,0 50~6,97! / 15~12,98 85~12,98"),  # with a foot
        Shape("15~15,35~20 50~6,0! 50~6,97! / 10~10,98 90~10,98", 2.5),  # with both
        Shape("25~12,25~12 50,0! 50,80 75~12,100", 0.7),  # ends to the right
        Shape("0~5,88~10 40,55 75~8,5~6 52~8,10 55~8,60 80~10,100", 0.7),  # as a joined-up l
    ),
    2: (
        Shape("5~8,25~8 45,0 90,25 65,60 3~5,98! 98~6,96~6", 3),
        Shape("8,25~8 50,0 90,28 60,70 15~6,97 2~6,82~6 25~8,78 55,93 100,95~8", 2),  # with a loop
        Shape("50~8,30~8 18,25 20~8,8 55,0 90,25 60,62 5,95! 98,95~8"),  # with a curl at its start
        Shape("5,5~5! 92,3~5! 3,97! 97,97"),  # as a Z
        Shape("2,30~8 40,0 85,15 75,50 30,80 5,95! 55,88 100,100"),
        Shape("10,20~8 50,0 88,22 70,55 5,95! 40,85~8 70,97 100,88~8"),
    ),
    3: (
        Shape("8~6,15~6 50,0 90,22 45~10,47! 95~5,72 50,100 3~5,82~8", 3),
        Shape("8,12 55,0 88,22 50,45 35~8,52 50,50 95,70 55,100 3,88~8", 1.5),  # with a loop in the middle
        Shape("8~6,3 90~6,3! 38~18,42~8! 95,68 55,100 3,88~10", 1.5),  # with a flat top
        Shape("5,8 60,0 90,20 40~10,45! 85,62 75,95 0~4,95~6"),  # with a straight tail
        Shape("8,3! 90,25! 35~8,48! 92,75! 5,97", 0.7),
        Shape("8,10 60,0 88,25 62~8,45! 90,70 55,98 5,92"),
    ),
    4: (
        Shape("15~12,0 5~6,60~8! 98,58~8 / 70~10,25~22 68~10,100", 2),  # open
        Shape("60~20,0 0,68~10! 95~8,64~14 / 82~14,45~16 72~16,100", 2),  # open and slanted, with a short stem
        Shape("55~14,0 12,42 8,68 50,70 98~8,56~10 / 80~10,42~16 68~16,100", 1.5),  # with a round corner
        Shape("65~6,0 0,68~8! 100,68~8 / 66~5,2~5 66~6,100", 2),  # closed
        Shape("68~6,100 68~6,0! 0,70~8! 98,69~6", 1.5),
        Shape("70~6,0! 0,52~20! 72~6,55~14! 70,0! 72~6,100", 1.2),  # as a triangle with a stem
        Shape("5~6,0 5~6,35 35,55 90,48 / 92,0~6 90~6,100", 1.5),  # with a round cup
        Shape("5~6,0! 5,50~6! 92,50~6 / 92~5,0~6 92~5,100"),  # with a square cup
        Shape("55~12,0 5~5,62~8! 45,66 88~6,45~10! 62~12,100", 1.5),  # in one stroke
        Shape("50~14,0 12,45 8,66 40,70 88,48~12! 68~14,100", 0.7),
    ),
    5: (
        Shape("92~6,3 18~6,3! 12~6,45~6! 60,35 96,65 60,100 3~5,88~8", 2),
        Shape("20~6,5 12~6,48! 60,35 95,68 55,100 3,88~8 / 20~8,4 95~6,2~6", 2),
        Shape("20,8 12,50! 55,38 92,68 55,100 3,90~8 / 30~14,2~6 98~8,-4~8"),  # with a bar that stands off
        Shape("90~6,8 50,0 15,18 30,45 75,55 92,80 50,100 5~5,90~8"),  # as an S
        Shape("92,3! 10,3! 10,45~6! 92,45~6! 92,97! 5,97"),  # square
        Shape("90,0~6! 20,5! 10,48! 70,42 90,70! 5,100"),
    ),
    6: (
        Shape("75~14,0 25,30 3,68 35,100 85,90 90,65 55~8,50~6 10~6,72~8", 2.5),
        Shape("60~20,0 15,55 8,80 40,100 90,85 75,55 12~6,75~8", 2),
        Shape("85~8,2 35,15 5,55 20,97 70,100 88,75 60~8,60~6 15~8,80", 1.5),
        Shape("70~14,0 15,45 10,85 50,100 92,80 60,55 32~14,68~8", 1.3),  # open
        Shape("25~18,0 5,97! 95,97! 95,50~10! 8,50~10"),  # with a square bow
        Shape("90~8,2! 5,2! 5,98! 95,98! 95,50~8! 5,50~8", 0.7),  # square
    ),
    7: (
        Shape("3,4 95,4~5! 35~16,100", 2),
        Shape("3,5 92,3! 55,45 35~12,100", 1.5),
        Shape("5~5,4~5 95,3~5! 40~16,100 / 22~10,52~10 85~12,48~10", 2),  # crossed
        Shape("5~5,22~8 8~5,2! 95,4! 40~16,100", 1.5),  # with a hook
        Shape("5~5,24~8 8~5,2! 95,4! 42~16,100 / 22~10,52~8 85~12,48~10", 1.5),  # with both
        Shape("3,15~8 25,0 55,10 95,2! 45,60 35~10,100"),  # with a wavy top
        Shape("3,10~8 45,3 92,4! 15~12,100 / 8~8,58~8 60~18,56~8"),  # crossed and slanted
    ),
    8: (
        Shape("85~8,12~6 50,0 12,20 45,46 92,75 50,100 8,78 50~6,48 88,22 75~12,5~5", 3),
        Shape("50,48 15,25 50,0 85,25 50,48 / 50,48 3,75 50,100 97,75 50,48", 2),  # two rings
        Shape("85~8,5 30,3 15,25 80,65 75,97 25,97 10,72 60,40 92~6,8~10", 1.5),  # open at the top
        Shape("90,2! 10,2! 90,98! 10,98! 90~6,2", 0.5),  # with straight strokes
        Shape("10,2! 90,2! 90,48! 5,48! 5,98! 95,98! 95,48! 10,48! 10,2", 0.6),  # square
    ),
    9: (
        Shape("88,22 50~6,0 5,25 40,52 86,20~6! 82~12,100", 2),
        Shape("88,18 45,0 5,28 42,52 88,18! 90,60 60~16,100", 1.5),
        Shape("88,20 45,0 5,25 40,50 88,18! 95,65 65,97 5~8,88~10", 2.5),  # with a bow
        Shape("85,20 45,0 5,25 42,50 88,15! 92,95! 5~8,97~5", 1.2),  # with a straight tail
        Shape("82~8,18 50,0 20~10,18 50,42 85,15 92,60~8 60,98 8~8,92~8", 1.2),  # with a small ring
        Shape("88~8,12~6 40,0 8~6,20 40,42 85,15~6 80~10,45 95,72 60,98 2,95~6", 2),  # as a joined-up g
        Shape("70~8,2 15,5 5,30 40,52 86,25 / 90,8~8 88,70 60~16,100", 0.7),  # open at the top
        Shape("90,50~6! 10,50~6! 10,2! 90,2! 90,100"),  # square
        Shape("90,48~6! 10,48~6! 10,2! 90,2! 90,98! 8~6,98", 0.8),
    ),
}
"""The shapes of each digit."""
