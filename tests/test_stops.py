"""Where answers end: stops that fall across tokens, for beams and draws, alone and in a batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.decoding import Decoding, search, watched_state, watched_step
from zoo.models import LSTMLanguageModel, Transformer, TransformerLM
from zoo.text import END_ID, SentencePieceTokenizer, Stops

TEXT = "the cat sat on the mat.\nthe dog ran to the cat.\n  a mat, a dog!\n" * 20
PAIRS = [("ein hund", "a dog sat on the mat ä"), ("zwei katzen", "two cats and one dog.")] * 8


@pytest.fixture(scope="module")
def lossless():
    return SentencePieceTokenizer.train(TEXT.split("\n"), 320, model_type="unigram", lossless=True)


@pytest.fixture(scope="module")
def normalising():
    return SentencePieceTokenizer.train([side for pair in PAIRS for side in pair], 330)


@pytest.fixture(scope="module")
def generator(lossless):
    """Taught for a moment; its context is renewed on the way."""
    keras.utils.set_random_seed(3)
    model = TransformerLM(lossless.vocab_size, 16, 1, 16, 2, 16)
    generator = zoo.TextGenerator(
        model, lossless, decoding={"temperature": 1.0, "max_new_tokens": 40}
    )
    generator.compile(keras.optimizers.Adam(0.02))
    generator.fit([TEXT], batch_tokens=480, steps_per_epoch=60, verbose=0)
    return generator


@pytest.fixture(scope="module")
def translator(normalising):
    keras.utils.set_random_seed(1)
    model = Transformer(
        normalising.vocab_size, normalising.vocab_size, 1, 1, model_dim=16, num_heads=2, ff_dim=16
    )
    translator = zoo.Translator(model, normalising, decoding={"num_beams": 3})
    translator.compile(keras.optimizers.Adam(0.02))
    translator.fit(PAIRS, epochs=30, verbose=0)
    return translator


@pytest.mark.parametrize("name", ["lossless", "normalising"])
@pytest.mark.parametrize("stops", [["at"], [" a", "og"], ["ä"], ["t on", "on the m", "t"], [" "]])
def test_table_finds_a_stop_exactly_where_the_text_has_it(request, name, stops):
    tokenizer = request.getfixturevalue(name)
    found = Stops(stops, tokenizer)
    random = np.random.default_rng(0)
    rows = random.integers(4, tokenizer.vocab_size, [60, 30]).tolist()
    rows += tokenizer.encode(["a dog sat on the mat ä", " a", "on", ""])
    for ids in rows:
        kept = found.until(ids)
        (text,), (less,) = tokenizer.decode([kept]), tokenizer.decode([kept[:-1]])
        assert not any(stop in less for stop in stops)
        assert (kept == ids) or any(stop in text for stop in stops)
        assert not any(stop in found.cut(text) for stop in stops)


def test_stop_that_is_complete_first_decides(lossless):
    assert Stops(["bcd", "c"], lossless).cut("abcde") == "ab"
    assert Stops(["abc", "bc"], lossless).cut("abcde") == ""


def test_what_may_become_a_stop_is_not_settled(lossless):
    stops = Stops(["\n\n", "end."], lossless)
    assert stops.settled("one\n") == "one"
    assert stops.settled("the en") == "the "
    assert stops.settled("one\ntwo") == "one\ntwo"
    assert stops.settled("one\n\ntwo") == "one"


@pytest.mark.parametrize(
    "options", [{"seed": 5}, {"num_beams": 1}, {"num_beams": 3}, {"top_k": 9, "seed": 2}]
)
def test_answer_is_the_free_one_up_to_the_stop(generator, options):
    prompts = ["the cat", "", "a"]
    free = generator.generate(prompts, **options)
    stop = [text[len(p) + 7 : len(p) + 9] for p, text in zip(prompts, free, strict=True)]
    if options.get("num_beams", 1) > 1:  # a beam that stops may win over one that does not
        free = generator.generate(prompts, stop=stop, **options)
    stopped = generator.generate(prompts, stop=stop, **options)
    for prompt, text, whole in zip(prompts, stopped, free, strict=True):
        rest = text.removeprefix(prompt)
        assert not any(s in rest for s in stop)
        assert whole.startswith(text)
    assert any(len(a) < len(b) for a, b in zip(stopped, generator.generate(prompts, **options)))


def test_stopped_row_does_not_depend_on_its_batch(generator):
    prompts = ["the cat", "", "a dog", "mat"]
    together = generator.generate(prompts, stop=["t", "a"], seed=9)
    alone = [generator.generate(p, stop=["t", "a"], seed=9 + i) for i, p in enumerate(prompts)]
    assert together == alone
    assert together[0].startswith("the cat")  # what was given is not searched


def test_search_ends_with_the_stop():
    """Counted in the graph: a step for each token of "ab", and one in which to end."""
    table = tf.constant([[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 2], [2] * 6])
    steps = tf.Variable(0)

    def step(tokens, static, state):
        steps.assign_add(1)
        after = tf.where(tokens == 4, 5, 4)  # a b a b ...
        return tf.one_hot(after, 6, 9.0, -9.0), state

    static_config, dynamic_params = Decoding(max_new_tokens=50).split()
    found = search(
        watched_step(step, table, END_ID),
        (),
        watched_state((), 2),
        batch_size=2,
        start_id=2,
        end_id=END_ID,
        pad_id=0,
        limit=tf.constant([50, 50]),
        static_config=static_config,
        dynamic_params=dynamic_params,
    )
    np.testing.assert_array_equal(found.tokens[:, 0], [[4, 5, END_ID]] * 2)
    assert steps.numpy() == 3


@pytest.mark.parametrize("options", [{"seed": 4}, {"num_beams": 1}])
@pytest.mark.parametrize("stop", ["t", ["at", "\n", "<"], "nowhere in this"])
def test_stream_gives_the_text_of_generate(generator, options, stop):
    pieces = list(generator.stream("the", stop=stop, **options))
    assert "".join(pieces) == generator.generate("the", stop=stop, **options)


def test_answer_that_was_stopped_explains_its_tokens(generator, lossless):
    free = generator.generate("the", seed=5)
    stop = free[10:12]
    out = generator.generate("the", seed=5, stop=stop, return_dict=True)
    assert out.text == generator.generate("the", seed=5, stop=stop)
    assert "</s>" not in out.tokens
    whole = "".join(out.tokens).replace("▁", " ")
    assert stop in whole and ("the" + whole).startswith(out.text)
    # A sum of some ten float32 terms, whose order depends on the length of the batch.
    assert out.score == pytest.approx(
        generator.generate("the", seed=5, max_new_tokens=len(out.tokens), return_dict=True).score,
        rel=1e-4,
    )


def test_translation_and_recurrent_model_stop_too(translator, lossless):
    whole = translator.generate("ein hund")
    assert len(whole) > 4
    assert translator.generate("ein hund", stop=whole[3:5]) == whole[: whole.find(whole[3:5])]
    model = LSTMLanguageModel(lossless.vocab_size, 16, 1, 8, 8)
    recurrent = zoo.TextGenerator(model, lossless, decoding={"max_new_tokens": 30})
    free = recurrent.generate("the")
    assert recurrent.generate("the", stop=free[8:10]).startswith("the")
    assert free[8:10] not in recurrent.generate("the", stop=free[8:10])[3:]


def test_stop_may_begin_in_the_prefix_but_not_lie_in_it(translator):
    with pytest.raises(ValueError, match="prefix must hold none of stop=\\('dog',\\)"):
        translator.generate("ein hund", prefix="a dog", stop="dog")
    assert translator.generate("ein hund", prefix="a do", stop="dogs").startswith("a do")


@pytest.mark.parametrize(
    ("stop", "error", "message"),
    [
        ("", ValueError, r"stop must hold no empty text; got stop\[0\]=''"),
        (["a", ""], ValueError, r"got stop\[1\]=''"),
        (["a", 3], TypeError, r"got stop\[1\]=3"),
        (b"a", TypeError, "stop must be a str or a list of str; got b'a'"),
        (["a" * 201], ValueError, "at most 200 characters in all; got 201"),
    ],
)
def test_stop_that_is_none_is_an_error(generator, stop, error, message):
    for method in (generator.generate, generator.stream):
        with pytest.raises(error, match=message):
            method("the", stop=stop)


def test_other_stops_do_not_trace_anew(generator):
    generator.generate("the", stop="t", seed=1)
    functions = [f for key, f in generator._functions.items() if "stops" in key[-1]]
    functions = [f for f in functions if not isinstance(f, tuple)]
    traces = [f.experimental_get_tracing_count() for f in functions]
    generator.generate("a cat", stop=["on", "mat"], seed=1)
    assert functions and [f.experimental_get_tracing_count() for f in functions] == traces
