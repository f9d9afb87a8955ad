import keras
import numpy as np
import pytest
import tensorflow as tf
from noise import noisy

from zoo.layers import CopyDistribution
from zoo.models import PointerGenerator
from zoo.serving import LiteTranslator, export_litert
from zoo.tasks import Translator

B, T, S, V, K = 2, 4, 5, 13, 3
SOURCE = np.array([[4, 5, 6, 5, 3], [8, 9, 3, 0, 0]], "int32")
TARGET = np.array([[2, 4, 12, 6], [2, 7, 5, 0]], "int32")
SMALL = {
    "num_encoder_layers": 2,
    "num_decoder_layers": 2,
    "model_dim": 8,
    "num_heads": 2,
    "ff_dim": 16,
}


def built(scale=0.5, **options):
    """A model with weights large enough for every input to matter."""
    return noisy(lambda: PointerGenerator(V, V, **{**SMALL, **options}), scale)


def log_probs(model, source=SOURCE, target=TARGET, **options):
    return model({"source": source, "target": target}, **options)


# The layer.


def parts(rows=B, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.random((rows, T, S)).astype("float32")
    weights[rows // B :, :, 3:] = 0.0  # the padding of the second source
    weights /= weights.sum(-1, keepdims=True)
    state, logits = (rng.normal(size=(rows, T, n)).astype("float32") for n in (6, V))
    return state, logits, weights


def mixed_by_loops(p_gen, logits, weights, source):
    probs = p_gen * np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    for n in range(len(logits)):
        for t in range(logits.shape[1]):
            for s, token in enumerate(source[n * len(source) // len(logits)]):
                probs[n, t, token] += (1 - p_gen[n, t, 0]) * weights[n, t, s]
    return probs


@pytest.mark.parametrize("beams", [1, K])
def test_the_mixture_is_that_of_the_paper_and_of_equal_tokens_the_sum(beams):
    layer = CopyDistribution(generate_bias=0.3)
    state, logits, weights = parts(B * beams)
    found, p_gen = layer(state, logits, weights, SOURCE)
    kernel, bias = (weight.numpy() for weight in layer.weights)
    expected_gate = 1 / (1 + np.exp(-(state @ kernel + bias)))
    assert bias == pytest.approx(0.3)
    # 1e-6: float32.
    np.testing.assert_allclose(p_gen, expected_gate, atol=1e-6)
    expected = mixed_by_loops(expected_gate, logits, weights, SOURCE)
    np.testing.assert_allclose(np.exp(found), expected, atol=1e-6)


def test_nothing_to_copy_from_leaves_the_written_word():
    state, logits, weights = parts()
    weights[1] = 0.0
    found, p_gen = CopyDistribution()(state, logits, weights, SOURCE)
    np.testing.assert_array_equal(p_gen[1], 1.0)
    # 1e-5: float32 sums of a few logits.
    np.testing.assert_allclose(found[1], tf.nn.log_softmax(logits[1]), atol=1e-5)


def test_unlikely_tokens_stay_finite_and_a_copied_one_is_as_likely_as_its_weight():
    state, logits, weights = parts()
    logits[..., 5], logits[..., 7] = -300.0, 300.0
    found, p_gen = CopyDistribution()(state, logits, weights, SOURCE)
    assert np.all(np.isfinite(found))
    copied = (1 - p_gen.numpy()[0, :, 0]) * (weights[0, :, 1] + weights[0, :, 3])
    np.testing.assert_allclose(np.exp(found[0, :, 5]), copied, rtol=1e-4)
    # Neither written nor in the source: 1e-30, the least that is told from 0.
    assert -80 < float(found[1, 0, 5]) < -60


def test_probabilities_are_float32_under_any_policy():
    state, logits, weights = parts()
    found, _ = CopyDistribution(dtype="mixed_bfloat16")(state, logits, weights, SOURCE)
    assert found.dtype == "float32"
    # 1e-3: what bfloat16 would make of a logit is a tenth off.
    np.testing.assert_allclose(np.exp(found).sum(-1), 1.0, atol=1e-3)


def test_weights_of_another_length_are_refused():
    state, logits, weights = parts()
    with pytest.raises(ValueError, match="weights must have the length of logits; got weights of"):
        CopyDistribution()(state, logits, weights[:, :2], SOURCE)


# The model.


@pytest.mark.parametrize("options", [{}, {"rotary": True}])
@pytest.mark.parametrize("beams", [1, K])
def test_one_pass_equals_step_by_step(options, beams):
    model = built(**options)
    static, state = model.prefill(model.encode(SOURCE))
    state = tf.nest.map_structure(lambda x: tf.repeat(x, beams, axis=0), state)
    tokens = np.random.default_rng(0).integers(3, V, (B * beams, T))
    expected = log_probs(model, np.repeat(SOURCE, beams, axis=0), tokens)
    for t in range(T):
        got, state = model.make_decode_step(beams)(tokens[:, t], static, state)
        assert got.shape == (B * beams, V) and got.dtype == "float32"
        # 1e-5: the products are cut into other blocks.
        np.testing.assert_allclose(got, expected[:, t], atol=1e-5)


def test_every_row_is_a_distribution_and_its_attention_is_on_the_source():
    found, weights = log_probs(built(), return_attention_scores=True)
    assert weights.shape == (B, 1, 1, T, S)
    # 1e-5: sums of 13 and of 5 float32 terms.
    np.testing.assert_allclose(np.exp(found).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(weights[1, ..., 3:], 0.0)


def test_padding_and_later_tokens_change_nothing():
    model = built()
    expected = log_probs(model)
    wider = log_probs(model, np.pad(SOURCE, ((0, 0), (0, 3))), np.pad(TARGET, ((0, 0), (0, 2))))
    # 1e-5: sums over more terms, which are 0, in another order.
    np.testing.assert_allclose(wider[:, :T], expected, atol=1e-5)
    changed = TARGET.copy()
    changed[:, 2:] = 11
    np.testing.assert_array_equal(log_probs(model, target=changed)[:, :2], expected[:, :2])


def test_a_source_of_padding_alone_gives_finite_numbers():
    source = SOURCE.copy()
    source[1] = 0
    assert np.all(np.isfinite(log_probs(built(), source)))


def test_gradients_reach_every_weight():
    model = built()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(log_probs(model)[:, :, 4:7])
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        gradient = tf.convert_to_tensor(gradient)
        assert np.all(np.isfinite(gradient)), weight.path
        # The softmax does not feel a constant added to all scores of a query.
        if not weight.path.endswith("key/bias"):
            assert np.any(np.abs(gradient) > 1e-6), weight.path


def test_coverage_adds_what_is_attended_to_again():
    _, weights = log_probs(built(dropout=0.0), return_attention_scores=True)
    weights, again, before = weights.numpy()[:, 0, 0], [], np.zeros((B, S))
    for t in range(T):
        again.append(np.minimum(weights[:, t], before).sum(-1) * (TARGET[:, t] != 0))
        before += weights[:, t]
    model = built(coverage=2.0, dropout=0.0)
    log_probs(model, training=True)
    assert float(model.losses[0]) == pytest.approx(2.0 * np.sum(again) / 7, rel=1e-4)
    log_probs(model, training=False)
    assert not model.losses


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((V, V), {"coverage": -1}, "coverage must be >= 0; got coverage=-1"),
        ((11, V), {}, "one vocabulary to copy; got source_vocab_size=11, target_vocab_size=13"),
    ],
)
def test_bad_arguments_are_named(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        PointerGenerator(*sizes, **options)


# In the decoding of the house.


@pytest.fixture(scope="module")
def copier(tokenizer):
    """A model that copies well since its gate is closed, and attends where chance has it."""
    keras.utils.set_random_seed(0)
    size = tokenizer.vocab_size
    model = PointerGenerator(size, size, **{**SMALL, "model_dim": 16})
    task = Translator(model, tokenizer, decoding={"num_beams": 3, "max_new_tokens": 8})
    task.build()
    model.copy_distribution.gate_dense.bias.assign([-12.0])
    return task


def test_words_that_the_vocabulary_lacks_survive_by_their_pieces(copier, tokenizer):
    source = "zwei Ždřœ läuft"
    allowed = {*tokenizer.encode([source])[0], 3}
    found = copier.generate(source, num_beams=1, return_dict=True)
    ids = [tokenizer.id_of(piece) for piece in found.tokens]
    assert len(ids) > 1 and set(ids) <= allowed  # what is not in the source has probability 6e-6
    assert copier.score(source, "eine Katze") < -20 < copier.score(source, "läuft zwei")


@pytest.mark.model  # seconds
def test_all_ways_of_decoding_answer(copier):
    source = "eine Katze läuft zwei Kinder"
    assert copier.generate(source, prefix="zwei").startswith("zwei")
    assert isinstance(copier.generate(source, temperature=1.0, seed=1), str)
    assert len(copier.generate(source, num_return_sequences=2)) == 2
    found = copier.generate(source, return_dict=True)
    assert found.attention.shape == (1, 1, len(found.tokens), len(found.source_tokens))


@pytest.mark.model  # seconds
def test_a_saved_model_and_its_exports_give_the_same_answers(copier, tmp_path):
    texts = ["eine Katze läuft", "", "der Hund schläft zwei", "狗🐕"]
    expected = copier.generate(texts)
    copier.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").generate(texts) == expected
    copier.export(tmp_path / "1")
    served = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    found = served(text=tf.constant(texts))["text"].numpy()
    assert [text.decode() for text in found] == expected
    pytest.importorskip("ai_edge_litert")
    reader = LiteTranslator(export_litert(copier, tmp_path, "copy", weights="float32"))
    assert reader.generate(texts) == expected
