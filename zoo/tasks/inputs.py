"""What users give, as lists and arrays, and the shapes of those in a graph."""

import numbers
from pathlib import Path

import numpy as np
import tensorflow as tf

from zoo.decoding import options
from zoo.lite.catalogue import SPACE, decoded
from zoo.lite.subwords import valid_unicode
from zoo.tasks.raw_data import items, text_items
from zoo.text import END_ID, PAD_ID, START_ID

IDS = tf.TensorSpec([None, None], tf.int32)
VECTOR = tf.TensorSpec([None], tf.int32)
FLOATS = dict.fromkeys(options.FLOATS, tf.TensorSpec([], tf.float32))

_CHUNK_TOKENS = 2048  # source positions that `generate` decodes together


def constraints_spec(constraints):
    """The `tf.TensorSpec` of each array that `build_constraints` returns."""
    return {name: tf.TensorSpec([None, None], part.dtype) for name, part in constraints.items()}


def row_seeds(seed, count):
    """A seed for each of `count` answers, int32, from one int or, for None, from chance."""
    if seed is None:
        seed = np.random.default_rng().integers(2**31)
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise TypeError(f"seed must be an int or None; got seed={seed!r:.80}.")
    return ((np.arange(count) + int(seed) % 2**31) % 2**31).astype("int32")


def framed(ids, start=False, end=False):
    """Ragged ids with a start and an end token around each row."""
    column = tf.ones([ids.nrows(), 1], tf.int32)
    parts = [column * START_ID] * start + [ids] + [column * END_ID] * end
    return tf.concat(parts, axis=1)


def prompts(ids, start_token=True):
    """`zoo.lite.subwords.prompt_ids` in a graph, for ragged ids that are short enough."""
    if start_token:
        return framed(ids, start=True)
    empty = tf.cast(ids.row_lengths() == 0, tf.int64)
    starts = tf.fill([tf.reduce_sum(empty)], START_ID)
    return tf.concat([tf.RaggedTensor.from_row_lengths(starts, empty), ids], axis=1)


def texts(name, value):
    """A str, or several in a list, an array or anything else of `items`, as a list of str.

    Raises:
        TypeError: anything else; where it is one of many, the message says which.
    """
    if isinstance(value, str):
        return [str(value)]
    rule = "a str or a list of str"
    if isinstance(value, np.ndarray) and value.ndim > 1:
        raise TypeError(
            f"{name} must be {rule}; got an array of shape {value.shape}: {value!r:.80}."
        )
    return text_items(name, value, rule)


def text_tensor(inputs):
    """Texts or their bytes, one or a list -> tf.string () or (B,), lone surrogates as U+FFFD."""
    one = isinstance(inputs, (str, bytes))
    rows = [inputs] if one else items("inputs", inputs, "a str or a list of str")
    found = list(map(valid_unicode, texts("inputs", list(map(decoded, rows)))))
    return tf.constant(found[0] if one else found, tf.string)


def path_or_file(item):
    """What a data set holds of a file: bytes without a zero byte are a path, others the file."""
    return item.decode() if isinstance(item, bytes) and b"\0" not in item else item


def file_tensor(inputs):
    """Paths or the bytes of files, one or a list -> their bytes, tf.string () or (B,)."""
    alone = isinstance(inputs, (str, bytes))
    files = [inputs] if alone else list(inputs)
    found = [file if isinstance(file, bytes) else Path(file).read_bytes() for file in files]
    return tf.constant(found[0] if alone else found, tf.string)


def dataset_files(dataset):
    """A tf.data.Dataset of files or arrays, batched or not, targets with them or not -> each."""
    if isinstance(dataset.element_spec, tuple):
        dataset = dataset.map(lambda first, *others: first)
    spec = dataset.element_spec
    if spec.shape.rank == (1 if spec.dtype == tf.string else 4):
        dataset = dataset.unbatch()
    return map(path_or_file, dataset.as_numpy_iterator())


def padded(rows, left=False):
    """Lists of ids -> int32 (B, longest), filled up with padding at the right or the left."""
    ids = np.full((len(rows), max(map(len, rows), default=0)), PAD_ID, "int32")
    for row, values in zip(ids, rows, strict=True):
        if left:
            row[len(row) - len(values) :] = values
        else:
            row[: len(values)] = values
    return ids


def number_table(numbers):
    """A dict of str and int as a table in the graph, which an export must track; else 0."""
    keys, values = zip(*numbers.items(), strict=True)
    with tf.init_scope():
        pairs = tf.lookup.KeyValueTensorInitializer(
            tf.constant(keys), tf.constant(values, tf.int32)
        )
        return tf.lookup.StaticHashTable(pairs, 0)


def stripped(strings):
    """tf.string -> the same without the space around; see `zoo.lite.catalogue.item_lines`."""
    return tf.strings.regex_replace(strings, f"^{SPACE}+|{SPACE}+$", "")


def chunks(lengths):
    """Indices of `lengths`, shortest first, in chunks of about `_CHUNK_TOKENS` positions."""
    order, chunk = np.argsort(lengths, kind="stable"), []
    for i in order:
        if chunk and (len(chunk) + 1) * lengths[i] > _CHUNK_TOKENS:
            yield np.array(chunk)
            chunk = []
        chunk.append(i)
    if chunk:
        yield np.array(chunk)
