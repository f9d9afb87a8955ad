"""The model card: `README.md`, made of what was measured and what only its author knows."""

import json
from dataclasses import dataclass
from pathlib import Path

from zoo.data import DATASETS
from zoo.evaluation.examples import read_examples
from zoo.evaluation.files import read_text, write_atomically
from zoo.evaluation.probe_sentences import PROBE_SENTENCES

# Key of a corpus' result -> how the card calls it, and how it is written.
_MEASURES = {
    "bleu": ("BLEU", ".1f"),
    "chrf": ("chrF", ".1f"),
    "literature_bleu": ("BLEU, lower-cased tokens", ".1f"),
    "bleu_1": ("BLEU-1", ".3f"),
    "bleu_2": ("BLEU-2", ".3f"),
    "bleu_3": ("BLEU-3", ".3f"),
    "bleu_4": ("BLEU-4", ".3f"),
    "cider_d": ("CIDEr-D", ".3f"),
    "rouge_l": ("ROUGE-L", ".3f"),
    "rouge_1": ("ROUGE-1", ".2f"),
    "rouge_2": ("ROUGE-2", ".2f"),
    "rouge_l_sum": ("ROUGE-L of sentences", ".2f"),
    "rouge_l_text": ("ROUGE-L", ".2f"),
    "rouge_1_best": ("ROUGE-1, best", ".2f"),
    "rouge_2_best": ("ROUGE-2, best", ".2f"),
    "rouge_l_sum_best": ("ROUGE-L of sentences, best", ".2f"),
    "perplexity_word": ("perplexity a word", ".2f"),
    "perplexity_character": ("perplexity a character", ".2f"),
    "frechet_distance": ("Fréchet distance", ".2f"),
    "frechet_floor": ("of real training pictures", ".2f"),
    "digit_accuracy": ("samples read as what was asked for", ".4f"),
    "judge_accuracy": ("real ones read right", ".4f"),
    "squared_error": ("squared error of a reconstruction", ".2f"),
    "named": ("share that names the thing", ".3f"),
    "word_error_rate": ("word error rate", ".2%"),
    "texts_right": ("whole texts right", ".1%"),
    "accuracy": ("accuracy", ".3f"),
    "macro_f1": ("macro F1", ".3f"),
    "hr_10": ("HR@10", ".4f"),
    "ndcg_10": ("nDCG@10", ".4f"),
    "map": ("MAP", ".3f"),
    "mrr": ("MRR", ".3f"),
    "right_first": ("a right sentence first", ".3f"),
    "f1": ("F1", ".3f"),
    "precision": ("precision", ".3f"),
    "recall": ("recall", ".3f"),
    "calibration_error": ("expected calibration error", ".3f"),
    "most_common": ("accuracy of the most common label", ".3f"),
    "nats_per_character": ("nats per character", ".4f"),
    "bits_per_character": ("bits per character", ".3f"),
    "bits_per_byte": ("bits per byte", ".3f"),
    "auc": ("AUC", ".3f"),
    "skill_auc": ("AUC of the skill alone", ".3f"),
    "loss": ("loss", ".3f"),
    "perplexity": ("perplexity", ".2f"),
}
_SETTINGS = ("num_beams", "length_penalty", "temperature", "top_p", "max_new_tokens")
_NEXT = ("hr_10", "ndcg_10")
_MEANINGS = {
    sentence: meaning for own in PROBE_SENTENCES.values() for sentence, meaning in own.items()
}


@dataclass(frozen=True)
class Published:
    """A figure of another system on a corpus that we measure too.

    Attributes:
        system: what it is, with its size where known.
        corpus: `Corpus.name`, such as `"multi30k test_2016_flickr fr-de"`.
        measure: a measure of the corpus, such as `"bleu"` or `"bits_per_byte"`.
        score: in the unit of the measure.
        origin: who reports it, and what differs from our way of measuring.
    """

    system: str
    corpus: str
    measure: str
    score: float
    origin: str

    def __post_init__(self):
        if self.measure not in _MEASURES:
            raise ValueError(
                f"measure must be one of {', '.join(_MEASURES)}; got measure={self.measure!r}."
            )


