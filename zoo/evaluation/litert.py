"""What a LiteRT file costs in quality: its answers beside those of the model."""

import json
from pathlib import Path

from zoo.evaluation.corpora import CORPORA
from zoo.evaluation.files import write_atomically


def compare_litert(model, name, readers, *, data_dir=None, out=None, count=None):
    """Answers validation inputs by the model and by the readers of its LiteRT files.

    Args:
        model: the task model.
        name: a key of `CORPORA`.
        readers: dict from the name of the weights, such as "int8", to a
            `zoo.serving.LiteTranslator` or its like.
        data_dir: folder of the data; by default as `zoo.data.find` says.
        out: folder of the model, whose `metrics.json` gets the result as `litert`; `None` writes
            nothing.
        count: number of inputs; by default `corpus.compared`, a few minutes' work.

    Returns:
        dict: `corpus`, `inputs`, `measure` (what `score` is), `score` of the model, and for each of
        the readers `{"equal": share of equal answers, "score"}`.

    Raises:
        ValueError: a model whose corpus gives no inputs for it, such as one of pairs of texts.
    """
    corpus = CORPORA[name][0]
    if not hasattr(corpus, "compared"):
        raise ValueError(
            "name must be of a model whose answers can be compared one by one; "
            f"got {name!r}, which is measured on {corpus.name}."
        )
    corpus = corpus._replace(split="val")
    material = corpus.read(data_dir)
    inputs, options = corpus.inputs(material, count or corpus.compared)
    answers = model.ask(inputs, **options)
    measure, score = corpus.score(model, material, answers)
    result = {"corpus": corpus.name, "inputs": len(inputs), "measure": measure, "score": score}
    for weights, reader in readers.items():
        found = reader.ask(inputs, **options)
        equal = sum(a == b for a, b in zip(answers, found, strict=True)) / len(inputs)
        result[weights] = {"equal": equal, "score": corpus.score(model, material, found)[1]}
    if out is not None:
        path = Path(out) / "metrics.json"
        metrics = {**json.loads(path.read_text(encoding="utf-8")), "litert": result}
        write_atomically(path, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    return result
