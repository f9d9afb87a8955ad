import keras
import numpy as np
import pytest
import tensorflow as tf
from noise import noisy
from test_text_classifier import SMALL, TOKENS, B, C, V

from zoo.layers import NaiveBayes
from zoo.models import CompareAggregate, Ensemble, TextClassifier

LABELS = np.array([0, 2, 2])


def built(members=3, counts=None, weight=0.5, **options):
    """An ensemble with weights large enough for every token to matter."""

    def build():
        parts = [TextClassifier(V, C, **{**SMALL, **options}) for _ in range(members)]
        return Ensemble(parts, counts, weight)

    return noisy(build, 0.5)


def counted():
    """Naive Bayes of the three texts of `TOKENS`, in two batches."""
    layer = NaiveBayes(V, C)
    layer.adapt([(TOKENS[:2], LABELS[:2]), (TOKENS[2:], LABELS[2:], np.ones(1))])
    return layer


def log_softmax(logits):
    return logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))


def test_the_answer_is_the_mean_of_the_log_probabilities_and_of_the_weights():
    model = built()
    logits, weights = model(TOKENS, return_attention_scores=True)
    answers = [member(TOKENS, return_attention_scores=True) for member in model.members]
    # 1e-5: float32 sums in another order.
    expected = np.mean([log_softmax(np.array(one[0], "float64")) for one in answers], axis=0)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    np.testing.assert_allclose(weights, np.mean([one[1] for one in answers], axis=0), atol=1e-6)
    assert np.ptp([one[0] for one in answers], axis=0).max() > 0.1  # they differ


@pytest.mark.parametrize("rows", [7, 2])  # not as many for each member; fewer than members
def test_in_training_a_row_goes_to_one_member(rows):
    model = built(dropout=0.0, embedding_dropout=0.0)
    tokens = np.random.default_rng(0).integers(1, V, (rows, S := TOKENS.shape[1]))
    logits, weights = model(tokens, return_attention_scores=True, training=True)
    assert weights.shape == (rows, S)
    for row in range(rows):
        one = tokens[row : row + 1]
        own_logits, own_weights = model.members[row % 3](one, return_attention_scores=True)
        # 1e-5: float32 sums in another order.
        np.testing.assert_allclose(logits[row], log_softmax(own_logits[0].numpy()), atol=1e-5)
        np.testing.assert_allclose(weights[row], own_weights[0], atol=1e-5)


def test_a_member_learns_from_its_own_rows_alone():
    model = built(members=2)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(TOKENS, training=True)[0] ** 2)
    own, other = ([weight.value for weight in part.trainable_weights] for part in model.members)
    gradients = tape.gradient(loss, own + other)
    assert any(np.any(tf.convert_to_tensor(part)) for part in gradients[: len(own)])
    assert not any(np.any(tf.convert_to_tensor(part)) for part in gradients[len(own) :])


def test_naive_bayes_is_what_a_count_by_hand_gives():
    counts = np.ones((V, C))
    for row, label in zip(TOKENS, LABELS, strict=True):
        for token in set(row.tolist()) - {0}:
            counts[token, label] += 1
    logarithms = np.log(counts / counts.sum(0))
    logarithms -= logarithms.mean(1, keepdims=True)
    logarithms[0] = 0
    # 1e-5: float32 sums of 7 terms.
    np.testing.assert_allclose(counted()(TOKENS), logarithms[TOKENS].sum(1), atol=1e-5)


def test_naive_bayes_is_added_outside_training():
    options = {"dropout": 0.0, "embedding_dropout": 0.0}
    layer = counted()
    model, plain = built(counts=layer, **options), built(**options)
    layer.adapt([(TOKENS, LABELS)])  # `noisy` wrote over the counts
    expected = plain(TOKENS) + 0.5 * layer(TOKENS)
    np.testing.assert_allclose(model(TOKENS), expected, atol=1e-5)
    np.testing.assert_allclose(
        model(TOKENS, training=True), plain(TOKENS, training=True), atol=1e-5
    )
    assert len(model.trainable_weights) == len(plain.trainable_weights)


