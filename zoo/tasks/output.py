"""What `generate(..., return_dict=True)` answers."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
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
    """

    text: str
    tokens: list[str]
    source_tokens: list[str]
    score: float
    attention: np.ndarray
    image: np.ndarray | None = None
    grid: tuple[int, int] | None = None
