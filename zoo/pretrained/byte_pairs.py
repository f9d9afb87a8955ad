"""Byte-level BPE from `tokenizer.json`, or from `vocab.json` and `merges.txt`."""

from typing import NamedTuple

from sentencepiece import sentencepiece_model_pb2 as sentencepiece_proto

from zoo.lite.byte_pairs import (
    NO_TEXT,
    PATTERNS,
    WORD,
    BytePairs,
    Rules,
    characters,
    written,
)
from zoo.pretrained.vocabulary import PIECE
from zoo.text import END_ID, START_ID, UNKNOWN_ID, BytePairTokenizer

FILE = "tokenizer.json"
_GPT2 = [{"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}]
# GPT-2's files have a printable character for each byte: itself, or one from 256 on.
_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_HIDDEN = [byte for byte in range(256) if byte not in _PRINTABLE]
_BYTES = {chr(byte): byte for byte in _PRINTABLE}
_BYTES |= {chr(256 + i): byte for i, byte in enumerate(_HIDDEN)}


class Vocabulary(NamedTuple):
    """What the files say.

    Attributes:
        file: the file that errors name.
        ids: dict of bytes to int, the tokens that are merged.
        ranks: dict of bytes to int, when they are merged.
        merges: set of pairs of bytes.
        added: dict of str to int, the tokens that are looked for first.
        special: set of int, those that spell nothing.
        rules: dict of `pattern`, `digits` and `nfc`, as of `zoo.lite.byte_pairs.Rules`.
        whole: whether a word that is a token is never merged.
        start: id of the token that begins every text, or None.
    """

    file: object
    ids: dict
    ranks: dict
    merges: set
    added: dict
    special: set
    rules: dict
    whole: bool
    start: int | None


def read(checkpoint):
    """The `Vocabulary` of a checkpoint.

    Raises:
        FileNotFoundError: neither `tokenizer.json` nor the two others.
        ValueError: a rule that is not known.
    """
    if not (checkpoint.path / FILE).is_file() and (checkpoint.path / "vocab.json").is_file():
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
    return _parsed(checkpoint.path / FILE, checkpoint.json(FILE))


def tokenizer(found, size, start, end, start_ends=False):
    """The tokenizer of the zoo, and which row of the checkpoint each of its tokens has.

    Args:
        found: `Vocabulary`.
        size: number of rows.
        start, end: ids of the two tokens; they may be one.
        start_ends: whether the start token ends texts, too, and can be written for that: then it
            has a second number, and the first one, in front of a text, is a copy.

    Returns:
        `BytePairTokenizer`; list of int.

    Raises:
        ValueError: a token beyond `size`, or merges that lead elsewhere by their order alone.
    """
    last = max(*found.ids.values(), *found.added.values())
    if last >= size:
        raise ValueError(
            f"{found.file} must have at most vocab_size={size} tokens; got {last + 1}."
        )
    _check_merges(found)
    rest = (i for i in range(size) if i != end and (i != start or start_ends))
    order = [end, end, start, end, *rest]
    proto = _proto(found, order, set())
    if found.whole and (words := _not_made(found, BytePairs(proto))):
        proto = _proto(found, order, words)
    return BytePairTokenizer(proto), order


def _proto(found, order, words):
    """The bytes of a vocabulary, of which `words` (set of bytes) are found as whole words alone."""
    texts = {i: (WORD if text in words else "") + characters(text) for text, i in found.ids.items()}
    texts |= {i: characters(text) for text, i in found.added.items()}
    ours = {theirs: number for number, theirs in enumerate(order)}
    added = {text: ours[i] for text, i in found.added.items()}
    words = {ours[found.ids[text]] for text in words}
    symbols = words.union(added.values())
    ranks = {characters(text): rank for text, rank in found.ranks.items()}
    model = sentencepiece_proto.ModelProto()
    for number, theirs in enumerate(order):
        text = texts.get(theirs)
        if number < END_ID and theirs in order[number + 1 :]:
            text = None  # a copy of another token
        if text is None:
            name = ("<pad>", "<unk>", "<s>", "</s>", f"<{theirs}>")[min(number, END_ID + 1)]
            text, kind = NO_TEXT + name, PIECE.UNKNOWN if number == UNKNOWN_ID else PIECE.CONTROL
        else:
            kind = PIECE.USER_DEFINED if number in symbols else PIECE.NORMAL
        model.pieces.add(piece=text, score=-float(ranks.get(text, -1) + 1), type=kind)
    _plain(model)
    empty = [number for number, i in enumerate(order) if i in found.special or i not in texts]
    rules = Rules(**found.rules, added=added, special=empty, words=sorted(words))
    return written(rules, model.SerializeToString())


def _plain(model):
    """A SentencePiece model that takes characters as they come."""
    model.trainer_spec.model_type = sentencepiece_proto.TrainerSpec.BPE
    model.trainer_spec.vocab_size = len(model.pieces)
    model.trainer_spec.unk_id, model.trainer_spec.unk_piece = 1, model.pieces[1].piece
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = False


def _parsed(file, content):
    """The content of a `tokenizer.json` -> `Vocabulary`."""
    model = content.get("model") or {}
    _require(file, "model", {"type": "BPE", "byte_fallback": (None, False)}, model)
    no_text = {"continuing_subword_prefix": (None, ""), "end_of_word_suffix": (None, "")}
    _require(file, "model", no_text | {"dropout": (None, 0.0)}, model)
    _require(file, "decoder", {"type": "ByteLevel"}, content.get("decoder") or {})
    normalizers = _listed(content.get("normalizer"), "normalizers")
    if [part["type"] for part in normalizers] not in ([], ["NFC"]):
        raise ValueError(f"{file}: normalizer must be none or NFC; got {normalizers!r:.200}.")
    added, special = {}, set()
    for token in content.get("added_tokens") or []:
        plain = {"single_word": (None, False), "lstrip": (None, False), "rstrip": (None, False)}
        _require(file, f"added token {token['content']!r}", plain, token)
        added[token["content"]] = token["id"]
        if token.get("special"):
            special.add(token["id"])
    ids = {_spelled(file, t): i for t, i in model["vocab"].items() if t not in added}
    pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
    pairs = [tuple(_spelled(file, part) for part in pair) for pair in pairs]
    ranks = {}
    for rank, (left, right) in enumerate(pairs):
        ranks.setdefault(left + right, rank)
    missing = [byte for byte in range(256) if bytes([byte]) not in ids]
    lost = [text for text in ids if len(text) > 1 and text not in ranks]
    if missing or lost or ranks.keys() - ids.keys():
        raise ValueError(
            f"{file} must have a token for each byte and a merge for each longer token; got "
            f"{len(missing)} bytes without a token, {len(lost)} tokens without a merge, "
            f"{len(ranks.keys() - ids.keys())} merges without a token."
        )
    return Vocabulary(
        file=file,
        ids=ids,
        ranks=ranks,
        merges=set(pairs),
        added=added,
        special=special,
        rules=_rules(file, _listed(content.get("pre_tokenizer"), "pretokenizers"))
        | {"nfc": bool(normalizers)},
        whole=bool(model.get("ignore_merges")),
        start=_start(content.get("post_processor"), added),
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


def _start(post_processor, added):
    """The token that begins every text."""
    for part in _listed(post_processor, "processors"):
        if part["type"] == "TemplateProcessing" and "SpecialToken" in part["single"][0]:
            return added.get(part["single"][0]["SpecialToken"]["id"])
    return None


def _listed(part, name):
    """A part of a `tokenizer.json`, or a sequence of parts, or none -> list of dict."""
    if part is None:
        return []
    return part[name] if part["type"] == "Sequence" else [part]


def _require(file, where, allowed, found):
    for name, values in allowed.items():
        values = values if isinstance(values, tuple) else (values,)
        if found.get(name) not in values:
            raise ValueError(
                f"{file}: {name} of {where} must be {values[0]!r}; got {found.get(name)!r}, which "
                "is not supported."
            )


def _spelled(file, text):
    """A token in GPT-2's characters -> bytes."""
    try:
        return bytes(_BYTES[character] for character in text)
    except KeyError as error:
        raise ValueError(
            f"{file} must have tokens in the characters that stand for bytes; got {text!r}."
        ) from error


def _check_merges(found):
    """Raises where it matters by which pair a token is made: here its rank alone counts.

    It does not where each token, merged by itself up to its own rank, ends with a pair that its
    file has; then the others can never stand side by side.
    """
    ranks = {text: -1 for text in found.ids if len(text) == 1} | found.ranks
    for text, rank in found.ranks.items():
        pairs = [(text[:i], text[i:]) for i in range(1, len(text))]
        pairs = [pair for pair in pairs if all(ranks.get(part, rank) < rank for part in pair)]
        if set(pairs) <= found.merges:
            continue
        last = tuple(_merged(text, ranks, rank))
        if len(last) == 2 and last not in found.merges:
            raise ValueError(
                f"{found.file} must make each token by the pair that its merges lead to; "
                f"got {text!r}, to which {last} lead."
            )


def _merged(text, ranks, limit):
    """`text` in parts, merged by the ranks below a limit."""
    parts = [text[i : i + 1] for i in range(len(text))]
    while len(parts) > 1:
        found = [ranks.get(a + b, limit) for a, b in zip(parts, parts[1:], strict=False)]
        best = min(found)
        if best >= limit:
            break
        place = found.index(best)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


def _not_made(found, vocabulary):
    """The tokens that the merges do not make."""
    texts = list(found.ids)
    return {text for text, ids in zip(texts, vocabulary.merged(texts), strict=True) if len(ids) > 1}
