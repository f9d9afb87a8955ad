import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.models import RNNSearch
from zoo.tasks import Translator
from zoo.tasks.files import bits_per_weight, save_model
from zoo.tasks.graphs import Graphs
from zoo.text import END_ID, START_ID
from zoo.training import WarmupLinear

PAIRS = [
    ("der Hund", "eine Katze schläft"),
    ("zwei Kinder", "Hund"),
    ("eine Katze läuft", "der Hund läuft"),
]
SOURCES = [
    "eine Katze schläft zwei Kinder der Hund läuft",
    "Hund",
    "",
    "zwei Kinder",
    "der Hund läuft",
    "狗🐕",
]
# Log-probabilities are sums of some ten float32 terms, whose order depends on the batch's shape.
CLOSE = {"rel": 1e-4, "abs": 1e-4}


def small_rnn(tokenizer, model_dim=8, **options):
    size = tokenizer.vocab_size
    model = RNNSearch(size, size, model_dim=model_dim, units=6, attention_units=5, dropout=0.0)
    translator = Translator(model, tokenizer, **options)
    translator.build()
    return translator


def log_probs(translator, source, target):
    """Of each token of `target` and of its end, in float64."""
    (source_ids,), (ids,) = map(translator.source_tokenizer.encode, ([source], [target]))
    ids = [*ids, END_ID]
    logits = translator(
        {
            "source": np.array([[*source_ids, END_ID]]),
            "target": np.array([[START_ID, *ids[:-1]]]),
        }
    )
    logits = np.array(logits, "float64")[0]
    logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return logits[np.arange(len(ids)), ids]


# Training.


def test_translator_learns_to_copy(trained, sentences):
    losses = trained.history["loss"]
    assert losses[0] > 2 * losses[-1]  # the smoothed loss has a floor of about 0.5
    translator = trained.translator
    copies, wrong = sentences[:40], sentences[40:80]
    better = translator.score(copies, copies) > translator.score(copies, wrong)
    assert np.mean(better | (np.array(copies) == wrong)) > 0.9


@pytest.fixture
def fitted_batches(monkeypatch):
    """Stand in for `keras.Model.fit`: returns its data."""
    monkeypatch.setattr(keras.Model, "fit", lambda self, x, **options: (x, options))


def flat(batches, count=-1):
    return [
        tensor.numpy().tolist()
        for batch in batches.take(count)
        for tensor in tf.nest.flatten(batch)
    ]


def test_fit_takes_pairs_in_every_form(translator, fitted_batches):
    sources, targets = map(list, zip(*PAIRS, strict=True))
    data = tf.data.Dataset.from_tensor_slices((sources, targets))
    forms = [(PAIRS,), (sources, targets), (data,), (data.batch(2),)]
    first, *others = [flat(translator.fit(*form)[0]) for form in forms]
    assert first and all(other == first for other in others)
    _, options = translator.fit(PAIRS, validation_data=PAIRS)
    assert flat(options["validation_data"]) == flat(translator.batches(PAIRS))


def test_batch_is_inputs_shifted_tokens_and_weights(translator):
    ((inputs, labels, weights),) = translator.batches([("Hund", "der Hund"), ("der Hund", "Hund")])
    (hund, der_hund) = translator.source_tokenizer.encode(["Hund", "der Hund"])
    end, start = [END_ID], [START_ID]
    assert inputs["source"].numpy().tolist() == [[*hund, *end, 0], [*der_hund, *end]]
    assert inputs["target"].numpy().tolist() == [[*start, *der_hund], [*start, *hund, END_ID]]
    assert labels.numpy().tolist() == [[*der_hund, *end], [*hund, *end, 0]]
    assert weights.numpy().tolist() == [[1, 1, 1], [1, 1, 0]]


