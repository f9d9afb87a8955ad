"""TF Serving's JSON: requests to arrays, arrays to answers."""

import base64
import binascii
import json

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from zoo.serving.errors import invalid


def parse(body, servable):
    """The body of a `:predict` request.

    Args:
        body: bytes.
        servable: the `Servable` that is asked.

    Returns:
        The name of the signature, a dict of arrays (B, ...), and whether the answer goes by rows
        (`instances`) or by columns (`inputs`).

    Raises:
        RequestError: it is malformed, or does not fit the signature.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid(f"JSON Parse error: {error}") from error
    if not isinstance(request, dict):
        raise invalid(f"JSON Value: {_short(request)} Is not object")
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value.")
    infos = servable.signature(name).inputs
    if ("instances" in request) == ("inputs" in request):
        both = "inputs" in request
        raise invalid(
            "expecting only one of 'inputs' or 'instances' keys to exist"
            if both
            else "Missing 'inputs' or 'instances' key"
        )
    by_rows = "instances" in request
    columns = (
        _from_instances(request["instances"], infos)
        if by_rows
        else _from_inputs(request["inputs"], infos)
    )
    inputs = {alias: _array(alias, columns[alias], info) for alias, info in infos.items()}
    check_rows(inputs)
    return name or "serving_default", inputs, by_rows


def check_rows(inputs):
    """Raises `RequestError` unless all inputs have the same number of rows, at least one."""
    rows = {alias: len(value) for alias, value in inputs.items()}
    if len(set(rows.values())) > 1 or not all(rows.values()):
        raise invalid(f"inputs must have the same number of rows, at least 1; got {rows}")


def respond(outputs, by_rows):
    """Arrays (B, ...) -> the body of the answer, bytes.

    Strings are UTF-8, or base64 where the name of the output ends in `_bytes`.
    """
    columns = {alias: _plain(alias, value) for alias, value in outputs.items()}
    if not by_rows:
        answer = {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
    elif len(columns) > 1:
        rows = zip(*columns.values(), strict=True)
        answer = {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}
    else:
        answer = {"predictions": next(iter(columns.values()))}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def metadata(servable):
    """What `GET .../metadata` answers, as a dict."""
    signatures = {
        name: {
            "inputs": {alias: _info(info) for alias, info in signature.inputs.items()},
            "outputs": {alias: _info(info) for alias, info in signature.outputs.items()},
            "method_name": "tensorflow/serving/predict",
            "defaults": {},
        }
        for name, signature in servable.signatures.items()
    }
    return {
        "model_spec": {
            "name": servable.name,
            "signature_name": "",
            "version": str(servable.version),
        },
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def status(servable):
    """What `GET /v1/models/NAME` answers, as a dict."""
    return {
        "model_version_status": [
            {
                "version": str(servable.version),
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def _info(info):
    return {
        "dtype": types_pb2.DataType.Name(info.dtype),
        "tensor_shape": {
            "dim": [{"size": str(dim.size), "name": ""} for dim in info.tensor_shape.dim],
            "unknown_rank": info.tensor_shape.unknown_rank,
        },
        "name": info.name,
    }


def _is_object(value):
    """Whether a value is an object of its own, not bytes as `{"b64": ...}`."""
    return isinstance(value, dict) and not (len(value) == 1 and "b64" in value)


def _from_instances(instances, infos):
    if not isinstance(instances, list) or not instances:
        raise invalid("'instances' must be a list of at least one value")
    if not _is_object(instances[0]):
        if len(infos) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple "
                "input tensors required as per tensorinfo_map"
            )
        return {next(iter(infos)): instances}
    for i, item in enumerate(instances):
        if not _is_object(item) or item.keys() != infos.keys():
            names = ",".join(sorted(infos))
            raise invalid(
                f"Failed to process element: {i} of 'instances' list. "
                f"JSON object: {_short(item)} keys must be equal to: {names}"
            )
    return {alias: [item[alias] for item in instances] for alias in infos}


def _from_inputs(inputs, infos):
    if not _is_object(inputs):
        if len(infos) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        return {next(iter(infos)): inputs}
    for alias in infos:
        if alias not in inputs:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
    return inputs


def _array(alias, values, info):
    """A JSON list -> an array of the type and rank of `info`."""
    dtype, rank = tf.dtypes.as_dtype(info.dtype), len(info.tensor_shape.dim)
    shape = []
    level = values
    for _ in range(rank):
        if not isinstance(level, list):
            raise invalid(f"input {alias} must be a list of rank {rank}; got {_short(values)}")
        shape.append(len(level))
        level = level[0] if level else None
    flat = values
    for size in shape[1:]:
        if not all(isinstance(row, list) and len(row) == size for row in flat):
            raise invalid(f"input {alias} must have rows of the same size; got {_short(values)}")
        flat = [item for row in flat for item in row]
    read = {tf.string: _string, tf.bool: _boolean}.get(dtype, _number)
    flat = [read(item, dtype) for item in flat]
    array = np.empty(len(flat), dtype.as_numpy_dtype)
    array[:] = flat
    return array.reshape(shape)


def _string(value, dtype):
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if isinstance(value, dict) and isinstance(value.get("b64"), str):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except binascii.Error as error:
            raise invalid("Unable to base64 decode") from error
    raise _wrong_type(value, dtype)


def _boolean(value, dtype):
    if not isinstance(value, bool):
        raise _wrong_type(value, dtype)
    return value


def _number(value, dtype):
    whole = dtype.is_integer
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise _wrong_type(value, dtype)
    finite = value == value and abs(value) != float("inf")
    if finite and not dtype.min <= value <= dtype.max:
        raise invalid(f"Cannot convert JSON value: {value} to {dtype.name} without loss")
    return value


def _wrong_type(value, dtype):
    return invalid(
        f"JSON Value: {_short(value)} Type: {type(value).__name__} "
        f"is not of expected type: {dtype.name}"
    )


def _plain(alias, array):
    """An array as nested lists of what JSON knows."""
    if array.dtype == object:
        return _strings(array.tolist(), alias.endswith("_bytes"))
    if array.dtype == np.float32:
        # By way of the shortest decimal that is this float32: 0.1, not 0.10000000149011612.
        return array.astype(str).astype("float64").tolist()
    return array.tolist()


def _strings(value, as_bytes):
    if isinstance(value, list):
        return [_strings(item, as_bytes) for item in value]
    if as_bytes:
        return {"b64": base64.b64encode(value).decode()}
    return value.decode("utf-8", "replace")


def _short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "..."
