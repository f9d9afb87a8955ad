"""`zoo.Matcher`: which sentence answers a question, and what the words looked at."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from noise import noisy

import zoo
from zoo import evaluation, serving
from zoo.cli.main import main
from zoo.models import CompareAggregate
from zoo.text import SentencePieceTokenizer, rarity, word_vectors

NAMES = "anna bert carla dirk emil frida gustav hanna ivan jana".split()
PLACES = "rome paris berlin madrid vienna oslo".split()
FILLER = "the day was long and nobody came to see".split()
QUESTION = "where does anna live"
SENTENCES = ["bert lives in rome", "anna lives in paris", "the day was long", ""]


def triples(count, seed):
    """Where somebody lives is asked, and one of four sentences says so."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        names = rng.sample(NAMES, 3)
        question = f"where does {names[0]} live"
        texts = [f"{name} lives in {rng.choice(PLACES)}" for name in names]
        texts.append(" ".join(rng.sample(FILLER, 5)))
        rows += [(question, text, int(i == 0)) for i, text in enumerate(texts)]
    rng.shuffle(rows)
    return rows


@pytest.fixture(scope="module")
def taught():
    keras.utils.set_random_seed(1)
    train = triples(60, 0)
    lines = [text for row in train for text in row[:2]]
    words = SentencePieceTokenizer.train(lines, 400, lowercase=True)
    model = CompareAggregate(words.vocab_size, 16, 16, (1, 2), dropout=0.1, embedding_dropout=0.1)
    matcher = zoo.Matcher(model, words, name="where")
    matcher.compile(keras.optimizers.Adam(1e-2), metrics=["accuracy"])
    history = matcher.fit(
        train, epochs=12, batch_size=8, validation_data=triples(20, 1), verbose=0
    ).history
    assert history["val_accuracy"][-1] == 1
    matcher.calibrate(triples(20, 2))
    return matcher


def test_sentences_come_in_the_order_in_which_they_answer(taught):
    found = taught.match(QUESTION, SENTENCES)
    assert found[0][0] == "anna lives in paris" and found[-1] == ("", 0.0)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True) and scores[0] > 0.5 > scores[1]
    assert sorted(text for text, _ in found) == sorted(SENTENCES)
    assert taught.match(QUESTION, SENTENCES, top_k=1) == found[:1]
    assert taught.match(QUESTION, []) == []


def test_one_sentence_and_pairs_get_their_score(taught):
    found = dict(taught.match(QUESTION, SENTENCES))
    assert taught.match(QUESTION, SENTENCES[1]) == pytest.approx(found[SENTENCES[1]], abs=1e-6)
    pairs = [(QUESTION, text) for text in SENTENCES]
    expected = [found[text] for text in SENTENCES]
    assert taught.match(pairs) == pytest.approx(expected, abs=1e-6)
    np.testing.assert_allclose(taught.predict(pairs, batch_size=3, verbose=0), expected, atol=1e-6)
    np.testing.assert_allclose(taught(tf.constant(pairs)), expected, atol=1e-6)
    np.testing.assert_allclose(taught(pairs), expected, atol=1e-6)
    data = tf.data.Dataset.from_tensor_slices(tuple(map(list, zip(*pairs, strict=True)))).batch(3)
    np.testing.assert_allclose(taught.predict(data, verbose=0), expected, atol=1e-6)


def test_a_lone_surrogate_is_read_in_a_call_as_by_the_verb(taught):
    score = taught.match("where \ud800", "rome \udc00")
    assert taught([("where \ud800", "rome \udc00")]).numpy()[0] == pytest.approx(score, abs=1e-6)


def test_equal_sentences_keep_their_order(taught):
    found = taught.match(QUESTION, ["oslo", "rome is old", "oslo"], return_dict=True)
    assert [out.sentence for out in found].count("oslo") == 2
    assert len({out.score for out in found}) == 2
    assert taught.match("", ["", ""]) == [("", 0.0), ("", 0.0)]


def test_a_score_does_not_depend_on_the_other_sentences(taught):
    long = " ".join(FILLER * 30)
    together = dict(taught.match(QUESTION, [*SENTENCES, long, "\x00�😀 العربية"]))
    for text in SENTENCES:
        assert taught.match(QUESTION, text) == pytest.approx(together[text], abs=1e-5)


