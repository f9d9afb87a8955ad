"""What the language models among the families share: their tokenizer and way of decoding."""

from typing import Any, NamedTuple

from zoo.pretrained import byte_pairs
from zoo.pretrained.checkpoint import CONFIG
from zoo.tasks import TextGenerator

TOKENIZER_CONFIG, GENERATION_CONFIG = "tokenizer_config.json", "generation_config.json"
_SAMPLING = ("temperature", "top_k", "top_p", "min_p")
_DECODING = ("max_new_tokens", "num_beams", "length_penalty", "repetition_penalty")
_DECODING += ("no_repeat_ngram_size",)


class Tokens(NamedTuple):
    """A tokenizer, and what a checkpoint says of its tokens.

    Attributes:
        tokenizer: of the zoo.
        order: list of int, which row of the checkpoint each token has.
        start_token: whether the start token is put in front of a prompt.
        ends: list of int, the tokens that end a text beside the end token.
    """

    tokenizer: Any
    order: list
    start_token: bool
    ends: list


def tokens(checkpoint):
    """The `Tokens` of a checkpoint with byte-level BPE.

    Raises:
        ValueError: no end token, or what `zoo.pretrained.byte_pairs` does not know.
    """
    found = byte_pairs.read(checkpoint)
    settings = _settings(checkpoint)
    end, *others = _ends(checkpoint, found)
    start = settings.get("bos_token_id") if found.start is None else found.start
    start = end if start is None else start
    size = checkpoint.setting("vocab_size")
    tokenizer, order = byte_pairs.tokenizer(found, size, start, end, start in others)
    ours = {theirs: number for number, theirs in enumerate(order)}
    return Tokens(tokenizer, order, found.start is not None, [ours[i] for i in others])


def generator(checkpoint, model, tokens):
    """A model and its `Tokens` -> `zoo.TextGenerator`."""
    return TextGenerator(
        model,
        tokens.tokenizer,
        decoding=_decoding(_settings(checkpoint)),
        start_token=tokens.start_token,
        end_tokens=tokens.ends,
    )


def without_language(target_language):
    """Raises ValueError for a language, of which language models have none to choose."""
    if target_language is not None:
        raise ValueError(
            "target_language must be None for a language model; "
            f"got target_language={target_language!r}."
        )


def _settings(checkpoint):
    """The configuration, and what `generation_config.json` has in its place."""
    settings = dict(checkpoint.config)
    if (checkpoint.path / GENERATION_CONFIG).is_file():
        settings |= checkpoint.json(GENERATION_CONFIG)
    return settings


def _ends(checkpoint, found):
    """The ids of the end tokens, first of them that which the tokenizer names."""
    ends = _settings(checkpoint).get("eos_token_id")
    ends = ends if isinstance(ends, list) else [ends]
    if (checkpoint.path / TOKENIZER_CONFIG).is_file():
        name = checkpoint.json(TOKENIZER_CONFIG).get("eos_token")
        name = name["content"] if isinstance(name, dict) else name
        ends = sorted(ends, key=lambda end: end != found.added.get(name))
    if ends in ([], [None]):
        raise ValueError(f"{checkpoint.path / CONFIG} must have eos_token_id, which is missing.")
    size = checkpoint.setting("vocab_size")
    if not all(isinstance(end, int) and 0 <= end < size for end in ends):
        raise ValueError(
            f"{checkpoint.path / GENERATION_CONFIG} and {CONFIG} must have an eos_token_id below "
            f"vocab_size={size}; got {ends}."
        )
    return list(dict.fromkeys(ends))


def _decoding(settings):
    """How the model is asked by default."""
    names = _DECODING + (_SAMPLING if settings.get("do_sample") else ())
    return {name: settings[name] for name in names if settings.get(name) is not None}
