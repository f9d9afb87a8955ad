"""The one entry to decoding: a step function in, sequences out."""

import functools

import tensorflow as tf

from zoo.decoding.beam import beam_search
from zoo.decoding.greedy import begin_rows, extend_rows
from zoo.decoding.logits import next_log_probs
from zoo.decoding.rows import Hypotheses, column, repeat_rows
from zoo.decoding.sampling import sample, uniform


def search(
    step,
    state,
    *,
    batch_size,
    start_id,
    end_id,
    pad_id,
    limit,
    plan,
    floats,
    seeds=None,
    constraint=None,
):
    """Decodes B sources. Pure TensorFlow: fit for `tf.function` and for a SavedModel.

    A row's answer is a function of its own state, limit, seed and options, and of nothing else in
    its batch.

    Args:
        step: `(tokens int32 (N,), state) -> (logits (N, V), state)`, where N = B * K and row n
            belongs to source n // K.
        state: nest of tensors with B rows, what a step changes. An axis that grows has static
            size 0.
        batch_size: int or int32 scalar, B; 0 is fine.
        start_id: int or int32 (B,), the token before the first new one.
        end_id: int, ends an answer and is part of it.
        pad_id: int, fills up the answers.
        limit: int32 (B,), most new tokens of each source, the end token included.
        plan: `Plan`, and
        floats: dict of float32 tensors, both from `Decoding.split`. A value may also be given for
            each source, as (B,).
        seeds: int32 (B,); sampling needs them.
        constraint: see `zoo.decoding.constraints`.

    Returns:
        `Hypotheses`: beams best first, samples in the order of their number.

    Raises:
        ValueError: sampling without seeds.
    """
    if plan.do_sample and seeds is None:
        raise ValueError("seeds must be given for sampling; got seeds=None.")
    times = plan.num_beams if plan.num_beams > 1 else plan.num_return_sequences
    first = tf.repeat(tf.broadcast_to(tf.cast(start_id, tf.int32), [batch_size]), times)
    state = repeat_rows(state, times)
    ends = {"end_id": end_id, "pad_id": pad_id}

    if plan.num_beams > 1:
        found = beam_search(
            step,
            state,
            _log_probs(plan, floats, times, end_id, constraint),
            **ends,
            first=first,
            limit=limit,
            num_beams=plan.num_beams,
            num_beam_groups=plan.num_beam_groups,
            num_return_sequences=plan.num_return_sequences,
            length_penalty=column(floats["length_penalty"], 1),
            diversity_penalty=column(floats["diversity_penalty"], 1),
        )
    else:
        limit = tf.repeat(limit, times)
        rows = extend(
            begin_rows(state, first=first, limit=limit),
            step,
            **ends,
            batch_size=batch_size,
            limit=limit,
            plan=plan,
            floats=floats,
            seeds=seeds,
            constraint=constraint,
        )
        shape = [batch_size, times]
        found = Hypotheses(
            tf.reshape(rows.tokens, [*shape, tf.shape(rows.tokens)[1]]),
            tf.reshape(rows.lengths, shape),
            tf.reshape(rows.log_probs, shape),
        )
    # A beam search may have looked further than its best answers are long.
    longest = tf.reduce_max(tf.concat([[0], tf.reshape(found.lengths, [-1])], axis=0))
    return found._replace(tokens=found.tokens[:, :, :longest])


def extend(
    rows, step, *, batch_size, end_id, pad_id, limit, plan, floats, seeds, constraint, until=None
):
    """Goes on with the rows of a greedy search or of a sampling; see `search` and `Rows`.

    Args:
        rows: `Rows` of N = B * R sequences.
        limit: int32 (N,).
        until: int32 scalar, the number of tokens at which to stop for now, or None.

    Returns:
        `Rows`.
    """
    times = plan.num_return_sequences
    return extend_rows(
        rows,
        step,
        _log_probs(plan, floats, times, end_id, constraint),
        _sampler(plan, floats, seeds, batch_size) if plan.do_sample else _best_token,
        end_id=end_id,
        pad_id=pad_id,
        limit=limit,
        until=until,
    )


def _log_probs(plan, floats, times, end_id, constraint):
    penalty = column(floats["repetition_penalty"], times) if plan.repetition_penalty else None
    return functools.partial(
        next_log_probs,
        end_id=end_id,
        repetition_penalty=penalty,
        no_repeat_ngram_size=plan.no_repeat_ngram_size,
        constraint=constraint,
    )


def _best_token(log_probs, t):
    return tf.argmax(log_probs, axis=-1, output_type=tf.int32)


def _sampler(plan, floats, seeds, batch_size):
    """A draw for each row, keyed by its source's seed and its number among the source's answers."""
    times = plan.num_return_sequences
    keys = tf.repeat(seeds, times)
    index = tf.tile(tf.range(times), [batch_size])
    return lambda log_probs, t: sample(
        log_probs,
        uniform(keys, t, index),
        temperature=column(floats["temperature"], times),
        top_k=plan.top_k,
        top_p=column(floats["top_p"], times) if plan.top_p else None,
        min_p=column(floats["min_p"], times) if plan.min_p else None,
    )
