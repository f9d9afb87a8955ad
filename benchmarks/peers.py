"""The peers as workers run them, with the zoo's weights where the architecture allows it.

A round's work returns the tokens where the weights are the zoo's, so that they can be compared;
else it returns nothing, and only their number is checked.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.systems import new_process, training_step, training_tokens
from benchmarks.weights import END, SIZES, START, UNKNOWN, Sizes, sources, weights


def ctranslate2_decode(kind, batch, beams, compute_type, workers=False):
    """CTranslate2 with the zoo's weights.

    `workers`: instead of one worker with all threads, as many workers with one thread each, as its
    documentation recommends for throughput; the batch is shared out among them.
    """
    import ctranslate2

    size = SIZES[kind]
    words = [f"w{i}" for i in range(size.vocabulary)]
    words[0], words[UNKNOWN], words[START], words[END] = "<pad>", "<unk>", "<s>", "</s>"
    ids = {word: i for i, word in enumerate(words)}
    cores = int(os.environ["OMP_NUM_THREADS"])
    inter, intra = (cores, 1) if workers else (1, cores)
    threads = {"inter_threads": inter, "intra_threads": intra}
    options = {"beam_size": beams, "max_batch_size": -(-batch // inter) if workers else 0}
    prompts = [[words[i] for i in row] for row in sources(kind, batch)]
    with tempfile.TemporaryDirectory() as folder:
        _ctranslate2_spec(size, weights(kind), words).save(folder)
        runner = ctranslate2.Translator if size.encoder else ctranslate2.Generator
        run = runner(folder, compute_type=compute_type, **threads)

    def translate():
        length = {"min_decoding_length": size.new, "max_decoding_length": size.new}
        found = run.translate_batch(prompts, **options, **length)
        return [[ids[word] for word in row.hypotheses[0]] for row in found]

    def go_on():
        length = {"min_length": size.new, "max_length": size.new, "include_prompt_in_result": False}
        return [row.sequences_ids[0] for row in run.generate_batch(prompts, **options, **length)]

    return translate if size.encoder else go_on


def ctranslate2_first_answer(model, text):
    """CTranslate2 with SentencePiece in a new process: its start to the answer.

    Args:
        model: name of a trained translator, whose weights it gets (8-bit, as the fast path has
            them); its decoding, too.
        text: str, one sentence.
    """
    import zoo

    task = zoo.load(model)
    config = task.model.get_config()
    size = Sizes(
        config["target_vocab_size"],
        config["num_encoder_layers"],
        config["num_decoder_layers"],
        config["model_dim"],
        config["num_heads"],
        config["ff_dim"],
        source=task.max_source_length,
        new=task.decoding.max_new_tokens,
    )
    values = {w.path.partition("/")[2]: w.numpy() for w in task.model.weights}
    words = task.target_tokenizer.pieces(list(range(size.vocabulary)))
    words[0], words[UNKNOWN], words[START], words[END] = "<pad>", "<unk>", "<s>", "</s>"
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    _ctranslate2_spec(size, values, words).save(str(folder))
    (folder / "spm.model").write_bytes(task.target_tokenizer.proto)
    decoding = task.decoding
    options = {"beam_size": decoding.num_beams, "length_penalty": decoding.length_penalty}
    threads = {"inter_threads": 1, "intra_threads": int(os.environ["OMP_NUM_THREADS"])}
    script = f"""
