"""Self-contained HTML pages: each is one file that loads nothing from elsewhere."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from jinja2 import Environment, PackageLoader, StrictUndefined

from src.common.files import atomic_write

_FILTERS: dict[str, Callable[..., str]] = {
    "percent": lambda fraction, digits=2: f"{100 * fraction:.{digits}f}",
    "signed_percent": lambda fraction, digits=3: f"{100 * fraction:+.{digits}f}",
    "probability": lambda value: "< 0.0001" if value < 0.0001 else f"{value:.4f}",
    "number": lambda value, digits=0: f"{value:,.{digits}f}",
}
_templates = Environment(
    loader=PackageLoader("src.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(_FILTERS)


def embed_image(image: npt.NDArray[np.number[Any]]) -> str:
    """Encode a grey image, (h, w) or (h, w, 1) with values 0..255, as a PNG file in a data URI."""
    return embed_images(image[None])


def embed_images(images: npt.NDArray[np.number[Any]], num_columns: int = 1) -> str:
    """Encode grey images as one PNG file in a data URI.

    Args:
        images: (n, h, w) or (n, h, w, 1), 0..255; fractions are rounded.
        num_columns: the images fill a grid of so many columns, row by row. Cells that are left over are black.

    Returns:
        A `data:` URI.
    """
    num_images, height, width = images.shape[:3]
    num_rows = -(-num_images // num_columns)
    cells = np.zeros((num_rows * num_columns, height, width), np.uint8)
    cells[:num_images] = images.reshape(num_images, height, width).round()
    grid = cells.reshape(num_rows, num_columns, height, width).swapaxes(1, 2)
    _, png = cv2.imencode(
        ".png", grid.reshape(num_rows * height, num_columns * width), [cv2.IMWRITE_PNG_COMPRESSION, 9]
    )
    return f"data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}"


def write_page(path: Path, template: str, **values: object) -> None:
    """Render a template of reports/templates/ with the values and write the page to `path` atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(_templates.get_template(template).render(values), encoding="utf-8")
