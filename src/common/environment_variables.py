"""Settings of libraries in environment variables, which they read while they are imported.

`src/__init__.py` applies them, so every command, the app, the Space and all worker processes have them.
"""

import os
from contextlib import suppress
from pathlib import Path

from src.common.quiet_imports import silence_tensorflow_import
from src.common.workspace import make_private_dir

_NO_REQUESTS = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, which Gradio imports
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
}
"""Without these, libraries ask hosts for newer versions or send them data about the use."""
_DEFAULTS = _NO_REQUESTS | {
    "KERAS_BACKEND": "tensorflow",  # The fastest backend on CPUs; run_folds.sh sets jax for a GPU.
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's notes on missing GPUs look like errors.
    # Otherwise, the first process takes all memory of a GPU, and several folds cannot share it.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    # Otherwise, LightGBM's threads wait in busy loops, which makes it 15 times slower on a machine with other work.
    "OMP_WAIT_POLICY": "passive",
    "RAY_worker_niceness": "0",  # Otherwise other processes run before Ray's workers.
}
_CREDENTIALS = (".kaggle", ".config/kaggle")
"""Below the home directory."""


def apply_library_settings() -> None:
    """Set the project's defaults; variables that the user has set stay as they are."""
    silence_tensorflow_import()
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if os.environ.get("OMP_NUM_THREADS"):  # TensorFlow does not read this variable.
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ["OMP_NUM_THREADS"].partition(",")[0])
    with suppress(OSError):  # Without a usable temporary directory, the commands that need none still run.
        os.environ.setdefault("KERAS_HOME", str(make_private_dir("keras")))  # A keras.json at home changes results.
        os.environ.setdefault("GRADIO_TEMP_DIR", str(make_private_dir("gradio")))  # /tmp/gradio may be another user's.
        _ensure_home()


def _ensure_home() -> None:
    """Set HOME to a directory for caches if there is no home directory, or one that cannot be written.

    Credentials for Kaggle in a home directory that can only be read are still found.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home() raises an error if there is none.
    if home.is_absolute() and home != Path("/") and os.access(home, os.W_OK | os.X_OK):
        return
    new_home = make_private_dir("home")
    os.environ["HOME"] = str(new_home)
    for name in _CREDENTIALS:
        link, target = new_home / name, home / name
        if link.is_symlink() and link.readlink() != target:  # Of an earlier run with another home directory.
            link.unlink()
        if target.is_dir() and not link.is_symlink():
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(target)
