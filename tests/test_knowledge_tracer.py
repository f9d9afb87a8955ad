"""`zoo.KnowledgeTracer`: whether the next answer is right, and on which earlier ones that rests."""

import random
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from noise import noisy

import zoo
from zoo import evaluation, serving
from zoo.cli.main import main
from zoo.layers import MonotonicAttention, MultiHeadAttention
from zoo.models import AKT, DKT
from zoo.models.akt import attempt_counts

SKILLS = ["adding", "halving", "counting"]


def pupils(count, seed):
    """Pupils who know some skills and not others, and answer accordingly."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        known = [rng.random() < 0.5 for _ in SKILLS]
        skills = [rng.randrange(3) for _ in range(rng.randint(2, 14))]
        found.append([(SKILLS[skill], known[skill]) for skill in skills])
    return found


@pytest.fixture(scope="module")
def taught():
    keras.utils.set_random_seed(1)
    model = AKT(3, context_length=8, model_dim=16, num_heads=2, ff_dim=16, dropout=0.0)
    tracer = zoo.KnowledgeTracer(model, SKILLS, name="class")
    tracer.compile(keras.optimizers.Adam(1e-2), label_smoothing=0.0, metrics=["accuracy"])
    tracer.fit(pupils(600, 0), epochs=12, batch_size=64, verbose=0)
    return tracer


PAST = [("adding", True), ("halving", False), ("adding", True)]


def test_one_pupil_or_several(taught):
    assert taught.trace(PAST, "adding") > 0.8
    assert taught.trace(PAST, 2) < 0.2  # by its number
    assert taught.trace(PAST, "counting") == pytest.approx(0.5, abs=0.2)
    assert taught.trace([], "counting") == pytest.approx(0.5, abs=0.2)
    several = taught.trace([PAST, []], ["halving", "adding"])
    assert several == pytest.approx([taught.trace(PAST, 2), taught.trace([], 1)], abs=1e-5)
    assert taught.trace([PAST, []], "adding")[0] == pytest.approx(taught.trace(PAST, 1), abs=1e-5)


def test_it_says_on_which_answers_it_rests(taught):
    out = taught.trace(PAST, "halving", return_dict=True)
    assert out.source_tokens == ["(start)", "adding ✓", "halving ✗", "adding ✓"]
    assert out.attention.shape == (1, 2, 1, 4)
    assert out.attention.sum(-1) == pytest.approx(1, abs=1e-5)
    place, answer, share = out.attended[0]
    assert (place, answer) == (1, "halving ✗") and share > 0.5
    assert zoo.plot_attention(out).axes and "halving" in repr(out)


def test_no_answer_is_told_by_itself_or_by_later_ones(taught):
    row = [("adding", True), ("halving", True), ("adding", False), ("counting", True)]
    whole = taught.probabilities([row])[0]
    assert whole.shape == (4,)
    for t in range(4):
        flipped = [*row[:t], *((skill, not right) for skill, right in row[t:])]
        np.testing.assert_allclose(
            taught.probabilities([flipped])[0][: t + 1], whole[: t + 1], atol=1e-5
        )
        assert taught.trace(row[:t], row[t][0]) == pytest.approx(whole[t], abs=1e-5)
    beside = taught.probabilities([row, pupils(1, 3)[0] * 5, []])
    np.testing.assert_allclose(beside[0], whole, atol=1e-5)
    assert beside[2].shape == (0,)


def test_pupils_longer_than_the_context_are_cut_and_all_answers_count(taught):
    row = pupils(1, 4)[0][:2] * 10
    assert len(row) == 20
    found = taught.probabilities([row])[0]
    pieces = [taught.probabilities([row[i : i + 8]])[0] for i in (0, 8, 16)]
    np.testing.assert_allclose(found, np.concatenate(pieces), atol=1e-5)
    weights = sum(float(tf.reduce_sum(w)) for _, _, w in taught.batches([row]))
    assert weights == 20
    out = taught.trace(row, "adding", return_dict=True)
    assert len(out.source_tokens) == 8  # the start and the newest seven
    assert out.probability == pytest.approx(taught.trace(row[-7:], "adding"), abs=1e-5)


def test_the_loss_is_the_mean_over_answers(taught):
    rows = [row[:8] for row in pupils(30, 7)]
    found = np.concatenate(taught.probabilities(rows))
    right = np.array([right for row in rows for _, right in row])
    expected = -np.log(np.where(right, found, 1 - found)).mean()
    assert taught.evaluate(rows, verbose=0)[0] == pytest.approx(expected, rel=1e-3)
    measured = evaluation.measure_tracing(taught, rows, pupils(20, 8))
    assert measured["loss"] == pytest.approx(expected, rel=1e-4)
    assert measured["auc"] > 0.7 > measured["skill_auc"]
    sure = measured["skill_bootstrap"]
    difference = measured["auc"] - measured["skill_auc"]
    assert 0 < sure["low"] < difference < sure["high"] and sure["p"] == 0
    assert (measured["pupils"], measured["answers"]) == (30, len(right))
    assert measured["accuracy"] == pytest.approx(np.mean((found >= 0.5) == right))


def test_predict_gives_the_probability_of_the_last_answer(taught):
    rows = [[*PAST, ("halving", True)], [*PAST, "halving"], ["adding"]]
    found = taught.predict(rows, verbose=0)
    assert found.dtype == np.float32
    expected = [taught.trace(PAST, 2), taught.trace(PAST, 2), taught.trace([], 1)]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    text = "adding=1\nhalving=0\nadding=1\nhalving"
    np.testing.assert_allclose(taught.predict([text], verbose=0), found[:1], atol=1e-5)
    np.testing.assert_allclose(taught(tf.constant([text])), found[:1], atol=1e-5)
    assert taught.ask(text) == f"{found[0]:.3f}" and taught.ask([text]) == [taught.ask(text)]


def test_the_skills_are_in_the_file(taught, tmp_path):
    taught.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.skills == SKILLS
    assert loaded.trace(PAST, "halving") == pytest.approx(taught.trace(PAST, "halving"), abs=1e-6)


def test_an_export_answers_as_python_does(taught, tmp_path):
    loaded = tf.saved_model.load(str(serving.export(taught, tmp_path))).signatures
    text = "adding=1\r\nnothing=1\n2=0\nhalving=2\nhalving\n adding=1\nhalving"
    texts = tf.constant([text, "counting", ""])
    found = loaded["serving_default"](answers=texts)["probability"]
    expected = [taught.trace(PAST, 2), taught.trace([], 3)]
    np.testing.assert_allclose(found[:2], expected, atol=1e-5)
    assert np.isfinite(found[2])
    found = {name: value.numpy() for name, value in loaded["attention"](texts).items()}
    out = taught.trace(PAST, 2, return_dict=True)
    assert [token.decode() for token in found["source_tokens"][0]] == out.source_tokens
    assert [token.decode() for token in found["source_tokens"][1]] == ["(start)", "", "", ""]
    np.testing.assert_allclose(found["attention"][0, 0], out.attention.mean((0, 1, 2)), atol=1e-5)
    assert [token.decode() for token in found["target_tokens"][:2, 0]] == ["halving", "counting"]
    assert found["text"][0].decode() == f"{expected[0]:.3f}"


def test_a_lite_file_answers_the_same(taught, tmp_path):
    pytest.importorskip("ai_edge_litert")
    reader = serving.open_litert(serving.export_litert(taught, tmp_path, weights="float32"))
    assert isinstance(reader, serving.LiteKnowledgeTracer)
    pupils_so_far = [PAST, [], PAST * 9]
    np.testing.assert_allclose(
        reader.trace(pupils_so_far, "halving"), taught.trace(pupils_so_far, "halving"), atol=1e-5
    )
    assert reader.trace(PAST, 1) == pytest.approx(taught.trace(PAST, 1), abs=1e-5)
    assert reader.ask("adding=1\nhalving") == taught.ask("adding=1\nhalving")
    with pytest.raises(TypeError, match="inputs must be a str or a list of str; got None"):
        reader.ask(None)


def test_bad_input_is_named(taught):
    with pytest.raises(ValueError, match=r"got skill='ading'\. Did you mean adding"):
        taught.trace(PAST, "ading")
    with pytest.raises(ValueError, match=r"got answers\[0\]\[1\]\[0\]=4\.$"):
        taught.trace([PAST[0], (4, True)], "adding")
    with pytest.raises(ValueError, match=r"right must be .*got answers\[0\]\[0\]\[1\]=2"):
        taught.trace([("adding", 2)], "adding")
    with pytest.raises(TypeError, match=r"pairs of \(skill, right\); got x\[0\]\[0\]='adding'"):
        taught.fit([["adding", "halving"]])
    with pytest.raises(ValueError, match="one for each pupil; got 1 for 2"):
        taught.trace([PAST, []], ["adding"])
    with pytest.raises(ValueError, match="at least one sequence"):
        taught.fit([])
    with pytest.raises(ValueError, match="y must be None"):
        taught.fit([PAST], [1])
    with pytest.raises(ValueError, match="one answer or more"):
        taught.predict([[]], verbose=0)
    with pytest.raises(ValueError, match="a skill, '=', 1 or 0"):
        taught.ask("adding\nhalving")
    with pytest.raises(ValueError, match="skills must be one or more, each another"):
        zoo.KnowledgeTracer(taught.model, ["a", "a"])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: t.trace(PAST, None), TypeError, "skill must be a name or a number.* got None"),
        (lambda t: t.trace(PAST, 1.5), TypeError, r"skill must be .* got 1\.5 \(float\)"),
        (
            lambda t: t.trace([PAST, 5], 1),
            TypeError,
            r"answers must be lists of .* got answers\[1\]=5",
        ),
        (lambda t: t.probabilities([1, 2]), TypeError, r"x must be lists of .* got x\[0\]=1"),
        (lambda t: t.fit([1, 2]), TypeError, r"x must be lists of \(skill, right\); got x\[0\]=1"),
        (lambda t: t.fit(["adding=1"]), TypeError, r"x must be lists .* got x\[0\]='adding=1'"),
        (lambda t: t.predict([5]), TypeError, r"x must be lists of .* got x\[0\]=5"),
        (lambda t: t.predict([PAST, None]), TypeError, r"x must be lists .* got x\[1\]=None"),
        (
            lambda t: t.trace([(1, np.array([1, 0]))], 1),
            ValueError,
            r"right must be .* got answers\[0\]\[0\]\[1\]=array\(\[1, 0\]\)",
        ),
        (lambda t: t.ask(None), TypeError, "inputs must be a str or a list of str; got None"),
        (lambda t: t.ask(["adding", 5]), TypeError, r"inputs must be a str .* got inputs\[1\]=5"),
        (lambda t: t(["adding", None]), TypeError, r"inputs must be .* got inputs\[1\]=None"),
        (
            lambda t: t.fit(tf.data.Dataset.from_tensors("adding=1")),
            ValueError,
            r"x must be a list of sequences.* got a dataset of TensorSpec",
        ),
    ],
)
def test_another_kind_of_input_is_named(taught, call, error, message):
    with pytest.raises(error, match=message):
        call(taught)


def test_a_text_may_be_bytes_or_alone_and_hold_any_character(taught):
    text = "adding=1\nhalving"
    expected = taught.predict([text], verbose=0)
    np.testing.assert_array_equal(taught.predict([text.encode()], verbose=0), expected)
    np.testing.assert_array_equal(taught.predict(text, verbose=0), expected)
    assert taught.ask(np.array([text])) == [taught.ask(text)]
    np.testing.assert_allclose(taught([f"\ud800=1\n{text}"]), expected, atol=1e-6)


def test_the_area_under_the_curve_counts_a_tie_half():
    assert evaluation.auc([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]) == 1
    assert evaluation.auc([0.1, 0.3, 0.2, 0.4], [0, 1, 1, 0]) == 0.5
    assert evaluation.auc([0.5, 0.5, 0.5], [0, 1, 1]) == 0.5
    assert evaluation.auc([0.1, 0.5, 0.5], [0, 1, 0]) == 0.75
    with pytest.raises(ValueError, match="both kinds; got 2 right and 0 wrong"):
        evaluation.auc([0.1, 0.2], [1, 1])


def test_monotonic_attention_is_the_formula_of_the_paper():
    keras.utils.set_random_seed(2)
    layer = MonotonicAttention(2, 3)
    x = np.random.default_rng(0).normal(size=(1, 5, 6)).astype("float32")
    layer(x, x)
    layer.rate.assign(np.array([0.3, -1.0]).reshape(2, 1, 1))
    _, found = layer(x, x, use_causal_mask=True, return_attention_scores=True)
    queries = np.asarray(layer.project_query(x))[0] / np.sqrt(3)
    keys = np.asarray(layer.project(x)[0])[0]
    for h in range(2):
        rate = np.log1p(np.exp([0.3, -1.0][h]))
        for t in range(5):
            scores = np.array([queries[h, t] @ keys[h, s] for s in range(t + 1)])
            shares = np.exp(scores) / np.exp(scores).sum()
            distance = [np.sqrt((t - s) * shares[s + 1 :].sum()) for s in range(t + 1)]
            weights = np.exp(np.exp(-rate * np.array(distance)) * scores)
            np.testing.assert_allclose(
                np.asarray(found)[0, h, t, : t + 1], weights / weights.sum(), atol=1e-5
            )


def test_without_decay_it_is_plain_attention():
    plain, layer = MultiHeadAttention(2, 3), MonotonicAttention(2, 3)
    x = np.random.default_rng(1).normal(size=(2, 4, 6)).astype("float32")
    plain(x, x), layer(x, x)
    rate = np.full((2, 1, 1), -50.0)
    layer.set_weights(
        [rate if w is layer.rate else plain.weights[i - 1] for i, w in enumerate(layer.weights)]
    )
    np.testing.assert_allclose(
        layer(x, x, use_causal_mask=True), plain(x, x, use_causal_mask=True), atol=1e-5
    )


def test_counts_of_attempts_are_those_by_hand():
    skills = np.array([[1, 2, 1, 1, 2]])
    past = np.array([[0, 1 + 3, 2, 1 + 3, 1]])  # of three skills: right, wrong, right, wrong
    counts = np.expm1(attempt_counts(skills, past, 3)[0])
    assert counts.shape == (5, 14)
    # Without decay: of the skill right and wrong, of all right and wrong. 1e-5: float32.
    np.testing.assert_allclose(counts[:, 6], [0, 0, 1, 2, 0], atol=1e-5)
    np.testing.assert_allclose(counts[:, 7], [0, 0, 0, 0, 1], atol=1e-5)
    np.testing.assert_allclose(counts[:, 12], [0, 1, 1, 2, 2], atol=1e-5)
    np.testing.assert_allclose(counts[:, 13], [0, 0, 1, 1, 2], atol=1e-5)
    # Those of the skill that count for 1/e after one answer: places 1 and 3, seen from place 3.
    np.testing.assert_allclose(counts[3, 0], np.exp(-2) + 1, atol=1e-5)
    np.testing.assert_allclose(counts[3, 8], np.exp(-2 / 3) + 1, atol=1e-5)


def test_with_counts_an_export_and_a_lite_file_answer_the_same(tmp_path):
    pytest.importorskip("ai_edge_litert")

    def build():
        model = AKT(3, context_length=8, model_dim=8, num_heads=2, ff_dim=8, counts=True)
        return zoo.KnowledgeTracer(model, SKILLS)

    tracer = noisy(build, 0.3)
    pupils_so_far = [PAST, [], PAST * 9]
    expected = tracer.trace(pupils_so_far, "halving")
    assert np.ptp(expected) > 0.01  # they differ
    texts = ["\n".join([*(f"{name}={right:d}" for name, right in row), "halving"])
             for row in pupils_so_far]  # fmt: skip
    served = tf.saved_model.load(str(serving.export(tracer, tmp_path / "saved"))).signatures
    found = served["serving_default"](answers=tf.constant(texts))["probability"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    reader = serving.open_litert(
        serving.export_litert(tracer, tmp_path / "lite", weights="float32")
    )
    np.testing.assert_allclose(reader.trace(pupils_so_far, "halving"), expected, atol=1e-5)


def test_counts_tell_nothing_of_later_answers_nor_of_the_row_beside():
    model = noisy(lambda: AKT(3, 8, model_dim=8, num_heads=2, ff_dim=8, counts=True))
    answers = np.array([[4, 2, 1, 4, 5, 0, 0, 0], [1, 2, 3, 4, 5, 6, 1, 2]])
    whole = np.array(model(answers))
    for t in range(5):
        changed = answers.copy()
        changed[0, t] = (changed[0, t] + 2) % 6 + 1  # another answer at t, of the same skill
        changed[0, t + 1 :] = 3
        np.testing.assert_allclose(model(changed)[0, :t], whole[0, :t], atol=1e-5)
        np.testing.assert_allclose(model(changed)[0, t], whole[0, t], atol=1e-5)
    alone = model(answers[:1, :5])
    np.testing.assert_allclose(alone[0], whole[0, :5], atol=1e-5)


def test_the_recurrent_baseline_looks_at_the_past_alone():
    model = DKT(3, context_length=8, units=5)
    rows = np.array([[1, 5, 3, 6]], "int32")
    whole = np.asarray(model(rows))
    assert whole.shape == (1, 4, 2) and np.all(whole[..., 0] == 0)
    for t in range(4):
        other = rows.copy()
        other[0, t] = (other[0, t] + 2) % 6 + 1  # the same skill, the other outcome
        np.testing.assert_allclose(
            np.asarray(model(other))[0, : t + 1], whole[0, : t + 1], atol=1e-6
        )
    with pytest.raises(ValueError, match="at most context_length=8 columns; got 9"):
        model(np.ones((1, 9), "int32"))


def test_the_command_line(taught, tmp_path, capsys, monkeypatch):
    path, picture = str(tmp_path / "class.keras"), tmp_path / "why.png"
    taught.save(path)
    command = ["trace", "--model", path]
    assert (
        main([*command, "adding=1", "halving=0", "halving", "--why", "--attend", str(picture)]) == 0
    )
    said = capsys.readouterr()
    assert float(said.out) == pytest.approx(taught.trace(PAST[:2], "halving"), abs=1e-3)
    assert "rests on halving ✗ (2.)" in said.err and picture.exists()
    lines = tmp_path / "lines"
    lines.write_text("adding=1\thalving=0\thalving\nadding\n", encoding="utf-8")
    with lines.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(command) == 0
    assert capsys.readouterr().out.split() == [said.out.strip(), taught.ask("adding")]
    assert main([*command, "ading"]) == 2 and "Did you mean adding" in capsys.readouterr().err
    assert main([*command, "--why"]) == 2
