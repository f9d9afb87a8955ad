"""Prose in the manner of early science fiction, by subword: a decoder-only Transformer."""

import functools

from zoo import data
from zoo.models import TransformerLM
from zoo.recipes.generation import GenerationRecipe

RECIPE = GenerationRecipe(
    texts=lambda data_dir: (data.scifi("train", data_dir), data.scifi("val", data_dir)),
    tokenizer={"vocab_size": 4000},
    model=functools.partial(
        TransformerLM,
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

EXAMPLES = (
    "The machine",
    "I looked up at the sky, and",
    "“My dear Professor,” said",
    "",
)

CARD = {
    "title": "Prose in the manner of early science fiction, decoder-only Transformer on subwords",
    "purpose": "It goes on with a sentence in the voice of Wells, Verne, Burroughs and Shelley; "
    "for learning, for fun and for comparing language models. It knows no facts.",
    "data": {"scifi": "seven novels, without the last thirtieth of each; never The Time Machine"},
    "command": "TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 zoo train generate_scifi",
    "minutes": 17,
    "machine": "one of the two cores of an AMD EPYC (Zen 3), other work on the other",
    "published": [
        {
            "system": "LSTM with attention over its past, 1.4 M, the same steps and tokens",
            "corpus": "scifi test",
            "measure": "bits_per_byte",
            "score": 1.7957,
            "origin": "scripts/lstm_baseline.py",
        },
    ],
    "limitations": [
        "It read the novels two and a half times, and the validation loss was still falling.",
        "A sentence is mostly grammatical, a paragraph tells nothing.",
        "The vocabulary of eight old novels: no word that is younger than 1920.",
    ],
}
