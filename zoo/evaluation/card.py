"""The model card: `README.md`, made of what was measured and what only its author knows."""

import json
from dataclasses import dataclass
from pathlib import Path

from zoo.data import DATASETS
from zoo.evaluation.corpora import CORPORA
from zoo.evaluation.examples import read_examples
from zoo.evaluation.files import read_text, write_atomically
from zoo.evaluation.markdown import table
from zoo.evaluation.measures import MEASURES, figure, titles
from zoo.evaluation.probe_sentences import PROBE_SENTENCES

_SETTINGS = ("num_beams", "length_penalty", "temperature", "top_p", "max_new_tokens")
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
        if self.measure not in MEASURES:
            raise ValueError(
                f"measure must be one of {', '.join(MEASURES)}; got measure={self.measure!r}."
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
        ValueError: the metrics are partial, of a corpus that is none of `CORPORA`, or lack what a
            published figure is compared with.
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
        sections.append(f"## Examples\n\n{table(['input', 'output'], others)}")
    own = [(*pair, _MEANINGS[pair[0]]) for pair in examples if pair[0] in _MEANINGS]
    if own:
        sections.append(
            "## Everyday sentences, as they come\n\n"
            "Written for this card, outside the training data; good and bad.\n\n"
            + table(["input", "output", "meaning"], own)
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
    sources = table(
        ["trained on", "part", "origin", "terms", "cite"],
        [(s.title, part, s.origin, s.terms, s.citation) for s, part in used],
    )
    closed = [source.title for source, _ in used if "non-commercial" in source.terms]
    if not closed:
        return sources
    return (
        f"**Non-commercial use only**: the weights learned from {', '.join(closed)}.\n\n{sources}"
    )


def _quality(metrics):
    results = metrics["corpora"]
    corpora = list(map(_corpus, results))
    measures = [key for key in MEASURES if any(key in result for result in results.values())]
    unit = corpora[0].unit
    rows = [
        [name, result[unit], *(figure(result, key) for key in measures)]
        for name, result in results.items()
    ]
    parts = [
        f"`zoo evaluate {metrics['model']}` gave on {metrics['date'][:10]}{_settings(metrics)}:",
        table(["corpus", unit, *titles(measures)], rows),
    ]
    if "bleu" in measures:
        parts.append("BLEU and chrF are cased and detokenised; the loss is in nats per token.")
        signatures = {
            key: result[key]["signature"]
            for result in results.values()
            for key in ("bleu", "chrf", "literature_bleu")
            if key in result
        }
        parts.append("\n".join(f"- {MEASURES[k][0]}: `{v}`" for k, v in signatures.items()))
    if "litert" in metrics:
        parts += _litert(metrics["litert"])
    if "calibration" in metrics:
        parts += _calibration(metrics["calibration"])
    for corpus in corpora:
        if hasattr(corpus, "section"):
            parts += corpus.section(results[corpus.name])
    return "\n\n".join(parts)


def _corpus(name):
    known = {corpus.name: corpus for corpora in CORPORA.values() for corpus in corpora}
    if name not in known:
        raise ValueError(f"metrics must be of corpora of zoo.evaluation.CORPORA; got {name!r}.")
    return known[name]


def _litert(found):
    """What the LiteRT files cost; see `compare_litert`."""
    title, form = MEASURES[found["measure"]]
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
    yield table(["weights", "equal answers", title], rows)


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
    yield table(["least sure", "score up to", "chrF", "chrF of the others"], rows)


def _number(value):
    return "" if value is None else f"{value:.2f}" if value <= 0 else f"{value:.1f}"


def _settings(metrics):
    """The settings that say something: of beam search, of sampling, of a classifier."""
    if "decoding" in metrics:
        decoding = metrics["decoding"]
        silent = {"temperature", "top_p"} if not decoding["do_sample"] else {"length_penalty"}
        found = [f"{name}={decoding[name]}" for name in _SETTINGS if name not in silent]
        if decoding.get("repetition_penalty", 1) != 1:
            found.append(f"repetition_penalty={decoding['repetition_penalty']}")
        if decoding.get("early_stopping"):
            found.append("early_stopping=True")
        if metrics.get("dullness_penalty"):
            found.append(f"dullness_penalty={metrics['dullness_penalty']}")
    else:
        names = ("temperature", "scale", "offset", "threshold", "weight")
        found = [f"{name}={metrics[name]:.3f}" for name in names if name in metrics]
    return f", with `{', '.join(found)}`" if found else ""


def _comparison(card, metrics):
    rows, ours = [], set()
    for other in card.published:
        key = other.corpus, other.measure
        result = metrics["corpora"].get(other.corpus, {})
        if other.measure not in result:
            raise ValueError(
                f"metrics must hold what published figures are compared with; got none of {key}."
            )
        title, form = MEASURES[other.measure]
        where = other.corpus, title
        if key not in ours:
            score = figure(result, other.measure)
            rows.append([f"**{metrics['model']}**", *where, f"**{score}**", "above"])
            ours.add(key)
        rows.append([other.system, *where, f"{other.score:{form}}", other.origin])
    return table(["system", "corpus", "measure", "score", "from"], rows)
