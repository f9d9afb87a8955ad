"""The model card: `README.md`, made of what was measured and what only its author knows."""

import json
from dataclasses import dataclass
from pathlib import Path

from zoo.data import SOURCES
from zoo.evaluation.examples import read_examples
from zoo.evaluation.files import read_text, write_atomically
from zoo.evaluation.own_sentences import OWN_SENTENCES

_MEASURES = {"bleu": "BLEU", "chrf": "chrF", "literature_bleu": "BLEU, lower-cased tokens"}
_MEANINGS = {
    sentence: meaning for own in OWN_SENTENCES.values() for sentence, meaning in own.items()
}


@dataclass(frozen=True)
class Published:
    """A figure of another system on a corpus that we measure too.

    Attributes:
        system: what it is, with its size where known.
        corpus: `Corpus.name`, such as `"multi30k test_2016_flickr fr-de"`.
        measure: `"bleu"`, `"chrf"` or `"literature_bleu"`.
        score: 0 to 100.
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
        data: key of `zoo.data.SOURCES` -> which part of it trained the model.
        command: the exact command that trained it.
        minutes: how long that took.
        machine: on what.
        published: figures of others, as `Published` or dicts of its fields.
        faults: what it gets wrong, a sentence each, with an example.
    """

    title: str
    purpose: str
    data: dict[str, str]
    command: str
    minutes: float
    machine: str
    published: tuple = ()
    faults: tuple[str, ...] = ()

    def __post_init__(self):
        unknown = [key for key in self.data if key not in SOURCES]
        if unknown:
            raise ValueError(
                f"data must have keys of zoo.data.SOURCES ({', '.join(SOURCES)}); got {unknown}."
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
        examples: list of `(input, output)`; those of `OWN_SENTENCES` get a table of their own.

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
    if card.faults:
        faults = "\n".join(f"- {fault}" for fault in card.faults)
        sections.append(f"## What it gets wrong\n\n{faults}")
    others = [pair for pair in examples if pair[0] not in _MEANINGS]
    if others:
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
    return (
        f"{metrics['parameters']:,} parameters{disk}. The weights are stored in half precision and "
        "are float32 once loaded; all figures are of this file."
    )


def _data(card):
    used = [(SOURCES[key], part) for key, part in card.data.items()]
    table = _table(
        ["trained on", "part", "origin", "terms", "cite"],
        [(s.title, part, s.origin, s.terms, s.citation) for s, part in used],
    )
    closed = [source.title for source, _ in used if "non-commercial" in source.terms]
    if not closed:
        return table
    return f"**Non-commercial use only**: the weights learned from {', '.join(closed)}.\n\n{table}"


def _quality(metrics):
    measures = ("bleu", "chrf", "literature_bleu")
    rows, signatures = [], {}
    for name, result in metrics["corpora"].items():
        scores = [result.get(measure) for measure in measures]
        signatures |= {m: s["signature"] for m, s in zip(measures, scores, strict=True) if s}
        shown = [f"{score['score']:.1f}" if score else "" for score in scores]
        loss = f"{result['loss']:.3f}", f"{result['perplexity']:.2f}"
        rows.append([name, result["sentences"], *shown, *loss])
    heading = ["corpus", "sentences", *map(_MEASURES.get, measures), "loss", "perplexity"]
    kept = "num_beams", "length_penalty", "max_new_tokens"
    settings = ", ".join(f"{name}={metrics['decoding'][name]}" for name in kept)
    notes = "\n".join(f"- {_MEASURES[m]}: `{signature}`" for m, signature in signatures.items())
    return (
        f"`zoo evaluate {metrics['model']}` gave on {metrics['date'][:10]}, with `{settings}`:\n\n"
        f"{_table(heading, rows)}\n\n"
        f"BLEU and chrF are cased and detokenised; the loss is in nats a token.\n\n{notes}"
    )


def _comparison(card, metrics):
    rows, ours = [], set()
    for figure in card.published:
        key = figure.corpus, figure.measure
        result = metrics["corpora"].get(figure.corpus, {}).get(figure.measure)
        if result is None:
            raise ValueError(
                f"metrics must hold what published figures are compared with; got none of {key}."
            )
        where = figure.corpus, _MEASURES[figure.measure]
        if key not in ours:
            rows.append([f"**{metrics['model']}**", *where, f"**{result['score']:.1f}**", "above"])
            ours.add(key)
        rows.append([figure.system, *where, f"{figure.score:.1f}", figure.origin])
    return _table(["system", "corpus", "measure", "score", "from"], rows)


def _table(heading, rows):
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value):
    """One cell: a bar would end it, a line break the table, and `<` may begin a tag."""
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")
