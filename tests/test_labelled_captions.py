import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from zoo.evaluation.captions import names_the_thing, nouns
from zoo.models import CaptionTransformer, LabelledCaptionTransformer
from zoo.recipes.labelled_captioning import (
    by_length,
    take_over,
    tokens_of,
    unique_names,
    what_was_told,
)
from zoo.recipes.said_names import Said, captions_of
from zoo.text import SentencePieceTokenizer
from zoo.vision import label_names

CELLS, WIDTH, VOCABULARY = 4, 5, 24
NAMES = [[10], [11, 12], [13]]


def model(**options):
    keras.utils.set_random_seed(0)
    options = {"num_labels": 2, "threshold": 0.1, "dropout": 0.0, **options}
    made = LabelledCaptionTransformer(
        CELLS,
        WIDTH,
        VOCABULARY,
        names=NAMES,
        classes=[0, 1, 1, -1, 2],
        num_layers=1,
        model_dim=8,
        num_heads=2,
        ff_dim=16,
        **options,
    )
    made.build(None)
    return made


def cells(rows=3, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, CELLS, WIDTH)).astype("float32")


def seeing(made, logits):
    """A model whose classifier says `logits` of a source of zeros."""
    made.classifier.set_weights([np.zeros((WIDTH, 5)), np.array(logits, "float32")])
    return made


def test_classes_of_one_name_add_up_and_the_likeliest_come_first():
    made = seeing(model(), np.log([0.1, 0.25, 0.25, 0.3, 0.1 + 1e-6]))
    names, found = made.labels(np.zeros((2, CELLS, WIDTH), "float32"))
    np.testing.assert_array_equal(names, [[1, 2]] * 2)
    np.testing.assert_allclose(found, [[0.5, 0.1]] * 2, atol=1e-5)


def test_what_is_not_likely_enough_is_not_told():
    for threshold, tokens in ((0.2, [11, 12, 0, 0]), (0.6, [0] * 4)):
        made = seeing(model(threshold=threshold), np.log([0.1, 0.25, 0.25, 0.3, 0.1 + 1e-6]))
        _, mask, told = made.encode(np.zeros((1, CELLS, WIDTH), "float32"))
        assert ops.convert_to_numpy(told)[0].tolist() == tokens
        expected = [True] * CELLS + [token != 0 for token in tokens]
        assert ops.convert_to_numpy(mask)[0, 0].tolist() == expected


def test_one_pass_equals_step_by_step_for_beams():
    made = model()
    source = cells()
    target = np.random.default_rng(1).integers(4, VOCABULARY, (6, 5))
    whole = ops.convert_to_numpy(made({"source": source, "target": target}))
    static, state = made.start(made.encode(source))
    state = tf.nest.map_structure(lambda part: tf.repeat(part, 2, axis=0), state)
    step = made.stepper(2)
    for t in range(target.shape[1]):
        found, state = step(target[:, t], static, state)
        np.testing.assert_allclose(found, whole[:, t], atol=1e-5)


def test_outputs_are_log_probabilities_and_attention_falls_on_cells_and_names():
    inputs = {"source": cells(), "target": np.full((3, 2), 5)}
    found, attention = model()(inputs, return_attention_scores=True)
    np.testing.assert_allclose(np.exp(found).sum(axis=-1), 1.0, atol=1e-5)
    assert attention.shape == (3, 1, 2, 2, CELLS)
    assert (np.asarray(attention).sum(axis=-1) < 1.0).all()


def test_a_name_that_no_caption_has_can_be_copied():
    made = seeing(model(threshold=0.3), [0.0, 9.0, 9.0, 0.0, 0.0])
    gate = made.copy_distribution.gate_dense
    gate.set_weights([np.zeros((16, 1)), np.array([-20.0])])
    inputs = {"source": np.zeros((1, CELLS, WIDTH), "float32"), "target": np.array([[2]])}
    shares = np.exp(made(inputs))[0, 0]
    assert shares[[11, 12]].sum() == pytest.approx(1.0, abs=1e-4)


def test_sentences_without_an_image_follow_those_with_one():
    made = model()
    inputs = {"source": cells(1), "target": np.array([[2, 5, 6]])}
    more = {
        "names": np.array([[1, 0], [2, 1]]),
        "probabilities": np.array([[0.8, 0.05], [0.5, 0.2]], "float32"),
        "sentences": np.array([[2, 11, 12], [2, 7, 13]]),
    }
    both = np.asarray(made({**inputs, **more}))
    assert both.shape == (3, 3, VOCABULARY)
    np.testing.assert_allclose(both[:1], made(inputs), atol=1e-6)
    # The image of another is not looked at.
    other = np.asarray(made({**inputs, "source": cells(1, seed=5), **more}))
    np.testing.assert_allclose(both[1:], other[1:], atol=1e-6)


