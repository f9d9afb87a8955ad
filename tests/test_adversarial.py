import dataclasses
import functools

import keras
import numpy as np
import pytest

from zoo import registry
from zoo.models import LSTMGenerator, TextClassifier, TransformerLM
from zoo.recipes.adversarial import AdversarialRecipe
from zoo.tasks import TextGenerator
from zoo.text import SentencePieceTokenizer
from zoo.training.adversarial import RollOut, SequenceGame, draw

V, T, START, END = 11, 6, 2, 3
RNG = np.random.default_rng(0)
REAL = RNG.integers(4, V, (40, T)).astype("int32")


def lstm(seed=1):
    model = LSTMGenerator(V, 6, 8, stddev=1.0, seed=seed)
    model.build(None)
    return model


def transformer():
    keras.utils.set_random_seed(1)
    model = TransformerLM(V, 16, 1, 8, 2, 16, dropout=0.0, start_id=START)
    model.build(None)
    return model


def discriminator():
    model = TextClassifier(V + 1, 2, 8, 8, (2, 3), 4, 0.0, 0.0)
    model.build(None)
    return model


def game(generator=None, real=None, **options):
    keras.utils.set_random_seed(2)
    options = {
        "batch": 8,
        "policy_batch": 8,
        "times": 3,
        "start_id": START,
        "jit_compile": False,
        **options,
    }
    rates = options.pop("rates", (1e-2, 1e-2, 1e-2))
    return SequenceGame(
        generator or lstm(),
        discriminator(),
        REAL if real is None else real,
        optimizers=[keras.optimizers.Adam(rate) for rate in rates],
        **options,
    )


@pytest.mark.parametrize("size", [1, 2, 11, 500])
def test_draw_inverts_the_cumulative_distribution(size):
    logits = 3 * RNG.normal(size=(300, size)).astype("float32")
    uniform = RNG.random(300, "float32")
    probabilities = np.exp(logits - logits.max(1, keepdims=True)).astype("float64")
    ends = np.cumsum(probabilities, axis=1)
    expected = [
        np.searchsorted(row, u * row[-1], "right") for row, u in zip(ends, uniform, strict=True)
    ]
    found = np.array(draw(logits, uniform))
    # At the edge of a token, float32 sums in another order may fall on the other side.
    assert np.mean(found == np.minimum(expected, size - 1)) > 0.99
    assert found.min() >= 0 and found.max() < size


@pytest.mark.parametrize("uniform", [0.0, 1 - 2.0**-24])
def test_draw_at_the_ends_gives_a_token_that_has_a_probability(uniform):
    logits = np.full((1, 7), -50.0, "float32")
    logits[0, [2, 4]] = 0.0
    (found,) = np.array(draw(logits, np.array([uniform], "float32")))
    assert found in (2, 4) if uniform else found <= 2


def test_the_steps_of_the_generator_equal_one_pass():
    model, tokens = lstm(), RNG.integers(0, V, (3, T)).astype("int32")
    whole = model(tokens)
    for first in (1, 3):
        static, state = model.prefill(tokens[:, :first])
        step = model.make_decode_step()
        for t in range(first - 1, T):
            logits, state = step(tokens[:, t], static, state)
            # 1e-5: float32, sums of some ten terms in another order.
            np.testing.assert_allclose(logits, whole[:, t], atol=1e-5)


@pytest.mark.parametrize("name", ["vocab_size", "model_dim", "units"])
def test_the_generator_refuses_no_size(name):
    with pytest.raises(ValueError, match=f"{name} must be >= 1; got {name}=0"):
        LSTMGenerator(**{"vocab_size": V, name: 0})


@pytest.mark.parametrize("build", [lstm, transformer])
def test_a_roll_out_draws_each_token_from_the_model_after_its_own_beginning(build):
    model, places = build(), (2, 4)
    roll_out = RollOut(model, 4, T, 3, places, START)
    assert roll_out.rows == 4 * (1 + 3 * len(places))
    uniform = RNG.random((roll_out.rows, T), "float32")
    tokens = np.array(roll_out(uniform))
    shown = np.concatenate([np.full((len(tokens), 1), START), tokens[:, :-1]], axis=1)
    logits = np.array(model(shown.astype("int32")))
    for t in range(T):
        own = roll_out.batch * (1 + 3 * sum(place <= t for place in places))
        read = (tokens[:own, :t] != 0).all(axis=1)  # padding is not attended to
        expected = np.array(draw(logits[:own, t], uniform[:own, t]))
        np.testing.assert_array_equal(tokens[:own, t][read], expected[read])
        assert read.any()
    for i, place in enumerate(places):
        begun = tokens[4 + 12 * i : 16 + 12 * i, :place].reshape(4, 3, place)
        np.testing.assert_array_equal(begun, np.repeat(tokens[:4, None, :place], 3, axis=1))


def test_after_its_end_a_sequence_is_padded():
    uniform = RNG.random((64, T), "float32")
    tokens = np.array(RollOut(lstm(), 64, T, start_id=START, end_id=END)(uniform))
    plain = np.array(RollOut(lstm(), 64, T, start_id=START)(uniform))
    ended = np.cumsum(plain == END, axis=1) - (plain == END) > 0
    assert ended.any()
    np.testing.assert_array_equal(tokens, np.where(ended, 0, plain))


