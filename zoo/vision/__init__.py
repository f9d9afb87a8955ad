"""Photographs: read, prepared, and seen by a network."""

from zoo.vision.augment import augment, hide_cells
from zoo.vision.efficientnet_lite import branched, divided, efficientnet_lite0, load_unfolded
from zoo.vision.images import decode, decode_batch, read
from zoo.vision.patches import patch_encoder

__all__ = [
    "augment",
    "branched",
    "decode",
    "decode_batch",
    "divided",
    "efficientnet_lite0",
    "hide_cells",
    "load_unfolded",
    "patch_encoder",
    "read",
]
