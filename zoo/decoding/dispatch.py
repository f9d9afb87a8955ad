"""The one entry to decoding: a step function in, sequences out."""

import functools

import tensorflow as tf

from zoo.decoding.beam import (
    beams_shapes,
    begin_beams,
    best_answers,
    by_rank,
    extend_beams,
    take_beams,
)
from zoo.decoding.drop_finished import drop_finished
from zoo.decoding.greedy import begin_rows, extend_rows, rows_shapes, sources_done, take_rows
from zoo.decoding.logits import next_log_probs
from zoo.decoding.rows import Hypotheses, column, end_tokens, repeat_rows, rows_of
from zoo.decoding.sampling import sample, uniform


def search(
    step,
    static,
    state,
    *,
    batch_size,
    start_id,
    end_id,
    pad_id,
    limit,
    static_config,
    dynamic_params,
    seeds=None,
    constraint=None,
    before=None,
    context_shift=None,
    shrink=True,
):
    """Decodes B sources. Pure TensorFlow: fit for `tf.function` and for a SavedModel.

    A row's answer is a function of its own state, limit, seed and options, and of nothing else in
    its batch.

    Args:
        step: `(tokens int32 (N,), static, state) -> (logits (N, V), state)`, where N = B * K and
            row n belongs to source n // K.
        static: nest of tensors with B rows, what a step reads; `()` is fine.
        state: nest of tensors with B rows, what a step changes. An axis that grows has static
            size 0.
        batch_size: int or int32 scalar, B; 0 is fine.
        start_id: int or int32 (B,), the token before the first new one.
        end_id: int, ends an answer and is part of it; or a tuple of several, each of which does.
            An answer for which a constraint leaves nothing has the first of them.
        pad_id: int, fills up the answers.
        limit: int32 (B,), most new tokens of each source, the end token included.
        static_config: `StaticConfig`, and
        dynamic_params: dict of float32 tensors, both from `Decoding.split`. A value may also be
            given for each source, as (B,).
        seeds: int32 (B,); sampling needs them.
        constraint: see `zoo.decoding.constraints`.
        before: int32 (B, P), what each source begins with, padded at the left: for
            `repetition_penalty` and `no_repeat_ngram_size` it counts as if it stood in the answer.
            None where an answer stands alone.
        context_shift: of a state whose length is bounded; see `zoo.decoding.loop.run`.
        shrink: whether sources whose answers are found leave the batch; see `drop_finished`. A few
            sources of one length are found sooner without.

    Returns:
        `Hypotheses`: beams best first, samples in the order of their number. With
        `static_config.candidates`, so many of each group of beams instead: the best of each group,
        then the second best of each, and so on.

    Raises:
        ValueError: sampling without seeds.
    """
    if static_config.do_sample and seeds is None:
        raise ValueError("seeds must be given for sampling; got seeds=None.")
    times = static_config.times
    first = tf.repeat(tf.broadcast_to(tf.cast(start_id, tf.int32), [batch_size]), times)
    state = repeat_rows(state, times)
    options = {
        "ends": end_tokens(end_id),
        "pad_id": pad_id,
        "static_config": static_config,
        "dynamic_params": dynamic_params,
        "constraint": constraint,
        "before": before,
        "context_shift": context_shift,
    }
    rounds = functools.partial(drop_finished, batch_size=batch_size, shrink=shrink)
    if static_config.num_beams > 1:
        found = _beams(step, static, state, first, limit, options, rounds)
    else:
        found = _rows(step, static, state, first, limit, {**options, "seeds": seeds}, rounds)
    # A beam search may have looked further than its best answers are long.
    longest = tf.reduce_max(tf.concat([[0], tf.reshape(found.lengths, [-1])], axis=0))
    return found._replace(tokens=found.tokens[:, :, :longest])


def _beams(step, static, state, first, limit, options, rounds):
    static_config, dynamic_params = options["static_config"], options["dynamic_params"]
    groups = static_config.num_beam_groups
    answers = static_config.candidates * groups or static_config.num_return_sequences
    counts = (static_config.num_beams, groups, answers)
    names = ("num_beams", "num_beam_groups", "num_return_sequences")
    loop = begin_beams(state, first=first, limit=limit, **dict(zip(names, counts, strict=True)))

    def extend(loop, static, sources, most):
        mine = _of(dynamic_params, sources)
        return extend_beams(
            loop,
            lambda tokens, state: step(tokens, static, state),
            _log_probs(static_config, mine, sources, options),
            ends=options["ends"],
            pad_id=options["pad_id"],
            limit=tf.gather(limit, sources),
            length_penalty=column(mine["length_penalty"], 1),
            diversity_penalty=column(mine["diversity_penalty"], 1),
            early_stopping=static_config.early_stopping,
            most=most,
            context_shift=options["context_shift"],
        )

    return rounds(
        loop,
        static,
        extend=extend,
        done=lambda loop: loop.done,
        answers=functools.partial(
            by_rank if static_config.candidates else best_answers, count=answers
        ),
        take=take_beams,
        shapes=beams_shapes(loop),
    )


