"""Photographs: read, prepared, and seen by a network."""

from zoo.vision.augment import augment
from zoo.vision.efficientnet_lite import efficientnet_lite0, load_unfolded
from zoo.vision.images import decode, decode_batch, read
from zoo.vision.patches import patch_encoder

__all__ = [
    "augment",
    "decode",
    "decode_batch",
    "efficientnet_lite0",
    "load_unfolded",
    "patch_encoder",
    "read",
]
