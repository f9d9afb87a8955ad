"""French to English: a Transformer on everyday sentences and captions.

Its reverse writes French for `translate_fr_de`.
"""

from zoo import data
from zoo.recipes import translate_de_en
from zoo.recipes.translation import TranslationRecipe


def pairs(data_dir):
    """Everyday sentences once, captions three times."""
    held_out = data.evaluation_pairs(data_dir)
    train = data.clean(data.tatoeba("train", "fr", "en", data_dir), held_out=held_out, report=print)
    captions = data.multi30k("train", "fr", "en", data_dir)
    train += 3 * data.clean(captions, held_out=held_out, report=print)
    valid = data.tatoeba("val", "fr", "en", data_dir) + data.multi30k("val", "fr", "en", data_dir)
    return train, valid


RECIPE = TranslationRecipe(
    pairs=pairs,
    source_language="fr",
    vocab_size=8000,  # one for both languages
    model=translate_de_en.model,
    batch_tokens=8192,
    subword_sampling=0.2,
    steps=10_000,
    interval=1000,
    reverse=translate_de_en.RECIPE.reverse,
)

CARD = {
    "title": "French to English, Transformer encoder-decoder, everyday language",
    "purpose": "For everyday sentences and descriptions of photographs; its reverse writes French "
    "for `translate_fr_de`.",
    "data": {
        "tatoeba": "training split, 143,793 French-English pairs",
        "multi30k": "training split, 28,980 pairs, three times as often",
    },
    "command": "zoo train translate_fr_en",
}
