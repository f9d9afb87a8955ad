"""Search: a step function becomes sequences. No string, no model and no tokenizer in here."""

from zoo.decoding.constraints import all_of, banned, forced, prefix_trie, template
from zoo.decoding.contrast import contrasted
from zoo.decoding.dispatch import extend, search
from zoo.decoding.greedy import begin_rows, rows_shapes
from zoo.decoding.options import Decoding, Plan
from zoo.decoding.rows import Hypotheses, row_shapes
from zoo.decoding.stops import watched_renewal, watched_state, watched_step

__all__ = [
    "Decoding",
    "Hypotheses",
    "Plan",
    "all_of",
    "banned",
    "begin_rows",
    "contrasted",
    "extend",
    "forced",
    "prefix_trie",
    "row_shapes",
    "rows_shapes",
    "search",
    "template",
    "watched_renewal",
    "watched_state",
    "watched_step",
]
