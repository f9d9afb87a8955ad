"""What Prometheus reads of a server."""

import contextlib
import time

import prometheus_client

from zoo.serving.batching import BATCH_SIZES


class Metrics:
    """Counts requests, and measures batches.

    Args:
        waiting_rows: called without arguments, gives the rows that no thread has taken yet.
        held_bytes: called likewise, gives the bytes of all requests that are not answered yet.

    Attributes:
        observe_rows: called with the rows of each batch.
    """

    def __init__(self, waiting_rows, held_bytes):
        self._registry = registry = prometheus_client.CollectorRegistry()
        self._requests = prometheus_client.Counter(
            *("zoo_requests", "Predict requests, however they ended."),
            ["model", "status", "protocol"],
            registry=registry,
        )
        self._seconds = prometheus_client.Histogram(
            *("zoo_request_seconds", "Time of a predict request."),
            ["model", "protocol"],
            registry=registry,
        )
        rows = prometheus_client.Histogram(
            *("zoo_batch_rows", "Rows that were run together."),
            buckets=BATCH_SIZES,
            registry=registry,
        )
        self.observe_rows = rows.observe
        for name, text, value in (
            ("zoo_waiting_rows", "Rows that no thread has taken yet.", waiting_rows),
            ("zoo_held_bytes", "Bytes of all requests that are not answered yet.", held_bytes),
        ):
            prometheus_client.Gauge(name, text, registry=registry).set_function(value)

    @contextlib.contextmanager
    def request(self, model, protocol, cancelled):
        """Counts what happens inside as one request.

        Args:
            model: str.
            protocol: `"rest"` or `"grpc"`.
            cancelled: status of a request that is given up.

        Returns:
            A context manager; what it gives has a `status` to set.
        """
        outcome, start = Outcome(cancelled), time.perf_counter()
        try:
            yield outcome
        finally:
            self._requests.labels(model, outcome.status, protocol).inc()
            self._seconds.labels(model, protocol).observe(time.perf_counter() - start)

    def text(self):
        """All of it, in the format `prometheus_client.CONTENT_TYPE_LATEST`; bytes."""
        return prometheus_client.generate_latest(self._registry)


class Outcome:
    """How a request ended: `status`, a number of HTTP or a name of gRPC."""

    def __init__(self, status):
        self.status = status
