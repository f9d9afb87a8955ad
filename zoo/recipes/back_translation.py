"""Back-translation: text of the target language with sources that the reverse model has written.

Reference:
    Sennrich et al. 2016, Improving Neural Machine Translation Models with Monolingual Data.
"""

import re
from pathlib import Path

from zoo import data, registry
from zoo.data import read_pairs
from zoo.evaluation.progress import progress
from zoo.system import writing

_BATCH = 500  # lines translated together
_SPACE_BEFORE = re.compile(r"\s+([.,!?;])")


def flickr8k_english(data_dir=None):
    """The English captions of Flickr8k, without photographs that Multi30k evaluates on."""
    held_out = {
        _plain(english)
        for split in ("val", "test_2016_flickr")
        for _, english in data.multi30k(split, "de", "en", data_dir)
    }
    return [
        _SPACE_BEFORE.sub(r"\1", caption).strip()
        for captions in data.flickr8k("train", "en", data_dir).values()
        if not any(_plain(caption) in held_out for caption in captions)
        for caption in captions
    ]


def multi30k_english(data_dir=None):
    """The English captions of Multi30k's training split."""
    return [english for _, english in data.multi30k("train", "de", "en", data_dir)]


TEXTS = {"flickr8k_english": flickr8k_english, "multi30k_english": multi30k_english}


def reverse_folder(run_dir):
    """Where the reverse model of a run is: the folder of the run, with `_reverse` behind it."""
    run_dir = Path(run_dir)
    return run_dir.with_name(f"{run_dir.name}_reverse")


def pairs(name, run_dir, data_dir=None):
    """Pairs of a written source and a real target, made once and kept beside the reverse model.

    Args:
        name: one of `TEXTS`.
        run_dir: folder of the run that wants them.
        data_dir: where the data sets are; see `zoo.data.find`.

    Raises:
        FileNotFoundError: the reverse model has not been trained.
    """
    folder = reverse_folder(run_dir)
    path = folder / f"{name}.tsv"
    if not path.exists():
        model = folder / "model.keras"
        if not model.exists():
            raise FileNotFoundError(
                f"run_dir must have the reverse model beside it, for back-translation; there is no "
                f"{model}. `zoo train NAME --reverse` makes it."
            )
        targets = TEXTS[name](data_dir)
        translator, sources = registry.load(str(model)), []
        for i in progress(range(0, len(targets), _BATCH), f"back-translating {name}"):
            sources += translator.generate(targets[i : i + _BATCH], num_beams=1)
        lines = [
            f"{source}\t{target}\n"
            for source, target in zip(sources, targets, strict=True)
            if source.strip()
        ]
        with writing(path) as beside:
            beside.write_text("".join(lines), encoding="utf-8")
    return read_pairs(path)


def _plain(text):
    return re.sub(r"\W+", " ", text.lower()).strip()
