"""What the workers run: each function builds a system and gives the work of one round."""

import subprocess
import sys
import tempfile

import numpy as np

VOCABULARY, LENGTH, SOURCE = 8000, 40, 20
SIZES = {"num_encoder_layers": 4, "num_decoder_layers": 4, "model_dim": 256, "ff_dim": 1024}


def _sources(batch):
    return np.random.default_rng(0).integers(4, VOCABULARY, (batch, SOURCE), "int32")


def _transformer():
    from zoo.models import Transformer

    return Transformer(VOCABULARY, VOCABULARY, num_heads=4, share_embeddings=True, **SIZES)


def zoo_decode(batch, beams):
    """The search of `generate`, its end token banned: exactly 40 tokens."""
    import tensorflow as tf

    from zoo.decoding import Decoding
    from zoo.decoding.constraints import banned
    from zoo.decoding.dispatch import search
    from zoo.text import END_ID, PAD_ID, START_ID

    model = _transformer()
    source = tf.constant(_sources(batch))
    model({"source": source, "target": source})
    plan, floats = Decoding(num_beams=beams).split()

    @tf.function
    def run(source):
        static, state = model.start(model.encode(source))
        found = search(
            model.step,
            static,
            state,
            batch_size=batch,
            start_id=START_ID,
            end_id=END_ID,
            pad_id=PAD_ID,
            limit=tf.fill([batch], LENGTH),
            plan=plan,
            floats=floats,
            constraint=banned([END_ID], VOCABULARY),
        )
        return found.tokens

    def work():
        tokens = run(source).numpy()
        assert tokens.shape[-1] == LENGTH, tokens.shape

    return work


def ctranslate2_decode(batch, beams, compute_type):
    """CTranslate2 at the same sizes, with random weights: speed does not depend on them."""
    import ctranslate2
    from ctranslate2.specs import TransformerSpec

    rng, dim, inner = np.random.default_rng(0), SIZES["model_dim"], SIZES["ff_dim"]

    def dense(layer, rows, columns):
        layer.weight = rng.normal(0, 0.05, (rows, columns)).astype("float32")
        layer.bias = np.zeros(rows, "float32")

    def norm(layer):
        layer.gamma, layer.beta = np.ones(dim, "float32"), np.zeros(dim, "float32")

    def attention(layer, cross=False):
        shapes = (dim, 2 * dim, dim) if cross else (3 * dim, dim)
        for linear, rows in zip(layer.linear, shapes, strict=True):
            dense(linear, rows, dim)
        norm(layer.layer_norm)

    spec = TransformerSpec.from_config(
        (SIZES["num_encoder_layers"], SIZES["num_decoder_layers"]), 4, pre_norm=True
    )
    for part, embeddings in (
        (spec.encoder, spec.encoder.embeddings[0]),
        (spec.decoder, spec.decoder.embeddings),
    ):
        embeddings.weight = rng.normal(0, 0.05, (VOCABULARY, dim)).astype("float32")
        norm(part.layer_norm)
        for layer in part.layer:
            attention(layer.self_attention)
            if part is spec.decoder:
                attention(layer.attention, cross=True)
            dense(layer.ffn.linear_0, inner, dim)
            dense(layer.ffn.linear_1, dim, inner)
            norm(layer.ffn.layer_norm)
    dense(spec.decoder.projection, VOCABULARY, dim)
    words = ["<unk>", "<s>", "</s>", *(f"w{i}" for i in range(3, VOCABULARY))]
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    folder = tempfile.mkdtemp()
    spec.validate()
    spec.save(folder)
    translator = ctranslate2.Translator(folder, compute_type=compute_type, inter_threads=1)
    sources = [[words[i] for i in row] for row in _sources(batch)]

    def work():
        found = translator.translate_batch(
            sources, beam_size=beams, min_decoding_length=LENGTH, max_decoding_length=LENGTH
        )
        assert all(len(row.hypotheses[0]) == LENGTH for row in found)

    return work


def zoo_train(batch, length, policy):
    """One compiled training step of the encoder-decoder."""
    import keras
    import tensorflow as tf

    keras.config.set_dtype_policy(policy)
    model = _transformer()
    optimizer = keras.optimizers.Adam(1e-4)
    tokens = tf.random.uniform((batch, length), 4, VOCABULARY, tf.int32, seed=0)
    model({"source": tokens, "target": tokens})
    optimizer.build(model.trainable_variables)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            logits = model({"source": tokens, "target": tokens}, training=True)
            value = loss(tokens, logits)
        grads = tape.gradient(value, model.trainable_variables)
        optimizer.apply(grads, model.trainable_variables)
        return value

    return lambda: step().numpy()


def layer(library, kind, batch, length, dim):
    """A forward pass of one attention layer, compiled, ten times."""
    import keras
    import tensorflow as tf

    import zoo.layers

    layers = zoo.layers if library == "zoo" else keras.layers
    x = tf.random.normal((batch, length, dim), seed=0)
    if kind == "additive":
        attend = layers.AdditiveAttention(dim) if library == "zoo" else layers.AdditiveAttention()
        call = tf.function(lambda: attend([x, x]) if library != "zoo" else attend(x, x))
    else:
        attend = layers.MultiHeadAttention(4, dim // 4)
        call = tf.function(lambda: attend(x, x))

    def work():
        for _ in range(10):
            call()

    return work


def command(*, arguments, text):
    """A zoo command in a new process: its start to its answer."""

    def work():
        script = "from zoo.cli import main; main()"
        subprocess.run(
            [sys.executable, "-c", script, *arguments],
            input=text,
            text=True,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    return work
