"""TF Serving's JSON: requests to arrays, arrays to answers."""

import base64
import itertools
import json
import math

import numpy as np

from zoo.serving import limits
from zoo.serving.body import parsed
from zoo.serving.errors import invalid, too_large

_MOST_AXES = 32  # that NumPy has
# Types whose name in TF Serving is not "DT_" and their own.
_NAMES = {"float16": "HALF", "float32": "FLOAT", "float64": "DOUBLE"}
_BLOCK = 65536  # elements that are put into JSON together


def parse(body, servable):
    """The body of a `:predict` request.

    Args:
        body: bytes.
        servable: the `Servable` that is asked.

    Returns:
        The name of the signature, a dict of arrays (B, ...), and whether the answer goes by rows
        (`instances`) or by columns (`inputs`).

    Raises:
        RequestError: it is malformed, does not fit the signature, or is too large.
    """
    request = parsed(body)
    if not isinstance(request, dict):
        raise invalid(f"JSON Value: {_short(request)} Is not object")
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value.")
    signature = servable.signature(name)
    specs = signature.inputs
    if ("instances" in request) == ("inputs" in request):
        both = "inputs" in request
        raise invalid(
            "expecting only one of 'inputs' or 'instances' keys to exist"
            if both
            else "Missing 'inputs' or 'instances' key"
        )
    by_rows = "instances" in request
    columns = (
        _from_instances(request["instances"], specs)
        if by_rows
        else _from_inputs(request["inputs"], specs)
    )
    inputs = {alias: _array(alias, columns[alias], spec) for alias, spec in specs.items()}
    if signature.is_batched:
        check_rows(inputs)
    return name or "serving_default", inputs, by_rows


def check_shape(alias, shape, spec):
    """Raises `RequestError` unless an input of a shape fits its `TensorSpec` and the limits.

    What is within them is small enough to be made.
    """
    if len(shape) > _MOST_AXES:
        raise invalid(f"input {alias} must have at most {_MOST_AXES} axes; got {len(shape)}")
    expected = _sizes(spec)
    if spec.shape is not None:
        if len(shape) != len(expected):
            raise invalid(f"input {alias} must have rank {len(expected)}; got {len(shape)}")
        if any(size not in (-1, there) for size, there in zip(expected, shape, strict=True)):
            raise invalid(f"input {alias} must have shape {expected}; got {list(shape)}")
    if expected[:1] == [-1] and shape[0] > limits.ROWS:
        raise too_large(f"a request must have at most {limits.ROWS} rows; got {shape[0]}")
    if math.prod(shape) > limits.ELEMENTS:
        raise too_large(
            f"input {alias} must have at most {limits.ELEMENTS} elements; got shape {list(shape)}"
        )


def check_rows(inputs):
    """Raises `RequestError` unless all inputs have the same number of rows, at least one."""
    rows = {alias: len(value) for alias, value in inputs.items()}
    if len(set(rows.values())) > 1 or not all(rows.values()):
        raise invalid(f"inputs must have the same number of rows, at least 1; got {rows}")


def respond(outputs, by_rows):
    """Arrays (B, ...) -> the body of the answer, bytes.

    Strings are UTF-8, or base64 where the name of the output ends in `_bytes`.
    """
    if by_rows:
        counts = {value.shape[:1] for value in outputs.values()}
        if len(counts) != 1 or () in counts:
            raise invalid("outputs have no rows in common: ask with 'inputs', not 'instances'")
        return respond_by_rows([(range(*counts.pop()), outputs)])
    columns = {
        alias: f"[{','.join(_rows({alias: value}))}]" if value.ndim else _json(_plain(alias, value))
        for alias, value in outputs.items()
    }
    if len(columns) == 1:
        answer = next(iter(columns.values()))
    else:
        answer = "{" + ",".join(f"{_json(a)}:{column}" for a, column in columns.items()) + "}"
    return f'{{"outputs":{answer}}}'.encode()


def respond_by_rows(parts):
    """The body of an answer by rows, from the `parts` of an `Answer`: rows may differ in shape."""
    rows = {}
    for numbers, outputs in parts:
        rows.update(zip(numbers, _rows(outputs), strict=True))
    return f'{{"predictions":[{",".join(rows[number] for number in sorted(rows))}]}}'.encode()


def respond_by_columns(answer):
    """The body of an answer by columns, from an `Answer`."""
    return respond(answer.columns(), by_rows=False)


