"""How the app's networks are made and published: training on all rows, ONNX files, the Hugging Face Space."""
