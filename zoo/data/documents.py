"""Loader of documents with queries, and judgments of which documents each query wants."""

from typing import NamedTuple

from zoo.data.checks import check
from zoo.data.files import read_lines

_FILES = {"train": "train", "val": "dev", "test": "test"}


class Documents(NamedTuple):
    """A collection and what was asked of it.

    Attributes:
        documents: dict of the id of a document -> its text.
        queries: dict of the id of a query -> its text.
        judgments: dict of the id of a query -> dict of the id of a document -> how well it fits, an
            int above 0. Documents that are not named do not fit.
    """

    documents: dict[str, str]
    queries: dict[str, str]
    judgments: dict[str, dict[str, int]]

    def answered(self):
        """Dict of the id of a document -> list of the queries that it fits, for `Ranker.index`."""
        found = {}
        for key, judged in self.judgments.items():
            for name in judged:
                found.setdefault(name, []).append(self.queries[key])
        return found


def nfcorpus(split, data_dir=None):
    """Medical abstracts and the titles of pages of a site on nutrition that refer to them.

    Args:
        split: `"train"`, `"val"` or `"test"`: the queries, 2,555, 324 and 323 of them; no text of
            train is one of the others. The 3,395 documents are those of all three.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        `Documents`; a judgment is 2 for a document that the page names, 1 for one that a page which
        it names does. The texts are in lower case, without stop words and numbers.

    Raises:
        ValueError: an unknown split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Boteva et al. 2016, A Full-Text Learning to Rank Dataset for Medical Information Retrieval.
    """
    check("split", split, tuple(_FILES))
    file = _FILES[split]

    def rows(name):
        return (line.split("\t") for line in read_lines(f"documents/nfcorpus/{name}", data_dir))

    documents = dict(rows("docs.tsv"))
    judgments = {}
    for query, _, document, grade in rows(f"{file}.2-1-0.qrel"):
        if document in documents:
            judgments.setdefault(query, {})[document] = int(grade)
    queries = dict(rows(_queries(split)))
    if split == "train":
        held = {text for other in ("val", "test") for _, text in rows(_queries(other))}
        queries = {key: text for key, text in queries.items() if text not in held}
    queries = {key: text for key, text in queries.items() if key in judgments}
    return Documents(documents, queries, {key: judgments[key] for key in queries})


def _queries(split):
    return f"{_FILES[split]}.titles.queries"
