"""From pairs of strings to padded batches of about the same number of tokens."""

import tensorflow as tf

# Bucket widths grow by about a fifth, so that at most a fifth of a batch is padding.
BOUNDARIES = (6, 8, 10, 12, 14, 16, 19, 22, 26, 31, 37, 45, 54, 65, 78, 94, 112, 134, 160, 256, 512)


def bucketed_pairs(pairs, encode, *, batch_tokens, max_length, shuffle=0, seed=0):
    """Batches of token ids, each of sentences of about one length.

    Args:
        pairs: a tf.data.Dataset of (source, target), both scalar strings.
        encode: a function (sources, targets), tf.string (B,) -> two ragged int32 (B, None).
        batch_tokens: the most padded positions of source or target in a batch, whichever is longer.
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
    boundaries = [b for b in BOUNDARIES if b < max_length]
    widths = [*boundaries, max_length]
    return ids.bucket_by_sequence_length(
        length,
        bucket_boundaries=[b + 1 for b in boundaries],
        bucket_batch_sizes=[max(1, batch_tokens // width) for width in widths],
    )
