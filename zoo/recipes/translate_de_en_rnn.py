"""German to English: GRUs with additive attention on Multi30k."""

import functools

from zoo import data
from zoo.models import RNNSearch
from zoo.recipes.translation import TranslationRecipe

RECIPE = TranslationRecipe(
    pairs=lambda data_dir: (
        data.clean(data.multi30k("train", "de", "en", data_dir)),
        data.multi30k("val", "de", "en", data_dir),
    ),
    source_language="de",
    vocab_size=5000,  # as translate_de_en, so that only the architecture differs
    model=functools.partial(
        RNNSearch,
        num_encoder_layers=1,
        model_dim=256,
        units=512,
        attention_units=256,
        cell="gru",
        dropout=0.2,
        share_embeddings=True,
    ),
    steps=2000,  # about 7 passes over 29,000 pairs
    peak=1.5e-3,
    warmup=200,
)

CARD = {
    "title": "German to English, GRU encoder-decoder with additive attention",
    "purpose": "The model of Bahdanau et al. in small, to set beside `translate_de_en`: the same "
    "data and vocabulary size, another architecture. For sentences that describe photographs.",
    "data": {"multi30k": "training split, 29,000 pairs, both languages"},
    "command": "TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 zoo train translate_de_en_rnn",
    "minutes": 32,
    "machine": "one of the two cores of an AMD EPYC (Zen 4), another training on the other",
    "published": [
        {
            "system": "GRU with attention, 20.5 M parameters",
            "corpus": "multi30k test_2016_flickr de-en",
            "measure": "literature_bleu",
            "score": 28.1,
            "origin": "bentrevett/pytorch-seq2seq (lower-cased tokens by spaCy)",
        },
    ],
    "faults": [
        "Everyday language: there is none in its training data; it falls back on `This is a ...`, "
        "and on photographs.",
        "It repeats itself where it is lost: `standing in line to each other in lines`.",
        "Rare words are replaced by common ones: maroon (*kastanienbraun*) becomes white.",
    ],
}
