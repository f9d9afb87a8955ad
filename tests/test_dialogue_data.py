"""Dialogues and summaries: read, cleaned, renamed, and with gaps."""

import os
import random

import pytest

from zoo import data
from zoo.data.speakers import named
from zoo.recipes.conversation import histories

needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="needs ZOO_DATA with dialogue/ and summaries/"
)


@needs_data
@pytest.mark.parametrize(
    ("name", "split", "count"),
    [
        ("dailydialog", "train", 10_818),
        ("dailydialog", "val", 1_000),
        ("dailydialog", "test", 1_000),
        ("self_dialogue", "train", 23_988),
        ("chinese", "train", 9_150),
        ("chinese", "val", 2_762),
        ("chinese", "test", 2_077),
    ],
)
def test_dialogues_are_lists_of_turns_with_text(name, split, count):
    found = data.dialogues(name, split)
    assert len(found) == count
    assert all(turn == turn.strip() and turn for turns in found for turn in turns)


@needs_data
def test_summaries_are_read_with_all_that_people_wrote():
    assert [len(data.dialogsum(split)) for split in ("train", "val", "test")] == [12_460, 500, 500]
    assert {len(row.summaries) for row in data.dialogsum("test")} == {3}
    (first, *others) = data.samsum("val")
    assert (
        len(others) == 817 and first.dialogue.startswith("A: Hi Tom") and len(first.summaries) == 1
    )


@needs_data
def test_origins_stand_beside_the_chinese_dialogues():
    origins = data.chinese_origins("test")
    assert len(origins) == 2_077 and set(origins) == {"c3", "kdconv"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.dialogues("reddit", "train"), "name must be one of dailydialog, "),
        (lambda: data.dialogues("self_dialogue", "test"), "split must be one of train; got"),
        (lambda: data.dialogsum("dev"), "split must be one of train, val, test; got split='dev'"),
        (lambda: data.samsum("test"), "split must be one of val; got split='test'"),
    ],
)
def test_what_there_is_not_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("tokenized", "written"),
    [
        ("I don ' t know , Jim .", "I don't know, Jim."),
        ("You ' re right.But what ?", "You're right. But what?"),
        ("i do n't ( know ) it 's 5 . 30", "i don't (know) it's 5.30"),
        ("It costs $ 20 !", "It costs $20!"),
        ("plain text, as it is.", "plain text, as it is."),
    ],
)
def test_tokenised_text_is_put_as_people_write(tokenized, written):
    assert data.untokenized(tokenized) == written


def test_dialogues_of_a_test_are_left_out_by_a_long_turn_or_as_a_whole():
    long = "Would you like to come to the cinema with us tonight?"
    held_out = [["Hi.", long, "Yes."], ["Who is it?", "Me."]]
    lines = []
    kept = data.without_held_out(
        [["Hi.", "Yes."], [long.upper(), "No!"], ["who is it", "me"], ["Who is it?", "Tom."]],
        held_out,
        report=lines.append,
    )
    assert kept == [["Hi.", "Yes."], ["Who is it?", "Tom."]]
    assert lines == ["2 dialogues kept; 2 of held-out ones dropped"]


def test_turns_lose_their_speakers():
    assert data.turns_of("#Person1#: Hi: you!\nAnna: Bye.\nno speaker") == [
        "Hi: you!",
        "Bye.",
        "no speaker",
    ]


def test_a_speaker_has_one_name_in_all_texts_and_two_have_two():
    dialogue = "#Person1#: Hi, #Person2#.\n#Person2#: Hi.\n#PErson2#: Well."
    talk, summary = named([dialogue, "#Person1# greets #Person2#."], random.Random(0))
    one, two = summary.split()[0], summary.split()[2][:-1]
    assert one != two and "#" not in talk + summary
    assert talk == f"{one}: Hi, {two}.\n{two}: Hi.\n{two}: Well."
    pairs = data.named_copies([(dialogue, "#Person1# greets.")] * 2, 3)
    assert len(pairs) == 8 and pairs[0] == pairs[4] and len(set(pairs)) > 5
    assert pairs == data.named_copies([(dialogue, "#Person1# greets.")] * 2, 3)


def test_gaps_hold_the_turns_that_are_to_be_guessed():
    turns = [
        "Where did the cat go today?",
        "Ok.",
        "The cat went to the park.",
        "It rained in Rome.",
        "Was the cat in the park?",
        "Yes, the cat sat in the park.",
    ]
    dialogue = data.spoken(turns)
    random_one, principal = data.gap_pairs([dialogue, dialogue], share=0.3)
    for source, target in (random_one, principal):
        missing = [turn for turn in turns if turn not in source]
        assert len(missing) == 2 and target == " ".join(missing)
        assert source.count(": ...") == 2 and "Ok." in source
    assert "Rome" in principal[0]  # has no word in common with the others
    assert data.gap_pairs(["A: one two three four\nB: no"]) == []


def test_each_turn_stands_behind_its_history():
    dialogues = [["a", "b", "c\nc", "d"]]
    assert histories(dialogues, 2) == [("", "a"), ("a", "b"), ("a\nb", "c c"), ("b\nc c", "d")]
    more = histories(dialogues * 50, 2, opening=0.5)
    assert 250 < len(more) < 300 and more.count(("", "d")) > 10


@needs_data
@pytest.mark.parametrize("name", ["chat_en", "chat_zh"])
def test_no_dialogue_of_a_test_is_in_a_recipe(name):
    from zoo import recipes

    train, _ = recipes.recipe(name).RECIPE.pairs(None)
    language = {"chat_en": "dailydialog", "chat_zh": "chinese"}[name]
    tested = {data.comparable(turn) for turns in data.dialogues(language, "test") for turn in turns}
    long = {turn for turn in map(data.comparable, {turn for _, turn in train}) if len(turn) >= 30}
    assert long and not long & tested
