"""Self-contained HTML pages: one file each, nothing is requested from anywhere."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from src.workspace import replacing

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


def write_page(path: Path, template: str, **values: object) -> None:
    """Fill a template of reports/templates/ and put the page in its place."""
    with replacing(path) as temporary:
        temporary.write_text(_templates.get_template(template).render(values))
