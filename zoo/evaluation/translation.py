"""Measure a translator: quality and loss on parallel text."""

import inspect
import math
import time
from typing import NamedTuple

from zoo import data
from zoo.evaluation.progress import progress
from zoo.evaluation.scores import bleu, chrf, literature_bleu
from zoo.evaluation.sources import checksums

_BATCH = 64  # sentences decoded together: 32 and more are fastest on a CPU


class Corpus(NamedTuple):
    """One split of one data set, in one direction.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
        source, target: languages; a loader that has several directions is told them.
        options: dict of what else its loader is told, such as `{"speaker": "customer"}`; or None.
    """

    data: str
    split: str
    source: str
    target: str
    options: dict | None = None

    compared = 500  # inputs of `compare_litert`
    unit = "sentences"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"multi30k test_2016_flickr fr-de"`, `"bcontrast val customer ..."`.

        The values of the options stand behind the split.
        """
        part = " ".join(map(str, (self.split, *(self.options or {}).values())))
        return f"{self.data} {part} {self.source}-{self.target}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading.

        Of files that are named by a pair of languages, such as `de_en.val.tsv`, those of this one.
        """
        here = f"{self.source}_{self.target}|{self.target}_{self.source}"
        pair = rf"/((?:{here})\.|(?![a-z]{{2}}_[a-z]{{2}}\.))"
        ends = rf"({self.source}|(lc\.norm\.tok\.)?{self.target}|tsv)$"
        return checksums(self.data, rf"{pair}[^/]*\b{self.split}\.{ends}")

    def pairs(self, data_dir=None):
        """List of `(source, target)`; errors as of the loaders of `zoo.data`."""
        load = getattr(data, self.data)
        takes = inspect.signature(load).parameters
        sides = {"source": self.source, "target": self.target}
        sides = {name: language for name, language in sides.items() if name in takes}
        return load(self.split, **sides, **(self.options or {}), data_dir=data_dir)

    def tokenized(self, data_dir=None):
        """Read the references as the literature scores them, or `None` where the set has none."""
        load = getattr(data, f"{self.data}_tokenized", None)
        return None if load is None else load(self.split, self.target, data_dir)

    def read(self, data_dir=None):
        """What `measure` needs: the pairs, and the tokenised references or None."""
        return self.pairs(data_dir), self.tokenized(data_dir)

    def measure(self, model, material, limit=None):
        """Measure as `evaluate_pairs`; with `literature_bleu` where tokenised references exist."""
        pairs, tokenized = material
        measured, hypotheses = measure_pairs(model, pairs[:limit], self.name)
        if tokenized:
            score = literature_bleu(hypotheses, tokenized[:limit], self.target)
            measured["literature_bleu"] = score._asdict()
        return {"lines": len(pairs), **measured}

    def inputs(self, material, count):
        """The first sources, and no options of decoding; see `compare_litert`."""
        return [source for source, _ in material[0][:count]], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        return "bleu", bleu(answers, [target for _, target in material[0][: len(answers)]]).score

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        scores = {
            "BLEU": result["bleu"]["score"],
            "chrF": result["chrf"]["score"],
            "lower-cased BLEU": result.get("literature_bleu", {}).get("score"),
            "loss": result["loss"],
        }
        shown = (f"{key} {value:.2f}" for key, value in scores.items() if value is not None)
        return f"{', '.join(shown)} ({result['sentences']} sentences)"


def evaluate_pairs(model, pairs, **options):
    """Measure any translator on any pairs, such as `zoo.data.read_pairs("my.tsv")`.

    Args:
        model: `zoo.Translator`.
        pairs: list of `(source, target)`, cased and detokenised.
        **options: decoding options that go over those kept in the model, as in `generate`.

    Returns:
        dict: `bleu` and `chrf`, each `{"score", "signature"}`; `loss`, in nats per token:
        minus the sum of the log-probabilities of all references, over the number of their tokens
        with end tokens; `perplexity`, its exponential; `tokens`; `sentences`; `seconds` spent in
        `generate`, compilation included; `decoding`, the settings.

    Raises:
        ValueError: no pairs.
    """
    measured, _ = measure_pairs(model, pairs, "pairs", **options)
    return {**measured, "decoding": model.decoding.updated(**options).to_dict()}


def measure_pairs(model, pairs, description, **options):
    """Measure as `evaluate_pairs`, without the settings; give the translations too."""
    if not pairs:
        raise ValueError("pairs must hold at least one pair; got 0 pairs.")
    sources, references = map(list, zip(*pairs, strict=True))
    hypotheses = [""] * len(pairs)
    log_prob = seconds = 0.0
    # Sentences of like length go together, so that little of a batch is padding.
    order = sorted(range(len(pairs)), key=lambda n: len(sources[n]))
    batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    for rows in progress(batches, description):
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
