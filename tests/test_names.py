"""Names in a translation: better known ones stand for them where an answer would lose them."""

import subprocess
import sys

import pytest
from conftest import ROOT

import zoo
from zoo.evaluation.as_typed import AsTyped, copied
from zoo.lite import names
from zoo.lite.kept import answered, questions


def found(text, language):
    return [text[start:end] for start, end in names.found(text, language)]


GERMAN = {
    "Ich heiße Xiomara Petrowski.": ["Xiomara Petrowski"],
    "Yannick kommt.": ["Yannick"],
    "Leonies Hund ist krank.": ["Leonie"],
    "Ruf bitte Dr. Hasenkamp an.": ["Hasenkamp"],  # made of words of the language
    "Jean-Baptiste zieht nach Wuppertal.": ["Jean-Baptiste", "Wuppertal"],
    "Wir gingen zu Joe's.": ["Joe"],
    "Ich habe Yannick gesehen.": ["Yannick"],
    "Wir besuchen Ngozi und Maëlys.": ["Ngozi", "Maëlys"],
}
FRENCH = {
    "J'ai rencontré Ngozi à Strasbourg.": ["Ngozi", "Strasbourg"],
    "Elle habite à Clermont-Ferrand avec Maëlys.": ["Clermont-Ferrand", "Maëlys"],
    "Est-ce que Yannick est là ?": ["Yannick"],
    "C'est l'ami d'Okonkwo.": ["Okonkwo"],
}
CHINESE = {
    "昨天Sophie给Bernard打了电话。": ["Sophie", "Bernard"],
    "Mary Ann来自Rotterdam。": ["Mary Ann", "Rotterdam"],
}


@pytest.mark.parametrize(
    "language, text, expected",
    [
        (language, text, expected)
        for language, rows in (("de", GERMAN), ("fr", FRENCH), ("zh", CHINESE))
        for text, expected in rows.items()
    ],
)
def test_names_are_found_whole(language, text, expected):
    assert found(text, language) == expected


@pytest.mark.parametrize(
    "language, text",
    [
        ("de", "Die Krankenversicherungskarte liegt im Handschuhfach."),  # compounds
        ("de", "Gänse fliegen über Wiesen und Feldern."),  # other forms
        ("de", "Das Roastbeef schmeckt, ein gutes Roastbeef."),  # behind an article
        ("de", "Es ist chinesische Stickerei."),  # behind what is plainly an adjective
        ("de", "Spionierst du mir nach?"),  # a verb
        ("de", "Tom und Maria wohnen in Boston."),  # known well enough
        ("de", "DAS IST XIOMARA."),
        ("fr", "Aujourd'hui, quelqu'un chante. Lorsqu'il pleut, elle danse."),
        ("fr", "Mesurez chaque angle."),
        ("fr", "Le Louvre est à Paris."),  # behind an article
        ("zh", "我想买一部iPhone，DVD和T恤。"),
        ("en", "Xiomara is here."),  # no list of English words
        (None, "Xiomara"),
        ("de", ""),
    ],
)
def test_what_is_no_name_or_is_known_stays(language, text):
    assert found(text, language) == []
    assert names.covered(text, language) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        "Haus" * 3000,
        "Hausbaum" * 5,
        "Xiomara " * 20_000,
        "Xiomara. " * 5000,
        "X" + "iomara" * 5000,
        "Xio-" * 20_000,
        " " * 50_000 + "Xiomara",
    ],
    ids=lambda text: text[:8],
)
@pytest.mark.parametrize("language", ["de", "fr", "zh"])
def test_a_long_text_is_read_in_time(language, text):
    names.covered(text, language)  # in far less than a second


def test_what_stands_for_a_name_is_like_it_and_not_in_the_text():
    text = "Frau Özdemir und Svenja fahren mit Tom nach Rostock."
    assert names.covered(text, "de") == (
        "Frau Smith und Robert fahren mit Tom nach Boston.",
        {"Smith": "Özdemir", "Robert": "Svenja", "Boston": "Rostock"},
    )
    again, _ = names.covered(text, "de", turn=1)
    assert again == "Frau Miller und Robert fahren mit Tom nach Berlin."
    # One for each, as often as it comes; there are three, and further ones stay.
    text = "Svenja, Ngozi, Svenja, Yannick, Xiomara"
    assert names.covered(text, "de")[0] == "Tom, Robert, Tom, Michael, Xiomara"


