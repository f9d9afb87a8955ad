"""What no translator may be trained on: the sentences of every evaluation split, of all pairs."""

from zoo.data.everyday import bcontrast, tatoeba, xdailydialog
from zoo.data.translation import docs_fr_de, docs_zh_en, multi30k, tatoeba_zh_en, three_am


def evaluation_pairs(data_dir=None):
    """Every pair of every split that a translator is chosen or measured by, of all languages.

    An English sentence of one pair of languages stands in the test of another, so a training leaves
    out what any of them holds: `zoo.data.clean(pairs, held_out=evaluation_pairs())`.

    Args:
        data_dir: as for `multi30k`.

    Returns:
        list of pairs of str, in no direction that matters.
    """
    held_out = [
        pair
        for split in ("val", "test_2016_flickr")
        for target in ("de", "fr")
        for pair in multi30k(split, "en", target, data_dir)
    ]
    for split in ("val", "test"):
        for languages in (("de", "en"), ("fr", "de"), ("fr", "en")):
            held_out += tatoeba(split, *languages, data_dir)
        for target in ("de", "zh"):
            held_out += xdailydialog(split, "en", target, data_dir)
    held_out += bcontrast("val", data_dir=data_dir)
    for load in (three_am, tatoeba_zh_en, docs_zh_en, docs_fr_de):
        held_out += load("val", data_dir=data_dir)
    return held_out
