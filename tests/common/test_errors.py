"""Suggestions for names that do not exist."""

from src.common.errors import closest_match


def test_the_closest_name_is_suggested():
    assert closest_match("residul", ["strided", "residual", "residual_long"]) == "residual"
    assert closest_match("x", ["strided"]) == "strided"
