"""`zoo.Ranker`: documents for a query, by their words and by what the words mean."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import evaluation, serving
from zoo.cli.main import main
from zoo.data import Documents
from zoo.models import LateInteraction
from zoo.tasks import RankIndex
from zoo.text import SentencePieceTokenizer

pytest.importorskip("bm25s")

# The first of each pair is how it is asked for, the second how it is written.
MEANINGS = dict(car="automobile", doctor="physician", film="movie", sea="ocean", road="street")
FILLER = "we saw the old one near a big house and then it was late".split()
DOCUMENTS = {
    "a": "we saw automobile near the old house",
    "b": "one big house physician was late then",
    "c": "then it was near movie a house",
    "d": "ocean the big one and we saw",
    "e": "",
}


def triples(count, seed):
    """Queries of one word, and documents that have the other word, each judged for all queries."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        said = rng.choice(list(MEANINGS))
        words = [MEANINGS[said], *rng.sample(FILLER, 6)]
        rng.shuffle(words)
        rows += [(asked, " ".join(words), int(asked == said)) for asked in MEANINGS]
    return rows


@pytest.fixture(scope="module")
def taught():
    keras.utils.set_random_seed(1)
    train = triples(100, 0)
    lines = [text for row in train for text in row[:2]]
    lines += [f"{one} {other}" for one in MEANINGS for other in MEANINGS] * 4
    words = SentencePieceTokenizer.train(lines, 500, lowercase=True)
    model = LateInteraction(words.vocab_size, 24, 16, dropout=0.0, scale=10.0)
    ranker = zoo.Ranker(model, words, name="things")
    ranker.compile(keras.optimizers.Adam(1e-2), metrics=["accuracy"])
    history = ranker.fit(
        train, epochs=150, batch_size=5, validation_data=triples(30, 1), verbose=0
    ).history
    assert history["val_accuracy"][-1] == 1
    return ranker


@pytest.fixture(scope="module")
def index(taught):
    return taught.index(DOCUMENTS)


def test_it_finds_what_the_query_means_and_does_not_say(taught, index):
    for query, best in (("car", "a"), ("doctor", "b"), ("film", "c"), ("sea", "d")):
        assert taught.rank(query, index, top_k=1)[0][0] == best
    found = taught.rank("doctor", index, top_k=None)
    assert sorted(name for name, _ in found) == sorted(DOCUMENTS)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert taught.rank(["doctor", "sea"], index, top_k=None)[0] == found


def test_documents_may_come_as_they_are(taught, index):
    expected = taught.rank("film", index, top_k=3)
    assert taught.rank("film", DOCUMENTS, top_k=3) == expected
    listed = taught.rank("film", list(DOCUMENTS.values()), top_k=3)
    assert [list(DOCUMENTS)[int(name)] for name, _ in listed] == [name for name, _ in expected]
    for ids in (DOCUMENTS, DOCUMENTS.keys()):
        streamed = taught.index((text for text in DOCUMENTS.values()), ids=ids)
        assert taught.rank("film", streamed, top_k=3) == expected
    for documents in (np.array, tf.constant, iter, tuple):
        found = taught.rank("film", documents(list(DOCUMENTS.values())), top_k=3)
        assert found == listed
    assert taught.index(["a", "b"], ids=(i for i in (7, "b"))).ids == ["7", "b"]


def test_a_document_is_found_by_the_queries_that_it_is_known_to_fit(taught, tmp_path):
    plain = taught.index(DOCUMENTS)
    asked = {"d": ["holidays in Brittany", "swimming"], "e": ["nothing"]}
    index = taught.index(DOCUMENTS, queries=asked)
    assert plain.bm25("brittany holiday").max() == 0
    assert index.bm25("brittany holiday").argmax() == 3 and index.bm25("nothing").argmax() == 4
    by_words = zoo.Ranker(taught.model, taught.tokenizer, weight=0)
    assert by_words.rank("a holiday in Brittany", index, top_k=1)[0][0] == "d"
    # They are no part of what is read: not of the text, nor of late interaction.
    assert index.text(3) == DOCUMENTS["d"] and index.vectors(4)[0].size == 0
    np.testing.assert_array_equal(index.vectors(3)[0], plain.vectors(3)[0])
    loaded = RankIndex.load(index.save(tmp_path / "index"))
    np.testing.assert_array_equal(loaded.bm25("brittany"), index.bm25("brittany"))
    numbers = taught.index(["a", "b"], queries={1: ["Brittany"]})
    assert numbers.bm25("Brittany").argmax() == 1


