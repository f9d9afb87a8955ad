import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.models import LSTMLanguageModel, TransformerLM
from zoo.text import END_ID, START_ID, Form, SentencePieceTokenizer

TEXT = "the cat sat on the mat.\nthe dog ran to the cat.\n  a mat, a dog!\n" * 20
POEMS = ["春花秋月何時了，往事知多少年心。小樓昨夜又東風，故國不堪回首中。"] * 8
PROMPTS = ["the cat", "", "a\n", "dog ran to the cat and the mat", "猫"]
# Log-probabilities are sums of some thirty float32 terms, whose order depends on the batch.
CLOSE = {"rel": 1e-4, "abs": 1e-3}


@pytest.fixture(scope="module")
def tokenizer():
    lines = TEXT.split("\n")
    return SentencePieceTokenizer.train(lines, 400, model_type="char", lossless=True)


@pytest.fixture(scope="module")
def generator(tokenizer):
    """Taught for a few seconds; its context is shorter than what is asked of it."""
    keras.utils.set_random_seed(1)
    model = TransformerLM(
        tokenizer.vocab_size, context_length=24, num_layers=2, model_dim=32, num_heads=2, ff_dim=48
    )
    generator = zoo.TextGenerator(
        model, tokenizer, decoding={"temperature": 0.8, "max_new_tokens": 40}
    )
    generator.compile(keras.optimizers.Adam(0.01), label_smoothing=0.0)
    history = generator.fit([TEXT], batch_tokens=480, steps_per_epoch=40, epochs=3, verbose=0)
    losses = history.history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    return generator


@pytest.fixture(scope="module")
def poet():
    tokenizer = SentencePieceTokenizer.train(POEMS, 400, model_type="char", lossless=True)
    model = TransformerLM(tokenizer.vocab_size, 64, 1, 8, 2, 16)
    return zoo.TextGenerator(
        model,
        tokenizer,
        decoding={"temperature": 1.0},
        form={"line_length": 7, "marks": "，。，。"},
    )


# Data


def test_batches_are_all_of_the_text_with_its_end(generator, tokenizer):
    (ids,) = tokenizer.encode([TEXT])
    targets = []
    for inputs, labels, weights in generator.batches([TEXT], batch_tokens=24):
        inputs, labels, weights = (part.numpy() for part in (inputs, labels, weights))
        assert inputs[0, 0] == START_ID
        np.testing.assert_array_equal(inputs[:, 1:], labels[:, :-1])
        np.testing.assert_array_equal(weights, labels != 0)
        targets += labels[labels != 0].tolist()
    # Windows of full length come before the short last one, in order.
    assert targets == [*ids, END_ID]


def test_each_pass_cuts_the_text_elsewhere(generator):
    batches = generator.batches([TEXT], batch_tokens=24 * 200, shuffle=1000, seed=3)
    firsts = [{tuple(row) for batch in batches for row in batch[1].numpy()} for _ in range(2)]
    assert firsts[0] != firsts[1]
    again = generator.batches([TEXT], batch_tokens=24 * 200, shuffle=1000, seed=3)
    assert {tuple(row) for batch in again for row in batch[1].numpy()} == firsts[0]


@pytest.mark.parametrize("x", [[], "text", [1], tf.data.Dataset.range(3)])
def test_data_that_is_no_text_is_an_error(generator, x):
    with pytest.raises((ValueError, TypeError), match="x must"):
        generator.batches(x)


# Answers


def test_answer_is_the_prompt_and_its_continuation(generator):
    for prompt, text in zip(PROMPTS, generator.generate(PROMPTS, seed=1), strict=True):
        assert text.startswith(prompt) and len(text) > len(prompt)


def test_row_does_not_depend_on_its_batch(generator):
    together = generator.generate(PROMPTS, seed=7)
    alone = [generator.generate(p, seed=7 + i) for i, p in enumerate(PROMPTS)]
    assert together == alone


