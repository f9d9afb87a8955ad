"""Batches in few shapes, for backends that compile each shape anew; numpy alone."""

import concurrent.futures

import numpy as np

from zoo.lite.subwords import END_ID, PAD_ID, START_ID


def pair_batches(encode, widths, batch_tokens, seed=0):
    """Batches of pairs without end, each pass tokenised and shuffled anew.

    Args:
        encode: () -> (sources, targets), lists of lists of ids; called once a pass.
        widths: ascending; a batch has one of them, and longer pairs are left out.
        batch_tokens: positions of source or target in a batch, at most.
        seed: of the shuffle.

    Yields:
        (inputs, next tokens, weights), full batches alone: `{"source", "target"}` int32 (B, W).
    """
    rng = np.random.default_rng(seed)
    waiting = {width: [] for width in widths}
    for sources, targets in _prefetched(encode):
        for i in rng.permutation(len(sources)):
            pair = sources[i], targets[i]
            width = _width(pair, widths)
            if width is None:
                continue
            row = waiting[width]
            row.append(pair)
            if len(row) == max(1, batch_tokens // width):
                yield pair_batch(row, width)
                row.clear()


def pair_batch(pairs, width, rows=None):
    """Pairs of ids -> one batch, filled up to `rows` with pairs that weigh nothing."""
    rows = rows or len(pairs)
    source = np.full((rows, width), PAD_ID, "int32")
    target = np.full((rows, width + 1), PAD_ID, "int32")
    target[:, 0], source[:, 0] = START_ID, END_ID
    for n, (one, other) in enumerate(pairs):
        source[n, : len(one) + 1] = [*one, END_ID]
        target[n, 1 : len(other) + 2] = [*other, END_ID]
    labels = target[:, 1:]
    inputs = {"source": source, "target": np.ascontiguousarray(target[:, :-1])}
    return inputs, labels, (labels != PAD_ID).astype("float32")


def all_pairs(sources, targets, widths, batch_tokens):
    """Every pair once, as a list of batches of the shapes of `pair_batches`."""
    found = {width: [] for width in widths}
    for pair in zip(sources, targets, strict=True):
        width = _width(pair, widths)
        if width is not None:
            found[width].append(pair)
    batches = []
    for width, pairs in found.items():
        rows = max(1, batch_tokens // width)
        batches += [pair_batch(part, width, rows) for part in _parts(pairs, rows)]
    return batches


def _width(pair, widths):
    """The least width that holds both sides with their end token, or None."""
    length = max(map(len, pair)) + 1
    return next((width for width in widths if length <= width), None)


def image_batches(images, ids, batch_images, seed=0, augment=None):
    """Batches of images without end, each image with all its captions.

    Args:
        images: uint8 (N, H, W, 3).
        ids: int (N, K, L), captions with start and end tokens, padded.
        batch_images: images of a batch, B.
        seed: of the shuffle and of `augment`.
        augment: (image uint8 (H, W, 3), numpy Generator) -> the same; or None.

    Yields:
        (inputs, next tokens int32 (B·K, L - 1), weights): `source` uint8 (B, H, W, 3) and `target`
        int32 (B·K, L - 1).
    """
    rng = np.random.default_rng(seed)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        while True:
            order = rng.permutation(len(images))
            for rows in _parts(order, batch_images):
                if len(rows) < batch_images:
                    continue
                seen = images[rows]
                if augment is not None:
                    draws = rng.spawn(len(rows))
                    seen = np.stack(list(pool.map(augment, seen, draws)))
                yield image_batch(seen, ids[rows])


def image_batch(images, ids):
    """Images (B, H, W, 3) and ids (B, K, L) -> one batch."""
    ids = ids.reshape(-1, ids.shape[-1]).astype("int32")
    labels = ids[:, 1:]
    inputs = {"source": images, "target": ids[:, :-1]}
    return inputs, labels, (labels != PAD_ID).astype("float32")


def _parts(rows, size):
    return (rows[i : i + size] for i in range(0, len(rows), size))


def _prefetched(make):
    """Results of `make()` without end; the next one is made while one is used."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make)
        while True:
            found = coming.result()
            coming = pool.submit(make)
            yield found