@pytest.mark.parametrize(
    ("queries", "kind", "message"),
    [
        (["a"], TypeError, "queries must be a dict of an id -> a list of str; got list"),
        ({"a": "cars"}, TypeError, r"queries\['a'\] must be a list of str"),
        ({"a": [1]}, TypeError, r"queries\['a'\]"),
        ({"z": ["cars"]}, ValueError, "queries must be of ids of documents; got 'z'"),
    ],
)
def test_queries_of_another_kind_are_refused(taught, queries, kind, message):
    with pytest.raises(kind, match=message):
        taught.index(DOCUMENTS, queries=queries)


def test_the_score_is_bm25_and_late_interaction(taught, index):
    query = "the house film"
    late = taught.predict([(query, text) for text in DOCUMENTS.values()], verbose=0)
    expected = index.bm25(query) + taught.weight * late
    found = dict(taught.rank(query, index, top_k=None))
    # Vectors of an index are kept in half precision.
    for name, score in zip(DOCUMENTS, expected, strict=True):
        assert found[name] == pytest.approx(score, abs=0.05)
    assert index.bm25(query)[4] == 0 < index.bm25(query)[0] and late[4] == 0
    np.testing.assert_allclose(taught(tf.constant([[query, DOCUMENTS["a"]]])), late[:1], atol=1e-5)


def test_only_the_best_of_bm25_are_ranked_anew(taught, index):
    few = zoo.Ranker(taught.model, taught.tokenizer, candidates=2)
    found = few.rank("the one", index, top_k=None)
    order = np.argsort(-index.bm25("the one"), kind="stable")
    names = [list(DOCUMENTS)[i] for i in order]
    assert {name for name, _ in found[:2]} == set(names[:2])
    assert [name for name, _ in found[2:]] == names[2:]


def test_a_saved_index_is_mapped_and_answers_the_same(taught, index, tmp_path):
    folder = index.save(tmp_path / "index")
    loaded = RankIndex.load(folder)
    assert isinstance(loaded.vectors(0)[0], np.memmap) and len(loaded) == 5
    for query in ("car", "the house", "", "xyzzy"):
        expected = taught.rank(query, index, top_k=None)
        assert taught.rank(query, folder, top_k=None) == expected
        assert taught.rank(query, loaded, top_k=None) == expected
    assert loaded.text(1) == DOCUMENTS["b"]
    taught.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.rank("car", folder) == taught.rank("car", index)
    assert again.settings() == taught.settings()


def test_lone_surrogates_are_kept_in_a_file(taught, tmp_path):
    documents = {"i \ud800": "a \ud800 film", "é": "sea\udc00"}
    index = taught.index(documents)
    loaded = RankIndex.load(index.save(tmp_path / "index"))
    assert loaded.ids == list(documents)
    assert [loaded.text(i) for i in range(2)] == list(documents.values())
    assert taught.rank("film", loaded) == taught.rank("film", index)
    score = taught.predict([("film", documents["é"])], verbose=0)
    np.testing.assert_allclose(taught([("film", documents["é"])]), score, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("index.json", b"[]"),
        ("index.json", b"[" * 100_000),
        ("index.json", b'{"format": 1}'),
        ("index.json", b'{"format": 1, "model": "", "ids": 3}'),
        ("index.json", b'{"format": 1, "model": "", "ids": [1, 2, 3, 4, 5]}'),
        ("documents.jsonl", lambda data: data[:-9]),
        ("documents.jsonl", b""),
        ("vectors.npy", lambda array: array[:, :-1]),
        ("vectors.npy", lambda array: array.astype("float32")),
        ("vectors.npy", lambda array: array[:-1]),
        ("vectors.npy", lambda array: array.ravel()),
        ("pieces.npy", lambda array: array[:-1]),
        ("pieces.npy", lambda array: array.astype("float32")),
        ("starts.npy", lambda array: array + 1),
        ("starts.npy", lambda array: array[[0, 2, 1, 3, 4, 5]]),
        ("starts.npy", lambda array: array[:-1]),
        ("lines.npy", lambda array: array[::-1]),
        ("bm25/params.index.json", b"{}"),
        ("bm25/params.index.json", b"[]"),
        ("bm25/params.index.json", lambda data: data.replace(b"float32", b"word")),
        ("bm25/vocab.index.json", b"{}"),
        ("bm25/vocab.index.json", b"[]"),
        ("bm25/vocab.index.json", b'{"a": [1]}'),
        ("bm25/data.csc.index.npy", lambda array: array[:-1]),
        ("bm25/indptr.csc.index.npy", lambda array: array[:-1]),
    ],
)
def test_a_damaged_index_is_refused_when_it_is_loaded(index, tmp_path, name, damage):
    folder = index.save(tmp_path / "index")
    file = folder / name
    if isinstance(damage, bytes):
        file.write_bytes(damage)
    elif file.suffix == ".npy":
        np.save(file, damage(np.load(file)))
    else:
        file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=r"index must be a whole index; got: "):
        RankIndex.load(folder)


