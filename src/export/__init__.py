"""Trained networks in other formats, and the network of the app."""
