"""Warmup requests: what TF Serving runs before it calls a version available."""

import io
from pathlib import Path

import tensorflow as tf

from zoo.serving.batching import BATCH_SIZES
from zoo.serving.saved_model import signatures

PATH = "assets.extra/tf_serving_warmup_requests"


def write(version, name):
    """Writes requests for every signature and every batch size into a version directory.

    Args:
        version: the folder of a SavedModel.
        name: of the model.
    """
    path = Path(version) / PATH
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as records:
        for key, signature in signatures(version).items():
            for rows in BATCH_SIZES:
                inputs = {
                    alias: _values(alias, info, rows)
                    for alias, info in sorted(signature.inputs.items())
                }
                records.write(_prediction_log(name, key, inputs))


def _values(alias, info, rows):
    """Some input of `rows` rows: short texts and long ones, a grey picture, or ones.

    Behind the batch, an axis of any size has size 1.
    """
    dtype = tf.dtypes.as_dtype(info.dtype)
    shape = [rows, *(max(dim.size, 1) for dim in info.tensor_shape.dim[1:])]
    if dtype != tf.string:
        return tf.ones(shape, dtype)
    if alias.endswith("_bytes"):
        return tf.fill(shape, _picture())
    texts = tf.constant(["a " * (1 + 7 * row % 16) for row in range(rows)])
    return tf.broadcast_to(tf.reshape(texts, [rows] + [1] * (len(shape) - 1)), shape)


def _picture():
    return tf.io.encode_jpeg(tf.fill([224, 224, 3], tf.constant(127, tf.uint8)))


def _prediction_log(name, signature, inputs):
    """A `tensorflow.serving.PredictionLog` of one `PredictRequest`, serialized.

    By hand, since the classes of these messages come with a package of their own, which nobody
    needs only for this. The numbers are those of prediction_log.proto, predict.proto, model.proto.
    """
    model_spec = _field(1, name.encode()) + _field(3, signature.encode())
    request = _field(1, model_spec)
    for alias, value in inputs.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        request += _field(2, _field(1, alias.encode()) + _field(2, tensor))
    return _field(6, _field(1, request))


def _field(number, content):
    """A length-delimited field of a protocol buffer."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number):
    out = io.BytesIO()
    while number > 127:
        out.write(bytes([number & 127 | 128]))
        number >>= 7
    out.write(bytes([number]))
    return out.getvalue()
