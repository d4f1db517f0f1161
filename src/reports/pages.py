"""Self-contained HTML pages: one file each, nothing is requested from anywhere."""

import base64
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from src.common.files import atomic_write

_templates = Environment(
    loader=PackageLoader("src.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
FILTERS: dict[str, Callable[..., str]] = {
    "percent": lambda share, digits=2: f"{100 * share:.{digits}f}",
    "signed_percent": lambda share, digits=3: f"{100 * share:+.{digits}f}",
    "probability": lambda value: "< 0.0001" if value < 0.0001 else f"{value:.4f}",
    "number": lambda value, digits=0: f"{value:,.{digits}f}",
}
_templates.filters.update(FILTERS)


def embed_images(images: np.ndarray, columns: int = 1) -> str:
    """Write images of one size, (n, height, width, 1) or without the last axis, 0..255, as one PNG: a data URI.

    They fill a sheet of so many columns, row by row.
    """
    num_images, height, width = images.shape[:3]
    num_rows = -(-num_images // columns)
    sheet = np.zeros((num_rows * columns, height, width), np.uint8)
    sheet[:num_images] = images.reshape(num_images, height, width).round()
    sheet = sheet.reshape(num_rows, columns, height, width).swapaxes(1, 2).reshape(num_rows * height, columns * width)
    _, png = cv2.imencode(".png", sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return f"data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}"


def write_page(path: Path, template: str, **values: object) -> None:
    """Fill a template of reports/templates/ and put the page in its place."""
    with atomic_write(path) as temporary:
        temporary.write_text(_templates.get_template(template).render(values), encoding="utf-8")
