"""The library behind the commands in scripts/: imported, never run."""

from src.common.environment_variables import apply_library_settings

apply_library_settings()  # Before any library is imported.
