"""Photographs to Chinese: the architecture of `caption_en`, on the Chinese captions of Flickr8k."""

from zoo.models import CaptionTransformer
from zoo.recipes.captioning import CaptioningRecipe

RECIPE = CaptioningRecipe(
    language="zh",
    # Characters, and the most frequent words; with more, whole phrases become tokens.
    tokenizer={"vocab_size": 2000, "character_coverage": 0.9995},
    model=lambda cells, width, vocab_size: CaptionTransformer(
        cells,
        width,
        vocab_size,
        num_layers=2,
        model_dim=192,
        num_heads=4,
        ff_dim=384,
        dropout=0.1,
        token_dropout=0.1,
    ),
    steps=1086,  # 3 passes over the images, each with five captions
    max_length=16,
    decoding={"num_beams": 5, "max_new_tokens": 40},
)
