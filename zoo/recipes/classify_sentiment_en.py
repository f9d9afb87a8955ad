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
    r_drop_alpha=2.0,  # two passes with other dropout agree
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

CARD = {
    "title": "Sentences of English film reviews, positive or negative: five networks and naive "
    "Bayes",
    "purpose": "Says of an English sentence about a film whether it is positive or negative, how "
    "sure that is, and at which words the networks looked. There is no neutral; what is not about "
    "films is judged by the same words.",
    "data": {
        "sst2": "train, 6,920 sentences; val for the choice of all numbers and the probabilities",
        "tatoeba": "English sentences of the German-English train: vectors of words alone",
        "trec_questions": "train: vectors of words alone",
        "self_dialogue": "vectors of words alone",
        "docs_zh_en": "English side of train: vectors of words alone",
        "scifi": "train: vectors of words alone",
    },
    "command": "zoo train classify_sentiment_en",
    "minutes": 20,
    "machine": "two cores of an AMD EPYC that were busy with other work",
    "published": [
        {
            "system": system,
            "corpus": "sst2 test",
            "measure": "accuracy",
            "score": score,
            "origin": f"Kim 2014, table 2{protocol}",
        }
        for system, score, protocol in (
            ("CNN on words, random vectors", 0.827, ", which learned from the phrases, too"),
            ("CNN on words, vectors of 100 billion words", 0.872, ", likewise"),
        )
    ],
    "ablations": [
        "On validation: one network from random vectors has an accuracy of 0.78 to 0.81, five of "
        "them together 0.821, naive Bayes of the tokens alone 0.819, both together 0.830. One "
        "network that begins with vectors counted in other English text has 0.811 where the same "
        "from random ones has 0.802; five of those 0.817, with naive Bayes 0.829.",
        "Pairs of tokens in naive Bayes gave 0.822 in place of 0.818.",
    ],
    "limitations": [
        "It weighs words more than their order: `Not bad at all, and at times very funny.` and `I "
        "laughed, I cried, I would watch it again.` are negative to it.",
        "It never saw neutral sentences, and is forced to choose.",
        "Its evidence is words of film reviews: `The food was cold` says little to it.",
    ],
}
