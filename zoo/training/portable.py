"""A training in a folder: it runs on any backend of Keras, without TensorFlow and the data sets.

    zoo train NAME --pack DIR                       where the data is
    KERAS_BACKEND=jax python -m zoo.training DIR    where the accelerator is
    zoo train NAME --weights DIR                    makes the model file

A folder holds `training.json`, the numbers and the models' configurations; `train` and `valid`, the
examples; the vocabularies; and afterwards `weights.npz` in half precision and `log.csv`. Images and
their encoder may lie in a folder that several trainings share.
"""

import collections
import gzip
import io
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops
from PIL import Image

from zoo.lite.subwords import END_ID, PAD_ID, START_ID, Subwords
from zoo.system import writing
from zoo.training import batches
from zoo.training.cider import CiderD
from zoo.training.learner import Learner
from zoo.training.self_critical import Sampler, advantages, weighted


def pack(
    folder,
    *,
    model,
    stages,
    train,
    valid,
    tokenizers,
    encoder=None,
    trained=False,
    fixed=False,
    shared=None,
    sentences=None,
    **numbers,
):
    """Writes what `run` needs.

    Args:
        folder: is made where it is missing.
        model: a `keras.Model` with a configuration.
        stages: list of dicts of `optimizer`, `steps` and, with an encoder, `train_encoder`. One may
            have `hold_labels`, see `Learner`; and one `samples`, the captions that the model draws
            of each image in self-critical training, with `told`, how much all the sentences of a
            batch count then.
        train, valid: lists of (source, target) texts; or, with an encoder, pairs of a list of image
            files' bytes and a list of as many lists of captions.
        tokenizers: the vocabularies of the source and the target; one alone serves both.
        encoder: of images, with its weights.
        trained: whether the model keeps its weights, too.
        fixed: whether it keeps those that are not trained, such as a classifier's.
        shared: name of a folder beside `folder` for the images and the encoder, which is written if
            it is missing: for trainings on the same images.
        sentences: a list of (text, list of int): sentences without an image, and the names that a
            model with labels is told in its place; with `background`, see `batches.what_was_told`.
        **numbers: what else `training.json` shall hold: `seed`, `interval`, `label_smoothing`,
            `consistency`; `widths`, `batch_tokens` and `sampling` of pairs; `batch_images` and
            `max_length` of images; `batch_sentences` of sentences; `spaces`, whether captions are
            words between spaces, for `samples`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    serialize = keras.saving.serialize_keras_object
    stages = [{**stage, "optimizer": serialize(stage["optimizer"])} for stage in stages]
    spec = {**numbers, "model": serialize(model), "stages": stages}
    spec["vocabularies"] = len(tokenizers)
    for i, tokenizer in enumerate(tokenizers):
        (folder / f"vocabulary_{i}.model").write_bytes(tokenizer.proto)
    if trained:
        _save_weights(folder / "model.npz", model.weights)
    if encoder is not None:
        spec["encoder"] = serialize(encoder)
        spec["shared"] = shared and f"../{shared}"
        images = folder / (spec["shared"] or "")
        images.mkdir(exist_ok=True)
        _save_weights(images / "encoder.npz", encoder.weights)
        if fixed:
            _save_weights(images / "fixed.npz", model.non_trainable_weights)
    if sentences is not None:
        _write_json(folder / "sentences.json.gz", sentences)
    for name, examples in (("train", train), ("valid", valid)):
        if encoder is None:
            examples = [[*pair, times] for pair, times in collections.Counter(examples).items()]
        else:
            files, examples = examples
            ends = np.cumsum([len(file) for file in files])
            np.savez(images / f"{name}.npz", ends=ends, files=np.frombuffer(b"".join(files), "u1"))
        _write_json(folder / f"{name}.json.gz", examples)
    (folder / "training.json").write_text(json.dumps(spec), encoding="utf-8")


def run(folder, out=None, policy="mixed_bfloat16", verbose=2):
    """Trains what `pack` wrote.

    Args:
        folder: of the training.
        out: folder of `weights.npz` and `log.csv`. Default: `folder`.
        policy: of the dtypes in training.
        verbose: as in `keras.Model.fit`.

    Returns:
        The path of `weights.npz`.
    """
    folder = Path(folder)
    out = Path(out or folder)
    out.mkdir(parents=True, exist_ok=True)
    spec = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    keras.utils.set_random_seed(spec["seed"])
    restore = keras.saving.deserialize_keras_object
    learner = Learner(
        restore(_with_policy(spec["model"], policy)),
        restore(_with_policy(spec["encoder"], policy)) if "encoder" in spec else None,
    )
    learner.build()
    if learner.encoder is not None:
        images = folder / (spec.get("shared") or "")
        load_weights(images / "encoder.npz", learner.encoder)
        if (images / "fixed.npz").exists():
            _load(images / "fixed.npz", learner.model.non_trainable_weights)
    if (folder / "model.npz").exists():
        load_weights(folder / "model.npz", learner.model)
    prepare = _images if learner.encoder is not None else _pairs
    examples = prepare(folder, spec)
    path, started, done = out / "weights.npz", time.time(), 0
    for number, stage in enumerate(spec["stages"]):
        if learner.encoder is not None:
            learner.encoder.trainable = stage["train_encoder"]
            learner.hold_labels(stage.get("hold_labels", 0.0))
        teach = _reward if "samples" in stage else _fit
        learner.compile(
            restore(stage["optimizer"]),
            label_smoothing=0.0 if "samples" in stage else spec["label_smoothing"],
            consistency=spec["consistency"],
        )
        done += teach(learner, stage, spec, examples, path, done, verbose)
        if len(spec["stages"]) > 1:
            print(f"stage {number}: {(time.time() - started) / 60:.1f} minutes", flush=True)
    print(f"{path}: {(time.time() - started) / 60:.1f} minutes")
    return path


def _fit(learner, stage, spec, examples, path, done, verbose):
    """Trains on the examples as they are; the number of epochs."""
    epochs = -(-stage["steps"] // spec["interval"])
    learner.fit(
        examples.train,
        steps_per_epoch=spec["interval"],
        initial_epoch=done,
        epochs=done + epochs,
        validation_data=examples.valid,
        shuffle=False,
        verbose=verbose,
        callbacks=[
            keras.callbacks.CSVLogger(str(path.with_name("log.csv")), append=True),
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: _save_weights(path, learner.weights)
            ),
        ],
    )
    return epochs


def _reward(learner, stage, spec, examples, path, done, verbose):
    """Self-critical training on images as they are, by CIDEr-D; the number of epochs.

    The sentences without images go on being taught as they are, so that they are not forgotten.
    """
    images, captions, subwords = examples.images, examples.captions, examples.subwords
    rng, count, length = np.random.default_rng(spec["seed"]), stage["samples"], spec["max_length"]
    grids = learner.encoder.predict(images, batch_size=spec["batch_images"], verbose=0)
    grids = np.asarray(grids, "float16").reshape(len(images), -1, grids.shape[-1])
    judge = CiderD(
        [
            [_judged([*row, END_ID], spec, subwords) for row in subwords.encode(rows)]
            for rows in captions
        ]
    )
    sampler = Sampler(learner.model, length)
    order, size, gains = batches.endless(len(images), rng), spec["batch_images"], []
    for step in range(1, stage["steps"] + 1):
        rows = [next(order) for _ in range(size)]
        source = grids[rows]
        chances = rng.random((size * count, length), "float32")
        drawn = np.asarray(sampler.predict_on_batch({"source": source, "chances": chances}))
        drawn = drawn.reshape(size, count, length)
        rewards = np.array(
            [
                [judge(row, _judged(ids, spec, subwords)) for ids in of_image]
                for row, of_image in zip(rows, drawn.tolist(), strict=True)
            ]
        )
        batch = weighted(source, drawn, advantages(rewards))
        if examples.sentences is not None:
            batch = examples.sentences.beside(*batch, stage["told"])
        learner.train_on_batch(*batch)
        gains.append(rewards.mean())
        if step % spec["interval"] == 0 or step == stage["steps"]:
            _save_weights(path, learner.weights)
            if verbose:
                print(f"{step} steps: reward {np.mean(gains):.3f}", flush=True)
            gains.clear()
    return 0


def _judged(ids, spec, subwords):
    """The words of a caption, and its end, which a good caption does not leave out.

    Without spaces the tokens are what is compared.
    """
    end = ["."] if END_ID in ids else []
    real = [i for i in ids if i > END_ID]
    return (subwords.decode([real])[0].split() if spec["spaces"] else real) + end


def load_weights(path, *models):
    """Gives models, one after the other, the weights that `run` left."""
    _load(path, [weight for model in models for weight in model.weights])


def _load(path, weights):
    with np.load(path) as arrays:
        values = [arrays[name] for name in arrays.files]
    weights = list(filter(_is_kept, weights))
    if [v.shape for v in values] != [tuple(w.shape) for w in weights]:
        raise ValueError(
            f"path must hold the weights of this model; got {path} with {len(values)} arrays "
            f"for {len(weights)} weights, or other shapes."
        )
    for weight, value in zip(weights, values, strict=True):
        weight.assign(value.astype("float32"))


def _save_weights(path, weights):
    kept = list(filter(_is_kept, weights))
    arrays = {f"{i:04d}": ops.convert_to_numpy(w).astype("float16") for i, w in enumerate(kept)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    with writing(path) as beside:
        beside.write_bytes(buffer.getvalue())


def _is_kept(weight):
    """Whether a weight is the model's; the states of dropout are not."""
    return "seed_generator" not in weight.path


