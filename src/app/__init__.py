"""The digit recogniser: a product of its own that runs on ONNX Runtime, without TensorFlow."""