def _rows(step, static, state, first, limit, options, rounds):
    times = options["static_config"].num_return_sequences
    rows = begin_rows(state, first=first, limit=tf.repeat(limit, times))

    def answers(rows):
        shape = [tf.shape(rows.last)[0] // times, times]
        return Hypotheses(
            tf.reshape(rows.tokens, [*shape, tf.shape(rows.tokens)[1]]),
            tf.reshape(rows.lengths, shape),
            tf.reshape(rows.log_probs, shape),
        )

    return rounds(
        rows,
        static,
        extend=lambda rows, static, sources, most: extend(
            rows, step, static, sources, limit=limit, most=most, **options
        ),
        done=lambda rows: sources_done(rows, times),
        answers=answers,
        take=lambda rows, places: take_rows(rows, rows_of(places, times)),
        shapes=rows_shapes(rows),
    )


def extend(
    rows,
    step,
    static,
    sources,
    *,
    ends,
    pad_id,
    limit,
    static_config,
    dynamic_params,
    seeds,
    constraint,
    before=None,
    most=0,
    until=None,
    context_shift=None,
):
    """Goes on with the rows of a greedy search or of a sampling; see `search` and `Rows`.

    Args:
        rows: `Rows` of N = b * R sequences, those of
        sources: int32 (b,), the places of their sources among the B of `search`.
        step, static: see `search`; `static` has b rows.
        ends: tuple of int, the end tokens.
        pad_id, limit, static_config, dynamic_params, seeds, constraint, before, context_shift:
            see `search`; of all B sources.
        most: int32 scalar, stop when at most so many sources are unfinished.
        until: int32 scalar, the number of tokens at which to stop for now, or None.

    Returns:
        `Rows`.
    """
    times, mine = static_config.num_return_sequences, _of(dynamic_params, sources)
    choose = _best_token
    if static_config.do_sample:
        choose = _sampler(static_config, mine, tf.gather(seeds, sources))
    rules = {"ends": ends, "pad_id": pad_id, "constraint": constraint, "before": before}
    return extend_rows(
        rows,
        lambda tokens, state: step(tokens, static, state),
        _log_probs(static_config, mine, sources, rules),
        choose,
        times=times,
        ends=ends,
        pad_id=pad_id,
        limit=tf.repeat(tf.gather(limit, sources), times),
        most=most,
        until=until,
        context_shift=context_shift,
    )


def _of(dynamic_params, sources):
    """The options of some sources; a scalar is that of all."""
    dynamic_params = {
        name: tf.convert_to_tensor(value, tf.float32) for name, value in dynamic_params.items()
    }
    return {
        name: tf.gather(x, sources) if x.shape.rank else x for name, x in dynamic_params.items()
    }


def _log_probs(static_config, dynamic_params, sources, rules):
    times, constraint, before = static_config.times, rules["constraint"], rules["before"]
    penalty = (
        column(dynamic_params["repetition_penalty"], times)
        if static_config.repetition_penalty
        else None
    )
    rows = tf.repeat(sources, times)
    return functools.partial(
        next_log_probs,
        end_id=rules["ends"][0],
        pad_id=rules["pad_id"],
        before=None if before is None else tf.gather(before, rows),
        repetition_penalty=penalty,
        no_repeat_ngram_size=static_config.no_repeat_ngram_size,
        constraint=constraint and (lambda tokens, t: constraint(tokens, t, rows)),
    )


def _best_token(log_probs, t):
    return tf.argmax(log_probs, axis=-1, output_type=tf.int32)


def _sampler(static_config, dynamic_params, seeds):
    """A draw for each row, keyed by its source's seed and its number among the source's answers."""
    times = static_config.num_return_sequences
    keys = tf.repeat(seeds, times)
    index = tf.tile(tf.range(times), [tf.size(seeds)])
    return lambda log_probs, t: sample(
        log_probs,
        uniform(keys, t, index),
        temperature=column(dynamic_params["temperature"], times),
        top_k=static_config.top_k,
        top_p=column(dynamic_params["top_p"], times) if static_config.top_p else None,
        min_p=column(dynamic_params["min_p"], times) if static_config.min_p else None,
    )
