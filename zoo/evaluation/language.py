"""Measure a text generator: how well it predicts held-out text, and what it writes."""

import math
from typing import NamedTuple

from zoo import data
from zoo.evaluation.diversity import copied_lines_share, copied_share, distinct, self_bleu
from zoo.evaluation.kneser_ney import KneserNey
from zoo.evaluation.markdown import table
from zoo.evaluation.measures import figure, titles
from zoo.evaluation.progress import progress
from zoo.evaluation.sources import checksums
from zoo.text import END_ID

_BATCH = 64
_SAMPLES = 32  # texts a method of decoding writes
_POEMS = 500  # that are looked at for their form

# What each way of decoding costs in diversity and in copying.
METHODS = {
    "greedy": {"num_beams": 1},
    "beam search, 4 beams": {"num_beams": 4},
    "diverse beam search, 4 groups": {
        "num_beams": 4,
        "num_beam_groups": 4,
        "diversity_penalty": 0.5,
    },
    "top-p 0.95": {"temperature": 1.0, "top_p": 0.95},
}


class TextCorpus(NamedTuple):
    """One held-out split of one set of texts.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
        order: of the n-gram model that is the baseline, the best on the validation split.
        prompt_length: characters of a held-out text that begin a sample.
        sample_length: tokens of a sample.
        lines: function from a text to its lines, where copies are counted in whole lines.
    """

    data: str
    split: str
    order: int
    prompt_length: int
    sample_length: int
    lines: object = None

    compared = 100  # inputs of `compare_litert`: each answer has hundreds of tokens
    unit = "texts"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"quatrains test"`."""
        return f"{self.data} {self.split}"

    def read(self, data_dir=None):
        """The held-out texts and the training texts: two lists of str."""
        load = getattr(data, self.data)
        return load(self.split, data_dir=data_dir), load("train", data_dir=data_dir)

    def measure(self, model, material, limit=None):
        """What `model`, a `zoo.TextGenerator`, makes of the held-out texts.

        Args:
            model: `zoo.TextGenerator`.
            material: as from `read`.
            limit: int or None: this many texts, and of a long one this many thousand characters.

        Returns:
            dict: `texts`, `characters`, `bytes`, `tokens`; `loss` in nats per token, `perplexity`,
            `nats_per_character`, `bits_per_character` and `bits_per_byte` of the model, and
            `baselines`, the same three of a Kneser-Ney n-gram model over the same tokens; no end
            token is counted. `decoding_costs`: for each of `METHODS` what `_costs` says. For a
            model with a form, `well_formed`: the share among samples that are free, and held to it.
        """
        texts, training = material
        if limit:
            texts = [text[: 1000 * limit] for text in texts[:limit]]
        ids = model.tokenizer.encode(texts)
        size = {
            "texts": len(texts),
            "characters": sum(map(len, texts)),
            "bytes": sum(len(text.encode()) for text in texts),
            "tokens": sum(map(len, ids)),
        }
        batches = [texts[i : i + _BATCH] for i in range(0, len(texts), _BATCH)]
        log_prob = sum(
            float(score) for batch in progress(batches, self.name) for score in model.score(batch)
        )
        loss = -log_prob / size["tokens"]
        result = {
            **size,
            "loss": loss,
            "perplexity": math.exp(loss),
            **_rates(log_prob, size),
            "baselines": {
                f"Kneser-Ney, order {self.order}": self._baseline(model, ids, training, size)
            },
            "decoding_costs": {
                method: self._costs(model, texts, training, options)
                for method, options in progress(list(METHODS.items()), "samples")
            },
        }
        if model.form is not None:
            count = min(_POEMS, 10 * limit) if limit else _POEMS
            result["well_formed"] = {
                kind: _well_formed(model, count, form=held)
                for kind, held in (("free", False), ("held to the form", True))
            }
        return result

    def inputs(self, material, count):
        """Held-out beginnings, and how they are gone on with; see `compare_litert`."""
        prompts = self._beginnings(material[0], count)
        return prompts, {"max_new_tokens": self.sample_length, "seed": 1}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`: what `model` thinks of them."""
        tokens = sum(map(len, model.tokenizer.encode(answers)))
        batches = (answers[i : i + _BATCH] for i in range(0, len(answers), _BATCH))
        return "loss", -sum(float(x) for batch in batches for x in model.score(batch)) / tokens

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        baselines = ", ".join(
            f"{name} {rates['bits_per_character']:.3f}"
            for name, rates in result["baselines"].items()
        )
        return (
            f"{result['nats_per_character']:.4f} nats per character, "
            f"{result['bits_per_byte']:.3f} bits per byte, "
            f"{result['bits_per_character']:.3f} bits per character ({baselines})"
        )

    def section(self, result):
        """Paragraphs of the card: beside its baselines, and what each way of decoding costs."""
        keys = ("nats_per_character", "bits_per_character", "bits_per_byte")
        rows = [
            [system, *(figure(rates, key) for key in keys)]
            for system, rates in [("**this model**", result), *result["baselines"].items()]
        ]
        yield f"Beside its baselines, over the same tokens of {self.name}:"
        yield table(["", *titles(keys)], rows)
        rows = [
            [method, f"{100 * cost['copied']:.1f} %"]
            + [f"{cost[key]:.2f}" for key in ("distinct_1", "distinct_2", "distinct_3")]
            + [f"{cost['self_bleu']:.1f}"]
            for method, cost in result["decoding_costs"].items()
        ]
        yield "What each way of decoding costs, on continuations of held-out beginnings:"
        heading = ["decoding", "copied from the training text", "distinct-1", "distinct-2"]
        yield table([*heading, "distinct-3", "self-BLEU"], rows)
        if "well_formed" in result:
            shares = (
                f"{100 * share:.1f} % {kind}" for kind, share in result["well_formed"].items()
            )
            yield f"Well-formed poems among samples: {', '.join(shares)}."

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus."""
        return checksums(self.data)

    def _baseline(self, model, ids, training, size):
        rows = ([*row, END_ID] for row in model.tokenizer.encode(training))
        ngrams = KneserNey(rows, model.tokenizer.vocab_size, self.order)
        return _rates(sum(float(ngrams.log_prob(row).sum()) for row in ids), size)

    def _costs(self, model, texts, training, options):
        """`copied`, distinct-1 to 3 and self-BLEU of the continuations of held-out beginnings."""
        prompts = self._beginnings(texts, _SAMPLES)
        written = model.generate(prompts, max_new_tokens=self.sample_length, seed=1, **options)
        written = [text[len(p) :] for p, text in zip(prompts, written, strict=True)]
        if self.lines:
            copied = copied_lines_share(written, training, self.lines)
        else:
            copied = copied_share(written, training)
        tokenize = "char" if self.lines else "13a"
        rows = written if self.lines else [text.split() for text in written]
        return {
            "copied": copied,
            **{f"distinct_{n}": distinct(rows, n) for n in (1, 2, 3)},
            "self_bleu": self_bleu([text or " " for text in written], tokenize),
        }

    def _beginnings(self, texts, count):
        """Of as many texts, or of places in a text, spread evenly."""
        whole = "".join(texts) if len(texts) < count else None
        step = (len(whole) if whole else len(texts)) // count
        return [
            (whole[i * step :] if whole else texts[i * step])[: self.prompt_length]
            for i in range(count)
        ]


def _rates(log_prob, size):
    return {
        "nats_per_character": -log_prob / size["characters"],
        "bits_per_character": -log_prob / size["characters"] / math.log(2),
        "bits_per_byte": -log_prob / size["bytes"] / math.log(2),
    }


def _well_formed(model, count, **options):
    """Share of samples without a prompt that are of the model's form."""
    found = 0
    for start in progress(list(range(0, count, 50)), "poems"):
        size = min(50, count - start)
        poems = model.generate([""] * size, seed=start, **options)
        found += sum(map(model.form.matches, poems))
    return found / count
