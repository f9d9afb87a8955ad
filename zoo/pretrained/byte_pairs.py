"""Byte-level BPE from `tokenizer.json`, or from `vocab.json` and `merges.txt`."""

from zoo.lite.byte_pairs import PATTERNS, WORD, BytePairs, Rules, characters
from zoo.lite.pairs import NO_TEXT
from zoo.pretrained import pairs
from zoo.text import BytePairTokenizer

_GPT2 = [{"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}]
# GPT-2's files have a printable character for each byte: itself, or one from 256 on.
_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_HIDDEN = [byte for byte in range(256) if byte not in _PRINTABLE]
_BYTES = {chr(byte): byte for byte in _PRINTABLE}
_BYTES |= {chr(256 + i): byte for i, byte in enumerate(_HIDDEN)}
_UTF8 = [*range(192), *range(194, 245)]  # the bytes that a text may have


def read(checkpoint):
    """The `Vocabulary` of a checkpoint.

    Raises:
        FileNotFoundError: neither `tokenizer.json` nor the two others.
        ValueError: a rule that is not known.
    """
    if not (checkpoint.path / pairs.FILE).is_file() and (checkpoint.path / "vocab.json").is_file():
        ids = checkpoint.json("vocab.json")
        lines = checkpoint.file("merges.txt").read_text(encoding="utf-8").split("\n")
        merges = [line for line in lines if line and not line.startswith("#version")]
        added = [{"content": "<|endoftext|>", "id": ids.get("<|endoftext|>"), "special": True}]
        content = {
            "model": {"type": "BPE", "vocab": ids, "merges": merges},
            "added_tokens": added if None not in added[0].values() else [],
            "pre_tokenizer": _GPT2[0],
            "decoder": {"type": "ByteLevel"},
        }
        return _parsed(checkpoint.path / "vocab.json", content)
    return _parsed(checkpoint.path / pairs.FILE, checkpoint.json(pairs.FILE))


def tokenizer(found, order):
    """The tokenizer of the zoo for a `Vocabulary`, its tokens in the order of `pairs.order_of`."""
    proto = _proto(found, order, set())
    if found.whole and (words := _not_made(found, BytePairs(proto))):
        proto = _proto(found, order, words)
    return BytePairTokenizer(proto)


def _proto(found, order, words):
    """The bytes of a vocabulary, of which `words` (set of bytes) are found as whole words alone.

    A token with the text of an added one, such as a run of spaces of GPT-NeoX, is never found.
    """
    added = {text.encode() for text in found.added}
    words = words - added
    prefixes = dict.fromkeys(words, WORD) | dict.fromkeys(added, NO_TEXT)
    pieces = {i: prefixes.get(text, "") + characters(text) for text, i in found.ids.items()}
    pieces |= {i: characters(text) for text, i in found.added.items()}
    ranks = {found.ids[text]: rank for text, rank in found.ranks.items()}
    symbols = {found.ids[text] for text in words}.union(found.added.values())
    model, empty = pairs.sentence_pieces(order, pieces, ranks, symbols)
    ours = {theirs: number for number, theirs in enumerate(order)}
    rules = Rules(
        **found.rules,
        added={text: ours[i] for text, i in found.added.items()},
        special=[*empty, *(ours[i] for i in found.special)],
        words=sorted(ours[found.ids[text]] for text in words),
    )
    return BytePairs.written(rules, model.SerializeToString())


def _parsed(file, content):
    """The content of a `tokenizer.json` -> `Vocabulary`."""
    model = content.get("model") or {}
    pairs.require(file, "model", {"type": "BPE", "byte_fallback": (None, False)}, model)
    no_text = {"continuing_subword_prefix": (None, ""), "end_of_word_suffix": (None, "")}
    pairs.require(file, "model", no_text | {"dropout": (None, 0.0)}, model)
    pairs.require(file, "decoder", {"type": "ByteLevel"}, content.get("decoder") or {})
    normalizers = pairs.listed(content.get("normalizer"), "normalizers")
    if [part["type"] for part in normalizers] not in ([], ["NFC"]):
        raise ValueError(f"{file}: normalizer must be none or NFC; got {normalizers!r:.200}.")
    added, special = pairs.added_tokens(file, content)
    ids = {_spelled(file, t): i for t, i in model["vocab"].items() if t not in added}
    merges = [tuple(_spelled(file, part) for part in pair) for pair in pairs.merges_of(model)]
    if missing := [byte for byte in _UTF8 if bytes([byte]) not in ids]:
        raise ValueError(
            f"{file} must have a token for each byte; got {len(missing)} bytes without a token."
        )
    return pairs.Vocabulary(
        file=file,
        ids=ids,
        ranks=pairs.ranks_of(file, ids, merges),
        added=added,
        special=special,
        rules=_rules(file, pairs.listed(content.get("pre_tokenizer"), "pretokenizers"))
        | {"nfc": bool(normalizers)},
        start=pairs.start_of(content, added),
        whole=bool(model.get("ignore_merges")),
    )


def _rules(file, parts):
    """How words are found: a list of pre-tokenizers -> `pattern` and `digits`."""
    kinds = [part["type"] for part in parts]
    digits = kinds[:1] == ["Digits"] and parts[0].get("individual_digits") is True
    kinds, rest = (kinds[1:], parts[1:]) if digits else (kinds, parts)
    names = {pattern.regex: name for name, pattern in PATTERNS.items()}
    name = None
    if rest and kinds[-1] == "ByteLevel" and not rest[-1].get("add_prefix_space"):
        if kinds == ["ByteLevel"] and rest[0].get("use_regex", True):
            name = "gpt2"
        if kinds == ["Split", "ByteLevel"] and not rest[1].get("use_regex", True):
            isolated = rest[0].get("behavior") == "Isolated" and not rest[0].get("invert")
            name = names.get(rest[0]["pattern"].get("Regex")) if isolated else None
    if name is None:
        raise ValueError(
            f"{file}: pre_tokenizer must cut text as that of {', '.join(PATTERNS)} does, perhaps "
            f"with single digits; got {parts!r:.400}."
        )
    return {"pattern": name, "digits": digits}


def _spelled(file, text):
    """A token in GPT-2's characters -> bytes."""
    try:
        return bytes(_BYTES[character] for character in text)
    except KeyError as error:
        raise ValueError(
            f"{file} must have tokens in the characters that stand for bytes; got {text!r}."
        ) from error


def _not_made(found, vocabulary):
    """The tokens that the merges do not make."""
    texts = list(found.ids)
    return {text for text, ids in zip(texts, vocabulary.merged(texts), strict=True) if len(ids) > 1}
