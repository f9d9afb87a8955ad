"""Search: a step function becomes sequences. No string, no model and no tokenizer in here."""

from zoo.decoding.constraints import (
    all_of,
    allowed_tokens,
    force_tokens,
    prefix_trie,
    suppress_tokens,
)
from zoo.decoding.contrast import contrasted
from zoo.decoding.dispatch import extend, search
from zoo.decoding.greedy import begin_rows, rows_shapes
from zoo.decoding.options import Decoding, StaticConfig
from zoo.decoding.rows import Hypotheses, row_shapes
from zoo.decoding.stops import watched_context_shift, watched_state, watched_step
from zoo.system import old_names

__all__ = [
    "Decoding",
    "Hypotheses",
    "StaticConfig",
    "all_of",
    "allowed_tokens",
    "begin_rows",
    "contrasted",
    "extend",
    "force_tokens",
    "prefix_trie",
    "row_shapes",
    "rows_shapes",
    "search",
    "suppress_tokens",
    "watched_context_shift",
    "watched_state",
    "watched_step",
]

__getattr__ = old_names(
    __name__,
    {"banned": "suppress_tokens", "forced": "force_tokens", "template": "allowed_tokens"},
)
