"""Plays in the manner of Shakespeare, by character: a decoder-only Transformer."""

from zoo import data
from zoo.models import TransformerLM
from zoo.recipes.generation import GenerationRecipe

RECIPE = GenerationRecipe(
    texts=lambda data_dir: (
        data.tiny_shakespeare("train", data_dir),
        data.tiny_shakespeare("val", data_dir),
    ),
    tokenizer={"vocab_size": 400, "model_type": "char"},  # 65 characters, and the 260 fixed tokens
    model=lambda vocab_size: TransformerLM(
        vocab_size,
        context_length=256,
        num_layers=4,
        model_dim=192,
        num_heads=3,  # few and wide: attention weights cost more than products here
        ff_dim=768,
        dropout=0.05,  # seven passes are too few to overfit at this size
    ),
    steps=1800,  # about 7 passes over a million characters
    decoding={"max_new_tokens": 400, "temperature": 0.8, "top_p": 0.95},
)
