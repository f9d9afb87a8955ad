"""Marian's translators (opus-mt): post-norm Transformers with two SentencePiece models.

The zoo numbers the special tokens 0 to 3, so rows of the embedding are put in another order. Marian
begins an answer with its padding token, which here is padding and start: two rows that are equal.
"""

from zoo.models import Transformer
from zoo.pretrained import encoder_decoder, weights
from zoo.pretrained.vocabulary import cut_by, model_of, renumbered
from zoo.tasks import Translator
from zoo.text import SentencePieceTokenizer


def convert(checkpoint, target_language=None):
    """A `Checkpoint` of Marian -> `zoo.Translator`."""
    checkpoint.require(
        is_encoder_decoder=True,
        normalize_before=False,
        normalize_embedding=False,
        add_final_layer_norm=False,
        static_position_embeddings=True,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
    )
    joint = checkpoint.json("vocab.json")
    source, target = (model_of(checkpoint.file(f"{side}.spm")) for side in ("source", "target"))
    prefix = _prefix(checkpoint, joint, target_language)
    order, known, unknown = _order(checkpoint, joint, source, target)
    tokenizers = [
        SentencePieceTokenizer(renumbered(side, known, unknown)) for side in (source, target)
    ]
    model = _model(checkpoint, len(order))
    model.build(None)
    _fill(checkpoint, model, order, len(joint))
    return Translator(
        model,
        *tokenizers,
        decoding=encoder_decoder.decoding(checkpoint),
        max_source_length=checkpoint.setting("max_position_embeddings", 512),
        max_sentence_length=None,
        max_target_ratio=None,
        source_prefix=prefix,
    )


def _prefix(checkpoint, joint, target_language):
    """The token that says the language to translate into; None where there is one language."""
    codes = sorted(name[2:-2] for name in joint if name.startswith(">>") and name.endswith("<<"))
    if target_language not in (codes or [None]):
        raise ValueError(
            f"target_language must be one of {', '.join(codes) or 'None'} for {checkpoint.path}; "
            f"got target_language={target_language!r}."
        )
    return f">>{target_language}<<" if codes else None


def _order(checkpoint, joint, source, target):
    """Which row of Marian's embedding each of our tokens has, and the pieces of those from 4 on.

    A piece that a text may be cut into, but that the vocabulary lacks, is unknown: a row like that
    of the unknown token.

    Returns:
        list of int; the pieces that the vocabulary has; those that it lacks.
    """
    special = {name: joint.get(name) for name in ("<pad>", "<unk>", "</s>")}
    if None in special.values():
        missing = ", ".join(name for name, number in special.items() if number is None)
        raise ValueError(f"{checkpoint.path / 'vocab.json'} must have {missing}.")
    if sorted(joint.values()) != list(range(len(joint))):
        raise ValueError(f"{checkpoint.path / 'vocab.json'} must number its tokens from 0 on.")
    known = [piece for piece in sorted(joint, key=joint.get) if piece not in special]
    cuts = dict.fromkeys([*cut_by(source), *cut_by(target)])
    unknown = [piece for piece in cuts if piece not in joint]
    pad, unk, end = special.values()
    order = [pad, unk, pad, end, *(joint[piece] for piece in known), *[unk] * len(unknown)]
    return order, known, unknown


def _model(checkpoint, vocab_size):
    width = checkpoint.setting("d_model")
    heads = encoder_decoder.of_both(checkpoint, "attention_heads")
    return Transformer(
        vocab_size,
        vocab_size,
        num_encoder_layers=checkpoint.setting("encoder_layers"),
        num_decoder_layers=checkpoint.setting("decoder_layers"),
        model_dim=width,
        num_heads=heads,
        ff_dim=encoder_decoder.of_both(checkpoint, "ffn_dim"),
        dropout=checkpoint.setting("dropout", 0.1),
        attention_dropout=checkpoint.setting("attention_dropout", 0.0),
        share_embeddings=True,
        activation=weights.activation(checkpoint, "activation_function"),
        normalize_first=False,
        norm_epsilon=1e-5,
        logits_bias=True,
    )


def _fill(checkpoint, model, order, size):
    """Reads every weight of the model."""
    embedding = model.target_embedding
    weights.fill_rows(checkpoint, embedding.table, order, *encoder_decoder.TABLES, size=size)
    bias = checkpoint.weight("final_logits_bias", shape=(1, size))[0][order]
    bias[size + 1 :] = weights.NEVER  # pieces that the vocabulary lacks
    embedding.bias.assign(bias)
    checkpoint.skip("model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight")
    encoder_decoder.fill_blocks(checkpoint, model)
