"""What `generate` does around a search: its options, its stops, and several answers of beams."""

import numpy as np
import tensorflow as tf

from zoo.decoding import watched_context_shift, watched_state, watched_step
from zoo.text import END_ID, Stops

SHARED = ("masks", "stops")  # of what answers are held to, what is not said for each source
_WIDER = (4, 16, 64)  # hypotheses of a beam among which different texts are looked for


def watched(step, state, context_shift, constraints, source):
    """A step, its first state and its context shift, with the stops of `constraints`, if any."""
    if "stops" not in constraints:
        return step, state, context_shift
    return (
        watched_step(step, constraints["stops"], END_ID),
        watched_state(state, tf.shape(source)[0]),
        watched_context_shift(context_shift),
    )


def widened(static_config):
    """Plans that look for more and more hypotheses than are asked for."""
    beams = static_config.num_beams // static_config.num_beam_groups
    for times in _WIDER:
        yield static_config._replace(candidates=times * beams)


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


class Answering:
    """The part of `SearchTask` between a search and the texts of its answers."""

    def _watched(self, constraints, stops):
        """What answers are held to, with the stops (list of str) in it, and their `Stops` or None.

        Raises:
            ValueError: a prefix that holds a stop, after which an answer could not go on.
        """
        if not stops:
            return constraints, None
        if "classes" in constraints:
            raise ValueError(f"stop must be None with a form; got stop={stops!r:.80}.")
        stops = Stops(stops, self.target_tokenizer, self.spaces)
        prefixes = constraints["ids"].tolist() if "ids" in constraints else []
        for text in self.target_tokenizer.decode(prefixes):
            if stops.cut(text) != text:
                raise ValueError(f"prefix must hold none of stop={stops.texts}; got {text!r:.80}.")
        return {**constraints, "stops": stops.table}, stops

    def _answers(self, sources, constraints, seeds, decoding, stops):
        """Sources -> for each a list of pairs: the ids of an answer, and its text."""
        static_config, dynamic_params = decoding.split()
        count = decoding.num_return_sequences
        if static_config.num_beams == 1 or count == 1:
            found = self._search(
                sources, constraints, seeds, static_config, dynamic_params, decoding.max_new_tokens
            )
            return [[pair for pair, _ in row[:count]] for row in self._texts(sources, found, stops)]
        # Several hypotheses may spell one text, so that more are looked for than are asked for.
        answers, missing = [None] * len(sources), list(range(len(sources)))
        for wider in widened(static_config):
            found = self._search(
                [sources[i] for i in missing],
                {n: part if n in SHARED else part[missing] for n, part in constraints.items()},
                seeds[missing],
                wider,
                dynamic_params,
                decoding.max_new_tokens,
            )
            texts_ = self._texts([sources[i] for i in missing], found, stops)
            for i, row in zip(missing, texts_, strict=True):
                answers[i] = distinct(row, decoding)
            # A search that has found fewer than it looked for has found all there are.
            missing = [
                i
                for i, row in zip(missing, found, strict=True)
                if len(answers[i]) < count and row[-1][1] > -np.inf
            ]
            if not missing:
                break
        return answers

    def _texts(self, sources, found, stops):
        """For each source a list of ((ids, text), score), from what `_search` found."""
        if stops is not None:
            found = [[(stops.until(ids), score) for ids, score in row] for row in found]
        texts_ = iter(self.target_tokenizer.decode([ids for row in found for ids, _ in row]))
        cut = stops.cut if stops is not None else str
        return [
            [((ids, self.postprocess(source, cut(next(texts_)))), score) for ids, score in row]
            for source, row in zip(sources, found, strict=True)
        ]
