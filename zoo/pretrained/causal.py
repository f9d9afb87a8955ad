"""What the language models among the families share: their tokenizer and way of decoding."""

from typing import Any, NamedTuple

from zoo.layers.rotary import SCALINGS
from zoo.pretrained import byte_pairs, pairs, spaced_pairs
from zoo.pretrained.chat import chat_of
from zoo.pretrained.checkpoint import CONFIG
from zoo.tasks import TextGenerator

GENERATION_CONFIG = "generation_config.json"
_SAMPLING = ("temperature", "top_k", "top_p", "min_p")
_DECODING = ("max_new_tokens", "num_beams", "length_penalty", "repetition_penalty")
_DECODING += ("no_repeat_ngram_size",)
_CONTEXT = "original_max_position_embeddings"
_IMPLIED = ("longrope", "yarn")  # scalings whose factor follows from the two contexts


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
    """The `Tokens` of a checkpoint.

    Raises:
        ValueError: no end token, or a vocabulary that is not known.
    """
    kind = spaced_pairs if spaced_pairs.fits(checkpoint) else byte_pairs
    found = kind.read(checkpoint)
    end, *others = _ends(checkpoint, found)
    start, in_front = _start(checkpoint, found)
    start = end if start is None else start
    order = pairs.order_of(
        found, checkpoint.setting("vocab_size"), start, end, start_ends=start in others
    )
    ours = {theirs: number for number, theirs in enumerate(order)}
    return Tokens(kind.tokenizer(found, order), order, in_front, [ours[i] for i in others])


def generator(checkpoint, model, tokens):
    """A model and its `Tokens` -> `zoo.TextGenerator`."""
    chat = chat_of(checkpoint)
    return TextGenerator(
        model,
        tokens.tokenizer,
        decoding=_decoding(_settings(checkpoint)),
        start_token=tokens.start_token,
        end_tokens=tokens.ends,
        chat=chat and chat._asdict(),
    )


def rotary(checkpoint, base, share=1.0):
    """How positions are rotated, by `rope_parameters`, or `rope_scaling` before.

    Args:
        checkpoint: from where.
        base, share: see `zoo.layers.rotary.rotate`; where these do not say otherwise.

    Returns:
        dict of `base`, `scaling` and `share`; and the most positions that this holds for.
    """
    found = checkpoint.config.get("rope_parameters") or checkpoint.config.get("rope_scaling") or {}
    found = dict(found)
    kind = found.pop("type", "default")
    kind = found.pop("rope_type", kind)
    if kind not in SCALINGS:
        raise ValueError(
            f"{checkpoint.path / CONFIG}: rope_type must be one of {', '.join(SCALINGS)}; "
            f"got {kind!r}, which is not supported."
        )
    base, share = found.pop("rope_theta", base), found.pop("partial_rotary_factor", share)
    context, scaling = checkpoint.setting("max_position_embeddings"), None
    if kind != "default":
        whole = checkpoint.config.get(_CONTEXT) or found.get(_CONTEXT) or context
        found.setdefault("factor", context / whole if kind in _IMPLIED else None)
        scaling = found | {"rope_type": kind, _CONTEXT: whole}
        context = whole if kind == "longrope" else context
    return {"base": float(base), "scaling": scaling, "share": float(share)}, context


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


def _start(checkpoint, found):
    """The id of the start token, or None, and whether it stands in front of every text."""
    settings = _of_tokenizer(checkpoint)
    start = found.start
    if start is None:
        start = _settings(checkpoint).get("bos_token_id")
    in_front = settings.get("add_bos_token")  # where it is there, it counts
    return start, found.start is not None if in_front is None else in_front


def _of_tokenizer(checkpoint):
    """The content of `tokenizer_config.json`; empty where there is none."""
    there = (checkpoint.path / pairs.CONFIG).is_file()
    return checkpoint.json(pairs.CONFIG) if there else {}


def _ends(checkpoint, found):
    """The ids of the end tokens, first of them that which the tokenizer names."""
    ends = _settings(checkpoint).get("eos_token_id")
    ends = ends if isinstance(ends, list) else [ends]
    name = _of_tokenizer(checkpoint).get("eos_token")
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
