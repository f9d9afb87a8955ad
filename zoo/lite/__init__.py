"""What runs without TensorFlow: subwords, image files, and the readers of LiteRT exports."""
