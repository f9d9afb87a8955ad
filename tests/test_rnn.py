import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from noise import noisy

from zoo.decoding import Decoding, search
from zoo.models.rnn import RNNSearch

B, T, S, V, SOURCE_V, K = 2, 4, 5, 13, 11, 3
START, END, PAD = 2, 3, 0
SOURCE = np.array([[4, 5, 6, 7, 3], [8, 9, 3, 0, 0]], "int32")
TARGET = np.array([[2, 4, 12, 6], [2, 7, 5, 0]], "int32")
SMALL = {"num_encoder_layers": 2, "model_dim": 6, "units": 8, "attention_units": 7}
cells = pytest.mark.parametrize("cell", ["gru", "lstm"])


def built(vocab_sizes=(SOURCE_V, V), scale=0.5, **options):
    """A model with weights large enough for every input to matter."""
    return noisy(lambda: RNNSearch(*vocab_sizes, **{**SMALL, **options}), scale)


def logits(model, source=SOURCE, target=TARGET, **options):
    return model({"source": source, "target": target}, **options)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(cell, x, h):
    """One step of Cho et al. 2014, with the reset gate after the product; (D,), (units,)."""
    kernel, recurrent, (bias, recurrent_bias) = (w.numpy() for w in cell.weights)
    inner = np.split(x @ kernel + bias, 3)
    outer = np.split(h @ recurrent + recurrent_bias, 3)
    z, r = sigmoid(inner[0] + outer[0]), sigmoid(inner[1] + outer[1])
    return z * h + (1 - z) * np.tanh(inner[2] + r * outer[2])


def lstm(cell, x, h, c):
    kernel, recurrent, bias = (w.numpy() for w in cell.weights)
    i, f, new, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
    return sigmoid(o) * np.tanh(c), c