def test_fit_goes_on_with_the_batches_after_the_finished_epochs(translator, fitted_batches):
    options = {"batch_tokens": 20, "steps_per_epoch": 2, "seed": 3}
    whole, _ = translator.fit(PAIRS * 4, **options)
    rest, _ = translator.fit(PAIRS * 4, initial_epoch=3, **options)
    assert flat(rest, 4) == flat(whole.skip(6), 4)
    assert flat(rest, 4) != flat(whole, 4)


def test_evaluation_counts_real_tokens_once_and_is_not_smoothed(translator):
    scores = [log_probs(translator, *pair) for pair in PAIRS]
    loss = translator.evaluate(PAIRS, verbose=0)  # lengths differ, so rows are padded
    assert translator.objective.label_smoothing > 0
    assert loss == pytest.approx(-np.concatenate(scores).mean(), rel=1e-5)  # float32


def test_smoothing_changes_the_training_loss_only(translator):
    ((x, y, weights),) = translator.batches(PAIRS)
    logits = translator(x)
    training, evaluation = (
        float(translator.compute_loss(x, y, logits, weights, training=training))
        for training in (True, False)
    )
    assert evaluation == pytest.approx(translator.evaluate(PAIRS, verbose=0), rel=1e-5)
    assert training > evaluation + 0.01


def test_logits_at_padding_do_not_touch_the_loss(translator):
    ((x, y, weights),) = translator.batches(PAIRS)
    logits = translator(x)
    noise = tf.random.stateless_normal(tf.shape(logits), seed=(1, 2)) * (1 - weights[..., None])
    assert float(tf.reduce_max(tf.abs(noise))) > 1
    losses = [float(translator.compute_loss(x, y, z, weights)) for z in (logits, logits + noise)]
    assert losses[0] == losses[1]


# Answers.


def test_str_gives_str_and_list_gives_list(translator):
    assert isinstance(translator.generate("der Hund"), str)
    assert translator.generate(["der Hund"]) == [translator.generate("der Hund")]
    assert translator.generate([]) == []


@pytest.mark.parametrize("num_beams", [1, 3])
def test_answer_does_not_depend_on_its_batch(translator, num_beams):
    together = translator.generate(SOURCES, num_beams=num_beams)
    assert together == [translator.generate(text, num_beams=num_beams) for text in SOURCES]
    assert translator.generate(SOURCES[::-1], num_beams=num_beams) == together[::-1]
    assert len(set(together)) > 3


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u200b\ufeff"])
def test_blank_gives_blank(translator, blank):
    hund = translator.generate("Hund")
    assert translator.generate([blank, "Hund", blank]) == ["", hund, ""]
    out = translator.generate(blank, return_dict=True)
    assert (out.text, out.tokens, out.score, out.source_tokens) == ("", [], 0.0, ["</s>"])
    assert out.attention.shape == (2, 4, 0, 1)


def test_long_list_keeps_its_order(translator, monkeypatch):
    expected = translator.generate(SOURCES)
    monkeypatch.setattr("zoo.tasks.inputs._CHUNK_TOKENS", 12)
    assert translator.generate(SOURCES) == expected


def test_n_best_answers_are_different_and_best_first(translator):
    best = translator.generate(
        SOURCES[:2], num_beams=4, num_return_sequences=3, length_penalty=0.0, return_dict=True
    )
    for row in best:
        assert len({tuple(out.tokens) for out in row}) == 3
        assert [out.score for out in row] == sorted((out.score for out in row), reverse=True)
    (row,) = translator.generate(["Hund"], num_beams=3, num_return_sequences=2)
    assert row == translator.generate("Hund", num_beams=3, num_return_sequences=2)


@pytest.mark.parametrize("options", [{"num_beams": 1}, {"num_beams": 3}, {"top_k": 5, "seed": 1}])
def test_answer_begins_with_its_prefix(translator, options):
    prefixes = ["zwei Kinder", "", "eine"]
    answers = translator.generate(SOURCES[3:], prefix=prefixes, **options)
    assert all(map(str.startswith, answers, prefixes))
    assert answers[1] == translator.generate(SOURCES[3:], **options)[1]


