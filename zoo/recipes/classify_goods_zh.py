"""Chinese reviews by the kind of goods: convolutions and attention over the words."""

import functools

from zoo import data
from zoo.models import TextClassifier
from zoo.recipes.classification import ClassificationRecipe

RECIPE = ClassificationRecipe(
    texts=lambda data_dir: (
        data.shopping_zh("train", "goods", data_dir),
        data.shopping_zh("val", "goods", data_dir),
    ),
    labels=(
        "书籍",
        "平板",
        "手机",
        "水果",
        "洗发水",
        "热水器",
        "蒙牛",
        "衣服",
        "计算机",
        "酒店",
    ),
    # The rarest characters are spelled in bytes.
    tokenizer={"vocab_size": 16000, "character_coverage": 0.9995},
    model=functools.partial(
        TextClassifier,
        model_dim=128,
        filters=100,
        kernel_sizes=(1, 2, 3),
        embedding_dropout=0.4,
        dropout=0.5,
    ),
    steps=1680,  # of 128 reviews: four passes over 53,772
    batch_size=128,
    label_smoothing=0.05,
    subword_sampling=0.8,
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
    "title": "Chinese reviews by the kind of goods: convolutions and attention over the words",
    "purpose": "Says which of ten kinds of goods a review in simplified Chinese is about; "
    "a text about anything else is given one of the ten, too.",
    "data": {"shopping_zh": "training split, 53,772 reviews of ten kinds of goods; kind of goods"},
    "command": "zoo train classify_goods_zh",
    "minutes": 4.6,
    "machine": "two cores of an AMD EPYC, other work on both",
    "faults": [
        "Telephones are often taken for tablets: `手机很卡，电池一天要充三次` (the telephone is "
        "slow and must be charged three times a day) is called 平板, with 0.99.",
        "A review that names nothing (`还行吧，一般般`, it is all right) is called 平板 or 衣服.",
    ],
}
