"""HTML reports and plots: the data, comparison of experiments, errors of a model, rows, submissions."""
