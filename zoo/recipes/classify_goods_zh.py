"""Chinese reviews by the kind of goods: convolutions and attention over the words."""

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
    model=lambda vocab_size, num_labels: TextClassifier(
        vocab_size,
        num_labels,
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