@dataclass(frozen=True)
class Card:
    """What a recipe says of its model by hand, in its dict `CARD`.

    Attributes:
        title: task and architecture in one line.
        purpose: what the model is for, and what it is not for.
        data: key of `zoo.data.DATASETS` -> which part of it trained the model.
        command: the exact command that trained it.
        minutes: how long that took.
        machine: on what.
        published: figures of others, as `Published` or dicts of its fields.
        limitations: what it gets wrong, a sentence each, with an example.
        ablations: what made it better, a sentence each, with the figures.
    """

    title: str
    purpose: str
    data: dict[str, str]
    command: str
    minutes: float
    machine: str
    published: tuple = ()
    limitations: tuple[str, ...] = ()
    ablations: tuple[str, ...] = ()

    def __post_init__(self):
        unknown = [key for key in self.data if key not in DATASETS]
        if unknown:
            raise ValueError(
                f"data must have keys of zoo.data.DATASETS ({', '.join(DATASETS)}); got {unknown}."
            )
        published = (
            figure if isinstance(figure, Published) else Published(**figure)
            for figure in self.published
        )
        object.__setattr__(self, "published", tuple(published))  # the dataclass is frozen


def write_card(directory, card):
    """Write `README.md` into a model's folder, from its `metrics.json` and `examples.jsonl`.

    Args:
        directory: folder of the model.
        card: `Card`, or a dict of its fields.

    Raises:
        FileNotFoundError: one of the two files is missing.
        ValueError: see `render_card`.
        TypeError: a field of the dict is missing or unknown.
    """
    card = card if isinstance(card, Card) else Card(**card)
    metrics = json.loads(read_text(directory, "metrics.json"))
    text = render_card(card, metrics, read_examples(directory))
    write_atomically(Path(directory) / "README.md", text)


def render_card(card, metrics, examples):
    """Render the card in Markdown.

    Args:
        card: `Card`.
        metrics: dict of `evaluate`.
        examples: list of `(input, output)`; those of `PROBE_SENTENCES` get a table of their own.

    Returns:
        str.

    Raises:
        ValueError: the metrics are partial, or lack what a published figure is compared with.
    """
    if metrics["partial"]:
        raise ValueError("metrics must be of whole test sets; got partial=True.")
    sections = [
        f"# {metrics['model']}\n\n{card.title}. {card.purpose}\n\n{_size(metrics)}",
        f"## Data and terms\n\n{_data(card)}",
        f"## Training\n\n```\n{card.command}\n```\n\n{card.minutes:g} minutes on {card.machine}.",
        f"## Quality\n\n{_quality(metrics)}",
    ]
    if card.published:
        sections.append(f"### Beside published figures\n\n{_comparison(card, metrics)}")
    for title, sentences in (
        ("What helped: ablations", card.ablations),
        ("Limitations", card.limitations),
    ):
        if sentences:
            sections.append(f"## {title}\n\n" + "\n".join(f"- {text}" for text in sentences))
    others = [pair for pair in examples if pair[0] not in _MEANINGS]
    if any("\n" in text for _, text in others):  # a table would lose the lines
        blocks = (f"```\n{text}\n```" for _, text in others)
        sections.append("## Examples, as they come\n\n" + "\n\n".join(blocks))
    elif others:
        sections.append(f"## Examples\n\n{_table(['input', 'output'], others)}")
    own = [(*pair, _MEANINGS[pair[0]]) for pair in examples if pair[0] in _MEANINGS]
    if own:
        sections.append(
            "## Everyday sentences, as they come\n\n"
            "Written for this card, outside the training data; good and bad.\n\n"
            + _table(["input", "output", "meaning"], own)
        )
    return "\n\n".join(sections) + "\n"


def _size(metrics):
    disk = f", {metrics['bytes'] / 2**20:.1f} MiB on disk" if metrics["bytes"] else ""
    bits = round(metrics.get("bits_per_weight", 16), 1)
    stored = "half precision" if bits == 16 else f"{bits} bits each on average"
    return (
        f"{metrics['parameters']:,} parameters{disk}. The weights are stored in {stored} and are "
        "float32 once loaded; all figures are of this file."
    )


def _data(card):
    used = [(DATASETS[key], part) for key, part in card.data.items()]
    table = _table(
        ["trained on", "part", "origin", "terms", "cite"],
        [(s.title, part, s.origin, s.terms, s.citation) for s, part in used],
    )
    closed = [source.title for source, _ in used if "non-commercial" in source.terms]
    if not closed:
        return table
    return f"**Non-commercial use only**: the weights learned from {', '.join(closed)}.\n\n{table}"


