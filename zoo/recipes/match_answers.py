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
