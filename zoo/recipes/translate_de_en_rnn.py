"""German to English: GRUs with additive attention, on what `translate_de_en` was trained on."""

import dataclasses
import functools

from zoo.models import RNNSearch
from zoo.recipes import translate_de_en

RECIPE = dataclasses.replace(
    translate_de_en.RECIPE,  # so that the architecture alone differs
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
    peak=1.5e-3,
    steps=8_000,
)

CARD = {
    "title": "German to English, GRU encoder-decoder with additive attention, everyday language",
    "purpose": "The model of Bahdanau et al. in small, to set beside `translate_de_en`: the same "
    "pairs, the same vocabulary, another architecture.",
    "data": translate_de_en.CARD["data"],
    "command": "zoo train translate_de_en --reverse; zoo train translate_de_en_rnn --pack DIR; "
    "KERAS_BACKEND=jax python -m zoo.training DIR; zoo train translate_de_en_rnn --weights DIR",
    "minutes": 7.9,
    "machine": "one NVIDIA H200, shared with five other trainings, Keras on JAX",
    "published": [
        {
            "system": "GRU with attention, 20.5 M parameters",
            "corpus": "multi30k test_2016_flickr de-en",
            "measure": "literature_bleu",
            "score": 28.1,
            "origin": "bentrevett/pytorch-seq2seq (lower-cased tokens by spaCy)",
        },
    ],
    "ablations": [
        "In the same eight minutes it makes 8,000 steps and the Transformer 20,000, on the same "
        "batches: it has seen each pair four times in ten as often.",
        "Tried and left out: 1,800 more steps (87 minutes on two cores, beside other work) on what "
        "the Transformer answers to the German that people wrote (Kim and Rush 2016, "
        "sequence-level distillation). On parts of the validation splits BLEU went from 40.1 to "
        "40.8 (Tatoeba), from 39.2 to 38.5 (captions), from 40.6 to 39.8 (conversations) and from "
        "50.9 to 46.3 (customers); the mean of both weights 40.6, 38.8, 40.5 and 49.9. Nor did "
        "another length penalty (0.6: 39.7; 1.4: 39.1 on Tatoeba) or ten beams (40.3) bring it "
        "nearer to the Transformer.",
    ],
    "limitations": [
        "A part of the sentence is lost: *Meine Schwester hat nächsten Freitag Geburtstag.* "
        "becomes `My sister has next Friday.`",
        "Fixed expressions are taken word by word: *wie spät es ist* becomes `how late it is`.",
        "Rare words are left in German, or spelled into words that do not exist.",
    ],
}
