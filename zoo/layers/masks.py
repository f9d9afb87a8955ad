"""Masks and rows: the two things that every attention layer shares.

A mask is boolean and True means "may attend". Letters: B batch, T target length, S source length,
D width, K beams, N = B·K rows.
"""

import keras
from keras import ops


def causal_mask(query_length, key_length, offset=0):
    """Forbid attention to later positions.

    Args:
        query_length: T, int or scalar int tensor.
        key_length: S, int or scalar int tensor.
        offset: absolute position of the first query, int or scalar int tensor: the number of
            cached keys when decoding step by step.

    Returns:
        bool (1, T, S): query t may attend to key s where s <= offset + t.
    """
    positions = ops.arange(query_length, dtype="int32")[:, None] + offset
    return (ops.arange(key_length, dtype="int32")[None, :] <= positions)[None]


def padding_mask(token_ids, pad_id=0):
    """Tell tokens from padding: bool (B, S), True where `token_ids` (B, S) is not `pad_id`."""
    return ops.not_equal(token_ids, pad_id)


def attention_mask(mask=None, causal=None):
    """Combine a padding or attention mask with a causal mask.

    Args:
        mask: bool (B, S), (B, 1, S) or (B, T, S), or None.
        causal: bool (1, T, S) as from `causal_mask`, or None.

    Returns:
        bool (B, 1, S), (1, T, S) or (B, T, S), True where every given mask is True;
        None if none is given.
    """
    if mask is not None:
        mask = ops.cast(mask, "bool")
        if len(mask.shape) == 2:
            mask = ops.expand_dims(mask, 1)
    if mask is None or causal is None:
        return causal if mask is None else mask
    return ops.logical_and(mask, causal)


def as_bool(mask, name, example=""):
    """A mask that a user gives as bool, or as int with 0 and 1, as bool.

    Args:
        mask: a tensor of any shape.
        name: of the argument, for the error.
        example: what to give instead of an additive mask, for the error.

    Raises:
        TypeError: a mask of floats, of which nobody can say whether 0 hides or shows.
        ValueError: an integer other than 0 and 1, where the values are known: not in a graph.
    """
    mask = ops.convert_to_tensor(mask)
    dtype = keras.backend.standardize_dtype(mask.dtype)
    if dtype == "bool":
        return mask
    if "int" not in dtype:
        raise TypeError(f"{name} must be bool, True = may attend{example}; got dtype {dtype}.")
    try:
        values = ops.convert_to_numpy(mask)
    except (NotImplementedError, TypeError, ValueError):  # a tensor without values yet
        return ops.cast(mask, "bool")
    others = values[(values != 0) & (values != 1)]
    if others.size:
        raise ValueError(
            f"{name} must be bool, True = may attend, or int with 0 and 1{example}; "
            f"got {int(others[0])} in it."
        )
    return ops.cast(mask, "bool")


def checked(mask, batch=None, query_length=None, key_length=None, beams=False):
    """The `attention_mask` that a user gives a layer, as bool.

    Args:
        mask: bool, or int with 0 and 1, (B, T, S) or (B, 1, S), where B may be 1; or None.
        batch: B, where it is known.
        query_length: T, where it is known.
        key_length: S, where it is known.
        beams: whether the rows of the query are beams, for which only (B, 1, S) has a meaning.

    Raises:
        TypeError: a mask of floats, of which nobody can say whether 0 hides or shows.
        ValueError: another shape, or an integer other than 0 and 1.
    """
    if mask is None:
        return None
    mask = as_bool(mask, "attention_mask", " (of an additive mask of 0 and -1e9, `mask == 0`)")
    shape = tuple(mask.shape)
    lengths = (None, 1) if beams else (None, 1, query_length)
    if (
        len(shape) != 3
        or (batch is not None and shape[0] not in (None, 1, batch))
        or (query_length is not None and shape[1] not in lengths)
        or (None not in (shape[2], key_length) and shape[2] != key_length)
    ):
        raise ValueError(
            "attention_mask must have shape (B, T, S) or (B, 1, S), the latter for beams; a "
            f"padding mask (B, S) is given as mask[:, None, :]; got {shape} with B={batch}, "
            f"T={query_length}, S={key_length}."
        )
    return mask


def with_keras_masks(mask, past, *carried):
    """An attention mask with the masks that Keras carries beside values and keys.

    Args:
        mask: bool (B, 1, S) or (B, T, S), or None.
        past: number of cached keys before those that the masks speak of: S = past + S'.
        *carried: bool (B, S'), or None.

    Returns:
        bool (B, 1, S) or (B, T, S), or None.
    """
    for own in carried:
        if own is not None:
            own = ops.cast(own, "bool")
            if not (isinstance(past, int) and past == 0):
                own = ops.concatenate([ops.ones((ops.shape(own)[0], past), "bool"), own], axis=1)
            mask = attention_mask(own, mask)
    return mask


def masked_softmax(scores, mask=None):
    """Softmax over the last axis, computed in float32 whatever the dtype of `scores`.

    Args:
        scores: float (..., S).
        mask: bool, broadcastable to `scores`, or None.

    Returns:
        Weights, shape and dtype of `scores`: 0 where the mask is False, and all 0, with a gradient
        of 0, in a row whose mask is False everywhere.
    """
    logits = ops.cast(scores, "float32")
    if mask is None:
        return ops.cast(ops.softmax(logits), scores.dtype)
    # Far below any score but finite: -inf would turn a fully masked row into NaN.
    weights = ops.softmax(ops.where(mask, logits, -1e30))
    return ops.cast(ops.where(mask, weights, 0.0), scores.dtype)


def merge_beams(query, batch):
    """Fold the beams of a source into its query axis.

    Row n of the query belongs to source n // K, so that beams share the keys and values of
    their source instead of repeating them. Equal row numbers that are known cost nothing.

    Args:
        query: (N, T, ...), N a multiple of B.
        batch: B, the rows of keys and values, int or scalar int tensor.

    Returns:
        (B, K·T, ...).
    """
    if isinstance(batch, int) and query.shape[0] == batch:
        return query
    return ops.reshape(query, (batch, -1) + tuple(ops.shape(query)[2:]))


def split_beams(context, query):
    """Undo `merge_beams`: context (B, K·T, ...) -> (N, T, ...), N and T as in `query`."""
    if context.shape[0] is not None and context.shape[0] == query.shape[0]:
        return context
    return ops.reshape(context, tuple(ops.shape(query)[:2]) + tuple(ops.shape(context)[2:]))
