"""French to German: a Transformer on Multi30k and on software documentation."""

from zoo import data
from zoo.models import Transformer
from zoo.recipes.translation import TranslationRecipe


def pairs(data_dir):
    """Captions twelve times, since photographs are what the model is for; documents once.

    English captions of the same photographs stand six times beside the French ones: other words for
    the same German, of which the decoder learns more than of the same words again.
    """
    valid = data.multi30k("val", "fr", "de", data_dir)
    held_out = valid + data.docs_fr_de("val", data_dir=data_dir)
    held_out += data.multi30k("test_2016_flickr", "fr", "de", data_dir)
    captions = data.clean(data.multi30k("train", "fr", "de", data_dir), held_out=held_out)
    # Long help texts cost the most time and teach captions the least.
    docs = data.clean(data.docs_fr_de("train", data_dir=data_dir), max_chars=120, held_out=held_out)
    for split in ("val", "test_2016_flickr"):
        held_out += data.multi30k(split, "en", "de", data_dir)
    english = data.clean(data.multi30k("train", "en", "de", data_dir), held_out=held_out)
    return captions * 12 + docs + english * 6, valid


RECIPE = TranslationRecipe(
    pairs=pairs,
    vocab_size=7000,  # one for three languages
    model=lambda source, target: Transformer(
        source,
        target,
        num_encoder_layers=3,
        num_decoder_layers=3,
        model_dim=256,
        num_heads=4,
        ff_dim=512,
        dropout=0.3,  # high: every caption is seen sixty times
        share_embeddings=True,
    ),
    batch_tokens=8192,
    subword_sampling=0.3,  # a word in other pieces each time: as good as more data
    steps=10_000,  # about 5 passes over the mixture
    interval=500,
    decoding={"num_beams": 5, "length_penalty": 1.2},  # chosen on the validation split
)

CARD = {
    "title": "French to German, Transformer encoder-decoder",
    "purpose": "For sentences that describe photographs, and a little of the language of software "
    "manuals; for learning, comparing and testing. Not for news, letters or anything that matters.",
    "data": {
        "multi30k": "training split, 29,000 pairs, seen twelve times as often as the documents",
        "docs_fr_de": "training split, pairs of at most 120 characters",
    },
    "command": "TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 zoo train translate_fr_de",
    "minutes": 46,
    "machine": "one of the two cores of an AMD EPYC (Zen 4), another training on the other",
    "published": [
        {
            "system": "Marian in HF transformers, 6.07 M parameters, Multi30k alone, beam 5, "
            "30 minutes on 2 cores",
            "corpus": "multi30k test_2016_flickr fr-de",
            "measure": "bleu",
            "score": 34.6,
            "origin": "measured by this project",
        },
    ],
    "faults": [
        "Everyday language: there is none in its training data. `J'ai oublié d'acheter du lait ce "
        "matin.` becomes nonsense in the words of a software manual.",
        "Rare words are spelled into words that do not exist (`Urlakanen` for *vacances*).",
        "Long captions lose a part: `La fille avec la longue queue de cheval est prête à lancer "
        "le ballon à une autre joueuse sur le terrain.` ends after the throw.",
    ],
}
