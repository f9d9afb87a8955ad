"""Lists of sources are searched in batches of one size, by threads, as each would be alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from zoo.lite.search import LiteBatches, batch_rows, matrix

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def file():
    """A search whose answer is the source, what was added for it, and the rows of its batch."""

    def answer(source, added):
        rows = tf.fill([tf.shape(source)[0], 1], tf.shape(source)[0])
        return {"ids": tf.concat([source, added[:, None], rows], axis=1)}

    function = tf.function(answer, autograph=False).get_concrete_function(
        source=tf.TensorSpec([None, None], tf.int32), added=tf.TensorSpec([None], tf.int32)
    )
    return tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module()).convert()


def run(file, lengths, **options):
    """The rows of the batches in which sources of these lengths are searched; checks answers."""
    sources = [[i] * length for i, length in enumerate(lengths)]
    found = LiteBatches(file, **options)(
        sources, added=100 + np.arange(len(lengths), dtype="int32")
    )
    for i, (source, ids) in enumerate(zip(sources, found, strict=True)):
        assert ids[:-1] == [*source, 100 + i]
    return [ids[-1] for ids in found]


def test_only_sources_of_one_length_are_a_batch(file):
    lengths = [3, 5, 3, 3, 5, 3, 4]  # four of 3, two of 5, one of 4
    assert run(file, lengths, rows=4, num_threads=1) == [4, 2, 4, 4, 2, 4, 1]
    assert run(file, lengths, rows=2, num_threads=1) == [2, 2, 2, 2, 2, 2, 1]
    assert run(file, lengths, rows=1, num_threads=1) == [1] * 7


def test_a_batch_has_a_power_of_2_of_rows_and_is_filled_up_where_little_is_missing(file):
    assert run(file, [2] * 14, rows=8, num_threads=1) == [8] * 14
    assert run(file, [2] * 13, rows=8, num_threads=1) == [8] * 8 + [4] * 4 + [1]
    assert run(file, [2] * 11, rows=8, num_threads=1) == [8] * 8 + [4] * 3


def test_batches_are_small_enough_for_all_threads_to_have_one(file):
    assert run(file, [2] * 16, rows=8, num_threads=2) == [8] * 16
    assert run(file, [2] * 8, rows=8, num_threads=2) == [4] * 8
    assert run(file, [2] * 3, rows=8, num_threads=2) == [1] * 3


@pytest.mark.parametrize("num_threads", [1, 2, 3, None])
def test_answers_come_in_order_from_all_threads_and_callers(file, num_threads):
    lengths = np.random.default_rng(0).integers(1, 6, 200).tolist()
    rows = run(file, lengths, rows=4, num_threads=num_threads)
    assert set(rows) <= {1, 2, 4}
    search = LiteBatches(file, 2, num_threads)
    zero = np.zeros(3, "int32")
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda i: search([[i, i], [i], [i, 2]], added=zero), range(100))
    for i, ids in enumerate(found):
        assert [row[:-1] for row in ids] == [[i, i, 0], [i, 0], [i, 2, 0]]


def test_an_error_ends_the_search_and_the_next_one_is_as_good_as_ever(file):
    search = LiteBatches(file, 2, num_threads=2)

    def pack(rows):
        if [0, 0] in rows:
            raise ValueError("no zeros")
        return matrix(rows)

    sources, added = [[1, 1], [0, 0], [2, 2], [3, 3], [4, 4]], np.zeros(5, "int32")
    for _ in range(3):
        with pytest.raises(ValueError, match="no zeros"):
            search(sources, len, pack, added=added)
    sources[1] = [5, 5]
    assert [ids[:2] for ids in search(sources, len, pack, added=added)] == sources


def test_a_batch_has_the_more_sources_the_fewer_beams_each_has():
    assert [batch_rows(beams, "int8") for beams in (1, 2, 4, 5, 6, 50)] == [8, 4, 2, 2, 1, 1]
    assert [batch_rows(beams, "float32") for beams in (1, 4, 5, 50)] == [32, 8, 8, 1]


def test_no_sources_have_no_answers(file):
    assert LiteBatches(file)([], added=np.zeros(0, "int32")) == []
    with pytest.raises(ValueError, match="num_threads must be >= 1; got num_threads=0"):
        LiteBatches(file, num_threads=0)