@pytest.mark.parametrize("options", [{"seed": 4}, {"num_beams": 1}, {"top_k": 3, "seed": 1}])
def test_stream_gives_the_text_of_generate(generator, options):
    pieces = list(generator.stream("the cat", **options))
    assert len(pieces) > 1  # how many is up to the model, whose last digits are the machine's
    assert "".join(pieces) == generator.generate("the cat", **options)


def test_stream_refuses_beams_before_it_begins(generator):
    with pytest.raises(ValueError, match="stream needs num_beams = 1 .*; got num_beams=2"):
        generator.stream("the", num_beams=2)


def test_second_stream_does_not_trace(generator):
    list(generator.stream("the", temperature=0.5, seed=1))
    functions = [f for k, pair in generator._functions.items() if k[0] == "stream" for f in pair]
    traces = [f.experimental_get_tracing_count() for f in functions]
    list(generator.stream("a cat and", temperature=0.9, seed=2, max_new_tokens=30))
    assert [f.experimental_get_tracing_count() for f in functions] == traces


def test_several_continuations_differ_and_the_seed_brings_them_back(generator):
    texts = generator.generate("the ", num_return_sequences=5, seed=3, temperature=1.0)
    assert len(set(texts)) > 1
    assert texts == generator.generate("the ", num_return_sequences=5, seed=3, temperature=1.0)


def test_long_prompt_is_read_from_its_newest_part_and_a_warning_says_so(generator):
    with pytest.warns(UserWarning, match="at most 22 tokens to be read whole; got 66"):
        long = generator.generate("x" * 44 + "the cat sat on the mat", seed=1)
    assert long.removeprefix("x" * 44) == generator.generate("the cat sat on the mat", seed=1)


def test_answer_explains_itself(generator):
    out = generator.generate("the cat", num_beams=1, max_new_tokens=5, return_dict=True)
    assert out.source_tokens == ["<s>", *"the▁cat", *out.tokens[:-1]]
    assert out.attention.shape == (2, 2, 5, 8 + 4)
    np.testing.assert_allclose(out.attention.sum(-1), 1, atol=1e-5)  # a softmax in float32
    expected = generator.score(out.text) - generator.score("the cat")
    assert out.score == pytest.approx(expected, **CLOSE)


# Scores


def test_score_is_the_sum_of_the_log_softmax(generator, tokenizer):
    text = "the dog sat on a mat"
    (ids,) = tokenizer.encode([text])
    logits = np.array(generator(np.array([[START_ID, *ids[:-1]]])), "float64")[0]
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = logits[np.arange(len(ids)), ids].sum()
    assert generator.score(text) == pytest.approx(expected, **CLOSE)
    assert generator.perplexity(text) == pytest.approx(np.exp(-expected / len(ids)), rel=1e-3)
    assert generator.score([text, ""]).tolist() == pytest.approx([expected, 0.0], **CLOSE)


def test_long_text_is_judged_in_windows_of_half_new_tokens(generator, tokenizer):
    text = TEXT[:60]
    (ids,) = tokenizer.encode([text])
    assert len(ids) == 60
    windows = [(0, 0, 24), (12, 24, 36), (24, 36, 48), (36, 48, 60)]  # read from, judged from, to
    expected = 0.0
    for begin, first, end in windows:
        logits = np.array(generator(np.array([[START_ID, *ids[begin : end - 1]]])), "float64")[0]
        logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
        rows = logits[first - begin :]
        expected += rows[np.arange(end - first), ids[first:end]].sum()
    assert generator.score(text) == pytest.approx(expected, **CLOSE)


# Form


def test_held_poems_have_the_form_whatever_the_model_knows(poet):
    form = Form()
    for options in ({"seed": 1}, {"num_beams": 3}):
        poems = poet.generate(["", "春", "春花秋月何時了，往"], form=True, **options)
        assert all(map(form.matches, poems))
    assert not all(map(form.matches, poet.generate([""] * 4, seed=1)))


