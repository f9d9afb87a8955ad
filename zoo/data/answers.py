"""Loaders of questions with sentences that answer them or do not, and of questions that are one."""

from zoo.data.checks import check
from zoo.data.files import read_lines
from zoo.data.labels import as_written

_BRACKETS = {"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"}


def wikiqa(split, data_dir=None):
    """Questions of people to a search engine, with the sentences of an article of Wikipedia.

    Args:
        split: `"train"`, `"val"` or `"test"`: 8,672, 1,130 and 2,351 sentences of 873, 126 and 243
            questions, each of which has an answer.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `(question, sentence, 1 or 0)`, those of a question one after the other. The texts
        are in lower case, and put together as people write them; the file has them in tokens.

    Raises:
        ValueError: an unknown split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Yang, Yih and Meek 2015, WikiQA: A Challenge Dataset for Open-Domain Question Answering.
    """
    check("split", split, ("train", "val", "test"))
    return _answers("wikiqa", split, data_dir)


def trecqa(split, data_dir=None):
    """Questions of the TREC tracks with sentences of newspapers.

    Args:
        split: `"train"` or `"val"`: 4,718 sentences of 93 questions, judged by hand, and the 1,117
            of the 65 questions of the usual clean validation part.
        data_dir: as for `zoo.data.multi30k`.

    Returns, Raises:
        as of `wikiqa`.

    Reference:
        Wang, Smith and Mitamura 2007, What is the Jeopardy Model?
    """
    check("split", split, ("train", "val"))
    return _answers("trecqa", split, data_dir)


def atec(split, data_dir=None):
    """Pairs of Chinese questions to a payment service, and whether they mean the same.

    Args:
        split: `"train"`, `"val"` or `"test"`: 33,346, 2,000 and 2,000 pairs, about a fifth of which
            mean the same.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `(question, question, 1 or 0)`.

    Raises:
        as `wikiqa`.

    Reference:
        Ant Financial Artificial Competition 2018.
    """
    check("split", split, ("train", "val", "test"))
    rows = (line.split("\t") for line in read_lines(f"answers/atec.{split}.tsv", data_dir))
    return [(first, second, int(label)) for first, second, label in rows]


def _answers(name, split, data_dir):
    rows = (line.split("\t") for line in read_lines(f"answers/{name}.{split}.tsv", data_dir))
    return [(_text(question), _text(sentence), int(label)) for _, question, sentence, label in rows]


def _text(tokens):
    """Tokens as people write them, with brackets in place of their names in the Penn Treebank."""
    return as_written(" ".join(_BRACKETS.get(token, token) for token in tokens.split(" ")))
