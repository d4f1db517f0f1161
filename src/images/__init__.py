"""What is done to images: augmentation, test-time augmentation, centring as in MNIST, lines of digits, drawn digits."""
