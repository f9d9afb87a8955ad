"""Ask a served model over gRPC; needs `pip install tensorflow-serving-api`.

python grpc_client.py MODEL "A text." "Another." [--address localhost:8500]

Where the model wants pictures, give their files instead of texts.
"""

import argparse
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--address", default="localhost:8500")
    args = parser.parse_args()
    pictures = Path(args.inputs[0]).suffix.lower() in (".jpg", ".jpeg", ".png")
    values = [Path(path).read_bytes() for path in args.inputs] if pictures else args.inputs
    request = predict_pb2.PredictRequest()
    request.model_spec.name = args.model
    request.inputs["image_bytes" if pictures else "text"].CopyFrom(tf.make_tensor_proto(values))
    with grpc.insecure_channel(args.address) as channel:
        service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = service.Predict(request, timeout=60)
    scores = tf.make_ndarray(answer.outputs["score"])
    for text, score in zip(answer.outputs["text"].string_val, scores, strict=True):
        print(f"{score:.3f}\t{text.decode()}")


if __name__ == "__main__":
    main()
