"""What is fitted: Keras networks, scikit-learn pipelines, and classifiers, which are fitted models."""
