"""Plays in the manner of Shakespeare, by character: a decoder-only Transformer."""

import functools

from zoo import data
from zoo.models import TransformerLM
from zoo.recipes.generation import GenerationRecipe

RECIPE = GenerationRecipe(
    texts=lambda data_dir: (
        data.tiny_shakespeare("train", data_dir),
        data.tiny_shakespeare("val", data_dir),
    ),
    tokenizer={"vocab_size": 400, "model_type": "char"},  # 65 characters, and the 260 fixed tokens
    model=functools.partial(
        TransformerLM,
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

EXAMPLES = ("ROMEO:\n", "KING RICHARD III:\nNow is the winter", "First Citizen:\n", "")

_WINDOWS = "mean over random windows of 256 characters"

CARD = {
    "title": "Plays in the manner of Shakespeare, decoder-only Transformer on characters",
    "purpose": "It writes scenes that look and sound like the plays; for learning, for fun and for "
    "comparing language models. It knows no plot and no facts. Its 1.4424 nats per character are "
    "the mean over the whole text, where every character has at least 127 before it, the first "
    "windows aside; in random windows of 256, as others measure, whose first characters have "
    "little before them, it has 1.4635.",
    "data": {"tiny_shakespeare": "the first 90 % of its characters"},
    "command": "TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 zoo train generate_shakespeare",
    "minutes": 60,
    "machine": "one of the two cores of an AMD EPYC (Zen 3), other work on both. The first 1,400 "
    "steps followed a schedule of 2,200, the others that of 1,800",
    "published": [
        {
            "system": "nanoGPT, 10.6 M parameters, best validation loss on a GPU (A100)",
            "corpus": "tiny_shakespeare val",
            "measure": "nats_per_character",
            "score": 1.4697,
            "origin": f"karpathy/nanoGPT, README ({_WINDOWS})",
        },
        {
            "system": "codeby-hp, 10.7 M parameters",
            "corpus": "tiny_shakespeare val",
            "measure": "nats_per_character",
            "score": 1.4646,
            "origin": f"codeby-hp ({_WINDOWS})",
        },
        {
            "system": "generate_shakespeare by the protocol of these two",
            "corpus": "tiny_shakespeare val",
            "measure": "nats_per_character",
            "score": 1.4635,
            "origin": f"as its training reported it ({_WINDOWS})",
        },
    ],
    "ablations": [
        "Muon for the matrices of the blocks: in scripts/shakespeare_in_three_minutes.py 1.683 "
        "nats per character, with AdamW in its place, all else equal, 1.788.",
        "More passes at a small size: the loss of the windows fell from 1.993 after 200 steps to "
        "1.503 after 1,200 and 1.464 after 1,800, with dropout 0.05 and no sign of overfitting.",
    ],
    "limitations": [
        "Sentences fall apart after a line or two: words are real, what they say is not.",
        "Speakers come and go without a reason, and may answer themselves.",
        "Characters that are not in the plays (`é`, `猫`) were never seen in training; what "
        "follows them is a guess.",
    ],
}
