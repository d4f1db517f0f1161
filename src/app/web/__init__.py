"""The recogniser over HTTP: API, upload limits, page."""
