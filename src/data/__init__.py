"""From CSV files to arrays and folds: download, sample, reading and checking, near duplicates, image statistics."""
