"""What `generate` does around a search: its options, its stops, and several answers of beams."""

import difflib
import inspect

import tensorflow as tf

from zoo.decoding import watched_renewal, watched_state, watched_step
from zoo.text import END_ID

SHARED = ("masks", "stops")  # of what answers are held to, what is not said for each source
# Under other names elsewhere; what difflib finds for these is something else.
_ELSEWHERE = {
    "do_sample": "temperature",
    "max_length": "max_new_tokens",
    "max_tokens": "max_new_tokens",
    "stop_strings": "stop",
    "num_samples": "num_return_sequences",
    "n": "num_return_sequences",
    "typical_p": "top_p",
    "random_state": "seed",
    "output_attentions": "return_dict",
    "output_scores": "return_dict",
    "return_dict_in_generate": "return_dict",
}
_WIDER = (4, 16, 64)  # hypotheses of a beam among which different texts are looked for


def checked_options(method, given, more=()):
    """Raises `TypeError` for an option that a method does not have.

    Args:
        method: function, whose parameters are its options.
        given: the names of what was given beside these.
        more: names of the options that it takes by `**`.
    """
    kinds = inspect.signature(method).parameters.values()
    known = [*(p.name for p in kinds if p.kind is p.KEYWORD_ONLY), *more]
    for name in given:
        if name not in known:
            near = [_ELSEWHERE.get(name), *difflib.get_close_matches(name, known, 1)]
            near = next((option for option in near if option in known), None)
            hint = f"did you mean {near}?" if near else f"it has {', '.join(known)}."
            raise TypeError(f"{method.__name__} has no option {name!r}: {hint}")


def watched(step, state, renewal, held, source):
    """A step, its first state and its renewal, with the stops of `held` where it has some."""
    if "stops" not in held:
        return step, state, renewal
    return (
        watched_step(step, held["stops"], END_ID),
        watched_state(state, tf.shape(source)[0]),
        watched_renewal(renewal),
    )


def widened(plan):
    """Plans that look for more and more hypotheses than are asked for."""
    beams = plan.num_beams // plan.num_beam_groups
    for times in _WIDER:
        yield plan._replace(candidates=times * beams)


def distinct(hypotheses, decoding):
    """The best hypotheses of beams with different texts.

    Args:
        hypotheses: list of ((ids, text), score), the score minus infinity where there is none: the
            best of each group, then the second best of each, and so on.
        decoding: `zoo.decoding.Decoding`.

    Returns:
        list of (ids, text), best first, at most `num_return_sequences`.
    """
    groups, chosen = decoding.num_beam_groups, {}
    ranked = [(i // groups, -score, pair) for i, (pair, score) in enumerate(hypotheses)]
    for _, cost, pair in sorted(ranked, key=lambda hypothesis: hypothesis[:2]):
        if len(chosen) < decoding.num_return_sequences and cost < float("inf"):
            chosen.setdefault(pair[1], (cost, pair))
    found = [pair for _, pair in sorted(chosen.values(), key=lambda value: value[0])]
    return found or [hypotheses[0][0]]
