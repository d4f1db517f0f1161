"""Hyper-parameter search with Optuna, on a fixed inner split of fold 0's training rows."""