def test_tokens_are_worth_the_mean_of_the_completions_that_follow_them():
    one = game(real=np.full((9, 5), 4, "int32"), policy_batch=2, times=2, every=2)
    verdicts = np.array([0.9, 0.1, 0.2, 0.4, 0.6, 0.8, 0.0, 0.2, 1.0, 0.8])
    # Completions begin after 2 and after 4 tokens; the fifth is worth the whole sequence.
    expected = [[0.3, 0.3, 0.1, 0.1, 0.9], [0.7, 0.7, 0.9, 0.9, 0.1]]
    np.testing.assert_allclose(one._worth(verdicts), expected)


def test_the_policy_learns_to_write_what_the_judge_likes(monkeypatch):
    one = game(policy_batch=32, every=2, rates=(1e-2, 3e-2, 1e-2))
    monkeypatch.setattr(one, "judge", lambda tokens: np.mean(tokens == 7, axis=1))
    before = np.mean(one.write(256) == 7)
    rewards = [one.play() for _ in range(25)]
    assert np.mean(rewards[-5:]) > np.mean(rewards[:5]) + 0.2
    assert np.mean(one.write(256) == 7) > before + 0.2


def test_the_discriminator_learns_what_real_sequences_have():
    one = game(real=np.full((64, T), 9, "int32"))
    first = one.discriminate(4)
    assert one.discriminate(12, passes=2) < first / 2
    assert one.judge(one.real[:5]).min() > 0.5 > one.judge(one.write(50)).mean()


@pytest.mark.parametrize("baseline", [True, False])
def test_tokens_that_are_all_worth_the_same_teach_nothing_beside_a_baseline(baseline, monkeypatch):
    one = game(baseline=baseline)
    monkeypatch.setattr(one, "judge", lambda tokens: np.full(len(tokens), 0.5))
    before = one.generator.get_weights()
    assert one.play() == 0.5
    after = one.generator.get_weights()
    assert all(map(np.array_equal, before, after)) == baseline


def test_imitation_makes_the_real_sequences_likelier():
    one = game(real=np.tile(np.arange(4, 4 + T, dtype="int32"), (20, 1)))
    before = one.loss(one.real)
    losses = [one.imitate() for _ in range(60)]
    assert losses[0] == pytest.approx(before, rel=1e-4)  # all rows are equal
    assert one.loss(one.real) < before / 2


def test_a_game_goes_on_from_its_file_as_if_it_had_not_stopped(tmp_path):
    def rounds(one, count):
        return [(one.play(), one.discriminate(2), one.imitate()) for _ in range(count)]

    one = game()
    rounds(one, 2)
    one.save(tmp_path / "game.npz", told=[1, "two"])
    expected = rounds(one, 2)
    other = game(generator=lstm(seed=5))
    assert other.restore(tmp_path / "game.npz") == {"told": [1, "two"]}
    np.testing.assert_allclose(rounds(other, 2), expected, rtol=1e-4)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A recipe that goes on with a generator of two-character texts."""
    texts = [a + b for a in "春夏秋冬" for b in "風花雪月"]
    poems = [f"{a}，{b}。" for a, b in texts]
    tokenizer = SentencePieceTokenizer.train(poems, 300, model_type="char", lossless=True)
    model = TransformerLM(tokenizer.vocab_size, 16, 1, 8, 2, 16, dropout=0.0)
    generator = TextGenerator(model, tokenizer, form={"line_length": 1, "marks": "，。"})
    generator.build()
    monkeypatch.setattr(registry, "find", lambda name: name)
    monkeypatch.setattr(registry, "load", lambda name, task: generator)
    return AdversarialRecipe(
        start="tiny",
        texts=lambda data_dir: (poems, poems[:5]),
        model=functools.partial(TextClassifier, model_dim=8, filters=4, kernel_sizes=(2,)),
        steps=4,
        batch=4,
        times=2,
        every=2,
        warmup=1,
        interval=2,
        samples=8,
    )


def run(recipe, folder, **options):
    return recipe.train(out=folder / "out", run_dir=folder / "run", verbose=0, **options)


def log(folder):
    return (folder / "run" / "log.csv").read_text().splitlines()


def test_a_run_goes_on_from_its_last_checkpoint_and_keeps_what_validation_chose(tiny, tmp_path):
    run(tiny, tmp_path, steps=2)
    first = log(tmp_path)
    path = run(tiny, tmp_path)
    rows = log(tmp_path)
    assert rows[:3] == first and [row.partition(",")[0] for row in rows[1:]] == ["0", "2", "4"]
    written = keras.models.load_model(path).generate(["", ""], form=True, seed=1)
    assert all(len(text) == 4 and text[1] == "，" for text in written)
    judge = tiny.discriminator(tmp_path / "run", registry.load("tiny", task=None))
    assert judge(np.array([[5, 6, 7]])).shape == (1, 2)


def test_of_the_rounds_within_the_tolerance_the_judge_chooses(tiny):
    rows = [(0, 4.0, 6.0), (20, 4.04, 5.5), (40, 4.06, 5.0), (60, 4.05, 5.6)]
    rows = [dict(zip(("round", "valid_loss", "judge"), row, strict=True)) for row in rows]
    assert tiny.chosen(rows)["round"] == 20
    assert dataclasses.replace(tiny, tolerance=0.1).chosen(rows)["round"] == 40
