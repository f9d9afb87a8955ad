"""The server for a laptop: TF Serving's REST paths, metrics, gRPC where asked for, and a page."""

import asyncio
import concurrent.futures
import contextlib
import logging
import re

import prometheus_client
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from zoo.serving import limits, rest
from zoo.serving.answers import size_of
from zoo.serving.batching import Batcher
from zoo.serving.body import is_quick, too_long, unpacked
from zoo.serving.errors import RequestError, internal, invalid
from zoo.serving.metrics import Metrics
from zoo.serving.page import Page

_LOG = logging.getLogger("uvicorn.error")

_REFRESH_SECONDS = 5  # between looks for new versions
_READERS = 2  # long bodies that are read, and long answers that are written, at a time
_QUICK_BYTES = 65536  # of an answer that is written in a moment

_VERSION = r"(?:/versions/(?P<version>[0-9]{1,18}))?"
_PREDICT = re.compile(rf"models/(?P<name>[^/:]+){_VERSION}:predict")
_LOOK = re.compile(rf"models/(?P<name>[^/:]+){_VERSION}(?P<metadata>/metadata)?")


class Server:
    """Answers requests for the models of `models`.

    Args:
        models: `zoo.serving.servable.Models`.
        threads: int, batches that run at the same time.
        merge: whether requests that wait share a batch.
        grpc_address: `"host:port"` of TF Serving's gRPC service, which needs the package
            tensorflow-serving-api; None for none.
        cors_origins: list of str, the origins such as `"https://example.org"` whose pages may read
            answers; `"*"` for all.
        cards: list of folders in which `<model>/README.md` and `examples.jsonl` may lie, beside
            the folder of `models`: what the page says of a model.
        ready: called without arguments once requests are taken.

    Attributes:
        app: the ASGI application.
    """

    def __init__(
        self,
        models,
        threads,
        merge=True,
        grpc_address=None,
        cors_origins=(),
        cards=(),
        ready=lambda: None,
    ):
        self.models = models
        self.grpc_address = grpc_address
        self.budget = limits.Budget(limits.HELD_BYTES)
        self.metrics = Metrics(
            lambda: self.batcher.waiting_rows,
            lambda: self.budget.held,
        )
        self.batcher = Batcher(threads, merge=merge, observe=self.metrics.observe_rows)
        self._ready = ready
        self._readers = concurrent.futures.ThreadPoolExecutor(_READERS, "zoo-json")
        page = Page(models, cards)
        allowed = {"allow_methods": ["GET", "POST"], "allow_headers": ["*"]}
        cors = Middleware(CORSMiddleware, allow_origins=list(cors_origins), **allowed)
        self.app = Starlette(
            routes=[
                *page.routes,
                Route("/monitoring/prometheus/metrics", self._metrics),
                Route("/v1/{path:path}", self._rest, methods=["GET", "POST"]),
            ],
            middleware=[cors] if cors_origins else [],
            exception_handlers={HTTPException: _no_route},
            lifespan=self._lifespan,
        )

    async def predict(self, servable, signature, inputs, filled=True):
        """Runs a signature of a `Servable` on a dict of arrays, batched with other requests.

        Returns:
            Where the signature has batches, an `Answer`; `filled`: whether its `columns` will be
            asked for. Else a dict of arrays.
        """
        signature = servable.signature(signature)
        if not signature.is_batched:
            return await self.batcher.run_alone(signature.run, inputs)
        return await self.batcher.answer(signature.run, inputs, filled)

    def label(self, name):
        """The label of a model in the metrics: none for what clients make up."""
        return name if name in self.models.names else ""

    @contextlib.asynccontextmanager
    async def _lifespan(self, app):
        service = None
        if self.grpc_address:
            from zoo.serving import grpc_service

            service = await grpc_service.start(self, self.grpc_address)
        refreshing = asyncio.create_task(self._refresh())
        self._ready()
        yield
        refreshing.cancel()
        if service:
            await service.stop(grace=1)
        self.batcher.close()
        self._readers.shutdown(cancel_futures=True)

    async def _refresh(self):
        said = dict(self.models.problems)
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            try:
                await asyncio.to_thread(self.models.refresh)
            except OSError as error:  # of the folder; the versions in memory are served on
                problems = {"": f"{self.models.directory} cannot be read: {error}"}
            else:
                problems = dict(self.models.problems)
            for name, problem in problems.items():
                if said.get(name) != problem:
                    _LOG.error("%s", problem)
            said = problems

    async def _metrics(self, request):
        return Response(self.metrics.text(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    async def _rest(self, request):
        path = request.path_params["path"]
        if request.method == "POST":
            found = _PREDICT.fullmatch(path)
            name = found["name"] if found else ""
            with self.metrics.request(self.label(name), "rest", cancelled=499) as outcome:
                response = await self._safe(self._predict(request, path, found))
                outcome.status = response.status_code
            return response
        return await self._safe(self._look(request, path))

    async def _safe(self, work):
        """The response that a coroutine gives, or the one that tells its error."""
        try:
            return await work
        except RequestError as error:
            return _refused(error)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except Exception as error:
            _LOG.error("a request failed", exc_info=error)
            return _refused(internal())

    async def _look(self, request, path):
        found = _LOOK.fullmatch(path)
        if not found:
            raise _malformed(request, path)
        servable = self.models.find(found["name"], _number(found["version"]))
        return JSONResponse((rest.metadata if found["metadata"] else rest.status)(servable))

    async def _predict(self, request, path, found):
        if not found:
            raise _malformed(request, path)
        servable = self.models.find(found["name"], _number(found["version"]))
        with self.budget.share() as share:
            body = await _read(request, share)
            encoding = request.headers.get("content-encoding", "")
            if encoding:
                body = await self._aside(unpacked, body, encoding)
                share.hold(len(body))
            parse = (rest.parse, body, servable)
            signature, inputs, by_rows = await self._aside(*parse, quick=is_quick(body))
            del body, parse
            share.hold(size_of(inputs))
            work = self.predict(servable, signature, inputs, filled=not by_rows)
            answer = await _unless_gone(request, work)
            return Response(await self._written(answer, by_rows), media_type="application/json")

    async def _written(self, answer, by_rows):
        """The body of an answer."""
        if isinstance(answer, dict):
            quick = size_of(answer) <= _QUICK_BYTES
            return await self._aside(rest.respond, answer, by_rows, quick=quick)
        quick = answer.size <= _QUICK_BYTES
        if by_rows:
            return await self._aside(rest.respond_by_rows, answer.parts, quick=quick)
        return await self._aside(rest.respond_by_columns, answer, quick=quick)

    async def _aside(self, function, *arguments, quick=False):
        """What a function gives; in another thread, where it may take long."""
        if quick:
            return function(*arguments)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, function, *arguments)


def _number(version):
    return None if version is None else int(version)


def _malformed(request, path):
    return invalid(f"Malformed request: {request.method} /v1/{path}")


def _no_route(request, error):
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _refused(error):
    return JSONResponse({"error": error.message}, error.status)


async def _read(request, share):
    """The body; its bytes are held of the budget."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limits.BODY_BYTES:
        raise too_long()
    try:
        return await asyncio.wait_for(_chunks(request, share), limits.BODY_SECONDS)
    except asyncio.TimeoutError:
        message = f"the body must arrive within {limits.BODY_SECONDS} s"
        raise RequestError("DEADLINE_EXCEEDED", message, 408) from None


async def _chunks(request, share):
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > limits.BODY_BYTES:
            raise too_long()
        share.more(len(chunk))
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
