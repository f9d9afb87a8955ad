"""The server for a laptop: TF Serving's REST paths, metrics, gRPC where asked for, and a page."""

import asyncio
import contextlib
import logging
import re
import time
from importlib import resources

import prometheus_client
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from zoo.serving import rest
from zoo.serving.batching import Batcher
from zoo.serving.errors import RequestError, invalid

_LOG = logging.getLogger("uvicorn.error")

MOST_BYTES = 32 * 2**20  # of a body
_BODY_SECONDS = 60  # for a client to send it
_REFRESH_SECONDS = 5  # between looks for new versions

_VERSION = r"(?:/versions/(?P<version>\d{1,18}))?"
_PREDICT = re.compile(rf"/v1/models/(?P<name>[^/:]+){_VERSION}:predict")
_LOOK = re.compile(rf"/v1/models/(?P<name>[^/:]+){_VERSION}(?P<metadata>/metadata)?")


class Server:
    """Answers requests for the models of `models`.

    Args:
        models: `zoo.serving.servable.Models`.
        threads: int, batches that run at the same time.
        merge: whether requests that wait share a batch.
        grpc_address: `"host:port"` of TF Serving's gRPC service, which needs the package
            tensorflow-serving-api; None for none.

    Attributes:
        app: the ASGI application.
    """

    def __init__(self, models, threads, merge=True, grpc_address=None):
        self.models = models
        self.grpc_address = grpc_address
        self.registry = prometheus_client.CollectorRegistry()
        self._requests = prometheus_client.Counter(
            "zoo_requests", "Predict requests.", ["model", "status"], registry=self.registry
        )
        self._seconds = prometheus_client.Histogram(
            "zoo_request_seconds", "Time of a predict request.", ["model"], registry=self.registry
        )
        rows = prometheus_client.Histogram(
            *("zoo_batch_rows", "Rows that were run together."),
            buckets=(1, 2, 4, 8, 16),
            registry=self.registry,
        )
        waiting = prometheus_client.Gauge(
            "zoo_waiting_rows", "Rows that no thread has taken yet.", registry=self.registry
        )
        self.batcher = Batcher(threads, merge=merge, observe=rows.observe)
        waiting.set_function(lambda: self.batcher.waiting_rows)
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/page/models", self._page_models),
                Route("/monitoring/prometheus/metrics", self._metrics),
                Route("/v1/{path:path}", self._rest, methods=["GET", "POST"]),
            ],
            lifespan=self._lifespan,
        )

    async def predict(self, servable, signature, inputs):
        """Runs a signature of a `Servable` on a dict of arrays, batched with other requests."""
        return await self.batcher.run(servable.signature(signature).run, inputs)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app):
        refreshing = asyncio.create_task(self._refresh())
        service = None
        if self.grpc_address:
            from zoo.serving import grpc_service

            service = await grpc_service.start(self, self.grpc_address)
        yield
        refreshing.cancel()
        if service:
            await service.stop(grace=1)
        self.batcher.close()

    async def _refresh(self):
        said = None
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            try:
                await asyncio.to_thread(self.models.refresh)
            except Exception as error:  # the versions in memory are served on
                if str(error) != said:
                    _LOG.error("a new version cannot be served: %s", error)
                said = str(error)

    async def _page(self, request):
        page = resources.files("zoo.serving").joinpath("page.html").read_text(encoding="utf-8")
        return Response(page, media_type="text/html")

    async def _page_models(self, request):
        """For the page: each model, and the input of its signature `attention`."""
        found = [self.models.find(name) for name in self.models.names]
        inputs = {s.name: next(iter(s.signature("attention").inputs)) for s in found}
        return JSONResponse(inputs)

    async def _metrics(self, request):
        return Response(
            prometheus_client.generate_latest(self.registry),
            media_type=prometheus_client.CONTENT_TYPE_LATEST,
        )

    async def _rest(self, request):
        path = request.url.path
        try:
            if request.method == "POST" and (found := _PREDICT.fullmatch(path)):
                return await self._rest_predict(request, **found.groupdict())
            if request.method == "GET" and (found := _LOOK.fullmatch(path)):
                servable = self.models.find(found["name"], _number(found["version"]))
                return JSONResponse((rest.metadata if found["metadata"] else rest.status)(servable))
            raise invalid(f"Malformed request: {request.method} {path}")
        except RequestError as error:
            return _refused(error)

    async def _rest_predict(self, request, name, version):
        label = name if name in self.models.names else ""  # no label for what clients make up
        start = time.perf_counter()
        try:
            response = await self._answer(request, name, version)
        except RequestError as error:
            response = _refused(error)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it
        self._requests.labels(label, response.status_code).inc()
        self._seconds.labels(label).observe(time.perf_counter() - start)
        return response

    async def _answer(self, request, name, version):
        servable = self.models.find(name, _number(version))
        try:
            body = await asyncio.wait_for(_read(request), _BODY_SECONDS)
        except asyncio.TimeoutError:
            message = f"the body must arrive within {_BODY_SECONDS} s"
            return _refused(RequestError("DEADLINE_EXCEEDED", message), 408)
        if body is None:
            message = f"a body must have at most {MOST_BYTES} bytes"
            return _refused(RequestError("RESOURCE_EXHAUSTED", message), 413)
        signature, inputs, by_rows = rest.parse(body, servable)
        outputs = await _unless_gone(request, self.predict(servable, signature, inputs))
        return Response(rest.respond(outputs, by_rows), media_type="application/json")


def _number(version):
    return None if version is None else int(version)


def _refused(error, status=None):
    return JSONResponse({"error": error.message}, status or error.status)


async def _read(request):
    """The body, or None where it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > MOST_BYTES:
            return None
        body += chunk
    return bytes(body)


async def _unless_gone(request, work):
    """The result of a coroutine, which is cancelled when the client goes away."""
    work = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientDisconnect
        return work.result()
    finally:
        work.cancel()
        gone.cancel()
