"""Tensors over gRPC that claim to be what they are not, and what the metrics say of them."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

pytest.importorskip("tensorflow_serving.apis.prediction_service_pb2_grpc")
import grpc  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from test_serving_limits import ask, counted, toy  # noqa: E402, F401

from zoo.serving import limits  # noqa: E402

FLOAT, INT32, STRING = types_pb2.DT_FLOAT, types_pb2.DT_INT32, types_pb2.DT_STRING


@pytest.fixture(scope="module")
def stub(toy):  # noqa: F811
    with grpc.insecure_channel(toy.grpc) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def tensor(dtype, shape, **values):
    proto = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def predict(stub, signature, output="", **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "toy"
    request.model_spec.signature_name = signature
    request.output_filter.extend([output] if output else [])
    for alias, proto in inputs.items():
        request.inputs[alias].CopyFrom(proto)
    response = stub.Predict(request, timeout=60)
    return {alias: tf.make_ndarray(proto) for alias, proto in response.outputs.items()}


def refused(stub, signature, **inputs):
    with pytest.raises(grpc.RpcError) as failed:
        predict(stub, signature, **inputs)
    assert "\n" not in failed.value.details()
    return failed.value.code().name


@pytest.mark.parametrize("rows", [20_000_000, 2**31 - 1, 2**62])
@pytest.mark.parametrize(
    ("signature", "alias", "shape", "dtype", "values"),
    [
        ("grid", "text", [], STRING, {"string_val": [b"a"]}),
        ("grid", "text", [], STRING, {}),
        ("pairs", "pair", [2], STRING, {"string_val": [b"a"]}),
        ("floats", "x", [1], FLOAT, {"float_val": [1]}),
        ("floats", "x", [0], FLOAT, {}),
        ("floats", "x", [1], FLOAT, {"tensor_content": b"\0\0\0\0"}),
        ("ids", "ids", [1], INT32, {"int_val": [1]}),
        ("flags", "flag", [], types_pb2.DT_BOOL, {"bool_val": [True]}),
    ],
)
def test_a_few_bytes_that_claim_to_be_millions_of_rows_are_refused(
    stub, rows, signature, alias, shape, dtype, values
):
    huge = tensor(dtype, [rows, *shape], **values)
    assert huge.ByteSize() < 40
    assert refused(stub, signature, **{alias: huge}) == "RESOURCE_EXHAUSTED"


def test_a_wide_row_that_is_only_claimed_is_refused(stub):
    wide = tensor(FLOAT, [1, 2**40], float_val=[1])
    assert refused(stub, "floats", x=wide) == "RESOURCE_EXHAUSTED"


def test_a_long_text_that_is_repeated_is_refused_by_its_bytes(stub):
    repeated = tensor(STRING, [limits.ROWS], string_val=[b"x" * 10_000])
    assert refused(stub, "grid", text=repeated) == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize(
    ("signature", "alias", "proto"),
    [
        ("floats", "x", tensor(FLOAT, [-1, 1], float_val=[1])),
        ("floats", "x", tensor(FLOAT, [-1, -1], float_val=[1])),
        ("floats", "x", tensor(FLOAT, [2], float_val=[1])),
        ("floats", "x", tensor(FLOAT, [0, 3])),
        ("floats", "x", tensor(FLOAT, [1, 1], float_val=[1, 2])),
        ("floats", "x", tensor(FLOAT, [1, 2], tensor_content=b"\0" * 7)),
        ("floats", "x", tensor(FLOAT, [1, 2], tensor_content=b"\0" * 9)),
        ("floats", "x", tensor(INT32, [1, 1], int_val=[1])),
        ("floats", "x", tensor_pb2.TensorProto(dtype=FLOAT, tensor_shape={"unknown_rank": True})),
        ("pairs", "pair", tensor(STRING, [1, 3], string_val=[b"a"] * 3)),
        ("grid", "text", tensor(STRING, [1], string_val=[b"a", b"b"])),
        ("grid", "text", tensor(STRING, [1], tensor_content=b"abc")),
        ("grid", "text", tensor(STRING, [1, 1, 1], string_val=[b"a"])),
        ("grid", "text", tensor(STRING, [], string_val=[b"a"])),
        ("grid", "words", tensor(STRING, [1], string_val=[b"a"])),
    ],
)
def test_a_tensor_that_is_not_what_it_claims_is_refused(stub, signature, alias, proto):
    assert refused(stub, signature, **{alias: proto}) == "INVALID_ARGUMENT"


def test_values_that_are_left_out_repeat_the_last_as_in_tensorflow(stub):
    x = tensor(FLOAT, [2, 2], float_val=[1, 5])
    np.testing.assert_array_equal(predict(stub, "floats", x=x)["total"], [6, 10])
    np.testing.assert_array_equal(predict(stub, "ids", ids=tensor(INT32, [3, 2]))["total"], [0] * 3)
    pair = tensor(STRING, [2, 2], string_val=[b"a\0", b"b"])
    assert predict(stub, "pairs", pair=pair)["text"].tolist() == [b"a\0-b", b"b-b"]


def test_an_output_that_does_not_exist_is_refused_before_anything_runs(stub):
    x = tensor(FLOAT, [1, 1], float_val=[1])
    assert list(predict(stub, "floats", output="total", x=x)) == ["total"]
    with pytest.raises(grpc.RpcError) as failed:
        predict(stub, "floats", output="nix", x=x)
    assert failed.value.code().name == "INVALID_ARGUMENT"


def test_a_message_of_any_letters_comes_through(stub):
    alias = "狗" * 5000 + "\n"
    assert refused(stub, "grid", **{alias: tensor(STRING, [1], string_val=[b"a"])})
    assert refused(stub, alias, text=tensor(STRING, [1], string_val=[b"a"])) == "INVALID_ARGUMENT"


def test_every_outcome_is_counted(stub, toy, monkeypatch):  # noqa: F811
    def broken(*arguments):
        raise KeyError("a fault of ours")

    flag = tf.make_tensor_proto([True])
    before = counted(toy, "OK", "grpc"), counted(toy, "INVALID_ARGUMENT", "grpc")
    predict(stub, "flags", flag=flag)
    refused(stub, "flags", x=flag)
    after = counted(toy, "OK", "grpc"), counted(toy, "INVALID_ARGUMENT", "grpc")
    assert after == tuple(count + 1 for count in before)
    before = counted(toy, "INTERNAL", "grpc")
    monkeypatch.setattr("zoo.serving.rest.check_shape", broken)
    assert refused(stub, "flags", flag=flag) == "INTERNAL"
    assert counted(toy, "INTERNAL", "grpc") == before + 1
    monkeypatch.undo()
    assert ask(toy, "flags", [True])[0] == 200


def test_a_scalar_is_answered(stub):
    assert predict(stub, "scalar", x=tensor(FLOAT, [], float_val=[2]))["y"] == 4


def test_what_is_not_there_is_said(stub):
    with pytest.raises(grpc.RpcError) as failed:
        stub.Classify(classification_pb2.ClassificationRequest(), timeout=60)
    assert failed.value.code().name == "UNIMPLEMENTED"
    assert failed.value.details() == "zoo serve answers Predict alone"