def _quality(metrics):
    corpora = metrics["corpora"]
    measures = [key for key in _MEASURES if any(key in result for result in corpora.values())]
    sizes = {
        "bleu": "sentences",
        "cider_d": "images",
        "right_first": "questions",
        "hr_10": "users",
        "ndcg_10": "queries",
        "auc": "answers",
        "frechet_distance": "pictures",
    }
    size = next((size for key, size in sizes.items() if key in measures), "texts")
    rows = [
        [name, result[size], *(_figure(result, key) for key in measures)]
        for name, result in corpora.items()
    ]
    heading = ["corpus", size, *(_MEASURES[key][0] for key in measures)]
    parts = [
        f"`zoo evaluate {metrics['model']}` gave on {metrics['date'][:10]}{_settings(metrics)}:",
        _table(heading, rows),
    ]
    if "bleu" in measures:
        parts.append("BLEU and chrF are cased and detokenised; the loss is in nats per token.")
        signatures = {
            key: result[key]["signature"]
            for result in corpora.values()
            for key in ("bleu", "chrf", "literature_bleu")
            if key in result
        }
        parts.append("\n".join(f"- {_MEASURES[k][0]}: `{v}`" for k, v in signatures.items()))
    if "litert" in metrics:
        parts += _litert(metrics["litert"])
    if "calibration" in metrics:
        parts += _calibration(metrics["calibration"])
    for name, result in corpora.items():
        if "decoding_costs" in result:
            parts += _language(name, result)
        if "free_samples" in result:
            parts += _samples(name, result)
        if "shown" in result:
            parts += _captions(name, result)
        if "kinds" in result:
            parts += _kinds(name, result)
        if "matching_baselines" in result:
            parts += _matching(name, result)
        if "skill_bootstrap" in result:
            parts += _tracing(name, result)
        if "bm25" in result:
            parts += _ranking(name, result)
        if "replies" in result:
            parts += _replies(name, result)
        if "conversations" in result:
            parts += _summaries(name, result)
        if "texts_right" in result:
            parts += _speech(name, result)
    first, result = next(iter(corpora.items()))
    if "by_label" in result:
        parts += _labels(first, result)
    if "copying" in result:
        parts += _pictures(first, result)
    if "sampled" in result:
        parts += _next_items(first, result)
    return "\n\n".join(parts)


def _litert(found):
    """What the LiteRT files cost; see `compare_litert`."""
    title, form = _MEASURES[found["measure"]]
    yield (
        f"As LiteRT files, on {found['inputs']} inputs of {found['corpus']} (of what a generator "
        "writes, the loss is what the model thinks of it):"
        if found["measure"] == "loss"
        else f"As LiteRT files, on {found['inputs']} inputs of {found['corpus']}:"
    )
    rows = [["the model", "", f"{found['score']:{form}}"]]
    for weights in ("float32", "int8"):
        figures = found[weights]
        rows.append([weights, f"{100 * figures['equal']:.1f} %", f"{figures['score']:{form}}"])
    yield _table(["weights", "equal answers", title], rows)


def _calibration(found):
    """How good answers are by how sure the model was; see `zoo.evaluation.calibration`."""
    yield (
        f"How sure it is (`--min-score`), on {found['answers']} validation sentences: "
        "mean chrF of the answers whose tokens have the lowest mean log-probability, and of the "
        f"others; their rank correlation is {found['rank_correlation']['a token']:.2f}."
    )
    rows = [
        [f"{100 * x['share']:.0f} %", *(_number(x[key]) for key in ("below", "chrf", "others"))]
        for x in found["curve"]
    ]
    yield _table(["least sure", "score up to", "chrF", "chrF of the others"], rows)


def _number(value):
    return "" if value is None else f"{value:.2f}" if value <= 0 else f"{value:.1f}"


def _settings(metrics):
    """The settings that say something: of beam search, of sampling, of a classifier."""
    if "decoding" in metrics:
        decoding = metrics["decoding"]
        silent = {"temperature", "top_p"} if not decoding["do_sample"] else {"length_penalty"}
        found = [f"{name}={decoding[name]}" for name in _SETTINGS if name not in silent]
        if metrics.get("dullness_penalty"):
            found.append(f"dullness_penalty={metrics['dullness_penalty']}")
    else:
        names = ("temperature", "scale", "offset", "threshold", "weight")
        found = [f"{name}={metrics[name]:.3f}" for name in names if name in metrics]
    return f", with `{', '.join(found)}`" if found else ""


