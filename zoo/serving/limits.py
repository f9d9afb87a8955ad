"""What a server takes on at most: each limit, and the budget that requests share.

They bound what one client can make the server hold or do; docs/serving.md lists them.
"""

from zoo.serving.errors import RequestError

BODY_BYTES = 32 * 2**20  # of a request, as it comes and once it is unpacked
BODY_SECONDS = 60  # for a client to send it
ELEMENTS = 8 * 2**20  # of an input, written out
ROWS = 100_000  # of a request; and of all that wait
HELD_BYTES = 256 * 2**20  # of all requests that are being read or wait for their answer
ANSWER_BYTES = 64 * 2**20  # of the values of an answer
SMALL_BYTES = 64 * 2**10  # of a request that has a quarter of `HELD_BYTES` without the large ones
RPCS = 256  # gRPC requests at a time: gRPC reads a message before we can count it


class Budget:
    """A number of bytes that all requests share.

    Args:
        most: int, bytes.
    """

    def __init__(self, most):
        self.most = most
        self.held = 0

    def share(self):
        """A new `Share`, which holds nothing yet."""
        return Share(self)


class Share:
    """What one request holds of a `Budget`; as a context, it gives it back at the end."""

    def __init__(self, budget):
        self._budget = budget
        self._held = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.hold(0)

    def hold(self, size):
        """Holds `size` bytes instead of what it held before.

        A few large requests leave room for small ones.

        Raises:
            RequestError: the budget has no room.
        """
        most = self._budget.most if size <= SMALL_BYTES else self._budget.most * 3 // 4
        if size > self._held and self._budget.held - self._held + size > most:
            raise RequestError(
                "UNAVAILABLE",
                f"the server holds {self._budget.held} bytes of requests and takes at most "
                f"{self._budget.most}; try later",
            )
        self._budget.held += size - self._held
        self._held = size

    def more(self, size):
        """Holds `size` bytes more."""
        self.hold(self._held + size)
