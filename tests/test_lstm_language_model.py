import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from noise import noisy

from zoo.decoding import Decoding, search
from zoo.models import LSTMLanguageModel

B, T, V, K = 2, 6, 13, 3
START, END, PAD = 2, 3, 0
TOKENS = np.array([[2, 4, 12, 6, 6, 9], [2, 7, 5, 4, 8, 10]], "int32")
SMALL = {"context_length": 50, "num_layers": 2, "model_dim": 6, "units": 8}


def built(scale=0.5, **options):
    """A model with weights large enough for every input to matter."""
    return noisy(lambda: LSTMLanguageModel(V, **{**SMALL, **options}), scale)


def stepped(model, prompt, tokens):
    """Logits (N, T', V) after a prompt (N, S) and each of `tokens` (N, T' - 1)."""
    static, state = model.prefill(prompt)
    logits = []
    for newest in np.concatenate([prompt[:, -1:], tokens], axis=1).T:
        found, state = model.make_decode_step()(newest, static, state)
        assert found.shape == (len(prompt), V) and found.dtype == "float32"
        logits.append(found)
    return np.stack(logits, axis=1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference(model, tokens):
    """The docstring's formulas for one row, a token at a time."""
    table = model.embedding.table.numpy()
    xs = np.sqrt(SMALL["model_dim"]) * table[tokens]
    for rnn in model.rnns:
        kernel, recurrent, bias = (w.numpy() for w in rnn.cell.weights)
        h = c = np.zeros(SMALL["units"])
        outputs = []
        for x in xs:
            i, f, new, o = np.split(x @ kernel + h @ recurrent + bias, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
            h = sigmoid(o) * np.tanh(c)
            outputs.append(h)
        xs = np.array(outputs)
    kernel, bias = (w.numpy() for w in model.readout.weights)
    logits = []
    for t, h in enumerate(xs):
        past = xs[max(0, t + 1 - model.context_length) : t + 1]
        weights = np.exp(past @ model.attention.key_dense.kernel.numpy() @ h)
        context = weights @ past / weights.sum()
        logits.append(table @ np.tanh(np.concatenate([h, context]) @ kernel + bias))
    return logits


@pytest.mark.parametrize("context_length", [50, 3, 1])
def test_equals_the_formulas_written_with_loops(context_length):
    model = built(context_length=context_length)
    # 1e-5: float32 sums of up to 16 terms near 1 against float64.
    np.testing.assert_allclose(model(TOKENS)[0], reference(model, TOKENS[0]), atol=1e-5)


@pytest.mark.parametrize("context_length", [50, 3, 1])
@pytest.mark.parametrize("prompt_length", [1, 4])
def test_one_pass_equals_step_by_step(context_length, prompt_length):
    model = built(context_length=context_length)
    found = stepped(model, TOKENS[:, :prompt_length], TOKENS[:, prompt_length:])
    # 1e-5: the products are cut into other blocks.
    np.testing.assert_allclose(found, model(TOKENS)[:, prompt_length - 1 :], atol=1e-5)


def test_padding_at_the_left_of_a_prompt_changes_no_logits():
    model, more = built(), TOKENS[:, :3]
    prompt = np.array([[0, 0, 2, 4, 12], [0, 2, 7, 5, 4]], "int32")
    found = stepped(model, prompt, more)
    wider = stepped(model, np.pad(prompt, ((0, 0), (4, 0))), more)
    table = model.embedding.table.numpy()
    model.embedding.table.assign(np.where(np.arange(V)[:, None] == PAD, table + 100, table))
    moved = stepped(model, prompt, more)
    for row, length in enumerate((3, 4)):
        alone = stepped(model, prompt[row : row + 1, -length:], more[row : row + 1])
        # 1e-5: sums over more terms, which are 0, in another order. Only the pad's logit moved.
        np.testing.assert_allclose(found[row, :, 1:], alone[0, :, 1:], atol=1e-5)
    np.testing.assert_allclose(wider, found, atol=1e-5)
    np.testing.assert_array_equal(moved[..., 1:], found[..., 1:])


def test_padding_at_the_right_changes_no_logits():
    model = built()
    padded = model(np.pad(TOKENS, ((0, 0), (0, 3))))[:, :T]
    # 1e-6: the products are cut into other blocks.
    np.testing.assert_allclose(padded, model(TOKENS), atol=1e-6)


def test_beams_as_rows_equal_repeated_prompts():
    model, prompt = built(), np.array([[0, 2, 4], [2, 7, 5]], "int32")
    more = np.random.default_rng(0).integers(3, V, (B * K, 4))
    expected = stepped(model, np.repeat(prompt, K, axis=0), more)
    static, state = model.prefill(prompt)
    state = tf.nest.map_structure(lambda x: tf.repeat(x, K, axis=0), state)
    for t, newest in enumerate(np.concatenate([np.repeat(prompt, K, 0)[:, -1:], more], 1).T):
        found, state = model.make_decode_step()(newest, static, state)
        # 1e-5: the products are cut into other blocks.
        np.testing.assert_allclose(found, expected[:, t], atol=1e-5)


def test_later_tokens_move_no_logits_and_each_earlier_one_does():
    model = built()
    before = model(TOKENS).numpy()
    for position in range(1, T):
        changed = TOKENS.copy()
        changed[0, position:] = 11
        after = model(changed).numpy()
        np.testing.assert_array_equal(after[:, :position], before[:, :position])
        np.testing.assert_array_equal(after[1], before[1])
        assert np.all(np.any(after[0, position:] != before[0, position:], -1))


def test_attention_weights_sum_to_one_over_the_outputs_within_reach():
    model = built(context_length=3)
    logits, weights = model(TOKENS, return_attention_scores=True)
    assert weights.shape == (B, 1, 1, T, T)
    # 1e-6: float32 rounding of a sum of 3 terms.
    np.testing.assert_allclose(ops.sum(weights, axis=-1), 1.0, atol=1e-6)
    t, s = np.indices((T, T))
    np.testing.assert_array_equal(weights[:, 0, 0].numpy() > 0, [(s <= t) & (s > t - 3)] * B)
    np.testing.assert_array_equal(logits, model(TOKENS))


def test_the_first_loss_is_near_the_logarithm_of_the_vocabulary():
    keras.utils.set_random_seed(0)
    tokens = np.random.default_rng(0).integers(3, 101, (8, 9))
    logits = LSTMLanguageModel(101)(tokens[:, :-1])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens[:, 1:], logits)
    # Logits of standard deviation 1/2 at most cost 1/8 more than equal ones; the rest is chance.
    assert np.log(101) - 0.2 < np.mean(loss) < np.log(101) + 0.4


def test_gradients_reach_every_weight():
    model = built()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(TOKENS) ** 2)
    variables = [w.value for w in model.trainable_weights]
    for weight, gradient in zip(
        model.trainable_weights, tape.gradient(loss, variables), strict=True
    ):
        gradient = tf.convert_to_tensor(gradient)
        assert np.all(np.isfinite(gradient)), weight.path
        assert np.any(np.abs(gradient) > 1e-6), weight.path


