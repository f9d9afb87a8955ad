"""Beam search with live and finished hypotheses, and its diverse form with groups."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.loop import run
from zoo.decoding.rows import Hypotheses, gather_rows, growing_shapes, is_end, rows_of
from zoo.decoding.top_k import top_k

_NEVER = -float("inf")


class _Finished(NamedTuple):
    """The F best finished hypotheses of each group, best first; score -inf where there is none."""

    tokens: tf.Tensor  # int32 (B, G, F, t)
    lengths: tf.Tensor  # int32 (B, G, F)
    log_probs: tf.Tensor  # float32 (B, G, F)
    scores: tf.Tensor  # float32 (B, G, F)


class Beams(NamedTuple):
    """A beam search in the making."""

    tokens: tf.Tensor  # int32 (B, G, k, t), the live beams: k in each of G groups
    log_probs: tf.Tensor  # float32 (B, G, k), -inf for a dead beam
    finished: _Finished
    done: tf.Tensor  # bool (B,)
    last: tf.Tensor  # int32 (N,)
    state: Any


def begin_beams(state, *, first, limit, num_beams, num_beam_groups, num_return_sequences):
    """A beam search before its first token.

    Args:
        state: nest of tensors with N rows.
        first: int32 (N,), the tokens to start from.
        limit: int32 (B,), most new tokens of each source.
        num_beams, num_beam_groups, num_return_sequences: int, K, G and R.

    Returns:
        `Beams`.
    """
    batch, groups, beams = tf.shape(limit)[0], num_beam_groups, num_beams // num_beam_groups
    kept = -(-num_return_sequences // groups)
    # All beams of a group start equal, so only the first may be extended.
    done = limit <= 0
    start = tf.where(tf.range(beams) == 0, 0.0, _NEVER)
    nothing = tf.where(done[:, None, None] & (tf.range(kept) == 0), 0.0, _NEVER)
    nothing = tf.broadcast_to(nothing, [batch, groups, kept])
    return Beams(
        tokens=tf.zeros([batch, groups, beams, 0], tf.int32),
        log_probs=tf.broadcast_to(
            tf.where(done[:, None, None], _NEVER, start), [batch, groups, beams]
        ),
        finished=_Finished(
            tokens=tf.zeros([batch, groups, kept, 0], tf.int32),
            lengths=tf.zeros([batch, groups, kept], tf.int32),
            log_probs=nothing,
            scores=nothing,
        ),
        done=done,
        last=first,
        state=state,
    )


def extend_beams(
    loop,
    step,
    next_log_probs,
    *,
    ends,
    pad_id,
    limit,
    length_penalty,
    diversity_penalty,
    early_stopping=False,
    most=0,
    context_shift=None,
):
    """Keeps the most probable beginnings of each source alive, and the best of their ends.

    A hypothesis is finished by the end token, or as it stands at its limit, and is ranked by
    `log_prob / length**length_penalty`. A row stops when no live beam can come to a score above the
    finished ones: a log-probability only falls, so whatever grows out of a beam scores at most
    `log_prob / limit**length_penalty` for a penalty >= 0, and `log_prob / (t + 1)**length_penalty`
    for one below 0. With `early_stopping` it stops when none could by ending next.

    Groups choose in order, each with its own live and finished sets; a token loses
    `diversity_penalty` of its rank for each beam of an earlier group that took it at this step.
    That ranks and is then forgotten: log-probabilities and scores are without it.

    Args:
        loop: `Beams`.
        step: `(tokens (N,), state) -> (logits (N, V), state)`.
        next_log_probs: `(logits, tokens (N, t), t) -> (N, V)`, at most 0.
        ends: tuple of int, the tokens that end a hypothesis.
        pad_id: int.
        limit: int32 (B,), most new tokens of each source.
        length_penalty, diversity_penalty: float32 (B, 1) or (1, 1).
        early_stopping: bool.
        most: int32 scalar, stop when at most so many sources are unfinished.
        context_shift: see `zoo.decoding.loop.run`.

    Returns:
        `Beams`.

    References: Wu et al. 2016, section 7 (ranking by length, in a plainer form); Vijayakumar et al.
    2016, Diverse Beam Search (groups, Hamming diversity).
    """
    groups, beams = loop.tokens.shape[1:3]
    batch = tf.shape(limit)[0]
    group_rows = tf.reshape(tf.range(batch * groups) * beams, [batch, groups, 1])

    def score(log_probs, length):
        """`length` (B, 1) or a scalar; the clip keeps absurd penalties finite."""
        scale = tf.cast(length, tf.float32) ** length_penalty
        return log_probs / tf.clip_by_value(scale, 1e-30, 1e30)[..., None]

    def body(loop):
        t = tf.shape(loop.tokens)[-1]
        logits, state = step(loop.last, loop.state)
        so_far = tf.reshape(loop.tokens, [batch * groups * beams, t])
        parents, ids, totals, ended, stay = _candidates(
            next_log_probs(logits, so_far, t),
            loop.log_probs,
            ends,
            t + 1 >= limit,
            diversity_penalty,
        )
        tokens = tf.concat(
            [tf.gather(loop.tokens, parents, batch_dims=2), ids[..., None]], axis=-1
        )  # (B, G, C, t + 1)
        finished = _best(
            loop.finished,
            _Finished(
                tokens=tokens,
                lengths=tf.fill(tf.shape(ids), t + 1),
                log_probs=totals,
                scores=tf.where(ended, score(totals, t + 1), _NEVER),
            ),
            pad_id,
        )

        live = tf.gather(tf.where(ended, _NEVER, totals), stay, batch_dims=2)  # (B, G, k)
        best_length = t + 2
        if not early_stopping:
            best_length = tf.where(length_penalty >= 0, limit[:, None], best_length)
        bound = score(tf.reduce_max(live, axis=-1, keepdims=True), best_length)
        done = tf.reduce_all(bound <= finished.scores[..., -1:], axis=[1, 2])
        rows = tf.reshape(group_rows + tf.gather(parents, stay, batch_dims=2), [-1])
        return Beams(
            tokens=tf.gather(tokens, stay, batch_dims=2),
            log_probs=tf.where(done[:, None, None], _NEVER, live),
            finished=finished,
            done=done,
            last=tf.reshape(tf.gather(ids, stay, batch_dims=2), [-1]),
            state=gather_rows(state, rows),
        )

    def goes_on(loop):
        return tf.reduce_sum(tf.cast(~loop.done, tf.int32)) > most

    return run(loop, goes_on, body, beams_shapes(loop), context_shift)


def beams_shapes(loop):
    """Loop invariants of `Beams`."""
    groups, beams = loop.tokens.shape[1:3]
    answers = tf.TensorShape([None, groups, loop.finished.scores.shape[2]])
    return Beams(
        tokens=tf.TensorShape([None, groups, beams, None]),
        log_probs=tf.TensorShape([None, groups, beams]),
        finished=_Finished(answers.concatenate(None), answers, answers, answers),
        done=tf.TensorShape([None]),
        last=tf.TensorShape([None]),
        state=growing_shapes(loop.state),
    )


def take_beams(loop, places):
    """The search for some of the sources, int32 (C,), alone."""
    groups, beams = loop.tokens.shape[1:3]
    rows = rows_of(places, groups * beams)
    *whole, last, state = loop
    return Beams(*gather_rows(tuple(whole), places), *gather_rows((last, state), rows))


def _candidates(step_log_probs, log_probs, ends, at_limit, diversity_penalty):
    """The C best continuations of each group, of which k do not end, so that k can stay alive.

    There are k for each end token, and k more. They are among the C best tokens of each beam, so
    that only these are added up and compared.

    Args:
        step_log_probs: float32 (B·G·k, V), log-probabilities of the next token of each beam.
        log_probs: float32 (B, G, k), of the beams so far.
        ends: tuple of int.
        at_limit: bool (B,), whether this token is the last one anyway.
        diversity_penalty: float32 (B, 1) or (1, 1).

    Returns:
        parents int32, the beam in its group, ids int32, totals float32, and whether it ends, bool:
        each (B, G, C); and the places among these of the beams that stay alive, int32 (B, G, k).
    """
    groups, beams = log_probs.shape[1:]
    batch, vocab_size = tf.shape(log_probs)[0], tf.shape(step_log_probs)[1]
    count = (1 + len(ends)) * beams
    by_group, diverse = [step_log_probs], groups > 1
    if diverse:
        by_beam = tf.reshape(step_log_probs, [batch, groups, beams, vocab_size])
        by_group = [
            tf.reshape(part, [batch * beams, vocab_size]) for part in tf.unstack(by_beam, axis=1)
        ]
        penalty = tf.zeros([batch, vocab_size])
    chosen = []
    for part, so_far in zip(by_group, tf.unstack(log_probs, axis=1), strict=True):
        ranks = part - tf.repeat(penalty, beams, axis=0) if diverse else part
        ranks, ids = top_k(ranks, count)
        each = tf.shape(ids)[1]
        values = tf.gather(part, ids, batch_dims=1) if diverse else ranks
        # (B·k, C) -> (B, k·C)
        ranks, values = (
            tf.reshape(x, [batch, beams * each]) + tf.repeat(so_far, each, axis=1)
            for x in (ranks, values)
        )
        ranks, index = tf.math.top_k(ranks, count)
        ids = tf.gather(tf.reshape(ids, [batch, beams * each]), index, batch_dims=1)
        values = tf.gather(values, index, batch_dims=1)
        ended = is_end(ids, ends) | at_limit[:, None]
        ranks, stay = tf.math.top_k(tf.where(ended, _NEVER, ranks), beams)
        chosen.append((index // each, ids, values, ended, stay))
        if len(chosen) < groups:
            taken = tf.gather(ids, stay, batch_dims=1)
            rows = tf.broadcast_to(tf.range(batch)[:, None], tf.shape(taken))
            alive = tf.cast(ranks > _NEVER, tf.float32)
            penalty = tf.tensor_scatter_nd_add(
                penalty, tf.stack([rows, taken], axis=-1), alive * diversity_penalty
            )
    return [tf.stack(parts, axis=1) for parts in zip(*chosen, strict=True)]


def _best(finished, new, pad_id):
    """The F best of both; on a tie the older one, so that nothing moves without a reason."""
    padded = tf.pad(finished.tokens, [[0, 0], [0, 0], [0, 0], [0, 1]], constant_values=pad_id)
    both = _Finished(
        *(
            tf.concat(pair, axis=2)
            for pair in zip(finished._replace(tokens=padded), new, strict=True)
        )
    )
    _, places = tf.math.top_k(both.scores, finished.scores.shape[2])
    return _Finished(*(tf.gather(part, places, batch_dims=2) for part in both))


def best_answers(loop, count):
    """The best of each group, then the second best of each, and so on.

    Args:
        loop: `Beams`.
        count: int, R.

    Returns:
        `Hypotheses`, best score first.
    """
    finished = loop.finished
    groups, kept = finished.scores.shape[1:]
    batch = tf.shape(finished.scores)[0]
    flat = _flat(loop)
    # The last round may not have room for every group.
    room = count - (kept - 1) * groups
    _, group = tf.math.top_k(finished.scores[:, :, -1], room)
    earlier = [g * kept + f for g in range(groups) for f in range(kept - 1)]
    places = tf.concat(
        [tf.tile(tf.constant([earlier], tf.int32), [batch, 1]), group * kept + kept - 1], axis=1
    )
    _, order = tf.math.top_k(tf.gather(flat.scores, places, batch_dims=1), count)
    places = tf.gather(places, order, batch_dims=1)
    return Hypotheses(*(tf.gather(part, places, batch_dims=1) for part in flat[:3]))


def by_rank(loop, count):
    """All that are kept: the best of each group, then the second best of each, and so on.

    Args:
        loop: `Beams`.
        count: int, the kept hypotheses of all groups.

    Returns:
        `Hypotheses`, `count` of each source.
    """
    groups, kept = loop.finished.scores.shape[1:]
    places = [g * kept + f for f in range(kept) for g in range(groups)]
    return Hypotheses(*(tf.gather(part, places[:count], axis=1) for part in _flat(loop)[:3]))


def _flat(loop):
    """The finished hypotheses of all groups, one group after the other: (B, G·F, ...)."""
    finished = loop.finished
    groups, kept = finished.scores.shape[1:]
    batch, width = tf.shape(finished.scores)[0], tf.shape(finished.tokens)[3]
    return _Finished(
        tf.reshape(finished.tokens, [batch, groups * kept, width]),
        *(tf.reshape(part, [batch, groups * kept]) for part in finished[1:]),
    )
