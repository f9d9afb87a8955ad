"""`zoo.Classifier`: the class of a text, how sure it is, and what it looked at."""

import json
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from toys import AttentiveBag

import zoo
from zoo import evaluation, serving
from zoo.cli.main import main
from zoo.text import SentencePieceTokenizer

GOOD, BAD = "wonderful great lovely moving".split(), "awful boring dull weak".split()
NEUTRAL = "film story actor plot the a".split()
LABELS = ["negative", "positive"]
TEXTS = ["a WONDERFUL film", "", "the plot the plot the plot dull", "a"]


def examples(count, seed):
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        label = rng.randrange(2)
        words = [rng.choice((BAD, GOOD)[label]), *rng.choices(NEUTRAL, k=rng.randint(2, 5))]
        rng.shuffle(words)
        pairs.append((" ".join(words), LABELS[label]))
    return pairs


@pytest.fixture(scope="module")
def taught():
    keras.utils.set_random_seed(1)
    train = examples(300, 0)
    words = SentencePieceTokenizer.train([text for text, _ in train], 400, lowercase=True)
    classifier = zoo.Classifier(AttentiveBag(words.vocab_size, 2), words, LABELS, name="mood")
    classifier.compile(keras.optimizers.Adam(1e-2), metrics=["accuracy"])
    history = classifier.fit(train, epochs=8, batch_size=32, validation_split=0.2, verbose=0)
    assert history.history["val_accuracy"][-1] == 1
    return classifier


def test_one_text_or_several(taught):
    assert taught.classify("a WONDERFUL film") == "positive"
    assert taught.classify(["a lovely actor", "the dull plot"]) == LABELS[::-1]
    assert taught.classify([]) == []
    ranked = taught.classify("a lovely actor", top_k=5)
    assert [label for label, _ in ranked] == LABELS[::-1]
    assert sum(probability for _, probability in ranked) == pytest.approx(1, abs=1e-6)
    assert taught.classify(["a lovely actor"], top_k=1) == [ranked[:1]]


def test_predict_gives_the_probabilities_of_all_labels_in_their_order(taught):
    found = taught.predict(TEXTS, batch_size=3, verbose=0)
    assert found.shape == (4, 2) and found.dtype == np.float32
    data = tf.data.Dataset.from_tensor_slices(TEXTS).batch(3)
    # Threads add float32 in an order of their own: 3e-8 was seen.
    np.testing.assert_allclose(taught.predict(data, verbose=0), found, atol=1e-6, rtol=0)
    np.testing.assert_allclose(taught(tf.constant(TEXTS)), found, atol=1e-6)
    ranked = taught.classify(TEXTS, top_k=2)
    for row, pairs in zip(found, ranked, strict=True):
        assert dict(pairs) == pytest.approx(dict(zip(LABELS, row, strict=True)))


def test_an_answer_does_not_depend_on_the_other_texts(taught):
    together = taught.answer([*TEXTS, "the plot " * 100])
    alone = np.concatenate([taught.answer([text]) for text in TEXTS])
    np.testing.assert_allclose(together[:4], alone, atol=1e-6)


def test_it_says_what_it_looked_at(taught):
    out = taught.classify("the plot is a wonderful plot", return_dict=True)
    assert out.label == "positive" and out.probability == out.ranked[0][1]
    assert out.attention.shape == (1, 1, 1, len(out.source_tokens))
    assert out.attention.sum() == pytest.approx(1, abs=1e-5)
    most = out.source_tokens[int(out.attention.argmax())]
    assert most == "▁wonderful"
    figure = zoo.plot_attention(out)
    assert "positive" in [
        text.get_text() for axes in figure.axes for text in axes.get_yticklabels()
    ]


def unknown_rank(pairs):
    """A data set of which nobody knows beforehand whether it is batched."""
    types = (tf.string, tf.string)
    return tf.data.Dataset.from_generator(lambda: iter(pairs), output_types=types)


