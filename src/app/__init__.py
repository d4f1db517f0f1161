"""The digit reader: from a picture to a digit. Runs on ONNX Runtime, without TensorFlow."""
