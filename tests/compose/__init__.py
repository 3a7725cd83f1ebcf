"""compose.yaml and the image, on a real Docker engine."""
