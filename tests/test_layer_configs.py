"""Facts about every registered layer and model, found by walking the packages."""

import importlib
import importlib.util
import inspect
import json
import os
import pkgutil
import subprocess
import sys

import keras
import numpy as np
import pytest

import zoo.layers
import zoo.models

# Every argument of every class, none with its default.
CASES = {
    "AKT": {
        "num_skills": 5,
        "context_length": 6,
        "num_layers": 2,
        "model_dim": 6,
        "num_heads": 2,
        "ff_dim": 7,
        "dropout": 0.1,
        "attention_dropout": 0.3,
        "counts": True,
    },
    "AdditiveAttention": {"units": 5, "use_bias": True, "dropout": 0.1},
    "AttentionPooling": {"units": 5},
    "AttentiveCell": {"units": 6, "attention_units": 5},
    "CaptionTransformer": {
        "num_cells": 3,
        "feature_dim": 8,
        "vocab_size": 11,
        "num_layers": 1,
        "model_dim": 6,
        "num_heads": 2,
        "ff_dim": 7,
        "dropout": 0.2,
        "token_dropout": 0.3,
    },
    "LabelledCaptionTransformer": {
        "num_cells": 3,
        "feature_dim": 8,
        "vocab_size": 11,
        "names": [[4, 5], [9]],
        "classes": [1, 0, 1],
        "num_labels": 1,
        "threshold": 0.25,
        "classifier_dim": 5,
        "unfinished": [7],
        "copy_once": True,
        "num_layers": 1,
        "model_dim": 6,
        "num_heads": 2,
        "ff_dim": 7,
        "dropout": 0.2,
        "token_dropout": 0.3,
    },
    "DKT": {"num_skills": 5, "context_length": 6, "units": 7, "dropout": 0.1},
    "CompareAggregate": {
        "vocab_size": 11,
        "model_dim": 6,
        "hidden_dim": 5,
        "kernel_sizes": [1, 3],
        "train_embedding": False,
        "whole_query": True,
        "embedding_dropout": 0.1,
        "dropout": 0.2,
    },
    "CopyDistribution": {"generate_bias": 1.0},
    "DecoderBlock": {
        "num_heads": 4,
        "ff_dim": 7,
        "num_kv_heads": 2,
        "activation": "gelu",
        "dropout": 0.1,
        "attention_dropout": 0.2,
        "rotary": True,
        "normalize_first": False,
        "norm_epsilon": 1e-5,
        "normalization": "rms",
        "gated": True,
        "use_bias": False,
        "head_dim": 6,
        "parallel": True,
        "qk_norm": True,
        "cross_attention": False,
    },
    "DotProductAttention": {"score": "concat", "units": 5, "dropout": 0.1},
    "EncoderBlock": {
        "num_heads": 4,
        "ff_dim": 7,
        "num_kv_heads": 2,
        "activation": "gelu",
        "dropout": 0.1,
        "attention_dropout": 0.2,
        "rotary": True,
        "normalize_first": False,
        "norm_epsilon": 1e-5,
        "normalization": "rms",
        "gated": True,
        "use_bias": False,
        "head_dim": 6,
        "parallel": True,
        "qk_norm": True,
    },
    "Ensemble": {
        "members": [zoo.models.TextClassifier(11, 3, model_dim=6, filters=5, name="one")],
        "naive_bayes": zoo.layers.NaiveBayes(11, 3, name="counts"),
        "naive_bayes_weight": 0.2,
        "share_embedding": True,
    },
    "FeedForward": {"ff_dim": 7, "activation": "gelu_tanh", "use_bias": False, "gated": True},
    "LSTMGenerator": {
        "vocab_size": 11,
        "model_dim": 6,
        "units": 8,
        "stddev": 0.5,
        "seed": 3,
    },
    "LSTMLanguageModel": {
        "vocab_size": 11,
        "context_length": 5,
        "num_layers": 1,
        "model_dim": 6,
        "units": 8,
        "dropout": 0.1,
    },
    "LateInteraction": {
        "vocab_size": 11,
        "model_dim": 6,
        "vector_dim": 5,
        "kernel_size": 2,
        "scale": 3.0,
        "dropout": 0.1,
    },
    "LearnedPositions": {"max_length": 6},
    "MonotonicAttention": {
        "num_heads": 4,
        "key_dim": 6,
        "num_kv_heads": 2,
        "output_dim": 5,
        "dropout": 0.1,
        "use_bias": False,
        "rotary": True,
        "qk_norm": 1e-5,
    },
    "MonotonicDecoderBlock": {
        "num_heads": 4,
        "ff_dim": 7,
        "num_kv_heads": 2,
        "activation": "gelu",
        "dropout": 0.1,
        "attention_dropout": 0.2,
        "rotary": True,
        "normalize_first": False,
        "norm_epsilon": 1e-5,
        "normalization": "rms",
        "gated": True,
        "use_bias": False,
        "head_dim": 6,
        "parallel": True,
        "qk_norm": True,
        "cross_attention": False,
    },
    "MultiHeadAttention": {
        "num_heads": 4,
        "key_dim": 6,
        "num_kv_heads": 2,
        "output_dim": 5,
        "dropout": 0.1,
        "use_bias": False,
        "rotary": True,
        "qk_norm": 1e-5,
    },
    "PointerGenerator": {
        "source_vocab_size": 11,
        "target_vocab_size": 11,
        "coverage": 0.5,
        "num_encoder_layers": 2,
        "num_decoder_layers": 1,
        "model_dim": 8,
        "num_heads": 2,
        "ff_dim": 7,
        "dropout": 0.2,
        "attention_dropout": 0.1,
        "share_embeddings": True,
        "rotary": True,
        "sinusoids": {"first": 2},
        "activation": "gelu",
        "normalize_first": False,
        "norm_epsilon": 1e-5,
        "logits_bias": True,
    },
    "NaiveBayes": {"vocab_size": 11, "num_labels": 3},
    "RNNSearch": {
        "source_vocab_size": 11,
        "target_vocab_size": 11,
        "num_encoder_layers": 2,
        "model_dim": 6,
        "units": 8,
        "attention_units": 5,
        "cell": "lstm",
        "dropout": 0.1,
        "share_embeddings": True,
        "attention": zoo.layers.AdditiveAttention(4, name="own"),
    },
    "SASRec": {
        "num_items": 11,
        "context_length": 5,
        "num_layers": 1,
        "model_dim": 8,
        "num_heads": 4,
        "ff_dim": 7,
        "dropout": 0.1,
        "attention_dropout": 0.3,
        "activation": "relu",
    },
    "SelfAttention2D": {"num_heads": 2, "key_dim": 3},
    "ShowAttendTell": {
        "feature_dim": 8,
        "vocab_size": 11,
        "model_dim": 6,
        "units": 7,
        "attention_units": 5,
        "dropout": 0.2,
        "token_dropout": 0.1,
        "coverage": 0.5,
    },
    "SinusoidalPositions": {"first": 2, "endpoint": True},
    "SpeechTransformer": {
        "num_bands": 8,
        "target_vocab_size": 11,
        "num_encoder_layers": 2,
        "num_decoder_layers": 1,
        "model_dim": 8,
        "num_heads": 2,
        "ff_dim": 7,
        "dropout": 0.2,
        "attention_dropout": 0.1,
        "rotary": True,
        "sinusoids": {"first": 2},
        "activation": "gelu",
        "normalize_first": False,
        "norm_epsilon": 1e-5,
        "logits_bias": True,
    },
    "TextClassifier": {
        "vocab_size": 11,
        "num_labels": 3,
        "model_dim": 6,
        "filters": 5,
        "kernel_sizes": [2, 3],
        "attention_units": 4,
        "embedding_dropout": 0.1,
        "dropout": 0.2,
    },
    "TokenEmbedding": {"vocab_size": 11, "width": 6, "logits_bias": True, "scale": False},
    "Transformer": {
        "source_vocab_size": 11,
        "target_vocab_size": 11,
        "num_encoder_layers": 2,
        "num_decoder_layers": 1,
        "model_dim": 8,
        "num_heads": 2,
        "ff_dim": 7,
        "dropout": 0.2,
        "attention_dropout": 0.1,
        "share_embeddings": True,
        "rotary": True,
        "sinusoids": {"first": 2},
        "activation": "gelu",
        "normalize_first": False,
        "norm_epsilon": 1e-5,
        "logits_bias": True,
    },
    "TransformerLM": {
        "vocab_size": 11,
        "context_length": 7,
        "num_layers": 1,
        "model_dim": 8,
        "num_heads": 2,
        "ff_dim": 10,
        "num_kv_heads": 1,
        "dropout": 0.2,
        "attention_dropout": 0.3,
        "activation": "gelu",
        "start_id": 3,
        "rotary": {
            "base": 500.0,
            "scaling": {"rope_type": "linear", "factor": 2.0},
            "share": 0.5,
        },
        "normalization": "rms",
        "norm_epsilon": 1e-5,
        "gated": True,
        "use_bias": False,
        "tie_embeddings": False,
        "scale_embeddings": False,
        "logits_bias": True,
        "head_dim": 8,
        "parallel": True,
        "qk_norm": True,
    },
    "VAEGAN": {
        "image_size": 8,
        "num_classes": 3,
        "latent_dim": 4,
        "channels": 6,
        "attention_heads": 2,
        "attention_grid": 4,
        "discriminator": False,
    },
    "VisionEncoderDecoder": {
        "num_cells": 3,
        "feature_dim": 8,
        "vocab_size": 11,
        "num_encoder_layers": 1,
        "num_encoder_heads": 2,
        "encoder_ff_dim": 7,
        "encoder_activation": "relu",
        "encoder_norm_epsilon": 1e-6,
        "num_decoder_layers": 1,
        "model_dim": 6,
        "num_heads": 2,
        "ff_dim": 7,
        "activation": "relu",
        "norm_epsilon": 1e-6,
        "max_length": 9,
        "dropout": 0.2,
        "attention_dropout": 0.3,
    },
}
FLOATS = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
IDS = np.array([[4, 9, 3], [7, 10, 0]], "int32")
# The arguments of a call, where they are not one array of floats.
INPUTS = {
    "AdditiveAttention": [FLOATS, FLOATS],
    # Hidden state, LSTM cell, projected keys and cells of an image.
    "AttentiveCell": [
        FLOATS[:, 0],
        [FLOATS[:, 0, :6], FLOATS[:, 1, :6], FLOATS[:, :, :5], FLOATS[:, :, 2:]],
    ],
    "CaptionTransformer": [{"source": FLOATS, "target": IDS}],
    "LabelledCaptionTransformer": [{"source": FLOATS, "target": IDS}],
    "CompareAggregate": [{"query": IDS, "text": IDS[:, None]}],
    "CopyDistribution": [FLOATS, FLOATS, np.full((2, 3, 3), 1 / 3, "float32"), IDS % 8],
    "DotProductAttention": [FLOATS, FLOATS],
    "Ensemble": [IDS],
    "NaiveBayes": [IDS],
    "LSTMGenerator": [IDS],
    "LSTMLanguageModel": [IDS],
    "MonotonicAttention": [FLOATS, FLOATS],
    "LateInteraction": [{"query": IDS, "text": IDS, "allowed": np.eye(len(IDS)) == 1}],
    "MultiHeadAttention": [FLOATS, FLOATS],
    "PointerGenerator": [{"source": IDS, "target": IDS}],
    "RNNSearch": [{"source": IDS, "target": IDS}],
    "SelfAttention2D": [FLOATS[:, :, None]],
    "ShowAttendTell": [{"source": FLOATS, "target": IDS}],
    "SpeechTransformer": [{"source": FLOATS, "target": IDS}],
    "TextClassifier": [IDS],
    "TokenEmbedding": [IDS],
    "AKT": [IDS],
    "DKT": [IDS],
    "SASRec": [IDS],
    "Transformer": [{"source": IDS, "target": IDS}],
    "TransformerLM": [IDS],
    "VAEGAN": [{"image": np.full((3, 8, 8, 1), 0.5, "float32"), "digit": np.arange(3)}],
    "VisionEncoderDecoder": [{"source": FLOATS, "target": IDS}],
}


