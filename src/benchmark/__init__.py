"""Measurements of this machine, printed as JSON. Benchmarks measure, tests check."""
