"""The plot of public scores over OOF accuracies."""

import pandas as pd
import pytest

from src.reports.submission_plots import plot_history


@pytest.mark.parametrize("public_scores", [[0.997, 0.998, None], [None, None, None]])
def test_submissions_with_and_without_scores_are_plotted(tmp_path, public_scores):
    columns = {"time": ["2024-05-01"] * 3, "oof_accuracy": [0.996, 0.997, 0.995], "public_score": public_scores}
    plot_history(
        pd.DataFrame(columns, dtype=object).astype({"oof_accuracy": float, "public_score": float}),
        tmp_path / "history.png",
    )
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
