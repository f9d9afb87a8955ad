import keras
import numpy as np
import pytest

from zoo.recipes.procedure import muon
from zoo.training import WarmupLinear, token_cross_entropy

B, T, V = 2, 3, 5


def example():
    rng = np.random.default_rng(0)
    return rng.integers(0, V, (B, T)), rng.normal(size=(B, T, V)).astype("float32")


def by_hand(targets, logits, smoothing):
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    of_target = np.take_along_axis(log_probs, targets[..., None], axis=-1)[..., 0]
    return -(1 - smoothing) * of_target - smoothing / V * log_probs.sum(-1)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_cross_entropy_follows_its_formula(smoothing):
    targets, logits = example()
    losses = keras.ops.convert_to_numpy(token_cross_entropy(targets, logits, smoothing))
    assert losses.shape == (B, T) and losses.dtype == "float32"
    # 1e-6: rounding of float32
    np.testing.assert_allclose(losses, by_hand(targets, logits, smoothing), rtol=1e-6, atol=1e-6)


def test_smoothed_cross_entropy_is_that_of_keras():
    targets, logits = example()
    reference = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.2, reduction=None
    )
    ours = token_cross_entropy(targets, logits, 0.2)
    theirs = reference(keras.ops.one_hot(targets, V), logits)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)  # rounding of float32


def test_cross_entropy_of_half_precision_logits_is_computed_in_float32():
    targets, logits = example()
    half = keras.ops.cast(logits, "bfloat16")
    losses = token_cross_entropy(targets, half, 0.1)
    same = token_cross_entropy(targets, keras.ops.cast(half, "float32"), 0.1)
    assert keras.backend.standardize_dtype(losses.dtype) == "float32"
    np.testing.assert_array_equal(losses, same)


def test_equal_logits_cost_ln_v_whatever_the_smoothing():
    targets = np.zeros((B, T), "int32")
    for smoothing in (0.0, 0.3):
        losses = token_cross_entropy(targets, np.zeros((B, T, V), "float32"), smoothing)
        np.testing.assert_allclose(losses, np.log(V), rtol=1e-6)  # rounding of float32


def test_learning_rate_rises_to_the_peak_and_falls_to_zero():
    schedule = WarmupLinear(peak=6, warmup_steps=3, total_steps=7)
    rates = [float(schedule(step)) for step in range(9)]
    assert rates == pytest.approx([2, 4, 6, 4.8, 3.6, 2.4, 1.2, 0, 0], abs=1e-6)


def test_warmup_may_take_all_steps():
    schedule = WarmupLinear(peak=1, warmup_steps=2, total_steps=2)
    assert [float(schedule(step)) for step in range(3)] == [0.5, 1, 0]


def test_learning_rate_holds_before_it_falls_in_the_last_steps():
    schedule = WarmupLinear(peak=6, warmup_steps=2, total_steps=8, decay_steps=3)
    rates = [float(schedule(step)) for step in range(10)]
    assert rates == pytest.approx([3, 6, 6, 6, 6, 6, 4, 2, 0, 0], abs=1e-6)


def test_a_fall_of_all_steps_is_the_default():
    whole, default = WarmupLinear(6, 3, 7, decay_steps=5), WarmupLinear(6, 3, 7)
    assert whole.get_config() == default.get_config()
    assert [float(whole(n)) for n in range(9)] == [float(default(n)) for n in range(9)]


@pytest.mark.parametrize("decay_steps", [None, 4])
def test_schedule_survives_serialization(decay_steps):
    schedule = WarmupLinear(peak=0.5, warmup_steps=3, total_steps=11, decay_steps=decay_steps)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert copy.get_config() == schedule.get_config()
    assert copy.get_config() == {
        "peak": 0.5,
        "warmup_steps": 3,
        "total_steps": 11,
        "decay_steps": decay_steps or 9,
    }


def test_schedule_of_an_older_file_falls_as_it_did():
    older = WarmupLinear.from_config({"peak": 6.0, "warmup_steps": 3, "total_steps": 7})
    assert [float(older(step)) for step in (2, 3, 6)] == pytest.approx([6, 4.8, 1.2])


@pytest.mark.parametrize("decay_steps", [-1, 0, 6])
def test_a_fall_that_does_not_fit_behind_the_rise_is_an_error(decay_steps):
    with pytest.raises(ValueError, match=rf"warmup_steps = 5; got decay_steps={decay_steps}"):
        WarmupLinear(1.0, 3, 7, decay_steps)


def test_the_rate_of_muon_holds_before_its_last_steps():
    held = muon(6.0, warmup=2, steps=8, decay_steps=3).get_config()["learning_rate"]["config"]
    assert held == {"peak": 6.0, "warmup_steps": 2, "total_steps": 8, "decay_steps": 3}
    # A training of few steps, as a trial is, falls as soon as it has risen.
    short = muon(6.0, warmup=2, steps=8, decay_steps=99).get_config()["learning_rate"]["config"]
    assert short["decay_steps"] == 7


@pytest.mark.parametrize("warmup_steps", [-1, 0, 8])
def test_warmup_outside_the_training_is_an_error(warmup_steps):
    with pytest.raises(ValueError, match=rf"warmup_steps={warmup_steps}, total_steps=7"):
        WarmupLinear(1.0, warmup_steps, 7)
