"""What the vocabularies of merged pairs share, and the parts of a `tokenizer.json`."""

from typing import NamedTuple

from sentencepiece import sentencepiece_model_pb2 as sentencepiece_proto

from zoo.lite.pairs import NO_TEXT
from zoo.pretrained.vocabulary import PIECE
from zoo.text import END_ID, UNKNOWN_ID

FILE, CONFIG = "tokenizer.json", "tokenizer_config.json"


class Vocabulary(NamedTuple):
    """What the files say.

    Attributes:
        file: the file that errors name.
        ids: dict of what tokens spell (bytes or str) to int, the tokens that are merged.
        ranks: dict of the same to a number, when they are merged.
        added: dict of str to int, the tokens that are looked for first.
        special: set of int, those that spell nothing.
        rules: dict, the rules that are not of tokens.
        start: id of the token that begins every text, or None.
        whole: whether a word that is a token is never merged.
    """

    file: object
    ids: dict
    ranks: dict
    added: dict
    special: set
    rules: dict
    start: int | None
    whole: bool = False


def order_of(found, size, start, end, start_ends):
    """Which row of a checkpoint each token has: list of int.

    Args:
        found: `Vocabulary`.
        size: number of rows.
        start, end: ids of the two tokens; they may be one.
        start_ends: whether the start token ends texts, too, and can be written for that: then it
            has a second number, and the first one, in front of a text, is a copy.

    Raises:
        ValueError: a token beyond `size`.
    """
    last = max(*found.ids.values(), *found.added.values())
    if last >= size:
        raise ValueError(
            f"{found.file} must have at most vocab_size={size} tokens; got {last + 1}."
        )
    rest = (i for i in range(size) if i != end and (i != start or start_ends))
    return [end, end, start, end, *rest]


def sentence_pieces(order, pieces, ranks, symbols=(), spelled_in_bytes=()):
    """A SentencePiece model that takes characters as they come.

    Args:
        order: from `order_of`.
        pieces: dict of row to piece.
        ranks: dict of row to a number, when the piece is merged.
        symbols: rows whose pieces are found as they stand.
        spelled_in_bytes: rows that are a byte of a character without a piece.

    Returns:
        A `ModelProto`; the rows that have no piece.
    """
    model, empty = sentencepiece_proto.ModelProto(), []
    for number, theirs in enumerate(order):
        copied = number < END_ID and theirs in order[number + 1 :]
        piece = None if copied else pieces.get(theirs)
        if piece is None:
            names = ("<pad>", "<unk>", "<s>", "</s>", f"<{theirs}>")
            piece = NO_TEXT + names[min(number, END_ID + 1)]
            kind = PIECE.UNKNOWN if number == UNKNOWN_ID else PIECE.CONTROL
            empty.append(number)
        elif theirs in symbols:
            kind = PIECE.USER_DEFINED
        else:
            kind = PIECE.BYTE if theirs in spelled_in_bytes else PIECE.NORMAL
        model.pieces.add(piece=piece, score=-float(ranks.get(theirs, -1) + 1), type=kind)
    model.trainer_spec.model_type = sentencepiece_proto.TrainerSpec.BPE
    model.trainer_spec.vocab_size = len(model.pieces)
    model.trainer_spec.byte_fallback = bool(spelled_in_bytes)
    model.trainer_spec.unk_id, model.trainer_spec.unk_piece = UNKNOWN_ID, model.pieces[1].piece
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = False
    return model, empty


def added_tokens(file, content, **settings):
    """The added tokens of a `tokenizer.json`: dict of str to int; those that are special.

    Args:
        file: that errors name.
        content: of it.
        **settings: what each must have, beside the usual.
    """
    added, special = {}, set()
    usual = dict.fromkeys(("single_word", "lstrip", "rstrip"), (None, False))
    for token in content.get("added_tokens") or []:
        require(file, f"added token {token['content']!r}", usual | settings, token)
        added[token["content"]] = token["id"]
        if token.get("special"):
            special.add(token["id"])
    return added, special


def start_of(content, added):
    """The token that begins every text, by the post-processor."""
    for part in listed(content.get("post_processor"), "processors"):
        if part["type"] == "TemplateProcessing" and "SpecialToken" in part["single"][0]:
            return added.get(part["single"][0]["SpecialToken"]["id"])
    return None


def merges_of(model):
    """The pairs of a BPE model, first merged first."""
    return [tuple(m.split(" ") if isinstance(m, str) else m) for m in model["merges"]]


def ranks_of(file, ids, merges, lone=()):
    """When each token is merged: dict of text to int.

    Args:
        file: that errors name.
        ids: dict of text to int, the tokens.
        merges: list of pairs of texts.
        lone: texts of tokens that no merge makes.

    Raises:
        ValueError: merges and tokens that do not fit; or it matters by which pair a token is made:
            here its rank alone counts.
    """
    ranks = {}
    for rank, (left, right) in enumerate(merges):
        ranks.setdefault(left + right, rank)
    lost = [text for text in ids if len(text) > 1 and text not in ranks and text not in lone]
    if lost or ranks.keys() - ids.keys():
        raise ValueError(
            f"{file} must have a merge for each longer token; got {len(lost)} tokens without a "
            f"merge, {len(ranks.keys() - ids.keys())} merges without a token."
        )
    _check_merges(file, ids, ranks, set(merges))
    return ranks


def listed(part, name):
    """A part of a `tokenizer.json`, or a sequence of parts, or none -> list of dict."""
    if part is None:
        return []
    return part[name] if part["type"] == "Sequence" else [part]


def require(file, where, allowed, found):
    """Raises ValueError where a setting has none of the values that are understood."""
    for name, values in allowed.items():
        values = values if isinstance(values, tuple) else (values,)
        if found.get(name) not in values:
            raise ValueError(
                f"{file}: {name} of {where} must be {values[0]!r}; got {found.get(name)!r}, which "
                "is not supported."
            )


def _check_merges(file, ids, ranks, merges):
    """It does not matter by which pair a token is made where each token, merged by itself up to its
    own rank, ends with a pair that its file has; then the others can never stand side by side.
    """
    ranks = {text: -1 for text in ids if len(text) == 1} | ranks
    for text, rank in ranks.items():
        pairs = [(text[:i], text[i:]) for i in range(1, len(text))]
        pairs = [pair for pair in pairs if all(ranks.get(part, rank) < rank for part in pair)]
        if set(pairs) <= merges:
            continue
        last = tuple(_merged(text, ranks, rank))
        if len(last) == 2 and last not in merges:
            raise ValueError(
                f"{file} must make each token by the pair that its merges lead to; "
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
