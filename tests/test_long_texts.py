"""Texts of several sentences through a translator: every sentence answered, the layout kept."""

import keras
import numpy as np
import pytest

from zoo.models import RNNSearch
from zoo.plots import plot_attention
from zoo.serving import LiteTranslator, export_litert
from zoo.tasks import Generated, Translator
from zoo.tasks.output import joined
from zoo.text import SentenceCut, parts_of

LETTER = "Der Hund,\n\n  eine Katze schläft. Zwei Kinder!\r\nHund läuft? Eine Katze.\n"
PARTS = ["Der Hund,", "eine Katze schläft.", "Zwei Kinder!", "Hund läuft?", "Eine Katze."]
GAPS = ["\n\n  ", " ", "\r\n", " "]


def together(answers):
    return "".join(x for pair in zip(answers, [*GAPS, ""], strict=True) for x in pair)


@pytest.fixture
def long_lines(translator, monkeypatch):
    """The translator, as if it had learned from lines of several sentences."""
    monkeypatch.setattr(translator, "max_sentence_length", 100)
    return translator


def test_a_letter_is_answered_by_a_letter(translator):
    answers = translator.generate(PARTS)
    assert len(set(answers)) > 3 and all(answers)
    assert translator.generate(LETTER) == together(answers)
    assert translator.generate(["Hund", LETTER, "", "zwei Kinder"]) == [
        translator.generate("Hund"),
        together(answers),
        "",
        translator.generate("zwei Kinder"),
    ]


def test_lines_within_the_length_stay_whole(long_lines):
    lines = ["Der Hund,", "eine Katze schläft. Zwei Kinder!", "Hund läuft? Eine Katze."]
    first, second, third = long_lines.generate(lines)
    assert long_lines.generate(LETTER) == f"{first}\n\n  {second}\r\n{third}"
    tokens = len(long_lines.source_tokenizer.encode(lines[1:2])[0]) + 1
    for length, whole in ((tokens, True), (tokens - 1, False)):
        long_lines.max_sentence_length = length
        out = long_lines.generate(lines[1], return_dict=True)
        assert (out.parts == ()) is whole


def test_none_cuts_no_text(translator, monkeypatch):
    monkeypatch.setattr(translator, "max_sentence_length", None)
    out = translator.generate(LETTER, return_dict=True)
    assert out.parts == ()
    assert out.source_tokens == translator.generate(" ".join(PARTS), return_dict=True).source_tokens


def test_no_sentence_of_a_long_text_is_lost(translator, monkeypatch):
    monkeypatch.setattr(translator, "max_source_length", 40)
    # Longer than what is read of a line, so that it must be cut whatever the setting is.
    monkeypatch.setattr(translator, "max_sentence_length", 10_000)
    text = "Der Hund läuft. " * 300
    assert translator.generate(text) == " ".join([translator.generate("Der Hund läuft.")] * 300)


def test_what_explains_a_cut_text_is_that_of_its_parts(translator):
    out = translator.generate(LETTER, return_dict=True)
    parts = translator.generate(PARTS, return_dict=True)
    assert out.text == translator.generate(LETTER)
    assert [part.text for part in out.parts] == [part.text for part in parts]
    assert out.tokens == [token for part in parts for token in part.tokens]
    assert out.source_tokens == [token for part in parts for token in part.source_tokens]
    # Scores are sums of float32 terms, whose order depends on the batch's shape.
    assert out.score == pytest.approx(sum(part.score for part in parts), rel=1e-4)
    assert out.attention.shape == (2, 4, len(out.tokens), len(out.source_tokens))
    np.testing.assert_allclose(out.attention.sum(axis=-1), 1, atol=1e-5)  # float32
    t, s = len(parts[0].tokens), len(parts[0].source_tokens)
    assert not out.attention[:, :, :t, s:].any() and not out.attention[:, :, t:, :s].any()
    np.testing.assert_allclose(out.attention[:, :, :t, :s], parts[0].attention, atol=1e-5)
    assert plot_attention(out).axes


def test_an_attention_too_large_to_hold_is_left_to_the_parts(monkeypatch):
    monkeypatch.setattr("zoo.tasks.output._MOST_WEIGHTS", 1 * 1 * 4 * 6)
    part = Generated("a", ["a", "b"], ["x", "y", "z"], -1.0, np.ones((1, 1, 2, 3), "float32"))
    assert joined([part, part], "a a").attention.shape == (1, 1, 4, 6)
    out = joined([part, part, part], "a a a")
    assert (out.attention, out.score, len(out.parts)) == (None, -3.0, 3)
    assert "attention=None" in repr(out)


