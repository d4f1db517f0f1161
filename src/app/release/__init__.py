"""How the app's networks are made and published: ONNX files with records, and the Hugging Face Space."""
