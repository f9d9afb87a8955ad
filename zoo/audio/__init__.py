"""Recordings to log-mel frames, in a TensorFlow graph; `zoo.lite.audio` does it in numpy."""

from zoo.audio.frames import frames_of_files, log_mel

__all__ = ["frames_of_files", "log_mel"]
