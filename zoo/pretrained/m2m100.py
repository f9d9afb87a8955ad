"""M2M-100 and NLLB-200: pre-norm Transformers between many languages, each with a token.

M2M-100 numbers its tokens by a `vocab.json`; NLLB has the numbers of its SentencePiece model, after
those of fairseq. The tokens of the languages come behind. An answer begins with the end token, then
the language; here the start token has the row of the end token, and cannot be written.
"""

import re

import numpy as np

from zoo.lite.languages import checked_code
from zoo.models import Transformer
from zoo.pretrained import encoder_decoder, weights
from zoo.pretrained.checkpoint import CONFIG
from zoo.pretrained.vocabulary import cut_by, model_of, renumbered
from zoo.tasks import MultilingualTranslator
from zoo.text import START_ID, SentencePieceTokenizer

SUBWORDS, NUMBERS = "sentencepiece.bpe.model", "vocab.json"
_FAIRSEQ = ["<s>", "<pad>", "</s>", "<unk>"]  # the first numbers
_LANGUAGE = re.compile(r"__([a-z]{2,3})__|([a-z]{3}_[A-Z][a-z]{3})")
_TOKENIZERS = ("M2M100Tokenizer", "NllbTokenizer", "NllbTokenizerFast")


def convert(checkpoint, target_language=None, source_language=None):
    """A `Checkpoint` of M2M-100 or NLLB -> `zoo.MultilingualTranslator`."""
    checkpoint.require(
        is_encoder_decoder=True,
        scale_embedding=True,
        tie_word_embeddings=True,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
    )
    size = checkpoint.setting("vocab_size")
    subwords = model_of(checkpoint.file(SUBWORDS))
    pieces, controls = _rows(checkpoint, subwords, size)
    languages = {
        match[1] or match[2]: name for name in controls if (match := _LANGUAGE.fullmatch(name))
    }
    chosen = {"source_language": source_language, "target_language": target_language}
    for name, code in chosen.items():
        checked_code(name, code, languages)
    order, proto, lacking = _renumbered(subwords, pieces, controls)
    model = _model(checkpoint, len(order))
    model.build(None)
    _fill(checkpoint, model, order, lacking, size)
    return MultilingualTranslator(
        model,
        SentencePieceTokenizer(proto),
        decoding=encoder_decoder.decoding(checkpoint),
        # The language to write, in front, is read by the decoder alone.
        max_source_length=checkpoint.setting("max_position_embeddings", 1024) + 1,
        max_sentence_length=None,
        max_target_ratio=None,
        languages=languages,
        **chosen,
    )


def _rows(checkpoint, subwords, size):
    """The names of the `size` rows of the embedding: those of text, and those behind them."""
    settings = checkpoint.json("tokenizer_config.json", missing={})
    _check_tokenizer(checkpoint, settings)
    if (checkpoint.path / NUMBERS).is_file():
        numbers = checkpoint.json(NUMBERS)
        names = sorted(numbers, key=numbers.get)
        if sorted(numbers.values()) != list(range(len(names))):
            raise ValueError(f"{checkpoint.path / NUMBERS} must number its tokens from 0 on.")
    else:
        names = _FAIRSEQ + [piece.piece for piece in subwords.pieces[len(_FAIRSEQ) - 1 :]]
    if names[: len(_FAIRSEQ)] != _FAIRSEQ:
        raise ValueError(
            f"{checkpoint.path}: the first tokens must be {', '.join(_FAIRSEQ)}; "
            f"got {', '.join(names[: len(_FAIRSEQ)])}."
        )
    added = _added(checkpoint, settings, len(names))
    found = dict(enumerate(names)) | {number: name for name, number in added.items()}
    if max(found) >= size:
        raise ValueError(
            f"{checkpoint.path / CONFIG}: vocab_size must be above {max(found)}, the number of "
            f"{found[max(found)]}; got {size}."
        )
    return names, [found.get(i, f"<row {i}>") for i in range(len(names), size)]