def test_it_says_what_each_word_looked_at(taught):
    out = taught.match(QUESTION, SENTENCES[1], return_dict=True)
    assert out.attention.shape == (1, 1, len(out.tokens), len(out.source_tokens))
    sums = out.attention.sum(-1)
    assert (sums <= 1 + 1e-5).all() and (out.attention >= 0).all()
    shared = [t for t, token in enumerate(out.tokens) if token in out.source_tokens]
    seen = [out.source_tokens[int(out.attention[0, 0, t].argmax())] for t in shared]
    assert shared and seen == [out.tokens[t] for t in shared]
    assert "0." in repr(out) and out.text == SENTENCES[1]
    figure = zoo.plot_attention(out)
    drawn = [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert sum(bool(text) for text in drawn) >= len(out.tokens)


def test_training_reads_triples_columns_and_data_sets(taught):
    rows = triples(10, 3)
    expected = taught.evaluate(rows, verbose=0)
    questions, texts, labels = map(list, zip(*rows, strict=True))
    pairs = list(zip(questions, texts, strict=True))
    assert taught.evaluate(pairs, labels, verbose=0) == pytest.approx(expected, rel=1e-5)
    dataset = tf.data.Dataset.from_tensor_slices((questions, texts, labels))
    for data in (dataset, dataset.batch(7)):
        assert taught.evaluate(data, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_a_list_has_one_right_text_or_none(taught):
    rows = [("q", "a", 1), ("q", "b", 1), ("q", "c", 0), ("r", "d", 0)]
    batches = list(taught.batches(rows, batch_size=1))
    shapes = [inputs["text"].shape[1] for inputs, *_ in batches]
    places = [int(place[0]) for _, place, _ in batches]
    assert shapes == [2, 2, 1] and places == [1, 1, 0]
    many = [("q", "a", 1), *(("q", f"{i}", 0) for i in range(50))]
    ((inputs, *_),) = taught.batches(many, batch_size=1, shuffle=1)
    assert inputs["text"].shape[1] == 20
    (_, place, weights) = next(iter(taught.batches(rows, batch_tokens=4096)))
    assert place.dtype == tf.int32 and set(weights.numpy()) == {1.0}


def test_calibration_makes_scores_probabilities_and_keeps_the_order(taught, tmp_path):
    taught.save(tmp_path / "model.keras")
    matcher = keras.models.load_model(tmp_path / "model.keras")
    pairs = [(QUESTION, text) for text in SENTENCES]
    np.testing.assert_array_equal(matcher.answer(pairs), taught.answer(pairs))
    assert matcher.settings() == taught.settings()
    rng = random.Random(0)
    rows = [(q, t, y if rng.random() < 0.8 else 1 - y) for q, t, y in triples(60, 4)]
    before = [text for text, _ in matcher.match(QUESTION, SENTENCES)]
    threshold = matcher.calibrate(rows)
    assert [text for text, _ in matcher.match(QUESTION, SENTENCES)] == before
    found, right = matcher.answer([row[:2] for row in rows]), np.array([y for *_, y in rows])
    assert found.mean() == pytest.approx(right.mean(), abs=0.02)

    def f1(at):
        said = found >= at
        return 2 * (said & (right == 1)).sum() / (said.sum() + right.sum())

    assert f1(threshold) >= max(map(f1, np.linspace(0, 1, 101))) - 1e-6


def test_an_export_scores_pairs_and_says_what_was_looked_at(taught, tmp_path):
    version = serving.export(taught, tmp_path)
    loaded = tf.saved_model.load(str(version)).signatures
    inputs = {"query": tf.constant([QUESTION] * 4), "text": tf.constant(SENTENCES)}
    expected = taught.answer([(QUESTION, text) for text in SENTENCES])
    found = loaded["serving_default"](**inputs)
    assert list(found) == ["score"]
    np.testing.assert_allclose(found["score"], expected, atol=1e-6)
    found = {name: value.numpy() for name, value in loaded["attention"](**inputs).items()}
    out = taught.match(QUESTION, SENTENCES[1], return_dict=True)
    tokens = [token.decode() for token in found["source_tokens"][1]]
    assert tokens[: len(out.source_tokens)] == out.source_tokens
    assert [token.decode() for token in found["target_tokens"][1]] == out.tokens
    size = len(out.source_tokens)
    np.testing.assert_allclose(found["attention"][1, :, :size], out.attention[0, 0], atol=1e-6)
    assert not found["attention"][1, :, size:].any()


def test_a_lite_file_answers_the_same(taught, tmp_path):
    pytest.importorskip("ai_edge_litert")
    reader = serving.open_litert(serving.export_litert(taught, tmp_path, weights="float32"))
    assert isinstance(reader, serving.LiteMatcher)
    for ours, theirs in zip(
        taught.match(QUESTION, SENTENCES), reader.match(QUESTION, SENTENCES), strict=True
    ):
        assert theirs[0] == ours[0] and theirs[1] == pytest.approx(ours[1], abs=1e-5)
    text = "\n".join([QUESTION, *SENTENCES])
    assert reader.ask([text]) == taught.ask([text]) == ["anna lives in paris"]


def test_the_command_line_writes_scores_and_sentences(taught, tmp_path, capsys):
    path, picture = str(tmp_path / "where.keras"), tmp_path / "where.png"
    taught.save(path)
    assert main(["match", path, QUESTION, *SENTENCES[:2], "--attend", str(picture)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [text for _, text in lines] == SENTENCES[1::-1] and picture.exists()
    assert float(lines[0][0]) > float(lines[1][0])
    assert main(["match", path, "--attend", str(picture)]) == 2
    assert main(["match", path, "--top-k", "1"]) == 2
    assert main(["classify", path, "a"]) == 2


def test_bad_input_is_named(taught):
    model, words = taught.model, taught.tokenizer
    for options, message in (
        ({"scale": 0}, "scale must be > 0"),
        ({"offset": float("nan")}, "offset must be finite"),
        ({"threshold": 2}, r"threshold must be in \[0, 1\]"),
        ({"max_length": 0}, "max_length must be >= 1"),
    ):
        with pytest.raises(ValueError, match=message):
            zoo.Matcher(model, words, **options)
    with pytest.raises(
        ValueError, match=r"labels must be whole numbers from 0 to 1; got x\[1\]\[2\]=2"
    ):
        taught.fit([("a", "b", 1), ("a", "c", 2)])
    with pytest.raises(ValueError, match="one label for each pair; got 1 for 2"):
        taught.fit([("a", "b"), ("a", "c")], [1])
    with pytest.raises(TypeError, match=r"got x\[0\]=\('a', 'b'\)"):
        taught.fit([("a", "b")])
    with pytest.raises(ValueError, match="at least one triple"):
        taught.fit([])
    with pytest.raises(ValueError, match="label_smoothing must be 0"):
        taught.compile(label_smoothing=0.1)
    with pytest.raises(ValueError, match="matches and others; got 1 of 1"):
        taught.calibrate([("a", "b", 1)])
    with pytest.raises(TypeError, match="question must be a str with sentences"):
        taught.match(["a"], ["b"])
    with pytest.raises(TypeError, match="sentences must be a str or a list of str"):
        taught.match("a", [1])
    with pytest.raises(TypeError, match="sentences must be .* got sentences=None"):
        taught.match("a", None)
    with pytest.raises(TypeError, match="question must be a list of"):
        taught.match(3)
    columns = tf.constant([["a"]]), tf.constant([["b"]]), tf.constant([1])
    with pytest.raises(ValueError, match="x must be a dataset of .* got a dataset of .*TensorSpec"):
        taught.fit(tf.data.Dataset.from_tensors(columns))
    with pytest.raises(ValueError, match="top_k must be >= 1; got top_k=0"):
        taught.match("a", ["b"], top_k=0)
    with pytest.raises(ValueError, match="a sentence in each other"):
        taught.ask("a question alone")


def test_measures_of_orders_that_are_known():
    assert evaluation.average_precision([3, 2, 1], [1, 0, 1]) == pytest.approx((1 + 2 / 3) / 2)
    assert evaluation.reciprocal_rank([1, 2, 3], [1, 0, 0]) == pytest.approx(1 / 3)
    # A tie never helps.
    assert evaluation.average_precision([1, 1, 1], [1, 0, 0]) == pytest.approx(1 / 3)
    assert evaluation.reciprocal_rank([1, 1], [0, 0]) == 0
    found = evaluation.ndcg([4, 3, 2, 1], [0, 2, 0, 1], k=3)
    assert found == pytest.approx((2 / np.log2(3)) / (2 + 1 / np.log2(3)))
    assert evaluation.ndcg([1], [1], k=10, ideal=[1, 1]) == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert evaluation.ndcg([1], [0], k=10) == 0
    better = evaluation.paired_bootstrap([1, 1, 1, 0.5], [0.5, 0.5, 0, 0.5])
    assert better["difference"] == 0.5 and better["p"] < 0.05 and better["low"] > 0
    assert evaluation.paired_bootstrap([1, 0], [0, 1])["p"] > 0.5


def test_a_matcher_is_measured_beside_words_that_are_shared(taught):
    lists = {"where does anna live": [("anna lives in rome", 1), ("bert lives in rome", 0)]}
    lists["who"] = [("nobody", 0)]  # no answer: counts in nothing
    lexical = evaluation.answers.Lexical(["anna lives in rome", "bert lives in oslo"])
    found = evaluation.measure_answers(taught, lists, lexical)
    assert found["questions"] == 1 and found["map"] == found["mrr"] == found["right_first"] == 1
    assert {y["map"] for y in found["matching_baselines"].values()} == {1.0}
    with pytest.raises(ValueError, match="a question with an answer"):
        evaluation.measure_answers(taught, {"who": [("nobody", 0)]}, lexical)


def test_vectors_of_words_with_like_neighbours_are_near():
    rng = random.Random(0)
    animals, tools = range(10, 14), range(14, 18)
    rows = []
    for _ in range(800):
        kind, verbs = rng.choice([(animals, (4, 5, 6)), (tools, (7, 8, 9))])
        rows.append([rng.choice(verbs), rng.choice(kind), rng.choice(verbs)])
    vectors = word_vectors(rows, 20, 4, window=2)
    assert vectors.shape == (20, 4) and not vectors[[0, 18, 19]].any()
    near = vectors @ vectors.T
    assert near[10, 11] > near[10, 15] and near[14, 17] > near[14, 12]
    np.testing.assert_array_equal(vectors, word_vectors(rows, 20, 4, window=2))
    with pytest.raises(ValueError, match="dim must be in"):
        word_vectors(rows, 20, 20)
    rare = rarity([[4, 5], [4, 6], [4, 4]], 8)
    assert rare[4] < rare[5] == rare[6] < rare[7] == 1


def test_the_whole_question_is_seen_from_every_token_of_a_text_and_no_padding_with_it():
    model = noisy(lambda: CompareAggregate(9, 6, 5, (1, 3), whole_query=True), 0.5)
    query, text = np.array([[3, 4, 5]]), np.array([[[6, 7, 8, 6], [7, 3, 0, 0]]])
    expected = model({"query": query, "text": text})
    wider = {
        "query": np.pad(query, ((0, 0), (0, 2))),
        "text": np.pad(text, ((0, 0), (0, 1), (0, 3))),
    }
    # 1e-5: sums over more terms, which are 0, in another order.
    np.testing.assert_allclose(model(wider)[:, :3], expected, atol=1e-5)
    alone = model({"query": query, "text": text[:, :1]})
    np.testing.assert_allclose(alone, expected[:, :2], atol=1e-5)

    # By hand: what stands beside each token of the text.
    x, y = model._read(query, False), model._read(text[:, 0], False)
    scores = (x @ model.whole_dense.kernel + model.whole_dense.bias)[..., 0]
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    whole = np.sum(shares[..., None] * x, axis=1)
    found, times = model._with_whole(y, x, query)
    np.testing.assert_allclose(found, np.repeat(whole[:, None], 4, axis=1), atol=1e-6)
    np.testing.assert_allclose(times, whole[:, None] * np.array(y), atol=1e-6)