def test_acrostic_stands_at_the_beginnings_of_the_lines(poet):
    poem = poet.generate("", acrostic="春月風年", seed=2)
    assert poem[::8] == "春月風年" and Form().matches(poem)
    assert "".join(poet.stream("", acrostic="春月風年", seed=2)) == poem


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"acrostic": "春月風年心"}, "acrostic must have at most a character a line, 4; got 5"),
        ({"acrostic": "犬"}, "characters of the vocabulary; got '犬'"),
        ({"form": True, "prefix": "春"}, "prefix must be None with a form; got prefix='春'"),
        ({"acrostic": ["春", "月"]}, "one text for each input; got 2 for 1"),
    ],
)
def test_form_that_cannot_be_met_is_an_error(poet, options, message):
    with pytest.raises(ValueError, match=message):
        poet.generate("", **options)


def test_form_of_a_model_without_one_is_an_error(generator):
    with pytest.raises(ValueError, match="need a model that has a form"):
        generator.generate("the", form=True)


# Bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature must be > 0; got temperature=0.0"),
        ({"temperature": -1.0}, "temperature must be > 0"),
        ({"top_p": 0.0}, "top_p must be > 0 and <= 1"),
        ({"top_p": 1.5}, "top_p must be > 0 and <= 1"),
        ({"max_new_tokens": 0}, "max_new_tokens must be >= 1"),
    ],
)
def test_option_outside_its_range_is_an_error(generator, options, message):
    with pytest.raises(ValueError, match=message):
        generator.generate("the", **options)
    with pytest.raises(ValueError, match=message):
        generator.stream("the", **options)


def test_prompt_that_is_no_text_is_an_error(generator):
    with pytest.raises(TypeError, match="inputs must be a str or a list of str; got 5"):
        generator.generate(5)
    with pytest.raises(TypeError, match="prompt must be a str"):
        generator.stream(["the"])


# Files


def test_saved_model_answers_the_same(generator, poet, tmp_path):
    for model in (generator, poet):
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.generate(["", "春"], seed=5) == model.generate(["", "春"], seed=5)
        assert loaded.form == model.form


def test_export_answers_the_same_in_another_process(generator, tmp_path, fresh_python):
    generator.export(tmp_path / "1")
    code = """
import sys, tensorflow as tf, tensorflow_text
served = tf.saved_model.load(sys.argv[1])
prompts = tf.constant(sys.argv[2:])
out = served.signatures["serving_default"](text=prompts)
print([text.decode() for text in out["text"].numpy()])
ones = tf.ones([len(sys.argv) - 2])
sampled = served.signatures["sample"](
    text=prompts, temperature=0.5 * ones, top_p=0.9 * ones, seed=tf.cast(4 * ones, tf.int32)
)
print([text.decode() for text in sampled["text"].numpy()])
out = served.signatures["attention"](text=prompts)
print({k: v.shape.as_list() for k, v in sorted(out.items())})
"""
    lines = fresh_python(code, tmp_path / "1", *PROMPTS).splitlines()
    greedy = generator.decoding.updated(num_beams=1)
    assert lines[0] == str([generator.generate(prompt, seed=0) for prompt in PROMPTS]), greedy
    options = {"temperature": 0.5, "top_p": 0.9, "seed": 4}
    assert lines[1] == str([generator.generate(prompt, **options) for prompt in PROMPTS])
    assert "'source_tokens': [5, " in lines[2]


def test_recurrent_language_model_serves_the_same_task(tokenizer):
    model = LSTMLanguageModel(tokenizer.vocab_size, 24, 1, 8, 12)
    generator = zoo.TextGenerator(model, tokenizer, decoding={"max_new_tokens": 9})
    assert generator.generate("the", num_beams=2).startswith("the")
    assert generator.generate("the") == "".join(generator.stream("the"))
