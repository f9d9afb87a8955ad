"""Layers that were quantised, adapted by LoRA or replaced: what trains is what decodes."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import zoo
from zoo.layers import Attention, DecoderBlock, MultiHeadAttention
from zoo.models import (
    AKT,
    CompareAggregate,
    LateInteraction,
    RNNSearch,
    Transformer,
    TransformerLM,
)
from zoo.text import SentencePieceTokenizer

LINES = ["ein Hund läuft am Strand", "zwei Kinder spielen im Park", "a dog runs on the beach"] * 9


@pytest.fixture(scope="module")
def tokenizer():
    return SentencePieceTokenizer.train(LINES, vocab_size=300)


def translator(tokenizer, recurrent=False):
    keras.utils.set_random_seed(3)
    size = tokenizer.vocab_size
    if recurrent:
        model = RNNSearch(size, size, 1, 16, 16, 8, share_embeddings=True)
    else:
        model = Transformer(size, size, 1, 2, 16, 2, 24, share_embeddings=True)
    found = zoo.Translator(model, tokenizer, decoding={"max_new_tokens": 12})
    found.build()
    return found


def writer(tokenizer):
    keras.utils.set_random_seed(3)
    model = TransformerLM(tokenizer.vocab_size, 12, 2, 16, 2, 24)
    found = zoo.TextGenerator(model, tokenizer, decoding={"max_new_tokens": 20})
    found.build()
    return found


TOKENS = np.array([[2, 5, 9, 40, 7, 8], [2, 6, 6, 21, 3, 4]])
SOURCE = np.array([[9, 8, 7, 3], [5, 3, 0, 0]])


def whole(model, tokens=TOKENS):
    """Logits (B, T, V) by one pass."""
    inputs = tokens if hasattr(model, "context_length") else {"source": SOURCE, "target": tokens}
    return ops.convert_to_numpy(model(inputs))


def step_by_step(model, tokens=TOKENS):
    """The same, a token at a time."""
    if hasattr(model, "context_length"):
        static, state = model.prefill(tokens[:, :1])
    else:
        static, state = model.prefill(model.encode(SOURCE))
    step, logits = model.make_decode_step(), []
    for t in range(tokens.shape[1]):
        found, state = step(tokens[:, t], static, state)
        logits.append(found)
    return np.stack(logits, axis=1)


@pytest.mark.parametrize(
    ("mode", "make"),
    [
        ("int8", translator),
        ("int8", writer),
        ("int4", translator),
        pytest.param("int4", writer, marks=pytest.mark.slow),
    ],
)
def test_a_quantised_model_decodes_as_it_scores_and_is_kept_in_its_file(
    tokenizer, tmp_path, make, mode
):
    model, text = make(tokenizer), "ein Hund"
    model.generate(text)  # a graph of the layers as they were
    model.quantize(mode)
    np.testing.assert_allclose(step_by_step(model.model), whole(model.model), atol=2e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.generate(text, seed=1) == model.generate(text, seed=1)
    kernels = [v for v in again.variables if v.path.endswith("kernel")]
    assert {v.dtype for v in kernels} == {"int8"}


def test_a_quantised_model_answers_in_a_fresh_process_and_from_its_export(tokenizer, tmp_path):
    model = translator(tokenizer)
    model.quantize("int8")
    expected = model.generate("ein Hund", num_beams=2)
    model.save(tmp_path / "model.keras")
    code = (
        "import keras, zoo; "
        f"model = keras.models.load_model({str(tmp_path / 'model.keras')!r}); "
        "print(model.generate('ein Hund', num_beams=2).encode().hex())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert bytes.fromhex(run.stdout.split()[-1]).decode() == expected
    model.export(tmp_path / "1")
    served = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    answer = served(text=tf.constant(["ein Hund"]))["text"].numpy()[0].decode()
    assert answer == model.generate("ein Hund")


def test_a_recurrent_model_is_quantised_where_keras_can(tokenizer, tmp_path):
    model = translator(tokenizer, recurrent=True)
    with pytest.warns(UserWarning, match="GRU|quantize"):
        model.quantize("int8")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.generate("ein Hund") == model.generate("ein Hund")


@pytest.mark.model  # seconds
def test_lora_changes_what_is_decoded_and_is_kept_in_the_file(tokenizer, tmp_path):
    model = writer(tokenizer)
    before = step_by_step(model.model)
    for block in model.model.blocks:
        for dense in (block.self_attention.query_dense, block.self_attention.value_dense):
            dense.enable_lora(2)
            dense.lora_kernel_b.assign(np.random.default_rng(1).normal(size=(2, 16)))
    after = step_by_step(model.model)
    assert np.abs(after - before).max() > 0.1
    np.testing.assert_allclose(after, whole(model.model), atol=2e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(step_by_step(again.model), after, atol=2e-5)
    assert not again.model.blocks[1].self_attention.query_dense.lora_enabled  # it is summed up


@keras.saving.register_keras_serializable(package="tests")
class NormedHeads(MultiHeadAttention):
    """QK-norm: queries and keys have length 1, and a scale of their own."""

    def project_query(self, query):
        return ops.normalize(super().project_query(query), axis=-1) * 8.0

    def project(self, value, key=None):
        keys, values = super().project(value, key)
        return ops.normalize(keys, axis=-1), values


@keras.saving.register_keras_serializable(package="tests")
class FartherIsLess(MultiHeadAttention):
    """ALiBi: each head subtracts its slope times the distance."""

    def select(self, scores, mask):
        queries, keys = ops.shape(scores)[2:]
        back = keys - queries + ops.arange(queries)[:, None] - ops.arange(keys)[None, :]
        slopes = 2.0 ** -ops.arange(1, self.num_heads + 1, dtype="float32")
        bias = slopes[:, None, None] * ops.cast(back, "float32")
        return super().select(scores - ops.cast(bias, scores.dtype), mask)


@keras.saving.register_keras_serializable(package="tests")
class Doubled(MultiHeadAttention):
    """A subclass that replaces the whole call."""

    def call(
        self,
        query,
        value=None,
        key=None,
        attention_mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
        training=None,
        cache=None,
        offset=None,
    ):
        output, *rest = super().call(
            query, value, key, attention_mask, use_causal_mask, True, training, cache, offset
        )
        rest = rest if return_attention_scores else rest[1:]
        return (output * 2.0, *rest)


@pytest.mark.parametrize("attention", [NormedHeads, FartherIsLess, Doubled])
def test_an_attention_of_ones_own_decodes_as_it_trains(attention):
    keras.utils.set_random_seed(1)
    model = TransformerLM(50, 16, 2, 8, 2, 12)
    own = type("Own", (DecoderBlock,), {"attention_class": attention})
    rotary = attention is not FartherIsLess
    model.blocks = [own(2, 12, cross_attention=False, rotary=rotary) for _ in range(2)]
    model.build(None)
    np.testing.assert_allclose(step_by_step(model), whole(model), atol=2e-5)


def test_a_block_of_ones_own_decodes_as_it_trains():
    @keras.saving.register_keras_serializable(package="tests")
    class Halved(DecoderBlock):
        def call(
            self,
            x,
            attention_mask=None,
            cache=None,
            offset=None,
            return_attention_scores=False,
            training=None,
            memory_cache=None,
            memory_mask=None,
        ):
            x, *rest = super().call(
                x,
                attention_mask=attention_mask,
                cache=cache,
                offset=offset,
                return_attention_scores=True,
                training=training,
            )
            return (x / 2.0, *(rest if return_attention_scores else rest[1:]))

    keras.utils.set_random_seed(1)
    model = TransformerLM(50, 16, 2, 8, 2, 12)
    model.blocks[0] = Halved(2, 12, cross_attention=False, rotary=True)
    model.build(None)
    np.testing.assert_allclose(step_by_step(model), whole(model), atol=2e-5)


@keras.saving.register_keras_serializable(package="tests")
class Difference(Attention):
    def scores(self, query, projected_key):
        return -ops.sum(ops.abs(query[:, :, None] - projected_key[:, None]), -1)


def test_a_recurrent_translator_takes_an_attention_of_ones_own(tokenizer, tmp_path):
    size = tokenizer.vocab_size
    model = RNNSearch(size, size, 1, 8, 8, share_embeddings=True, attention=Difference())
    teller = zoo.Translator(model, tokenizer, decoding={"max_new_tokens": 5})
    teller.build()
    np.testing.assert_allclose(step_by_step(model), whole(model), atol=2e-5)
    teller.save(tmp_path / "own.keras")
    again = keras.models.load_model(tmp_path / "own.keras")
    assert type(again.model.attention) is Difference
    assert again.generate("ein Hund") == teller.generate("ein Hund")
    with pytest.raises(TypeError, match="attention must be a zoo.layers.Attention.*got 3"):
        RNNSearch(size, size, attention=3)


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16", "float64"])
def every_dtype(request):
    before = keras.config.dtype_policy()
    if request.param == "float64":
        keras.config.set_floatx("float64")
    keras.config.set_dtype_policy(request.param)
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("make", [translator, writer])
def test_every_dtype_decodes(tokenizer, every_dtype, make):
    out = make(tokenizer).generate("ein Hund", return_dict=True)
    assert isinstance(out.text, str) and np.isfinite(out.score)


def matched(tokenizer):
    model = CompareAggregate(tokenizer.vocab_size, model_dim=8, hidden_dim=8)
    matcher = zoo.Matcher(model, tokenizer)
    yield matcher, [("ein Hund", "ein Hund", 1), ("ein Hund", "Katze", 0)]
    yield [score for _, score in matcher.match("ein Hund", ["ein Hund", "Katze"])]


def ranked(tokenizer):
    ranker = zoo.Ranker(LateInteraction(tokenizer.vocab_size, 8, 8), tokenizer)
    yield ranker, [("ein Hund", "ein Hund", 1), ("ein Hund", "Katze", 0)]
    yield [score for _, score in ranker.rank("ein Hund", ["ein Hund", "Katze"])]


def traced(tokenizer):
    tracer = zoo.KnowledgeTracer(AKT(2, context_length=8, model_dim=8, ff_dim=8), ["a", "b"])
    yield tracer, [[("a", 1), ("b", 0)]]
    yield [tracer.trace([("a", 1)], "b")]


@pytest.mark.parametrize("head", [matched, ranked, traced])
def test_every_dtype_trains_and_answers(tokenizer, every_dtype, head):
    steps = head(tokenizer)
    task, data = next(steps)
    task.compile()
    assert np.isfinite(task.train_on_batch(data))
    assert np.isfinite(next(steps)).all()


def test_logits_of_a_bfloat16_model_are_a_product_of_float32(tokenizer):
    layer = zoo.layers.TokenEmbedding(200, 16, dtype="mixed_bfloat16")
    layer.build(None)
    x = ops.cast(np.random.default_rng(0).normal(size=(3, 16)), "bfloat16")
    expected = np.array(ops.cast(x, "float32")) @ layer.table.numpy().T
    for logits in (layer.logits(x), layer.output_projection()(x)):
        assert logits.dtype == "float32"
        np.testing.assert_allclose(logits, expected, atol=1e-5)
