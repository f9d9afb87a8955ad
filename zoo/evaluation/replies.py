"""Measure a chat partner: how well it foresees what people say, and how dull its replies are."""

import collections
import math
import re
import statistics
from typing import NamedTuple

from zoo import data
from zoo.data.checks import check
from zoo.evaluation.caption_scores import bleu_scores
from zoo.evaluation.diversity import distinct
from zoo.evaluation.kneser_ney import KneserNey
from zoo.evaluation.markdown import table
from zoo.evaluation.measures import figure, titles
from zoo.evaluation.progress import progress
from zoo.evaluation.sources import checksums
from zoo.text import END_ID

_BATCH = 64
_ORDER = 5  # of the n-gram baseline
_SAMPLES = 300  # turns that are replied to by each way of decoding
_KEYS = {"dailydialog": "dailydialog", "chinese": "chinese_dialogues"}  # of `zoo.data.DATASETS`

METHODS = {
    "greedy": {"num_beams": 1, "dullness_penalty": 0.0},
    "beam search, 4 beams": {"num_beams": 4, "dullness_penalty": 0.0},
    "top-p 0.9": {"top_p": 0.9, "dullness_penalty": 0.0, "seed": 1},
    "as it replies by default": {},
}


class ReplyCorpus(NamedTuple):
    """One split of one set of dialogues: each turn but the first is a reply.

    Attributes:
        data: `"dailydialog"` or `"chinese"`.
        split: split of the set.
        origin: of Chinese dialogues, the only one that is measured; or None.
        references: whether there are several replies that people wrote to each turn.
    """

    data: str
    split: str
    origin: str | None = None
    references: bool = False

    compared = 100  # inputs of `compare_litert`
    unit = "texts"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"dailydialog test"`, `"chinese test c3"`."""
        return " ".join(part for part in (self.data, self.split, self.origin) if part)

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        return checksums(_KEYS[self.data], rf"\b{self.split}\.")

    def read(self, data_dir=None):
        """What `measure` needs: dialogues, those of the training, and replies of people or None."""
        found = data.dialogues(self.data, self.split, data_dir)
        if self.origin is not None:
            origins = data.chinese_origins(self.split, data_dir)
            check("origin", self.origin, tuple(sorted(set(origins))))
            found = [x for x, origin in zip(found, origins, strict=True) if origin == self.origin]
        known = data.dialogues(self.data, "train", data_dir)
        several = data.dailydialog_references(data_dir) if self.references else None
        return found, data.without_held_out(known, found), several

    def measure(self, model, material, limit=None):
        """Measures a `zoo.ChatBot` on the dialogues, or on the first `limit` of them.

        Returns:
            dict: `texts`, the replies; `loss` in nats per token, the end token included,
            `perplexity`, and by words (`perplexity_word`; of Chinese `perplexity_character`), with
            those of a Kneser-Ney 5-gram over the same tokens in `baselines`; `replies`: for each
            of `METHODS` and for people what `measure_replies` says.
        """
        dialogues, training, several = material
        dialogues = dialogues[:limit]
        pairs = [
            ("\n".join(turns[:i]), turns[i], (number, i))
            for number, turns in enumerate(dialogues)
            for i in range(1, len(turns))
        ]
        log_prob = 0.0
        order = sorted(pairs, key=lambda pair: len(pair[0]))
        for start in progress(range(0, len(order), _BATCH), self.name):
            sources, targets, _ = map(list, zip(*order[start : start + _BATCH], strict=True))
            log_prob += float(model.score(sources, targets).sum())
        targets = [target for _, target, _ in pairs]
        units = sum(len(_units(target, self.data)) for target in targets)
        tokens = sum(len(ids) + 1 for ids in model.target_tokenizer.encode(targets))
        baseline = _ngram_log_prob(model.target_tokenizer, dialogues, training)
        return {
            "texts": len(pairs),
            "tokens": tokens,
            "units": units,
            **self._rates(log_prob, tokens, units),
            "baselines": {f"Kneser-Ney, order {_ORDER}": self._rates(baseline, tokens, units)},
            "replies": self._replies(model, pairs, several),
        }

    def _rates(self, log_prob, tokens, units):
        unit = "character" if self.data == "chinese" else "word"
        return {
            "loss": -log_prob / tokens,
            "perplexity": math.exp(-log_prob / tokens),
            f"perplexity_{unit}": math.exp(-log_prob / units),
        }

    def _replies(self, model, pairs, several):
        """For each way of decoding what `measure_replies` says of its replies to some turns."""
        pairs = pairs[:: -(-len(pairs) // _SAMPLES)]
        people = [reply for _, reply, _ in pairs]
        others = [[reply] for reply in people]
        if several is not None:
            others = [[reply, *several[number][1][i - 1][1:]] for _, reply, (number, i) in pairs]
        rows = {}
        for method, options in progress(list(METHODS.items()), "replies"):
            found = []
            for start in range(0, len(pairs), _BATCH):
                histories = [history for history, *_ in pairs[start : start + _BATCH]]
                found += model.ask(histories, **options)
            rows[method] = measure_replies(found, others, self.data)
        rows["people"] = measure_replies(people, None, self.data)
        return rows

    def inputs(self, material, count):
        """The first histories, and no options of decoding; see `compare_litert`."""
        turns = [("\n".join(turns[:i])) for turns in material[0] for i in range(1, len(turns))]
        return turns[:count], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`: what `model` thinks of them."""
        histories, _ = self.inputs(material, len(answers))
        tokens = sum(len(ids) + 1 for ids in model.target_tokenizer.encode(answers))
        return "loss", -float(model.score(histories, answers).sum()) / tokens

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        ((name, ngram),) = result["baselines"].items()
        key = next(key for key in ngram if key.startswith("perplexity_"))
        chosen = result["replies"]["as it replies by default"]
        people = result["replies"]["people"]
        return (
            f"perplexity {result[key]:.1f} a {key.rpartition('_')[2]} ({name} "
            f"{ngram[key]:.1f}), {result['perplexity']:.2f} a token; BLEU-2 "
            f"{chosen['bleu_2']:.3f}, distinct-2 {chosen['distinct_2']:.3f} (people "
            f"{people['distinct_2']:.3f}) ({result['texts']} replies)"
        )

    def section(self, result):
        """Paragraphs of the card: beside an n-gram model, and by each way of decoding."""
        yield (
            f"On {self.name}, beside what foresees the same tokens without a network (a mark is a "
            "word, too):"
        )
        keys = [key for key in ("perplexity_word", "perplexity_character") if key in result]
        keys.append("perplexity")
        rows = [
            [system, *(figure(rates, key) for key in keys)]
            for system, rates in [("**this model**", result), *result["baselines"].items()]
        ]
        yield table(["", *titles(keys)], rows)
        keys = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "single_bleu_2", "distinct_1", "distinct_2")
        rows = [
            [
                method,
                *(f"{found[key]:.3f}" if key in found else "" for key in keys),
                f"{found['length']:.1f}",
                f"{100 * found['most_frequent']:.1f} %",
            ]
            for method, found in result["replies"].items()
        ]
        yield (
            "Replies to about 300 turns of the set, evenly spaced: BLEU by all replies that people "
            "wrote, BLEU-2 by the original one alone, different words (of Chinese characters) and "
            "pairs of them (distinct), their number in a reply, and the share of the ten most "
            "frequent replies:"
        )
        heading = ["decoding", *(f"BLEU-{n}" for n in (1, 2, 3, 4)), "BLEU-2, one reference"]
        yield table([*heading, "distinct-1", "distinct-2", "length", "ten most frequent"], rows)


def measure_replies(replies, references, language):
    """How good and how varied replies are.

    Args:
        replies: list of str.
        references: for each a list of str, the first what was said; None for replies of people.
        language: "chinese" for characters as units; else words and marks in lower case.

    Returns:
        dict: `distinct_1` and `distinct_2`; `length`, the mean number of units; `most_frequent`,
        the share of replies that are one of the ten most frequent; with references `bleu_1` to
        `bleu_4` by all of them, and `single_bleu_2` by the first alone.
    """
    rows = [_units(reply, language) for reply in replies]
    counts = collections.Counter(map(tuple, rows))
    result = {
        "distinct_1": distinct(rows, 1),
        "distinct_2": distinct(rows, 2),
        "length": statistics.fmean(map(len, rows)),
        "most_frequent": sum(n for _, n in counts.most_common(10)) / len(rows),
    }
    if references is not None:
        others = [[_units(text, language) for text in row] for row in references]
        every = bleu_scores(rows, others)
        result |= {f"bleu_{n}": score for n, score in enumerate(every, start=1)}
        result["single_bleu_2"] = bleu_scores(rows, [row[:1] for row in others])[1]
    return result


def _units(text, language):
    """Words and marks in lower case, however the text was tokenised; of Chinese its characters."""
    if language == "chinese":
        return [letter for letter in text if not letter.isspace()]
    return re.findall(r"\w+(?:'\w+)?|[^\w\s]", data.untokenized(text).lower())


def _ngram_log_prob(tokenizer, dialogues, training):
    """Of all replies, with what stands before them as their history."""

    def sequence(turns):
        return [[*ids, END_ID] for ids in tokenizer.encode(turns)]

    ngrams = KneserNey(
        ([token for turn in sequence(turns) for token in turn] for turns in training),
        tokenizer.vocab_size,
        _ORDER,
    )
    total = 0.0
    for turns in dialogues:
        rows = sequence(turns)
        if len(rows) > 1:
            each = ngrams.log_prob([token for row in rows for token in row])
            total += float(each[len(rows[0]) :].sum())
    return total
