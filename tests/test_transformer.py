import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from noise import noisy

from zoo.decoding import Decoding, search
from zoo.models.transformer import Transformer

B, T, S, V, SOURCE_V, K = 2, 4, 5, 13, 11, 3
START, END, PAD = 2, 3, 0
SOURCE = np.array([[4, 5, 6, 7, 3], [8, 9, 3, 0, 0]], "int32")
TARGET = np.array([[2, 4, 12, 6], [2, 7, 5, 0]], "int32")
SMALL = {
    "num_encoder_layers": 2,
    "num_decoder_layers": 2,
    "model_dim": 8,
    "num_heads": 2,
    "ff_dim": 16,
}


def built(vocab_sizes=(SOURCE_V, V), scale=0.5, **options):
    """A model with weights large enough for every input to matter."""
    return noisy(lambda: Transformer(*vocab_sizes, **{**SMALL, **options}), scale)


def logits(model, source=SOURCE, target=TARGET, **options):
    return model({"source": source, "target": target}, **options)


KINDS = {
    "sinusoids": {},
    "rotary": {"rotary": True},
    "post-norm": {"normalize_first": False, "norm_epsilon": 1e-5, "logits_bias": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_pass_equals_step_by_step(kind):
    model = built(**KINDS[kind])
    expected = logits(model)
    static, state = model.prefill(model.encode(SOURCE))
    for t in range(T):
        got, state = model.make_decode_step()(TARGET[:, t], static, state)
        assert got.shape == (B, V) and got.dtype == "float32"
        # 1e-5: the products are cut into other blocks.
        np.testing.assert_allclose(got, expected[:, t], atol=1e-5)


def test_beams_as_rows_equal_repeated_sources():
    model = built()
    static, state = model.prefill(model.encode(SOURCE))
    state = tf.nest.map_structure(lambda x: tf.repeat(x, K, axis=0), state)
    tokens = np.random.default_rng(0).integers(3, V, (B * K, T))
    expected = logits(model, np.repeat(SOURCE, K, axis=0), tokens)
    for t in range(T):
        got, state = model.make_decode_step(K)(tokens[:, t], static, state)
        # 1e-5: the products are cut into other blocks.
        np.testing.assert_allclose(got, expected[:, t], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_no_logits(kind):
    model = built(**KINDS[kind])
    expected = logits(model)
    wider = logits(model, np.pad(SOURCE, ((0, 0), (0, 3))), np.pad(TARGET, ((0, 0), (0, 2))))
    alone = logits(model, SOURCE[1:, :3], TARGET[1:, :3])
    # 1e-5: sums over more terms, which are 0, in another order.
    np.testing.assert_allclose(wider[:, :T], expected, atol=1e-5)
    np.testing.assert_allclose(alone[0], expected[1, :3], atol=1e-5)


def test_rows_do_not_see_each_other():
    model = built()
    before = logits(model)
    other = SOURCE.copy()
    other[1] = [9, 9, 9, 9, 3]
    after = logits(model, other)
    np.testing.assert_array_equal(after[0], before[0])
    assert np.any(after[1] != before[1])


@pytest.mark.parametrize("kind", KINDS)
def test_later_target_tokens_move_no_logits(kind):
    model = built(**KINDS[kind])
    before = logits(model).numpy()
    for position in range(1, T):
        changed = TARGET.copy()
        changed[:, position:] = 11
        after = logits(model, target=changed).numpy()
        np.testing.assert_array_equal(after[:, :position], before[:, :position])
        assert np.all(np.any(after[:, position] != before[:, position], -1))


def test_attention_weights_of_every_layer_and_head_sum_to_one_over_the_tokens():
    got, weights = logits(built(), return_attention_scores=True)
    assert weights.shape == (B, 2, 2, T, S)
    # 1e-6: float32 rounding of a sum of 5 terms.
    np.testing.assert_allclose(ops.sum(weights, axis=-1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(weights[1, ..., 3:], 0.0)
    np.testing.assert_array_equal(got, logits(built()))


def test_a_source_of_padding_alone_gives_finite_logits():
    source = SOURCE.copy()
    source[1] = PAD
    assert np.all(np.isfinite(logits(built(), source)))


def test_source_and_target_share_one_table_if_asked():
    model, apart = built((V, V), share_embeddings=True), built((V, V))
    assert model.source_embedding is model.target_embedding
    assert apart.count_params() - model.count_params() == V * SMALL["model_dim"]
    before = logits(model).numpy()
    table = model.target_embedding.table.numpy()
    table[8] += 1  # a token of the second source, and of no target
    model.target_embedding.table.assign(table)
    after = logits(model).numpy()
    others = np.arange(V) != 8
    np.testing.assert_array_equal(after[0][:, others], before[0][:, others])
    assert np.any(after[1][:, others] != before[1][:, others])


def test_the_first_loss_is_near_the_logarithm_of_the_vocabulary():
    keras.utils.set_random_seed(0)
    model = Transformer(97, 5003)
    rng = np.random.default_rng(0)
    source, target = rng.integers(3, 97, (8, 7)), rng.integers(3, 5003, (8, 9))
    first = logits(model, source, target[:, :-1])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(target[:, 1:], first)
    # Logits of standard deviation 1 cost 1/2 more than equal ones. A tied table gives the token
    # just read a logit near 6.5: exp(6.5) beside 5003 exp(1/2) costs another 0.1.
    assert np.log(5003) < np.mean(loss) < np.log(5003) + 0.8


def test_gradients_reach_every_weight():
    model = built()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(logits(model) ** 2)
    variables = [w.value for w in model.trainable_weights]
    gradients = tape.gradient(loss, variables)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        gradient = tf.convert_to_tensor(gradient)
        assert np.all(np.isfinite(gradient)), weight.path
        # The softmax does not feel a constant added to all scores of a query.
        if not weight.path.endswith("key/bias"):
            assert np.any(np.abs(gradient) > 1e-6), weight.path


@pytest.mark.model  # seconds
@pytest.mark.parametrize("kind", KINDS)
def test_greedy_search_equals_full_passes_one_after_the_other(kind):
    model, limit = built(**KINDS[kind]), 6
    static_config, dynamic_params = Decoding().split()

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def greedy(source):
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

    found = greedy(SOURCE)
    for row, source in enumerate(SOURCE):
        tokens = [START]
        while len(tokens) <= limit and tokens[-1] != END:
            last = logits(model, source[None], np.array([tokens]))[0, -1]
            tokens.append(int(np.argmax(last)))
        length = int(found.lengths[row, 0])
        assert found.tokens[row, 0, :length].numpy().tolist() == tokens[1:]


def test_mixed_precision_is_close_to_float32_and_its_logits_are_float32():
    exact, half = built(scale=0.1), built(scale=0.1, dtype="mixed_bfloat16")
    got, expected = logits(half), logits(exact)
    assert got.dtype == "float32"
    # bfloat16 keeps 8 bits (0.4 %), through 4 blocks that end in logits of about 3.
    np.testing.assert_allclose(got, expected, atol=0.15)


def test_dropout_is_on_in_training_alone():
    model = built(dropout=0.5)
    np.testing.assert_array_equal(logits(model), logits(model))
    difference = logits(model, training=True) - logits(model)
    assert np.all(np.any(np.abs(difference) > 1e-3, axis=-1))


LOAD = """
import sys
import keras
import numpy as np
import zoo.models
model = keras.models.load_model(sys.argv[1])
arrays = np.load(sys.argv[2])
np.testing.assert_array_equal(model({"source": arrays["source"], "target": arrays["target"]}),
                              arrays["logits"])
print(model.name)
"""


def test_a_saved_model_gives_the_same_logits_in_a_fresh_process(tmp_path):
    model = built((V, V), share_embeddings=True, rotary=True, activation="gelu", name="reader")
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", source=SOURCE, target=TARGET, logits=logits(model))
    command = [sys.executable, "-c", LOAD, tmp_path / "model.keras", tmp_path / "x.npz"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout.strip() == "reader", run.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_heads": 3}, "multiple of num_heads; got model_dim=8, num_heads=3"),
        (
            {"share_embeddings": True},
            "one vocabulary; got source_vocab_size=11, target_vocab_size=13",
        ),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        Transformer(SOURCE_V, V, **{**SMALL, **options})
