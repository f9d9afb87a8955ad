"""Vocabularies from texts of all shapes: nothing is left out, and nothing else is learnt."""

import random
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from zoo.lite.subwords import Subwords
from zoo.text import SentencePieceTokenizer, simplified

train = SentencePieceTokenizer.train


@pytest.mark.parametrize("kind", [str, str.encode])
@pytest.mark.parametrize("text", ["der Hund läuft", ""])
def test_one_text_is_not_taken_for_its_letters(text, kind):
    with pytest.raises(TypeError, match="lines must be an iterable of str"):
        train(kind(text), 400)


def test_a_path_is_refused_and_the_error_says_how_to_open_it(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("der Hund\n", encoding="utf-8")
    for given in (path, str(path)):
        with pytest.raises(TypeError, match=r"corpus\.txt.*open\(path"):
            train(given, 400)


@pytest.mark.parametrize("lines", [None, 3, {"de": "Hund"}])
def test_what_holds_no_lines_is_refused(lines):
    with pytest.raises(TypeError, match="lines must be an iterable of str"):
        train(lines, 400)


@pytest.mark.parametrize("item", [None, 3, b"Hund", ("de", "en"), float("nan")])
def test_an_item_that_is_no_text_is_named_by_its_index(item):
    with pytest.raises(TypeError, match=f"got {type(item).__name__} at index 1"):
        train(["Hund", item], 400)


def test_generators_and_arrays_of_str_are_taken():
    expected = train(["der Hund", "die Katze"], 400).proto
    assert train(iter(["der Hund", "die Katze"]), 400).proto == expected
    assert train(np.array(["der Hund", "die Katze"]), 400).proto == expected


@pytest.mark.parametrize("space", [" ", ""])
@pytest.mark.parametrize("lossless", [True, False])
def test_a_long_line_among_short_ones_is_learnt_from(space, lossless):
    long = space.join(["Wüstenfuchs"] * 2000)
    tokenizer = train(["der Hund"] * 5 + [long], 400, lossless=lossless)
    pieces = tokenizer.pieces(tokenizer.encode([long])[0])
    assert not any(piece.startswith("<0x") for piece in pieces)
    assert len(pieces) < len(long) / 3  # longer tokens than letters


def test_a_line_with_a_character_that_sentencepiece_reserves_is_learnt_from():
    tokenizer = train(["der Hund", "ein ▅ Wüstenfuchs"] * 5, 400)
    assert "ü" in "".join(tokenizer.pieces(tokenizer.encode(["Wüstenfuchs"])[0]))
    assert tokenizer.decode(tokenizer.encode(["ein ▅ Fuchs"])) == ["ein ▅ Fuchs"]


def chinese(count, seed=0):
    """Sentences of 2,500 characters, the frequent ones far more frequent, as in a language."""
    draw = random.Random(seed)
    letters = [chr(0x4E00 + i) for i in range(2500)]
    weights = [1 / (i + 1) for i in range(2500)]
    return ["".join(draw.choices(letters, weights, k=12)) + "。" for _ in range(count)]


@pytest.mark.parametrize("vocab_size", [300, 400, 1000, 2700, 2762, 2800])
@pytest.mark.parametrize("coverage", [1.0, 0.9995])
def test_a_vocabulary_smaller_than_the_alphabet_spells_what_is_rare(vocab_size, coverage):
    lines = chinese(1000)
    tokenizer = train(lines, vocab_size, character_coverage=coverage)
    assert tokenizer.vocab_size <= vocab_size
    assert tokenizer.decode(tokenizer.encode(lines[:50])) == lines[:50]
    pieces = [tokenizer.pieces([i])[0] for i in range(260, tokenizer.vocab_size)]
    assert "一" in pieces  # the most frequent one


def test_a_small_alphabet_keeps_all_its_characters():
    lines = ["собака бежит по пляжу", "кошка спит", "щегол поёт"]
    tokenizer = train(lines, 400)
    pieces = tokenizer.pieces([i for row in tokenizer.encode(lines) for i in row])
    assert not any(piece.startswith("<0x") for piece in pieces)


@pytest.mark.parametrize("coverage", [0.5, 1.1, float("nan")])
def test_a_coverage_out_of_range_is_refused(coverage):
    with pytest.raises(ValueError, match="character_coverage must be from 0.98 to 1"):
        train(["Hund"], 400, character_coverage=coverage)


@pytest.mark.parametrize("lines", [["\u200b"], ["▁"], ["\u2585"]])
def test_text_that_leaves_nothing_to_learn_is_one_clear_error(lines):
    with pytest.raises(ValueError, match="lines must hold text"):
        train(lines, 400)


def test_lone_surrogates_do_not_end_a_training():
    assert train(["Hund \ud800", "Katze"] * 5, 400).decode([[]]) == [""]


def test_loading_a_vocabulary_says_nothing(tmp_path):
    code = (
        "from zoo.lite.subwords import Subwords; import pathlib, sys;"
        "Subwords(pathlib.Path(sys.argv[1]).read_bytes()).encode(['a'])"
    )
    path = tmp_path / "lossless.model"
    path.write_bytes(train(["a b"] * 3, 400, lossless=True).proto)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


TRADITIONAL = [
    "圖書館今天為什麼關門？",
    "妳沒收到我早上的訊息嗎？",
    "甚麼？",
    "他看著計程車。",
    "①ﬁ　ＡＢ\u200b戶",
]
SIMPLIFIED = [
    "图书馆今天为什么关门?",
    "你没收到我早上的讯息吗?",
    "什么?",
    "他看着出租车。",
    "1fi AB 户",
]


def test_traditional_characters_are_read_as_simplified_ones_everywhere():
    tokenizer = train(SIMPLIFIED * 5, 500).replacing(simplified())
    ids = tokenizer.encode(TRADITIONAL)
    assert ids == tokenizer.encode(SIMPLIFIED) == Subwords(tokenizer.proto).encode(TRADITIONAL)
    assert tokenizer.decode(ids) == SIMPLIFIED
    graph = tf.function(tokenizer.call)(tf.constant(TRADITIONAL))
    assert graph.to_list() == ids  # by tensorflow-text, in C++


def test_what_is_not_replaced_is_normalised_as_without():
    lines = ["ﬁ ① Ａ e\u0301 \u200b x　y", "½ ㍿ ｶﾞ ö", "Zeile\twie\u00a0diese"] * 5
    plain, replacing = train(lines, 400), train(lines, 400).replacing({"戰": "战"})
    assert replacing.decode(replacing.encode(lines)) == plain.decode(plain.encode(lines))


@pytest.mark.parametrize("kind", ["lossless", "lowercase"])
def test_characters_are_replaced_beside_the_other_rules(kind):
    tokenizer = train(["Der  Hund ÄÖ"] * 5, 400, **{kind: True}).replacing({"犬": "Hund"})
    (text,) = tokenizer.decode(tokenizer.encode(["Der  犬 ÄÖ"]))
    assert text == {"lossless": "Der  Hund ÄÖ", "lowercase": "der Hund äö"}[kind]


def test_an_empty_key_is_not_replaced():
    with pytest.raises(ValueError, match="replaced must not have an empty key; got one, for 'x'"):
        train(["der Hund"], 400).replacing({"": "x"})


def test_the_table_of_simplified_characters_is_sound():
    table = simplified()
    assert len(table) > 2500
    assert (
        table["這"] == "这" and table["裡"] == table["裏"] == "里" and table["計程車"] == "出租车"
    )
    assert not {"我", "里", "么", "抬"} & set(table)  # simplified already
    for old, new in table.items():
        assert old != new and not set(new) & set(table), old
