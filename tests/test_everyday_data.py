"""Everyday sentences, conversations and chats: read in any direction, and kept out of trainings."""

import os

import pytest

from zoo import data
from zoo.data.everyday import joined

needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="ZOO_DATA does not name the data directory"
)


@needs_data
def test_every_set_has_as_many_pairs_as_its_origin_says():
    sizes = {
        "de_en": [len(data.tatoeba(split, "de", "en")) for split in ("train", "val", "test")],
        "fr_de": [len(data.tatoeba(split, "fr", "de")) for split in ("train", "val", "test")],
        "conversations": [len(data.xdailydialog(split)) for split in ("val", "test")],
        "chats": [len(data.bcontrast("val", speaker=who)) for who in ("customer", "agent", None)],
    }
    assert sizes == {
        "de_en": [157_953, 1_000, 15_565],
        "fr_de": [85_708, 1_000, 10_418],
        "conversations": [8_025, 5_339],
        "chats": [862, 1_040, 1_902],
    }


@needs_data
def test_a_direction_turns_the_pairs_round():
    assert data.tatoeba("val", "en", "de")[7] == data.tatoeba("val", "de", "en")[7][::-1]
    assert data.xdailydialog("val", "zh", "de")[7] == data.xdailydialog("val", "de", "zh")[7][::-1]
    customer = data.bcontrast("val", "de", "en", speaker="customer")
    assert customer[1][0].startswith("Hallo, ich bin auf der Suche")
    agent = data.bcontrast("val", "de", "en", speaker="agent")
    assert ("Ist das für jetzt?", "Is that for now ?") in agent


def test_a_direction_that_a_set_does_not_have_is_named():
    with pytest.raises(ValueError, match="must be de-en, fr-de or fr-en.*source='zh'"):
        data.tatoeba("val", "zh", "en")
    with pytest.raises(ValueError, match="speaker must be one of customer, agent; got .*'x'"):
        data.bcontrast("val", speaker="x")


@pytest.mark.parametrize(
    "tokens, text",
    [
        ("Okay , Jim . I 'm fine !", "Okay, Jim. I'm fine!"),
        ("It ' s late . Don ' t go .", "It's late. Don't go."),
        ("What ?", "What?"),
    ],
)
def test_tokens_are_joined_as_people_write(tokens, text):
    assert joined(tokens) == text


def test_clean_compares_held_out_sentences_by_letters_and_digits():
    pairs = [("Ja, gut !", "Yes, good."), ("Nein.", "No."), ("Platz 3", "Seat 3")]
    said = []
    kept = data.clean(pairs, held_out=[("ja gut", "?"), ("x", "SEAT 3.")], report=said.append)
    assert kept == [("Nein.", "No.")]
    assert said == [
        "1 pairs kept; dropped: 0 no text, equal sides or too long, 0 another length ratio, "
        "2 held out, 0 repeated"
    ]


@needs_data
def test_what_any_evaluation_holds_is_left_out_across_pairs_and_sides():
    held_out = data.evaluation_pairs()
    english = {data.comparable(side) for pair in held_out for side in pair}
    train = data.tatoeba("train", "fr", "en")
    kept = data.clean(train, held_out=held_out)
    assert 100_000 < len(kept) < len(train)
    assert english.isdisjoint(data.comparable(side) for pair in kept for side in pair)