def test_seed_repeats_a_sample_and_no_seed_does_not(translator):
    options = {"temperature": 2.0, "num_return_sequences": 4}
    one, two, other = (translator.generate(SOURCES, seed=s, **options) for s in (5, 5, 600))
    assert one == two != other
    assert translator.generate(SOURCES, **options) != translator.generate(SOURCES, **options)


def test_answer_has_at_most_max_new_tokens(translator):
    source = SOURCES[0]
    whole = translator.generate(source, return_dict=True, num_beams=1)
    cut = translator.generate(source, return_dict=True, num_beams=1, max_new_tokens=2)
    assert len(whole.tokens) > 2
    assert cut.tokens == whole.tokens[:2]


def test_second_call_does_not_trace(translator, monkeypatch):
    monkeypatch.setattr(translator, "_graphs", Graphs())  # other tests may make some and use none
    translator.generate("Hund", num_beams=2)
    traces = {
        static_config: f.experimental_get_tracing_count()
        for static_config, f in translator._functions.items()
    }
    translator.generate(SOURCES, num_beams=2, length_penalty=0.3, max_new_tokens=7)
    assert traces == {
        static_config: f.experimental_get_tracing_count()
        for static_config, f in translator._functions.items()
    }
    assert set(traces.values()) == {1}


def test_100_000_characters_get_an_answer_and_are_cut_to_the_limit(translator, monkeypatch):
    monkeypatch.setattr(translator, "max_source_length", 9)
    long = "Hund läuft " * 9091
    out = translator.generate(long, return_dict=True)
    assert out.source_tokens == ["▁Hund", "▁läuft"] * 4 + ["</s>"]
    assert out.text == translator.generate("Hund läuft " * 4)


def test_full_answer_explains_itself(translator):
    layers, heads = 2, 4
    for source, out in zip(SOURCES, translator.generate(SOURCES, return_dict=True), strict=True):
        t, s = len(out.tokens), len(out.source_tokens)
        assert out.attention.shape == (layers, heads, t, s)
        assert out.attention.dtype == "float32"
        # Weights are a softmax in float32 over at most 20 tokens.
        np.testing.assert_allclose(out.attention.sum(axis=-1), 1, atol=1e-5)
        pieces = [token for token in out.tokens if token != "</s>"]
        assert translator.target_tokenizer._subwords._processor.decode_pieces(pieces) == out.text
        assert out.source_tokens[-1] == "</s>"
        if out.tokens[-1:] == ["</s>"]:  # and not cut at the limit
            assert pieces == translator.target_tokenizer.pieces(
                translator.target_tokenizer.encode([out.text])[0]
            )
            assert out.score == pytest.approx(translator.score(source, out.text), **CLOSE)
    assert translator.generate(SOURCES) == [
        out.text for out in translator.generate(SOURCES, return_dict=True)
    ]


def test_score_is_the_sum_of_the_log_softmax(translator):
    sources, targets = zip(*PAIRS, ("Hund", ""), strict=True)
    scores = translator.score(list(sources), list(targets))
    assert (scores.shape, scores.dtype) == ((4,), "float32")
    expected = [log_probs(translator, *pair).sum() for pair in zip(sources, targets, strict=True)]
    assert scores.tolist() == pytest.approx(expected, **CLOSE)
    assert translator.score(*PAIRS[0]) == pytest.approx(expected[0], **CLOSE)


def test_probabilities_of_all_continuations_sum_to_one(translator):
    """p(end) + sum over first tokens: what `score` spreads is a distribution."""
    size = translator.target_tokenizer.vocab_size
    (source,) = translator.encode_sources(["Hund"])
    scores, _ = translator.teacher_forced_scores(
        [source] * (size - 1), [[i] for i in range(1, size)]
    )
    logits = translator({"source": np.array([source]), "target": np.array([[START_ID]])})
    padding = float(tf.nn.softmax(logits)[0, 0, 0])
    assert np.exp(scores).sum() + padding == pytest.approx(1, abs=1e-5)  # float32, 300 terms