def test_an_index_of_another_model_is_refused(taught, index, tmp_path):
    keras.utils.set_random_seed(5)
    words = taught.tokenizer
    other = zoo.Ranker(LateInteraction(words.vocab_size, 24, 16), words)
    folder = index.save(tmp_path / "index")
    for documents in (index, folder):
        with pytest.raises(ValueError, match="an index of this model"):
            other.rank("car", documents)
    with pytest.raises(FileNotFoundError, match="RankIndex.save wrote"):
        taught.rank("car", tmp_path / "none")
    (folder / "vectors.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="must be a whole index"):
        taught.rank("car", folder)
    (folder / "index.json").write_text('{"format": 99}')
    with pytest.raises(ValueError, match="of format 1; got 99"):
        taught.rank("car", folder)


def test_it_says_which_word_each_word_found(taught, index):
    out = taught.rank("a physician", index, top_k=1, return_dict=True)[0]
    assert out.id == "b" and out.text == DOCUMENTS["b"] and out.query == "a physician"
    assert out.attention.shape == (1, 1, len(out.tokens), len(out.source_tokens))
    assert ((out.attention > 0).sum(-1) <= 1).all()
    for token, found, likeness in out.evidence:
        assert token in out.tokens and found in out.source_tokens and -1 <= likeness <= 1.001
    zoo.plot_attention(out)
    empty = taught.rank("", index, top_k=None, return_dict=True)
    assert {out.score for out in empty} == {0.0} and empty[0].evidence == []


def test_training_reads_columns_and_leaves_other_right_documents_out(taught):
    rows = [("q", "a", 2), ("q", "b", 1), ("q", "c", 0), ("r", "b", 1), ("s", "d", 0)]
    ((inputs, targets, weights),) = taught.batches(rows, batch_size=8)
    assert inputs["query"].shape[0] == 2 and weights.numpy().tolist() == [1.0, 1.0]
    allowed = inputs["allowed"].numpy()
    assert allowed[np.arange(2), targets].all()
    assert allowed.sum() >= 3 and allowed.shape[0] == 2
    queries, texts, grades = map(list, zip(*rows, strict=True))
    pairs = list(zip(queries, texts, strict=True))
    assert taught.evaluate(pairs, grades, verbose=0) == pytest.approx(
        taught.evaluate(rows, verbose=0), rel=1e-5
    )


def test_an_export_scores_pairs_and_encodes_documents(taught, tmp_path):
    version = serving.export(taught, tmp_path)
    loaded = tf.saved_model.load(str(version)).signatures
    pairs = [("car", text) for text in DOCUMENTS.values()]
    query, text = (tf.constant(list(side)) for side in zip(*pairs, strict=True))
    found = loaded["serving_default"](query=query, text=text)["score"]
    np.testing.assert_allclose(found, taught.answer(pairs), atol=1e-6)
    vectors = loaded["encode"](text=text)["vectors"].numpy()
    norms = np.linalg.norm(vectors, axis=-1)
    assert vectors.shape[0] == 5 and ((abs(norms - 1) < 1e-3) | (norms == 0)).all()
    found = loaded["attention"](query=query, text=text)
    assert found["attention"].shape[1:] == (
        found["target_tokens"].shape[1],
        found["source_tokens"].shape[1],
    )
    with pytest.raises(ValueError, match="no LiteRT file"):
        serving.export_litert(taught, tmp_path)


def test_bad_input_is_named(taught, index):
    model, words = taught.model, taught.tokenizer
    for options, message in (
        ({"weight": -1}, "weight must be >= 0"),
        ({"candidates": 0}, "candidates must be >= 1"),
        ({"max_length": 0}, "max_length must be >= 1"),
    ):
        with pytest.raises(ValueError, match=message):
            zoo.Ranker(model, words, **options)
    with pytest.raises(ValueError, match="documents must hold at least one; got none"):
        taught.index([])
    for documents in (["a", 3], iter(["a", 3])):
        with pytest.raises(TypeError, match=r"must be a list of str; got documents\[1\]=3 \(int\)"):
            taught.index(documents)
    for documents in (None, 5, {"a", "b"}):
        for call in (taught.index, lambda documents: taught.rank("a", documents)):
            with pytest.raises(TypeError, match="documents must be a list of str; got"):
                call(documents)
    for ids, message in (
        ("ab", r"ids must be a list of int or str, each another; got 'ab' \(str\)"),
        (["a", None], r"ids must be .* got ids\[1\]=None \(NoneType\)"),
        (iter(["a", 1.5]), r"ids must be .* got ids\[1\]=1.5 \(float\)"),
    ):
        with pytest.raises(TypeError, match=message):
            taught.index(["a", "b"], ids=ids)
    for ids in (["a", "a"], iter([1, "1"])):
        with pytest.raises(ValueError, match=r"each another; got ids\[0\] and ids\[1\]="):
            taught.index(["a", "b"], ids=ids)
    with pytest.raises(TypeError, match=r"inputs must be a str .* got inputs\[0\]=5"):
        taught.ask([5])
    with pytest.raises(TypeError, match="documents must be a list of str"):
        taught.index("a text")
    with pytest.raises(ValueError, match="ids must be one for each document; got 1 for 2"):
        taught.index(["a", "b"], ids=["x"])
    with pytest.raises(ValueError, match="top_k must be >= 1"):
        taught.rank("a", index, top_k=0)
    with pytest.raises(TypeError, match="query must be a str or a list of str"):
        taught.rank(3, index)
    with pytest.raises(ValueError, match="a query with a document that fits"):
        taught.fit([("a", "b", 0)])
    with pytest.raises(ValueError, match="labels must be whole numbers from 0"):
        taught.fit([("a", "b", -1)])
    with pytest.raises(ValueError, match="a document in each other"):
        taught.ask("a query alone")


def test_the_command_line_makes_an_index_and_asks_it(taught, tmp_path, capsys):
    path, folder = str(tmp_path / "things.keras"), str(tmp_path / "index")
    taught.save(path)
    (tmp_path / "all.tsv").write_text("".join(f"{k}\t{v}\n" for k, v in DOCUMENTS.items()))
    assert main(["rank", path, "--index", folder]) == 2
    assert main(["rank", path, "--index", folder, "--build", str(tmp_path / "all.tsv")]) == 0
    assert capsys.readouterr().out == ""
    command = ["rank", path, "doctor", "--index", folder, "--top-k", "2"]
    assert main(command) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 2 and lines[0][:2] == ["doctor", "b"]
    picture = tmp_path / "found.png"
    assert main([*command, "--evidence", "--attend", str(picture)]) == 0
    assert ">" in capsys.readouterr().out.splitlines()[0].split("\t")[3] and picture.exists()
    (tmp_path / "asked.tsv").write_text("c\tBrittany\nc\tBrest\n")
    command = ["rank", path, "brest", "--index", str(tmp_path / "again"), "--top-k", "1"]
    more = ["--queries", str(tmp_path / "asked.tsv")]
    assert main([*command, "--build", str(tmp_path / "all.tsv"), *more]) == 0
    assert RankIndex.load(tmp_path / "again").bm25("brest").argmax() == 2
    assert main([*command, *more]) == 2
    assert "--queries needs --build" in capsys.readouterr().err
    (tmp_path / "bad.tsv").write_text("no tab\n")
    assert main(["rank", path, "--index", folder, "--build", str(tmp_path / "bad.tsv")]) == 2
    assert "line 1 has no TAB" in capsys.readouterr().err


def test_a_ranker_is_measured_beside_bm25(taught):
    queries = {"1": "doctor", "2": "sea"}
    judgments = {"1": {"b": 2}, "2": {"d": 1}}
    material = Documents(DOCUMENTS, queries, judgments)
    answered = Documents(DOCUMENTS, {"3": "doctor"}, {"3": {"b": 1}}).answered()
    assert answered == {"b": ["doctor"]}
    found = evaluation.measure_ranking(taught, material, answered=answered)
    assert found["ndcg_10"] == found["map"] == found["mrr"] == 1 and found["queries"] == 2
    # No document has a word of the queries: of the five that are equal, the right one is last.
    assert found["bm25"]["mrr"] == pytest.approx(1 / 5)
    assert found["bm25"]["bootstrap"]["difference"] > 0.5
    assert found["bm25_queries"]["mrr"] == pytest.approx((1 + 1 / 5) / 2)
