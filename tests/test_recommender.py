"""`zoo.Recommender`: what comes next, what was seen left out, and on what it rests."""

import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import evaluation, serving
from zoo.cli.main import main
from zoo.evaluation import next_items
from zoo.models import SASRec
from zoo.serving.saved_model import SavedModels

FILMS = [f"Part {i} ({1950 + i})" for i in range(30)]
IDS = list(range(100, 130))
SEEN = -1e9


def series(count, seed):
    """People who see the parts of a series in their order, from anywhere, around its end."""
    rng = random.Random(seed)
    starts = [(rng.randrange(30), rng.randint(3, 12)) for _ in range(count)]
    return [[FILMS[(first + k) % 30] for k in range(size)] for first, size in starts]


@pytest.fixture(scope="module")
def taught():
    keras.utils.set_random_seed(1)
    model = SASRec(30, context_length=6, num_layers=1, model_dim=16, ff_dim=16, dropout=0.0)
    recommender = zoo.Recommender(model, FILMS, IDS, name="series")
    recommender.compile(keras.optimizers.Adam(1e-2), label_smoothing=0.0)
    history = recommender.fit(
        series(300, 0), epochs=12, batch_size=32, validation_split=0.1, verbose=0
    )
    assert history.history["val_loss"][-1] < 0.1
    return recommender


def test_names_and_ids_and_several_histories(taught):
    assert taught.recommend(FILMS[3:6], top_k=1) == [FILMS[6]]
    assert taught.recommend([103, "104", FILMS[5]], top_k=1) == [FILMS[6]]
    assert taught.recommend("\n".join(FILMS[3:6]), top_k=1) == [FILMS[6]]
    found = taught.recommend([FILMS[3:6], FILMS[8:10]], top_k=2)
    assert [best for best, _ in found] == [FILMS[6], FILMS[10]]
    assert len(taught.recommend(FILMS[3:6])) == 10


def test_what_was_seen_is_left_out_also_what_is_beyond_the_context(taught):
    history = FILMS[2:14]
    found = taught.recommend(history, top_k=99)
    assert sorted(found) == sorted(set(FILMS) - set(history))
    assert taught.recommend([*history, FILMS[13]], top_k=99) != []  # twice the same is no error
    assert taught.recommend(FILMS) == []


def test_of_a_long_history_the_newest_items_are_read(taught):
    out = taught.recommend(FILMS[2:14], return_dict=True)
    assert out.source_tokens == FILMS[8:14]
    thousand = FILMS[:9] * 111
    assert taught.recommend(thousand, top_k=1) == [FILMS[9]]


def test_no_history_gives_what_is_chosen_most_and_says_so(taught):
    out = taught.recommend([], top_k=3, return_dict=True)
    order = sorted(range(30), key=lambda i: -taught.popularity[i])
    assert out.items == [FILMS[i] for i in order[:3]]
    assert out.popular and out.attention is None and out.attended == [] and "popular" in repr(out)
    assert sum(taught.popularity) == sum(map(len, series(300, 0)[:270]))  # not of the validation
    assert not taught.recommend(FILMS[:1], return_dict=True).popular


def test_an_answer_does_not_depend_on_the_other_histories(taught):
    histories = [FILMS[3:5], [], FILMS[:1], FILMS[5:25]]
    together = taught.scores(histories)
    alone = np.concatenate([taught.scores([history]) for history in histories])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.all(together[0, 3:5] == SEEN) and together.shape == (4, 30)
    np.testing.assert_allclose(np.exp(together).sum(axis=1), 1, atol=1e-5)


def test_texts_of_a_line_an_item_are_histories(taught):
    text = f" {FILMS[3]}\n\n105 "
    assert taught.ask(text) == taught.recommend([FILMS[3], 105])
    assert taught.ask([text, "", FILMS[:2]]) == taught.recommend([[103, 105], [], [100, 101]])


def test_scores_and_what_was_attended_to(taught):
    out = taught.recommend(FILMS[3:6], top_k=4, return_dict=True)
    assert out.scores == sorted(out.scores, reverse=True) and out.text == FILMS[6]
    np.testing.assert_allclose(
        out.scores, [taught.scores([FILMS[3:6]])[0, FILMS.index(x)] for x in out.items], rtol=1e-4
    )
    assert out.attention.shape == (1, 2, 1, 3)
    assert [film for film, _ in out.attended] != [] and sum(
        share for _, share in out.attended
    ) == pytest.approx(1, abs=1e-5)
    assert zoo.plot_attention(out).axes


