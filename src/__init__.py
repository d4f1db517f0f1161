"""The library behind the commands in scripts/: imported, never run.

Some libraries read settings from the environment while they are imported. This module sets the project's defaults.
"""

import os

from src.common.quiet_imports import silence_tensorflow_import

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # The fastest backend on CPUs; run_folds.sh sets jax for a GPU.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's notes on missing GPUs look like errors.
silence_tensorflow_import()
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # Or its import looks for a newer version on the network.
if os.environ.get("OMP_NUM_THREADS"):  # TensorFlow does not read this variable.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ["OMP_NUM_THREADS"].partition(",")[0])
# Otherwise, the first process takes all memory of a GPU, and several folds cannot share it.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# Otherwise, LightGBM's threads wait in busy loops, which makes it 15 times slower on a machine with other work.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
