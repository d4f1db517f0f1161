"""What every room uses: facts of the competition, errors, where files live, atomic writes, progress, provenance, metrics."""
