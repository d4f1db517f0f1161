"""Plots for pages: SVG that takes its text colour from the page, and the same plots as PNG files."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from src.common.files import atomic_write

_TEXT_COLOR = "#010203"
"""Placeholder for the text colour of the page; no plot uses this colour for anything else."""
_SVG_STYLE: dict[Any, Any] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _TEXT_COLOR),
    **dict.fromkeys(("boxplot.boxprops.color", "boxplot.whiskerprops.color", "boxplot.capprops.color"), _TEXT_COLOR),
    "svg.fonttype": "none",
    "legend.framealpha": 0.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def render_svg(draw: Callable[..., Figure], *arguments: Any, png_dir: Path | None = None) -> Markup:
    """Draw a figure and return it as SVG for a page in a light or dark colour scheme.

    Args:
        draw: returns the figure; a function named draw_NAME.
        *arguments: the arguments of `draw`.
        png_dir: where the figure is also saved, as NAME.png.
    """
    name = draw.__name__.removeprefix("draw_")
    if png_dir is not None:
        save_png(draw(*arguments), png_dir / f"{name}.png")
    with matplotlib.rc_context(_SVG_STYLE | {"svg.hashsalt": name}):  # The ids of two figures on a page must differ.
        text = io.StringIO()
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        draw(*arguments).savefig(text, format="svg", transparent=True, metadata=metadata)
    svg = text.getvalue()
    # Ids such as "axes_1" occur in every figure, and nothing refers to them.
    svg = re.sub(r' id="[\w.]+_\d+"', "", svg[svg.index("<svg") :])
    return Markup(svg.replace(_TEXT_COLOR, "currentColor"))


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure to a .png file atomically."""
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


class _PlainLogFormatter(LogFormatter):
    """Label the ticks that `LogFormatter` labels, but without exponents."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:.10g}" if super().__call__(x, pos) else ""


def use_plain_numbers(axis: Axis) -> None:
    """Label the ticks of a logarithmic axis with plain numbers."""
    axis.set_major_formatter(_PlainLogFormatter())
    axis.set_minor_formatter(_PlainLogFormatter(minor_thresholds=(2, 0.5)))
