"""A trained network as ONNX and LiteRT, checked against the original."""
