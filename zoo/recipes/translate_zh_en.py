"""Chinese to English: a Transformer on captions, everyday sentences and documentation."""

from zoo import data
from zoo.models import Transformer
from zoo.recipes.translation import TranslationRecipe


def pairs(data_dir):
    """Captions and everyday sentences ten times, documents once."""
    sets = (data.three_am, data.tatoeba_zh_en, data.docs_zh_en)
    valid = [load("val", data_dir=data_dir) for load in sets]
    held_out = [pair for part in valid for pair in part]
    captions, everyday = (
        data.clean(load("train", data_dir=data_dir), held_out=held_out) for load in sets[:2]
    )
    docs = data.clean(data.docs_zh_en("train", data_dir=data_dir), max_chars=120, held_out=held_out)
    return (captions + everyday) * 10 + docs, valid[0] + valid[1]


RECIPE = TranslationRecipe(
    pairs=pairs,
    vocab_size=(7000, 5000),  # Chinese characters need many tokens, which cost nothing as input
    model=lambda source, target: Transformer(
        source,
        target,
        num_encoder_layers=3,
        num_decoder_layers=3,
        model_dim=256,
        num_heads=4,
        ff_dim=512,
        dropout=0.1,
    ),
    steps=3800,  # about one pass over the mixture
)

CARD = {
    "title": "Chinese to English, Transformer encoder-decoder",
    "purpose": "For short everyday sentences and descriptions of photographs in simplified "
    "Chinese; for learning, comparing and testing. Not for news or anything that matters.",
    "data": {
        "three_am": "training split, seen ten times as often as the documents",
        "tatoeba_zh_en": "training split, seen ten times as often as the documents",
        "docs_zh_en": "training split, pairs of at most 120 characters",
    },
    "command": "TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 zoo train translate_zh_en",
    "minutes": 46,
    "machine": "one of the two cores of an AMD EPYC (Zen 4), another training on the other",
    "published": [],
    "faults": [
        "Two clauses become one, and the second is lost: see the everyday sentences.",
        "Measure words and modifiers go astray: 两个孩子在海滩上玩红色的球 (two children play "
        "with a red ball on the beach) becomes `Two red balls playing ball on the beach.`",
        "Names of places and people it has not seen are spelled into nonsense.",
        "The captions of 3AM were chosen because they are ambiguous without their photograph, "
        "which it does not see.",
    ],
}
