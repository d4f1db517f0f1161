"""Kaggle's official client: download, submissions, training in a Kaggle notebook."""