import ctranslate2, sentencepiece, sys
pieces = sentencepiece.SentencePieceProcessor(model_file={str(folder / "spm.model")!r})
translator = ctranslate2.Translator({str(folder)!r}, compute_type="int8", **{threads})
source = pieces.encode(sys.stdin.read().strip(), out_type=str) + ["</s>"]
answer = translator.translate_batch([source], **{options})[0].hypotheses[0]
print(pieces.decode(answer))
"""
    return new_process(script, [], text)


def _ctranslate2_spec(size, values, words):
    """The zoo's weights, `values` by their names, as CTranslate2 has them."""
    from ctranslate2.specs import TransformerDecoderModelSpec, TransformerSpec

    if size.encoder:
        spec = TransformerSpec.from_config((size.encoder, size.decoder), size.heads)
        spec.register_source_vocabulary(words)
        spec.register_target_vocabulary(words)
        table, final = values["target_embedding/table"], "decoder_norm"
    else:
        width = size.width // size.heads
        spec = TransformerDecoderModelSpec.from_config(
            size.decoder, size.heads, rotary_dim=width, rotary_interleave=False
        )
        spec.register_vocabulary(words)
        spec.decoder.scale_embeddings = True
        table, final = values["embedding/table"], "norm"
    spec.config.layer_norm_epsilon = 1e-6

    def dense(layer, *names):
        layer.weight = np.concatenate([values[f"{name}/kernel"].T for name in names])
        layer.bias = np.concatenate([values[f"{name}/bias"] for name in names])

    def norm(layer, name):
        layer.gamma, layer.beta = values[f"{name}/gamma"], values[f"{name}/beta"]

    def attention(layer, name, split):
        parts = [f"{name}/{part}" for part in ("query", "key", "value", "output")]
        for linear, names in zip(layer.linear, np.split(parts, split), strict=True):
            dense(linear, *names)
        norm(layer.layer_norm, f"{name}_norm")

    def blocks(part, name, own):
        for i, layer in enumerate(part.layer):
            attention(layer.self_attention, f"{name}_{i}/{own}", [3])
            if name == "decoder":
                attention(layer.attention, f"{name}_{i}/memory_attention", [1, 3])
            norm(layer.ffn.layer_norm, f"{name}_{i}/feed_forward_norm")
            dense(layer.ffn.linear_0, f"{name}_{i}/feed_forward/inner")
            dense(layer.ffn.linear_1, f"{name}_{i}/feed_forward/outer")

    blocks(spec.decoder, "decoder" if size.encoder else "block", "self_attention")
    norm(spec.decoder.layer_norm, final)
    spec.decoder.embeddings.weight = spec.decoder.projection.weight = table
    if size.encoder:
        blocks(spec.encoder, "encoder", "attention")
        norm(spec.encoder.layer_norm, "encoder_norm")
        spec.encoder.embeddings[0].weight = table
        for part in (spec.encoder, spec.decoder):
            part.position_encodings.encodings = _sinusoids(size.source + size.new, size.width)
    spec.validate()
    return spec


def _sinusoids(length, width):
    angles = np.arange(length)[:, None] * 10_000.0 ** -(np.arange(0, width, 2) / width)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype("float32")


def transformers_decode(kind, batch, beams, own=False):
    """HF transformers on torch, `generate` with its cache.

    Pegasus is Marian with its norms before the sublayers, as the zoo has them, and GPT-NeoX with
    sublayers one after the other is the zoo's language model: both take the zoo's weights. `own`
    is GPT-2 of the same sizes with weights of its own.
    """
    import torch

    size = SIZES[kind]
    model = _gpt2(size) if own else _pegasus(size) if size.encoder else _gpt_neox(size)
    model.eval()
    if not own:
        _take(model, kind)
    _torch_threads()
    tokens = torch.from_numpy(sources(kind, batch)).long()
    same = {"attention_mask": torch.ones_like(tokens), "num_beams": beams, "do_sample": False}
    length = {"min_new_tokens": size.new, "max_new_tokens": size.new, "use_cache": True}

    def work():
        with torch.inference_mode():
            found = model.generate(tokens, **same, **length)[:, -size.new :]
        assert found.shape == (batch, size.new), found.shape
        return None if own else found.tolist()

    return work


def _torch_threads():
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_num_interop_threads(1)


IDS = {"pad_token_id": 0, "bos_token_id": START, "eos_token_id": END}


