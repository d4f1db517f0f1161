"""Plots for pages: SVG in the page's colours, and PNG files."""

import re

import pytest
from matplotlib.figure import Figure

from src.reports.plots import render_svg, use_plain_numbers


def draw_line(values):
    figure = Figure()
    axes = figure.subplots()
    axes.plot(values, "o-", label="values")
    axes.set(title="a title")
    axes.legend()
    return figure


def draw_same_line(values):
    return draw_line(values)


def test_text_has_the_colour_of_the_page_and_stays_text():
    svg = render_svg(draw_line, [1, 2, 3])
    assert svg.startswith("<svg") and ">a title</text>" in svg
    assert "currentColor" in svg and "#010203" not in svg
    assert not re.search(r"fill: #(fff|ffffff|000|000000)\b", svg)  # These colours suit only one colour scheme.


def test_two_figures_of_a_page_share_no_id():
    svg = render_svg(draw_line, [1, 2, 3]) + render_svg(draw_same_line, [1, 2, 3])
    ids = re.findall(r' id="([^"]+)"', svg)
    assert ids and len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= set(ids)


def test_the_same_figure_is_rendered_to_the_same_text_and_saved_as_png(tmp_path):
    assert render_svg(draw_line, [1, 2, 3]) == render_svg(draw_line, [1, 2, 3], png_dir=tmp_path)
    assert (tmp_path / "line.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("limits", [(2e-3, 5e5), (0.97, 1.4)])
def test_logarithmic_axes_have_labels_without_exponents(limits):
    axes = Figure().subplots()
    axes.set(xscale="log", xlim=limits)
    use_plain_numbers(axes.xaxis)
    axes.figure.draw_without_rendering()
    labels = [label.get_text() for label in axes.get_xticklabels(which="both")]
    shown = [label for label in labels if label]
    assert len(shown) >= 3 and all(re.fullmatch(r"[\d.]+", label) for label in shown)