def test_only_what_follows_is_learned_of_pairs(taught):
    batch = next(iter(taught.batches([FILMS[:2], FILMS[:9]], [FILMS[2], FILMS[9]], batch_size=2)))
    items, targets, weights = (part.numpy().tolist() for part in batch)
    assert items == [[1, 2, 3, 0, 0, 0], [4, 5, 6, 7, 8, 9]]
    assert targets == [[2, 3, 0, 0, 0, 0], [5, 6, 7, 8, 9, 10]]
    assert weights == [[0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]]
    loss = taught.evaluate([FILMS[:4]], [FILMS[4]], verbose=0, return_dict=True)["loss"]
    # Of all films, those that were seen among them, which `scores` leaves out.
    assert loss == pytest.approx(-taught.scores([FILMS[:4]])[0, 4], abs=0.05)


def test_keras_verbs_take_lists_and_data_sets_of_lines(taught):
    histories = [FILMS[3:6], FILMS[7:9]]
    lines = ["\n".join(history) for history in histories]
    found = taught.predict(histories, verbose=0)
    assert found.shape == (2, 10) and found[0, 0] == FILMS[6]
    data = tf.data.Dataset.from_tensor_slices(lines)
    np.testing.assert_array_equal(taught.predict(data.batch(2), verbose=0), found)
    assert [[x.decode() for x in row] for row in taught(tf.constant(lines)).numpy()] == (
        found.tolist()
    )
    whole = series(20, 5)
    joined = ["\n".join(history) for history in whole]
    expected = taught.evaluate(whole, verbose=0)
    dataset = tf.data.Dataset.from_tensor_slices(joined)
    assert taught.evaluate(dataset, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_the_catalogue_is_in_the_file(taught, tmp_path):
    taught.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.items == FILMS and loaded.popularity == taught.popularity
    for history in (FILMS[3:6], [110], []):
        assert loaded.recommend(history) == taught.recommend(history)


def test_errors_name_the_nearest_items(taught):
    with pytest.raises(ValueError, match=r"history\[1\]='part 3'\. Did you mean Part 3 \(1953\)"):
        taught.recommend([FILMS[0], "part 3"])
    with pytest.raises(ValueError, match=r"history\[1\]\[0\]='Prat 4 \(1954\)'.*Part 4 \(1954\)"):
        taught.recommend([[], ["Prat 4 (1954)"]])
    with pytest.raises(ValueError, match=r"of the 30 that are known; got history\[0\]=7\.$"):
        taught.recommend([7])
    with pytest.raises(TypeError, match=r"got history\[0\]=1.5 \(float\)"):
        taught.recommend([1.5])
    with pytest.raises(TypeError, match="history must be a list of names or ids"):
        taught.recommend(3)
    for top_k, kind in ((0, ValueError), ("2", TypeError), (True, TypeError)):
        with pytest.raises(kind, match="top_k must be"):
            taught.recommend([], top_k=top_k)
    with pytest.raises(ValueError, match=r"got x\[0\]\[1\]='nothing of the kind'"):
        taught.fit([[FILMS[0], "nothing of the kind"]])
    with pytest.raises(ValueError, match="one item for each in x; got 1 for 2"):
        taught.batches([FILMS[:2], FILMS[:3]], [FILMS[3]])
    with pytest.raises(ValueError, match="at least one history"):
        taught.fit([])
    for items, ids, rule in (
        (["a", "a"], None, "each another"),
        (["a\nb"], None, "lines of text"),
        (["a", "b"], [1], "ids must be 2, one for each name; got 1"),
        (["a", "b"], [1, "1"], r"each another; got ids\[0\] and ids\[1\]='1'"),
    ):
        with pytest.raises(ValueError, match=rule):
            zoo.Recommender(taught.model, items, ids)
    for ids, message in (
        ("xyz", "ids must be a list of int or str; got 'xyz'"),
        ([1, None], r"ids must be .* got ids\[1\]=None \(NoneType\)"),
    ):
        with pytest.raises(TypeError, match=message):
            zoo.Recommender(taught.model, ["a", "b"], ids)


def test_only_what_is_trained_on_is_counted(tmp_path):
    model = SASRec(30, context_length=6, num_layers=1, model_dim=8, num_heads=1, ff_dim=8)
    recommender, data = zoo.Recommender(model, FILMS), series(9, 0)
    with pytest.raises(ValueError, match="compile"):
        recommender.fit(data, verbose=0)
    recommender.compile(run_eagerly=True)
    for options, message in (
        ({"validation_split": 2.0}, "validation_split must be"),
        ({"validation_data": [["nothing"]]}, "got x.*'nothing'"),
        ({"batch_size": 0}, "batch_size must be >= 1"),
    ):
        with pytest.raises(ValueError, match=message):
            recommender.fit(data, verbose=0, **options)
    with pytest.raises(ValueError, match="a history of an item and what follows it; got 3 of one"):
        recommender.fit([[FILMS[0]]] * 3, verbose=0)
    assert not any(recommender.popularity)
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: seen.append(sum(recommender.popularity))
    )
    recommender.fit(data, validation_split=0.5, callbacks=look, verbose=0)
    several = keras.callbacks.CallbackList([look], model=recommender)
    recommender.fit([row[:-1] for row in data], (row[-1] for row in data), callbacks=several)
    assert seen == [sum(map(len, data[:4])), sum(map(len, data))]


