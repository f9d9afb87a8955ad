"""What `generate(..., return_dict=True)` answers."""

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
