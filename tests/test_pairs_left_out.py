"""Files of pairs say what was left out of them, and too few pairs are no training set."""

import random
import warnings

import pytest

from zoo import data
from zoo.recipes.own_pairs import own_pairs_recipe
from zoo.text import SentencePieceTokenizer


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def numbered(count, start=0):
    return "".join(f"eins {i}\tone {i}\n" for i in range(start, start + count))


def test_blank_lines_and_further_columns_are_counted(tmp_path):
    path = written(tmp_path / "a.tsv", "\na\tb\tc\n\n \t \nd\te\nf\tg\t\n")
    read = data.inspect_pairs(path)
    assert read.pairs == [("a", "b"), ("d", "e"), ("f", "g")]
    assert (read.blank_lines, read.wider_lines) == (3, 2)
    with pytest.warns(UserWarning, match=r"a\.tsv: 3 pairs; blank lines, skipped: 3; .*columns.*2"):
        assert data.read_pairs(path) == read.pairs


def test_a_file_of_which_nothing_is_left_out_is_read_without_a_word(tmp_path):
    path = written(tmp_path / "a.tsv", "a\tb\r\nd\te")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert data.read_pairs(path) == [("a", "b"), ("d", "e")]
    assert data.inspect_pairs(path).left_out == ""


@pytest.mark.parametrize("text", ["a 1\tb 1\n", numbered(9), "a\tb\n" * 100])
def test_too_few_different_pairs_are_no_training_set(text, tmp_path):
    train = written(tmp_path / "train.tsv", text)
    valid = written(tmp_path / "valid.tsv", numbered(3, 100))
    with pytest.raises(ValueError, match=r"train\.tsv: a translator needs at least 10 different"):
        own_pairs_recipe(train, valid)


def test_a_training_set_that_is_all_held_out_is_refused(tmp_path):
    path = written(tmp_path / "a.tsv", numbered(30))
    with pytest.raises(ValueError, match="got 30 pairs, of which zoo.data.clean leaves 0"):
        own_pairs_recipe(path, path)


def test_ten_different_pairs_are_a_training_set(tmp_path):
    train = written(tmp_path / "train.tsv", numbered(10))
    valid = written(tmp_path / "valid.tsv", numbered(3, 100))
    kept, held_out = own_pairs_recipe(train, valid).pairs(None)
    assert (len(kept), len(held_out)) == (10, 3)


@pytest.mark.parametrize(
    "letters, size", [(range(0x4E00, 0x4E00 + 2500), 9), (range(0x430, 0x450), 40)]
)
def test_the_vocabulary_follows_from_the_alphabet_of_the_pairs(letters, size, tmp_path):
    draw = random.Random(0)
    letters = list(map(chr, letters))
    weights = [1 / (i + 1) for i in range(len(letters))]
    lines = [
        "".join(draw.choices(letters, weights, k=size)) + f"\tnumber {i}\n" for i in range(600)
    ]
    train = written(tmp_path / "train.tsv", "".join(lines))
    valid = written(tmp_path / "valid.tsv", numbered(3))
    recipe = own_pairs_recipe(train, valid)
    texts = [text for pair in recipe.pairs(None)[0] for text in pair]
    tokenizer = SentencePieceTokenizer.train(texts, recipe.vocab_size)
    ids = [i for row in tokenizer.encode(texts) for i in row]
    spelled = sum(piece.startswith("<0x") for piece in tokenizer.pieces(ids))
    assert spelled < 0.5 * len(ids)  # three bytes stand for a character: one of six is rare
    assert tokenizer.vocab_size <= recipe.vocab_size <= 5000