def _figure(result, key):
    value = result.get(key)
    value = value["score"] if isinstance(value, dict) else value
    return "" if value is None else f"{value:{_MEASURES[key][1]}}"


def _language(name, result):
    """What only the corpora of text generators have."""
    keys = ("nats_per_character", "bits_per_character", "bits_per_byte")
    rows = [
        [system, *(_figure(rates, key) for key in keys)]
        for system, rates in [("**this model**", result), *result["baselines"].items()]
    ]
    yield f"Beside its baselines, over the same tokens of {name}:"
    yield _table(["", *(_MEASURES[key][0] for key in keys)], rows)
    rows = [
        [method, f"{100 * cost['copied']:.1f} %"]
        + [f"{cost[key]:.2f}" for key in ("distinct_1", "distinct_2", "distinct_3")]
        + [f"{cost['self_bleu']:.1f}"]
        for method, cost in result["decoding_costs"].items()
    ]
    yield "What each way of decoding costs, on continuations of held-out beginnings:"
    heading = ["decoding", "copied from the training text", "distinct-1", "distinct-2"]
    yield _table([*heading, "distinct-3", "self-BLEU"], rows)
    if "well_formed" in result:
        shares = (f"{100 * share:.1f} % {kind}" for kind, share in result["well_formed"].items())
        yield f"Well-formed poems among samples: {', '.join(shares)}."


def _samples(name, result):
    """What only the corpora of free samples have."""
    yield (
        f"{result['samples']} poems out of nothing, for each temperature (and no top-p). BLEU-n: "
        f"n-grams of characters against all of {name.partition(',')[0]}; self-BLEU-n: against the "
        "other poems of the row, low is diverse; form: the share with the right form; copied: the "
        "share of lines that stand in the training text; judge: the loss, in nats per token, of a "
        "Kneser-Ney model of the training text, which had no part in the training. At one "
        "temperature a model may look better only because it is sharper: compare rows of like "
        "BLEU by their self-BLEU."
    )
    bleu = [f"{kind}_{n}" for kind in ("bleu", "self_bleu") for n in (2, 3, 4)]
    rows = [
        [system, *(f"{row[key]:.1f}" for key in bleu), f"{row['distinct_2']:.3f}"]
        + [f"{100 * row[key]:.1f} %" for key in ("form", "copied")]
        + [f"{row['judge']:.3f}"]
        for system, row in result["free_samples"].items()
    ]
    heading = [f"{kind}-{n}" for kind in ("BLEU", "self-BLEU") for n in (2, 3, 4)]
    yield _table(["", *heading, "distinct-2", "form", "copied", "judge"], rows)


def _next_items(name, result):
    """What only the corpora of recommenders have."""
    yield (
        f"{name}, beside baselines that counted the same training histories: what is rated most, "
        "and neighbours, the sum of the cosines of a film with those of the history (two films are "
        "alike when the same people rated both). Ties count against a system. By how much the "
        "model's nDCG@10 is better: the 95 % interval, and the share p of 10,000 samples of the "
        "people in which it is not (paired bootstrap). The last two columns rank among 100 films "
        "drawn by chance, as many papers did, and are here for comparison with those alone: "
        "**they mislead**, since almost all of the films drawn are easy to tell from the right "
        "one, and a worse recommender can come out better (Krichene and Rendle 2020, On Sampled "
        "Metrics for Item Recommendation)."
    )
    rows = []
    for system, found in [("**this model**", result), *result["baselines"].items()]:
        better = _interval(found["bootstrap"]) if "bootstrap" in found else ["", ""]
        full, sampled = ([_figure(x, key) for key in _NEXT] for x in (found, found["sampled"]))
        rows.append([system, *full, *better, *sampled])
    names = [_MEASURES[key][0] for key in _NEXT]
    sampled = (f"{name} of 100 sampled" for name in names)
    yield _table(["", *names, "the model is better by", "p", *sampled], rows)


def _interval(better):
    """Two cells of what `paired_bootstrap` found."""
    return [f"{better['low']:+.3f} to {better['high']:+.3f}", f"{better['p']:.4f}"]


