"""Sentences of English film reviews, positive or negative: five networks and naive Bayes."""

import functools

from zoo import data
from zoo.recipes.classification import ClassificationRecipe, ensemble
from zoo.recipes.match_answers import english

RECIPE = ClassificationRecipe(
    texts=lambda data_dir: (data.sst2("train", data_dir), data.sst2("val", data_dir)),
    labels=("negative", "positive"),
    tokenizer={"vocab_size": 5000, "lowercase": True},
    model=functools.partial(
        ensemble,
        members=5,
        naive_bayes_weight=0.3,
        model_dim=64,
        filters=100,
        kernel_sizes=(1, 2, 3),
        embedding_dropout=0.4,
        dropout=0.5,
    ),
    steps=864,  # each member sees the 6,920 sentences eight times
    batch_size=320,  # 64 for each member
    max_length=64,
    label_smoothing=0.05,
    consistency=2.0,  # two passes with other dropout agree
    subword_sampling=0.3,
    interval=108,
    more=english,
)
EXAMPLES = (
    "A moving film with a wonderful cast.",
    "Two hours of my life that I will never get back.",
    "Not bad at all, and at times very funny.",
    "The plot makes no sense, but who cares when the songs are this good?",
    "It tries hard to be clever and ends up being dull.",
    "I laughed, I cried, I would watch it again.",
    "THE WORST SEQUEL I HAVE EVER SEEN",
    "The food was cold and the waiter was rude.",
)
