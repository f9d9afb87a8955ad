"""Examples of a model: sentences and its answers, kept so that a change of the answers shows."""

import json
from pathlib import Path
from typing import NamedTuple

from zoo.evaluation.files import read_text, write_atomically

_NAME = "examples.jsonl"
_SEED = {"seed": 1}  # of models that may sample


class Mismatch(NamedTuple):
    """An input whose answer is no longer the expected one."""

    input: str
    expected: str
    got: str


def write_examples(model, directory, sources):
    """Write `examples.jsonl`, a line `{"input": ..., "output": ...}` for each source, at once.

    Args:
        model: the task model.
        directory: folder of the model.
        sources: list of str, answered with the settings kept in the model.
    """
    sources = list(sources)
    rows = zip(sources, _answers(model, sources), strict=True)
    lines = [
        json.dumps({"input": source, "output": text}, ensure_ascii=False) + "\n"
        for source, text in rows
    ]
    write_atomically(Path(directory) / _NAME, "".join(lines))


def read_examples(directory):
    """List of `(input, output)` from `examples.jsonl`.

    Raises:
        FileNotFoundError: `directory` does not hold it.
    """
    # Not `splitlines`: a sentence may hold U+2028, which JSON leaves as it is.
    lines = read_text(directory, _NAME).split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [(row["input"], row["output"]) for row in rows]


def replay(model, directory):
    """Answer the inputs of `examples.jsonl` again.

    Returns:
        list of `Mismatch`, empty where every answer is as it was.

    Raises:
        FileNotFoundError: `directory` does not hold `examples.jsonl`.
    """
    examples = read_examples(directory)
    texts = _answers(model, [source for source, _ in examples])
    return [
        Mismatch(source, expected, text)
        for (source, expected), text in zip(examples, texts, strict=True)
        if text != expected
    ]


def _answers(model, sources):
    return model.ask(sources, **(_SEED if model.verb in ("generate", "reply") else {}))
