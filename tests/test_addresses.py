"""Addresses and long numbers in a translation: numbers stand for them, and they come back."""

import subprocess
import sys

import pytest
from conftest import ROOT

import zoo
from zoo.evaluation.as_typed import AsTyped, copied
from zoo.lite.addresses import covered, numbers, uncovered
from zoo.lite.kept import questions

ADDRESSES = [
    "sabine.lohmann@firma-nord.de",
    "r_ackermann+82@mail.posteo.net",
    "www.stadtbad-kassel.de/kurse",
    "https://anmeldung.beispiel.org",
    "http://localhost:8501/v1/models/m:predict",
    "https://shop.kerzenwelt.de/korb/318?ref=a&b=c#top",
    "kochen-mit-oma.de",
    "my-shop.co.uk/a",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("frame", ["{}", "Siehe {}.", "({}), ja", "{}?", "请看{}。", "Zu {}: gut!"])
def test_an_address_is_covered_from_its_first_to_its_last_character(address, frame):
    text, addresses = covered(frame.format(address))
    assert list(addresses.values()) == [address]
    (number,) = addresses
    assert text == frame.format(number)
    assert uncovered(text, addresses) == frame.format(address)


@pytest.mark.parametrize(
    "text",
    [
        "Das ist gut.Es regnet.",
        "z.B. um 10.30 Uhr, d.h. am 3.10.2024",
        "@anna #zoo",
        "Preis: 1.299,00 €",
        "und/oder...",
        "",
    ],
)
def test_what_is_no_address_stays(text):
    assert covered(text) == (text, {})


def test_one_number_for_each_address_and_none_that_the_text_has():
    text, addresses = covered("2839: a@b.de, c@d.de, a@b.de, e@f.de, www.g.de")
    assert text == "2839: 5926, 3417, 5926, e@f.de, www.g.de"
    assert addresses == {"5926": "a@b.de", "3417": "c@d.de"}


def test_an_answer_may_part_the_thousands_and_one_without_the_number_is_none():
    addresses = {"2839": r"a\1@b.de"}
    assert uncovered("See 2,839.", addresses) == r"See a\1@b.de."
    assert uncovered("See 2839 and 2 839", addresses) == r"See a\1@b.de and a\1@b.de"
    assert uncovered("See 12839.", addresses) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Nummer 70495113, 350 €, 350 g", ["70495113", "350"]),
        ("价格是34000元。", ["34000"]),
        ("($4800)", ["4800"]),
        ("a2839@b.de", []),  # of an address
        ("um 20:00, am 3.10.2024, 1.299,00 €, 12", []),
        ("RX350 3:100 100-200 1.000 1-2-3", []),
        ("Tel. 676-888-2959.", ["676-888-2959"]),
        ("(0511-168449, +49-170-1234567)", ["0511-168449", "+49-170-1234567"]),
    ],
)
def test_long_numbers_are_those_of_three_digits_or_more_that_stand_alone(text, expected):
    assert numbers(text) == expected


def test_another_number_stands_for_a_long_one_where_an_answer_has_lost_it():
    first, second, last = questions("Es kostet 4800 Dollar.", "de")
    assert first.text == last.text == "Es kostet 4800 Dollar."
    assert first.shown("It is $4,800.") == "It is $4,800."
    assert first.shown("It is $480.") is None
    assert second.text == "Es kostet 2839 Dollar."
    assert second.shown("It is $2,839.") == "It is $4800."
    assert last.shown("It is $480.") == "It is $480."
    # A number stands for itself where it is one of those that stand for others.
    assert covered("2839 a@b.de 5926 77777", long_numbers=True) == (
        "2839 3417 5926 77777",
        {"3417": "a@b.de"},
    )


NUMBERS = [
    ("translate_de_en", "Schließen wir den Deal mit $4800, OK?"),
    ("translate_de_en", "Meine Nummer ist 676-888-2959."),
    ("translate_fr_de", "Je suis né en 1979."),
    ("translate_fr_de", "Mon numéro est le 676-888-2959."),
    ("translate_zh_en", "我一个月只能负担1000元左右。"),
    ("translate_zh_en", "我的电话号码是676-888-2959。"),
]


@pytest.mark.parametrize(("name", "text"), NUMBERS)
def test_shipped_translators_keep_long_numbers(name, text):
    (number,) = numbers(text)
    assert number in zoo.load(name).generate(text)


@pytest.mark.parametrize("pair", [("de", "en"), ("fr", "de"), ("zh", "en")])
def test_shipped_translators_keep_the_addresses_of_the_lines_as_people_type_them(pair):
    rows = [row for row in AsTyped(*pair).read() if row[0] == "addresses"]
    translator = zoo.load("translate_{}_{}".format(*pair))
    found = copied(rows, translator.generate([source for _, source, _ in rows], num_beams=1))
    assert found["e-mail addresses"] == {"kept": 5, "of": 5}
    assert found["URLs"] == {"kept": 5, "of": 5}


def test_answers_of_all_kinds_have_their_addresses_in_every_part():
    translator = zoo.load("translate_fr_de")
    text = "Écrivez à info@hotel-du-lac.com.\nMerci. Voir www.carte-meteo.info !"
    expected = ["info@hotel-du-lac.com", "www.carte-meteo.info"]
    answers = translator.generate(text, num_beams=3, num_return_sequences=2)
    (out,) = translator.generate([text], return_dict=True)
    for answer in (*answers, out.text):
        assert [address for address in expected if address in answer] == expected
    assert out.attention.shape[-2:] == (len(out.tokens), len(out.source_tokens))


def test_where_an_answer_has_lost_a_number_the_part_is_translated_as_it_stands(translator):
    # It has no digits in its vocabulary, so that no number comes through.
    plain = translator.generate("der Hund")
    text = "der Hund a@b.de"
    whole = translator.generate(text, stop=["\0"])  # a text with stops is not covered
    assert translator.generate(["der Hund", text]) == [plain, whole]


def test_the_fast_path_gives_the_same_and_a_text_that_is_not_cut_is_not_covered():
    text = "Die Unterlagen finden Sie unter www.stadtbad-kassel.de/kurse. Danke, a.b@c-d.de!"
    code = "from zoo.cli import main; main()"
    run = [sys.executable, "-c", code, "translate", "translate_de_en", text]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "www.stadtbad-kassel.de/kurse" in done.stdout and "a.b@c-d.de" in done.stdout
    translator = zoo.load("translate_de_en")
    assert done.stdout.strip() == translator.generate(text)
    translator.max_sentence_length = None
    assert "2839" not in translator.generate("Siehe 5926 a@b.de", num_beams=1)
