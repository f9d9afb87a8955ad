"""Llama and its kin: RMSNorm, a gate in the feed-forward layers, grouped heads, rotary positions.

Llama 2 has a SentencePiece vocabulary, Llama 3 and Qwen have byte-level BPE. Qwen2 is Llama with
biases of queries, keys and values, Qwen3 with normalised queries and keys in their place.
"""

from zoo.models import TransformerLM
from zoo.pretrained import causal, weights

_ATTENTION = (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o"))
_FEED_FORWARD = (("gate", "gate"), ("inner", "up"), ("outer", "down"))


def convert(checkpoint, target_language=None):
    """A `Checkpoint` of Llama, Qwen2 or Qwen3 -> `zoo.TextGenerator`."""
    causal.without_language(target_language)
    width, heads = checkpoint.setting("hidden_size"), checkpoint.setting("num_attention_heads")
    checkpoint.require(use_sliding_window=False)
    rotary, context = causal.rotary(checkpoint, checkpoint.config.get("rope_theta", 10_000.0))
    checkpoint.require(partial_rotary_factor=1.0)
    biases = _biases(checkpoint)
    tokens = causal.tokens(checkpoint)
    model = TransformerLM(
        len(tokens.order),
        context_length=context,
        num_layers=checkpoint.setting("num_hidden_layers"),
        model_dim=width,
        num_heads=heads,
        ff_dim=checkpoint.setting("intermediate_size"),
        num_kv_heads=checkpoint.setting("num_key_value_heads", heads),
        dropout=0.0,
        attention_dropout=checkpoint.setting("attention_dropout", 0.0),
        activation=weights.activation(checkpoint, "hidden_act"),
        rotary=rotary,
        normalization="rms",
        norm_epsilon=checkpoint.setting("rms_norm_eps"),
        gated=True,
        use_bias=any(biases.values()),
        tie_embeddings=checkpoint.setting("tie_word_embeddings", False),
        scale_embeddings=False,
        logits_bias=True,
        head_dim=checkpoint.config.get("head_dim"),
        qk_norm=_normalized(checkpoint),
    )
    model.build(None)
    _fill(checkpoint, model, tokens.order, biases)
    return causal.generator(checkpoint, model, tokens)


def _normalized(checkpoint):
    """Whether queries and keys are normalised."""
    return checkpoint.config["model_type"] == "qwen3"


def _biases(checkpoint):
    """Which layers have a bias: `qkv`, `output` and `feed_forward`, each bool."""
    if checkpoint.config["model_type"] == "qwen2":
        return {"qkv": True, "output": False, "feed_forward": False}
    attention = checkpoint.setting("attention_bias", False)
    feed_forward = checkpoint.setting("mlp_bias", False)
    return {"qkv": attention, "output": attention, "feed_forward": feed_forward}


def _fill(checkpoint, model, order, biases):
    """Reads every weight of the model."""
    weights.fill_table(checkpoint, model.embedding, order, "model.embed_tokens.weight")
    if model.output_embedding is None:
        checkpoint.skip("lm_head.weight")
    else:
        weights.fill_table(checkpoint, model.output_embedding, order, "lm_head.weight")
    weights.fill_normalization(checkpoint, model.norm, "model.norm")
    for i, block in enumerate(model.blocks):
        name = f"model.layers.{i}"
        checkpoint.skip(f"{name}.self_attn.rotary_emb.inv_freq")  # of old files
        for part, theirs in _ATTENTION:
            weights.fill_dense(
                checkpoint,
                getattr(block.self_attention, f"{part}_dense"),
                f"{name}.self_attn.{theirs}_proj",
                bias=biases["output" if part == "output" else "qkv"],
            )
        for part, theirs in _FEED_FORWARD:
            weights.fill_dense(
                checkpoint,
                getattr(block.feed_forward, part),
                f"{name}.mlp.{theirs}_proj",
                bias=biases["feed_forward"],
            )
        if _normalized(checkpoint):
            attention = block.self_attention
            for norm, theirs in ((attention.query_norm, "q"), (attention.key_norm, "k")):
                weights.fill_normalization(checkpoint, norm, f"{name}.self_attn.{theirs}_norm")
        norms = block.self_attention_norm, block.feed_forward_norm
        for norm, theirs in zip(norms, ("input", "post_attention"), strict=True):
            weights.fill_normalization(checkpoint, norm, f"{name}.{theirs}_layernorm")