def test_the_model_is_called_with_what_the_verb_takes(taught):
    expected = taught.predict([FILMS[3:6], FILMS[7:9]], verbose=0)
    for inputs in (
        [FILMS[3:6], FILMS[7:9]],
        [[103, "104", "105"], FILMS[7:9]],
        ["\n".join(FILMS[3:6]), FILMS[7:9]],
        ["\ud800\n" + "\n".join(FILMS[3:6]), FILMS[7:9]],
    ):
        found = [[item.decode() for item in row] for row in taught(inputs).numpy()]
        assert found == expected.tolist()
    np.testing.assert_array_equal(taught.predict("\n".join(FILMS[3:6]), verbose=0), expected[:1])
    for inputs, place in (([FILMS[0], None], r"\[1\]"), ([[FILMS[0], None]], r"\[0\]\[1\]")):
        with pytest.raises(TypeError, match=rf"inputs must be .* got inputs{place}=None"):
            taught(inputs)
    with pytest.raises(TypeError, match="inputs must be a str .* or a list of histories; got None"):
        taught.ask(None)


@pytest.fixture(scope="module")
def version(taught, tmp_path_factory):
    return serving.export(taught, tmp_path_factory.mktemp("exported"))


HISTORIES = [FILMS[3:6], [], FILMS[2:14], ["105", FILMS[6]]]


def test_an_export_answers_as_python_does(taught, version):
    loaded = tf.saved_model.load(str(version)).signatures
    lines = tf.constant(["\n".join(history) for history in HISTORIES])
    found = loaded["serving_default"](history=lines)
    for history, items, scores in zip(HISTORIES, found["item"], found["score"], strict=True):
        out = taught.recommend(history, return_dict=True)
        assert [item.decode() for item in items.numpy()] == out.items
        np.testing.assert_allclose(scores, out.scores, atol=1e-4)
    found = {name: value.numpy() for name, value in loaded["attention"](lines).items()}
    out = taught.recommend(FILMS[3:6], return_dict=True)
    assert [x.decode() for x in found["source_tokens"][0]] == FILMS[3:6] + [""] * 3
    np.testing.assert_allclose(
        found["attention"][0, 0, :3], out.attention.mean((0, 1, 2)), atol=1e-5
    )
    assert not found["attention"][1].any()
    assert found["text"][0].decode() == found["target_tokens"][0, 0].decode() == FILMS[6]


def test_an_export_passes_over_what_it_does_not_know(taught, version):
    run = tf.saved_model.load(str(version)).signatures["serving_default"]
    rows = ["nothing\r\n" + "\r\n".join(FILMS[3:6]) + "\n\n", "\n".join(FILMS), "\xff\n"]
    found = run(history=tf.constant(rows))["item"].numpy()
    assert found[0, 0].decode() == FILMS[6]
    assert set(found[1]) == {b""}  # nothing is left
    assert [x.decode() for x in found[2]] == taught.recommend([])