def test_a_file_gives_the_same_answers(tmp_path):
    made = model()
    made.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    inputs = {"source": cells(), "target": np.full((3, 2), 5)}
    np.testing.assert_allclose(again(inputs), made(inputs), atol=1e-6)
    assert not again.classifier.trainable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_labels": 4}, "num_labels must be in .1, 3., the number of names; got num_labels=4"),
        ({"threshold": 1.0}, "threshold must be in .0, 1.; got threshold=1.0"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        model(**options)


def test_a_class_of_no_name_is_refused():
    with pytest.raises(ValueError, match="classes must lie in .-1, 1.; got 3"):
        LabelledCaptionTransformer(1, 1, 9, names=[[5]], classes=[0, 3], num_labels=1)


def test_what_was_told_is_what_was_said_and_something_else():
    rng = np.random.default_rng(0)
    names, shares = what_was_told([[7], [], [8, 9]] * 50, 3, np.arange(5), rng, kept=1.0)
    assert names.shape == shares.shape == (150, 3)
    assert (np.diff(shares, axis=1) <= 0).all() and (shares.sum(axis=1) <= 1).all()
    for said, row, of_row in zip([[7], [], [8, 9]] * 50, names, shares, strict=True):
        told = row[of_row > 0].tolist()
        assert set(said) <= set(told) and len(told) == len(set(told))
        assert set(told) - set(said) <= set(range(5))


# Names.


def test_each_class_has_its_name_in_both_languages():
    english, chinese = label_names("en"), label_names("zh")
    assert len(english) == len(chinese) == 1000
    assert [bool(name) for name in english] == [bool(name) for name in chinese]
    assert sum(map(bool, english)) >= 995
    assert (english[281], chinese[281]) == ("cat", "猫")
    assert {english[i] for i in range(151, 269)} == {"dog"}
    with pytest.raises(ValueError, match="language must be en or zh; got language='de'"):
        label_names("de")


def test_names_are_found_in_sentences_the_longest_first_and_once():
    names = unique_names("en")
    said = Said(names, "en")

    def found(text):
        return [names[i] for i in said(text)]

    assert found("two cats and a kitten sit near a teddy bear") == ["cat", "teddy bear"]
    assert found("a man eats hot dogs by the fridge") == ["hot dog", "refrigerator"]
    assert found("a man in an orange shirt") == ["shirt"]
    chinese = unique_names("zh")
    said = Said(chinese, "zh")
    assert [chinese[i] for i in said("一只猫坐在笔记本电脑上")] == ["猫", "笔记本电脑"]
    assert said("一个人走在马路上") == []


def test_a_photograph_gets_sentences_that_say_its_label():
    names = unique_names("en")
    said, shares = Said(names, "en"), np.full(len(names), 0.001)
    texts = [f"a cat sits on a {thing}" for thing in ("bench", "bed", "car", "truck")] * 5
    rows = [(text, said(text)) for text in texts]
    rng = np.random.default_rng(0)
    found, whole = captions_of(names.index("cat"), shares, rows, said, rng)
    assert whole and len(found) == 5 and all("cat" in text for text in found)
    found, whole = captions_of(names.index("axe"), shares, rows, said, rng)
    assert not whole and len(found) == 5 and all("an axe" in text for text in found)


def test_a_name_stands_in_place_of_another():
    names = unique_names("en")
    said = Said(names, "en")
    rows = [("a cat lying on an old bench", said("a cat lying on an old bench"))]
    renamed = said.renamed(rows, np.random.default_rng(0), 1)
    texts = {names[numbers[0]]: text for text, numbers in renamed}
    assert texts["axe"] == "an axe lying on an old bench"
    assert "bench" not in texts  # it is there already


def test_tokens_of_a_chinese_name_are_those_inside_a_text():
    lines = ["一只猫坐在、笔记本电脑上", "猫和狗、一只狗", "电脑、笔记本"] * 9
    tokenizer = SentencePieceTokenizer.train(lines, 300)
    for name in ("猫", "笔记本电脑", "狗"):
        tokens = tokens_of(name, tokenizer, "zh")
        assert "".join(tokenizer.pieces(tokens)) == name


def test_a_decoder_is_taken_over_with_another_vocabulary():
    old_words = SentencePieceTokenizer.train(["red blue grey dog"] * 9, 300)
    words = SentencePieceTokenizer.train(["red blue grey dog cat sun"] * 9, 320)
    keras.utils.set_random_seed(0)
    size = {"num_layers": 1, "model_dim": 8, "num_heads": 2, "ff_dim": 16}
    old = CaptionTransformer(CELLS, WIDTH, old_words.vocab_size, **size)
    old.build(None)
    new = LabelledCaptionTransformer(
        CELLS,
        WIDTH,
        words.vocab_size,
        names=words.encode(["cat", "dog"]),
        classes=[0, 1],
        num_labels=1,
        **size,
    )
    new.build(None)
    take_over(new, words, old, old_words)
    table, before = new.embedding.get_weights()[0], old.embedding.get_weights()[0]
    old_pieces = old_words.pieces(range(old_words.vocab_size))
    for i, piece in enumerate(words.pieces(range(words.vocab_size))):
        if piece in old_pieces:
            np.testing.assert_array_equal(table[i], before[old_pieces.index(piece)])
    np.testing.assert_array_equal(table[3], before[3])
    np.testing.assert_array_equal(new.blocks[0].get_weights()[0], old.blocks[0].get_weights()[0])


def test_batches_are_of_captions_of_like_length_and_hold_each_image():
    ids = [[[2, *[7] * (1 + i % 9), 3], [2, 8, 3]] for i in range(24)]
    grids = np.arange(24, dtype="float16").reshape(24, 1, 1)
    made = by_length(grids, ids, 4, 6)
    seen = []
    for _ in range(6):
        inputs, labels, weights = next(made)
        seen += inputs["source"].ravel().astype(int).tolist()
        assert inputs["target"].shape == labels.shape == weights.shape
        assert labels.shape[0] == 8 and labels.shape[1] <= 5
        np.testing.assert_array_equal(inputs["target"][:, 1:], labels[:, :-1])
        np.testing.assert_array_equal(weights, labels != 0)
    assert sorted(seen) == list(range(24))


# What a caption names.


def test_a_caption_names_the_thing_that_most_people_name():
    people = ["a cat on a bed", "two cats sleep", "an orange cat lies on a blanket"]
    people = [text.split() for text in people]
    assert nouns("two cats sit in front of the boxes".split()) == {"cat", "box"}
    assert names_the_thing("a cat sits".split(), people)
    assert not names_the_thing("a dog on a bed".split(), people)
    assert names_the_thing("a dog".split(), [["it", "moves"]]) is None