def _with_policy(config, name):
    """A configuration with another policy of dtypes in all its parts."""
    if isinstance(config, list):
        return [_with_policy(part, name) for part in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {**config["config"], "name": name}}
    return {key: _with_policy(part, name) for key, part in config.items()}


class _Examples(NamedTuple):
    """What a training learns from.

    Attributes:
        train, valid: batches without end, and a list of batches.
        images, captions: uint8 (N, H, W, 3), and for each a list of texts; None of pairs.
        sentences: `_Sentences`, or None.
        subwords: the vocabulary of the targets.
    """

    train: Any
    valid: Any
    images: Any = None
    captions: Any = None
    sentences: Any = None
    subwords: Any = None


def _pairs(folder, spec):
    shape = {"widths": spec["widths"], "batch_tokens": spec["batch_tokens"]}
    tokenizers = _tokenizers(folder, spec)
    train, valid = (_repeated_sides(_examples(folder, split)) for split in SPLITS)

    def encode(sides, sampling=0.0):
        return [
            tokenizer.encode(side, sampling)
            for tokenizer, side in zip(tokenizers, sides, strict=True)
        ]

    return _Examples(
        batches.pair_batches(lambda: encode(train, spec["sampling"]), seed=spec["seed"], **shape),
        _Listed(batches.all_pairs(*encode(valid), **shape)),
    )


