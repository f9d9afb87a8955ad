"""LiteRT exports as what a server serves: the signatures of a SavedModel, without TensorFlow."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.lite import audio, catalogue, pupils
from zoo.lite.readers import MANIFEST, open_litert
from zoo.serving.servable import DEFAULT, Exports, Servable, Signature, TensorSpec

FOLDER = "litert"  # of an export, in the folder of its model
_BEST = 10  # items that a recommender answers with


class LiteExports(Exports):
    """The folders `<model>/litert/` that `zoo export NAME --format litert` writes; version 1.

    Args:
        threads: int, batches that a model runs at a time, each by one thread.
    """

    layout = "<model>/litert/"

    def __init__(self, threads):
        self._threads = threads

    def versions(self, base):
        folder = Path(base) / FOLDER
        return {1: folder} if (folder / MANIFEST).is_file() else {}

    def files(self, path):
        return sorted(path.iterdir()) if path.is_dir() else []

    def open(self, name, version, path):
        reader = open_litert(path, self._threads)
        served = _TASKS[reader.task]
        signatures = {key: _signature(reader, one) for key, one in served.items()}
        return Servable(name, version, signatures, reader.manifest.get("items", ()))


class _Served(NamedTuple):
    """A signature of a task.

    Attributes:
        answer: (reader, columns of the inputs) -> dict of columns, strings as str or bytes.
        inputs, outputs: alias -> type; of an output with "[]" a second axis follows the batch.
    """

    answer: object
    inputs: dict
    outputs: dict


def _signature(reader, served):
    def run(inputs):
        columns = [
            [text.decode("utf-8", "replace") for text in values]
            if served.inputs[alias] == "string" and not alias.endswith("_bytes")
            else values.tolist()
            for alias, values in inputs.items()
        ]
        found = served.answer(reader, *columns)
        return {alias: _array(found[alias], kind) for alias, kind in served.outputs.items()}

    return Signature(run, _specs(served.inputs), _specs(served.outputs))


def _specs(kinds):
    return {
        alias: TensorSpec(kind.rstrip("[]"), (None, None)[: 1 + kind.endswith("[]")], alias)
        for alias, kind in kinds.items()
    }


def _array(values, kind):
    """A column of an answer as an array: strings as bytes, as TensorFlow has them."""
    if not kind.startswith("string"):
        return np.asarray(values, kind.rstrip("[]"))
    array = np.array(values, object)
    flat = [text.encode() if isinstance(text, str) else text for text in array.ravel()]
    array.ravel()[:] = flat
    return array


# Each answers as `serving_default` of the task in zoo.tasks, or as the signature that is named.


def _write(reader, texts):
    answers, scores = reader.scored(texts)
    return {"text": answers, "score": scores}


def _sample(reader, texts, temperature, top_p, seed):
    fine = [
        0 < heat <= np.finfo("float32").max and 0 < share <= 1
        for heat, share in zip(temperature, top_p, strict=True)
    ]
    rows = [i for i, is_fine in enumerate(fine) if is_fine]
    options = {"temperature": temperature, "top_p": top_p, "seed": [n % 2**31 for n in seed]}
    found, sure = reader.scored(
        [texts[i] for i in rows],
        **{name: [values[i] for i in rows] for name, values in options.items()},
    )
    return _spread(len(texts), rows, found, sure)


def _caption(reader, files):
    return _each(reader, files)


def _transcribe(reader, files):
    return _each(reader, files, audio.read)


def _each(reader, files, read=lambda file: file):
    """Files one by one, so that one that cannot be read leaves the others their answers."""
    rows, found, sure = [], [], []
    for i, file in enumerate(files):
        try:
            (text,), (score,) = reader.scored([read(file)])
        except ValueError:
            continue
        rows.append(i)
        found.append(text)
        sure.append(score)
    return _spread(len(files), rows, found, sure)


def _spread(count, rows, found, sure):
    """Answers of some rows among those that have none."""
    texts, scores = [""] * count, np.zeros(count, "float32")
    for i, text, score in zip(rows, found, sure, strict=True):
        texts[i], scores[i] = text, score
    return {"text": texts, "score": scores}


def _classify(reader, texts):
    found = reader.classify(texts, top_k=len(reader.manifest["labels"]))
    return {
        "label": [[label for label, _ in row] for row in found],
        "probability": [[share for _, share in row] for row in found],
    }


def _recommend(reader, histories):
    rows = [reader.catalogue.known_lines(text) for text in histories]
    most = min(_BEST, len(reader.catalogue.names))
    found = [row + [("", catalogue.SEEN)] * (most - len(row)) for row in reader.scored(rows, most)]
    return {
        "item": [[item for item, _ in row] for row in found],
        "score": [[score for _, score in row] for row in found],
    }


def _trace(reader, texts):
    rows = [pupils.known_lines(reader.skills, text) or [0] for text in texts]
    return {"probability": reader.right(rows)}


def _match(reader, queries, texts):
    return {"score": [reader.match(*pair) for pair in zip(queries, texts, strict=True)]}


def _draw(reader, digits, seeds):
    from PIL import Image  # not loaded for texts

    known = range(-1, reader.manifest["num_classes"])
    files = []
    for digit, seed in zip(digits, seeds, strict=True):
        file = io.BytesIO()
        if digit in known:
            picture = reader.generate(1, seed, None if digit < 0 else digit)[0]
            Image.fromarray(picture).save(file, "PNG")
        files.append(file.getvalue())
    return {"image_bytes": files}


_TEXT = {"text": "string", "score": "float32"}
_SAMPLE = {"text": "string", "temperature": "float32", "top_p": "float32", "seed": "int32"}
_TASKS = {
    **{
        task: {DEFAULT: _Served(_write, {"text": "string"}, _TEXT)}
        for task in ("Translator", "MultilingualTranslator", "ChatBot", "Summarizer")
    },
    "TextGenerator": {
        DEFAULT: _Served(_write, {"text": "string"}, _TEXT),
        "sample": _Served(_sample, _SAMPLE, _TEXT),
    },
    "ImageCaptioner": {DEFAULT: _Served(_caption, {"image_bytes": "string"}, _TEXT)},
    "Recognizer": {DEFAULT: _Served(_transcribe, {"audio_bytes": "string"}, _TEXT)},
    "Classifier": {
        DEFAULT: _Served(
            _classify, {"text": "string"}, {"label": "string[]", "probability": "float32[]"}
        )
    },
    "Recommender": {
        DEFAULT: _Served(
            _recommend, {"history": "string"}, {"item": "string[]", "score": "float32[]"}
        )
    },
    "KnowledgeTracer": {
        DEFAULT: _Served(_trace, {"answers": "string"}, {"probability": "float32"})
    },
    "Matcher": {
        DEFAULT: _Served(_match, {"query": "string", "text": "string"}, {"score": "float32"})
    },
    "ImageGenerator": {
        DEFAULT: _Served(_draw, {"digit": "int32", "seed": "int32"}, {"image_bytes": "string"})
    },
}
