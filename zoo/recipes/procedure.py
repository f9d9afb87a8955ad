"""How every shipped model is trained: resumable, with logs, and saved in a compact file."""

import contextlib
import inspect
import json
import warnings
from pathlib import Path

import keras
import numpy as np

from zoo.models import Ensemble
from zoo.recipes.progress import TrainingProgress
from zoo.system import writing
from zoo.tasks.files import save_model
from zoo.text import SentencePieceTokenizer, word_vectors
from zoo.training import WarmupLinear, portable

# What the cards of models say whose vocabulary got its table after the training.
READS_TRADITIONAL = (
    "Traditional characters are read as simplified ones, by a table that was put into the "
    "vocabulary after the training (`SentencePieceTokenizer.replacing`); the figures above are of "
    "the model with it."
)


def adam(peak, warmup, steps, beta_2=0.98):
    """Adam whose rate rises to `peak` in `warmup` steps and falls to 0 in `steps`.

    `beta_2` is the usual choice for Transformers: it forgets old gradients in 50 steps.
    """
    return keras.optimizers.Adam(_rate(peak, warmup, steps), beta_2=beta_2)


def muon(peak, warmup, steps, weight_decay=0.1, decay_steps=None):
    """Muon for the matrices of the blocks, Adam for all else, with the same rate for both.

    The rate rises to `peak` in `warmup` steps and falls to 0 in the last `decay_steps` of `steps`,
    by default in all after the rise. A step shrinks the weights by `weight_decay` times the rate.
    Keras before 3.13 (the last for Python 3.10 is 3.12) cannot scale Muon so: there it is AdamW for
    all weights, which learns somewhat less in the same steps.

    Reference:
        Jordan et al. 2024, Muon; scaled to Adam's updates as in Liu et al. 2025, Muon is Scalable
        for LLM Training, so that one learning rate serves both.
    """
    if "rms_rate" not in inspect.signature(keras.optimizers.Muon).parameters:
        rate = _rate(peak, warmup, steps, decay_steps)
        return keras.optimizers.AdamW(rate, weight_decay=weight_decay, beta_2=0.98)
    return keras.optimizers.Muon(
        _rate(peak, warmup, steps, decay_steps),
        weight_decay=weight_decay,
        adam_weight_decay=weight_decay,
        adam_beta_2=0.98,
    )


