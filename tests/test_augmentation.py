"""More of the same pairs, as people write them: the same for the same arguments, and exact."""

import difflib
import random
import re

import pytest

from zoo import data
from zoo.data.augmentation import slips, without_stop

PAIRS = [(f"Gestern kam Müller {i} mal zu spät.", f"Müller was late {i} times.") for i in range(80)]
NAMED = [(f"Tom sah Maria {i} mal in Boston.", f"Tom saw Maria {i} times.") for i in range(40)]
BOTH = [("Tom kennt Maria, und Tom mag Boston.", "Tom knows Maria, and Tom likes Boston.")] * 30


@pytest.mark.parametrize(
    "augmented",
    [
        lambda seed: data.typed(PAIRS, 0.5, seed=seed),
        lambda seed: data.renamed(BOTH, 0.5, seed=seed),
        lambda seed: data.addresses(40, "de", "en", seed=seed),
        lambda seed: data.greetings(40, "fr", "de", seed=seed),
        lambda seed: data.joined_in_pairs(PAIRS, 0.5, seed=seed),
    ],
    ids=["typed", "renamed", "addresses", "greetings", "joined_in_pairs"],
)
def test_the_same_seed_gives_the_same_pairs_and_another_gives_others(augmented):
    assert augmented(3) == augmented(3) != augmented(4)


def edits(a, b):
    """Levenshtein distance in which two swapped neighbours are one edit."""
    rows = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            found = [
                rows[i - 1, j] + 1,
                rows[i, j - 1] + 1,
                rows[i - 1, j - 1] + (a[i - 1] != b[j - 1]),
            ]
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
                found.append(rows[i - 2, j - 2] + 1)
            rows[i, j] = min(found)
    return rows[len(a), len(b)]


def test_typed_copies_a_share_of_the_pairs_in_seven_ways():
    sources = {target: source for source, target in PAIRS}
    copies = data.typed(PAIRS, 1.0)
    assert len(copies) > 70  # a slip between two equal letters changes nothing
    ways = dict.fromkeys(("lower", "stop", "both", "capitals", "plain", "slips"), 0)
    for written, target in copies:
        source = sources[target]
        exact = {
            source.lower(): "lower",
            source.removesuffix("."): "stop",
            source.lower().removesuffix("."): "both",
            source.upper(): "capitals",
            source.replace("ü", "ue").replace("ä", "ae"): "plain",
        }
        ways[exact.get(written, "slips")] += 1
        assert written in exact or 1 <= edits(source, written) <= 2
    assert all(ways.values())
    assert len(data.typed(PAIRS, 0.25)) <= 20
    assert data.typed(PAIRS, 0) == data.typed([], 0.5) == []


def test_a_pair_that_no_way_changes_is_left_out():
    assert data.typed([("123", "123")] * 50, 1.0) == []


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Ja.", "Ja"),
        ("Was?!", "Was"),
        ("Halt !", "Halt"),
        ("好。", "好"),
        ("z. B.", "z. B"),
        ("...",) * 2,
    ],
)
def test_only_the_stop_at_the_end_is_left_out(text, expected):
    assert without_stop(text) == expected


def test_slips_leave_short_words_numbers_and_first_letters():
    for seed in range(200):
        written = slips("Der Hund schläft um 10:30 Uhr bei www.de", random.Random(seed))
        assert re.fullmatch(r"Der H\w+ s\w+ um 10:30 Uhr bei www\.de", written), written
        assert edits("Der Hund schläft um 10:30 Uhr bei www.de", written) <= 2
    assert slips("Er ist da.", random.Random(0)) == "Er ist da."


def test_names_are_replaced_on_both_sides_alike():
    for source, target in data.renamed(BOTH, 1.0):
        found = re.fullmatch(r"(\w+) kennt (\w+), und (\w+) mag (\w+)\.", source).groups()
        assert found[0] == found[2]
        assert target == "{} knows {}, and {} likes {}.".format(*found)
        assert not {"Tom", "Maria", "Boston"} & set(found)
    assert len(data.renamed(BOTH, 0.5)) == 15


def test_pairs_whose_names_differ_or_are_none_of_these_are_not_renamed():
    assert data.renamed(NAMED, 1.0) == []  # Boston stands on one side alone
    assert data.renamed([("Tomaten!", "Tomatoes!"), ("Uwe.", "Uwe.")], 1.0) == []
    ((source, target),) = data.renamed([("Uwe.", "Uwe.")], 1.0, names=("Uwe",), places=())
    assert source == target != "Uwe."


@pytest.mark.parametrize("source, target", [("de", "en"), ("fr", "de"), ("zh", "en")])
def test_what_is_to_be_kept_stands_on_both_sides(source, target):
    pairs = data.addresses(300, source, target)
    assert len(pairs) == 300
    for pair in pairs:
        match = difflib.SequenceMatcher(None, *pair, autojunk=False).find_longest_match()
        kept = pair[0][match.a : match.a + match.size]
        assert re.search(r"\d|@|\w\.\w", kept)
        for side in pair:
            assert not re.search(r"[\d@/$€]", side.replace(kept, "")), pair
    together = " ".join(source for source, _ in pairs)
    for kind in (r"\w@\w", "https://", r"www\.", r"\d €", r"\$\d", r"\d:\d\d", r"LH\d", r"\+49 \d"):
        assert re.search(kind, together), kind


def test_greetings_say_the_same_on_both_sides():
    pairs = data.greetings(300, "fr", "de")
    for french, german in pairs:
        names = [word for word in data.augmentation._NAMES if word in re.findall(r"\w+", french)]
        assert all(name in german for name in names), (french, german)
        assert ("Bonsoir" in french) == ("Abend" in german)
    assert data.greetings(300, "de", "fr") == [pair[::-1] for pair in pairs]


def test_two_sentences_of_different_pairs_stand_in_a_line():
    lines = data.joined_in_pairs([("Ja.", "Yes."), ("Nein.", "No.")], 1.0)
    assert len(lines) == 2
    assert set(lines) <= {("Ja. Nein.", "Yes. No."), ("Nein. Ja.", "No. Yes.")}
    assert len(data.joined_in_pairs(PAIRS, 0.1)) == 8


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: data.typed(PAIRS, 1.5), r"share must be >= 0 and <= 1; got share=1\.5"),
        (lambda: data.renamed(BOTH, -1), "share must be >= 0 and <= 1; got share=-1"),
        (lambda: data.joined_in_pairs(PAIRS, 2), "share must be >= 0 and <= 1; got share=2"),
        (lambda: data.joined_in_pairs(PAIRS[:1], 0.1), "pairs must hold at least two; got 1"),
        (lambda: data.addresses(1, "it", "en"), "source must be one of de, en, fr, zh; .*'it'"),
        (lambda: data.addresses(1, "de", "it"), "target must be one of de, en, fr, zh; .*'it'"),
        (lambda: data.addresses(-1, "de", "en"), "count must be >= 0; got count=-1"),
        (lambda: data.greetings(1, "fr", "en"), "target must be one of fr, de; .*'en'"),
        (lambda: data.greetings(-1, "fr", "de"), "count must be >= 0; got count=-1"),
    ],
)
def test_a_bad_argument_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
