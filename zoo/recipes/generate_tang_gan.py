"""`generate_tang`, after a game against a discriminator of quatrains: SeqGAN."""

import functools

from zoo import data
from zoo.models import TextClassifier
from zoo.recipes.adversarial import AdversarialRecipe

RECIPE = AdversarialRecipe(
    start="generate_tang",
    texts=lambda data_dir: (
        data.quatrains("train", data_dir),
        data.quatrains("val", data_dir),
    ),
    model=functools.partial(
        TextClassifier,
        model_dim=64,
        filters=64,
        kernel_sizes=(2, 3, 4, 8),  # words of two and three characters; across a line's end
        attention_units=64,
        embedding_dropout=0.2,
        dropout=0.2,
    ),
    steps=200,
    warmup=250,
    verdicts=4,
)

# It is not shipped, docs/seqgan.md has its figures: what the discriminator cannot tell, it cannot
# teach. Of 2,000 held-out poems, half of them by generate_tang, one of this kind told 53 % rightly
# after three passes over 17,200 others. One that reads the hidden states of generate_tang in place
# of characters told 69 % rightly beside poems that generate_tang had learned from, and 62 % beside
# poems that it had never seen.
CARD = {
    "title": "Quatrains of seven-character lines, generate_tang after a game with a discriminator",
}
