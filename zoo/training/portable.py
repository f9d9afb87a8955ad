"""A training in a folder: it runs on any backend of Keras, without TensorFlow and the data sets.

    zoo train NAME --pack DIR                       where the data is
    KERAS_BACKEND=jax python -m zoo.training DIR    where the accelerator is
    zoo train NAME --weights DIR                    makes the model file

A folder holds `training.json`, the numbers and the models' configurations; `train` and `valid`, the
examples; the vocabularies; and afterwards `weights.npz` in half precision and `log.csv`.
"""

import collections
import gzip
import io
import json
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops
from PIL import Image

from zoo.lite.subwords import END_ID, PAD_ID, START_ID, Subwords
from zoo.system import writing
from zoo.training import batches
from zoo.training.learner import Learner


def pack(
    folder, *, model, stages, train, valid, tokenizers, encoder=None, trained=False, **numbers
):
    """Writes what `run` needs.

    Args:
        folder: is made where it is missing.
        model: a `keras.Model` with a configuration.
        stages: list of dicts of `optimizer`, `steps` and, with an encoder, `train_encoder`.
        train, valid: lists of (source, target) texts; or, with an encoder, pairs of a list of image
            files' bytes and a list of as many lists of captions.
        tokenizers: the vocabularies of the source and the target; one alone serves both.
        encoder: of images, with its weights.
        trained: whether the model keeps its weights, too.
        **numbers: what else `training.json` shall hold: `seed`, `interval`, `label_smoothing`,
            `consistency`; `widths`, `batch_tokens` and `sampling` of pairs; `batch_images` and
            `max_length` of images.
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
        _save_weights(folder / "model.npz", model)
    if encoder is not None:
        spec["encoder"] = serialize(encoder)
        _save_weights(folder / "encoder.npz", encoder)
    for name, examples in (("train", train), ("valid", valid)):
        if encoder is None:
            examples = [[*pair, times] for pair, times in collections.Counter(examples).items()]
        else:
            files, examples = examples
            ends = np.cumsum([len(file) for file in files])
            np.savez(folder / f"{name}.npz", ends=ends, files=np.frombuffer(b"".join(files), "u1"))
        with gzip.open(folder / f"{name}.json.gz", "wt", encoding="utf-8") as file:
            json.dump(examples, file, ensure_ascii=False)
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
        load_weights(folder / "encoder.npz", learner.encoder)
    if (folder / "model.npz").exists():
        load_weights(folder / "model.npz", learner.model)
    prepare = _images if learner.encoder is not None else _pairs
    train, valid = prepare(folder, spec)
    path, started, done = out / "weights.npz", time.time(), 0
    for stage in spec["stages"]:
        if learner.encoder is not None:
            learner.encoder.trainable = stage["train_encoder"]
        learner.compile(
            restore(stage["optimizer"]),
            label_smoothing=spec["label_smoothing"],
            consistency=spec["consistency"],
        )
        epochs = -(-stage["steps"] // spec["interval"])
        learner.fit(
            train,
            steps_per_epoch=spec["interval"],
            initial_epoch=done,
            epochs=done + epochs,
            validation_data=valid,
            shuffle=False,
            verbose=verbose,
            callbacks=[
                keras.callbacks.CSVLogger(str(out / "log.csv"), append=True),
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda epoch, logs: _save_weights(path, learner)
                ),
            ],
        )
        done += epochs
    print(f"{path}: {(time.time() - started) / 60:.1f} minutes")
    return path


def load_weights(path, *models):
    """Gives models, one after the other, the weights that `run` left."""
    with np.load(path) as arrays:
        values = [arrays[name] for name in arrays.files]
    weights = [weight for model in models for weight in model.weights if _is_kept(weight)]
    if [v.shape for v in values] != [tuple(w.shape) for w in weights]:
        raise ValueError(
            f"path must hold the weights of this model; got {path} with {len(values)} arrays "
            f"for {len(weights)} weights, or other shapes."
        )
    for weight, value in zip(weights, values, strict=True):
        weight.assign(value.astype("float32"))


def _save_weights(path, model):
    kept = [weight for weight in model.weights if _is_kept(weight)]
    arrays = {f"{i:04d}": ops.convert_to_numpy(w).astype("float16") for i, w in enumerate(kept)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
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


def _pairs(folder, spec):
    shape = {"widths": spec["widths"], "batch_tokens": spec["batch_tokens"]}
    tokenizers = _tokenizers(folder, spec)
    train, valid = (_repeated_sides(_examples(folder, split)) for split in SPLITS)

    def encode(sides, sampling=0.0):
        return [
            tokenizer.encode(side, sampling)
            for tokenizer, side in zip(tokenizers, sides, strict=True)
        ]

    return (
        batches.pair_batches(lambda: encode(train, spec["sampling"]), seed=spec["seed"], **shape),
        _Listed(batches.all_pairs(*encode(valid), **shape)),
    )


def _images(folder, spec):
    tokenizer = _tokenizers(folder, spec)[-1]
    read = {}
    for split in SPLITS:
        captions = _examples(folder, split)
        with np.load(folder / f"{split}.npz") as stored:
            files = np.split(stored["files"], stored["ends"][:-1])
        images = np.stack([np.asarray(Image.open(io.BytesIO(file.tobytes()))) for file in files])
        ids = [[[START_ID, *row, END_ID] for row in tokenizer.encode(texts)] for texts in captions]
        read[split] = images, _padded(ids, spec["max_length"])
    size = spec["batch_images"]
    images, ids = read["valid"]
    valid = [
        batches.image_batch(images[i : i + size], ids[i : i + size])
        for i in range(0, len(images) // size * size, size)
    ]
    train = batches.image_batches(*read["train"], size, seed=spec["seed"], augment=crop)
    return train, _Listed(valid)


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