def test_a_prefix_begins_the_first_part_alone(translator):
    prefixes = ["zwei Kinder", "eine"]
    one, two = translator.generate([LETTER, "Hund"], prefix=prefixes)
    first = translator.generate(PARTS[:1], prefix=prefixes[:1])
    assert one == together([*first, *translator.generate(PARTS[1:])])
    assert two == translator.generate("Hund", prefix="eine")


def test_samples_of_a_part_do_not_depend_on_the_other_texts(translator):
    options = {"temperature": 2.0, "seed": 5}
    one, hund = translator.generate([LETTER, "Hund"], **options)
    assert translator.generate(LETTER, **options) == one
    assert translator.generate(["a", "Hund"], **options)[1] == hund
    twice = translator.generate("Hund läuft.\n" * 6, **options)
    assert len(set(twice.split("\n"))) > 1  # each part draws numbers of its own


def test_several_answers_are_joined_best_first(translator):
    options = {"num_beams": 4, "num_return_sequences": 3}
    rows = translator.generate(PARTS, **options)
    assert translator.generate(LETTER, **options) == [
        together([row[min(n, len(row) - 1)] for row in rows]) for n in range(max(map(len, rows)))
    ]
    found = translator.generate(LETTER, **options, return_dict=True)
    assert [out.text for out in found] == translator.generate(LETTER, **options)


def test_with_stops_no_text_is_cut(translator, monkeypatch):
    stopped = translator.generate(LETTER, stop="Kinder")
    monkeypatch.setattr(translator, "max_sentence_length", None)
    assert stopped == translator.generate(LETTER, stop="Kinder")


@pytest.mark.parametrize(
    "answers, expected",
    [
        (["One.", "Two."], "One. Two."),  # out of Chinese
        (["一。", "二。"], "一。二。"),
        (["", "Two."], "Two."),
    ],
)
def test_sentences_of_chinese_are_parted_where_the_answers_need_it(answers, expected):
    assert SentenceCut(["一。", "二。"], ["", "", ""]).answered(answers) == expected


def test_parts_of_one_sentence_are_the_text_itself():
    assert parts_of(" Ja. \n", 0, len) == ([" Ja. \n"], ["", ""])
    assert parts_of("Ja. Nein.", 9, len) == (["Ja. Nein."], ["", ""])
    assert parts_of("Ja. Nein.", 8, len) == (["Ja.", "Nein."], ["", " ", ""])


def small(tokenizer, **options):
    size = tokenizer.vocab_size
    model = RNNSearch(size, size, model_dim=8, units=6, attention_units=5, dropout=0.0)
    return Translator(model, tokenizer, **options)


def test_settings_survive_saving_and_older_files_have_none_of_them(tokenizer):
    translator = small(tokenizer, max_sentence_length=17, source_language="de")
    config = keras.saving.serialize_keras_object(translator)
    copy = keras.saving.deserialize_keras_object(config)
    assert (copy.max_sentence_length, copy.source_language) == (17, "de")
    for name in ("max_sentence_length", "source_language"):
        del config["config"][name]
    older = keras.saving.deserialize_keras_object(config)
    assert (older.max_sentence_length, older.source_language) == (0, None)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"max_sentence_length": -1}, "must be >= 0 or None; got max_sentence_length=-1"),
        ({"source_language": "x"}, "one of de, en, fr, zh, or None; got source_language='x'"),
    ],
)
def test_a_setting_out_of_range_is_named(tokenizer, options, message):
    with pytest.raises(ValueError, match=message):
        small(tokenizer, **options)


def test_a_litert_file_cuts_and_warns_as_its_model(translator, monkeypatch, tmp_path):
    monkeypatch.setattr(translator, "source_language", "de")
    monkeypatch.setattr(translator, "_language_warned", False)
    reader = LiteTranslator(export_litert(translator, tmp_path, "copy", weights="float32"))
    texts = [LETTER, "Hund", "", "\n"]
    assert reader.generate(texts) == translator.generate(texts)
    assert reader.generate(LETTER) == together(reader.generate(PARTS))
    with pytest.warns(UserWarning, match="inputs must be German, .*; got English: 'Where is the"):
        reader.generate("Where is the dog?")
    reader.manifest["max_sentence_length"] = 1000
    whole = reader.generate("Der Hund. Eine Katze.")
    monkeypatch.setattr(translator, "max_sentence_length", None)
    assert whole == translator.generate("Der Hund. Eine Katze.")
