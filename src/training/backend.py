"""Settings of Keras' backend. Nothing else asks which backend runs."""

import os
import tempfile
from pathlib import Path

import keras


def prepare_backend(seed: int) -> None:
    """Forget earlier models, seed everything, and make training on a CPU repeatable bit by bit.

    On a GPU, determinism costs too much time and is not promised.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if trains_on_device() else "float32")
    if trains_on_device():
        import jax

        cache_dir = Path(tempfile.gettempdir()) / f"jax-programs-{os.getuid()}"
        jax.config.update("jax_compilation_cache_dir", str(cache_dir))  # type: ignore[no-untyped-call]  # Shared.
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # It warns of frequent compilation, once for each fold's model.
        if not tf.config.list_physical_devices("GPU"):
            tf.config.experimental.enable_op_determinism()


def trains_on_device() -> bool:
    """Tell whether whole epochs run on a GPU, with the images in its memory and in bfloat16: JAX with a GPU."""
    return keras.config.backend() == "jax" and str(keras.distribution.list_devices()[0]).startswith("gpu")


def describe_backend() -> dict[str, str]:
    """Return Keras' backend and the device that it computes on, such as tensorflow and cpu:0."""
    return {"backend": keras.config.backend(), "device": keras.distribution.list_devices()[0]}