def test_an_export_keeps_its_films_for_a_page(version):
    assert SavedModels().open("films", 1, version).choices == FILMS


def test_a_lite_file_answers_the_same(taught, tmp_path):
    pytest.importorskip("ai_edge_litert")
    folder = serving.export_litert(taught, tmp_path, weights="float32")
    reader = serving.open_litert(folder)
    assert isinstance(reader, serving.LiteRecommender)
    assert reader.recommend([*HISTORIES, FILMS]) == taught.recommend([*HISTORIES, FILMS])
    assert reader.recommend(FILMS[3:6], top_k=2) == taught.recommend(FILMS[3:6], top_k=2)
    with pytest.raises(ValueError, match="Did you mean Part 3"):
        reader.recommend(["part 3"])
    code = (
        "import sys; from zoo.serving import open_litert; "
        f"open_litert({str(folder)!r}).recommend([103]); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_command_line(taught, tmp_path, capsys, monkeypatch):
    path, picture = str(tmp_path / "series.keras"), tmp_path / "why.png"
    taught.save(path)
    command = ["recommend", "--model", path, "--top-k", "2"]
    assert main([*command, FILMS[3], "104", "--why", "--attend", str(picture)]) == 0
    said = capsys.readouterr()
    best, share = said.out.splitlines()[0].split("\t")
    assert best == FILMS[5] and 0 < float(share) <= 1 and picture.exists()
    assert f"attended to {FILMS[4]}" in said.err or f"attended to {FILMS[3]}" in said.err
    lines = tmp_path / "lines"
    lines.write_text(f"{FILMS[3]}\t104\n\n", encoding="utf-8")
    with lines.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(command) == 0
    first, popular = capsys.readouterr().out.splitlines()
    assert first.split("\t")[0] == FILMS[5]
    assert popular.split("\t") == taught.recommend([], top_k=2)
    assert main([*command, "Part 3"]) == 2
    assert "Did you mean Part 3 (1953)" in capsys.readouterr().err
    assert main(["recommend", "--model", path, "--why"]) == 2
    assert main(["classify", path, "x"]) == 2


def test_a_tie_counts_against_a_system():
    assert [next_items.rank([3.0, 2.0, 2.0, 1.0], i) for i in range(4)] == [1, 3, 3, 4]
    assert next_items.rank(np.zeros(20), 0) == 20


def test_full_ranking_of_answers_that_are_known():
    class Known:
        items = [f"i{n}" for n in range(200)]
        catalogue = zoo.Recommender(SASRec(200, 4, 1, 8, 1, 8), items).catalogue

        def scores(self, histories):
            rows = np.tile(-np.arange(200.0), (len(histories), 1))
            return rows.astype("float32")

    # i0 was seen and is no candidate: the next is first, third and not among the ten.
    pairs = [(["i0"], "i1"), (["i0"], "i3"), (["i0", "i1"], "i150")]
    training = [["i3", "i0"], ["i3", "i1"], ["i3", "i5"]]
    found = evaluation.measure_next(Known(), pairs, training)
    assert found["users"] == 3
    assert found["hr_10"] == pytest.approx(2 / 3)
    assert found["ndcg_10"] == pytest.approx((1 + 1 / 2) / 3)
    # Among 100 of the others few are before i3, and about three quarters before i150.
    assert found["sampled"]["hr_10"] == pytest.approx(2 / 3)
    assert found["sampled"]["ndcg_10"] >= found["ndcg_10"]
    popular = found["baselines"]["most popular"]
    assert popular["hr_10"] == pytest.approx(2 / 3)  # i1 ties with i5, i3 is first, i150 last
    assert popular["ndcg_10"] == pytest.approx((1 / np.log2(4) + 1) / 3)
    near = found["baselines"]["neighbours"]
    assert near["ndcg_10"] == pytest.approx(1 / 3)  # i3 was rated with i0; nothing else was
    sure = near["bootstrap"]  # of three histories the model is better in one and worse in one
    assert sure["difference"] == pytest.approx(found["ndcg_10"] - 1 / 3)
    assert sure["low"] < 0 < sure["difference"] < sure["high"] and 0.05 < sure["p"] < 0.5
    with pytest.raises(ValueError, match="at least one pair"):
        evaluation.measure_next(Known(), [], training)
