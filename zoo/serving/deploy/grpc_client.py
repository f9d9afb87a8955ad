"""Ask a served model over gRPC; needs `pip install grpcio protobuf`, and no TensorFlow.

    python grpc_client.py MODEL "A text." "Another." [--address localhost:8500]

Where the model wants pictures, give their files instead of texts.
"""

import argparse
import struct
import sys
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PREDICT = "/tensorflow.serving.PredictionService/Predict"
STRING = 7  # DT_STRING of tensorflow/core/framework/types.proto

# What of TF Serving's messages (predict.proto, model.proto, tensor.proto) a client of texts needs:
# message -> field -> (number, type); "[]" behind a type repeats it, "{}" makes a map by name.
MESSAGES = {
    "ModelSpec": {"name": (1, "string"), "signature_name": (3, "string")},
    "Dim": {"size": (1, "int64")},
    "Shape": {"dim": (2, "Dim[]")},
    "Tensor": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "Shape"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "float[]"),
        "string_val": (8, "bytes[]"),
    },
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "Tensor{}")},
    "PredictResponse": {"outputs": (1, "Tensor{}")},
}


def classes():
    """The classes of `MESSAGES` by their names."""
    file = descriptor_pb2.FileDescriptorProto(
        name="client.proto", package="client", syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            if kind.endswith("{}"):
                entry = message.nested_type.add(name=f"{field.capitalize()}Entry")
                entry.options.map_entry = True
                add(entry, "key", 1, "string")
                add(entry, "value", 2, kind.removesuffix("{}"))
                kind = f"{name}.{entry.name}[]"
            add(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"client.{name}"))
        for name in MESSAGES
    }


def add(message, name, number, kind):
    field = message.field.add(name=name, number=number, label="LABEL_OPTIONAL")
    if kind.endswith("[]"):
        field.label = field.LABEL_REPEATED
    kind = kind.removesuffix("[]")
    if kind[0].isupper():
        field.type, field.type_name = field.TYPE_MESSAGE, f".client.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")


def floats(tensor):
    """The numbers of a float tensor; a server may leave out those that repeat the last."""
    count = tensor.tensor_shape.dim[0].size
    if tensor.tensor_content:
        return struct.unpack(f"<{count}f", tensor.tensor_content)
    values = list(tensor.float_val) or [0.0]
    return values + values[-1:] * (count - len(values))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--address", default="localhost:8500")
    args = parser.parse_args()
    pictures = Path(args.inputs[0]).suffix.lower() in (".jpg", ".jpeg", ".png")
    try:
        values = [Path(text).read_bytes() if pictures else text.encode() for text in args.inputs]
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    message = classes()
    request = message["PredictRequest"](model_spec={"name": args.model})
    tensor = request.inputs["image_bytes" if pictures else "text"]
    tensor.dtype = STRING
    tensor.tensor_shape.dim.add(size=len(values))
    tensor.string_val.extend(values)
    try:
        with grpc.insecure_channel(args.address) as channel:
            predict = channel.unary_unary(
                PREDICT,
                request_serializer=type(request).SerializeToString,
                response_deserializer=message["PredictResponse"].FromString,
            )
            answer = predict(request, timeout=60)
    except grpc.RpcError as error:
        sys.exit(f"{args.address}: {error.code().name}: {' '.join(error.details().split())}")
    texts, scores = answer.outputs["text"].string_val, floats(answer.outputs["score"])
    for text, score in zip(texts, scores, strict=True):
        print(f"{score:.3f}\t{text.decode()}")


if __name__ == "__main__":
    main()
