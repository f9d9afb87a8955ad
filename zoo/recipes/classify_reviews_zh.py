"""Chinese reviews of goods, good or bad: convolutions and attention over the words."""

from zoo import data
from zoo.models import TextClassifier
from zoo.recipes.classification import ClassificationRecipe

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
    tokenizer={"vocab_size": 8000, "character_coverage": 0.9995},
    model=lambda vocab_size, num_labels: TextClassifier(
        vocab_size,
        num_labels,
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
