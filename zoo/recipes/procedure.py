"""How every shipped model is trained: resumable, with logs, and saved in half precision."""

import inspect
import json
import time
from pathlib import Path

import keras

from zoo.system import writing
from zoo.tasks.files import save_model
from zoo.text import SentencePieceTokenizer
from zoo.training import WarmupLinear, portable


def adam(peak, warmup, steps):
    """Adam whose rate rises to `peak` in `warmup` steps and falls to 0 in `steps`."""
    # beta_2: the usual choice for Transformers; forgets old gradients in 50 steps.
    return keras.optimizers.Adam(_rate(peak, warmup, steps), beta_2=0.98)


def muon(peak, warmup, steps, weight_decay=0.1):
    """Muon for the matrices of the blocks, Adam for all else, with the same rate for both.

    A step shrinks the weights by `weight_decay` times the rate. Keras before 3.13 (the last for
    Python 3.10 is 3.12) cannot scale Muon so: there it is AdamW for all weights, which learns
    somewhat less in the same steps.

    Reference:
        Jordan et al. 2024, Muon; scaled to Adam's updates as in Liu et al. 2025, Muon is Scalable
        for LLM Training, so that one learning rate serves both.
    """
    if "rms_rate" not in inspect.signature(keras.optimizers.Muon).parameters:
        rate = _rate(peak, warmup, steps)
        return keras.optimizers.AdamW(rate, weight_decay=weight_decay, beta_2=0.98)
    return keras.optimizers.Muon(
        _rate(peak, warmup, steps),
        weight_decay=weight_decay,
        adam_weight_decay=weight_decay,
        adam_beta_2=0.98,
    )


def _rate(peak, warmup, steps):
    return WarmupLinear(peak, max(1, min(warmup, steps // 4)), steps)


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
    consistency=0.0,
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
        steps: number of batches, rounded up to intervals of one size.
        interval: steps between two validations, each with a checkpoint.
        out: folder of the finished model.
        run_dir: folder of the checkpoints and the TensorBoard logs.
        label_smoothing, consistency: see `zoo.training.SequenceLearner.compile`.
        policy: of the dtypes in training. "mixed_bfloat16" takes products in bfloat16, sums and
            weights in float32: 1.3 times the speed on a CPU that has the instructions for it.
        verbose: as in `keras.Model.fit`.
        **fit: what else `fit` of the task model takes.

    Returns:
        The path of the model.
    """
    started, run_dir = time.time(), Path(run_dir)
    epochs = -(-steps // interval)
    interval = -(-steps // epochs)
    model = _under(policy, build)
    model.compile(
        optimizer(epochs * interval), label_smoothing=label_smoothing, consistency=consistency
    )
    model.fit(
        train(model) if callable(train) else train,
        validation_data=valid,
        steps_per_epoch=interval,
        epochs=epochs,
        initial_epoch=_finished_epochs(run_dir / "backup"),
        verbose=verbose,
        callbacks=[
            keras.callbacks.BackupAndRestore(
                str(run_dir / "backup"), double_checkpoint=True, delete_checkpoint=False
            ),
            keras.callbacks.TensorBoard(str(run_dir / "logs"), write_graph=False),
            keras.callbacks.CSVLogger(str(run_dir / "log.csv"), append=True),
        ],
        **fit,
    )
    finished = _under("float32", build)
    finished.set_weights(model.get_weights())
    path = Path(out) / "model.keras"
    save_model(finished, path, half=True)
    print(f"{path}: {(time.time() - started) / 60:.1f} minutes since this start")
    return path


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
    save_model(model, path, half=True)
    return path


def kept_tokenizer(path, train):
    """The vocabulary that an interrupted run left at `path`, or else the one that `train` makes."""
    path = Path(path)
    if not path.exists():
        with writing(path) as beside:
            beside.write_bytes(train().proto)
    return SentencePieceTokenizer(path.read_bytes())


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
