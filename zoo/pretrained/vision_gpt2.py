"""ViT-GPT2: a vision Transformer whose patches GPT-2 attends to (`VisionEncoderDecoderModel`)."""

import numpy as np

from zoo.models import VisionEncoderDecoder
from zoo.pretrained import causal, encoder_decoder, gpt2, weights
from zoo.pretrained.checkpoint import CONFIG
from zoo.tasks import ImageCaptioner
from zoo.vision import patch_encoder

PREPROCESSOR = "preprocessor_config.json"
_BILINEAR = 2  # as Pillow numbers its filters
_ATTENTION = (("query_dense", "query"), ("key_dense", "key"), ("value_dense", "value"))


def convert(checkpoint, target_language=None):
    """A `Checkpoint` of ViT-GPT2 -> `zoo.ImageCaptioner`."""
    causal.without_language(target_language)
    encoder, decoder = checkpoint.part("encoder"), checkpoint.part("decoder")
    for part, family in ((encoder, "vit"), (decoder, "gpt2")):
        found = part.setting("model_type")
        if found != family:
            raise ValueError(
                f"{checkpoint.path / CONFIG}: the encoder must be vit and the decoder gpt2; "
                f"got {found!r}."
            )
    encoder.require(qkv_bias=True, num_channels=3)
    decoder.require(
        add_cross_attention=True,
        scale_attn_weights=True,
        scale_attn_by_inverse_layer_idx=False,
        tie_word_embeddings=True,
    )
    tokens = causal.tokens(decoder)
    if tokens.ends:
        raise ValueError(
            f"{checkpoint.path / CONFIG}: eos_token_id must be one token; "
            f"got {len(tokens.ends) + 1}."
        )
    size, patch = encoder.setting("image_size"), encoder.setting("patch_size")
    width, language = encoder.setting("hidden_size"), decoder.setting("n_embd")
    model = VisionEncoderDecoder(
        (size // patch) ** 2,
        width,
        len(tokens.order),
        num_encoder_layers=encoder.setting("num_hidden_layers"),
        num_encoder_heads=encoder.setting("num_attention_heads"),
        encoder_ff_dim=encoder.setting("intermediate_size"),
        encoder_activation=weights.activation(encoder, "hidden_act"),
        encoder_norm_epsilon=encoder.setting("layer_norm_eps", 1e-12),
        num_decoder_layers=decoder.setting("n_layer"),
        model_dim=language,
        num_heads=decoder.setting("n_head"),
        ff_dim=decoder.config.get("n_inner") or 4 * language,
        activation=weights.activation(decoder, "activation_function"),
        norm_epsilon=decoder.setting("layer_norm_epsilon", 1e-5),
        max_length=decoder.setting("n_positions"),
        dropout=decoder.setting("resid_pdrop", 0.1),
        attention_dropout=decoder.setting("attn_pdrop", 0.1),
    )
    model.build(None)
    _fill(checkpoint, model, tokens.order)
    patches = _patches(checkpoint, size, patch, width)
    decoding = encoder_decoder.decoding(checkpoint)
    return ImageCaptioner(patches, model, tokens.tokenizer, decoding)


def _patches(checkpoint, size, patch, width):
    """The network that projects the patches of an image, with its weights."""
    mean, std = _normalization(checkpoint, size)
    network = patch_encoder(size, patch, width, mean, std)
    project = network.get_layer("patches")
    name = "encoder.embeddings.patch_embeddings.projection"
    kernel = checkpoint.weight(f"{name}.weight", shape=(width, 3, patch, patch))
    project.kernel.assign(np.transpose(kernel, (2, 3, 1, 0)))
    project.bias.assign(checkpoint.weight(f"{name}.bias", shape=(width,)))
    return network


def _normalization(checkpoint, size):
    """Mean and deviation of the three colours, by which pixels of 0..1 are scaled."""
    file, found = checkpoint.path / PREPROCESSOR, checkpoint.json(PREPROCESSOR)
    expected = {"do_resize": True, "do_rescale": True, "do_normalize": True, "resample": _BILINEAR}
    for name, value in expected.items():
        if found.get(name, value) != value:
            raise ValueError(f"{file}: {name} must be {value}; got {found[name]!r}.")
    sizes = found.get("size", size)
    sizes = (sizes.get("height"), sizes.get("width")) if isinstance(sizes, dict) else (sizes,) * 2
    if sizes != (size, size):
        raise ValueError(f"{file}: size must be {size} by {size}; got {found['size']!r}.")
    if abs(found.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-6:
        raise ValueError(f"{file}: rescale_factor must be 1/255; got {found['rescale_factor']!r}.")
    half = [0.5] * 3
    return found.get("image_mean", half), found.get("image_std", half)


def _fill(checkpoint, model, order):
    """Reads every weight of the model."""
    _fill_encoder(checkpoint, model)
    checkpoint.skip("encoder.pooler.dense.weight", "encoder.pooler.dense.bias")
    if model.memory_dense is not None:
        weights.fill_dense(checkpoint, model.memory_dense, "enc_to_dec_proj")
    stem = "decoder.transformer."
    weights.fill_table(checkpoint, model.embedding, order, f"{stem}wte.weight")
    checkpoint.skip("decoder.lm_head.weight")
    gpt2.fill_blocks(checkpoint, model, stem)
    for i, block in enumerate(model.blocks):
        gpt2.fill_memory_attention(checkpoint, block, f"{stem}h.{i}")


def _fill_encoder(checkpoint, model):
    cells, width = model.cell_positions.table.shape
    first = checkpoint.weight("encoder.embeddings.cls_token", shape=(1, 1, width))
    model.class_token.assign(first)
    places = checkpoint.weight("encoder.embeddings.position_embeddings", shape=(1, cells, width))
    model.cell_positions.table.assign(places[0])
    weights.fill_normalization(checkpoint, model.encoder_norm, "encoder.layernorm")
    for i, block in enumerate(model.encoder_blocks):
        name = f"encoder.encoder.layer.{i}"
        for ours, theirs in _ATTENTION:
            weights.fill_dense(
                checkpoint, getattr(block.attention, ours), f"{name}.attention.attention.{theirs}"
            )
        output = block.attention.output_dense
        weights.fill_dense(checkpoint, output, f"{name}.attention.output.dense")
        weights.fill_dense(checkpoint, block.feed_forward.inner, f"{name}.intermediate.dense")
        weights.fill_dense(checkpoint, block.feed_forward.outer, f"{name}.output.dense")
        norms = block.attention_norm, block.feed_forward_norm
        for norm, theirs in zip(norms, ("before", "after"), strict=True):
            weights.fill_normalization(checkpoint, norm, f"{name}.layernorm_{theirs}")