def decoder(model, limit, **options):
    """A graph from prompts of any shape to `Hypotheses`."""
    static_config, dynamic_params = Decoding(**options).split()

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def decode(prompt):
        static, state = model.prefill(prompt)
        return search(
            model.make_decode_step(),
            static,
            state,
            batch_size=tf.shape(prompt)[0],
            start_id=prompt[:, -1],
            end_id=END,
            pad_id=PAD,
            limit=tf.fill([tf.shape(prompt)[0]], limit),
            static_config=static_config,
            dynamic_params=dynamic_params,
        )

    return decode


@pytest.mark.model  # seconds
def test_greedy_search_equals_full_passes_one_after_the_other():
    model, limit = built(context_length=3), 6
    found = decoder(model, limit)(np.array([[0, 0, 2, 4], [2, 7, 5, 4]], "int32"))
    for row, prompt in enumerate(([2, 4], [2, 7, 5, 4])):
        tokens = list(prompt)
        while len(tokens) < len(prompt) + limit and tokens[-1] != END:
            tokens.append(int(np.argmax(model(np.array([tokens]))[0, -1])))
        length = int(found.lengths[row, 0])
        assert found.tokens[row, 0, :length].numpy().tolist() == tokens[len(prompt) :]


def test_beam_search_gives_the_same_answers_from_a_saved_graph(tmp_path):
    module = tf.Module()
    module.model = built()
    module.decode = decoder(module.model, 6, num_beams=K, num_return_sequences=2)
    prompt = tf.constant([[0, 2, 4], [2, 7, 5]])
    expected = module.decode(prompt)
    assert np.all(expected.lengths > 0)
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for got, wanted in zip(loaded.decode(prompt), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_mixed_precision_is_close_to_float32_and_its_logits_are_float32():
    exact, half = built(scale=0.1), built(scale=0.1, dtype="mixed_bfloat16")
    got = half(TOKENS)
    assert got.dtype == "float32"
    # bfloat16 keeps 8 bits (0.4 %), through 2 recurrent layers that end in logits of about 1.
    np.testing.assert_allclose(got, exact(TOKENS), atol=0.03)
    np.testing.assert_allclose(stepped(half, TOKENS[:, :2], TOKENS[:, 2:]), got[:, 1:], atol=0.03)


def test_dropout_is_on_in_training_alone():
    model = built(dropout=0.5)
    np.testing.assert_array_equal(model(TOKENS), model(TOKENS))
    assert np.all(np.any(np.abs(model(TOKENS, training=True) - model(TOKENS)) > 1e-3, axis=-1))


LOAD = """
import sys
import keras
import numpy as np
import zoo.models
model = keras.models.load_model(sys.argv[1])
arrays = np.load(sys.argv[2])
np.testing.assert_array_equal(model(arrays["tokens"]), arrays["logits"])
print(model.name)
"""


def test_a_saved_model_gives_the_same_logits_in_a_fresh_process(tmp_path):
    model = built(name="writer")
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", tokens=TOKENS, logits=model(TOKENS))
    command = [sys.executable, "-c", LOAD, tmp_path / "model.keras", tmp_path / "x.npz"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout.strip() == "writer", run.stderr


@pytest.mark.parametrize("name", ["context_length", "num_layers", "units"])
def test_bad_arguments_are_named(name):
    with pytest.raises(ValueError, match=f"{name} must be >= 1; got {name}=0."):
        LSTMLanguageModel(V, **{**SMALL, name: 0})
