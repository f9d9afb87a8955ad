"""The body of a request: the bytes that came -> what they say in JSON."""

import json
import zlib

from zoo.serving import limits
from zoo.serving.errors import RequestError, invalid

_QUICK_BYTES = 16 * 2**10  # that are read in a moment


def is_quick(body):
    """Whether a body is so short that to read it holds up nobody."""
    return len(body) <= _QUICK_BYTES


def unpacked(body, encoding=""):
    """The bytes of a body without its `Content-Encoding`, which may be gzip, as in TF Serving.

    Raises:
        RequestError: another encoding, bytes that are no gzip, or more than a body may have.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise RequestError(
            "INVALID_ARGUMENT", f"Content-Encoding must be gzip; got {encoding!r:.80}", 415
        )
    member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        whole = member.decompress(body, limits.BODY_BYTES + 1)
    except zlib.error as error:
        raise invalid(f"the body must be gzip, as its header says; got: {error}") from error
    if len(whole) > limits.BODY_BYTES:
        raise too_long()
    if not member.eof or member.unused_data:
        raise invalid("the body must be gzip of one part, to its end")
    return whole


def too_long():
    """The error of a body over the limit."""
    return RequestError(
        "RESOURCE_EXHAUSTED", f"a body must have at most {limits.BODY_BYTES} bytes", 413
    )


def parsed(body):
    """What a body says.

    A long one is read in Python, so that other threads have their turns: what Python has for it in
    C lets none of them run until it is done.

    Raises:
        RequestError: it is no JSON; or holds NaN or Infinity, which JSON does not know.
    """
    try:
        decoder = json.JSONDecoder(parse_constant=_no_constant)
        if not is_quick(body):
            decoder.scan_once = json.scanner.py_make_scanner(decoder)
        return decoder.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise invalid(f"JSON Parse error: {error}") from error


def _no_constant(word):
    raise ValueError(f"{word} is no value of JSON")
