"""Suggestions for names that do not exist."""

from src.common.errors import suggest


def test_the_closest_name_is_suggested():
    assert suggest("residul", ["strided", "residual", "residual_long"]) == "; did you mean 'residual'?"
    assert suggest("x", ["strided"]) == ""
