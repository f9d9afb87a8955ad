"""Photographs to English: Show, Attend and Tell on EfficientNet features, on Flickr8k."""

from zoo.models import ShowAttendTell
from zoo.recipes.captioning import CaptioningRecipe

RECIPE = CaptioningRecipe(
    language="en",
    tokenizer={"vocab_size": 2000},  # as caption_en, so that only the architecture differs
    model=lambda cells, width, vocab_size: ShowAttendTell(
        width,
        vocab_size,
        model_dim=192,
        units=256,
        attention_units=64,
        dropout=0.1,
        token_dropout=0.1,
        coverage=0.1,
    ),
    steps=724,  # 2 passes over the images, each with five captions
    decoding={"num_beams": 5, "max_new_tokens": 40},
)
