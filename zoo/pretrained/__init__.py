"""Public checkpoints as models of the zoo."""

from zoo.pretrained.families import FAMILIES, from_pretrained

__all__ = ["FAMILIES", "from_pretrained"]
