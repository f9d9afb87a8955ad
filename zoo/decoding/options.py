"""The options of decoding: checked once in Python, then split for the graph."""

import dataclasses
import numbers
from typing import NamedTuple

import tensorflow as tf

_BEAMS_OFF = {"num_beams": 1, "num_beam_groups": 1, "diversity_penalty": 0.0}
_SAMPLING_OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
# The options whose values are tensors in a graph.
FLOATS = (
    "temperature",
    "top_p",
    "min_p",
    "length_penalty",
    "repetition_penalty",
    "diversity_penalty",
)
_MINIMUM = {
    "max_new_tokens": 1,
    "num_beams": 1,
    "num_beam_groups": 1,
    "num_return_sequences": 1,
    "top_k": 0,
    "no_repeat_ngram_size": 0,
}
_MOST = 2**31 - 1  # of an int32
_LARGEST = float(tf.float32.max)
_LONGEST_NGRAM = 100  # each place of an n-gram costs operations in the graph


class StaticConfig(NamedTuple):
    """The static half of `Decoding`: what the graph looks like. Equal plans share one trace.

    `top_p`, `min_p` and `repetition_penalty` say that the processor is in the graph; their values
    are tensors (see `Decoding.split`).
    """

    num_beams: int = 1
    num_beam_groups: int = 1
    num_return_sequences: int = 1
    do_sample: bool = False
    top_k: int = 0
    top_p: bool = False
    min_p: bool = False
    repetition_penalty: bool = False
    no_repeat_ngram_size: int = 0
    early_stopping: bool = False
    candidates: int = 0  # hypotheses that a search returns of each group; 0: answers alone

    @property
    def times(self):
        """Rows of a source: its beams, or its answers."""
        return self.num_beams if self.num_beams > 1 else self.num_return_sequences


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoding:
    """How to decode; every value is checked on construction.

    One of three methods follows from the options: beam search where `num_beams > 1`, sampling
    where `do_sample` is true, else greedy search. `do_sample=None` becomes true where
    `temperature`, `top_k`, `top_p` or `min_p` differs from its default.

    Args:
        max_new_tokens: most tokens of an answer, the end token included.
        num_beams: hypotheses kept alive for a source.
        num_beam_groups: diverse groups into which the beams are divided.
        diversity_penalty: taken from the rank of a token for each beam of an earlier group that
            chose it at the same step.
        length_penalty: alpha of the score `log_prob / length**alpha`; above 0 favours long answers.
        num_return_sequences: answers for a source.
        do_sample: draw tokens instead of taking the best.
        temperature: divides the logits before a draw.
        top_k: draw among this many best tokens; 0 is off.
        top_p: draw among the fewest best tokens whose probabilities sum to this; 1 is off.
        min_p: draw among tokens at least this share as probable as the best one; 0 is off.
        repetition_penalty: positive logits of tokens already in the answer are divided by it and
            negative ones multiplied; 1 is off. As in HF transformers, a model that goes on with
            what it was given counts the tokens of that, too, as far as it reads them.
        no_repeat_ngram_size: no n-gram of this size occurs twice in an answer, or in prompt and
            answer together; 0 is off.
        early_stopping: end a beam search where no hypothesis would come before the worst answer if
            it ended with its next token. By default it goes on while one could still come there by
            `max_new_tokens`. (HF transformers call the two False and "never".)

    Raises:
        TypeError: a value of the wrong type.
        ValueError: a value, or a pair of values, that breaks a rule.
    """

    max_new_tokens: int = 128
    num_beams: int = 1
    num_beam_groups: int = 1
    diversity_penalty: float = 0.0
    length_penalty: float = 1.0
    num_return_sequences: int = 1
    do_sample: bool | None = None
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    early_stopping: bool = False

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if field.name not in ("do_sample", "early_stopping"):
                self._set(field.name, _number(field.name, getattr(self, field.name)))
        if self.do_sample is None:
            self._set("do_sample", bool(self._sampling_options()))
        self.validate()

    def _set(self, name, value):
        object.__setattr__(self, name, value)  # the dataclass is frozen for everyone else

    def _sampling_options(self):
        return [name for name, off in _SAMPLING_OFF.items() if getattr(self, name) != off]

    def validate(self):
        """Raises `ValueError` or `TypeError` for the first rule that is broken."""
        if not isinstance(self.do_sample, bool):
            raise TypeError(f"do_sample must be True, False or None; got {self.do_sample!r}.")
        if not isinstance(self.early_stopping, bool):
            raise TypeError(f"early_stopping must be True or False; got {self.early_stopping!r}.")
        for name, least in _MINIMUM.items():
            self._require(getattr(self, name) >= least, f"{name} must be >= {least}", name)
            most = _LONGEST_NGRAM if name == "no_repeat_ngram_size" else _MOST
            self._require(getattr(self, name) <= most, f"{name} must be <= {most}", name)
        self._require(self.temperature > 0, "temperature must be > 0", "temperature")
        self._require(0 < self.top_p <= 1, "top_p must be > 0 and <= 1", "top_p")
        self._require(0 <= self.min_p < 1, "min_p must be >= 0 and < 1", "min_p")
        self._require(
            self.repetition_penalty > 0, "repetition_penalty must be > 0", "repetition_penalty"
        )
        self._require(
            self.diversity_penalty >= 0, "diversity_penalty must be >= 0", "diversity_penalty"
        )
        self._require(
            self.num_beams % self.num_beam_groups == 0,
            "num_beams must be a multiple of num_beam_groups",
            "num_beams",
            "num_beam_groups",
        )
        self._require(
            self.diversity_penalty == 0 or self.num_beam_groups > 1,
            "diversity_penalty needs num_beam_groups > 1",
            "diversity_penalty",
            "num_beam_groups",
        )
        self._require(
            not (self.do_sample and self.num_beams > 1),
            "sampling needs num_beams = 1",
            "num_beams",
            "do_sample",
            *self._sampling_options(),
        )
        self._require(
            self.do_sample or not self._sampling_options(),
            "sampling options need do_sample = True",
            "do_sample",
            *self._sampling_options(),
        )
        self._require(
            self.do_sample or self.num_return_sequences <= self.num_beams,
            "num_return_sequences must be <= num_beams unless sampling",
            "num_return_sequences",
            "num_beams",
        )

    def _require(self, holds, rule, *names):
        if not holds:
            values = ", ".join(f"{name}={getattr(self, name)}" for name in names)
            raise ValueError(f"{rule}; got {values}.")

    def updated(self, **options) -> "Decoding":
        """A copy with the options that are not None, as a call's options go over a model's.

        An option that belongs to one method chooses it: `temperature`, `top_k`, `top_p` or `min_p`
        (or `do_sample=True`) turns beams off; `num_beams`, `num_beam_groups` or
        `diversity_penalty` (or `do_sample=False`) turns sampling off. Options of both are an error.
        """
        given = {name: value for name, value in options.items() if value is not None}
        method = {}
        if given.keys() & _SAMPLING_OFF.keys() or given.get("do_sample") is True:
            method = {**_BEAMS_OFF, "do_sample": True}
        elif given.keys() & _BEAMS_OFF.keys() or given.get("do_sample") is False:
            method = {**_SAMPLING_OFF, "do_sample": False}
        return dataclasses.replace(self, **{**method, **given})

    def split(self) -> tuple[StaticConfig, dict[str, tf.Tensor]]:
        """The static options and the float32 scalars, new values of which do not trace anew."""
        static_config = StaticConfig(
            num_beams=self.num_beams,
            num_beam_groups=self.num_beam_groups,
            num_return_sequences=self.num_return_sequences,
            do_sample=self.do_sample,
            top_k=self.top_k,
            top_p=self.top_p != 1,
            min_p=self.min_p != 0,
            repetition_penalty=self.repetition_penalty != 1,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
            early_stopping=self.early_stopping,
        )
        dynamic_params = {name: tf.constant(getattr(self, name), tf.float32) for name in FLOATS}
        return static_config, dynamic_params

    def to_dict(self) -> dict:
        """Plain numbers, fit for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, options: dict) -> "Decoding":
        """The inverse of `to_dict`."""
        return cls(**options)


def _number(name, value):
    """`value` as a plain int where the option counts something, else as a plain finite float."""
    whole = name in _MINIMUM
    kind = numbers.Integral if whole else numbers.Real
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} must be {'an int' if whole else 'a number'}; got {value!r}.")
    if whole:
        return int(value)
    if not abs(value) <= _LARGEST:
        raise ValueError(f"{name} must be finite in float32; got {name}={value}.")
    return float(value)
