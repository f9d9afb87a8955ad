"""TF Serving's gRPC `PredictionService`, by the official stubs of tensorflow-serving-api."""

import logging
import math

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from zoo.serving import limits, rest
from zoo.serving.answers import size_of
from zoo.serving.errors import RequestError, internal, invalid, too_large

_LOG = logging.getLogger("uvicorn.error")


async def start(server, address):
    """Serves `server`'s models at `address`, in the running event loop.

    Returns:
        The started `grpc.aio.Server`.

    Raises:
        OSError: the address is taken.
    """
    options = [
        ("grpc.max_receive_message_length", limits.BODY_BYTES),
        ("grpc.so_reuseport", 0),  # another server there is an error, not a partner
    ]
    service = grpc.aio.server(options=options, maximum_concurrent_rpcs=limits.RPCS)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Service(server), service)
    try:
        bound = service.add_insecure_port(address)
    except RuntimeError as error:  # what gRPC raises where it cannot bind
        raise OSError(f"grpc_address must be free; got {address}.") from error
    if not bound:
        raise OSError(f"grpc_address must be free; got {address}.")
    await service.start()
    return service


class _Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, server):
        self.server = server

    async def Predict(self, request, context):
        label = self.server.label(request.model_spec.name)
        with self.server.metrics.request(label, "grpc", cancelled="CANCELLED") as outcome:
            found = await _safe(self._predict(request))
            outcome.status = found.code if isinstance(found, RequestError) else "OK"
        return await _told(found, context)

    async def GetModelMetadata(self, request, context):
        return await _told(await _safe(self._metadata(request)), context)

    async def Classify(self, request, context):
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "zoo serve answers Predict alone")

    Regress = MultiInference = Classify

    async def _predict(self, request):
        servable = self._servable(request.model_spec)
        name = request.model_spec.signature_name
        signature = servable.signature(name)
        unknown = sorted(set(request.output_filter) - signature.outputs.keys())
        if unknown:
            raise invalid(f"output_filter must name outputs of the signature; got {unknown}")
        with self.server.budget.share() as share:
            share.hold(request.ByteSize())
            inputs = _inputs(request, signature)
            share.hold(size_of(inputs))
            outputs = await self.server.predict(servable, name, inputs)
        if not isinstance(outputs, dict):
            outputs = outputs.columns()
        response = predict_pb2.PredictResponse()
        _fill_spec(response.model_spec, servable, name or "serving_default")
        for alias, value in outputs.items():
            if not request.output_filter or alias in request.output_filter:
                response.outputs[alias].CopyFrom(tf.make_tensor_proto(value))
        return response

    async def _metadata(self, request):
        servable = self._servable(request.model_spec)
        if set(request.metadata_field) != {"signature_def"}:
            raise invalid("metadata_field must be ['signature_def']")
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(
                meta_graph_pb2.SignatureDef(
                    inputs=_tensor_infos(signature.inputs),
                    outputs=_tensor_infos(signature.outputs),
                    method_name="tensorflow/serving/predict",
                )
            )
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        _fill_spec(response.model_spec, servable)
        response.metadata["signature_def"].Pack(signatures)
        return response

    def _servable(self, spec):
        version = spec.version.value if spec.HasField("version") else None
        return self.server.models.find(spec.name, version)


async def _safe(work):
    """The response that a coroutine gives, or the `RequestError` that tells why there is none."""
    try:
        return await work
    except RequestError as error:
        return error
    except Exception as error:
        _LOG.error("a request failed", exc_info=error)
        return internal()


async def _told(found, context):
    if isinstance(found, RequestError):
        await context.abort(grpc.StatusCode[found.code], found.message)
    return found


def _tensor_infos(specs):
    """Alias -> `TensorInfo`, of `TensorSpec`s."""
    return {
        alias: meta_graph_pb2.TensorInfo(
            name=spec.name,
            dtype=tf.dtypes.as_dtype(spec.dtype).as_datatype_enum,
            tensor_shape=tf.TensorShape(spec.shape).as_proto(),
        )
        for alias, spec in specs.items()
    }


def _inputs(request, signature):
    specs = signature.inputs
    if request.inputs.keys() != specs.keys():
        raise invalid(f"inputs must be {sorted(specs)}; got {sorted(request.inputs)}")
    inputs = {alias: _array(alias, request.inputs[alias], spec) for alias, spec in specs.items()}
    if signature.is_batched:
        rest.check_rows(inputs)
    return inputs


def _array(alias, proto, spec):
    """A `TensorProto` -> an array; what it claims to be is checked before anything is made."""
    dtype = tf.dtypes.as_dtype(spec.dtype)
    if proto.dtype != dtype.as_datatype_enum:
        raise invalid(f"input {alias} must be of type {dtype.name}")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise invalid(f"input {alias} must have a known shape; got {shape}")
    rest.check_shape(alias, shape, spec)
    count = math.prod(shape)
    if dtype == tf.string:
        return _strings(alias, proto, count).reshape(shape)
    size = count * dtype.size
    _check_bytes(alias, size)
    if proto.tensor_content and len(proto.tensor_content) != size:
        given = len(proto.tensor_content)
        raise invalid(f"input {alias} must have {size} bytes of content; got {given}")
    try:
        return np.asarray(tf.make_ndarray(proto))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise invalid(f"input {alias} must be a whole tensor; got: {error}") from error


def _strings(alias, proto, count):
    values = list(proto.string_val)
    if proto.tensor_content or len(values) > count:
        raise invalid(f"input {alias} must have {count} values of string_val; got {len(values)}")
    last, missing = values[-1] if values else b"", count - len(values)
    _check_bytes(alias, sum(map(len, values)) + len(last) * missing)
    array = np.empty(count, object)
    array[:] = values + [last] * missing
    return array


def _check_bytes(alias, size):
    """Of a tensor with fewer values than elements, whose last value is repeated: written out."""
    if size > limits.BODY_BYTES:
        raise too_large(f"input {alias} must have at most {limits.BODY_BYTES} bytes; got {size}")


def _fill_spec(spec, servable, signature=""):
    spec.name = servable.name
    spec.version.value = servable.version
    spec.signature_name = signature
