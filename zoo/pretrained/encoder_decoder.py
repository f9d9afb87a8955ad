"""What the encoder-decoder families share: their blocks, and how they are asked."""

from zoo.pretrained import weights

TABLES = (  # names of the one embedding
    "model.shared.weight",
    "model.encoder.embed_tokens.weight",
    "model.decoder.embed_tokens.weight",
    "lm_head.weight",
)


def of_both(checkpoint, name):
    """A setting of the encoder and the decoder, which must be equal."""
    value = checkpoint.setting(f"encoder_{name}")
    checkpoint.require(**{f"decoder_{name}": value})
    return value


def fill_blocks(checkpoint, model):
    """Reads the weights of all blocks of a `zoo.models.Transformer`."""

    def attention(layer, norm, name):
        for part, theirs in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "out")):
            dense = getattr(layer, f"{part}_dense")
            weights.fill_dense(checkpoint, dense, f"{name}.{theirs}_proj")
        weights.fill_normalization(checkpoint, norm, f"{name}_layer_norm")

    def feed_forward(block, name):
        weights.fill_dense(checkpoint, block.feed_forward.inner, f"{name}.fc1")
        weights.fill_dense(checkpoint, block.feed_forward.outer, f"{name}.fc2")
        norm = block.feed_forward_norm
        weights.fill_normalization(checkpoint, norm, f"{name}.final_layer_norm")

    for i, block in enumerate(model.encoder_blocks):
        name = f"model.encoder.layers.{i}"
        attention(block.attention, block.attention_norm, f"{name}.self_attn")
        feed_forward(block, name)
    for i, block in enumerate(model.decoder_blocks):
        name = f"model.decoder.layers.{i}"
        attention(block.self_attention, block.self_attention_norm, f"{name}.self_attn")
        attention(block.memory_attention, block.memory_attention_norm, f"{name}.encoder_attn")
        feed_forward(block, name)


def decoding(checkpoint):
    """How the model is asked by default, from `generation_config.json` or `config.json`."""
    settings = checkpoint.config | checkpoint.json("generation_config.json", missing={})
    names = {"num_beams": "num_beams", "length_penalty": "length_penalty"}
    names["max_length"] = "max_new_tokens"
    found = {ours: settings.get(theirs) for theirs, ours in names.items()}
    return {name: value for name, value in found.items() if value is not None}
