"""What `generate(..., return_dict=True)` answers."""

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
