"""Readers of LiteRT exports: strings or photographs in, strings out, without TensorFlow."""

import json
import random
import threading
import warnings
from pathlib import Path

import numpy as np

from zoo.lite.subwords import END_ID, START_ID, Subwords

MANIFEST, MODEL, SOURCE, TARGET = "manifest.json", "model.tflite", "source.model", "target.model"


class LiteModel:
    """Base of the readers: a folder that `zoo export NAME --format litert` wrote, in memory.

    It needs numpy, sentencepiece and ai-edge-litert, for photographs Pillow, too; a process that
    uses it never imports TensorFlow. Several threads may share a reader; they take turns.

    Args:
        path: the folder.
        num_threads: of one answer.

    Raises:
        FileNotFoundError: `path` is no such folder.
        ValueError: it holds a model of another task.
        ImportError: ai-edge-litert is not installed.
    """

    task = None  # class in zoo.tasks of the models that it reads

    def __init__(self, path, num_threads=1):
        folder = Path(path)
        try:
            self.manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                "path must be a folder that `zoo export NAME --format litert` wrote; "
                f"got path={str(path)!r}."
            ) from None
        if self.manifest["task"] != self.task:
            raise ValueError(
                f"path must hold a {self.task} for {type(self).__name__}; "
                f"got a {self.manifest['task']} in {str(path)!r}."
            )
        self._target = Subwords((folder / TARGET).read_bytes())
        interpreter = _interpreter_class()(str(folder / MODEL), num_threads=num_threads)
        interpreter.allocate_tensors()  # here, where the runtime says what it does: once
        self._run = interpreter.get_signature_runner()
        self._lock = threading.Lock()

    def _ids(self, source, max_new_tokens, **inputs):
        """The answer to one source, a numpy array with a batch of 1."""
        kept = self.manifest["decoding"]["max_new_tokens"]
        limit = kept if max_new_tokens is None else max_new_tokens
        if limit < 1:
            raise ValueError(f"max_new_tokens must be >= 1; got max_new_tokens={limit}.")
        with self._lock:
            found = self._run(source=source, max_new_tokens=np.array([limit], "int32"), **inputs)
        return found["ids"][0].tolist()


class LiteTranslator(LiteModel):
    """Translates as the `zoo.Translator` that was exported; see `LiteModel`."""

    task = "Translator"

    def __init__(self, path, num_threads=1):
        super().__init__(path, num_threads)
        proto = (Path(path) / SOURCE).read_bytes()
        self._source = self._target if proto == self._target.proto else Subwords(proto)

    def generate(self, inputs, max_new_tokens=None):
        """Translates a str, or each of a list of str; blank text gives blank text."""
        return _each(inputs, str, lambda text: self._translate(text, max_new_tokens))

    def _translate(self, text, max_new_tokens):
        (ids,) = self._source.encode([text])
        if not ids:
            return ""
        source = [*ids[: self.manifest["longest_source"] - 1], END_ID]
        return self._target.decode([self._ids(_row(source), max_new_tokens)])[0]


class LiteGenerator(LiteModel):
    """Goes on with prompts as the `zoo.TextGenerator` that was exported; see `LiteModel`."""

    task = "TextGenerator"

    def generate(self, inputs, max_new_tokens=None, temperature=None, top_p=None, seed=None):
        """Goes on with a str, or with each of a list of str, by sampling.

        Args:
            inputs: the prompts. Of one that is longer than the context the newest part is read.
            max_new_tokens, temperature, top_p: see `zoo.decoding.Decoding`. Default: the setting
                kept with the model.
            seed: int; the same seed gives the same texts. Default: a random one.

        Returns:
            The prompt with its continuation, a str or a list of str.
        """
        kept = self.manifest["decoding"]
        options = {
            "temperature": kept["temperature"] if temperature is None else temperature,
            "top_p": kept["top_p"] if top_p is None else top_p,
        }
        if not options["temperature"] > 0:
            raise ValueError(f"temperature must be > 0; got temperature={temperature}.")
        if not 0 < options["top_p"] <= 1:
            raise ValueError(f"top_p must be > 0 and <= 1; got top_p={top_p}.")
        seed = random.randrange(2**31) if seed is None else int(seed)
        seeds = iter(range(seed, seed + (1 if isinstance(inputs, str) else len(inputs))))
        return _each(
            inputs, str, lambda text: self._go_on(text, max_new_tokens, next(seeds), options)
        )

    def _go_on(self, prompt, max_new_tokens, seed, options):
        (ids,) = self._target.encode([prompt])
        room = self.manifest["longest_source"] - 1
        if len(ids) > room:
            warnings.warn(
                f"inputs must have at most {room} tokens to be read whole; got {len(ids)}: "
                "only the newest are read.",
                stacklevel=4,
            )
        ids = self._ids(
            _row([START_ID, *ids[-room:]]),
            max_new_tokens,
            seed=np.array([seed % 2**31], "int32"),
            **{name: np.array([value], "float32") for name, value in options.items()},
        )
        return prompt + self._target.decode([ids])[0]


class LiteCaptioner(LiteModel):
    """Captions photographs as the `zoo.ImageCaptioner` that was exported; see `LiteModel`."""

    task = "ImageCaptioner"

    def generate(self, inputs, max_new_tokens=None):
        """Captions an image, or each of a list: a path, the bytes of a file, or a PIL image."""
        return _each(inputs, None, lambda image: self._caption(image, max_new_tokens))

    def _caption(self, image, max_new_tokens):
        from zoo.lite.images import read  # Pillow is not loaded for texts

        pixels = read(image, self.manifest["image_size"])
        text = self._target.decode([self._ids(pixels[None], max_new_tokens)])[0]
        return text if self.manifest["spaces"] else text.replace(" ", "")


READERS = {reader.task: reader for reader in (LiteTranslator, LiteGenerator, LiteCaptioner)}


def open_litert(path, num_threads=1):
    """The reader that fits a folder, by its manifest; arguments and errors as of `LiteModel`."""
    try:
        task = json.loads((Path(path) / MANIFEST).read_text(encoding="utf-8"))["task"]
    except OSError:
        task = LiteTranslator.task  # whose error says what is missing
    return READERS[task](path, num_threads)


def _each(inputs, kind, answer):
    """`answer` of one input, or a list of the answers to each of a list."""
    several = isinstance(inputs, (list, tuple))
    for one in inputs if several else [inputs]:
        if kind and not isinstance(one, kind):
            raise TypeError(f"inputs must be a str or a list of str; got {inputs!r:.80}.")
    return [answer(one) for one in inputs] if several else answer(inputs)


def _row(ids):
    return np.array([ids], "int32")


def _interpreter_class():
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ImportError(
            "A LiteRT model needs the package ai-edge-litert, which is not installed: "
            "pip install 'attention-zoo[litert]'."
        ) from error
    return Interpreter
