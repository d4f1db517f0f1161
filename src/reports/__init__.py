"""HTML reports: data, comparison of experiments, errors."""