def _check_tokenizer(checkpoint, settings):
    """Raises ValueError for a tokenizer with other rules."""
    kind = settings.get("tokenizer_class", _TOKENIZERS[0])
    for name, value, known in (
        ("tokenizer_class", kind, _TOKENIZERS),
        ("legacy_behaviour", settings.get("legacy_behaviour", False), (False,)),
    ):
        if value not in known:
            raise ValueError(
                f"{checkpoint.path / 'tokenizer_config.json'}: {name} must be one of "
                f"{', '.join(map(str, known))}; got {value!r}, which is not supported."
            )


def _added(checkpoint, settings, first):
    """The tokens behind those of the vocabulary: dict of name to number."""
    numbered = settings.get("added_tokens_decoder", {})
    if numbered:
        found = {token["content"]: int(number) for number, token in numbered.items()}
    else:
        found = checkpoint.json("added_tokens.json", missing={})
    if not any(map(_LANGUAGE.fullmatch, found)):
        lists = settings | checkpoint.json("special_tokens_map.json", missing={})
        names = lists.get("additional_special_tokens") or lists.get("extra_special_tokens") or []
        found = {name: first + i for i, name in enumerate(filter(_LANGUAGE.fullmatch, names))}
    if not found:
        raise ValueError(
            f"{checkpoint.path} must hold tokenizer_config.json, added_tokens.json or "
            "special_tokens_map.json with the tokens of the languages; got none."
        )
    return {name: number for name, number in found.items() if number >= first}


def _renumbered(subwords, pieces, controls):
    """The row of each of our tokens, the vocabulary in our numbers, and which tokens have no row.

    Returns:
        list of int; bytes for `zoo.text.SentencePieceTokenizer`; a slice, of the pieces that a text
        may be cut into and that the checkpoint lacks: they are unknown.
    """
    known = set(pieces)
    lacking = [piece for piece in cut_by(subwords) if piece not in known]
    special, size = len(_FAIRSEQ), len(pieces)
    bos, pad, end, unknown = range(special)
    order = [pad, unknown, end, end, *range(special, size)]
    place = slice(len(order), len(order) + len(lacking))
    order += [unknown] * len(lacking) + [bos, *range(size, size + len(controls))]
    controls = ["<bos>", *controls]  # of which the first is "<s>" there, as our start is here
    return order, renumbered(subwords, pieces[special:], lacking, controls), place


def _model(checkpoint, vocab_size):
    return Transformer(
        vocab_size,
        vocab_size,
        num_encoder_layers=checkpoint.setting("encoder_layers"),
        num_decoder_layers=checkpoint.setting("decoder_layers"),
        model_dim=checkpoint.setting("d_model"),
        num_heads=encoder_decoder.of_both(checkpoint, "attention_heads"),
        ff_dim=encoder_decoder.of_both(checkpoint, "ffn_dim"),
        dropout=checkpoint.setting("dropout", 0.1),
        attention_dropout=checkpoint.setting("attention_dropout", 0.0),
        share_embeddings=True,
        sinusoids={"first": 2, "endpoint": True},
        activation=weights.activation(checkpoint, "activation_function"),
        norm_epsilon=1e-5,
        logits_bias=True,
    )


def _fill(checkpoint, model, order, lacking, size):
    """Reads every weight of the model."""
    embedding = model.target_embedding
    weights.fill_rows(checkpoint, embedding.table, order, *encoder_decoder.TABLES, size=size)
    bias = np.zeros(len(order), "float32")
    bias[lacking] = bias[START_ID] = weights.NEVER
    embedding.bias.assign(bias)
    for side, norm in (("encoder", model.encoder_norm), ("decoder", model.decoder_norm)):
        weights.fill_normalization(checkpoint, norm, f"model.{side}.layer_norm")
        checkpoint.skip(f"model.{side}.embed_positions.weights")  # of old files
    encoder_decoder.fill_blocks(checkpoint, model)
