"""German to English: a Transformer on Multi30k, and on English captions translated back."""

from zoo import data
from zoo.models import Transformer
from zoo.recipes.translation import TranslationRecipe


def pairs(data_dir):
    """Captions twice, since two in three pairs shall be what people wrote on both sides."""
    captions = data.clean(data.multi30k("train", "de", "en", data_dir))
    return captions * 2, data.multi30k("val", "de", "en", data_dir)


def model(source, target, dropout=0.3):
    return Transformer(
        source,
        target,
        num_encoder_layers=3,
        num_decoder_layers=3,
        model_dim=256,
        num_heads=4,
        ff_dim=512,
        dropout=dropout,  # high: every pair is seen fifty times
        share_embeddings=True,
    )


RECIPE = TranslationRecipe(
    pairs=pairs,
    vocab_size=5000,  # one for both languages; a smaller output layer is a faster step
    model=model,
    batch_tokens=8192,
    subword_sampling=0.3,  # a word in other pieces each time: as good as more data
    steps=8000,  # about 50 passes over 29,000 pairs
    interval=500,
    back_translated={"flickr8k_english": 1},
    reverse={
        "steps": 2500,
        "model": lambda source, target: model(source, target, dropout=0.2),
    },
)

CARD = {
    "title": "German to English, Transformer encoder-decoder",
    "purpose": "For sentences that describe photographs, which is what it was trained on; for "
    "learning, comparing and testing. Not for news, letters or anything that matters.",
    "data": {"multi30k": "training split, 29,000 pairs, both languages"},
    "command": "TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 zoo train translate_de_en",
    "minutes": 77,
    "machine": "one of the two cores of an AMD EPYC (Zen 3), other work on the other",
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
        "Muon and dropout 0.2 in place of Adam and dropout 0.1, with the same ten passes: the loss "
        "of the validation split fell from 1.58 to 1.54 nats, and its BLEU on lower-cased tokens "
        "rose from 40.9 to 41.3. The test split does not show it: 40.1 before, 40.0 after.",
    ],
    "faults": [
        "Everyday language: there is none in its training data. `Ich habe gestern meinen Schlüssel "
        "im Büro vergessen.` becomes nonsense.",
        "Rare words are spelled into words that do not exist, or replaced by common ones: cotton "
        "(*Baumwolle*) becomes tree branches.",
        "A relative clause comes apart: what the people in the picture are proud of becomes "
        "`something that has up on the picture of the people`.",
    ],
}
