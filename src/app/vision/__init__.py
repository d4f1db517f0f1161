"""From a picture to digits: decoding, ink, components, 28x28 images, recognition."""