def test_an_answer_has_its_names_again_or_is_none():
    known = {"Tom": r"Svenj\1a", "Boston": "Rostock"}
    assert names.uncovered("Tom's car and Toms, Boston.", known) == (
        r"Svenj\1a's car and Svenj\1as, Rostock."
    )
    assert names.uncovered("Tomas is in Boston.", known) is None
    assert names.uncovered("Atom and Boston", known) is None


def test_a_text_is_asked_as_it_stands_first_and_last():
    first, second, third, *rest = questions("Svenja: a@b.de", "de")
    assert [first.text, second.text, third.text] == ["Svenja: 2839", "Tom: 2839", "Robert: 2839"]
    assert [question.text for question in rest] == ["Svenja: 2839", "Svenja: a@b.de"]
    assert first.shown("Svenja at 2839.") == "Svenja at a@b.de."
    assert first.shown("Svena at 2839.") is None  # then the next one is asked
    assert second.shown("Tom at 2839.") == "Svenja at a@b.de."
    assert rest[0].shown("Svena at 2839.") == "Svena at a@b.de."
    assert rest[1].shown("Svena") == "Svena"
    (plain,) = questions("Ich bin da.", "de")
    assert plain.shown("I am here.") == "I am here."
    assert questions("Svenja", None) == [(("Svenja"), {}, {}, [])]


def test_no_text_is_asked_twice_and_only_what_lost_something_is_asked_again():
    asked, calls = [questions("Svenja kommt.", "de"), questions("Ich bin da.", "de")], []

    def ask(places, asking):
        calls.append([(i, question.text) for i, question in zip(places, asking, strict=True)])
        said = "Svena comes." if len(calls) < 4 else "too late"
        return [lambda question: question.shown(said) for _ in places]

    # Neither Tom nor Robert is in the answers: the first one is taken as it was.
    assert answered(asked, ask) == ["Svena comes.", "Svena comes."]
    first = [(0, "Svenja kommt."), (1, "Ich bin da.")]
    assert calls == [first, [(0, "Tom kommt.")], [(0, "Robert kommt.")]]


def test_a_noun_that_was_taken_for_a_name_may_have_a_small_letter_in_the_answer():
    first, *_ = questions("Ich mag Tweed.", "de")
    assert first.shown("I like tweed.") == "I like tweed."
    first, *_ = questions("我哥哥David", "zh")
    assert first.shown("my brother david") is None


@pytest.mark.parametrize(
    "pair, least", [(("de", "en"), 17), (("fr", "de"), 16), (("zh", "en"), 11)]
)
def test_shipped_translators_keep_the_names_of_the_lines_as_people_type_them(pair, least):
    rows = [row for row in AsTyped(*pair).read() if row[0] == "names"]
    translator = zoo.load("translate_{}_{}".format(*pair))
    answers = translator.generate([source for _, source, _ in rows])
    assert copied(rows, answers)["names"]["kept"] >= least


def test_parts_beams_and_samples_have_their_names():
    translator = zoo.load("translate_de_en")
    text = "Friederike hat gestern bei Thorsten angerufen.\nHerr Wischnewski kommt heute nicht."
    answers = translator.generate(text, num_beams=3, num_return_sequences=2)
    (out,) = translator.generate([text], return_dict=True)
    for answer in (*answers, out.text):
        assert all(name in answer for name in ("Friederike", "Thorsten", "Wischnewski")), answer
    assert out.attention.shape[-2:] == (len(out.tokens), len(out.source_tokens))
    drawn = translator.generate([text], temperature=0.3, seed=2)
    assert drawn == translator.generate([text], temperature=0.3, seed=2)


def test_where_no_answer_keeps_the_name_the_text_is_translated_as_it_stands(translator):
    # It has learned a few words, and writes none of the names.
    plain = translator.generate("der Hund Svenja")
    translator.source_language = "de"
    try:
        assert translator.generate(["der Hund", "der Hund Svenja"])[1] == plain
    finally:
        translator.source_language = None


def test_the_fast_path_gives_the_same(tmp_path):
    text = "Annegret wohnt in Lübeck. Ruf bitte Frau Özdemir an: a.b@c-d.de!"
    code = "from zoo.cli import main; main()"
    run = [sys.executable, "-c", code, "translate", "translate_de_en", text]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    for kept in ("Annegret", "Lübeck", "Özdemir", "a.b@c-d.de"):
        assert kept in done.stdout, done.stdout
    assert done.stdout.strip() == zoo.load("translate_de_en").generate(text)
