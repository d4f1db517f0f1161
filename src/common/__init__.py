"""What all packages use: facts of the competition, errors, paths, atomic writes, progress, provenance and metrics."""
