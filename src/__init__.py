"""The library behind the scripts: imported, never run.

Libraries that read their settings from the environment while they are imported get the project's defaults here.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # the fastest backend on CPUs; run_folds.sh picks jax on a GPU
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its notes on missing GPUs read like failures
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # otherwise its import asks the network for a newer version
if os.environ.get("OMP_NUM_THREADS"):  # which TensorFlow does not read
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ["OMP_NUM_THREADS"].partition(",")[0])
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # or the first process takes all of a GPU's memory,
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # and several folds cannot share it
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # LightGBM's threads would spin, 15 times slower on a busy machine
