"""How models are fitted: trainers, which are recipes, for Keras, for classical models, and distillation."""
