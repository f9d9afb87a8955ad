"""GPT-NeoX (Pythia): attention and feed-forward layers side by side, rotary positions of a part.

Query, key and value of a head stand together in one matrix.
"""

import numpy as np

from zoo.models import TransformerLM
from zoo.pretrained import causal, weights

_BUFFERS = ("bias", "masked_bias", "rotary_emb.inv_freq")  # of old files


def convert(checkpoint, target_language=None):
    """A `Checkpoint` of GPT-NeoX -> `zoo.TextGenerator`."""
    causal.without_language(target_language)
    tokens = causal.tokens(checkpoint)
    base = checkpoint.config.get("rotary_emb_base", 10_000.0)
    bias = checkpoint.setting("attention_bias", True)
    dropout = checkpoint.setting("hidden_dropout", 0.0)
    rotary, context = causal.rotary(checkpoint, base, checkpoint.config.get("rotary_pct", 0.25))
    model = TransformerLM(
        len(tokens.order),
        context_length=context,
        num_layers=checkpoint.setting("num_hidden_layers"),
        model_dim=checkpoint.setting("hidden_size"),
        num_heads=checkpoint.setting("num_attention_heads"),
        ff_dim=checkpoint.setting("intermediate_size"),
        dropout=dropout,
        attention_dropout=checkpoint.setting("attention_dropout", 0.0),
        activation=weights.activation(checkpoint, "hidden_act"),
        rotary=rotary,
        norm_epsilon=checkpoint.setting("layer_norm_eps", 1e-5),
        tie_embeddings=checkpoint.setting("tie_word_embeddings", False),
        scale_embeddings=False,
        logits_bias=True,
        parallel=checkpoint.setting("use_parallel_residual", True),
    )
    model.build(None)
    _fill(checkpoint, model, tokens.order, bias)
    return causal.generator(checkpoint, model, tokens)


def _fill(checkpoint, model, order, bias):
    """Reads every weight of the model."""
    weights.fill_table(checkpoint, model.embedding, order, "gpt_neox.embed_in.weight")
    output = "embed_out.weight" if checkpoint.has("embed_out.weight") else "lm_head.weight"
    if model.output_embedding is None:
        checkpoint.skip(output)
    else:
        weights.fill_table(checkpoint, model.output_embedding, order, output)
    weights.fill_normalization(checkpoint, model.norm, "gpt_neox.final_layer_norm")
    for i, block in enumerate(model.blocks):
        name = f"gpt_neox.layers.{i}"
        checkpoint.skip(*(f"{name}.attention.{buffer}" for buffer in _BUFFERS))
        _fill_attention(checkpoint, block.self_attention, f"{name}.attention", bias)
        norms = block.self_attention_norm, block.feed_forward_norm
        for norm, theirs in zip(norms, ("input", "post_attention"), strict=True):
            weights.fill_normalization(checkpoint, norm, f"{name}.{theirs}_layernorm")
        feed = block.feed_forward
        weights.fill_dense(checkpoint, feed.inner, f"{name}.mlp.dense_h_to_4h")
        weights.fill_dense(checkpoint, feed.outer, f"{name}.mlp.dense_4h_to_h")


def _fill_attention(checkpoint, layer, name, bias):
    """Reads attention, of which the file has query, key and value of each head side by side."""
    width, heads = layer.query_dense.kernel.shape[0], layer.num_heads
    kernel = checkpoint.weight(f"{name}.query_key_value.weight", shape=(3 * width, width))
    kernel = np.reshape(kernel, (heads, 3, layer.key_dim, width))
    if bias:
        biases = checkpoint.weight(f"{name}.query_key_value.bias", shape=(3 * width,))
        biases = np.reshape(biases, (heads, 3, layer.key_dim))
    for i, dense in enumerate((layer.query_dense, layer.key_dense, layer.value_dense)):
        dense.kernel.assign(np.reshape(kernel[:, i], (width, width)).T)
        if bias:
            dense.bias.assign(np.reshape(biases[:, i], width))
    weights.fill_dense(checkpoint, layer.output_dense, f"{name}.dense", bias=bias)
