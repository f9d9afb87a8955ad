"""Sentences by how well they answer an English question: words compared through attention."""

import functools

from zoo import data
from zoo.models import CompareAggregate
from zoo.recipes.matching import MatchingRecipe


def english(data_dir):
    """English text of many kinds, for the vectors of words."""
    novels = (novel.split("\n") for novel in data.scifi("train", data_dir))
    return [
        *(english for _, english in data.tatoeba("train", "de", "en", data_dir)),
        *(question for question, _ in data.trec_questions("train", data_dir)),
        *data.self_dialogue("train", data_dir),
        *(english for _, english in data.docs_zh_en("train", data_dir=data_dir)),
        *(paragraph for novel in novels for paragraph in novel),
        *(sentence for sentence, _ in data.sst2("train", data_dir)),
    ]


RECIPE = MatchingRecipe(
    pairs=lambda data_dir: (
        data.wikiqa("train", data_dir) + data.trecqa("train", data_dir),
        data.wikiqa("val", data_dir),
    ),
    more=english,
    tokenizer={"vocab_size": 8000, "lowercase": True},
    model=functools.partial(
        CompareAggregate,
        hidden_dim=64,
        kernel_sizes=(1, 2, 3),
        train_embedding=False,
        embedding_dropout=0.3,
        dropout=0.4,
    ),
    steps=1080,
)
EXAMPLES = (
    "where do penguins live\nA penguin's wings are flippers.\nThey live almost only in the "
    "Southern Hemisphere, on Antarctica and its islands.\nPenguins eat krill, fish and squid.",
    "how tall is mount everest\nMount Everest attracts many climbers.\nIts peak is 8,848 metres "
    "above sea level.\nThe first ascent was in 1953 by Tenzing Norgay and Edmund Hillary.",
    "who wrote hamlet\nHamlet is a tragedy about a prince of Denmark.\nThe play was written by "
    "William Shakespeare around 1600.\nIt is the longest of his plays.",
    "when did the titanic sink\nThe Titanic was built in Belfast.\nIt sank in the North Atlantic "
    "on 15 April 1912.\nMore than 1,500 people died.",
    "what causes rainbows\nRainbows are often seen in spring.\nA rainbow is caused by light that "
    "is refracted in drops of water.\nNoah saw a rainbow after the flood.",
    "how many legs does a spider have\nSpiders have eight legs, and fangs that inject venom.\n"
    "Insects have six legs.\nMost spiders make webs.",
)
