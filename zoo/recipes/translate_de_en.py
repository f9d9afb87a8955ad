"""German to English: a Transformer on Multi30k, and on English captions translated back."""

import functools

from zoo import data
from zoo.models import Transformer
from zoo.recipes.translation import TranslationRecipe


def pairs(data_dir):
    """Captions twice, since two in three pairs shall be what people wrote on both sides."""
    captions = data.clean(data.multi30k("train", "de", "en", data_dir))
    return captions * 2, data.multi30k("val", "de", "en", data_dir)


model = functools.partial(
    Transformer,
    num_encoder_layers=3,
    num_decoder_layers=3,
    model_dim=256,
    num_heads=4,
    ff_dim=512,
    dropout=0.3,  # high: every pair is seen fifty times
    share_embeddings=True,
)


RECIPE = TranslationRecipe(
    pairs=pairs,
    source_language="de",
    vocab_size=5000,  # one for both languages; a smaller output layer is a faster step
    model=model,
    batch_tokens=8192,
    subword_sampling=0.3,  # a word in other pieces each time: as good as more data
    steps=8000,  # about 50 passes over 29,000 pairs
    interval=500,
    back_translated={"flickr8k_english": 1},
    reverse={
        "steps": 2500,
        "model": functools.partial(model, dropout=0.2),
    },
)

CARD = {
    "title": "German to English, Transformer encoder-decoder",
    "purpose": "For sentences that describe photographs, which is what it was trained on; for "
    "learning, comparing and testing. Not for news, letters or anything that matters.",
    "data": {
        "multi30k": "training split, 29,000 pairs, both languages",
        "flickr8k": "27,275 English captions of the training split, translated to German by a "
        "model of the other direction (`zoo train translate_de_en --reverse`, trained on the same "
        "pairs); photographs that Multi30k evaluates on are left out",
    },
    "command": "zoo train translate_de_en --pack DIR; KERAS_BACKEND=jax python -m zoo.training "
    "DIR; zoo train translate_de_en --weights DIR",
    "minutes": 4.4,
    "machine": "one NVIDIA H200, shared with six other trainings, Keras on JAX",
    "published": [
        {
            "system": "Transformer, 9.0 M parameters",
            "corpus": "multi30k test_2016_flickr de-en",
            "measure": "literature_bleu",
            "score": 36.5,
            "origin": "bentrevett/pytorch-seq2seq (lower-cased tokens by spaCy)",
        },
    ],
    "helped": [
        "Figures are BLEU on the validation split, cased, by beam search. Ten passes with Muon: "
        "41.0. 45 passes with Adam, dropout 0.3 and subword sampling: 43.6. Besides, captions "
        "translated back: 43.9, and the loss fell from 1.44 to 1.34 nats. R-Drop (its weight 2.5, "
        "dropout 0.2, 3,500 steps), by greedy search: 41.9, where dropout 0.3 alone in the same "
        "time had 42.2.",
    ],
    "faults": [
        "Everyday language: there is none in its training data. `Ich habe gestern meinen Schlüssel "
        "im Büro vergessen.` becomes `It has a bowl in the office.`, and so fluently that it may "
        "be believed.",
        "Rare words are replaced by common ones or spelled into words that do not exist: cotton "
        "(*Baumwolle*) becomes trees.",
        "A relative clause comes apart: a child that holds up something the people in the picture "
        "are proud of `holds up something to people on the image`.",
    ],
}
