"""Self-attention over the cells of a grid of features."""

import keras
from keras import ops

from zoo.layers.adapted import Adaptable
from zoo.layers.multi_head_attention import MultiHeadAttention


@keras.saving.register_keras_serializable(package="zoo")
class SelfAttention2D(Adaptable, keras.layers.Layer):
    """Lets each cell of a grid look at all cells, where a convolution sees its neighbours alone.

    `y = x + gamma · attention(x)`, with gamma a learned number that begins at 0: at first the layer
    changes nothing, and the network leans on convolutions until looking further pays.

    Args:
        num_heads: number of heads, H.
        key_dim: width of one head. Default: an eighth of the channels, at least 1, as in the paper.

    Call arguments:
        x: float (B, h, w, C), with h and w fixed.
        return_attention_scores: whether the weights are returned, too.

    Returns:
        (B, h, w, C); with `return_attention_scores` also the weights (B, H, S, S), S = h·w, where
        cell s stands in row s // w and column s % w.

    Raises:
        ValueError: a number below 1, or `x` of another rank.

    Reference:
        Zhang et al. 2019, Self-Attention Generative Adversarial Networks, equations 1 to 3. The
        1x1 convolutions f, g, h and v are the query, key, value and output of
        `zoo.layers.MultiHeadAttention` (f and g change places), which divides the scores by the
        root of `key_dim`; the paper does not.
    """

    def __init__(self, num_heads=1, key_dim=None, **kwargs):
        super().__init__(**kwargs)
        for name, number in (("num_heads", num_heads), ("key_dim", key_dim)):
            if number is not None and number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        self.num_heads = int(num_heads)
        self.key_dim = None if key_dim is None else int(key_dim)

    def build(self, x_shape):
        _check_rank(x_shape)
        channels = x_shape[-1]
        key_dim = self.key_dim or max(1, channels // 8)
        self.attention = MultiHeadAttention(
            self.num_heads, key_dim, use_bias=False, name="attention", dtype=self.dtype_policy
        )
        self.attention.build((None, None, channels), (None, None, channels))
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="zeros")
        self.built = True

    def call(self, x, return_attention_scores=False):
        _check_rank(x.shape)
        _, height, width, channels = x.shape
        cells = ops.reshape(x, (-1, height * width, channels))
        found, weights = self.attention(cells, cells, return_attention_scores=True)
        gamma = ops.cast(self.gamma, x.dtype)
        y = x + gamma * ops.reshape(found, (-1, height, width, channels))
        return (y, weights) if return_attention_scores else y

    def compute_output_shape(self, x_shape):
        return x_shape

    def get_config(self):
        return {**super().get_config(), "num_heads": self.num_heads, "key_dim": self.key_dim}


def _check_rank(shape):
    if len(shape) != 4:
        raise ValueError(
            f"x must have rank 4 (batch, height, width, channels); got shape {tuple(shape)}."
        )
