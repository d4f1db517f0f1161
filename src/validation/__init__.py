"""Cross-validation: fold results, the folds still to be trained, `train_fold`, `run` and the runners."""
