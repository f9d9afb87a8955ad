"""A SentencePiece model whose ids are those of another list of its pieces."""

from sentencepiece import sentencepiece_model_pb2 as sentencepiece_proto

PIECE = sentencepiece_proto.ModelProto.SentencePiece
_UNKNOWN_PENALTY = 10.0  # of SentencePiece, below the least likely piece
SPECIAL = (("<pad>", PIECE.CONTROL), ("<unk>", PIECE.UNKNOWN), ("<s>", PIECE.CONTROL))
SPECIAL += (("</s>", PIECE.CONTROL),)


def model_of(file):
    """The SentencePiece model in a file."""
    try:
        return sentencepiece_proto.ModelProto.FromString(file.read_bytes())
    except Exception as error:
        raise ValueError(f"{file} must be a SentencePiece model; {error}.") from error


def cut_by(model):
    """The pieces into which a model may cut a text, in its order."""
    special = (PIECE.CONTROL, PIECE.UNKNOWN, PIECE.UNUSED)
    return [piece.piece for piece in model.pieces if piece.type not in special]


def renumbered(model, pieces, others=(), controls=()):
    """The same cuts by other ids.

    Args:
        model: from `model_of`.
        pieces: list of str without special tokens; id 4 is the first of them. Of those that the
            model does not have, single characters are found in a text, where they would be unknown,
            and longer ones are not.
        others: more pieces, behind them, of which only those of the model are found in a text.
        controls: names of tokens, behind these, that are no text: never found in one, and nothing
            where they are decoded.

    Returns:
        bytes, for `zoo.text.SentencePieceTokenizer`: padding 0, unknown 1, start 2, end 3.
    """
    own = {piece.piece: piece for piece in model.pieces}
    least = min(piece.score for piece in model.pieces) - _UNKNOWN_PENALTY
    result = sentencepiece_proto.ModelProto()
    result.CopyFrom(model)
    del result.pieces[:]
    for name, kind in SPECIAL:
        result.pieces.add(piece=name, score=0.0, type=kind)
    for number, name in enumerate([*pieces, *others]):
        if name in own:
            result.pieces.append(own[name])
        else:
            found = len(name) == 1 and number < len(pieces)
            kind = PIECE.NORMAL if found else PIECE.UNUSED
            result.pieces.add(piece=name, score=least, type=kind)
    for name in controls:
        result.pieces.add(piece=name, score=0.0, type=PIECE.CONTROL)
    spec = result.trainer_spec
    spec.vocab_size = len(result.pieces)
    spec.pad_id, spec.unk_id, spec.bos_id, spec.eos_id = range(4)
    spec.pad_piece, spec.unk_piece, spec.bos_piece, spec.eos_piece = (name for name, _ in SPECIAL)
    return result.SerializeToString()
