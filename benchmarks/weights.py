"""Random weights under the zoo's names, the same in every process; peers that can take them do."""

from typing import NamedTuple

import numpy as np


class Sizes(NamedTuple):
    """A model and its work: `encoder` and `decoder` blocks, `source` tokens in, `new` ones out."""

    vocabulary: int
    encoder: int
    decoder: int
    width: int
    heads: int
    inner: int
    source: int
    new: int


SIZES = {
    "encoder-decoder": Sizes(8000, 4, 4, 256, 4, 1024, source=20, new=40),
    "decoder-only": Sizes(128, 0, 6, 384, 6, 1536, source=4, new=256),
    "opus encoder-decoder": Sizes(65_000, 6, 6, 512, 8, 2048, source=20, new=40),
    "tiny encoder-decoder": Sizes(50, 2, 2, 16, 2, 32, source=5, new=12),
    "tiny decoder-only": Sizes(50, 0, 2, 16, 2, 32, source=4, new=12),
}
UNKNOWN, START, END = 1, 2, 3


def sources(kind, batch):
    """Token ids int32 (B, S); a decoder-only model reads them as a prompt."""
    size = SIZES[kind]
    ids = np.random.default_rng(1).integers(END + 1, size.vocabulary, (batch, size.source), "int32")
    if not size.encoder:
        ids[:, 0] = START
    return ids


def weights(kind):
    """Weights of the zoo's model of a kind, drawn so that its answers do not repeat one token.

    Returns:
        dict of path -> float32 array, such as "decoder_0/feed_forward/inner/kernel" (D, F).
    """
    size, found = SIZES[kind], {}
    rng = np.random.default_rng(0)
    dim, inner = size.width, size.inner

    def normal(name, mean, deviation, *shape):
        found[name] = rng.normal(mean, deviation, shape).astype("float32")

    def dense(name, rows, columns, gain=1.0, bias=0.0):
        normal(f"{name}/kernel", 0, gain / np.sqrt(rows), rows, columns)
        normal(f"{name}/bias", bias, 0.1, columns)

    def norm(name):
        normal(f"{name}/gamma", 1, 0.1, dim)
        normal(f"{name}/beta", 0, 0.1, dim)

    def blocks(name, count, *attentions):
        for block in (f"{name}_{i}" for i in range(count)):
            for attention in attentions:
                norm(f"{block}/{attention}_norm")
                for part in ("query", "key", "value"):
                    dense(f"{block}/{attention}/{part}", dim, dim)
                dense(f"{block}/{attention}/output", dim, dim, gain=2.0)
            norm(f"{block}/feed_forward_norm")
            dense(
                f"{block}/feed_forward/inner", dim, inner, gain=2.0, bias=-2.0
            )  # few active, and so others each time
            dense(f"{block}/feed_forward/outer", inner, dim, gain=16.0)

    if size.encoder:
        blocks("encoder", size.encoder, "attention")
        blocks("decoder", size.decoder, "self_attention", "memory_attention")
        norm("encoder_norm")
        norm("decoder_norm")
        normal("target_embedding/table", 0, 1 / np.sqrt(dim), size.vocabulary, dim)
    else:
        blocks("block", size.decoder, "self_attention")
        norm("norm")
        normal("embedding/table", 0, 1 / np.sqrt(dim), size.vocabulary, dim)
    return found
