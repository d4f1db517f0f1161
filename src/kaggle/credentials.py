"""The credentials that the kaggle package would take, checked before Kaggle is asked.

The package ignores files that it cannot read, so a damaged one would look as if Kaggle had refused it.
"""

import json
from pathlib import Path
from typing import Any

from src.common.errors import InputError
from src.common.workspace import KaggleSettings, find_kaggle_settings

SETTINGS = "https://www.kaggle.com/settings"
_REMEDY = f"correct that, or make a new API token at {SETTINGS} and set KAGGLE_API_TOKEN to it"
_MAX_TOKEN = 255
"""Characters: the package looks for a file of that name, and longer names are an error of the system."""


def find_credentials() -> list[str]:
    """List the variables and files from which the kaggle package takes credentials, in its order; it tries the first.

    Raises:
        InputError: the package cannot use what there is.
    """
    settings = find_kaggle_settings()
    if settings.config_dir.is_file():
        raise InputError(f"KAGGLE_CONFIG_DIR names a file, {settings.config_dir}; set it to the directory of that file")
    path = settings.config_dir / "kaggle.json"
    fields = _read_fields(path) if path.exists() else {}  # The package always reads it.
    if token := settings.variables.get("KAGGLE_API_TOKEN"):
        _check_token_variable(token)
        return ["KAGGLE_API_TOKEN"]
    found = [str(file) for file in settings.token_files if file.exists()]
    for name in found:
        _check_secret(name, _read(Path(name)).strip())
    found += _find_key(path, fields, settings.variables)
    if settings.login_file.exists():
        _read_fields(settings.login_file, "refresh_token")
        found.append(str(settings.login_file))
    if not found:
        _require_no_other_files(settings)
    return found


def _check_token_variable(token: str) -> None:
    """Check a token, or the file that holds it."""
    if len(token) > _MAX_TOKEN:
        raise InputError(
            f"KAGGLE_API_TOKEN has {len(token)} characters, and the kaggle package takes {_MAX_TOKEN} there; write the "
            "token to ~/.kaggle/access_token"
        )
    if Path(token).exists():
        _check_secret(f"{token}, which KAGGLE_API_TOKEN names,", _read(Path(token)).strip())
    elif token.startswith(("/", "~", ".")):
        raise InputError(f"KAGGLE_API_TOKEN names a file that does not exist; {_REMEDY}")
    else:
        _check_secret("KAGGLE_API_TOKEN", token)


def _check_secret(place: str, secret: Any) -> None:
    """Check that a token, key or name is one word of ASCII characters, as HTTP needs it."""
    if not isinstance(secret, str) or not secret:
        raise InputError(f"{place} holds no text where credentials should be; {_REMEDY}")
    if not secret.isascii() or not secret.isprintable() or set(secret) & set(" \"'{}"):
        raise InputError(
            f"{place} holds a space, quotation mark, line break or another character that no token has; {_REMEDY}"
        )


def _find_key(path: Path, fields: dict[str, Any], variables: dict[str, str]) -> list[str]:
    """List the places of the user name and the key; the package prefers variables to the fields of kaggle.json."""
    found = {}
    for name in ("username", "key"):
        if value := variables.get(variable := f"KAGGLE_{name.upper()}", fields.get(name)):
            found[name] = variable if variable in variables else str(path)
            _check_secret(f"{found[name]} ({name})", value)
    if len(found) == 1 or (path.exists() and not found):
        present = (
            f"{next(iter(found.values()))} gives only the {next(iter(found))}" if found else f"{path} gives neither"
        )
        raise InputError(f"a username and a key are needed, but {present}; {_REMEDY}")
    return list(dict.fromkeys(found.values()))


def _read_fields(path: Path, *required: str) -> dict[str, Any]:
    """Read a JSON object that has these fields."""
    text = _read(path)
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} is not a JSON file ({error}), and Kaggle was not asked; {_REMEDY}") from None
    if not isinstance(fields, dict):
        raise InputError(f"{path} does not hold a JSON object, and Kaggle was not asked; {_REMEDY}")
    for name in required:
        _check_secret(f"{path} ({name})", fields.get(name))
    return fields


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path} cannot be read ({error}), and Kaggle was not asked; {_REMEDY}") from None


def _require_no_other_files(settings: KaggleSettings) -> None:
    """Check that there is no kaggle.json where users put it but the package does not look."""
    for directory in settings.other_dirs:
        if (directory / "kaggle.json").exists():
            raise InputError(
                f"the kaggle package does not read {directory / 'kaggle.json'} but {settings.config_dir}; move it there"
            )
