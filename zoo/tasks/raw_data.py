"""Raw data as users give it, checked item by item: lists, arrays, iterators, data sets."""

import contextlib
import math
import re

import numpy as np
import tensorflow as tf

from zoo.lite.several import listed
from zoo.lite.several import refuse as refuse_kind


def items(name, value, rule):
    """A finite collection of any kind as a list; an iterator is read to its end.

    Args:
        name: of the argument, for the error.
        value: a list, a tuple, a numpy array, a tensor, a column or table of pandas, a generator,
            a `zip`.
        rule: what `name` must be.

    Raises:
        TypeError: one item alone, as a str is; a dict or a set; what cannot be gone through.
    """
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    elif hasattr(value, "numpy"):
        value = value.numpy()
    return listed(name, value, rule)


def text_items(name, value, rule):
    """`items` that are str; from arrays and tensors, which keep text as bytes, also UTF-8.

    Raises:
        TypeError: another item; the message says which.
    """
    found = items(name, value, rule)
    if not isinstance(value, (list, tuple)):
        found = [x.decode("utf-8", "replace") if isinstance(x, bytes) else x for x in found]
    check_items(name + "[{}]", found, is_text, name, rule)
    return [str(text) for text in found]


def is_text(value):
    return isinstance(value, str)


def check_items(place, found, is_right, name, rule):
    """Raises a `TypeError` that says where the first item stands that is not right.

    Args:
        place: where an item stands, with {} for its index.
    """
    for i, item in enumerate(found):
        if not is_right(item):
            refuse_kind(name, item, rule, f"{place.format(i)}=")


def pairs(x, y, rule, is_source=is_text, each="text for each in x"):
    """What `fit` takes as pairs -> the list of all sources, and that of all targets, each a str.

    Args:
        x: a collection of pairs; or of sources, with `y`.
        y: a collection of targets; or None.
        rule: what `x` must be, for the error.
        is_source: whether an item is a source.
        each: what `y` must have one of, for the error.

    Raises:
        TypeError: an item that is none; the message says which.
        ValueError: no pair, or `y` of another length.
    """
    if y is None:
        rows = items("x", x, rule)
        check_items("x[{}]", rows, is_pair, "x", rule)
        sources, targets = (list(side) for side in zip(*rows, strict=True)) if rows else ([], [])
        check_items("x[{}][0]", sources, is_source, "x", rule)
        check_items("x[{}][1]", targets, is_text, "x", rule)
    else:
        sources = items("x", x, rule) if is_source is not is_text else text_items("x", x, rule)
        check_items("x[{}]", sources, is_source, "x", rule)
        targets = text_items("y", y, "a list of str")
        if len(sources) != len(targets):
            raise ValueError(f"y must have one {each}; got {len(targets)} for {len(sources)}.")
    if not sources:
        raise ValueError("x must hold at least one pair; got none.")
    return sources, [str(target) for target in targets]


def is_pair(row):
    """Whether an item is a tuple, a list or an array of two."""
    a_row = isinstance(row, (tuple, list)) or (isinstance(row, np.ndarray) and row.ndim == 1)
    return a_row and len(row) == 2


def string_dataset(dataset, count, rule, labels=False):
    """A tf.data.Dataset of strings, batched or not or of unknown shape -> one of scalars.

    Args:
        dataset: its elements are `count` tf.string of rank 0 or 1.
        count: 1 for a tensor alone; else the length of a tuple.
        rule: what `x` must be.
        labels: whether the last of a tuple is a label, which may be an int, too.

    Raises:
        ValueError: a dataset of something else.
    """
    spec = dataset.element_spec
    parts = (spec,) if count == 1 else spec
    right = isinstance(parts, tuple) and len(parts) == count
    if right:
        strings = parts[:-1] if labels else parts
        right = all(map(_is_string_spec, strings)) and _is_string_spec(parts[-1], labels)
    if not right:
        raise ValueError(f"x must be {rule}; got a dataset of {spec}.")
    if all(part.shape.rank == 0 for part in parts):
        return dataset
    return dataset.map(
        lambda *sides: tf.nest.map_structure(
            lambda side: tf.reshape(side, [-1]), sides[0] if count == 1 else sides
        )
    ).unbatch()


