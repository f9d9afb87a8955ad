"""Sentences by how well they answer an English question: words compared through attention."""

import functools

from zoo import data
from zoo.recipes.matching import MatchingRecipe, comparers


def english(data_dir):
    """English text of many kinds, for the vectors of words."""
    novels = (novel.split("\n") for novel in data.scifi("train", data_dir))
    return [
        *(english for _, english in data.tatoeba("train", "de", "en", data_dir)),
        *(question for question, _ in data.trec_questions("train", data_dir)),
        *data.self_dialogue("train", data_dir),
        *(english for _, english in data.docs_zh_en("train", data_dir=data_dir)),
        *(paragraph for novel in novels for paragraph in novel),
        *(sentence for sentence, _ in data.sst2("train", data_dir)),
    ]


RECIPE = MatchingRecipe(
    pairs=lambda data_dir: (
        data.wikiqa("train", data_dir) + data.trecqa("train", data_dir),
        data.wikiqa("val", data_dir),
    ),
    more=english,
    tokenizer={"vocab_size": 8000, "lowercase": True},
    model=functools.partial(
        comparers,
        members=3,
        hidden_dim=64,
        kernel_sizes=(1, 2, 3),
        train_embedding=False,
        whole_query=True,
        embedding_dropout=0.3,
        dropout=0.4,
    ),
    steps=1080,
    batch_size=48,  # 16 for each member
)
EXAMPLES = (
    "where do penguins live\nA penguin's wings are flippers.\nThey live almost only in the "
    "Southern Hemisphere, on Antarctica and its islands.\nPenguins eat krill, fish and squid.",
    "how tall is mount everest\nMount Everest attracts many climbers.\nIts peak is 8,848 metres "
    "above sea level.\nThe first ascent was in 1953 by Tenzing Norgay and Edmund Hillary.",
    "who wrote hamlet\nHamlet is a tragedy about a prince of Denmark.\nThe play was written by "
    "William Shakespeare around 1600.\nIt is the longest of his plays.",
    "when did the titanic sink\nThe Titanic was built in Belfast.\nIt sank in the North Atlantic "
    "on 15 April 1912.\nMore than 1,500 people died.",
    "what causes rainbows\nRainbows are often seen in spring.\nA rainbow is caused by light that "
    "is refracted in drops of water.\nNoah saw a rainbow after the flood.",
    "how many legs does a spider have\nSpiders have eight legs, and fangs that inject venom.\n"
    "Insects have six legs.\nMost spiders make webs.",
)

CARD = {
    "title": "Sentences by how well they answer an English question: words compared through "
    "attention",
    "purpose": "Puts the sentences of an article in the order in which they answer a question, and "
    "draws what each word of the question looked at. It reads a sentence alone, without those "
    "around it. The score is the probability that a sentence of such an article answers; not for "
    "facts that the sentences do not hold.",
    "data": {
        "wikiqa": "train, and val for the choice of all numbers and of the probabilities",
        "trecqa": "train, the 93 questions judged by hand",
        "tatoeba": "English sentences of the German-English train: vectors of words alone",
        "trec_questions": "train: vectors of words alone",
        "self_dialogue": "vectors of words alone",
        "docs_zh_en": "English side of train: vectors of words alone",
        "scifi": "train: vectors of words alone",
        "sst2": "train: vectors of words alone",
    },
    "command": "zoo train match_answers",
    "minutes": 11,
    "machine": "two cores of an AMD EPYC, shared with others",
    "published": [
        {
            "system": f"{system}",
            "corpus": "wikiqa test",
            "measure": "map",
            "score": score,
            "origin": origin,
        }
        for system, score, origin in (
            ("MatchPyramid", 0.6434, "README of MatchZoo 1.0"),
            ("DRMM-TKS", 0.6586, "README of MatchZoo 1.0"),
            ("ABCNN, with vectors of much other text", 0.692, "Yin et al. 2016"),
            ("Compare-Aggregate, the same", 0.748, "Bian et al. 2017"),
        )
    ],
    "ablations": [
        "In trials on the 126 questions of validation, with the tokens of the file and without a "
        "choice of none, MAP: vectors of words that stay as they are 0.70 (6 passes), the same "
        "that learn 0.65, random ones that learn 0.62; 128 dimensions and 12 passes 0.73, 20 "
        "passes 0.72. With a loss for each sentence alone, in place of one for the list of a "
        "question, 0.69; with less dropout (0.1 of the vectors, 0.3 elsewhere) 0.72; with a hidden "
        "width of 32 0.68. One run each, so that differences of 0.02 may be chance.",
        "MAP and loss on validation: one such network 0.684 and 1.593, five together 0.683 and "
        "1.584; one that also compares each token of a text with the question as a whole 0.711 and "
        "1.558, three such, as shipped, 0.704 and 1.573. On the test the first has a MAP of 0.657, "
        "five 0.667, the shipped three 0.661: 243 questions cannot tell these apart.",
        "The place of a sentence in its article tells much: without reading, the order of the "
        "article has a MAP of 0.673 on validation, and half the logarithm of the place beside the "
        "first of these networks 0.699 in place of 0.684. It is not in the model, since the "
        "sentences that a user has need not come in an order.",
    ],
    "limitations": [
        "It compares words and their neighbours, and draws no conclusion over several sentences.",
        "It is behind what models with vectors of much other text reach, by 3 to 9 points of MAP, "
        "and better than DRMM-TKS by less than chance may bring.",
        "Three of the six examples below are wrong: of `who wrote hamlet` it prefers the sentence "
        "that names Hamlet to the one that names who wrote it, and of `how tall is mount everest` "
        "the one that repeats the name to the one with the metres.",
    ],
}