def _pictures(name, result):
    """What only the corpora of pictures have."""
    copying = result["copying"]
    by_digit = ", ".join(f"{digit}: {share:.3f}" for digit, share in result["by_digit"].items())
    yield (
        "The features, and who reads, are of a small classifier of the same training pictures, "
        "which ships with the evaluation (`scripts/train_digit_judge.py`). A Fréchet distance "
        "depends on how many pictures there are; that of as many real training pictures is the "
        f"floor. On {name}, the samples of each digit that are read as it: {by_digit}. The encoder "
        f"itself reads {result['read_accuracy']:.4f} of the real pictures right. Of their "
        f"reconstructions {result['kept_accuracy']:.4f} are read as what the original is; in the "
        f"classifier's features their squared error is {result['feature_error']:.1f}."
    )
    yield (
        "Copying: the distance of a sample to the nearest training picture (root of the sum of the "
        f"squared differences of pixels from 0 to 1) has the median {copying['median']:.2f}, the "
        f"least is {copying['least']:.2f}; of real pictures of {name} it is "
        f"{copying['real_median']:.2f} and {copying['real_least']:.2f}. "
        f"{100 * copying['near']:.1f} % of the samples are nearer to a training picture than the "
        "nearest hundredth of the real ones (the first 1,000 of both)."
    )


def _captions(name, result):
    """What only the corpora of captioners have."""
    yield (
        f"{name}: {result['distinct']} distinct captions of {result['images']}, "
        f"{result['words']:.1f} words long (those of people: {result['reference_words']:.1f}); "
        f"{100 * result['copied']:.1f} % stand word for word in the training set. By CIDEr-D, the "
        "best, from the middle, and the worst:"
    )
    rows = [
        [kind, shown["image"], shown["caption"]]
        for kind, several in result["shown"].items()
        for shown in several
    ]
    yield _table(["", "image of the set", "caption"], rows)


def _matching(name, result):
    """What only the corpora of questions with sentences have."""
    yield (
        f"Beside what knows words alone, on {result['sentences']} sentences of {name}, with the "
        "95 % interval of how much better the model's MAP is and the share p of 10,000 samples of "
        "the questions in which it is not (paired bootstrap). Of sentences with the same score, "
        "wrong ones are taken to come first:"
    )
    rows = [["**this model**", _figure(result, "map"), _figure(result, "mrr"), "", ""]]
    for baseline, found in result["matching_baselines"].items():
        figures = [_figure(found, key) for key in ("map", "mrr")]
        rows.append([baseline, *figures, *_interval(found["bootstrap"])])
    yield _table(["", "MAP", "MRR", "the model is better by", "p"], rows)
    rows = [
        [late["question"], f"{late['place']} of {late['of']}", late["right"], late["first"]]
        for late in result["late"]
    ]
    yield "Questions whose right sentence came latest:"
    yield _table(["question", "place", "right", "came first"], rows)


def _tracing(name, result):
    """What only the corpora of pupils have."""
    low, high, p = (result["skill_bootstrap"][key] for key in ("low", "high", "p"))
    yield (
        f"On {name} the AUC is better than that of the skill alone, the share of right answers "
        f"that it had in the training, by {low:+.3f} to {high:+.3f} (95 % interval; in a share of "
        f"{p:.3f} of 1,000 samples of the pupils it is not better: paired bootstrap)."
    )


def _ranking(name, result):
    """What only the corpora of documents have."""
    bm25 = result["bm25"]
    better = bm25["bootstrap"]
    keys = ("ndcg_10", "map", "mrr")
    yield (
        f"On {name}, among all {result['documents']} documents, beside BM25 (k1 1.2, b 0.75, "
        "common English endings cut) on the same words. The nDCG@10 differs by "
        f"{better['difference']:+.4f}, 95 % interval {better['low']:+.4f} to "
        f"{better['high']:+.4f}; in a share of {better['p']:.4f} of 10,000 samples of the queries "
        "the model is not better (paired bootstrap). Of documents with the same score, those that "
        "fit least are taken to come first:"
    )
    rows = [["**this model**", *(_figure(result, key) for key in keys)]]
    rows.append(["BM25", *(_figure(bm25, key) for key in keys)])
    yield _table(["", *(_MEASURES[key][0] for key in keys)], rows)