def _pegasus(size, dropout=0.0):
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (("attention_heads", size.heads), ("ffn_dim", size.inner))
    }
    return PegasusForConditionalGeneration(
        PegasusConfig(
            vocab_size=size.vocabulary,
            encoder_layers=size.encoder,
            decoder_layers=size.decoder,
            d_model=size.width,
            max_position_embeddings=size.source + size.new,
            activation_function="relu",
            scale_embedding=True,
            dropout=dropout,
            attention_dropout=0.0,
            activation_dropout=0.0,
            decoder_start_token_id=START,
            forced_eos_token_id=None,
            **sides,
            **IDS,
        )
    )


def _gpt_neox(size):
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=size.vocabulary,
            hidden_size=size.width,
            num_hidden_layers=size.decoder,
            num_attention_heads=size.heads,
            intermediate_size=size.inner,
            hidden_act="relu",
            rotary_pct=1.0,
            rope_parameters={
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "partial_rotary_factor": 1.0,
            },
            max_position_embeddings=size.source + size.new,
            layer_norm_eps=1e-6,
            use_parallel_residual=False,
            tie_word_embeddings=False,
            **IDS,
        )
    )


def _gpt2(size):
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=size.vocabulary,
            n_positions=size.source + size.new,
            n_embd=size.width,
            n_layer=size.decoder,
            n_head=size.heads,
            n_inner=size.inner,
            **IDS,
        )
    )


def _take(model, kind):
    """Gives a Pegasus or a GPT-NeoX the zoo's weights."""
    import torch

    size, values = SIZES[kind], weights(kind)

    def dense(layer, name):
        _set(layer.weight, values[f"{name}/kernel"].T)
        _set(layer.bias, values[f"{name}/bias"])

    def norm(layer, name):
        _set(layer.weight, values[f"{name}/gamma"])
        _set(layer.bias, values[f"{name}/beta"])
        layer.eps = 1e-6

    def by_head(*arrays):
        """Columns (..., H·Dh) of each array -> (..., H · arrays · Dh), head by head."""
        cut = [a.reshape(*a.shape[:-1], size.heads, -1) for a in arrays]
        return np.concatenate(cut, axis=-1).reshape(*arrays[0].shape[:-1], -1)

    def attention(layer, name):
        dense(layer.q_proj, f"{name}/query")
        dense(layer.k_proj, f"{name}/key")
        dense(layer.v_proj, f"{name}/value")
        dense(layer.out_proj, f"{name}/output")

    def pegasus(part, side, own):
        for i, layer in enumerate(part.layers):
            name = f"{side}_{i}"
            attention(layer.self_attn, f"{name}/{own}")
            norm(layer.self_attn_layer_norm, f"{name}/{own}_norm")
            if side == "decoder":
                attention(layer.encoder_attn, f"{name}/memory_attention")
                norm(layer.encoder_attn_layer_norm, f"{name}/memory_attention_norm")
            dense(layer.fc1, f"{name}/feed_forward/inner")
            dense(layer.fc2, f"{name}/feed_forward/outer")
            norm(layer.final_layer_norm, f"{name}/feed_forward_norm")
        norm(part.layer_norm, f"{side}_norm")
        _set(part.embed_positions.weight, _sinusoids(size.source + size.new, size.width))
        _set(part.embed_tokens.weight, values["target_embedding/table"])

    def gpt_neox(part):
        for i, layer in enumerate(part.layers):
            own = f"block_{i}/self_attention"
            for key, weight in (("kernel", "weight"), ("bias", "bias")):
                parts = [values[f"{own}/{part}/{key}"] for part in ("query", "key", "value")]
                _set(getattr(layer.attention.query_key_value, weight), by_head(*parts).T)
            dense(layer.attention.dense, f"{own}/output")
            norm(layer.input_layernorm, f"{own}_norm")
            dense(layer.mlp.dense_h_to_4h, f"block_{i}/feed_forward/inner")
            dense(layer.mlp.dense_4h_to_h, f"block_{i}/feed_forward/outer")
            norm(layer.post_attention_layernorm, f"block_{i}/feed_forward_norm")
        norm(part.final_layer_norm, "norm")
        _set(part.embed_in.weight, values["embedding/table"] * np.sqrt(size.width))
        _set(model.get_output_embeddings().weight, values["embedding/table"])

    with torch.no_grad():
        if size.encoder:
            pegasus(model.model.encoder, "encoder", "attention")
            pegasus(model.model.decoder, "decoder", "self_attention")
            _set(model.lm_head.weight, values["target_embedding/table"])
        else:
            gpt_neox(model.gpt_neox)


