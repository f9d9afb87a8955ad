"""From pairs of strings to padded batches of about the same number of tokens."""

import itertools

import numpy as np
import tensorflow as tf

# Bucket widths grow by about a fifth, so that at most a fifth of a batch is padding.
BOUNDARIES = (6, 8, 10, 12, 14, 16, 19, 22, 26, 31, 37, 45, 54, 65, 78, 94, 112, 134, 160, 256, 512)


def bucketed_pairs(
    pairs, encode, *, batch_tokens=4096, batch_size=None, max_length, shuffle=0, seed=0
):
    """Batches of token ids, each of sentences of about one length.

    Args:
        pairs: a tf.data.Dataset of (source, target), both scalar strings.
        encode: a function (sources, targets), tf.string (B,) -> two ragged int32 (B, None).
        batch_tokens: the most padded positions of source or target in a batch, whichever is longer.
        batch_size: rows of a batch, in the order of the pairs whatever their lengths; see
            `bucketed_windows`.
        max_length: pairs with more tokens on either side are left out.
        shuffle: size of the shuffle buffer; 0 keeps the order within a bucket.
        seed: of the shuffle. The same seed gives the same batches.

    Returns:
        A tf.data.Dataset of (source, target), int32 (B, S) and (B, T), padded with 0.
    """
    if shuffle:
        pairs = pairs.shuffle(shuffle, seed=seed)
    ids = pairs.batch(256).map(encode, num_parallel_calls=2).unbatch()
    ids = ids.map(lambda s, t: (s.to_tensor() if isinstance(s, tf.RaggedTensor) else s, t))

    def length(source, target):
        return tf.maximum(tf.size(source), tf.size(target))

    ids = ids.filter(lambda source, target: length(source, target) <= max_length)
    return _bucketed(ids, length, batch_tokens, batch_size, max_length)


def bucketed_windows(
    documents, encode, *, batch_tokens=4096, batch_size=None, window, shuffle=0, seed=0
):
    """Batches of pieces of documents, each of pieces of about one length.

    A document that is longer than a window is cut into windows, one after the other. With
    `shuffle` the first cut falls anywhere, and anew in each pass, so that a token is seen with more
    and with less before it.

    Args:
        documents: a tf.data.Dataset of scalar strings.
        encode: a function tf.string (B,) -> ragged int32 (B, None).
        batch_tokens: the most padded positions of a batch.
        batch_size: rows of a batch, in place of `batch_tokens`. Rows are then not sorted by length,
            so that every batch but the last is full.
        window: the most tokens of a piece.
        shuffle: size of the shuffle buffer, in pieces; 0 keeps the order within a bucket.
        seed: of the shuffle and of the cuts.

    Returns:
        A tf.data.Dataset of int32 (B, T), T at most `window`, padded with 0.
    """
    ids = documents.batch(256).map(encode, num_parallel_calls=2).unbatch()
    ids = ids.map(lambda row: row.to_tensor() if isinstance(row, tf.RaggedTensor) else row).cache()
    cuts = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)

    def pieces(row, cut):
        size = tf.size(row)
        cut = tf.cast(cut % window, tf.int32) if shuffle else 0
        first = tf.where(size > window, cut, 0)
        limits = tf.concat([[0], tf.range(first, size, window), [size]], axis=0)
        return tf.data.Dataset.from_tensor_slices(tf.RaggedTensor.from_row_splits(row, limits))

    found = tf.data.Dataset.zip(ids, cuts).flat_map(pieces)
    found = found.map(lambda row: row.to_tensor() if isinstance(row, tf.RaggedTensor) else row)
    found = found.filter(lambda row: tf.size(row) > 0)
    if shuffle:
        found = found.shuffle(shuffle, seed=seed)
    return _bucketed(found, tf.size, batch_tokens, batch_size, window)