def test_beam_search_finds_no_less_probable_answers_than_greedy(translator):
    options = {"return_dict": True, "length_penalty": 0.0}
    greedy = translator.generate(SOURCES, num_beams=1, **options)
    beams = translator.generate(SOURCES, num_beams=8, **options)
    assert sum(out.score for out in beams) >= sum(out.score for out in greedy) - 1e-4


# What users do wrong.


@pytest.mark.parametrize(
    ("inputs", "options", "error", "message"),
    [
        (None, {}, TypeError, "inputs must be a str or a list of str; got None"),
        (b"Hund", {}, TypeError, "inputs must be a str or a list of str; got b'Hund'"),
        (["Hund", 7], {}, TypeError, r"inputs must be .*; got inputs\[1\]=7"),
        ("Hund", {"prefix": 7}, TypeError, "prefix must be a str or a list of str; got 7"),
        (["a", "b"], {"prefix": "c"}, ValueError, "one text for each input; got 1 for 2"),
        ("Hund", {"num_beams": 0}, ValueError, "num_beams must be >= 1; got num_beams=0"),
        ("Hund", {"num_beams": 2.5}, TypeError, "num_beams must be an int; got 2.5"),
        ("Hund", {"max_new_tokens": 0}, ValueError, "got max_new_tokens=0"),
        ("Hund", {"temperature": 0}, ValueError, "temperature must be > 0"),
        ("Hund", {"top_p": 1.5}, ValueError, "top_p must be > 0 and <= 1; got top_p=1.5"),
        ("Hund", {"num_return_sequences": 9}, ValueError, "must be <= num_beams"),
        ("Hund", {"top_k": 3, "num_beams": 2}, ValueError, "sampling needs num_beams = 1"),
    ],
)
def test_wrong_use_of_generate_is_one_clear_error(translator, inputs, options, error, message):
    with pytest.raises(error, match=message):
        translator.generate(inputs, **options)


def test_many_models_in_a_process_bring_no_warning_of_retracing(translator, caplog):
    config = translator.get_config()
    with caplog.at_level("WARNING", logger="tensorflow"):
        tf.get_logger().addHandler(caplog.handler)
        try:
            for _ in range(6):
                Translator.from_config(config).score("der Hund", "Hund")
        finally:
            tf.get_logger().removeHandler(caplog.handler)
    assert "retracing" not in caplog.text


def test_score_needs_as_many_targets_as_sources(translator):
    with pytest.raises(ValueError, match="each source; got 1 for 2 sources"):
        translator.score(["a", "b"], ["c"])
    with pytest.raises(TypeError, match="target must be a str or a list of str; got None"):
        translator.score("a", None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([],), "at least one pair; got none"),
        ((["a", "b"], ["c"]), "one text for each in x; got 1 for 2"),
        ((tf.data.Dataset.from_tensors("a"),), r"dataset of \(source, target\) strings"),
    ],
)
def test_data_that_are_no_pairs_are_one_clear_error(translator, data, message):
    with pytest.raises(ValueError, match=message):
        translator.fit(*data)


def test_settings_out_of_range_are_errors(tokenizer):
    with pytest.raises(ValueError, match="must be >= 2; got max_source_length=1"):
        small_rnn(tokenizer, max_source_length=1)
    with pytest.raises(ValueError, match="num_beams must be >= 1"):
        small_rnn(tokenizer, decoding={"num_beams": 0})
    with pytest.raises(ValueError, match=r"in \[0, 1\); got label_smoothing=1"):
        small_rnn(tokenizer).compile(label_smoothing=1)


# Files.


