"""The zoo as workers run it: each function builds a system and gives the work of one round."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from benchmarks.weights import END, SIZES, START, sources, weights

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"


def model(kind):
    """The zoo's model of a kind, with the weights of `weights`."""
    from zoo.models import Transformer, TransformerLM

    size = SIZES[kind]
    same = {"model_dim": size.width, "num_heads": size.heads, "ff_dim": size.inner}
    if size.encoder:
        found = Transformer(
            size.vocabulary,
            size.vocabulary,
            num_encoder_layers=size.encoder,
            num_decoder_layers=size.decoder,
            share_embeddings=True,
            **same,
        )
    else:
        context = size.source + size.new
        found = TransformerLM(size.vocabulary, context, num_layers=size.decoder, **same)
    found.build()
    values = weights(kind)
    for weight in found.weights:
        weight.assign(values.pop(weight.path.partition("/")[2]))
    assert not values, values.keys()
    return found


def _search(model, kind, beams, shrink=True):
    """The search of `generate`, its end token banned: source int32 (B, S) -> ids (B, L)."""
    import tensorflow as tf

    from zoo.decoding import Decoding, banned, search

    size = SIZES[kind]
    static_config, dynamic_params = Decoding(num_beams=beams).split()

    def run(source):
        batch = tf.shape(source)[0]
        static, state = model.prefill(model.encode(source) if size.encoder else source)
        found = search(
            model.make_decode_step(beams),
            static,
            state,
            batch_size=batch,
            start_id=START if size.encoder else source[:, -1],
            end_id=END,
            pad_id=0,
            limit=tf.fill([batch], size.new),
            static_config=static_config,
            dynamic_params=dynamic_params,
            constraint=banned([END], size.vocabulary),
            context_shift=None if size.encoder else model.context_shift,
            shrink=shrink,
        )
        return {"ids": found.tokens[:, 0]}

    spec = tf.TensorSpec([None, None], tf.int32, name="source")
    return tf.function(run, autograph=False, input_signature=[spec])


def zoo_decode(kind, batch, beams):
    """Decoding in TensorFlow, float32, as `generate` does it."""
    import tensorflow as tf

    run = _search(model(kind), kind, beams)
    source = tf.constant(sources(kind, batch))
    return lambda: run(source)["ids"].numpy().tolist()


def zoo_fast(kind, batch, beams, weights):
    """The same search in a LiteRT file, as `zoo.load(name, fast=True)` has it."""
    from zoo.lite.search import LiteBatches, batch_rows
    from zoo.serving import litert

    built = model(kind)
    function = _search(built, kind, beams, shrink=False).get_concrete_function()
    searcher = SimpleNamespace(
        build=lambda: None, lite_function=lambda: function, weights=built.weights
    )
    file = litert.convert(searcher, weights)
    search = LiteBatches(file, batch_rows(beams, weights), int(os.environ["OMP_NUM_THREADS"]))
    source = sources(kind, batch).tolist()
    return lambda: search(source)


def training_step(model, inputs, targets, jit):
    """One step of Adam, as a graph, on the mean cross-entropy: the work of a round."""
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam(1e-4)
    optimizer.build(model.trainable_variables)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(jit_compile=jit)
    def step():
        with tf.GradientTape() as tape:
            value = loss(targets, model(inputs, training=True))
        optimizer.apply(tape.gradient(value, model.trainable_variables))
        return value

    def work():
        step().numpy()

    return work


def training_tokens(batch, length):
    """Random ids int32 (B, T), source and target in one."""
    import numpy as np

    vocabulary = SIZES["encoder-decoder"].vocabulary
    return np.random.default_rng(0).integers(4, vocabulary, (batch, length), "int32")


def zoo_train(batch, length, policy, jit=False):
    """One training step of the encoder-decoder, as a graph; with `jit` by XLA."""
    import keras
    import tensorflow as tf

    keras.config.set_dtype_policy(policy)
    tokens = tf.constant(training_tokens(batch, length))
    inputs = {"source": tokens, "target": tokens}
    return training_step(model("encoder-decoder"), inputs, tokens, jit)


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


def caption(part, batch):
    """Photographs to sentences with `caption_en`, from files; or its encoder alone, on pixels.

    Args:
        part: "whole", "whole, LiteRT" or "encoder".
        batch: int, photographs.
    """
    import tensorflow as tf

    import zoo

    photos = sorted(PHOTOS.glob("*.jpg"))
    photos = [str(photos[i % len(photos)]) for i in range(batch)]
    model = zoo.load("caption_en")
    if part == "whole, LiteRT":
        with tempfile.TemporaryDirectory() as folder:
            exported = zoo.serving.export_litert(model, folder)
            model = zoo.serving.open_litert(exported, int(os.environ["OMP_NUM_THREADS"]))
            model.generate(photos)  # which reads the file for all copies that it needs
    if part == "encoder":
        see = tf.function(model.encode_images)
        images = tf.constant(model.collate(model.preprocess(photos)[0]))

    def work():
        if part == "encoder":
            see(images).numpy()
        else:
            model.generate(photos)

    return work


def recommend(fast, films):
    """The ten best films for each of 1,000 histories, with `recommend_films`.

    Args:
        fast: whether by the LiteRT file.
        films: int, seen ones of a history, drawn by chance.
    """
    import numpy as np

    import zoo

    model = zoo.load("recommend_films", fast=fast)
    names = zoo.load("recommend_films").items
    rng = np.random.default_rng(0)
    histories = [[names[i] for i in rng.integers(len(names), size=films)] for _ in range(1000)]

    def work():
        model.recommend(histories, top_k=10)

    return work


def rank(candidates, queries):
    """Queries to NFCorpus, whose documents are indexed.

    Args:
        candidates: int, the best documents of BM25 that late interaction reads; 0: none.
        queries: int, test queries of a round.
    """
    import zoo

    collection = zoo.data.nfcorpus("test")
    ranker = zoo.load("rank_documents")
    index = ranker.index(collection.documents)
    texts = list(collection.queries.values())[:queries]
    ranker.candidates = candidates or ranker.candidates

    def work():
        if candidates:
            ranker.rank(texts, index)
        else:
            for text in texts:
                index.bm25(text)

    return work


def index():
    """The documents of NFCorpus become an index."""
    import zoo

    documents = zoo.data.nfcorpus("test").documents
    ranker = zoo.load("rank_documents")

    def work():
        ranker.index(documents)

    return work


def command(*, arguments, text):
    """A zoo command in a new process: its start to its answer."""
    return new_process("from zoo.cli import main; main()", arguments, text)


def new_process(script, arguments, text):
    """A Python script in a new process that reads `text`: its start to its end."""

    def work():
        subprocess.run(
            [sys.executable, "-c", script, *arguments],
            input=text,
            text=True,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    return work