def registered_classes():
    """Every registered layer and model of `zoo.layers` and `zoo.models`, by name."""
    found = {}
    for package in (zoo.layers, zoo.models):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            for name, kind in vars(importlib.import_module(module.name)).items():
                if inspect.isclass(kind) and issubclass(kind, keras.Layer):
                    if keras.saving.get_registered_name(kind) == f"zoo>{name}":
                        found[name] = kind
    return found


CLASSES = registered_classes()


# What a class gives to its base itself, and nobody gives to it.
SETTLED = {"SpeechTransformer": {"source_vocab_size", "share_embeddings"}}


def constructor_arguments(kind):
    """The parameters of every `__init__` of ours that `kind` goes through."""
    found = {}
    for base in kind.__mro__:
        if base.__module__.startswith("zoo.") and "__init__" in vars(base):
            for parameter in list(inspect.signature(base.__init__).parameters.values())[1:]:
                if parameter.kind is not parameter.VAR_KEYWORD:
                    found.setdefault(parameter.name, parameter.default)
    settled = SETTLED.get(kind.__name__, ())
    return {name: default for name, default in found.items() if name not in settled}


def test_every_registered_class_has_a_case():
    assert CLASSES.keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_case_gives_every_argument_a_value_that_is_not_its_default(name):
    arguments = constructor_arguments(CLASSES[name])
    assert arguments.keys() == CASES[name].keys()
    for argument, value in CASES[name].items():
        assert value != arguments[argument], argument


