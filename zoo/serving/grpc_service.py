"""TF Serving's gRPC `PredictionService`, by the official stubs of tensorflow-serving-api."""

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from zoo.serving import rest
from zoo.serving.errors import RequestError, invalid


async def start(server, address):
    """Serves `server`'s models at `address`, in the running event loop.

    Returns:
        The started `grpc.aio.Server`.
    """
    options = [("grpc.max_receive_message_length", 32 * 2**20)]
    service = grpc.aio.server(options=options)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Service(server), service)
    if not service.add_insecure_port(address):
        raise OSError(f"grpc_address must be free; got {address}.")
    await service.start()
    return service


class _Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, server):
        self.server = server

    async def Predict(self, request, context):
        try:
            servable = self._servable(request.model_spec)
            name = request.model_spec.signature_name
            inputs = _inputs(request, servable.signature(name).inputs)
            outputs = await self.server.predict(servable, name, inputs)
        except RequestError as error:
            await context.abort(grpc.StatusCode[error.code], error.message)
        response = predict_pb2.PredictResponse()
        _fill_spec(response.model_spec, servable, name or "serving_default")
        for alias, value in outputs.items():
            if not request.output_filter or alias in request.output_filter:
                response.outputs[alias].CopyFrom(tf.make_tensor_proto(value))
        return response

    async def GetModelMetadata(self, request, context):
        try:
            servable = self._servable(request.model_spec)
            if set(request.metadata_field) != {"signature_def"}:
                raise invalid("metadata_field must be ['signature_def']")
        except RequestError as error:
            await context.abort(grpc.StatusCode[error.code], error.message)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(
                meta_graph_pb2.SignatureDef(
                    inputs=signature.inputs,
                    outputs=signature.outputs,
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


def _inputs(request, infos):
    if request.inputs.keys() != infos.keys():
        raise invalid(f"inputs must be {sorted(infos)}; got {sorted(request.inputs)}")
    inputs = {}
    for alias, info in infos.items():
        value = request.inputs[alias]
        if value.dtype != info.dtype:
            expected = tf.dtypes.as_dtype(info.dtype).name
            raise invalid(f"input {alias} must be of type {expected}")
        try:
            inputs[alias] = np.asarray(tf.make_ndarray(value))
        except (TypeError, ValueError) as error:
            raise invalid(f"input {alias} must be a whole tensor; got: {error}") from error
        if inputs[alias].ndim != len(info.tensor_shape.dim):
            rank = len(info.tensor_shape.dim)
            raise invalid(f"input {alias} must have rank {rank}; got {inputs[alias].ndim}")
    rest.check_rows(inputs)
    return inputs


def _fill_spec(spec, servable, signature=""):
    spec.name = servable.name
    spec.version.value = servable.version
    spec.signature_name = signature
