"""Chinese questions that ask for the same: words compared through attention."""

import functools

from zoo import data
from zoo.models import CompareAggregate
from zoo.recipes.matching import MatchingRecipe
from zoo.recipes.procedure import READS_TRADITIONAL
from zoo.text import simplified

RECIPE = MatchingRecipe(
    pairs=lambda data_dir: (data.atec("train", data_dir), data.atec("val", data_dir)),
    more=lambda data_dir: [text for text, _ in data.shopping_zh("train", data_dir=data_dir)],
    tokenizer={
        "vocab_size": 2500,
        "character_coverage": 0.9995,
        "replaced": simplified(),
        "model_type": "char",
    },
    model=functools.partial(
        CompareAggregate,
        hidden_dim=96,
        kernel_sizes=(1, 2, 3),
        embedding_dropout=0.3,
        dropout=0.3,
    ),
    steps=2600,  # five passes
    batch_size=64,
    peak=1.5e-3,
    warmup=200,
    interval=520,
)
EXAMPLES = (
    "花呗怎么还款\n如何还花呗\n花呗额度怎么提高\n借呗怎么还款",
    "为什么我不能用花呗\n花呗为啥用不了\n我想关闭花呗\n花呗什么时候还款",
    "怎么关闭借呗\n借呗怎么关掉\n借呗怎么开通\n怎么关闭花呗",
)

CARD = {
    "title": "Chinese questions that ask for the same: words compared through attention",
    "purpose": "Says whether two questions to a payment service ask for the same, and draws which "
    "of their characters look at each other. It was taught on questions about two services alone.",
    "data": {
        "atec": "train; val for the choice of all numbers and of the threshold",
        "shopping_zh": "train: vectors of characters alone",
    },
    "command": "zoo train match_questions_zh",
    "minutes": 4.8,
    "machine": "two cores of an AMD EPYC, shared with others",
    "ablations": [READS_TRADITIONAL],
    "limitations": [
        "Six in ten of the pairs that it calls equal are not (on the test, precision 0.40, recall "
        "0.72): questions about one service look alike to it, whatever they ask.",
    ],
}
