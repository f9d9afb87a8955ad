"""Chinese reviews by the kind of goods: convolutions and attention over the words."""

import dataclasses
import functools

from zoo import data
from zoo.recipes import classify_reviews_zh
from zoo.recipes.procedure import READS_TRADITIONAL
from zoo.text import simplified

# The numbers of the other reader of these reviews, where validation asked for no others.
RECIPE = dataclasses.replace(
    classify_reviews_zh.RECIPE,
    texts=lambda data_dir: (
        data.shopping_zh("train", "goods", data_dir),
        data.shopping_zh("val", "goods", data_dir),
    ),
    labels=tuple("书籍 平板 手机 水果 洗发水 热水器 蒙牛 衣服 计算机 酒店".split()),
    tokenizer={"vocab_size": 16000, "character_coverage": 0.9995, "replaced": simplified()},
    model=functools.partial(classify_reviews_zh.RECIPE.model, filters=100, embedding_dropout=0.4),
    subword_sampling=0.8,
)

EXAMPLES = classify_reviews_zh.EXAMPLES

CARD = {
    "title": "Chinese reviews by the kind of goods: convolutions and attention over the words",
    "purpose": "Says which of ten kinds of goods a review in Chinese is about; "
    "a text about anything else is given one of the ten, too.",
    "data": {"shopping_zh": "training split, 53,772 reviews of ten kinds of goods; kind of goods"},
    "command": "zoo train classify_goods_zh",
    "minutes": 4.6,
    "machine": "two cores of an AMD EPYC, other work on both",
    "ablations": [READS_TRADITIONAL],
    "limitations": [
        "Telephones are often taken for tablets: `手机很卡，电池一天要充三次` (the telephone is "
        "slow and must be charged three times a day) is called 平板, with 0.99.",
        "A review that names nothing (`还行吧，一般般`, it is all right) is called 平板 or 衣服.",
    ],
}
