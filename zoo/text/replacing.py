"""What a vocabulary reads as something else: rules of SentencePiece's own normalisation.

They are part of the vocabulary, so that Python, a TensorFlow graph, LiteRT and C++ follow them.
"""

import tempfile
from functools import cache
from pathlib import Path

import sentencepiece
from sentencepiece.sentencepiece_model_pb2 import ModelProto

_TABLE = Path(__file__).with_name("simplified.tsv")


@cache
def simplified():
    """Traditional Chinese characters and a few words: dict to the simplified ones.

    The table is made of the dictionaries of OpenCC (Apache License 2.0), see its first lines.
    """
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


def replaced_rules(proto, replaced):
    """A vocabulary whose normalisation has more rules.

    Args:
        proto: bytes, a serialized SentencePiece model.
        replaced: dict of str to str, which come before the rules that it has, also in what those
            write. The longest match counts.

    Returns:
        bytes, the same model with these rules.

    Raises:
        ValueError: an empty str is to be replaced.
    """
    if "" in replaced:
        raise ValueError(f"replaced must not have an empty key; got one, for {replaced['']!r}.")
    letters = str.maketrans({old: new for old, new in replaced.items() if len(old) == 1})
    model = ModelProto.FromString(proto)
    rules = {}
    if model.normalizer_spec.precompiled_charsmap:
        rules = dict(sentencepiece.SentencePieceNormalizer(model_proto=proto).decompile())
    rules = {old: new.translate(letters) for old, new in rules.items()} | replaced
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.tsv"
        path.write_text("".join(_row(*rule) for rule in rules.items()), encoding="utf-8")
        compiled = sentencepiece.SentencePieceNormalizer(rule_tsv=str(path))
    found = ModelProto.FromString(compiled.serialized_model_proto()).normalizer_spec
    model.normalizer_spec.precompiled_charsmap = found.precompiled_charsmap
    model.normalizer_spec.name = "user_defined"
    return model.SerializeToString(deterministic=True)


def _row(old, new):
    return "\t".join(" ".join(f"{ord(char):X}" for char in side) for side in (old, new)) + "\n"
