"""Texts cut into sentences: hard cases by hand, and nothing lost of any text."""

import random

import pytest

from zoo.text import cut_sentences

# "|" is where a text is cut.
CASES = {
    # German
    "abbreviation of two letters": "Nimm z. B. Peter mit.|Er kommt z.B. Montag.",
    "d. h.": "Sie ist Ärztin, d. h. Peters Chefin.|Das weiß er.",
    "u. a.": "Es kamen u. a. Anna und Tim.|Dann gingen wir.",
    "titles": "Prof. Dr. Meier sprach mit Hr. Adam.|Fr. Beck schwieg.",
    "number": "Wir wohnen in Nr. 5.|",
    "before a number": "Siehe Abs. 3 und Art. 5 im Bd. 2.|",
    "street": "Sie wohnt in der Goethestr. Ecke Marktstr. Hinten ist ein Hof.",
    "saint": "Er fährt nach St. Gallen.|Das ist weit.",
    "ordinal": "Wir kommen am 3. Mai.|Am 14. Juli fahren wir.",
    "roman ordinal": "Ludwig XIV. Von Frankreich regierte lange.",
    "date": "Am 3.5.2024 um 10.30 Uhr.|Komm pünktlich!",
    "year": "Das war 1999.|Danach kam sie zurück.",
    "initials": "J. S. Bach wohnte hier.|E. T. A. Hoffmann nicht.",
    "usw.": "Äpfel, Birnen usw. Alles war da.",
    "before Christ": "Das war 50 v. Chr. Rom war groß.",
    "decimal": "Es sind 3.5 Grad.|Brr!",
    "quotation": "„Kommst du?“|„Nein.“|Sie ging.",
    "said by someone": "„Komm!“ rief sie.|»Ja!« sagte er.",
    "guillemets": "Er kam.|»Hallo!«|Sie lachte.",
    "bracket": "Er ging.|(Es regnete.)|Dann kam sie.",
    "ellipsis": "Na ja ... wer weiß.|Warte …|Doch!",
    "several marks": "Was?!|Nein!!!|Doch.",
    "URL": "Geh auf www.zoo.de/a.b?c=1!|Dann schreib an a.b@c.de.|Gut.",
    "small letters alone": "ich bin müde.|kommst du morgen?|z. b. um 3.",
    "titles without capitals": "dr. meier wohnt in nr. 5!|komm!|siehe art. 3, bitte.",
    "titles in capitals": "DR. MEIER WOHNT IN NR. 5!|KOMM!|BAHNHOFSTR. 7.",
    "small letter behind": "Das kostet ca. 5 Euro, inkl. allem, etc. und so weiter.",
    "smiley": "Danke!|Bis bald! 😊",
    "no stop": "Hallo",
    "stops alone": "... !!",
    # English
    "mr": "Mr. Smith met Mrs. Jones.|Dr. Lee was out.",
    "a.m.": "We met at 10 a.m. The door was open, e.g. Not closed.",
    "no": "No.|It is No. 5.",
    "I": "So am I.|We agree.",
    "a king": "Wilhelm I. Von Preußen kam.",
    "mind": "I don't mind.|You may go.",
    "et al.": "Lee et al. Say so.",
    # French
    "space before a mark": "Où est la gare ?|Merci !|Il part.",
    "French guillemets": "«\u00a0Bonjour\u00a0!\u00a0»|Il sort.|« Oui. »",
    "monsieur": "M. Dupont et Mme. Roy sont là.|MM. Petit aussi.",
    "p. ex.": "Prends p. ex. Marie.|Il l'est.|Oui.",
    "J.-C.": "En 50 av. J.-C. Rome gagna.|Bien.",
    # Chinese
    "Chinese": "你好。|你去哪儿？|我回家！！|好",
    "Chinese with spaces": "你好。|再见。",
    "said in Chinese": "“好！”他说。|“走吧。”|“好。”",
    "Latin marks": "你好!|你呢?|我有3.5元。",
    "a Chinese decimal": "戒指重6。53克拉。|很贵。",
    "a stop that is shown": "Gib einen Punkt (.) ein.|Oder (!) so.",
    "sections": "8.10.6. 选择。|上一页3. 方法",
}


@pytest.mark.parametrize("marked", CASES.values(), ids=CASES)
def test_cut(marked):
    expected = [part for part in marked.split("|") if part]
    gap = "" if any("\u4e00" <= x <= "\u9fff" for x in marked) else " "
    text = gap.join(expected)
    assert cut_sentences(text).sentences == ([text] if len(expected) == 1 else expected)


def test_lines_are_cut_with_the_white_space_around_their_breaks():
    text = "\tLiebe Anna,\r\n\r\n  wie geht es? Gut!\u2028Dein Tim \n"
    found = cut_sentences(text)
    assert found.sentences == ["Liebe Anna,", "wie geht es?", "Gut!", "Dein Tim"]
    assert found.gaps == ["\t", "\r\n\r\n  ", " ", "\u2028", " \n"]
    assert found.joined(["1", "2", "3", "4"]) == "\t1\r\n\r\n  2 3\u20284 \n"


def test_a_line_that_is_whole_is_cut_from_the_others_alone():
    found = cut_sentences("Ja. Nein.\nVielleicht. Oder auch nicht.", lambda line: len(line) < 10)
    assert found.sentences == ["Ja. Nein.", "Vielleicht.", "Oder auch nicht."]


@pytest.mark.parametrize("blank", ["", " ", "\n\t\r\n ", "\u2003"])
def test_a_blank_text_has_no_sentence(blank):
    assert cut_sentences(blank) == ([], [blank])


def test_nothing_of_any_text_is_lost():
    rng = random.Random(0)
    parts = [
        *"aÄ1.!?…。！？ \n\r\t\u2028\u00a0“”»«„)(-,;",
        "z. B.",
        "Dr. ",
        "你好",
        "...",
        "😊",
        "\x1d",
        "I. ",
    ]
    for _ in range(3000):
        text = "".join(rng.choices(parts, k=rng.randint(0, 30)))
        for whole in (lambda line: False, lambda line: len(line) < 8):
            found = cut_sentences(text, whole)
            assert found.joined(found.sentences) == text
            assert len(found.gaps) == len(found.sentences) + 1
            assert all(sentence.strip() == sentence != "" for sentence in found.sentences)
            assert not any(map(str.strip, found.gaps))


def test_a_long_text_is_cut_in_linear_time():
    for text in (
        "z. B. " * 50_000,
        "Ja. " * 50_000,
        "." * 200_000,
        "。" * 200_000,
        " \n" * 100_000,
    ):
        found = cut_sentences(text)
        assert found.joined(found.sentences) == text
