"""HTML reports and plots: the data, the comparison of experiments, the errors of a model, and the submissions."""