@pytest.fixture(scope="module")
def saved(translator, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    save_model(translator, path)
    return path


@pytest.mark.parametrize("imports", ["import keras, zoo", "import zoo, keras"])
def test_fresh_process_loads_the_model_and_gives_the_same(translator, saved, fresh_python, imports):
    code = """
import sys
model = keras.models.load_model(sys.argv[1])
assert keras.saving.get_registered_name(type(model)) == "zoo>Translator", type(model)
print(ascii(model.generate(sys.argv[2:])), model.score(*sys.argv[2:4]))
"""
    printed = fresh_python(imports + code, saved, *SOURCES).split()
    assert " ".join(printed[:-1]) == ascii(translator.generate(SOURCES))
    assert float(printed[-1]) == pytest.approx(translator.score(*SOURCES[:2]), **CLOSE)


def test_loaded_model_keeps_how_it_was_compiled_and_trained(translator, saved):
    loaded = keras.models.load_model(saved)
    assert loaded.objective.label_smoothing == translator.objective.label_smoothing == 0.05
    assert loaded.optimizer.get_config() == translator.optimizer.get_config()
    assert int(loaded.optimizer.iterations) == int(translator.optimizer.iterations) > 0
    for ours, theirs in zip(
        loaded.optimizer.variables, translator.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(ours.value.numpy(), theirs.value.numpy())


def test_every_setting_survives_saving(tokenizer, tmp_path):
    other = type(tokenizer)(tokenizer.proto, name="other")
    decoding = {"num_beams": 4, "length_penalty": 0.5, "max_new_tokens": 7}
    translator = small_rnn(
        tokenizer, target_tokenizer=other, decoding=decoding, max_source_length=11
    )
    translator.compile(keras.optimizers.Adam(WarmupLinear(0.1, 2, 5)), label_smoothing=0.2)
    translator.optimizer.build(translator.trainable_variables)
    translator.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.get_config() == translator.get_config()
    assert loaded.get_compile_config() == translator.get_compile_config()
    assert loaded.max_source_length == 11
    assert loaded.target_tokenizer is not loaded.source_tokenizer
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.05)  # step 1 of 2 to the peak
    assert loaded.generate("Hund") == translator.generate("Hund")


def test_one_tokenizer_for_both_sides_is_one_after_loading(saved):
    loaded = keras.models.load_model(saved)
    assert loaded.target_tokenizer is loaded.source_tokenizer


def test_compact_file_is_smaller_and_loads_as_float32(tokenizer, tmp_path):
    translator = small_rnn(tokenizer, model_dim=64)
    save_model(translator, tmp_path / "whole.keras")
    save_model(translator, tmp_path / "compact.keras", compact=True)
    sizes = {name: (tmp_path / f"{name}.keras").stat().st_size for name in ("whole", "compact")}
    assert sizes["compact"] < 0.5 * sizes["whole"]
    assert bits_per_weight(tmp_path / "whole.keras") == 32
    assert bits_per_weight(tmp_path / "compact.keras") < 16
    loaded = keras.models.load_model(tmp_path / "compact.keras")
    assert {weight.dtype for weight in loaded.weights} == {"float32"}
    on_a_grid = 0
    for ours, theirs in zip(loaded.get_weights(), translator.get_weights(), strict=True):
        if theirs.ndim < 2 or theirs.size < 4096:
            np.testing.assert_array_equal(ours, theirs.astype("float16"))
            continue
        on_a_grid += 1
        # A grid as fine as 8 bits: a half step off at most.
        largest = np.median(np.abs(theirs).max(axis=1))
        assert 0 < np.abs(ours - theirs).max() <= 1.001 * largest / 127 / 2
    assert on_a_grid > 0
    save_model(loaded, tmp_path / "again.keras", compact=True)
    again = keras.models.load_model(tmp_path / "again.keras")
    for ours, theirs in zip(again.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_failed_save_leaves_the_old_file_and_nothing_else(tokenizer, tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")

    def fail(path):
        assert path.stat().st_size > 100  # the new file stands beside
        raise OSError("disk full")

    monkeypatch.setattr("zoo.tasks.files._compact", fail)
    with pytest.raises(OSError, match="disk full"):
        save_model(small_rnn(tokenizer), path, compact=True)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.keras"]


def test_model_file_needs_its_suffix(translator, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.keras; got path='.*model\.h5'"):
        save_model(translator, tmp_path / "model.h5")
