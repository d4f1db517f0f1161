"""Check values from a JSON file, which a person may have edited, against the fields of a dataclass."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints


def check_types(kind: type, values: Mapping[str, Any]) -> None:
    """Check that values have the types of the fields of a dataclass; fields without a value are not checked.

    Raises:
        TypeError: one has another type, or there is no such field.
    """
    hints = get_type_hints(kind)
    for name, value in values.items():
        if name not in hints or not _has_type(value, hints[name]):
            raise TypeError(f"{name} is {str(value)[:40]!r}")


def _has_type(value: Any, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is UnionType:
        return any(_has_type(value, argument) for argument in arguments)
    if origin is dict:
        return isinstance(value, dict) and all(_has_type(item, arguments[1]) for item in value.values())
    if origin is list:
        return isinstance(value, list) and all(_has_type(item, arguments[0]) for item in value)
    return type(value) in ((int, float) if hint is float else (hint,))
