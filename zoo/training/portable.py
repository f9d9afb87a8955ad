"""A training in a folder: it runs on any backend of Keras, without TensorFlow and the data sets.

    zoo train NAME --pack DIR                       where the data is
    KERAS_BACKEND=jax python -m zoo.training DIR    where the accelerator is
    zoo train NAME --weights DIR                    makes the model file

A folder holds `training.json`, the numbers and the models' configurations; `train` and `valid`, the
examples, and `train_0` those of the first stage, where it has its own; the vocabularies; and
afterwards `weights.npz` in half precision and `log.csv`. While a training runs there is
`checkpoint.npz`, too, with which the same command goes on after it was stopped.
"""

import collections
import gzip
import hashlib
import io
import json
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops
from PIL import Image

from zoo.lite.subwords import END_ID, PAD_ID, START_ID, Subwords
from zoo.lite.turns import encode_turns, joined_turns
from zoo.system import writing
from zoo.training import batches, devices
from zoo.training.learner import Learner


def pack(
    folder, *, model, stages, train, valid, tokenizers, encoder=None, trained=False, **numbers
):
    """Writes what `run` needs.

    Args:
        folder: is made where it is missing.
        model: a `keras.Model` with a configuration.
        stages: list of dicts of `optimizer`, `steps` and, with an encoder, `train_encoder`; where
            it is another one `r_drop_alpha`; and of pairs `train`, those of this stage alone.
        train, valid: lists of (source, target) texts; or, with an encoder, pairs of a list of image
            files' bytes and a list of as many lists of captions.
        tokenizers: the vocabularies of the source and the target; one alone serves both.
        encoder: of images, with its weights.
        trained: whether the model keeps its weights, too.
        **numbers: what else `training.json` shall hold: `seed`, `interval`, `label_smoothing`,
            `r_drop_alpha`; `widths`, `batch_tokens`, `sampling` and `turns`, whether the lines of a
            source are turns (see `zoo.lite.turns`), of pairs; `batch_images` and `max_length` of
            images.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    serialize = keras.saving.serialize_keras_object
    own = {f"train_{i}": stage["train"] for i, stage in enumerate(stages) if "train" in stage}
    stages = [{**stage, "optimizer": serialize(stage["optimizer"])} for stage in stages]
    for name in own:
        stages[int(name.removeprefix("train_"))]["train"] = name
    spec = {**numbers, "model": serialize(model), "stages": stages}
    spec["vocabularies"] = len(tokenizers)
    for i, tokenizer in enumerate(tokenizers):
        (folder / f"vocabulary_{i}.model").write_bytes(tokenizer.proto)
    if trained:
        _save_weights(folder / "model.npz", model)
    if encoder is not None:
        spec["encoder"] = serialize(encoder)
        _save_weights(folder / "encoder.npz", encoder)
    for name, examples in {"train": train, "valid": valid, **own}.items():
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
    """Trains what `pack` wrote, from the last interval on where it was stopped.

    With `zoo.training.devices.distribute` before it, the devices of all processes share each batch,
    and process 0 alone writes.

    Args:
        folder: of the training.
        out: folder of `weights.npz` and `log.csv`. Default: `folder`.
        policy: of the dtypes in training.
        verbose: as in `keras.Model.fit`.

    Returns:
        The path of `weights.npz`.

    Raises:
        ValueError: several processes, and a training that draws how texts are cut into subwords,
            which each would draw for itself.
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
    share = devices.Share.current()
    if share.processes > 1 and spec.get("sampling"):
        raise ValueError(
            f"sampling must be 0 for several processes; got sampling={spec['sampling']}."
        )
    valid, streams = _Listed(list(map(share.rows, prepare(folder, spec, "valid")))), {}
    path, started, done = out / "weights.npz", time.time(), 0
    checkpoint = _Checkpoint(out / "checkpoint.npz", folder, learner)
    callbacks = [
        keras.callbacks.CSVLogger(str(out / "log.csv"), append=True),
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: (
                _save_weights(path, learner),
                checkpoint.save(epoch + 1),
            )
        ),
    ]
    for stage in spec["stages"]:
        if learner.encoder is not None:
            learner.encoder.trainable = stage["train_encoder"]
        learner.compile(
            restore(stage["optimizer"]),
            label_smoothing=spec["label_smoothing"],
            r_drop_alpha=stage.get("r_drop_alpha", spec["r_drop_alpha"]),
        )
        epochs = -(-stage["steps"] // spec["interval"])
        split = stage.get("train", "train")
        if split not in streams:  # else the stage goes on where the one before it stopped
            streams[split] = (share.rows(batch) for batch in prepare(folder, spec, split))
        behind = checkpoint.resumed(done, epochs)
        for _ in range(behind * spec["interval"]):
            next(streams[split])
        if behind < epochs:
            learner.fit(
                streams[split],
                steps_per_epoch=spec["interval"],
                initial_epoch=done + behind,
                epochs=done + epochs,
                validation_data=valid,
                shuffle=False,
                verbose=verbose if share.process == 0 else 0,
                callbacks=callbacks if share.process == 0 else None,
            )
        done += epochs
    if share.process == 0:
        checkpoint.remove()
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


class _Checkpoint:
    """What a stopped training goes on with: weights, states of dropout and of the optimizer.

    Args:
        path: of the file, which need not exist. One of another training is as if it did not.
        folder: of the training.
        learner: `Learner`.
    """

    def __init__(self, path, folder, learner):
        self._path, self._learner = path, learner
        spec = (folder / "training.json").read_bytes()
        self._training = np.frombuffer(hashlib.sha256(spec).digest(), "u1")
        self._epochs, self._arrays = 0, []
        if path.exists():
            with np.load(path) as arrays:
                if np.array_equal(arrays["training"], self._training):
                    self._epochs = int(arrays["epochs"])
                    self._arrays = [arrays[name] for name in arrays.files[2:]]

    def resumed(self, first, epochs):
        """How many epochs of a stage lie behind, whose first is given; it gets its variables."""
        behind = min(max(self._epochs - first, 0), epochs)
        if behind and self._epochs <= first + epochs:
            for variable, array in zip(self._variables(), self._arrays, strict=True):
                variable.assign(array)
        return behind

    def save(self, epochs):
        """Of the stage that `Learner` is compiled for."""
        found = enumerate(self._variables())
        arrays = {f"{i:04d}": ops.convert_to_numpy(variable) for i, variable in found}
        _save(self._path, training=self._training, epochs=epochs, **arrays)

    def remove(self):
        self._path.unlink(missing_ok=True)

    def _variables(self):
        optimizer = self._learner.optimizer
        if not optimizer.built:
            optimizer.build(self._learner.trainable_variables)
        return [*self._learner.variables, *optimizer.variables]


def _save_weights(path, model):
    kept = [weight for weight in model.weights if _is_kept(weight)]
    found = enumerate(map(ops.convert_to_numpy, kept))
    _save(path, **{f"{i:04d}": weight.astype("float16") for i, weight in found})


def _save(path, **arrays):
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


def _pairs(folder, spec, split):
    """Batches of the examples of a split: once each of `valid`, else without end."""
    shape = {"widths": spec["widths"], "batch_tokens": spec["batch_tokens"]}
    tokenizers = _tokenizers(folder, spec)
    sources, targets = _repeated_sides(_examples(folder, split))

    def encode(sampling=0.0):
        if spec.get("turns"):
            found = map(joined_turns, encode_turns(tokenizers[0], sources, sampling))
        else:
            found = tokenizers[0].encode(sources, sampling)
        return list(found), tokenizers[1].encode(targets, sampling)

    if split == "valid":
        return _Listed(batches.all_pairs(*encode(), **shape))
    return batches.pair_batches(lambda: encode(spec["sampling"]), seed=spec["seed"], **shape)


def _images(folder, spec, split):
    """The same of images with their captions."""
    tokenizer = _tokenizers(folder, spec)[-1]
    with np.load(folder / f"{split}.npz") as stored:
        files = np.split(stored["files"], stored["ends"][:-1])
    images = np.stack([np.asarray(Image.open(io.BytesIO(file.tobytes()))) for file in files])
    captions = _examples(folder, split)
    ids = [[[START_ID, *row, END_ID] for row in tokenizer.encode(texts)] for texts in captions]
    ids, size = _padded(ids, spec["max_length"]), spec["batch_images"]
    if split == "train":
        return batches.image_batches(images, ids, size, seed=spec["seed"], augment=crop)
    return _Listed(
        [
            batches.image_batch(images[i : i + size], ids[i : i + size])
            for i in range(0, len(images) // size * size, size)
        ]
    )


def crop(image, rng, smallest=0.75):
    """A random part of an image, scaled to its size, and mirrored half of the time."""
    height, width = image.shape[:2]
    h, w = rng.uniform(smallest, 1.0, 2) * (height, width)
    y, x = rng.uniform(0, height - h), rng.uniform(0, width - w)
    box = (x, y, x + w, y + h)
    seen = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR, box=box)
    seen = np.asarray(seen)
    return seen[:, ::-1] if rng.random() < 0.5 else seen


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
