"""What a server answers where it cannot serve: the codes and words of TF Serving."""

import http

MESSAGE_CHARACTERS = 500  # at most: gRPC carries a message in a header, which is bounded


class RequestError(Exception):
    """A request that is refused.

    Args:
        code: name of a gRPC status code, such as `"INVALID_ARGUMENT"`.
        message: what is wrong, for the client. It is cut to one short line of valid Unicode, since
            it may hold what the client sent.
        status: of the HTTP answer, where it is not that of the code.
    """

    # As TF Serving maps them; any other code is 500.
    _HTTP = {
        "INVALID_ARGUMENT": 400,
        "FAILED_PRECONDITION": 400,
        "OUT_OF_RANGE": 400,
        "NOT_FOUND": 404,
        "RESOURCE_EXHAUSTED": 429,
        "CANCELLED": 499,
        "UNIMPLEMENTED": 501,
        "UNAVAILABLE": 503,
        "DEADLINE_EXCEEDED": 504,
    }

    def __init__(self, code, message, status=None):
        self.code = code
        self.message = _one_line(message)
        self.status = status or self._HTTP.get(code, int(http.HTTPStatus.INTERNAL_SERVER_ERROR))
        super().__init__(self.message)


def invalid(message):
    """The error of a malformed request."""
    return RequestError("INVALID_ARGUMENT", message)


def too_large(message):
    """The error of a request that would take more than the server gives to one."""
    return RequestError("RESOURCE_EXHAUSTED", message)


def internal():
    """What a client is told of a fault of ours, which the log tells whole."""
    return RequestError("INTERNAL", "the server failed at this request; its log says why")


def _one_line(message):
    head = message[: 2 * MESSAGE_CHARACTERS].encode("utf-8", "replace").decode()
    line = " ".join(head.split())
    if len(line) <= MESSAGE_CHARACTERS:
        return line
    return line[: MESSAGE_CHARACTERS - 3] + "..."
