"""Ways to run `train_fold` on many arguments: one signature, (task, arguments) -> results as they finish."""
