"""Measure a captioner: its captions beside what five people wrote."""

import collections
import functools
from importlib import resources
from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.caption_scores import bleu_scores, cider_d, rouge_l
from zoo.evaluation.markdown import table
from zoo.evaluation.progress import progress
from zoo.evaluation.sources import checksums

_BATCH = 40  # images captioned together
_SHOWN = 3  # best, typical and worst captions that are kept
_NAMED_RULE = (
    " A caption names the thing where it has the noun that the most references have, of the nouns "
    "in `zoo/evaluation/nouns.en.txt`."
)


class CaptionCorpus(NamedTuple):
    """One split of Flickr8k, or of COCO, in one language.

    Attributes:
        split: split of the set.
        language: "en" or "zh".
        data: "flickr8k", or "coco": other things than the captioners were taught.
    """

    split: str
    language: str
    data: str = "flickr8k"

    compared = 500  # inputs of `compare_litert`
    unit = "images"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"flickr8k test en"`."""
        return f"{self.data} {self.split} {self.language}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus."""
        return checksums(self.data, rf"\.{self.split}\.{self.language}\.tsv$")

    def read(self, data_dir=None):
        """Paths of the images, their captions, and all captions of the training split."""
        if self.data == "coco":
            captions = data.coco_captions(self.split, data_dir)
            paths = list(captions)
        else:
            captions = data.flickr8k(self.split, self.language, data_dir)
            paths = [data.flickr8k_image(name, data_dir) for name in captions]
        train = data.flickr8k("train", self.language, data_dir)
        return paths, list(captions.values()), [text for row in train.values() for text in row]

    def measure(self, model, material, limit=None):
        """What `model`, a `zoo.ImageCaptioner`, says of the images; see `measure_captions`."""
        paths, references, training = material
        captions = []
        batches = [paths[:limit][i : i + _BATCH] for i in range(0, len(paths[:limit]), _BATCH)]
        for batch in progress(batches, self.name):
            captions += model.generate(list(batch))
        result = measure_captions(captions, references[:limit], training, self.language)
        order = np.argsort(result.pop("cider_d_each"))[::-1].tolist()
        middle = len(order) // 2
        shown = {
            "best": order[:_SHOWN],
            "typical": order[middle : middle + _SHOWN],
            "worst": order[-_SHOWN:],
        }
        result["shown"] = {
            kind: [{"image": paths[i].name, "caption": captions[i]} for i in rows]
            for kind, rows in shown.items()
        }
        return result

    def inputs(self, material, count):
        """The first images, and no options of decoding; see `compare_litert`."""
        return list(material[0][:count]), {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        _, references, training = material
        measured = measure_captions(answers, references[: len(answers)], training, self.language)
        return "cider_d", measured["cider_d"]

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        bleus = " / ".join(f"{result[f'bleu_{n}']:.3f}" for n in (1, 2, 3, 4))
        return (
            f"BLEU-1 to 4 {bleus}, CIDEr-D {result['cider_d']:.3f}, "
            f"ROUGE-L {result['rouge_l']:.3f}"
            + (f", {result['named']:.0%} name the thing" if "named" in result else "")
            + f" over {result['images']} images; "
            f"{result['distinct']} distinct captions, {result['copied']:.0%} copied"
        )

    def section(self, result):
        """Paragraphs of the card: how many are different, and the best and worst."""
        yield (
            f"{self.name}: {result['distinct']} distinct captions of {result['images']}, "
            f"{result['words']:.1f} words long (those of people: {result['reference_words']:.1f}); "
            f"{100 * result['copied']:.1f} % stand word for word in the training set."
            + (_NAMED_RULE if "named" in result else "")
            + " By CIDEr-D, the best, from the middle, and the worst:"
        )
        rows = [
            [kind, shown["image"], shown["caption"]]
            for kind, several in result["shown"].items()
            for shown in several
        ]
        yield table(["", "image of the set", "caption"], rows)


def measure_captions(captions, references, training, language):
    """Scores of captions by several references.

    Both sides are taken as `words` cuts them.

    Args:
        captions: list of str.
        references: for each a list of str.
        training: list of str, the captions that the model was trained on.
        language: "en" or "zh".

    Returns:
        dict: `images`, `bleu_1` to `bleu_4`, `cider_d`, `rouge_l`; `cider_d_each`, a list;
        `named`, in English alone, see `names_the_thing`; `distinct`, the number of different
        captions; `copied`, the share of captions that stand
        word for word in the training set; `words`, the mean length of a caption, and
        `reference_words`.
    """
    hypotheses = [words(text, language) for text in captions]
    others = [[words(text, language) for text in row] for row in references]
    known = {data.plain_caption(text) for text in training}
    each = cider_d(hypotheses, others)
    counts = collections.Counter(map(data.plain_caption, captions))
    return {
        "images": len(captions),
        **{f"bleu_{n}": x for n, x in enumerate(bleu_scores(hypotheses, others), start=1)},
        "cider_d": float(np.mean(each)),
        "rouge_l": float(np.mean(rouge_l(hypotheses, others))),
        **({} if language != "en" else {"named": _named(hypotheses, others)}),
        "cider_d_each": each,
        "distinct": len(counts),
        "copied": sum(n for text, n in counts.items() if text in known) / len(captions),
        "words": float(np.mean(list(map(len, hypotheses)))),
        "reference_words": float(np.mean([len(text) for row in others for text in row])),
    }


def names_the_thing(caption, references):
    """Whether a caption says what most people say that there is.

    That is the noun that the most references have: any of them, where there are several. A noun
    is a word of `nouns.en.txt`, in the singular or the plural; the list holds the words that end a
    noun phrase in at least half of the captions of Flickr8k (training) and COCO that have them,
    names of what ImageNet shows, and nothing that names a place in the picture (`front`), an amount
    (`group`) or what happens.

    Args:
        caption: list of str, the words.
        references: list of such lists.

    Returns:
        bool; None where the references share no noun with the list.
    """
    counts = collections.Counter(noun for other in references for noun in nouns(other))
    most = max(counts.values(), default=0)
    return any(counts[noun] == most for noun in nouns(caption)) if most else None


def nouns(caption):
    """The nouns among the words of an English caption, a set in the singular."""
    return {_singular(word) for word in caption} & _known_nouns()


def _named(hypotheses, references):
    found = [names_the_thing(*pair) for pair in zip(hypotheses, references, strict=True)]
    return float(np.mean([one for one in found if one is not None] or [False]))


_PLURALS = dict(
    pair.split()
    for pair in "men man,women woman,children child,wolves wolf,knives knife,shelves shelf,"
    "leaves leaf,buses bus,geese goose,mice mouse,people people".split(",")
)


def _singular(word):
    if word in _PLURALS:
        return _PLURALS[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    whole = word.endswith(("ss", "us", "is")) or len(word) <= 3
    return word[:-1] if word.endswith("s") and not whole else word


@functools.lru_cache
def _known_nouns():
    text = (resources.files("zoo.evaluation") / "nouns.en.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def words(text, language):
    """A caption as a list of lower-case words without punctuation; Chinese is cut by jieba."""
    text = data.plain_caption(text)
    if language != "zh":
        return text.split()
    import jieba

    jieba.setLogLevel("WARNING")
    return [word for word in jieba.cut(text) if word.strip()]
