"""Photographs to English: a Transformer decoder over EfficientNet features, on Flickr8k."""

from zoo.models import CaptionTransformer
from zoo.recipes.captioning import CaptioningRecipe

RECIPE = CaptioningRecipe(
    language="en",
    tokenizer={
        "vocab_size": 2000
    },  # 260 of them fixed; the frequent words, and parts of the others
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
    decoding={"num_beams": 5, "max_new_tokens": 40},
)
