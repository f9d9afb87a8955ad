"""GPT-2: pre-norm language models with trained positions and byte-level BPE.

Its start and end are one token, `<|endoftext|>`, which here are two rows that are equal; a prompt
has it not in front, unless it is empty.
"""

import numpy as np

from zoo.models import TransformerLM
from zoo.pretrained import causal, weights

_MASKS = ("attn.bias", "attn.masked_bias")  # of old files: the causal mask


def convert(checkpoint, target_language=None):
    """A `Checkpoint` of GPT-2 -> `zoo.TextGenerator`."""
    causal.without_language(target_language)
    checkpoint.require(
        add_cross_attention=False,
        scale_attn_weights=True,
        scale_attn_by_inverse_layer_idx=False,
    )
    tokens = causal.tokens(checkpoint)
    width = checkpoint.setting("n_embd")
    model = TransformerLM(
        len(tokens.order),
        context_length=checkpoint.setting("n_positions"),
        num_layers=checkpoint.setting("n_layer"),
        model_dim=width,
        num_heads=checkpoint.setting("n_head"),
        ff_dim=checkpoint.config.get("n_inner") or 4 * width,
        dropout=checkpoint.setting("resid_pdrop", 0.1),
        attention_dropout=checkpoint.setting("attn_pdrop", 0.1),
        activation=weights.activation(checkpoint, "activation_function"),
        rotary=False,
        norm_epsilon=checkpoint.setting("layer_norm_epsilon", 1e-5),
        tie_embeddings=checkpoint.setting("tie_word_embeddings", True),
        scale_embeddings=False,
        logits_bias=True,
    )
    model.build(None)
    _fill(checkpoint, model, tokens.order)
    return causal.generator(checkpoint, model, tokens)


def _fill(checkpoint, model, order):
    """Reads every weight of the model."""
    stem = "transformer." if checkpoint.has("transformer.wte.weight") else ""
    weights.fill_table(checkpoint, model.embedding, order, f"{stem}wte.weight")
    if model.output_embedding is None:
        checkpoint.skip("lm_head.weight")
    else:
        weights.fill_table(checkpoint, model.output_embedding, order, "lm_head.weight")
    fill_blocks(checkpoint, model, stem)


def fill_blocks(checkpoint, model, stem):
    """Reads what is between the embedding and the logits, but for attention to a memory.

    Args:
        checkpoint: where from.
        model: with `positions`, `blocks` and `norm`.
        stem: str, what the names begin with.
    """
    table = model.positions.table
    table.assign(checkpoint.weight(f"{stem}wpe.weight", shape=table.shape))
    weights.fill_normalization(checkpoint, model.norm, f"{stem}ln_f")
    for i, block in enumerate(model.blocks):
        name = f"{stem}h.{i}"
        checkpoint.skip(*(f"{name}.{mask}" for mask in _MASKS))
        attention = block.self_attention
        parts = attention.query_dense, attention.key_dense, attention.value_dense
        _fill_side_by_side(checkpoint, parts, f"{name}.attn.c_attn")
        weights.fill_dense(checkpoint, attention.output_dense, f"{name}.attn.c_proj", turned=False)
        weights.fill_normalization(checkpoint, block.self_attention_norm, f"{name}.ln_1")
        weights.fill_normalization(checkpoint, block.feed_forward_norm, f"{name}.ln_2")
        feed = block.feed_forward
        weights.fill_dense(checkpoint, feed.inner, f"{name}.mlp.c_fc", turned=False)
        weights.fill_dense(checkpoint, feed.outer, f"{name}.mlp.c_proj", turned=False)


def fill_memory_attention(checkpoint, block, name):
    """Reads a block's attention to a memory, which GPT-2 has in a captioner."""
    checkpoint.skip(
        *(f"{name}.cross{mask}" for mask in ("attention.bias", "attention.masked_bias"))
    )
    attention, name = block.memory_attention, f"{name}.crossattention"
    weights.fill_dense(checkpoint, attention.query_dense, f"{name}.q_attn", turned=False)
    parts = attention.key_dense, attention.value_dense
    _fill_side_by_side(checkpoint, parts, f"{name}.c_attn")
    weights.fill_dense(checkpoint, attention.output_dense, f"{name}.c_proj", turned=False)
    norm = block.memory_attention_norm
    weights.fill_normalization(checkpoint, norm, name.replace("crossattention", "ln_cross_attn"))


def _fill_side_by_side(checkpoint, parts, name):
    """Reads dense layers that the file has as one."""
    inputs, width = parts[0].kernel.shape
    kernel = checkpoint.weight(f"{name}.weight", shape=(inputs, len(parts) * width))
    bias = checkpoint.weight(f"{name}.bias", shape=(len(parts) * width,))
    for i, dense in enumerate(parts):
        part = slice(i * width, (i + 1) * width)
        dense.kernel.assign(np.ascontiguousarray(kernel[:, part]))
        dense.bias.assign(bias[part])
