"""SentencePiece vocabularies of Llama 2 and its kin, from `tokenizer.json` or `tokenizer.model`."""

from sentencepiece import sentencepiece_model_pb2 as sentencepiece_proto

from zoo.lite.spaced_pairs import ALWAYS, FIRST, LEGACY, NEVER, SPACE, SpacedPairs, Spacing
from zoo.pretrained import pairs
from zoo.pretrained.vocabulary import PIECE, model_of
from zoo.text import SpacedPairTokenizer

MODEL = "tokenizer.model"
_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
_REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
_DECODERS = ["Replace", "ByteFallback", "Fuse", "Strip"]


def fits(checkpoint):
    """Whether the vocabulary of a checkpoint is of this kind."""
    if (checkpoint.path / pairs.FILE).is_file():
        model = checkpoint.json(pairs.FILE).get("model") or {}
        return model.get("type") == "BPE" and bool(model.get("byte_fallback"))
    return (checkpoint.path / MODEL).is_file()


def read(checkpoint):
    """The `Vocabulary` of a checkpoint.

    Raises:
        ValueError: a rule that is not known.
    """
    settings = {}
    if (checkpoint.path / pairs.CONFIG).is_file():
        settings = checkpoint.json(pairs.CONFIG)
    if (checkpoint.path / pairs.FILE).is_file():
        return _parsed(checkpoint.path / pairs.FILE, checkpoint.json(pairs.FILE), settings)
    return _of_model(checkpoint.path / MODEL, settings)


def tokenizer(found, order):
    """The tokenizer of the zoo for a `Vocabulary`, its tokens in the order of `pairs.order_of`."""
    pieces = {i: text for text, i in [*found.ids.items(), *found.added.items()]}
    ranks = {found.ids[text]: rank for text, rank in found.ranks.items()}
    bytes_ = {found.ids[name] for name in _BYTES}
    symbols = set(found.added.values())
    model, empty = pairs.sentence_pieces(order, pieces, ranks, symbols, bytes_)
    ours = {theirs: number for number, theirs in enumerate(order)}
    rules = Spacing(
        **found.rules,
        added={text: ours[i] for text, i in found.added.items()},
        special=[*empty, *(ours[i] for i in found.special)],
    )
    return SpacedPairTokenizer(SpacedPairs.written(rules, model.SerializeToString()))


def _parsed(file, content, settings):
    """The content of a `tokenizer.json` -> `Vocabulary`."""
    model = content["model"]
    no_text = {"continuing_subword_prefix": (None, ""), "end_of_word_suffix": (None, "")}
    plain = {"dropout": (None, 0.0), "ignore_merges": (None, False)}
    pairs.require(file, "model", no_text | plain, model)
    prefix = _prefix(file, content)
    decoders = [part["type"] for part in pairs.listed(content.get("decoder"), "decoders")]
    if decoders not in (_DECODERS, _DECODERS[:-1]):
        raise ValueError(f"{file}: decoder must be {', '.join(_DECODERS)}; got {decoders}.")
    # What is found in normalised text begins with the space that was put in front.
    found_as_they_stand = {"normalized": (False, None)} if prefix == LEGACY else {}
    added, special = pairs.added_tokens(file, content, **found_as_they_stand)
    ids = {text: i for text, i in model["vocab"].items() if text not in added}
    _check_bytes(file, ids)
    return pairs.Vocabulary(
        file=file,
        ids=ids,
        ranks=pairs.ranks_of(file, ids, pairs.merges_of(model), _BYTES),
        added=added,
        special=special,
        rules={"prefix": _prefix_of_class(settings) or prefix},
        start=pairs.start_of(content, added),
    )


def _prefix(file, content):
    """Where a space is put in front, by the normalizer or the pre-tokenizer."""
    normalizers = pairs.listed(content.get("normalizer"), "normalizers")
    cuts = pairs.listed(content.get("pre_tokenizer"), "pretokenizers")
    if normalizers == [{"type": "Prepend", "prepend": SPACE}, _REPLACE] and not cuts:
        return LEGACY
    if normalizers == [_REPLACE] and not cuts:
        return NEVER
    if not normalizers and len(cuts) == 1 and cuts[0]["type"] == "Metaspace":
        plain = cuts[0].get("replacement") == SPACE and cuts[0].get("split") is False
        if plain and cuts[0].get("prepend_scheme") in (FIRST, ALWAYS, NEVER):
            return cuts[0]["prepend_scheme"]
    raise ValueError(
        f"{file}: normalizer and pre_tokenizer must put {SPACE} for spaces as those of Llama 2 do; "
        f"got {normalizers + cuts!r:.300}."
    )


def _prefix_of_class(settings):
    """The same by `tokenizer_config.json`, which counts for this class alone; else None."""
    if (settings.get("tokenizer_class") or "").removesuffix("Fast") != "LlamaTokenizer":
        return None
    if settings.get("add_prefix_space") is False:
        return NEVER
    return ALWAYS if settings.get("legacy") else FIRST


def _of_model(file, settings):
    """A SentencePiece model -> `Vocabulary`."""
    model = model_of(file)
    trainer, normalizer = model.trainer_spec, model.normalizer_spec
    kinds = {piece.type for piece in model.pieces}
    rules = {
        "model_type (2 is BPE)": (trainer.model_type, sentencepiece_proto.TrainerSpec.BPE),
        "byte_fallback": (trainer.byte_fallback, True),
        "add_dummy_prefix": (normalizer.add_dummy_prefix, True),
        "remove_extra_whitespaces": (normalizer.remove_extra_whitespaces, False),
        "precompiled_charsmap": (normalizer.precompiled_charsmap, b""),
        "pieces of kind 'user defined' or 'unused'": (
            bool(kinds & {PIECE.USER_DEFINED, PIECE.UNUSED}),
            False,
        ),
    }
    for name, (value, expected) in rules.items():
        if value != expected:
            raise ValueError(f"{file}: {name} must be {expected!r}; got {value!r:.80}.")
    ids, added, ranks = {}, {}, {}
    for i, piece in enumerate(model.pieces):
        special = piece.type in (PIECE.CONTROL, PIECE.UNKNOWN)
        (added if special else ids)[piece.piece] = i
        if piece.type == PIECE.NORMAL:
            ranks[piece.piece] = -piece.score
    special = set(added.values())
    for i, token in (settings.get("added_tokens_decoder") or {}).items():
        pairs.added_tokens(file, {"added_tokens": [token | {"id": int(i)}]})
        added[token["content"]] = int(i)
        if token.get("special"):
            special.add(int(i))
    _check_bytes(file, ids)
    ids = {text: i for text, i in ids.items() if text not in added}
    legacy = LEGACY if settings.get("legacy", True) else FIRST
    return pairs.Vocabulary(
        file=file,
        ids=ids,
        ranks={text: rank for text, rank in ranks.items() if text in ids},
        added=added,
        special=special,
        rules={"prefix": _prefix_of_class(settings) or legacy},
        start=None,
    )


def _check_bytes(file, ids):
    missing = [name for name in _BYTES if name not in ids]
    if missing:
        raise ValueError(
            f"{file} must have a token for each byte; got {len(missing)} bytes without one."
        )
