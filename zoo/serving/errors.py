"""What a server answers where it cannot serve: the codes and words of TF Serving."""

import http


class RequestError(Exception):
    """A request that is refused.

    Args:
        code: name of a gRPC status code, such as `"INVALID_ARGUMENT"`.
        message: what is wrong, for the client.
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

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self):
        """The status of the HTTP answer."""
        return self._HTTP.get(self.code, int(http.HTTPStatus.INTERNAL_SERVER_ERROR))


def invalid(message):
    """The error of a malformed request."""
    return RequestError("INVALID_ARGUMENT", message)
