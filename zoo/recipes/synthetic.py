"""Synthetic pairs: one side was written by people, the other one by a translator.

Reference:
    Sennrich et al. 2016, Improving Neural Machine Translation Models with Monolingual Data (the
    source is synthetic); Kim and Rush 2016, Sequence-Level Knowledge Distillation (the target is).
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from zoo import data, registry
from zoo.data import read_pairs
from zoo.evaluation.progress import progress
from zoo.system import writing

_BATCH = 500  # lines translated together
_LONGEST = 200  # characters of a line that is translated
_SPACE_BEFORE = re.compile(r"\s+([.,!?;])")


class Synthetic(NamedTuple):
    """How a set of synthetic pairs is made.

    Attributes:
        texts: `data_dir -> list of (text that is translated, text that stays)`.
        recipe: name of the recipe whose reverse model translates.
        writes: which side of the pairs is then synthetic: `"source"` or `"target"`.
    """

    texts: Callable
    recipe: str
    writes: str = "source"


def _alone(texts):
    """Text without a translation: what is translated is what stays."""
    return lambda data_dir=None: [(text, text) for text in texts(data_dir)]


def flickr8k_english(data_dir=None):
    """The English captions of Flickr8k, without photographs that Multi30k evaluates on."""
    held_out = {
        data.comparable(english)
        for split in ("val", "test_2016_flickr")
        for _, english in data.multi30k(split, "de", "en", data_dir)
    }
    return [
        _SPACE_BEFORE.sub(r"\1", caption).strip()
        for captions in data.flickr8k("train", "en", data_dir).values()
        if not any(data.comparable(caption) in held_out for caption in captions)
        for caption in captions
    ]


def multi30k_english(data_dir=None):
    """The English captions of Multi30k's training split."""
    return [english for _, english in data.multi30k("train", "de", "en", data_dir)]


def tatoeba_english(data_dir=None):
    """Every second English sentence of those that stand beside German and French ones."""
    sets = [data.tatoeba("train", language, "en", data_dir) for language in ("de", "fr")]
    return list(dict.fromkeys(english for pairs in sets for _, english in pairs))[::2]


def dailydialog_english(data_dir=None):
    """What is said in daily conversations, each turn once."""
    talks = data.dialogues("dailydialog", "train", data_dir)
    return list(dict.fromkeys(turn for turns in talks for turn in turns))


def _german_by_english(data_dir=None):
    return [pair[::-1] for pair in data.tatoeba("train", "de", "en", data_dir)]


def _french_by_english(data_dir=None):
    """Of French sentences that no German one stands beside."""
    partnered = {french for french, _ in data.tatoeba("train", "fr", "de", data_dir)}
    pairs = data.tatoeba("train", "fr", "en", data_dir)
    return [(english, french) for french, english in pairs if french not in partnered]


SETS = {
    "flickr8k_to_zh": Synthetic(_alone(flickr8k_english), "translate_zh_en"),
    "multi30k_to_zh": Synthetic(_alone(multi30k_english), "translate_zh_en"),
    "tatoeba_to_zh": Synthetic(_alone(tatoeba_english), "translate_zh_en"),
    "dailydialog_to_zh": Synthetic(_alone(dailydialog_english), "translate_zh_en"),
    "flickr8k_to_de": Synthetic(_alone(flickr8k_english), "translate_de_en"),
    "dailydialog_to_de": Synthetic(_alone(dailydialog_english), "translate_de_en"),
    # The German of Tatoeba, whose English becomes French; and the French, whose English becomes
    # German: through English both have far more partners than each other.
    "german_by_english": Synthetic(_german_by_english, "translate_fr_en"),
    "french_by_english": Synthetic(_french_by_english, "translate_de_en", "target"),
}


def reverse_folder(run_dir):
    """Where the reverse model of a run is: the folder of the run, with `_reverse` behind it."""
    run_dir = Path(run_dir)
    return run_dir.with_name(f"{run_dir.name}_reverse")


def pairs(name, run_dir, data_dir=None):
    """The pairs of a set, made once and kept beside the model that writes them.

    What shares a side with an evaluation split is left out, before and after.

    Args:
        name: one of `SETS`.
        run_dir: folder of the run that wants them; the model is in a folder beside it.
        data_dir: where the data sets are; see `zoo.data.find`.

    Returns:
        list of `(source, target)`.

    Raises:
        FileNotFoundError: the model that writes has not been trained.
    """
    wanted = SETS[name]
    folder = reverse_folder(Path(run_dir).with_name(wanted.recipe))
    path = folder / f"{name}.tsv"
    if not path.exists():
        _write(path, wanted, folder / "model.keras", data_dir)
    held_out = data.evaluation_pairs(data_dir)
    return data.clean(read_pairs(path), held_out=held_out, report=lambda line: print(name, line))


def _write(path, wanted, model, data_dir):
    if not model.exists():
        raise FileNotFoundError(
            "run_dir must have the model beside it that writes its synthetic pairs; there is no "
            f"{model}. `zoo train {wanted.recipe} --reverse` makes it."
        )
    translator = registry.load(str(model))
    held_out = {data.comparable(side) for pair in data.evaluation_pairs(data_dir) for side in pair}
    rows = [
        row
        for row in wanted.texts(data_dir)
        if held_out.isdisjoint(map(data.comparable, row)) and len(row[0]) <= _LONGEST
    ]
    # Lines of about one length are searched together: a batch waits for its longest.
    rows.sort(key=lambda row: len(row[0]))
    lines = []
    for i in progress(range(0, len(rows), _BATCH), f"writing {path.name}"):
        part = rows[i : i + _BATCH]
        written = translator.generate([text for text, _ in part], num_beams=1)
        for (_, kept), text in zip(part, written, strict=True):
            pair = (text, kept) if wanted.writes == "source" else (kept, text)
            if text.strip() and kept.strip():
                lines.append("\t".join(pair) + "\n")
    with writing(path) as beside:
        beside.write_text("".join(lines), encoding="utf-8")