def _replies(name, result):
    """What only the corpora of chat partners have."""
    yield (
        f"On {name}, beside what foresees the same tokens without a network (a mark is a word, "
        "too):"
    )
    keys = [key for key in ("perplexity_word", "perplexity_character") if key in result]
    keys.append("perplexity")
    rows = [
        [system, *(_figure(rates, key) for key in keys)]
        for system, rates in [("**this model**", result), *result["baselines"].items()]
    ]
    yield _table(["", *(f"{_MEASURES[key][0]}" for key in keys)], rows)
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
    yield _table([*heading, "distinct-1", "distinct-2", "length", "ten most frequent"], rows)


def _summaries(name, result):
    """What only the corpora of summarisers have."""
    keys = ("rouge_1", "rouge_2", "rouge_l_sum", "rouge_l_text")
    yield f"On {name}, beside the turns themselves:"
    rows = [
        [system, *(_figure(found, key) for key in keys)]
        for system, found in [("**this model**", result), *result["baselines"].items()]
    ]
    yield _table(["", *(_MEASURES[key][0] for key in keys)], rows)
    yield (
        f"Summaries are {result['words']:.1f} words long (those of people "
        f"{result['reference_words']:.1f}). {100 * result['copied']:.1f} % of their words stand in "
        f"the conversation ({100 * result['reference_copied']:.1f} %), "
        f"{100 * result['copied_3']:.1f} % of their runs of three words "
        f"({100 * result['reference_copied_3']:.1f} %). Of their names "
        f"{100 * result['names_right']:.1f} % are of the conversation; of the names that people's "
        f"summaries have, they have {100 * result['names_found']:.1f} %."
    )
    yield "Not chosen:"
    rows = [
        [shown["dialogue"].replace("\n", " / "), shown["summary"], shown["reference"]]
        for shown in result["conversations"]
    ]
    yield _table(["conversation", "the model", "people"], rows)


def _speech(name, result):
    """What only the corpora of recognisers have."""
    if not result["mistakes"]:
        return
    yield f"The first mistakes on {name}:"
    rows = [[wrong["said"], wrong["heard"]] for wrong in result["mistakes"]]
    yield _table(["said", "heard"], rows)


def _labels(name, result):
    """What only the corpora of classifiers have."""
    yield (
        "The loss is in nats per text; the expected calibration error is the mean distance between "
        f"the probability of an answer and how often such answers are right. By label, on {name}:"
    )
    rows = [
        [label, found["texts"], f"{found['precision']:.3f}", f"{found['recall']:.3f}"]
        for label, found in result["by_label"].items()
    ]
    yield _table(["label", "texts", "precision", "recall"], rows)
    yield "The mistakes that it was most sure of:"
    rows = [
        [wrong["text"], wrong["label"], wrong["answer"], f"{wrong['probability']:.3f}"]
        for wrong in result["mistakes"]
    ]
    yield _table(["text", "label", "answer", "probability"], rows)


def _kinds(name, result):
    """What only the corpora have whose lines are of several kinds."""
    kept = (
        f"{100 * share['kept'] / share['of']:.0f} % of {share['of']} {what}"
        for what, share in result["copied"].items()
    )
    yield f"{name}, by kind; kept as they stand in the source: {', '.join(kept)}."
    measures = [key for key in _MEASURES if key in next(iter(result["kinds"].values()))]
    rows = [
        [kind, found["sentences"], *(_figure(found, key) for key in measures)]
        for kind, found in result["kinds"].items()
    ]
    yield _table(["", "sentences", *(_MEASURES[key][0] for key in measures)], rows)


def _comparison(card, metrics):
    rows, ours = [], set()
    for figure in card.published:
        key = figure.corpus, figure.measure
        result = metrics["corpora"].get(figure.corpus, {})
        if figure.measure not in result:
            raise ValueError(
                f"metrics must hold what published figures are compared with; got none of {key}."
            )
        title, form = _MEASURES[figure.measure]
        where = figure.corpus, title
        if key not in ours:
            score = _figure(result, figure.measure)
            rows.append([f"**{metrics['model']}**", *where, f"**{score}**", "above"])
            ours.add(key)
        rows.append([figure.system, *where, f"{figure.score:{form}}", figure.origin])
    return _table(["system", "corpus", "measure", "score", "from"], rows)


def _table(heading, rows):
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value):
    """One cell: a bar would end it, a line break the table, and `<` may begin a tag."""
    value = "; ".join(value) if isinstance(value, list) else str(value)
    return " ".join(value.split()).replace("|", "\\|").replace("<", "&lt;")
