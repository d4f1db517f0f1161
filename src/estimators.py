"""Classical pipelines of scikit-learn: one function each, over flattened pixels 0..255."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer


def logistic_pca(seed: int, num_components: int = 80) -> Pipeline:
    """Principal components and logistic regression: the linear baseline.

    Args:
        seed: of the randomised PCA.
        num_components: how many principal components are kept; 80 hold about nine tenths of the variance.
    """
    return make_pipeline(
        FunctionTransformer(_to_unit_scale), PCA(num_components, random_state=seed), LogisticRegression(max_iter=300)
    )


def _to_unit_scale(pixels: np.ndarray) -> np.ndarray:
    return pixels / 255.0