def _rate(peak, warmup, steps, decay_steps=None):
    warmup = max(1, min(warmup, steps // 4))
    if decay_steps is not None:
        decay_steps = min(decay_steps, steps + 1 - warmup)
    return WarmupLinear(peak, warmup, steps, decay_steps)


def train_and_save(
    build,
    train,
    valid,
    *,
    optimizer,
    steps,
    interval,
    out,
    run_dir,
    label_smoothing=0.0,
    r_drop_alpha=0.0,
    metrics=None,
    after=None,
    policy="mixed_bfloat16",
    verbose="auto",
    **fit,
):
    """Trains a task model, and saves `out`/model.keras. After a kill, the same call goes on.

    Args:
        build: `() -> task model`, called under `policy` for training and in float32 for the file.
        train, valid: raw data, as `fit` of the task model takes it; `train` may be a function of
            the model.
        optimizer: `steps -> keras.optimizers.Optimizer`.
        steps: number of batches, rounded up to intervals of one size. A run that goes on for more
            steps keeps its intervals.
        interval: steps between two validations, each with a checkpoint.
        out: folder of the finished model.
        run_dir: folder of the checkpoints and the TensorBoard logs.
        label_smoothing, r_drop_alpha, metrics: see `zoo.training.Learner.compile`.
        after: called with the trained model before it is saved.
        policy: of the dtypes in training. "mixed_bfloat16" takes products in bfloat16, sums and
            weights in float32: 1.3 times the speed on a CPU that has the instructions for it.
        verbose: 0 for no word; else what is trained, and how far it is, is said.
        **fit: what else `fit` of the task model takes.

    Returns:
        The path of the model.
    """
    run_dir = Path(run_dir)
    done = _finished_epochs(run_dir / "backup")
    interval, epochs = _intervals(run_dir / "interval.json", interval, steps)
    model = _under(policy, build)
    model.compile(
        optimizer(epochs * interval),
        metrics=metrics,
        label_smoothing=label_smoothing,
        r_drop_alpha=r_drop_alpha,
    )
    progress = TrainingProgress(epochs * interval, done * interval)
    if verbose:
        print(_header(model, run_dir, done * interval, epochs * interval), flush=True)
    with contextlib.closing(progress), warnings.catch_warnings():
        # Keras says so at the end of the validation data, which is there to end.
        warnings.filterwarnings("ignore", "Your input ran out of data")
        model.fit(
            train(model) if callable(train) else train,
            validation_data=valid,
            steps_per_epoch=interval,
            epochs=max(done, epochs),
            initial_epoch=done,
            verbose=0,
            callbacks=[
                keras.callbacks.BackupAndRestore(
                    str(run_dir / "backup"), double_checkpoint=True, delete_checkpoint=False
                ),
                keras.callbacks.TensorBoard(str(run_dir / "logs"), write_graph=False),
                keras.callbacks.CSVLogger(str(run_dir / "log.csv"), append=True),
                *([progress] if verbose else []),
            ],
            **fit,
        )
    finished = _under("float32", build)
    finished.set_weights(model.get_weights())
    if after is not None:
        after(finished)
    path = Path(out) / "model.keras"
    save_model(finished, path, compact=True)
    return path


def _intervals(note, interval, steps):
    """Steps between two validations, and how many times; as the run began, where it has begun."""
    if note.exists():
        interval = json.loads(note.read_text())
    else:
        interval = -(-steps // -(-steps // interval))
        with writing(note) as beside:
            beside.write_text(json.dumps(interval))
    return interval, -(-steps // interval)


def _header(model, run_dir, done, steps):
    """What is trained for how long, and where."""
    if done >= steps:
        return f"The run in {run_dir} has {done:,} steps behind it: nothing is left to do."
    size = model.model.count_params()
    behind = f", of which {done:,} lie behind it" if done else ""
    return (
        f"{type(model.model).__name__} of {size:,} parameters: {steps:,} steps{behind}; "
        f"checkpoints and logs in {run_dir}"
    )


def finish(model, folder, out):
    """Saves `out`/model.keras with the weights that a packed training left in `folder`.

    Args:
        model: a task model.
        folder: of `zoo.training.portable.run`.
        out: folder of the finished model.

    Returns:
        The path of the model.
    """
    model.build()
    parts = [model.model] if model.encoder is None else [model.model, model.encoder]
    portable.load_weights(Path(folder) / "weights.npz", *parts)
    path = Path(out) / "model.keras"
    save_model(model, path, compact=True)
    return path


def kept_tokenizer(path, train):
    """The vocabulary that an interrupted run left at `path`, or else the one that `train` makes."""
    path = Path(path)
    if not path.exists():
        with writing(path) as beside:
            beside.write_bytes(train().proto)
    return SentencePieceTokenizer(path.read_bytes())


def kept_vectors(path, tokenizer, lines, dim, window=4):
    """The vectors that an interrupted run left at `path`, or else `word_vectors` of `lines`."""
    path = Path(path)
    if not path.exists():
        found = word_vectors(tokenizer.encode(lines()), tokenizer.vocab_size, dim, window)
        with writing(path) as beside, beside.open("wb") as file:
            np.save(file, found)
    return np.load(path)


def networks(model):
    """The members of an `Ensemble`; of any other model, itself alone: a list."""
    return model.members if isinstance(model, Ensemble) else [model]


def _under(policy, build):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy(before)
    model.build()
    return model


def _finished_epochs(backup):
    """How many epochs a run has behind it.

    A kill while that was being noted leaves half a note: the checkpoint before takes over, and
    without one the run starts anew.
    """
    note = backup / "training_metadata.json"
    try:
        return json.loads(note.read_text())["epoch"]
    except FileNotFoundError:
        return 0
    except json.JSONDecodeError:
        for latest in (backup / "latest.weights.h5", note):
            before = latest.with_name(latest.name + ".bkp")
            if before.exists():
                before.replace(latest)
            else:
                latest.unlink(missing_ok=True)
        return _finished_epochs(backup)
