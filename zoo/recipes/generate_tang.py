"""Quatrains of seven-character lines, by character: a decoder-only Transformer."""

from zoo import data
from zoo.models import TransformerLM
from zoo.recipes.generation import GenerationRecipe

RECIPE = GenerationRecipe(
    texts=lambda data_dir: (
        data.quatrains("train", data_dir),
        data.quatrains("val", data_dir),
    ),
    # The rarest third of the 8,000 characters makes a thousandth of the text: spelled in bytes.
    tokenizer={"vocab_size": 9000, "model_type": "char", "character_coverage": 0.999},
    model=lambda vocab_size: TransformerLM(
        vocab_size,
        context_length=64,  # a poem has 32 characters
        num_layers=4,
        model_dim=192,
        num_heads=3,
        ff_dim=768,
        dropout=0.0,  # a single pass cannot overfit
    ),
    steps=500,  # two thirds of a pass over 80,000 poems
    decoding={"max_new_tokens": 60, "temperature": 0.9, "top_p": 0.95},
    form={"line_length": 7, "marks": "，。，。"},
)
