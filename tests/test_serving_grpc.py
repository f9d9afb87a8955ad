"""The official stubs of TF Serving against `zoo serve`, or against `ZOO_SERVING_GRPC`."""

import os

import pytest
import tensorflow as tf

pytest.importorskip("tensorflow_serving.apis.prediction_service_pb2_grpc")

import grpc  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from test_serving_rest import TEXTS, answers, model, ours  # noqa: E402, F401


@pytest.fixture
def stub(request):
    address = os.environ.get("ZOO_SERVING_GRPC") or request.getfixturevalue("ours").grpc
    with grpc.insecure_channel(address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def asked(model, signature="", **inputs):  # noqa: F811
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return request


def test_predict_gives_the_strings_of_generate(stub, model, answers):  # noqa: F811
    response = stub.Predict(asked(model, text=TEXTS), timeout=60)
    texts = [text.decode() for text in tf.make_ndarray(response.outputs["text"])]
    assert texts == answers(TEXTS)
    assert response.model_spec.name == model and response.model_spec.version.value == 1
    assert tf.make_ndarray(response.outputs["score"]).shape == (len(TEXTS),)


def test_output_filter_leaves_out_the_rest(stub, model):  # noqa: F811
    request = asked(model, "attention", text=["Hund"])
    request.output_filter.append("text")
    assert list(stub.Predict(request, timeout=60).outputs) == ["text"]


def test_metadata_names_every_signature(stub, model):  # noqa: F811
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model
    response = stub.GetModelMetadata(request, timeout=60)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "attention"} <= signatures.signature_def.keys()
    default = signatures.signature_def["serving_default"]
    assert set(default.outputs) == {"text", "score"}


@pytest.mark.parametrize(
    ("name", "signature", "inputs", "code"),
    [
        ("nix", "", {"text": ["a"]}, "NOT_FOUND"),
        (None, "nix", {"text": ["a"]}, "INVALID_ARGUMENT"),
        (None, "", {"other": ["a"]}, "INVALID_ARGUMENT"),
        (None, "", {"text": [1]}, "INVALID_ARGUMENT"),
    ],
)
def test_errors_have_the_codes_of_tf_serving(stub, model, name, signature, inputs, code):  # noqa: F811
    with pytest.raises(grpc.RpcError) as failed:
        stub.Predict(asked(name or model, signature, **inputs), timeout=60)
    assert failed.value.code().name == code
