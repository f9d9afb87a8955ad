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
        "nfcorpus": "all documents, the title queries of train less eight that are also in val or "
        "test; val for the choice of all numbers"
    },
    "command": "zoo train rank_documents",
    "minutes": 5.4,
    "machine": "two cores of an AMD EPYC, shared with others",
    "ablations": [
        "What people asked before helps most. nDCG@10 of all documents, by trials on validation: "
        "BM25 0.286; what resembling queries of train were judged to fit, by the words that they "
        "share, in place of BM25 0.240, added to it 0.352; the queries of train in a text of their "
        "own beside each document, added 0.367; in the same text 0.370 (0.365 without the eight "
        "that are also in val or test, as here); with late interaction 0.385 at a weight of 5, "
        "0.361 at 40, by the vectors of an earlier training.",
        "Without such queries more late interaction is better: by the same vectors 0.309 at a "
        "weight of 5, 0.312 at 10, 0.315 at 20, 0.317 at 40. The weight is chosen by the mean of "
        "both indexes; set `ranker.weight` for a collection without a log.",
    ],
    "limitations": [
        "Most of what it is better by comes from the queries of train that its documents carry "
        "(`Ranker.index(documents, queries=...)`), not from attention: BM25 on the same index is "
        "as good but for chance. An index without them is worse by 0.06 (both above).",
        "With the 1,000 candidates that it ranks anew a query takes about 0.1 s; with 100, 0.02 s "
        "(`ranker.candidates = 100`), on two cores that others used, too.",
        "A query without a word of the collection is found by its vectors alone, among the first "
        "1,000 documents in the order in which they were given.",
    ],
}
