"""Medical abstracts for a question on food and health: BM25, then words that mean the same."""

import functools

from zoo import data
from zoo.models import LateInteraction
from zoo.recipes.ranking import RankingRecipe

RECIPE = RankingRecipe(
    material=lambda data_dir: (data.nfcorpus("train", data_dir), data.nfcorpus("val", data_dir)),
    tokenizer={"vocab_size": 8000, "lowercase": True},
    model=functools.partial(LateInteraction, vector_dim=64, kernel_size=3, scale=20.0, dropout=0.2),
    steps=2000,  # twenty-five passes over the queries
    peak=4e-3,
    interval=500,
)
EXAMPLES = (
    "why deep fried foods may cause cancer\nacrylamide intake cancer risk fried potatoes\n"
    "vitamin d supplements bone health\nstatin use breast cancer survival",
)

CARD = {
    "title": "Medical abstracts for a question on food and health: BM25 and late interaction",
    "purpose": "Finds the abstracts that fit a short query among some thousands, and says which "
    "of their words each word of the query found. It knows the words of its collection alone: of "
    "texts of another field, only BM25 is worth something.",
    "data": {
        "nfcorpus": "all documents, the title queries of train; val for the choice of all numbers"
    },
    "command": "zoo train rank_documents",
    "minutes": 4.0,
    "machine": "two cores of an AMD EPYC, shared with others",
    "ablations": [
        "On validation, nDCG@10 of all documents, BM25 0.286: 0.304 after 2,000 steps. In trials "
        "on a third of the queries, BM25 0.314: 0.323 after 300 steps with a rate of 4e-3.",
    ],
    "limitations": [
        "On the test queries it is better than BM25, but the difference may be chance (above).",
        "With the 1,000 candidates that it ranks anew a query takes about 0.1 s; with 100, 0.02 s "
        "(`ranker.candidates = 100`), on two cores that others used, too.",
        "A query without a word of the collection is found by its vectors alone, among the first "
        "1,000 documents in the order in which they were given.",
    ],
}
