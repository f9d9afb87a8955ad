"""Chinese questions that ask for the same: words compared through attention."""

import functools

from zoo import data
from zoo.models import CompareAggregate
from zoo.recipes.matching import MatchingRecipe

RECIPE = MatchingRecipe(
    pairs=lambda data_dir: (data.atec("train", data_dir), data.atec("val", data_dir)),
    more=lambda data_dir: [text for text, _ in data.shopping_zh("train", data_dir=data_dir)],
    tokenizer={"vocab_size": 4000, "character_coverage": 0.9995},
    model=functools.partial(
        CompareAggregate,
        hidden_dim=96,
        kernel_sizes=(1, 2, 3),
        embedding_dropout=0.3,
        dropout=0.3,
    ),
    steps=3650,  # seven passes
    batch_size=64,
    peak=1e-3,
    warmup=200,
    interval=521,
)
