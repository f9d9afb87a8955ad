"""Measure a translator: quality and loss on known test sets, or on your own pairs."""

import datetime
import json
import math
import os
import platform
import time
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.progress import track

from zoo.evaluation.corpora import CORPORA
from zoo.evaluation.files import write_atomically
from zoo.evaluation.scores import bleu, chrf, literature_bleu

_BATCH = 64  # sentences decoded together: 32 and more are fastest on a CPU


def evaluate(model, name, *, data_dir=None, limit=None, out=None, overwrite=False):
    """Measure a shipped model on its test sets, with the decoding settings kept in the model.

    Args:
        model: `zoo.Translator`.
        name: a key of `CORPORA`, such as `"translate_fr_de"`.
        data_dir: folder of the data; by default as `zoo.data.find` says.
        limit: int or `None`; measure only this many pairs of each set, and mark the result
            `partial`.
        out: folder of the model, in which `metrics.json` is written; `None` writes nothing.
        overwrite: let a partial result take the place of a complete `metrics.json`.

    Returns:
        dict, as in `metrics.json`: `model`, `date` (UTC), `partial`, `parameters`, `bytes` (of
        `out/model.keras`, else `None`), `decoding`, `versions`, `machine`, and `corpora`, a dict
        from `Corpus.name` to what `evaluate_pairs` returns, with `data`, `split`, `lines`,
        `sha256` of its files, and `literature_bleu` where tokenised references exist.

    Raises:
        ValueError: an unknown name, a limit below 1, or a partial result in place of a whole one.
        FileNotFoundError: a data set is missing.
    """
    if name not in CORPORA:
        raise ValueError(f"name must be one of {', '.join(CORPORA)}; got name={name!r}.")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be >= 1; got limit={limit}.")
    if out is not None and limit is not None and not overwrite:
        _check_replaceable(Path(out) / "metrics.json", limit)
    # Read everything first: what is missing shows before the first hour of decoding.
    read = [
        (corpus, corpus.pairs(data_dir), corpus.tokenized(data_dir)) for corpus in CORPORA[name]
    ]
    corpora = {}
    for corpus, pairs, tokenized in read:
        measured, hypotheses = _measure(model, pairs[:limit], corpus.name)
        if tokenized:
            score = literature_bleu(hypotheses, tokenized[:limit], corpus.target)
            measured["literature_bleu"] = score._asdict()
        corpora[corpus.name] = {
            "data": corpus.data,
            "split": corpus.split,
            "lines": len(pairs),
            "sha256": corpus.checksums,
            **measured,
        }
    metrics = {
        "model": name,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "partial": limit is not None,
        "parameters": int(model.count_params()),
        "bytes": _size(out),
        "decoding": model.decoding.to_dict(),
        "versions": _versions(),
        "machine": {"cpus": os.cpu_count(), "architecture": platform.machine()},
        "corpora": corpora,
    }
    if out is not None:
        text = json.dumps(metrics, indent=2, ensure_ascii=False)
        write_atomically(Path(out) / "metrics.json", text + "\n")
    return metrics


def evaluate_pairs(model, pairs, **options):
    """Measure any translator on any pairs, such as `zoo.data.read_pairs("my.tsv")`.

    Args:
        model: `zoo.Translator`.
        pairs: list of `(source, target)`, cased and detokenised.
        **options: decoding options that go over those kept in the model, as in `generate`.

    Returns:
        dict: `bleu` and `chrf`, each `{"score", "signature"}`; `loss`, in nats a token:
        minus the sum of the log-probabilities of all references, over the number of their tokens
        with end tokens; `perplexity`, its exponential; `tokens`; `sentences`; `seconds` spent in
        `generate`, compilation included; `decoding`, the settings.

    Raises:
        ValueError: no pairs.
    """
    measured, _ = _measure(model, pairs, "pairs", **options)
    return {**measured, "decoding": model.decoding.updated(**options).to_dict()}


def _measure(model, pairs, description, **options):
    """Measure as `evaluate_pairs`, without the settings; give the translations too."""
    if not pairs:
        raise ValueError("pairs must hold at least one pair; got 0 pairs.")
    sources, references = map(list, zip(*pairs, strict=True))
    hypotheses = [""] * len(pairs)
    log_prob = seconds = 0.0
    # Sentences of like length go together, so that little of a batch is padding.
    order = sorted(range(len(pairs)), key=lambda n: len(sources[n]))
    batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    for rows in _progress(batches, description):
        batch = [sources[n] for n in rows]
        begin = time.perf_counter()
        texts = model.generate(batch, **options)
        seconds += time.perf_counter() - begin
        for n, text in zip(rows, texts, strict=True):
            hypotheses[n] = text
        log_prob += sum(map(float, model.score(batch, [references[n] for n in rows])))
    tokens = sum(len(ids) + 1 for ids in model.target_tokenizer.encode(references))  # 1: the end
    loss = -log_prob / tokens
    return {
        "sentences": len(pairs),
        "bleu": bleu(hypotheses, references)._asdict(),
        "chrf": chrf(hypotheses, references)._asdict(),
        "loss": loss,
        "perplexity": math.exp(loss),
        "tokens": tokens,
        "seconds": round(seconds, 3),
    }, hypotheses


def _progress(batches, description):
    console = Console(stderr=True)
    return track(batches, description, console=console, disable=not console.is_terminal)


def _check_replaceable(path, limit):
    if path.exists() and not json.loads(path.read_text(encoding="utf-8"))["partial"]:
        raise ValueError(
            f"limit must be None where {path} is complete, unless overwrite=True; "
            f"got limit={limit}."
        )


def _size(directory):
    path = None if directory is None else Path(directory) / "model.keras"
    return path.stat().st_size if path and path.exists() else None


def _versions():
    packages = "attention-zoo", "keras", "tensorflow", "sacrebleu", "sacremoses"
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # a checkout on the path, or tensorflow-cpu
        return None
