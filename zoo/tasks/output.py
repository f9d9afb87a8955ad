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
            source token s.
    """

    text: str
    tokens: list[str]
    source_tokens: list[str]
    score: float
    attention: np.ndarray
