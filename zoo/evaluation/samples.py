"""Measure what text generators write out of nothing, beside one another and beside real texts."""

import statistics
from typing import NamedTuple

from zoo import data, registry
from zoo.evaluation.diversity import copied_lines_share, distinct
from zoo.evaluation.kneser_ney import KneserNey
from zoo.evaluation.markdown import table
from zoo.evaluation.progress import progress
from zoo.evaluation.set_bleu import self_set_bleu, set_bleu
from zoo.evaluation.sources import checksums
from zoo.text import END_ID

_SAMPLES = 500  # texts of each model at each temperature
_BATCH = 50
_ORDERS = 2, 3, 4
TEMPERATURES = 0.7, 0.8, 0.9, 1.0


class SampleCorpus(NamedTuple):
    """A held-out split, with which free samples of models of one form are compared.

    Quality costs diversity, and a temperature buys one with the other. So models are compared along
    their temperatures, not at one point.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set, the references of BLEU.
        beside: name of the shipped model that stands beside the measured one.
        order: of the n-gram model that judges, and learned from the training split alone.
        lines: function from a text to its lines, in which copies are counted.

    Reference:
        Caccia et al. 2020, Language GANs Falling Short (the temperatures); Zhu et al. 2018,
        Texygen (the measures).
    """

    data: str
    split: str
    beside: str
    order: int
    lines: object

    unit = "texts"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"quatrains test, samples"`."""
        return f"{self.data} {self.split}, samples"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus."""
        return checksums(self.data)

    def read(self, data_dir=None):
        """Held-out texts, other held-out texts, and training texts; and the model beside."""
        load = getattr(data, self.data)
        splits = [load(split, data_dir=data_dir) for split in (self.split, "val", "train")]
        return *splits, registry.load(registry.find(self.beside), task="generation")

    def measure(self, model, material, limit=None):
        """What samples of `model` and of the one beside it come to.

        Args:
            model: `zoo.TextGenerator` with a form.
            material: as from `read`.
            limit: int or None: ten times so many samples in place of 500.

        Returns:
            dict: `texts`, how many references; `samples`, of each row; `free_samples`, a dict from
            "held-out texts", and from each model's name and temperature, to what `_figures` says.
        """
        references, others, training, rival = material
        count = min(_SAMPLES, 10 * limit) if limit else _SAMPLES
        rows = ([*row, END_ID] for row in model.tokenizer.encode(training))
        judge = KneserNey(rows, model.tokenizer.vocab_size, self.order)

        def figures(texts):
            return self._figures(texts, references, training, model, judge)

        found = {"held-out texts": figures(others[:count])}
        systems = [(name, one) for name, one in (("this model", model), (self.beside, rival))]
        for name, one in systems:
            for temperature in progress(TEMPERATURES, name):
                texts = [
                    text
                    for seed in range(0, count, _BATCH)
                    for text in one.generate(
                        [""] * min(_BATCH, count - seed),
                        temperature=temperature,
                        top_p=1.0,
                        seed=seed,
                    )
                ]
                found[f"{name}, temperature {temperature}"] = figures(texts)
        return {"texts": len(references), "samples": count, "free_samples": found}

    def _figures(self, texts, references, training, model, judge):
        """BLEU and self-BLEU, distinct-2, `form`, `copied`, and the judge's loss of a token."""
        losses = [-judge.log_prob([*ids, END_ID]) for ids in model.tokenizer.encode(texts)]
        return {
            **{f"bleu_{n}": set_bleu(texts, references, n) for n in _ORDERS},
            **{f"self_bleu_{n}": self_set_bleu(texts, n) for n in _ORDERS},
            "distinct_2": distinct(texts, 2),
            "different": len(set(texts)) / len(texts),
            "form": statistics.fmean(map(model.form.matches, texts)),
            "copied": copied_lines_share(texts, training, self.lines),
            "judge": float(sum(map(sum, losses)) / sum(map(len, losses))),
        }

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        parts = (
            f"{name}: BLEU-3 {row['bleu_3']:.1f}, self-BLEU-3 {row['self_bleu_3']:.1f}, "
            f"judge {row['judge']:.3f}"
            for name, row in result["free_samples"].items()
        )
        return "; ".join(parts)

    def section(self, result):
        """Paragraphs of the card: free samples at each temperature."""
        yield (
            f"{result['samples']} poems out of nothing, for each temperature (and no top-p). "
            f"BLEU-n: n-grams of characters against all of {self.name.partition(',')[0]}; "
            "self-BLEU-n: against the other poems of the row, low is diverse; form: the share with "
            "the right form; copied: the share of lines that stand in the training text; judge: "
            "the loss, in nats per token, of a Kneser-Ney model of the training text, which had no "
            "part in the training. At one temperature a model may look better only because it is "
            "sharper: compare rows of like BLEU by their self-BLEU."
        )
        bleu = [f"{kind}_{n}" for kind in ("bleu", "self_bleu") for n in (2, 3, 4)]
        rows = [
            [system, *(f"{row[key]:.1f}" for key in bleu), f"{row['distinct_2']:.3f}"]
            + [f"{100 * row[key]:.1f} %" for key in ("form", "copied")]
            + [f"{row['judge']:.3f}"]
            for system, row in result["free_samples"].items()
        ]
        heading = [f"{kind}-{n}" for kind in ("BLEU", "self-BLEU") for n in (2, 3, 4)]
        yield table(["", *heading, "distinct-2", "form", "copied", "judge"], rows)
