"""Measurements of this machine and of the app, printed as JSON. Benchmarks measure, tests check."""
