"""What the parts of the models of conversations bring: smaller ones, each by the same budget.

    python scripts/conversation_ablations.py chat
    python scripts/conversation_ablations.py chat_zh
    python scripts/conversation_ablations.py summary

Data and vocabulary are those of `chat_en`, `chat_zh` and `summarize_dialogue`; the models are half
as wide and see far fewer batches, so that two cores are enough. What a model comes to on the
validation split is written to results.json in the run folder. A run that was stopped goes on by the
same command.
"""

import argparse
import dataclasses
import functools
import json
import math
import shutil
from pathlib import Path

import keras
from keras import ops

from zoo import data
from zoo.evaluation.summaries import measure_summaries
from zoo.models import PointerGenerator, RNNSearch, Transformer
from zoo.recipes import recipe
from zoo.recipes.procedure import adam
from zoo.system import writing

RECIPES = {"chat": "chat_en", "chat_zh": "chat_zh", "summary": "summarize_dialogue"}
CHAT = {"batch_tokens": 2048, "steps": 600, "interval": 200, "policy": "float32", "before": None}
NUMBERS = {
    "chat": CHAT,
    "chat_zh": CHAT,
    "summary": {
        "batch_tokens": 4096,
        "before_steps": 300,
        "steps": 300,
        "interval": 150,
        "policy": "float32",
    },
}
EVERY = 10  # of the validation pairs one is for the log of the training
PAIRS = 2000  # of the validation split, evenly spaced, whose perplexity is measured
SUMMARIES = 100  # that are written
WIDTHS = {
    "num_encoder_layers": 2,
    "num_decoder_layers": 2,
    "model_dim": 128,
    "num_heads": 4,
    "ff_dim": 512,
    "dropout": 0.1,
    "share_embeddings": True,
    "rotary": True,
}


@keras.saving.register_keras_serializable(package="ablations")
class LastState(Transformer):
    """A Transformer that cannot choose what it reads: its memory is the last state alone."""

    def encode(self, source, training=None):
        memory, mask = super().encode(source, training)
        last = ops.sum(ops.cast(mask, "int32"), axis=-1, keepdims=True) - 1
        return ops.take_along_axis(memory, ops.maximum(last, 0), axis=1), mask[..., :1]


def variants(kind):
    """Name -> what takes the place of parts of the recipe."""
    transformer = functools.partial(Transformer, **WIDTHS)
    last_state = {"model": functools.partial(LastState, **WIDTHS)}
    if kind == "summary":
        return {
            "with a pointer": {"model": functools.partial(PointerGenerator, **WIDTHS)},
            "without copying": {"model": transformer},
            "without attention: the last state alone": last_state,
        }
    recurrent = functools.partial(
        RNNSearch, model_dim=128, units=256, attention_units=128, dropout=0.1, share_embeddings=True
    )
    return {
        "up to six turns": {"model": transformer},
        "the last turn alone": {
            "model": transformer,
            "pairs": functools.partial(last_turns, RECIPES[kind]),
        },
        "without attention: the last state alone": last_state,
        "recurrent, with additive attention": {"model": recurrent, "optimizer": adam},
    }


def last_turns(name, data_dir):
    """The pairs of a recipe, of each history the last turn alone."""
    return [
        [(history.rpartition("\n")[2], turn) for history, turn in pairs]
        for pairs in recipe(name).RECIPE.pairs(data_dir)
    ]


def measured(kind, model, valid):
    """Figures of a trained model on the validation split: name -> number."""
    sources, targets = map(list, zip(*valid[:: -(-len(valid) // PAIRS)], strict=True))
    parts = range(0, len(sources), 64)
    log_prob = sum(model.score(sources[i : i + 64], targets[i : i + 64]).sum() for i in parts)
    tokens = sum(len(ids) + 1 for ids in model.target_tokenizer.encode(targets))
    found = {
        "parameters": model.model.count_params(),
        "perplexity": math.exp(-float(log_prob) / tokens),
    }
    if kind == "summary":
        rows = data.dialogsum("val")[:SUMMARIES]
        texts = model.summarize([row.dialogue for row in rows], num_beams=1)
        scores = measure_summaries(texts, rows)
        found |= {key: scores[key] for key in ("rouge_1", "rouge_2", "names_right", "names_found")}
    return found


def main():
    """Reads the command line, trains what is still missing, and prints a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=RECIPES)
    parser.add_argument("--run-dir", help="default: runs/KIND_ablations")
    arguments = parser.parse_args()
    kind = arguments.kind
    folder = Path(arguments.run_dir or f"runs/{kind}_ablations")
    folder.mkdir(parents=True, exist_ok=True)
    base = dataclasses.replace(recipe(RECIPES[kind]).RECIPE, **NUMBERS[kind])
    results, note = {}, folder / "results.json"
    if note.exists():
        results = json.loads(note.read_text())
    vocabulary = folder / "0" / "vocabulary_0.model"
    for number, (name, parts) in enumerate(variants(kind).items()):
        if name not in results:
            run_dir = folder / str(number)
            run_dir.mkdir(exist_ok=True)
            if number:
                shutil.copy(vocabulary, run_dir)
            variant = dataclasses.replace(base, **parts)
            train, valid = variant.pairs(None)
            few = dataclasses.replace(variant, pairs=lambda _, t=train, v=valid: (t, v[::EVERY]))
            path = few.train(out=run_dir, run_dir=run_dir)
            results[name] = measured(kind, keras.models.load_model(path), valid)
            with writing(note) as beside:
                beside.write_text(json.dumps(results, indent=1) + "\n")
        print(name, {key: round(value, 3) for key, value in results[name].items()}, flush=True)


if __name__ == "__main__":
    main()
