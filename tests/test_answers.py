"""What comes out of `generate`: different texts, honest scores, the options that it knows."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.models import LSTMLanguageModel, Transformer, TransformerLM
from zoo.tasks.output import Generated
from zoo.text import START_ID, SentencePieceTokenizer

TEXT = "the cat sat on the mat.\nthe dog ran to the cat.\n  a mat, a dog!\n" * 20
PAIRS = [("ein hund", "a dog runs on the beach"), ("zwei katzen", "two cats on the mat")] * 8
CONTEXT = 12
# Log-probabilities are sums of some thirty float32 terms, whose order depends on the batch.
CLOSE = {"rel": 1e-4, "abs": 1e-3}


@pytest.fixture(scope="module")
def tokenizer():
    return SentencePieceTokenizer.train(TEXT.split("\n"), 400, model_type="char", lossless=True)


@pytest.fixture(scope="module", params=[CONTEXT, CONTEXT + 1])
def generator(request, tokenizer):
    return _taught(TransformerLM(tokenizer.vocab_size, request.param, 2, 16, 2, 16), tokenizer)


@pytest.fixture(scope="module")
def recurrent(tokenizer):
    return _taught(LSTMLanguageModel(tokenizer.vocab_size, CONTEXT, 1, 8, 12), tokenizer)


def _taught(model, tokenizer):
    keras.utils.set_random_seed(2)
    generator = zoo.TextGenerator(
        model, tokenizer, decoding={"temperature": 1.0, "max_new_tokens": 40}
    )
    generator.compile(keras.optimizers.Adam(0.02))
    generator.fit([TEXT], batch_tokens=240, steps_per_epoch=40, verbose=0)
    return generator


@pytest.fixture(scope="module")
def translator():
    """Its tokenizer spells one text in many ways, and it was taught several of them."""
    keras.utils.set_random_seed(1)
    tokenizer = SentencePieceTokenizer.train([s for pair in PAIRS for s in pair], 320)
    model = Transformer(
        tokenizer.vocab_size, tokenizer.vocab_size, 1, 1, model_dim=16, num_heads=2, ff_dim=16
    )
    translator = zoo.Translator(model, tokenizer)
    translator.compile(keras.optimizers.Adam(0.02))
    translator.fit(PAIRS, epochs=40, verbose=0, subword_sampling=0.1)
    return translator


# Beyond the context


def step_by_step(generator, prompt, tokens):
    """The log-probability of tokens, and how often the state was shifted on the way."""
    model, shifted = generator.model, 0
    ids = [START_ID, *generator.tokenizer.encode([prompt])[0]]
    static, state = model.prefill(tf.constant([ids]))
    step, total, last = model.make_decode_step(), 0.0, ids[-1]
    for token in tokens:
        if model.context_shift and model.context_shift[0](state):
            state, shifted = model.context_shift[1](state), shifted + 1
        logits, state = step(tf.constant([last]), static, state)
        logits = np.array(logits[0], "float64")
        total += logits[token] - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
        last = token
    return total, shifted


@pytest.mark.parametrize("prompt", ["the cat", "", "the dog ra"])
def test_score_beyond_the_context_is_that_of_the_windows_of_the_search(generator, prompt):
    assert renewals_of_one_answer(generator, prompt) > 0


def test_score_of_a_recurrent_model_has_no_windows(recurrent):
    assert renewals_of_one_answer(recurrent, "the cat") == 0


def renewals_of_one_answer(generator, prompt):
    out = generator.generate(prompt, seed=3, return_dict=True)
    assert len(out.source_tokens) > 2 * CONTEXT
    ids = [generator.tokenizer._subwords._processor.piece_to_id(token) for token in out.tokens]
    expected, shifted = step_by_step(generator, prompt, ids)
    assert out.score == pytest.approx(expected, **CLOSE)
    # Each row is a softmax in float32 over what the token could see.
    np.testing.assert_allclose(out.attention.sum(-1), 1, atol=1e-5)
    return shifted


def test_score_of_the_parts_adds_up_to_that_of_the_whole_text(generator):
    out = generator.generate("the cat", seed=3, max_new_tokens=35, return_dict=True)
    assert "</s>" not in out.tokens
    expected = generator.score(out.text) - generator.score("the cat")
    assert out.score == pytest.approx(expected, **CLOSE)


def test_exported_attention_beyond_the_context_is_that_of_python(generator):
    signatures = generator.signatures()
    prompts = ["the cat", "a"]
    found = signatures["attention"](tf.constant(prompts))
    scores = signatures["serving_default"](tf.constant(prompts))["score"].numpy()
    for prompt, weights, score in zip(prompts, found["attention"].numpy(), scores, strict=True):
        out = generator.generate(prompt, seed=0, return_dict=True)
        t, s = len(out.tokens), len(out.source_tokens)
        # Means over two heads of a softmax in float32, in batches of other sizes.
        np.testing.assert_allclose(weights[:t, :s], out.attention[-1].mean(0), atol=1e-5)
        assert score == pytest.approx(out.score, **CLOSE)


# Repetitions


def test_prompt_counts_as_repetition_for_what_goes_on_with_it(generator):
    options = {"num_beams": 1, "max_new_tokens": 1}
    prompts = ["cd the ", "the cat", "sat on t", "he ran"]
    free = generator.generate(prompts, **options)
    assert any(text[-1] in prompt for text, prompt in zip(free, prompts, strict=True))
    found = generator.generate(prompts, repetition_penalty=1e6, **options)
    assert not any(text[-1] in prompt for text, prompt in zip(found, prompts, strict=True))
    assert generator.generate("cat ca", no_repeat_ngram_size=3, **options) != "cat cat"


@pytest.mark.parametrize(
    "options", [{"num_beams": 1}, {"num_beams": 2}, {"seed": 3, "temperature": 1.0}]
)
def test_penalised_row_does_not_depend_on_the_prompts_beside_it(generator, options):
    options = {"repetition_penalty": 1.7, "no_repeat_ngram_size": 3, **options}
    prompts = ["the cat", "", "a mat, a d"]
    together = generator.generate(prompts, **options)
    seed = options.pop("seed", 0)
    alone = [generator.generate(p, seed=seed + i, **options) for i, p in enumerate(prompts)]
    assert together == alone
    if "num_beams" not in options:
        assert "".join(generator.stream(prompts[0], seed=3, **options)) == together[0]


def test_no_ngram_of_prompt_and_answer_comes_twice(generator):
    (text,) = generator.generate(["the cat t"], no_repeat_ngram_size=2, num_beams=2)
    pairs = [text[i : i + 2] for i in range(len(text) - 1)]
    assert len(text) > 12 and len(set(pairs)) == len(pairs)


# Several answers


@pytest.mark.parametrize(
    "options",
    [
        {"num_beams": 4, "num_return_sequences": 4},
        {"num_beams": 5, "num_return_sequences": 3},
        {"num_beams": 4, "num_beam_groups": 2, "num_return_sequences": 3},
    ],
)
def test_answers_of_beams_are_different_texts_best_first(translator, options):
    count = options["num_return_sequences"]
    rows = translator.generate(["ein hund", "zwei katzen"], length_penalty=0.0, **options)
    for source, texts in zip(["ein hund", "zwei katzen"], rows, strict=True):
        assert len(texts) == count == len(set(texts))
        outs = translator.generate(source, length_penalty=0.0, return_dict=True, **options)
        assert [out.text for out in outs] == texts
        scores = [out.score for out in outs]
        assert scores == sorted(scores, reverse=True)


def test_best_of_several_answers_is_the_answer_of_a_search_for_one(translator):
    several = translator.generate("ein hund", num_beams=4, num_return_sequences=4)
    assert several[0] == translator.generate("ein hund", num_beams=4)


def test_where_there_are_fewer_texts_than_asked_for_there_are_fewer_answers(translator):
    assert translator.generate("", num_beams=3, num_return_sequences=3) == [""]


def test_samples_are_as_many_as_asked_for(translator):
    found = translator.generate("ein hund", num_return_sequences=6, temperature=0.01, seed=1)
    assert len(found) == 6


# Options


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("do_sample", "temperature"),
        ("max_length", "max_new_tokens"),
        ("num_beam", "num_beams"),
        ("temprature", "temperature"),
        ("stop_strings", "stop"),
        ("acrostics", "acrostic"),
    ],
)
def test_unknown_option_is_named_with_the_nearest_one(generator, name, near):
    with pytest.raises(TypeError, match=f"generate has no option '{name}': did you mean {near}"):
        generator.generate("the", **{name: 1})
    with pytest.raises(TypeError, match=f"stream has no option '{name}': did you mean {near}"):
        generator.stream("the", **{name: 1})


def test_option_of_another_task_is_unknown(translator):
    with pytest.raises(TypeError, match="generate has no option 'form'"):
        translator.generate("hund", form=True)
    with pytest.raises(TypeError, match="generate has no option 'xyzzy': it has max_new_tokens, "):
        translator.generate("hund", xyzzy=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_new_tokens": 2**40}, ValueError, "max_new_tokens must be <= 2147483647"),
        ({"max_new_tokens": True}, TypeError, "max_new_tokens must be an int; got True"),
        ({"top_k": 3.0}, TypeError, "top_k must be an int; got 3.0"),
        ({"temperature": math.inf}, ValueError, "temperature must be finite"),
        ({"temperature": 1e300}, ValueError, "temperature must be finite in float32"),
        ({"top_p": math.nan}, ValueError, "top_p must be finite"),
        ({"temperature": "1"}, TypeError, "temperature must be a number; got '1'"),
        ({"no_repeat_ngram_size": 10**6}, ValueError, "no_repeat_ngram_size must be <= 100"),
        ({"seed": 1.5}, TypeError, "seed must be an int or None; got seed=1.5"),
        ({"seed": "1"}, TypeError, "seed must be an int or None; got seed='1'"),
        ({"seed": True}, TypeError, "seed must be an int or None; got seed=True"),
    ],
)
def test_option_that_no_run_could_take_is_an_error(generator, options, error, message):
    for method in (generator.generate, generator.stream):
        with pytest.raises(error, match=message):
            method("the", **options)


def test_numbers_of_numpy_are_numbers(generator):
    plain = generator.generate("the", max_new_tokens=5, temperature=0.5, seed=7)
    numpy = {"max_new_tokens": np.int64(5), "temperature": np.float32(0.5), "seed": np.uint8(7)}
    assert generator.generate("the", **numpy) == plain


def test_absurd_but_finite_options_still_give_text(generator):
    for options in ({"repetition_penalty": 1e38}, {"repetition_penalty": 1e-38}, {"min_p": 1e-45}):
        assert generator.generate("the", seed=1, temperature=1e38, **options).startswith("the")


# Inputs


@pytest.mark.parametrize("method", ["generate", "score", "perplexity"])
def test_texts_may_be_a_tuple_or_an_array(generator, method):
    options = {"seed": 1} if method == "generate" else {}
    expected = list(getattr(generator, method)(["the", "a c"], **options))
    for texts in (("the", "a c"), np.array(["the", "a c"]), np.array(["the", "a c"], object)):
        assert list(getattr(generator, method)(texts, **options)) == expected


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (None, "got None"),
        (math.nan, "got nan"),
        (["a", None], r"\[1\]=None"),
        (["a", math.nan], r"\[1\]=nan"),
        (["a", "b", 3], r"\[2\]=3"),
        ([b"a"], r"\[0\]=b'a'"),
        (np.array([["a"]]), r"shape \(1, 1\)"),
        (np.array([1.0]), r"\[0\]=.*1.0"),
        ({"a": 1}, "got {'a': 1}"),
        ([("a", "b")], r"\[0\]=\('a', 'b'\)"),
    ],
)
@pytest.mark.parametrize("method", ["generate", "score"])
def test_what_is_no_text_is_named_with_its_place(generator, method, texts, message):
    with pytest.raises(TypeError, match=f"must be a str or a list of str; got .*{message[4:]}"):
        getattr(generator, method)(texts)


def test_lone_surrogate_is_answered_as_a_replacement(generator):
    assert generator.generate("a\ud800", seed=1, max_new_tokens=2)
    assert generator(["a\ud800", "b"]).shape == (2,)


# Output


def test_repr_of_an_answer_is_short(translator):
    out = translator.generate("ein hund", return_dict=True)
    assert repr(out).startswith(f"Generated(text={out.text!r}, score={out.score:.2f}, tokens=")
    assert f"attention={out.attention.shape}" in repr(out) and len(repr(out)) < 200
    picture = Generated("a", [], [], 0.0, np.zeros([1, 1, 1, 4]), np.zeros([5, 6, 3]), (2, 2))
    assert repr(picture).endswith("image=(5, 6, 3), grid=(2, 2))")


# The exported sample


def test_row_of_sample_that_python_would_refuse_is_empty_and_the_others_are_answered(generator):
    sample = generator.signatures()["sample"]
    bad = [(0, 1), (-1, 1), (math.nan, 1), (math.inf, 1), (1, 0), (1, -1), (1, 1.5), (1, math.nan)]
    rows = [(0.7, 0.9), *bad, (1.0, 1.0)]
    temperature, top_p = map(list, zip(*rows, strict=True))
    found = sample(
        text=tf.constant(["the"] * len(rows)),
        temperature=tf.constant(temperature, tf.float32),
        top_p=tf.constant(top_p, tf.float32),
        seed=tf.constant([5] * len(rows)),
    )
    texts = [text.decode() for text in found["text"].numpy()]
    assert texts[1:-1] == [""] * len(bad) and not found["score"].numpy()[1:-1].any()
    assert texts[0] == generator.generate("the", temperature=0.7, top_p=0.9, seed=5)
    assert texts[-1] == generator.generate("the", temperature=1.0, top_p=1.0, seed=5)
    for temperature, top_p in bad:
        with pytest.raises(ValueError, match="temperature|top_p"):
            generator.generate("the", temperature=temperature, top_p=top_p)


@pytest.mark.parametrize("seed", [-1, -(2**31), 2**31 - 1])
def test_seed_means_the_same_in_sample_and_in_python(generator, seed):
    found = generator.signatures()["sample"](
        text=tf.constant(["the"]),
        temperature=tf.ones([1]),
        top_p=tf.ones([1]),
        seed=tf.constant([seed]),
    )
    expected = generator.generate("the", temperature=1.0, top_p=1.0, seed=seed)
    assert found["text"].numpy()[0].decode() == expected


def test_row_that_sample_refuses_has_no_ids_in_the_function_of_litert(generator):
    function = generator.lite_function()
    found = function(
        source=tf.constant([[START_ID, 5]] * 3),
        max_new_tokens=tf.constant([4] * 3),
        temperature=tf.constant([1.0, 0.0, math.nan]),
        top_p=tf.constant([1.0] * 3),
        seed=tf.constant([-1] * 3),
    )
    ids = found["ids"].numpy()
    assert ids[0].all() and not ids[1:].any() and not found["score"].numpy()[1:].any()