def _set(parameter, array):
    import torch

    parameter.copy_(torch.from_numpy(np.ascontiguousarray(array, "float32")))


def keras_hub_decode(kind, batch, beams, jit):
    """KerasHub's BART or GPT-2 of the same sizes, with weights of their own."""
    import keras_hub

    size = SIZES[kind]
    length = size.new + (1 if size.encoder else size.source)
    same = {
        "vocabulary_size": size.vocabulary,
        "num_heads": size.heads,
        "hidden_dim": size.width,
        "intermediate_dim": size.inner,
        "max_sequence_length": size.source + size.new,
    }
    source = sources(kind, batch)
    if size.encoder:
        assert size.encoder == size.decoder
        backbone = keras_hub.models.BartBackbone(num_layers=size.encoder, **same)
        model = keras_hub.models.BartSeq2SeqLM(backbone)
        inputs = _prompt("encoder_", source, size.source)
        inputs |= _prompt("decoder_", np.full((batch, 1), START, "int32"), length)
    else:
        backbone = keras_hub.models.GPT2Backbone(num_layers=size.decoder, **same)
        model = keras_hub.models.GPT2CausalLM(backbone)
        inputs = _prompt("", source, length)
    sampler = keras_hub.samplers.BeamSampler(num_beams=beams) if beams > 1 else "greedy"
    model.compile(sampler=sampler, jit_compile=jit)

    def work():
        found = model.generate(inputs, stop_token_ids=None)
        ids = found["decoder_token_ids" if size.encoder else "token_ids"]
        assert ids.shape == (batch, length), ids.shape

    return work


def _prompt(prefix, tokens, length):
    """Ids (B, P) as KerasHub takes them, filled up to `length`."""
    filled = np.zeros((len(tokens), length), "int32")
    filled[:, : tokens.shape[1]] = tokens
    known = np.broadcast_to(np.arange(length) < tokens.shape[1], filled.shape).astype("int32")
    return {f"{prefix}token_ids": filled, f"{prefix}padding_mask": known}


def keras_hub_train(batch, length, policy, jit=False):
    """The same step of the zoo's optimizer and loss on KerasHub's layers; with `jit` by XLA."""
    import keras
    from keras_hub import layers

    keras.config.set_dtype_policy(policy)
    size = SIZES["encoder-decoder"]
    embed = layers.TokenAndPositionEmbedding(size.vocabulary, length, size.width)
    block = {"dropout": 0.1, "normalize_first": True}
    source = keras.Input((length,), dtype="int32")
    target = keras.Input((length,), dtype="int32")
    drop = keras.layers.Dropout(0.1)
    x = drop(embed(source))
    for _ in range(size.encoder):
        x = layers.TransformerEncoder(size.inner, size.heads, **block)(x)
    memory = keras.layers.LayerNormalization()(x)
    x = drop(embed(target))
    for _ in range(size.decoder):
        x = layers.TransformerDecoder(size.inner, size.heads, **block)(x, memory)
    x = keras.layers.LayerNormalization()(x)
    logits = embed.token_embedding(x, reverse=True)
    tokens = training_tokens(batch, length)
    model = keras.Model([source, target], logits)
    return training_step(model, [tokens, tokens], tokens, jit)


def transformers_train(batch, length, autocast):
    """A step of Adam on HF's Pegasus, in float32 or with bfloat16 autocast."""
    import torch

    size = SIZES["encoder-decoder"]
    model = _pegasus(size._replace(source=length), dropout=0.1).train()
    _torch_threads()
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    tokens = torch.from_numpy(training_tokens(batch, length)).long()

    def work():
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = model(tokens, decoder_input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()

    return work