def reference(model, cell, source, target):
    """The docstring's formulas for one sentence without padding, a token at a time."""

    def step(layer, x, state):
        return (gru(layer, x, *state),) if cell == "gru" else lstm(layer, x, *state)

    def run(layer, xs):
        state, outputs = [np.zeros(layer.units)] * (1 if cell == "gru" else 2), []
        for x in xs:
            state = step(layer, x, state)
            outputs.append(state[0])
        return outputs

    scale = np.sqrt(SMALL["model_dim"])
    memory = scale * model.source_embedding.table.numpy()[source]
    for rnn in model.encoder_rnns:
        forward = run(rnn.forward_layer.cell, memory)
        backward = run(rnn.backward_layer.cell, memory[::-1])[::-1]
        memory = np.concatenate([forward, backward], axis=1)
    kernel, bias = (w.numpy() for w in model.start_dense.weights)
    states = np.split(np.tanh(memory.mean(0) @ kernel + bias), len(bias) // SMALL["units"])
    state_1, state_2 = states[: len(states) // 2], states[len(states) // 2 :]

    table, attention, all_logits = model.target_embedding.table.numpy(), model.attention, []
    keys = memory @ attention.key_dense.kernel.numpy()
    kernel, bias = (w.numpy() for w in model.readout.weights)
    for y in scale * table[target]:
        state_1 = step(model.decoder_rnns[0].cell, y, state_1)
        scores = np.tanh(state_1[0] @ attention.query_dense.kernel.numpy() + keys)
        weights = np.exp(scores @ attention.scale.numpy())
        context = weights @ memory / weights.sum()
        state_2 = step(model.decoder_rnns[1].cell, np.concatenate([state_1[0], context]), state_2)
        read = np.tanh(np.concatenate([state_2[0], context, y]) @ kernel + bias)
        all_logits.append(table @ read)
    return all_logits


@cells
def test_equals_the_formulas_written_with_loops(cell):
    model = built(cell=cell)
    expected = reference(model, cell, SOURCE[0], TARGET[0])
    # 1e-5: float32 sums of up to 22 terms near 1 against float64.
    np.testing.assert_allclose(logits(model)[0], expected, atol=1e-5)


@cells
def test_one_pass_equals_step_by_step(cell):
    model = built(cell=cell)
    expected = logits(model)
    static, state = model.prefill(model.encode(SOURCE))
    for t in range(T):
        got, state = model.make_decode_step()(TARGET[:, t], static, state)
        assert got.shape == (B, V) and got.dtype == "float32"
        # 1e-5: the products are cut into other blocks.
        np.testing.assert_allclose(got, expected[:, t], atol=1e-5)


@cells
def test_beams_as_rows_equal_repeated_sources(cell):
    model = built(cell=cell)
    static, state = model.prefill(model.encode(SOURCE))
    state = tf.nest.map_structure(lambda x: tf.repeat(x, K, axis=0), state)
    tokens = np.random.default_rng(0).integers(3, V, (B * K, T))
    expected = logits(model, np.repeat(SOURCE, K, axis=0), tokens)
    for t in range(T):
        got, state = model.make_decode_step(K)(tokens[:, t], static, state)
        # 1e-5: the products are cut into other blocks.
        np.testing.assert_allclose(got, expected[:, t], atol=1e-5)


@cells
def test_padding_changes_no_logits(cell):
    model = built(cell=cell)
    expected = logits(model)
    wider = logits(model, np.pad(SOURCE, ((0, 0), (0, 3))), np.pad(TARGET, ((0, 0), (0, 2))))
    alone = logits(model, SOURCE[1:, :3], TARGET[1:, :3])
    table = model.source_embedding.table.numpy()
    table[PAD] += 100
    model.source_embedding.table.assign(table)
    # 1e-5: sums over more terms, which are 0, in another order.
    np.testing.assert_allclose(wider[:, :T], expected, atol=1e-5)
    np.testing.assert_allclose(alone[0], expected[1, :3], atol=1e-5)
    np.testing.assert_array_equal(logits(model), expected)


def test_every_source_token_reaches_the_first_logits_of_its_own_row_alone():
    model = built()
    before = logits(model).numpy()
    for position in range(S):
        changed = SOURCE.copy()
        changed[0, position] = 10
        after = logits(model, changed).numpy()
        assert np.any(after[0, 0] != before[0, 0])
        np.testing.assert_array_equal(after[1], before[1])


@cells
def test_later_target_tokens_move_no_logits(cell):
    model = built(cell=cell)
    before = logits(model).numpy()
    for position in range(1, T):
        changed = TARGET.copy()
        changed[:, position:] = 11
        after = logits(model, target=changed).numpy()
        np.testing.assert_array_equal(after[:, :position], before[:, :position])
        assert np.all(np.any(after[:, position] != before[:, position], -1))


def test_attention_weights_sum_to_one_over_the_tokens():
    model = built()
    got, weights = logits(model, return_attention_scores=True)
    assert weights.shape == (B, 1, 1, T, S)
    # 1e-6: float32 rounding of a sum of 5 terms.
    np.testing.assert_allclose(ops.sum(weights, axis=-1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(weights[1, ..., 3:], 0.0)
    np.testing.assert_array_equal(got, logits(model))


@cells
def test_a_source_of_padding_alone_gives_finite_logits(cell):
    source = SOURCE.copy()
    source[1] = PAD
    assert np.all(np.isfinite(logits(built(cell=cell), source)))


def test_source_and_target_share_one_table_if_asked():
    model, apart = built((V, V), share_embeddings=True), built((V, V))
    assert model.source_embedding is model.target_embedding
    assert apart.count_params() - model.count_params() == V * SMALL["model_dim"]


@cells
def test_the_default_model_has_8_to_12_million_weights_for_5000_tokens(cell):
    model = RNNSearch(5000, 5000, cell=cell)
    model.build()
    assert 8e6 < model.count_params() < 12e6


def test_the_first_loss_is_near_the_logarithm_of_the_vocabulary():
    keras.utils.set_random_seed(0)
    model = RNNSearch(97, 101)
    rng = np.random.default_rng(0)
    source, target = rng.integers(3, 97, (8, 7)), rng.integers(3, 101, (8, 9))
    first = logits(model, source, target[:, :-1])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(target[:, 1:], first)
    # Logits of standard deviation 1/2 cost 1/8 more than equal ones; the rest is chance.
    assert np.log(101) - 0.2 < np.mean(loss) < np.log(101) + 0.4


@cells
def test_gradients_reach_every_weight(cell):
    model = built(cell=cell)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(logits(model) ** 2)
    variables = [w.value for w in model.trainable_weights]
    gradients = tape.gradient(loss, variables)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        gradient = tf.convert_to_tensor(gradient)
        assert np.all(np.isfinite(gradient)), weight.path
        assert np.any(np.abs(gradient) > 1e-6), weight.path


def decoder(model, limit, **options):
    """A graph from sources of any shape to `Hypotheses`."""
    static_config, dynamic_params = Decoding(**options).split()

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def decode(source):
        static, state = model.prefill(model.encode(source))
        return search(
            model.make_decode_step(),
            static,
            state,
            batch_size=tf.shape(source)[0],
            start_id=START,
            end_id=END,
            pad_id=PAD,
            limit=tf.fill([tf.shape(source)[0]], limit),
            static_config=static_config,
            dynamic_params=dynamic_params,
        )

    return decode


@pytest.mark.model  # seconds
def test_greedy_search_equals_full_passes_one_after_the_other():
    model, limit = built(), 6
    found = decoder(model, limit)(SOURCE)
    for row, source in enumerate(SOURCE):
        tokens = [START]
        while len(tokens) <= limit and tokens[-1] != END:
            last = logits(model, source[None], np.array([tokens]))[0, -1]
            tokens.append(int(np.argmax(last)))
        length = int(found.lengths[row, 0])
        assert found.tokens[row, 0, :length].numpy().tolist() == tokens[1:]


def test_beam_search_gives_the_same_answers_from_a_saved_graph(tmp_path):
    module = tf.Module()
    module.model = built(cell="lstm")
    module.decode = decoder(module.model, 6, num_beams=K, num_return_sequences=2)
    expected = module.decode(SOURCE)
    assert np.all(expected.lengths > 0)
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for got, wanted in zip(loaded.decode(tf.constant(SOURCE)), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


@cells
def test_mixed_precision_is_close_to_float32_and_its_logits_are_float32(cell):
    options = {"scale": 0.1, "cell": cell}
    exact, half = built(**options), built(dtype="mixed_bfloat16", **options)
    got, expected = logits(half), logits(exact)
    assert got.dtype == "float32"
    # bfloat16 keeps 8 bits (0.4 %), through 4 recurrent layers that end in logits of about 1.
    np.testing.assert_allclose(got, expected, atol=0.03)


def test_dropout_is_on_in_training_alone():
    model = built(dropout=0.5)
    np.testing.assert_array_equal(logits(model), logits(model))
    difference = logits(model, training=True) - logits(model)
    assert np.all(np.any(np.abs(difference) > 1e-3, axis=-1))


LOAD = """
import sys
import keras
import numpy as np
import zoo.models.rnn
model = keras.models.load_model(sys.argv[1])
arrays = np.load(sys.argv[2])
np.testing.assert_array_equal(model({"source": arrays["source"], "target": arrays["target"]}),
                              arrays["logits"])
print(model.name)
"""


def test_a_saved_model_gives_the_same_logits_in_a_fresh_process(tmp_path):
    model = built((V, V), share_embeddings=True, cell="lstm", name="reader")
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", source=SOURCE, target=TARGET, logits=logits(model))
    command = [sys.executable, "-c", LOAD, tmp_path / "model.keras", tmp_path / "x.npz"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout.strip() == "reader", run.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_encoder_layers": 0}, "num_encoder_layers must be >= 1; got num_encoder_layers=0"),
        ({"units": 7}, "units must be even and >= 2; got units=7"),
        ({"units": 0}, "units must be even and >= 2; got units=0"),
        ({"attention_units": 0}, "attention_units must be >= 1; got attention_units=0"),
        ({"cell": "rnn"}, "cell must be one of .*; got cell='rnn'"),
        (
            {"share_embeddings": True},
            "one vocabulary; got source_vocab_size=11, target_vocab_size=13",
        ),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        RNNSearch(SOURCE_V, V, **{**SMALL, **options})
