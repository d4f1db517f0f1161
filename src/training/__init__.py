"""How it is fitted: trainers, which are recipes, for Keras on the CPU or on a GPU, for classical models, and distillation."""