def test_naive_bayes_tells_labels_apart_before_any_training():
    model = Ensemble([TextClassifier(V, 2, **SMALL)], NaiveBayes(V, 2), 10.0)
    rng = np.random.default_rng(0)
    tokens, labels = rng.integers(5, V, (256, 7)), rng.integers(0, 2, 256)
    tokens[np.arange(256), rng.integers(0, 7, 256)] = 3 + labels
    model.naive_bayes.adapt([(tokens, labels)])
    assert np.mean(np.argmax(model(tokens), axis=1) == labels) > 0.97


def test_a_loaded_ensemble_answers_as_before(tmp_path):
    model = built(counts=counted())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))
    assert np.abs(model.naive_bayes(TOKENS)).max() > 0.1


def test_a_row_depends_neither_on_its_padding_nor_on_other_rows():
    model = built(counts=counted())
    expected = model(TOKENS)
    # 1e-5: sums over more terms, which are 0, in another order.
    np.testing.assert_allclose(model(np.pad(TOKENS, ((0, 0), (0, 9)))), expected, atol=1e-5)
    alone = np.concatenate([model(TOKENS[row : row + 1]) for row in range(B)])
    np.testing.assert_allclose(alone, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Ensemble(
                [TextClassifier(V, C) for _ in range(2)], share_embedding=True
            ).build(),
            "members must not have embeddings of their own yet; got <Embedding",
        ),
        (lambda: Ensemble([]), r"members must hold at least one model; got members=\[\]"),
        (
            lambda: Ensemble([TextClassifier(V, C)], naive_bayes_weight=-0.1),
            "naive_bayes_weight must be >= 0; got naive_bayes_weight=-0.1",
        ),
        (lambda: NaiveBayes(0, 2), "vocab_size must be >= 1; got vocab_size=0"),
        (lambda: NaiveBayes(9, 1), "num_labels must be >= 2; got num_labels=1"),
    ],
)
def test_bad_arguments_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def comparers(**options):
    def build():
        parts = [CompareAggregate(V, 8, 6, dropout=0.0, embedding_dropout=0.0) for _ in range(3)]
        return Ensemble(parts, **options)

    return noisy(build, 0.5)


LISTS = {
    "query": np.array([[3, 4, 0], [5, 6, 7], [8, 3, 0], [4, 4, 9]]),
    "text": np.random.default_rng(0).integers(1, V, (4, 2, 5)),
}


def test_members_that_read_lists_answer_together():
    model = comparers()
    logits, weights = model(LISTS, return_attention_scores=True)
    answers = [member(LISTS, return_attention_scores=True) for member in model.members]
    expected = np.mean([log_softmax(np.array(one[0], "float64")) for one in answers], axis=0)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    np.testing.assert_allclose(weights, np.mean([one[1] for one in answers], axis=0), atol=1e-6)
    for row, logits in enumerate(model(LISTS, training=True)):
        one = {name: part[row : row + 1] for name, part in LISTS.items()}
        expected = log_softmax(model.members[row % 3](one)[0].numpy())
        np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_members_may_share_one_embedding(tmp_path):
    apart, model = comparers(), comparers(share_embedding=True)
    table = V * 8
    assert model.count_params() == apart.count_params() - 2 * table
    first, *others = model.members
    assert all(one.embedding is first.embedding for one in others)
    first.embedding.embeddings.assign(np.random.default_rng(1).normal(size=(V, 8)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.count_params() == model.count_params()
    np.testing.assert_array_equal(loaded(LISTS), model(LISTS))
    expected = np.array(model(LISTS))
    model.quantize("int8")  # it would find a layer that is tracked and not built
    np.testing.assert_allclose(model(LISTS), expected, atol=0.3)
    assert first.embedding.quantization_mode == "int8"
