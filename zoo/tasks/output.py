"""What the verbs of the tasks answer with `return_dict=True`."""

import dataclasses

import numpy as np

_MOST_WEIGHTS = 2**27  # of an attention, in all layers and heads: half a GB


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Generated:
    """One answer and how it came about.

    Attributes:
        text: the answer.
        tokens: its T tokens as text (`▁` stands for a space), the end token last if it was reached.
        source_tokens: the S tokens of the source.
        score: natural-log probability of the tokens under the model.
        attention: float32 (layers, H, T, S): how much the step that wrote token t attended to
            source token s; of a captioner, to cell s of the grid, row by row. Of a text that was
            cut, 0 between its parts; None where it would have more than 2^27 weights.
        image: of a captioner, what it saw, uint8 (height, width, 3); else None.
        grid: of a captioner, the (rows, columns) of the cells; else None.
        axes: what the sources and the tokens are, as a picture of the attention names them.
        parts: of a text that was cut into sentences, their answers, one after the other: `tokens`
            and `source_tokens` are all of theirs, with an end token behind each, and `score` is the
            sum of their scores. Else ().
    """

    text: str
    tokens: list[str]
    source_tokens: list[str]
    score: float
    attention: np.ndarray | None
    image: np.ndarray | None = None
    grid: tuple[int, int] | None = None
    axes: tuple[str, str] = ("source", "target")
    parts: tuple = ()

    @property
    def token_score(self):
        """Mean natural-log probability of a token, 0.0 of no token: how sure the model was."""
        return self.score / max(1, len(self.tokens))

    def __repr__(self):
        """The text and the score, and of what is long its size."""
        image = "" if self.image is None else f", image={self.image.shape}, grid={self.grid}"
        attention = None if self.attention is None else self.attention.shape
        return (
            f"Generated(text={self.text!r}, score={self.score:.2f}, tokens={len(self.tokens)}, "
            f"source_tokens={len(self.source_tokens)}, attention={attention}{image})"
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Classified:
    """The class of one text and how it came about; `zoo.plot_attention` draws it.

    Attributes:
        label: the best label.
        probability: that it is right.
        ranked: list of (label, probability), best first.
        source_tokens: the S tokens of the text (`▁` stands for a space), the end token last.
        attention: float32 (1, 1, 1, S), the share that each token has in what was judged.
        text, tokens, score: of the answer as a text of one token: the label, a list with it, and
            the logarithm of its probability.
        axes: what the tokens are, as a picture of the attention names them.
    """

    label: str
    probability: float
    ranked: list[tuple[str, float]]
    source_tokens: list[str]
    attention: np.ndarray
    axes: tuple[str, str] = ("text", "label")

    @property
    def text(self):
        return self.label

    @property
    def tokens(self):
        return [self.label]

    @property
    def score(self):
        return float(np.log(self.probability))

    def __repr__(self):
        """The labels with their probabilities, and of what is long its size."""
        ranked = ", ".join(f"{label!r}: {probability:.3f}" for label, probability in self.ranked)
        return f"Classified({{{ranked}}}, source_tokens={len(self.source_tokens)})"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Recommended:
    """What goes with one history and how it came about; `zoo.plot_attention` draws it.

    Attributes:
        items: names of the items, best first.
        scores: natural-log probability of each to be the next, of all that were not seen.
        source_tokens: the S items of the history that were read, the newest last.
        attention: float32 (layers, H, 1, S), how much the newest item attended to each of the
            history; all recommendations rest on it. None of a history without items.
        popular: whether the history has no items, so that the answer is what is chosen most.
        text, tokens, score: of the answer as a text of one token: the best item, a list with it,
            and its score.
        axes: what the tokens are, as a picture of the attention names them.
    """

    items: list[str]
    scores: list[float]
    source_tokens: list[str]
    attention: np.ndarray | None
    popular: bool
    axes: tuple[str, str] = ("history", "recommendation")

    @property
    def attended(self):
        """List of (item of the history, its share of the attention), the largest share first."""
        if self.attention is None:
            return []
        shares = self.attention.mean((0, 1, 2))
        order = np.argsort(-shares, kind="stable")
        return [(self.source_tokens[i], float(shares[i])) for i in order]

    @property
    def text(self):
        return self.items[0] if self.items else ""

    @property
    def tokens(self):
        return [self.text]

    @property
    def score(self):
        return self.scores[0] if self.scores else 0.0

    def __repr__(self):
        """The items with their scores, and of what is long its size."""
        pairs = zip(self.items, self.scores, strict=True)
        ranked = ", ".join(f"{item!r}: {score:.2f}" for item, score in pairs)
        popular = ", popular=True" if self.popular else ""
        return f"Recommended({{{ranked}}}, source_tokens={len(self.source_tokens)}{popular})"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Traced:
    """How likely a pupil's next answer is right, and on what that rests.

    `zoo.plot_attention` draws it.

    Attributes:
        probability: that it is right.
        skill: of the question.
        source_tokens: "(start)", and the S - 1 answers before: the skill, and a tick or a cross.
        attention: float32 (1, H, 1, S), how much the question attended to each of these.
        text, tokens, score: of the answer as a text of one token: the skill with the probability, a
            list with the skill, and the logarithm of the probability.
        axes: what the tokens are, as a picture of the attention names them.
    """

    probability: float
    skill: str
    source_tokens: list[str]
    attention: np.ndarray
    axes: tuple[str, str] = ("answers before", "question")

    @property
    def attended(self):
        """List of (place from 0, answer, its share of the attention), the largest share first."""
        shares = self.attention.mean((0, 1, 2))[1:]
        order = np.argsort(-shares, kind="stable")
        return [(int(i), self.source_tokens[1:][i], float(shares[i])) for i in order]

    @property
    def text(self):
        return f"{self.skill}: {self.probability:.3f}"

    @property
    def tokens(self):
        return [self.skill]

    @property
    def score(self):
        return float(np.log(self.probability))

    def __repr__(self):
        """The probability, and of what is long its size."""
        return (
            f"Traced(skill={self.skill!r}, probability={self.probability:.3f}, "
            f"source_tokens={len(self.source_tokens)})"
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Matched:
    """How well one sentence answers a question; `zoo.plot_attention` draws why.

    Attributes:
        question, sentence: what was compared.
        score: the probability that the sentence answers the question.
        tokens: the Q tokens of the question (`▁` stands for a space).
        source_tokens: the S tokens of the sentence.
        attention: float32 (1, 1, Q, S): how much each token of the question looks at each of the
            sentence; a row sums to 1, less what looks at nothing.
        text: the sentence, which is the answer.
        axes: what the tokens are, as a picture of the attention names them.
    """

    question: str
    sentence: str
    score: float
    tokens: list[str]
    source_tokens: list[str]
    attention: np.ndarray
    axes: tuple[str, str] = ("sentence", "question")

    @property
    def text(self):
        return self.sentence

    def __repr__(self):
        """The score and the texts, and of what is long its size."""
        return (
            f"Matched(score={self.score:.3f}, question={self.question!r}, "
            f"sentence={self.sentence!r}, attention={self.attention.shape})"
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Ranked:
    """How well one document fits a query; `zoo.plot_attention` draws why.

    Attributes:
        query: what was asked.
        id: of the document.
        text: the document.
        score: of BM25 and of late interaction together.
        tokens: the Q tokens of the query (`▁` stands for a space).
        source_tokens: the S tokens of the document, as many as were read.
        attention: float32 (1, 1, Q, S): for each token of the query how like it the one of the
            document is that it found, and 0 for all others.
        axes: what the tokens are, as a picture of the attention names them.
        cells: what the numbers of `attention` are, as the picture names them.
    """

    query: str
    id: str
    text: str
    score: float
    tokens: list[str]
    source_tokens: list[str]
    attention: np.ndarray
    axes: tuple[str, str] = ("document", "query")
    cells: str = "likeness"

    @property
    def evidence(self):
        """What each token of the query found: list of (token, token of the document, likeness)."""
        if not self.source_tokens:
            return []
        best = self.attention[0, 0].argmax(axis=1)
        return [
            (token, self.source_tokens[s], float(self.attention[0, 0, t, s]))
            for t, (token, s) in enumerate(zip(self.tokens, best, strict=True))
        ]

    def __repr__(self):
        """The score and the names, and of what is long its size."""
        return (
            f"Ranked(id={self.id!r}, score={self.score:.2f}, query={self.query!r}, "
            f"text={self.text!r:.60}, attention={self.attention.shape})"
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Drawn:
    """Pictures and how they came about; `zoo.plot_attention` draws where their cells looked.

    Attributes:
        images: uint8 (N, h, w).
        digits: int32 (N,), their classes.
        attention: float32 (N, H, S, S): how much cell t of the grid looked at cell s, row by row.
        grid: the (rows, columns) of the cells.
        text: the first picture in characters.
    """

    images: np.ndarray
    digits: np.ndarray
    attention: np.ndarray
    grid: tuple[int, int]
    text: str

    def __repr__(self):
        """The digits, and of what is long its size."""
        return (
            f"Drawn(digits={self.digits.tolist()!r:.80}, images={self.images.shape}, "
            f"attention={self.attention.shape}, grid={self.grid})"
        )


def joined(parts, text):
    """The answer to a text that was cut, from the answers to its parts.

    Args:
        parts: list of `Generated`.
        text: the whole answer.

    Returns:
        `Generated`.
    """
    return Generated(
        text=text,
        tokens=[token for part in parts for token in part.tokens],
        source_tokens=[token for part in parts for token in part.source_tokens],
        score=sum(part.score for part in parts),
        attention=_joined_attention([part.attention for part in parts]),
        parts=tuple(parts),
    )


def _joined_attention(maps):
    """Maps (layers, H, T, S) as the blocks of one, or None where that is too large to hold."""
    size = np.sum([found.shape[2:] for found in maps], axis=0)
    if maps[0].shape[0] * maps[0].shape[1] * size[0] * size[1] > _MOST_WEIGHTS:
        return None
    whole, t, s = np.zeros((*maps[0].shape[:2], *size), "float32"), 0, 0
    for found in maps:
        whole[:, :, t : t + found.shape[2], s : s + found.shape[3]] = found
        t, s = t + found.shape[2], s + found.shape[3]
    return whole