def _is_string_spec(spec, or_int=False):
    return (
        isinstance(spec, tf.TensorSpec)
        and (spec.dtype == tf.string or (or_int and spec.dtype.is_integer))
        and (spec.shape.rank is None or spec.shape.rank < 2)
    )


@contextlib.contextmanager
def plain_errors():
    """Raises a ValueError of code that a tf.data.Dataset calls as it was, without the graph's."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = re.search(r"^ValueError: (.*)$", error.message, re.MULTILINE)
        if not found:
            raise
        raise ValueError(found[1]) from None


def is_prepared(x):
    """Whether `x` is a tf.data.Dataset of (inputs, next tokens, weights), as `batches` makes it."""
    spec = x.element_spec if isinstance(x, tf.data.Dataset) else None
    return (
        isinstance(spec, tuple)
        and len(spec) == 3
        and isinstance(spec[1], tf.TensorSpec)
        and spec[1].dtype.is_integer
    )


def is_strings(x):
    """Whether `x` is an array or a tensor of strings."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "USO"
    return getattr(x, "dtype", None) in (tf.string, "string")


def validation_pair(data):
    """`validation_data` as Keras takes it -> x and y.

    A tuple is (x, y); anything else, such as a list of pairs or a data set, is x alone.
    """
    if not isinstance(data, tuple) or not 2 <= len(data) <= 3 or any(map(is_text, data)):
        return data, None
    x, y, *weights = data
    refuse("validation_data[2]", *weights)
    return x, y


def validation_split(x, y, fraction):
    """The first examples, and the last ones for validation, as Keras splits: two pairs of x, y."""
    if not 0 < number("validation_split", fraction) < 1:
        raise ValueError(f"validation_split must be >= 0 and < 1; got validation_split={fraction}.")
    if isinstance(x, tf.data.Dataset):
        raise ValueError(
            "validation_split needs data with a length; "
            f"got validation_split={fraction} with a tf.data.Dataset."
        )
    x = items("x", x, "a list")
    y = None if y is None else items("y", y, "a list")
    if y is not None and len(x) != len(y):
        raise ValueError(f"y must have one item for each in x; got {len(y)} for {len(x)}.")
    at = math.floor(len(x) * (1 - fraction))
    if not 0 < at < len(x):
        raise ValueError(
            "validation_split must leave examples on both sides; "
            f"got validation_split={fraction} of {len(x)} examples."
        )
    return (x[:at], y and y[:at]), (x[at:], y and y[at:])


def refuse(name, value=None):
    """Raises a `ValueError` for weights of examples, which the zoo's losses do not have."""
    if value is not None:
        raise ValueError(
            f"{name} must be None: each real token weighs 1; got {type(value).__name__}."
        )


def batch_shape(batch_size, batch_tokens):
    """How `batches` shall batch, as a dict: by rows, or by positions, 4096 by default."""
    if batch_size is None:
        tokens = 4096 if batch_tokens is None else batch_tokens
        return {"batch_tokens": whole_number("batch_tokens", tokens)}
    if batch_tokens is not None:
        raise ValueError(
            "batch_size and batch_tokens must not be given both; "
            f"got batch_size={batch_size}, batch_tokens={batch_tokens}."
        )
    return {"batch_size": whole_number("batch_size", batch_size)}


def shuffle_buffer(shuffle):
    """`shuffle` of `fit` -> the size of a buffer, in examples; 0 for none."""
    if isinstance(shuffle, (bool, np.bool_)):
        return 50_000 if shuffle else 0
    return whole_number("shuffle", shuffle, least=0)


def whole_number(name, value, least=1):
    """An int that is at least `least`, or an error that names it."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an int; got {name}={value!r:.80}.")
    if value < least:
        raise ValueError(f"{name} must be >= {least}; got {name}={value}.")
    return int(value)


def number(name, value):
    """A finite number as a float, or an error that names it."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name} must be a number; got {name}={value!r:.80}.")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite; got {name}={value}.")
    return float(value)