def bucketed_labels(
    examples, encode, *, batch_tokens=4096, batch_size=None, max_length, shuffle=0, seed=0
):
    """Batches of token ids with a label each, of texts of about one length.

    Args:
        examples: a tf.data.Dataset of (text, label), scalars, tf.string and int32.
        encode: a function tf.string (B,) -> ragged int32 (B, None), the end token last.
        batch_tokens, batch_size, shuffle, seed: see `bucketed_pairs`.
        max_length: of longer texts the first tokens are kept, and the end token.

    Returns:
        A tf.data.Dataset of ids int32 (B, S), padded with 0; labels int32 (B,); and weights float32
        (B,), all 1.
    """
    if shuffle:
        examples = examples.shuffle(shuffle, seed=seed)
    rows = examples.batch(256).map(
        lambda texts, labels: (encode(texts), labels), num_parallel_calls=2
    )

    def cut(row, label):
        row = row.to_tensor() if isinstance(row, tf.RaggedTensor) else row
        return tf.concat([row[:-1][: max_length - 1], row[-1:]], axis=0), label

    rows = rows.unbatch().map(cut)
    batches = _bucketed(rows, lambda row, label: tf.size(row), batch_tokens, batch_size, max_length)
    return batches.map(lambda ids, labels: (ids, labels, tf.ones_like(labels, tf.float32)))


def candidate_lists(
    ids, examples, *, longest=None, batch_tokens=4096, batch_size=None, shuffle=0, seed=0
):
    """Batches of a query with several texts each, of which one is right, or none.

    Args:
        ids: list of lists of token ids, of all queries and texts.
        examples: list of (query, right, wrong): places in `ids`, the right one -1 where none is,
            the wrong ones a list.
        longest: the most texts of a list, drawn anew in each pass; None for all.
        batch_tokens: about the most padded positions of the texts in a batch.
        batch_size, shuffle, seed: see `bucketed_pairs`; of lists.

    Returns:
        A tf.data.Dataset of a dict of `query` int32 (B, Q) and `text` int32 (B, N, S), padded with
        0; int32 (B,), the place of the right text counted from 1, 0 for none; and weights float32
        (B,), all 1.
    """
    rows = _ragged(ids)
    queries, rights, wrongs = zip(*examples, strict=True)
    wrongs = _ragged(wrongs)
    lists = tf.data.Dataset.from_tensor_slices((list(queries), list(rights), wrongs))
    if shuffle:
        lists = lists.shuffle(shuffle, seed=seed)

    def gathered(query, right, wrong):
        wrong = wrong.to_tensor() if isinstance(wrong, tf.RaggedTensor) else wrong
        if longest is not None:
            wrong = tf.random.shuffle(wrong, seed=seed)[: longest - 1]
        places = tf.concat([tf.reshape(right, [1])[: tf.cast(right >= 0, tf.int32)], wrong], axis=0)
        texts = tf.gather(rows, places).to_tensor()
        inputs = {"query": rows[query], "text": texts}
        return inputs, tf.cast(right >= 0, tf.int32), tf.constant(1.0)

    found = lists.map(gathered, num_parallel_calls=2)
    if batch_size:
        return found.padded_batch(batch_size)
    widths = [2**power for power in range(6, 17)]
    return found.bucket_by_sequence_length(
        lambda inputs, *_: tf.size(inputs["text"]),
        bucket_boundaries=[width + 1 for width in widths[:-1]],
        bucket_batch_sizes=[max(1, batch_tokens // width) for width in widths],
    )


def _ragged(rows):
    """Lists of ints -> int32 (N, None); `tf.ragged.constant` takes seconds for a few thousand."""
    flat = np.fromiter(itertools.chain.from_iterable(rows), "int32")
    return tf.RaggedTensor.from_row_lengths(flat, np.array([len(row) for row in rows], "int64"))


def _bucketed(rows, length, batch_tokens, batch_size, max_length):
    """Rows of at most `max_length` -> padded batches of rows of about one length."""
    if batch_size:
        return rows.padded_batch(batch_size)
    boundaries = [b for b in BOUNDARIES if b < max_length]
    widths = [*boundaries, max_length]
    return rows.bucket_by_sequence_length(
        length,
        bucket_boundaries=[b + 1 for b in boundaries],
        bucket_batch_sizes=[max(1, batch_tokens // width) for width in widths],
    )
