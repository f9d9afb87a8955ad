"""The set of lines as people type them: its form, its origin, and how it is measured."""

import collections
import os
import re

import pytest

from zoo import data
from zoo.data import comparable
from zoo.evaluation import AsTyped, Card, render_card
from zoo.evaluation.as_typed import copied

GERMAN = AsTyped("de", "en")
SETS = [GERMAN, AsTyped("fr", "de"), AsTyped("zh", "en")]
ROWS = GERMAN.read()
needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="ZOO_DATA does not name the data directory"
)


KINDS = [
    "no final stop",
    "lower case",
    "typing errors",
    "all capitals",
    "two sentences",
    "numbers",
    "times",
    "prices",
    "names",
    "addresses",
]
CHINESE_KINDS = ["half-width marks", "traditional characters"]  # there are no capitals


def of_kind(kind, rows=ROWS):
    return [row[1:] for row in rows if row[0] == kind]


@pytest.mark.parametrize("corpus", SETS, ids=str)
def test_there_are_ten_different_lines_of_each_of_ten_kinds(corpus):
    rows, kinds = corpus.read(), set(KINDS)
    if corpus.source == "zh":
        kinds = kinds - {"lower case", "all capitals"} | set(CHINESE_KINDS)
    assert collections.Counter(row[0] for row in rows) == dict.fromkeys(kinds, 10)
    assert all(len(row) == 3 and all(map(str.strip, row)) for row in rows)
    assert len(set(corpus.pairs())) == 100


@pytest.mark.parametrize("corpus", SETS, ids=str)
def test_each_line_is_of_its_kind(corpus):
    rows = corpus.read()
    assert all(source[-1].isalpha() for source, _ in of_kind("no final stop", rows))
    assert all(source == source.lower() for source, _ in of_kind("lower case", rows))
    assert all(source == source.upper() for source, _ in of_kind("all capitals", rows))
    two = r"[。！？].+[。！？]" if corpus.source == "zh" else r"\w ?[.?!] [A-ZÄÖÜ]"
    assert all(re.search(two, source) for source, _ in of_kind("two sentences", rows))
    assert all(re.search(r"\d:\d\d", source) for source, _ in of_kind("times", rows))
    assert all(re.search(r"\d [€$]|[$]\d", source) for source, _ in of_kind("prices", rows))
    assert not any(set(source) & set("。，？！") for source, _ in of_kind("half-width marks", rows))
    # A reference is as a careful writer has it, whatever the source is like.
    assert all(re.fullmatch(r"[A-Z0-9].*[.?!]", reference) for _, _, reference in rows)


@needs_data
@pytest.mark.parametrize("corpus", SETS, ids=str)
def test_no_line_stands_in_a_set_that_trains_or_measures(corpus):
    known = data.evaluation_pairs() + data.multi30k("train") + data.tatoeba("train")
    known += data.multi30k("train", "fr", "de") + data.tatoeba("train", "fr", "de")
    known += data.tatoeba("train", "fr", "en") + data.tatoeba_zh_en("train")
    known += data.xdailydialog("train") + data.xdailydialog("train", "zh")
    known += data.bcontrast("train") + data.three_am("train") + data.docs_zh_en("train")
    seen = {comparable(side) for pair in known for side in pair}
    assert not [row for row in corpus.read() if seen & set(map(comparable, row[1:]))]


def test_perfect_answers_keep_all_there_is_to_keep():
    found = copied(ROWS, [reference for _, _, reference in ROWS])
    assert all(share["kept"] == share["of"] for share in found.values())
    assert {what: share["of"] for what, share in found.items()} == {
        "numbers": 40,
        "names": 18,
        "e-mail addresses": 5,
        "URLs": 5,
    }


@pytest.mark.parametrize(
    "answer, kept",
    [
        ("Write to anna.b@x-y.de or see www.x-y.de/a, 7 of 10:30.", (1, 1, 2)),
        ("Write to Anna.b@x-y.de or see www.x-y.de, 7 of 10.30.", (0, 0, 1)),
        ("7 7 7", (0, 0, 1)),
        ("", (0, 0, 0)),
    ],
)
def test_what_source_and_reference_share_is_counted_once_each(answer, kept):
    source = "Schreib an anna.b@x-y.de oder lies www.x-y.de/a, 7 von 10:30, 3 Hunde."
    reference = "Write to anna.b@x-y.de or read www.x-y.de/a, 7 of 10:30, three dogs."
    found = copied([("any", source, reference)], [answer])
    expected = zip(("e-mail addresses", "URLs", "numbers"), kept, (1, 1, 2), strict=True)
    assert found == {what: {"kept": k, "of": n} for what, k, n in expected}


class Reciter:
    """Knows the references, but for `but`, and has a token a word."""

    class target_tokenizer:
        encode = staticmethod(lambda texts: [text.split() for text in texts])

    def __init__(self, but):
        """Learn by heart."""
        self.answers = {**dict(GERMAN.pairs()), **but}

    def generate(self, sources):
        """Look each source up."""
        return [self.answers[source] for source in sources]

    def score(self, sources, targets):
        """Be sure of everything."""
        return [0.0] * len(sources)


def test_a_kind_has_its_own_chrf_and_the_card_prints_it():
    lost = {source: "Something else." for source, _ in of_kind("addresses")}
    result = GERMAN.measure(Reciter(lost), ROWS)
    assert (result["lines"], result["sentences"]) == (100, 100)
    assert result["kinds"]["lower case"] == {"sentences": 10, "chrf": pytest.approx(100)}
    assert result["kinds"]["addresses"]["chrf"] < 20
    assert result["copied"]["URLs"] == {"kept": 0, "of": 5}
    assert "40 of 40 numbers, 18 of 18 names, 0 of 5 e-mail" in GERMAN.summary(result)
    part = GERMAN.measure(Reciter({}), ROWS, limit=15)
    assert [kind["sentences"] for kind in part["kinds"].values()] == [10, 5]

    metrics = {
        "model": "m",
        "partial": False,
        "parameters": 7,
        "bytes": None,
        "date": "2024-05-06",
        "decoding": {"do_sample": False, "num_beams": 1, "length_penalty": 1, "max_new_tokens": 9},
        "corpora": {GERMAN.name: result},
    }
    text = dict.fromkeys(("title", "purpose", "command", "machine"), "x")
    card = render_card(Card(**text, data={}, minutes=1), metrics, []).split("\n")
    assert "| no final stop | 10 | 100.0 |" in card
    assert (
        "as_typed de-en, by kind; kept as they stand in the source: 100 % of 40 numbers, 100 % of "
        "18 names, 0 % of 5 e-mail addresses, 0 % of 5 URLs." in card
    )
    assert list(GERMAN.checksums) == ["as_typed.de-en.tsv"]
