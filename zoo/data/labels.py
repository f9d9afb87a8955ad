"""Loaders of labelled texts: each gives `(text, label)` pairs, the label as a word."""

import re

from zoo.data.checks import check
from zoo.data.everyday import joined
from zoo.data.files import read_lines

_SENTIMENT = ("negative", "positive")
# In the order of the file's numbers.
_QUESTIONS = ("description", "entity", "abbreviation", "human", "location", "number")
_POLARITY = ("差评", "好评")
_VALIDATION = 10  # of the training questions, every tenth
_QUOTE_OPENS = re.compile(r"(``|`)\s+")
_QUOTE_CLOSES = re.compile(r"\s+''")


def sst2(split, data_dir=None):
    """Sentences of English film reviews: 6,920, 872 and 1,821, about half of each label.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `(text, label)`, the label `"negative"` or `"positive"`. The sentences are in lower
        case, and put together as people write them; the file has them in tokens.

    Raises:
        ValueError: an unknown split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Socher et al. 2013, Recursive Deep Models for Semantic Compositionality Over a Sentiment
        Treebank: the sentences that are not neutral, without their phrases.
    """
    check("split", split, ("train", "val", "test"))
    return _english(f"labels/sst2.{split}.tsv", _SENTIMENT, data_dir)


def trec_questions(split, data_dir=None):
    """English questions by what they ask for: 4,907, 545 and 500.

    Args:
        split: `"train"`, `"val"` or `"test"`. The set has no validation split: it is every tenth
            question of the training file, and `"train"` is the others.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `(text, label)`, the label one of `"abbreviation"`, `"description"`, `"entity"`,
        `"human"`, `"location"` and `"number"`. The questions are put together as people write
        them; the file has them in tokens.

    Raises:
        as `sst2`.

    Reference:
        Li and Roth 2002, Learning Question Classifiers (the six coarse classes).
    """
    check("split", split, ("train", "val", "test"))
    file = "test" if split == "test" else "train"
    rows = _english(f"labels/trec_questions.{file}.tsv", _QUESTIONS, data_dir)
    if split == "val":
        return rows[_VALIDATION - 1 :: _VALIDATION]
    if split == "train":
        return [row for i, row in enumerate(rows, 1) if i % _VALIDATION]
    return rows


def shopping_zh(split, column="polarity", data_dir=None):
    """Chinese customers' reviews of ten kinds of goods: 53,772, 3,000 and 3,000.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        column: what the label says: `"polarity"`, of which each has about half, or `"goods"`.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `(text, label)`, the label `"差评"` (bad) or `"好评"` (good), or one of ten kinds of
        goods: `"酒店"` (hotels), `"水果"` (fruit), ...

    Raises:
        ValueError: an unknown split or column, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        online_shopping_10_cats of https://github.com/SophonPlus/ChineseNlpCorpus.
    """
    check("split", split, ("train", "val", "test"))
    check("column", column, ("polarity", "goods"))
    rows = _rows(f"labels/shopping_zh.{split}.tsv", data_dir)
    if column == "goods":
        return [(text, goods) for text, _, goods in rows]
    return [(text, _POLARITY[int(number)]) for text, number, _ in rows]


def _english(path, labels, data_dir):
    return [(as_written(text), labels[int(number)]) for text, number in _rows(path, data_dir)]


def _rows(path, data_dir):
    return [line.split("\t") for line in read_lines(path, data_dir)]


def as_written(text):
    """Tokens of the Penn Treebank as people write: "`` I do n't , '' she said" -> '"I don't," ...'.

    Reference:
        https://www.cis.upenn.edu/~bies/manuals/tokenize.html (quotes, and n't as a word).
    """
    text = joined(_QUOTE_CLOSES.sub('"', text).replace(" n't", "n't"))
    return _QUOTE_OPENS.sub(lambda quote: '"' if quote[1] == "``" else "'", text)
