"""The two decoders over a grid: one pass equals step by step, beams share an image."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.models import CaptionTransformer, LabelledCaptionTransformer, ShowAttendTell

B, K, T, S, F, V = 2, 3, 4, 6, 5, 11
RNG = np.random.default_rng(0)
GRID = RNG.normal(size=(B, S, F)).astype("float32")
TARGET = RNG.integers(4, V, (B * K, T)).astype("int32")
NAMES = [[4, 5], [9], [10]]  # the tokens of three names
CLASSES = [1, 0, 2, 1]  # the names of four classes

MODELS = {
    "transformer": lambda **more: CaptionTransformer(
        S, F, V, num_layers=2, model_dim=8, num_heads=2, ff_dim=12, **more
    ),
    "labelled": lambda **more: LabelledCaptionTransformer(
        S, F, V, NAMES, CLASSES, 2, 0.3, num_layers=2, model_dim=8, num_heads=2, ff_dim=12, **more
    ),
    "copies once": lambda **more: MODELS["labelled"](copy_once=True, **more),
    "show_attend_tell": lambda **more: ShowAttendTell(
        F, V, model_dim=4, units=7, attention_units=3, **more
    ),
}
both = pytest.mark.parametrize("kind", MODELS)


def labelled(**more):
    return LabelledCaptionTransformer(S, F, V, **{"names": NAMES, "classes": CLASSES, **more})


def built(kind, **more):
    keras.utils.set_random_seed(1)
    model = MODELS[kind](**more)
    model.build(None)
    return model


@both
def test_one_pass_equals_step_by_step_for_all_beams(kind):
    model = built(kind)
    logits = model({"source": GRID, "target": TARGET}).numpy()
    static, state = model.prefill(model.encode(GRID))
    state = tf.nest.map_structure(lambda x: tf.repeat(x, K, axis=0), state)
    for t in range(T):
        step, state = model.make_decode_step(K)(TARGET[:, t], static, state)
        np.testing.assert_allclose(step, logits[:, t], atol=1e-5)  # float32 sums in other orders


@both
def test_captions_of_one_image_are_computed_as_if_alone(kind):
    model = built(kind)
    together = model({"source": GRID, "target": TARGET}).numpy()
    alone = model({"source": np.repeat(GRID, K, 0), "target": TARGET}).numpy()
    np.testing.assert_allclose(together, alone, atol=1e-5)


@both
def test_a_later_token_does_not_change_earlier_logits(kind):
    model, other = built(kind), TARGET.copy()
    other[:, 2] = 4 + (other[:, 2] - 3) % (V - 4)
    before, after = (model({"source": GRID, "target": x}).numpy() for x in (TARGET, other))
    np.testing.assert_allclose(before[:, :2], after[:, :2], atol=1e-6)
    assert np.abs(before[:, 2] - after[:, 2]).max() > 1e-4


@both
def test_attention_is_a_distribution_over_the_cells(kind):
    layers, heads = (1, 1) if kind == "show_attend_tell" else (2, 2)
    inputs = {"source": GRID, "target": TARGET[::K]}
    logits, attention = built(kind)(inputs, return_attention_scores=True)
    assert logits.shape == (B, T, V) and attention.shape == (B, layers, heads, T, S)
    if kind in ("labelled", "copies once"):  # the rest went to the names
        assert np.all(np.sum(attention, -1) < 1)
    else:
        np.testing.assert_allclose(np.sum(attention, -1), 1, atol=1e-5)


@pytest.mark.model  # seconds
@both
def test_every_weight_learns(kind):
    model = built(kind, dropout=0.0, token_dropout=0.2)

    @tf.function(
        autograph=False,
        input_signature=[tf.TensorSpec([None, S, F]), tf.TensorSpec([None, None], "int32")],
    )
    def gradients(source, target):
        with tf.GradientTape() as tape:
            logits = model({"source": source, "target": target}, training=True)
            loss = tf.reduce_sum(tf.square(logits - 1.0))
        return tape.gradient(loss, model.trainable_variables)

    found = gradients(GRID, TARGET)
    silent = [
        weight.path
        for weight, gradient in zip(model.trainable_variables, found, strict=True)
        if not np.abs(tf.convert_to_tensor(gradient)).max() > 0
        # Attention is a softmax: what is added to all of its keys has no effect.
        and not weight.path.endswith("memory_attention/key/bias")
        and not weight.path.endswith("self_attention/key/bias")
    ]
    assert silent == []


@both
def test_every_argument_survives_saving(kind, tmp_path):
    more = {"dropout": 0.25, "token_dropout": 0.125}
    if kind == "show_attend_tell":
        more["coverage"] = 0.5
    model = built(kind, **more)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    inputs = {"source": GRID, "target": TARGET}
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


def test_coverage_asks_for_every_cell_where_a_token_is():
    model = built("show_attend_tell", dropout=0.0, coverage=2.0)
    target = TARGET[::K].copy()
    target[:, 2:] = 0
    inputs = {"source": GRID, "target": target}
    _, attention = model(inputs, return_attention_scores=True)
    model(inputs, training=True)
    turns = attention.numpy()[:, 0, 0, :2].sum(1)
    assert model.losses[0].numpy() == pytest.approx(2 * np.mean((1 - turns) ** 2), rel=1e-5)


def classes_seen(model, source):
    """The probabilities of the classes, by hand."""
    kernel, bias = map(np.array, model.classifier.get_weights())
    logits = source.mean(axis=1) @ kernel + bias
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_classes_of_one_name_add_up_and_the_likeliest_are_its_labels():
    model = built("labelled")
    model.classifier.set_weights([4 * RNG.normal(size=(F, 4)), RNG.normal(size=4)])
    source = RNG.normal(size=(50, S, F)).astype("float32")
    classes = classes_seen(model, source)
    names = np.stack([classes[:, 1], classes[:, 0] + classes[:, 3], classes[:, 2]], axis=1)
    np.testing.assert_allclose(model.label_probabilities(source), names, atol=1e-6)
    for row, labels in zip(names, model.labels(source).numpy(), strict=True):
        likely = [i for i in np.argsort(-row)[:2] if row[i] >= 0.3]
        assert labels.tolist() == likely + [-1] * (2 - len(likely))


def test_a_classifier_may_see_features_of_its_own():
    model, one = built("labelled", dropout=0.0, classifier_dim=5), built("labelled", dropout=0.0)
    for part in (model, one):
        kernel = [x for x in part.weights if "classifier" in x.path]
        assert kernel[0].shape == ((5 if part is model else F), 4)
    pairs = zip(model.weights, one.weights, strict=True)
    for weight, other in ((a, b) for a, b in pairs if "classifier" not in a.path):
        weight.assign(other)
    theirs = RNG.normal(size=(B, S, 5)).astype("float32")
    source = np.concatenate([GRID, theirs], axis=-1)
    model.classifier.set_weights([4 * RNG.normal(size=(5, 4)), np.zeros(4)])
    by_class = classes_seen(model, theirs)
    names = np.stack([by_class[:, 1], by_class[:, 0] + by_class[:, 3], by_class[:, 2]], axis=1)
    np.testing.assert_allclose(model.label_probabilities(source), names, atol=1e-6)
    labels = model.labels(source)
    told = {"source": GRID, "target": TARGET[::K], "labels": labels}
    np.testing.assert_allclose(
        model({"source": source, "target": TARGET[::K]}), one(told), atol=1e-5
    )
    np.testing.assert_allclose(model(told), one(told), atol=1e-5)


def test_a_name_that_it_was_told_is_likelier_and_without_one_nothing_is_copied():
    model = built("labelled", dropout=0.0)
    gate = model.copy_distribution.gate_dense
    gate.set_weights([np.zeros((16, 1)), np.array([-3.0])])  # it copies nineteen times of twenty

    def probabilities(labels):
        inputs = {"source": GRID, "target": TARGET[::K], "labels": np.array([labels] * B, "int32")}
        return np.exp(model(inputs))

    np.testing.assert_allclose(probabilities([1, -1])[..., 9].min(), 1.0, atol=0.06)
    told = probabilities([0, 2])
    assert np.all(told[..., [4, 5, 10]].sum(-1) > 0.94) and np.all(told[..., 9] < 0.06)
    alone = probabilities([-1, -1])
    np.testing.assert_allclose(alone.sum(-1), 1, atol=1e-5)
    assert np.all(alone[..., [4, 5, 9, 10]] < 0.9)


def test_a_token_of_a_name_is_copied_once():
    gate = [np.zeros((16, 1)), np.array([-30.0])]  # it copies, and never writes, while it can
    free, once = (built("labelled", dropout=0.0, copy_once=flag) for flag in (False, True))
    target = np.array([[2, 9, 6, 7]] * B, "int32")  # 9 is the second name
    inputs = {"source": GRID, "target": target, "labels": np.array([[1, -1]] * B, "int32")}
    for model in (free, once):
        model.copy_distribution.gate_dense.set_weights(gate)
    np.testing.assert_allclose(np.exp(free(inputs))[..., 9], 1.0, atol=1e-5)
    found = np.exp(once(inputs))
    np.testing.assert_allclose(found[:, 0, 9], 1.0, atol=1e-5)
    np.testing.assert_allclose(found.sum(-1), 1.0, atol=1e-5)
    assert np.all(found[:, 1:, 9] < 0.9)  # what is left is what it would write


def test_no_caption_ends_behind_an_unfinished_token():
    inputs = {"source": GRID, "target": TARGET[::K]}
    free, held = (built("labelled", unfinished=some)(inputs).numpy() for some in ((), (5, 7)))
    cost = 20.0 * np.isin(inputs["target"], (5, 7))
    assert cost.any() and not cost.all()
    np.testing.assert_allclose(held[..., 3], free[..., 3] - cost, atol=1e-5)
    np.testing.assert_array_equal(np.delete(held, 3, -1), np.delete(free, 3, -1))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: CaptionTransformer(S, F, V, model_dim=10, num_heads=4), "model_dim must be a"),
        (lambda: CaptionTransformer(0, F, V), "num_cells must be >= 1; got num_cells=0"),
        (lambda: labelled(names=[]), "names must be non-empty lists of token ids"),
        (lambda: labelled(classes=[0, 1, 3]), "classes must be numbers of names, from 0 to 2"),
        (lambda: labelled(num_labels=4), "num_labels must be from 1 to 3; got num_labels=4"),
        (
            lambda: labelled(unfinished=[4, V]),
            "unfinished must hold token ids from 0 to 10",
        ),
        (
            lambda: labelled(classifier_dim=0),
            "classifier_dim must be >= 1 or None; got classifier_dim=0",
        ),
        (lambda: labelled(threshold=2), "threshold must be from 0 to 1; got threshold=2"),
        (lambda: ShowAttendTell(0, V), "feature_dim must be >= 1; got feature_dim=0"),
        (lambda: ShowAttendTell(F, V, coverage=-1), "coverage must be >= 0; got coverage=-1"),
    ],
)
def test_bad_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
