"""From CSV files to arrays and folds: downloads, the embedded sample, near duplicates, folds, image statistics."""