def test_labels_by_name_or_number_in_pairs_columns_and_data_sets(taught):
    pairs = examples(40, 3)
    texts, labels = map(list, zip(*pairs, strict=True))
    numbers = [LABELS.index(label) for label in labels]
    expected = taught.evaluate(pairs, verbose=0)
    dataset = tf.data.Dataset.from_tensor_slices
    for data in (
        (list(zip(texts, numbers, strict=True)),),
        (texts, labels),
        (np.array(texts), np.array(numbers)),
        (dataset((texts, labels)),),
        (dataset((texts, numbers)).batch(7),),
        (unknown_rank(pairs),),
    ):
        assert taught.evaluate(*data, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_the_loss_is_the_mean_over_texts(taught):
    pairs = examples(40, 3)
    found = taught.answer([text for text, _ in pairs])
    numbers = [LABELS.index(label) for _, label in pairs]
    expected = -np.log(found[np.arange(40), numbers]).mean()
    assert taught.temperature == 1
    assert taught.evaluate(pairs, verbose=0, return_dict=True)["loss"] == pytest.approx(
        expected, rel=1e-4
    )


def test_calibration_finds_the_temperature_of_least_loss_and_changes_no_label(taught, tmp_path):
    taught.save(tmp_path / "model.keras")
    classifier = keras.models.load_model(tmp_path / "model.keras")
    pairs = examples(60, 5)
    pairs = [
        (text, label if i % 5 else LABELS[1 - LABELS.index(label)])  # one in five is wrong
        for i, (text, label) in enumerate(pairs)
    ]
    texts = [text for text, _ in pairs]
    before = classifier.classify(texts)
    temperature = classifier.calibrate(pairs)
    assert classifier.classify(texts) == before

    def loss(at):
        classifier.temperature = at
        found = classifier.answer(texts)
        return -np.log(
            [row[LABELS.index(y)] for row, (_, y) in zip(found, pairs, strict=True)]
        ).mean()

    assert loss(temperature) <= min(loss(temperature * 1.05), loss(temperature / 1.05))
    classifier.temperature = temperature
    assert np.mean([p for ((_, p),) in classifier.classify(texts, top_k=1)]) == pytest.approx(
        0.8, abs=0.05
    )
    classifier.save(tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(again.answer(texts), classifier.answer(texts), atol=1e-6)


@pytest.fixture(scope="module")
def version(taught, tmp_path_factory):
    return serving.export(taught, tmp_path_factory.mktemp("exported"))


def test_an_export_gives_labels_best_first_and_what_was_looked_at(taught, version):
    loaded = tf.saved_model.load(str(version)).signatures
    found = loaded["serving_default"](text=tf.constant(TEXTS))
    for text, names, shares in zip(TEXTS, found["label"], found["probability"], strict=True):
        ranked = [name.decode() for name in names.numpy()]
        assert ranked == [label for label, _ in taught.classify(text, top_k=2)]
        np.testing.assert_allclose(
            shares, [p for _, p in taught.classify(text, top_k=2)], atol=1e-6
        )
    found = {name: value.numpy() for name, value in loaded["attention"](tf.constant(TEXTS)).items()}
    for i, text in enumerate(TEXTS):
        out = taught.classify(text, return_dict=True)
        size = len(out.source_tokens)
        assert [t.decode() for t in found["source_tokens"][i]][:size] == out.source_tokens
        np.testing.assert_allclose(
            found["attention"][i, 0, :size], out.attention[0, 0, 0], atol=1e-6
        )
        assert not found["attention"][i, 0, size:].any()
        assert found["text"][i].decode() == found["target_tokens"][i, 0].decode() == out.label


def test_a_lite_file_answers_the_same(taught, tmp_path):
    pytest.importorskip("ai_edge_litert")
    reader = serving.open_litert(serving.export_litert(taught, tmp_path, weights="float32"))
    assert isinstance(reader, serving.LiteClassifier)
    assert reader.classify(TEXTS) == taught.classify(TEXTS)
    for ours, theirs in zip(taught.classify(TEXTS, top_k=2), reader.classify(TEXTS, top_k=2)):
        assert [label for label, _ in theirs] == [label for label, _ in ours]
        assert [p for _, p in theirs] == pytest.approx([p for _, p in ours], abs=1e-5)
    manifest = tmp_path / "mood" / "litert" / "manifest.json"
    later = {**json.loads(manifest.read_text()), "format": 99}
    manifest.write_text(json.dumps(later))
    with pytest.raises(ValueError, match="format of 2 or less"):
        serving.open_litert(manifest.parent)


def test_the_command_line_writes_labels_and_probabilities(taught, tmp_path, capsys):
    taught.save(tmp_path / "mood.keras")
    assert main(["classify", str(tmp_path / "mood.keras"), "a lovely film", "dull"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    label, probability = first.split("\t")
    assert label == "positive" and 0.5 < float(probability) <= 1
    assert second.split("\t")[0] == "negative"
    picture = tmp_path / "mood.png"
    command = ["classify", str(tmp_path / "mood.keras"), "a lovely film", "--top-k", "2"]
    assert main([*command, "--attend", str(picture)]) == 0
    assert capsys.readouterr().out.split("\t")[::2] == LABELS[::-1] and picture.exists()
    assert main(["attend", str(tmp_path / "mood.keras"), "dull", "--out", str(picture)]) == 0
    assert capsys.readouterr().out == "negative\n"
    assert main(["translate", str(tmp_path / "mood.keras"), "dull"]) == 2


def test_measures_of_answers_that_are_known():
    class Known:
        labels = ["a", "b", "c"]

        def answer(self, texts):
            return np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.7, 0.3, 0.0]])

    found = evaluation.measure_labels(Known(), [("1", "a"), ("2", "b"), ("3", "b"), ("4", "a")])
    assert found["accuracy"] == 0.75 and found["texts"] == 4 and found["most_common"] == 0.5
    assert found["by_label"] == {
        "a": {"texts": 2, "precision": 2 / 3, "recall": 1.0},
        "b": {"texts": 2, "precision": 1.0, "recall": 0.5},
    }
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    # 0.9, 0.8 and 0.7 are right, 0.6 is wrong; each is alone in its bin.
    assert found["calibration_error"] == pytest.approx((0.1 + 0.2 + 0.3 + 0.6) / 4)
    assert found["mistakes"] == [{"text": "2", "label": "b", "answer": "a", "probability": 0.6}]
    with pytest.raises(ValueError, match="labels must be of a, b, c; got"):
        evaluation.measure_labels(Known(), [("1", "d")])
    with pytest.raises(ValueError, match="at least one pair"):
        evaluation.measure_labels(Known(), [])


def test_bad_input_is_named(taught):
    model, words = taught.model, taught.tokenizer
    for labels in (["a"], ["a", "a"]):
        with pytest.raises(ValueError, match="labels must be two or more, each another"):
            zoo.Classifier(model, words, labels)
    with pytest.raises(ValueError, match="temperature must be > 0"):
        zoo.Classifier(model, words, LABELS, temperature=0)
    with pytest.raises(ValueError, match=r"got x\[1\]\[1\]='neutral'"):
        taught.fit([("a", "positive"), ("b", "neutral")])
    with pytest.raises(ValueError, match=r"numbers from 0 to 1; got y\[0\]=2"):
        taught.fit(["a"], [2])
    dataset = tf.data.Dataset.from_tensor_slices
    for wrong in ([0.9, 1.0], [True, False]):
        with pytest.raises(ValueError, match="x must be a dataset of .*label a string or an int"):
            taught.fit(dataset((["a", "b"], wrong)))
    for wrong in (["positive", "neutral"], [0, 77]):
        rule = rf"^labels must be of {', '.join(LABELS)}.*got label={wrong[1]!r}\.$"
        with pytest.raises(ValueError, match=rule):
            taught.fit(dataset((["a", "b"], wrong)), verbose=0)
        with pytest.raises(ValueError, match=rule):
            taught.evaluate(dataset((["a", "b"], wrong)), verbose=0)
    with pytest.raises(TypeError, match="temperature must be a number; got temperature='1'"):
        zoo.Classifier(model, words, LABELS, temperature="1")
    with pytest.raises(TypeError, match=r"target_layer_names must be a list of str; got 'query'"):
        taught.enable_lora(2, target_layer_names="query")
    with pytest.raises(TypeError, match="lora_alpha must be a number; got lora_alpha='x'"):
        taught.enable_lora(2, lora_alpha="x")
    with pytest.raises(TypeError, match="validation_split must be a number"):
        taught.fit(["a", "b"], [0, 1], validation_split="0.5")
    with pytest.raises(ValueError, match="y must have one label for each text; got 1 for 2"):
        taught.fit(["a", "b"], [1])
    with pytest.raises(TypeError, match=r"x\[0\]\[0\]=3"):
        taught.fit([(3, 1)])
    with pytest.raises(ValueError, match="at least one pair"):
        taught.fit([])
    with pytest.raises(TypeError, match="inputs must be a str or a list of str"):
        taught.classify(3)
    with pytest.raises(ValueError, match="top_k must be >= 1; got top_k=0"):
        taught.classify("a", top_k=0)
    with pytest.raises(TypeError, match="top_k must be an int or None"):
        taught.classify("a", top_k="2")


def test_long_texts_are_cut_in_training_and_in_answers(taught):
    classifier = zoo.Classifier(taught.model, taught.tokenizer, LABELS, max_length=8)
    (tokens, labels, weights) = next(iter(classifier.batches([("the plot " * 20, 1)])))
    assert tokens.shape == (1, 8) and int(tokens[0, -1]) == 3 and labels.numpy().tolist() == [1]
    assert weights.numpy().tolist() == [1.0]
    out = classifier.classify("the plot " * 20, return_dict=True)
    assert len(out.source_tokens) == 8 and out.source_tokens[-1] == "</s>"
