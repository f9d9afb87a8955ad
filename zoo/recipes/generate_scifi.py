"""Prose in the manner of early science fiction, by subword: a decoder-only Transformer."""

from zoo import data
from zoo.models import TransformerLM
from zoo.recipes.generation import GenerationRecipe

RECIPE = GenerationRecipe(
    texts=lambda data_dir: (data.scifi("train", data_dir), data.scifi("val", data_dir)),
    tokenizer={"vocab_size": 4000},
    model=lambda vocab_size: TransformerLM(
        vocab_size,
        context_length=256,
        num_layers=4,
        model_dim=192,
        num_heads=3,
        ff_dim=768,
        dropout=0.1,
    ),
    steps=900,  # about two and a half passes over 700,000 tokens
    batch_tokens=2048,  # small batches learn more from a pass, and passes are dear
    decoding={"max_new_tokens": 120, "temperature": 0.8, "top_p": 0.95},
)