@pytest.mark.parametrize("name", CASES)
def test_every_argument_survives_the_config(name):
    options = {**CASES[name], "name": "another", "dtype": "mixed_bfloat16"}
    layer = CLASSES[name](**options)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is CLASSES[name]
    assert copy.name == "another"
    assert copy.dtype_policy.name == "mixed_bfloat16"
    assert copy.get_config() == layer.get_config()
    for argument, value in CASES[name].items():
        if isinstance(value, keras.Layer) or argument == "members":
            value = keras.saving.serialize_keras_object(value)
        assert copy.get_config()[argument] == value, argument


ELSEWHERE = """
import sys
import keras
import numpy as np
sys.path.insert(0, {tests!r})
from test_layer_configs import CASES, CLASSES, call

arrays = dict(np.load({path!r}))
assert keras.backend.backend() == {backend!r}
for name in CASES:
    weights = [arrays[key] for key in sorted(arrays) if key.startswith(name + "/weight")]
    got = keras.ops.convert_to_numpy(call(name, weights)[1])
    # 1e-5: float32 sums in another order.
    np.testing.assert_allclose(got, arrays[name + "/output"], atol=1e-5, err_msg=name)
print("equal:", len(CASES))
"""


def call(name, weights=None):
    """The layer of a case, with `weights` or its first ones, and its output."""
    layer, inputs = CLASSES[name](**CASES[name]), INPUTS.get(name, [FLOATS])
    layer(*inputs)
    if weights is not None:
        for weight, value in zip(layer.weights, weights, strict=True):
            weight.assign(value)
    return layer, keras.tree.flatten(layer(*inputs))[0]  # states may come after it


@pytest.mark.slow  # test_portable_training.py has a whole model on JAX
def test_another_backend_gives_the_same_outputs(tmp_path):
    backend = next(filter(importlib.util.find_spec, ("torch", "jax")), None)
    if backend is None:
        pytest.skip("neither torch nor jax is installed")
    arrays = {}
    for name in CASES:
        layer, output = call(name)
        for i, weight in enumerate(layer.weights):
            arrays[f"{name}/weight{i:03}"] = keras.ops.convert_to_numpy(weight)
        arrays[f"{name}/output"] = keras.ops.convert_to_numpy(output)
    path = str(tmp_path / "arrays.npz")
    np.savez(path, **arrays)
    script = ELSEWHERE.format(tests=os.path.dirname(__file__), path=path, backend=backend)
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == f"equal: {len(CASES)}", run.stderr