def metadata(servable):
    """What `GET .../metadata` answers, as a dict."""
    signatures = {
        name: {
            "inputs": {alias: _info(spec) for alias, spec in signature.inputs.items()},
            "outputs": {alias: _info(spec) for alias, spec in signature.outputs.items()},
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


def _info(spec):
    return {
        "dtype": "DT_" + _NAMES.get(spec.dtype, spec.dtype.upper()),
        "tensor_shape": {
            "dim": [{"size": str(size), "name": ""} for size in _sizes(spec)],
            "unknown_rank": spec.shape is None,
        },
        "name": spec.name,
    }


def _sizes(spec):
    """The axes of a `TensorSpec`, -1 for one of any size; none of a shape that is not known."""
    return [-1 if size is None else size for size in spec.shape or ()]


def _is_object(value):
    """Whether a value is an object of its own, not bytes as `{"b64": ...}`."""
    return isinstance(value, dict) and not (len(value) == 1 and "b64" in value)


def _from_instances(instances, specs):
    if not isinstance(instances, list) or not instances:
        raise invalid("'instances' must be a list of at least one value")
    if not _is_object(instances[0]):
        if len(specs) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple "
                "input tensors required as per tensorinfo_map"
            )
        return {next(iter(specs)): instances}
    for i, item in enumerate(instances):
        if not _is_object(item) or item.keys() != specs.keys():
            names = ",".join(sorted(specs))
            raise invalid(
                f"Failed to process element: {i} of 'instances' list. "
                f"JSON object: {_short(item)} keys must be equal to: {names}"
            )
    return {alias: [item[alias] for item in instances] for alias in specs}


def _from_inputs(inputs, specs):
    if not _is_object(inputs):
        if len(specs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        return {next(iter(specs)): inputs}
    for alias in specs:
        if alias not in inputs:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
    return inputs


def _array(alias, values, spec):
    """A JSON list -> an array of the type and shape of `spec`."""
    rank = None if spec.shape is None else len(spec.shape)
    shape, level = [], values
    while isinstance(level, list) if rank is None else len(shape) < rank:
        if not isinstance(level, list):
            raise invalid(f"input {alias} must be a list of rank {rank}; got {_short(values)}")
        shape.append(len(level))
        level = level[0] if level else None
    check_shape(alias, shape, spec)
    flat = values if shape else [values]
    for size in shape[1:]:
        if not all(isinstance(row, list) and len(row) == size for row in flat):
            raise invalid(f"input {alias} must have rows of the same size; got {_short(values)}")
        flat = [item for row in flat for item in row]
    read = _reader(spec.dtype)
    array = np.empty(len(flat), numpy_type(spec.dtype))
    for start in range(0, len(flat), _BLOCK):  # each is a moment in which no other thread runs
        part = slice(start, start + _BLOCK)
        array[part] = [read(item) for item in flat[part]]
    return array.reshape(shape)


def numpy_type(dtype):
    """The type in NumPy of the elements of a `TensorSpec`, by its name; None where it has none."""
    if dtype == "string":
        return np.dtype(object)
    try:
        return np.dtype(dtype)
    except TypeError:
        import ml_dtypes  # bfloat16 and its like; it comes with TensorFlow, as what has them does

        return np.dtype(getattr(ml_dtypes, dtype)) if hasattr(ml_dtypes, dtype) else None


def _reader(dtype):
    """JSON value -> element of a type; raises `RequestError` where it is of another."""
    if dtype == "string":
        return _string
    if dtype == "bool":
        return _boolean
    whole = dtype.startswith(("int", "uint"))
    if numpy_type(dtype) is None or not (whole or "float" in dtype):
        raise invalid(f"JSON has no values of type {dtype}")
    low, high = _range(numpy_type(dtype), whole)

    def number(value):
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise _wrong_type(value, dtype)
        if not low <= value <= high:
            raise invalid(f"Cannot convert JSON value: {_short(value)} to {dtype}")
        return value

    return number


def _range(kind, whole):
    """The least and the largest number of a type in NumPy."""
    known = np
    if kind.kind == "V":
        import ml_dtypes as known
    found = (known.iinfo if whole else known.finfo)(kind)
    return (int if whole else float)(found.min), (int if whole else float)(found.max)


def _string(value):
    if isinstance(value, str):
        return _whole(value).encode()
    if isinstance(value, dict) and isinstance(value.get("b64"), str):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except ValueError as error:
            raise invalid("Unable to base64 decode") from error
    raise _wrong_type(value, "string")


def _whole(text):
    """A text with lone surrogates, which have no UTF-8, as U+FFFD: as `generate` reads it."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _boolean(value):
    if not isinstance(value, bool):
        raise _wrong_type(value, "bool")
    return value


def _wrong_type(value, dtype):
    return invalid(
        f"JSON Value: {_short(value)} Type: {type(value).__name__} is not of expected type: {dtype}"
    )


def _rows(outputs):
    """Each row of a dict of arrays in JSON: an object, or the bare value where there is one array.

    A few at a time, since values take much more memory on the way than as an array.
    """
    count = len(next(iter(outputs.values())))
    elements = sum(value.size for value in outputs.values()) // max(count, 1)
    step = max(1, _BLOCK // max(elements, 1))
    for start in range(0, count, step):
        block = [_plain(alias, value[start : start + step]) for alias, value in outputs.items()]
        for row in zip(*block, strict=True):
            yield _json(dict(zip(outputs, row, strict=True)) if len(row) > 1 else row[0])


def _plain(alias, array):
    """An array as nested lists of what JSON knows."""
    if array.dtype == object:
        return _strings(array.tolist(), alias.endswith("_bytes"))
    if array.dtype == np.float32:
        # By way of the shortest decimal that is this float32: 0.1, not 0.10000000149011612.
        return array.astype(str).astype("float64").tolist()
    if array.dtype.kind == "V":  # bfloat16 and its like
        return array.astype("float32").tolist()
    return array.tolist()


def _strings(value, as_bytes):
    if isinstance(value, list):
        return [_strings(item, as_bytes) for item in value]
    if as_bytes:
        return {"b64": base64.b64encode(value).decode()}
    return value.decode("utf-8", "replace")


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _short(value):
    """The beginning of a JSON value, however long or deep it is."""
    text = json.dumps(_beginning(value, 3), ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "..."


def _beginning(value, depth):
    if isinstance(value, str):
        return value[:200]
    if not isinstance(value, (list, dict)):
        return value
    if not depth:
        return "..."
    if isinstance(value, list):
        return [_beginning(item, depth - 1) for item in value[:20]]
    first = itertools.islice(value.items(), 20)
    return {key[:200]: _beginning(item, depth - 1) for key, item in first}
