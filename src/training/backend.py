"""Settings of Keras' backend. Nothing else but the fused batch normalisation asks which backend runs."""

import keras

from src.common.errors import InputError
from src.common.provenance import computes_bfloat16
from src.common.workspace import make_private_dir

BFLOAT16, FLOAT32 = "bfloat16", "float32"

if keras.config.backend() not in ("tensorflow", "jax"):  # Keras' other backends lack something that is needed here.
    raise InputError(
        f"{keras.config.backend()} is no backend for this; set KERAS_BACKEND to tensorflow or jax, or unset it"
    )


def prepare_backend(seed: int, mixed_precision: bool = False) -> None:
    """Forget earlier models, seed everything, and make training on a CPU repeatable bit by bit.

    On a GPU, determinism costs too much time and is not promised.

    Args:
        seed: of weights, dropout and Python's and NumPy's random numbers.
        mixed_precision: compute in bfloat16 where the processor does so in hardware, and in float32 elsewhere.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(f"mixed_{BFLOAT16}" if choose_precision(mixed_precision) == BFLOAT16 else FLOAT32)
    if trains_on_device():
        import jax

        cache_dir = make_private_dir("jax-programs")
        jax.config.update("jax_compilation_cache_dir", str(cache_dir))  # type: ignore[no-untyped-call]  # Shared.
        # Also programs that compile in less than a second: there are many, and each process needs them.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)  # type: ignore[no-untyped-call]
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # It warns of frequent compilation, once for each fold's model.
        if not tf.config.list_physical_devices("GPU"):
            tf.config.experimental.enable_op_determinism()


def trains_on_device() -> bool:
    """Tell whether whole epochs run on a GPU, with the images in its memory and in bfloat16: JAX with a GPU."""
    return keras.config.backend() == "jax" and has_gpu()


def has_gpu() -> bool:
    """Tell whether Keras' backend computes on a GPU."""
    return str(keras.distribution.list_devices()[0]).startswith(("gpu", "cuda"))


def choose_precision(mixed_precision: bool) -> str:
    """Return the type that convolutions are computed in on this machine: bfloat16 or float32.

    bfloat16 needs a GPU under JAX, or a processor with avx512_bf16 or AMX under TensorFlow; in software it is 60 to 500
    times slower than float32.
    """
    has_bfloat16 = trains_on_device() or (keras.config.backend() == "tensorflow" and computes_bfloat16())
    return BFLOAT16 if mixed_precision and has_bfloat16 else FLOAT32


def describe_backend(mixed_precision: bool = False) -> dict[str, str]:
    """Return Keras' backend, the device that it computes on and the precision: tensorflow, cpu:0 and float32."""
    return {
        "backend": keras.config.backend(),
        "device": keras.distribution.list_devices()[0],
        "precision": choose_precision(mixed_precision),
    }
