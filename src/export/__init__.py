"""Trained networks as ONNX and LiteRT files, each checked against the network itself."""