def _images(folder, spec):
    tokenizer = _tokenizers(folder, spec)[-1]
    read = {}
    for split in SPLITS:
        captions = _examples(folder, split)
        with np.load(folder / (spec.get("shared") or "") / f"{split}.npz") as stored:
            files = np.split(stored["files"], stored["ends"][:-1])
        images = np.stack([np.asarray(Image.open(io.BytesIO(file.tobytes()))) for file in files])
        ids = [[[START_ID, *row, END_ID] for row in tokenizer.encode(texts)] for texts in captions]
        read[split] = images, _padded(ids, spec["max_length"]), captions
    size = spec["batch_images"]
    images, ids, _ = read["valid"]
    valid = [
        batches.image_batch(images[i : i + size], ids[i : i + size])
        for i in range(0, len(images) // size * size, size)
    ]
    images, ids, captions = read["train"]
    train = batches.image_batches(images, ids, size, seed=spec["seed"], augment=crop)
    sentences = None
    if (folder / "sentences.json.gz").exists():
        sentences = _Sentences(_examples(folder, "sentences"), spec, tokenizer)
        train = (sentences.beside(*batch) for batch in train)
    return _Examples(train, _Listed(valid), images, captions, sentences, tokenizer)


class _Sentences:
    """Sentences that have no image, to be learned beside those that have one."""

    def __init__(self, sentences, spec, tokenizer):
        texts, self._said = zip(*sentences, strict=True)
        ids = [[[START_ID, *row, END_ID]] for row in tokenizer.encode(list(texts))]
        self._ids = _padded(ids, spec["max_length"] + 1)[:, 0]
        self._rng = np.random.default_rng(spec["seed"])
        self._order = batches.endless(len(texts), self._rng)
        self._rows, self._background = spec["batch_sentences"], np.array(spec["background"])
        self._count = spec["model"]["config"]["num_labels"]

    def beside(self, inputs, labels, weights, worth=None):
        """A batch of images, with sentences more, which count all together `worth`; or as any."""
        chosen = [next(self._order) for _ in range(self._rows)]
        names, probabilities = batches.what_was_told(
            [self._said[i] for i in chosen], self._rng, self._count, self._background
        )
        ids = self._ids[chosen][:, : labels.shape[1] + 1]
        more = (ids[:, 1:] != PAD_ID).astype("float32")
        if worth is not None:
            more *= worth / more.sum()
        inputs = {
            **inputs,
            "names": names,
            "probabilities": probabilities,
            "sentences": np.ascontiguousarray(ids[:, :-1]),
        }
        labels = np.concatenate([labels, ids[:, 1:]])
        return inputs, labels, np.concatenate([weights, more])


def crop(image, rng, smallest=0.75):
    """A random part of an image, scaled to its size, and mirrored half of the time."""
    height, width = image.shape[:2]
    h, w = rng.uniform(smallest, 1.0, 2) * (height, width)
    y, x = rng.uniform(0, height - h), rng.uniform(0, width - w)
    box = (x, y, x + w, y + h)
    seen = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR, box=box)
    seen = np.asarray(seen)
    return seen[:, ::-1] if rng.random() < 0.5 else seen


SPLITS = ("train", "valid")


def _tokenizers(folder, spec):
    read = [
        Subwords((folder / f"vocabulary_{i}.model").read_bytes())
        for i in range(spec["vocabularies"])
    ]
    return [read[0], read[-1]]


def _write_json(path, content):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)


def _examples(folder, split):
    with gzip.open(folder / f"{split}.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def _repeated_sides(examples):
    """Lists of source, target and how often -> all the sources, all the targets."""
    pairs = [pair for *pair, times in examples for _ in range(times)]
    return list(zip(*pairs, strict=True))


def _padded(ids, length):
    """Lists of K lists of ids -> int32 (N, K, length), cut or padded."""
    found = np.full((len(ids), len(ids[0]), length), PAD_ID, "int32")
    for n, rows in enumerate(ids):
        for k, row in enumerate(rows):
            found[n, k, : len(row[:length])] = row[:length]
    return found


class _Listed(keras.utils.PyDataset):
    """Batches that are there already."""

    def __init__(self, listed):
        super().__init__()
        self._listed = listed

    def __len__(self):
        return len(self._listed)

    def __getitem__(self, index):
        return self._listed[index]
