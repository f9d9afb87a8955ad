"""What generated texts copy from the training text, and how much they repeat one another."""

import statistics

import numpy as np
from sacrebleu.metrics import BLEU

# Of a hash of runs, small enough for products in int64.
_BASE, _PRIME = 1_000_003, 2**31 - 1


def copied_share(texts, training, length=30):
    """Share of the characters of `texts` that stand in the training text in a long run.

    A character counts if it is in some run of `length` characters of its text that stands, letter
    by letter, in one of the training texts. Exact: a run whose hash is known is looked up.

    Args:
        texts: list of str.
        training: list of str, the training texts; no run reaches from one into another.
        length: int, the shortest run that is a copy.

    Returns:
        float in [0, 1]; 0 where there is no character.

    Raises:
        TypeError: an argument is one string.
        ValueError: `length` below 1.
    """
    _check("texts", texts)
    _check("training", training)
    if length < 1:
        raise ValueError(f"length must be >= 1; got length={length}.")
    joined, sizes = "".join(training), [len(text) for text in training]
    runs = np.isin(_run_hashes(joined, length), _run_hashes("".join(texts), length))
    ends = np.repeat(np.cumsum(sizes, dtype=np.int64), sizes)  # of the text of each character
    places = np.flatnonzero(runs)
    places = places[places + length <= ends[places]]
    known = {joined[place : place + length] for place in places}
    copied = 0
    for text in texts:
        covered = np.zeros(len(text), bool)
        for place in range(len(text) - length + 1):
            if text[place : place + length] in known:
                covered[place : place + length] = True
        copied += int(covered.sum())
    return copied / max(1, sum(map(len, texts)))


def copied_lines_share(texts, training, lines):
    """Share of the lines of `texts` that stand in the training texts as whole lines.

    Args:
        texts, training: lists of str.
        lines: function from a text to the list of its lines, such as `zoo.data.poem_lines`.

    Returns:
        float in [0, 1]; 0 where there is no line.

    Raises:
        TypeError: a list is one string.
    """
    _check("texts", texts)
    _check("training", training)
    known = {line for text in training for line in lines(text)}
    found = [line in known for text in texts for line in lines(text)]
    return sum(found) / max(1, len(found))


def distinct(rows, size):
    """distinct-n: the number of different n-grams in all rows over the number of n-grams.

    Args:
        rows: list of sequences: str for characters, lists for tokens.
        size: int, n.

    Returns:
        float in [0, 1]; 0 where there is no n-gram.

    Raises:
        ValueError: `size` below 1.

    Reference:
        Li et al. 2016, A Diversity-Promoting Objective Function for Neural Conversation Models.
    """
    if size < 1:
        raise ValueError(f"size must be >= 1; got size={size}.")
    grams = [
        tuple(row[place : place + size]) for row in rows for place in range(len(row) - size + 1)
    ]
    return len(set(grams)) / max(1, len(grams))


def self_bleu(texts, tokenize="13a"):
    """Self-BLEU: the mean BLEU of each text against all others as references; low is diverse.

    Args:
        texts: list of at least two str.
        tokenize: a tokenizer of sacreBLEU: `"13a"` for words, `"char"` for characters.

    Returns:
        float in [0, 100].

    Raises:
        TypeError: `texts` is one string.
        ValueError: fewer than two texts.

    Reference:
        Zhu et al. 2018, Texygen: A Benchmarking Platform for Text Generation Models.
    """
    _check("texts", texts)
    if len(texts) < 2:
        raise ValueError(f"texts must hold at least two texts; got {len(texts)}.")
    # Of a short text BLEU takes the n-grams that it has.
    metric = BLEU(tokenize=tokenize, effective_order=True)
    return statistics.fmean(
        metric.sentence_score(text, texts[:i] + texts[i + 1 :]).score
        for i, text in enumerate(texts)
    )


def _run_hashes(text, length):
    """A hash of each run of `length` characters: int64 (max(0, len(text) - length + 1),)."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    hashes = np.zeros(max(0, len(codes) - length + 1), np.int64)
    for place in range(length if len(hashes) else 0):
        hashes = (hashes * _BASE + codes[place : place + len(hashes)]) % _PRIME
    return hashes


def _check(name, texts):
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a list of str; got {name}={texts!r:.80}.")
