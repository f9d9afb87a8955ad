"""A text in a language that the model does not know: found where it is plain, said once."""

import os
import warnings

import pytest

from zoo import data
from zoo.text import language_of, warn_of_another

needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="ZOO_DATA does not name the data directory"
)


@pytest.mark.parametrize(
    "text, language",
    [
        ("Wo ist der Bahnhof?", "de"),
        ("WIR KOMMEN NICHT MIT.", "de"),
        ("Where is the station?", "en"),
        ("I don’t know, but it’s late.", "en"),
        ("Où est la gare ?", "fr"),
        ("Je voudrais un café, s'il vous plaît.", "fr"),
        ("火车站在哪儿？", "zh"),
        ("我们下个星期天去 Berlin。", "zh"),
        ("駅はどこですか。", "Japanese"),
        ("私は学生です。", "Japanese"),
        ("我们在鲜の味餐厅吃晚饭。", "zh"),
        ("Где вокзал?", "Cyrillic"),
        ("أين المحطة؟", "Arabic"),
        ("Hallo Tom!", None),  # no function word
        ("ein Hund", None),  # a single one
        ("The Beatles und die Who, mit Musik und Tanz", None),  # of two languages
        ("", None),
        ("12:30 😊 a@b.de", None),
    ],
)
def test_the_language_is_known_where_it_is_plain(text, language):
    assert language_of(text) == language


def test_only_the_beginning_of_a_text_is_read():
    assert language_of("1" * 500 + " where is the station") is None


@needs_data
@pytest.mark.parametrize(
    "language, texts",
    [
        ("de", lambda: [a for a, _ in data.tatoeba("val", "de", "en") + data.multi30k("val")]),
        ("en", lambda: [b for _, b in data.tatoeba("val", "de", "en") + data.multi30k("val")]),
        ("fr", lambda: [a for a, _ in data.tatoeba("val", "fr", "en")]),
        ("zh", lambda: [a for a, _ in data.tatoeba_zh_en("val")]),
    ],
)
def test_of_real_sentences_none_is_taken_for_another_and_most_are_known(language, texts):
    found = list(map(language_of, texts()))
    assert set(found) <= {language, None}
    assert found.count(language) > 0.6 * len(found)


def test_another_language_is_warned_of_once():
    with pytest.warns(
        UserWarning, match="inputs must be French, .* got Chinese: '你好吗？'"
    ) as said:
        warned = warn_of_another("fr", ["Oui.", "你好吗？", "where is the dog"])
        assert warn_of_another("fr", ["where is the dog"], warned)
    assert len(said) == 1


def test_nothing_is_said_of_the_language_itself_or_of_an_unknown_one():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not warn_of_another("de", ["Wo ist der Hund?", "Hallo", ""])
        assert not warn_of_another(None, ["where is the dog"])


def test_a_translator_warns_once_where_its_file_says_its_language(translator, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        translator.generate("Where is the dog?")  # its language is not known
    monkeypatch.setattr(translator, "source_language", "de")
    monkeypatch.setattr(translator, "_language_warned", False)
    with pytest.warns(UserWarning, match="inputs must be German, .*English: 'Where is") as said:
        answers = translator.generate(["Hund", "Where is the dog?", "Where are the dogs?"])
        translator.generate("Where is the dog?")
    assert len(said) == 1 and len(answers) == 3
