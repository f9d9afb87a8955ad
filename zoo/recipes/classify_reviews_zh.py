"""Chinese reviews of goods, good or bad: convolutions and attention over the words."""

import functools

from zoo import data
from zoo.models import TextClassifier
from zoo.recipes.classification import ClassificationRecipe
from zoo.recipes.procedure import READS_TRADITIONAL
from zoo.text import simplified

RECIPE = ClassificationRecipe(
    texts=lambda data_dir: (
        data.shopping_zh("train", "polarity", data_dir),
        data.shopping_zh("val", "polarity", data_dir),
    ),
    labels=(
        "差评",
        "好评",
    ),
    # The rarest characters are spelled in bytes.
    tokenizer={"vocab_size": 8000, "character_coverage": 0.9995, "replaced": simplified()},
    model=functools.partial(
        TextClassifier,
        model_dim=128,
        filters=64,
        kernel_sizes=(1, 2, 3),
        embedding_dropout=0.3,
        dropout=0.5,
    ),
    steps=1680,  # of 128 reviews: four passes over 53,772
    batch_size=128,
    label_smoothing=0.05,
    subword_sampling=0.5,
    interval=420,
)

EXAMPLES = (
    "质量很好，下次还会买。",
    "快递太慢，衣服还有破洞，不推荐。",
    "酒店房间干净，早餐也不错，就是隔音差一点。",
    "苹果都烂了，客服也不理人。",
    "手机很卡，电池一天要充三次。",
    "书的内容很精彩，一口气读完了。",
    "还行吧，一般般。",
    "洗了两次头发就掉得厉害，再也不买了。",
    "屏幕清晰，孩子上网课够用了。",
    "这水果，呵呵，谁买谁知道。",
)

CARD = {
    "title": "Chinese reviews, good or bad: convolutions and attention over the words",
    "purpose": "For reviews of goods and hotels in Chinese; "
    "not for film reviews, news or irony, nor for anything that matters.",
    "data": {"shopping_zh": "training split, 53,772 reviews of ten kinds of goods; polarity"},
    "command": "zoo train classify_reviews_zh",
    "minutes": 3.5,
    "machine": "two cores of an AMD EPYC, other work on both",
    "ablations": [READS_TRADITIONAL],
    "limitations": [
        "Short praise of books: `书的内容很精彩` (the book is brilliant) is called bad, with 0.95; "
        "in a longer sentence it is called good.",
        "There is no neutral label: `还行吧，一般般` (it is all right) is called good, with 0.80.",
    ],
}
