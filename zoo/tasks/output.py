"""What the verbs of the tasks answer with `return_dict=True`."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Generated:
    """One answer and how it came about.

    Attributes:
        text: the answer.
        tokens: its T tokens as text (`▁` stands for a space), the end token last if it was reached.
        source_tokens: the S tokens of the source.
        score: natural-log probability of the tokens under the model.
        attention: float32 (layers, H, T, S): how much the step that wrote token t attended to
            source token s; of a captioner, to cell s of the grid, row by row.
        image: of a captioner, what it saw, uint8 (height, width, 3); else None.
        grid: of a captioner, the (rows, columns) of the cells; else None.
        axes: what the sources and the tokens are, as a picture of the attention names them.
    """

    text: str
    tokens: list[str]
    source_tokens: list[str]
    score: float
    attention: np.ndarray
    image: np.ndarray | None = None
    grid: tuple[int, int] | None = None
    axes: tuple[str, str] = ("source", "target")

    def __repr__(self):
        """The text and the score, and of what is long its size."""
        image = "" if self.image is None else f", image={self.image.shape}, grid={self.grid}"
        return (
            f"Generated(text={self.text!r}, score={self.score:.2f}, tokens={len(self.tokens)}, "
            f"source_tokens={len(self.source_tokens)}, attention={self.attention.shape}{image})"
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
