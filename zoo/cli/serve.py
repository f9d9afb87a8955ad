"""`zoo serve`: models behind TF Serving's REST and gRPC interfaces, with a page to try them."""

import contextlib
import os
import re
import socket

import click

from zoo import registry
from zoo.cli.commands import name_of, zoo
from zoo.cli.export import export_lite_to, export_to
from zoo.cli.quiet import quiet
from zoo.system import cores

_PORT = click.IntRange(0, 65535)
_BACKLOG = 2048  # connections that wait to be taken, as many as uvicorn lets wait


def _origin(context, parameter, values):
    for value in values:
        if value != "*" and not re.fullmatch(r"https?://[^/?#\s]+", value):
            raise click.BadParameter(f"it must be like https://example.org, or *; got {value!r}.")
    return values


@zoo.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--dir", "directory", default="saved_models", show_default=True, metavar="DIR")
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option(
    *("--port", "port"),
    default=8501,
    show_default=True,
    type=_PORT,
    help="Of REST and of the page; 0 takes a free one.",
)
@click.option("--grpc-port", type=_PORT, help="Of gRPC; needs attention-zoo[grpc].")
@click.option("--fast", is_flag=True, help="LiteRT exports, 8-bit weights and no TensorFlow.")
@click.option("--threads", type=click.IntRange(1), help="Batches at a time; by default the cores.")
@click.option("--batching/--no-batching", default=True, help="Requests that wait share a batch.")
@click.option(
    *("--cors-origin", "origins"),
    metavar="ORIGIN",
    multiple=True,
    callback=_origin,
    help="Pages of this origin may read answers; several times, or * for all.",
)
def serve(names, directory, host, port, grpc_port, fast, threads, batching, origins):
    """Serve models for other programs, and a page to try them at http://HOST:PORT/.

    What is served are the exports in DIR/NAME/<n>/, the newest of each; without a NAME, all there
    are, those that come later, too. A NAME that was never exported, or is newer than its export, is
    exported first. Paths and answers are those of TF Serving.

    With --fast they are DIR/NAME/litert/, which answer as `zoo translate --fast` does: sooner, and
    more of them at a time, but without what an answer attended to.
    """
    listener = _bound(host, port, "--port")
    address = None
    if grpc_port is not None:
        with _bound(host, grpc_port, "--grpc-port", but=listener) as free:
            address = _address(host, free.getsockname()[1])
    uvicorn, app = _server(grpc=address is not None)
    threads = threads or cores()
    with quiet():
        exports, export = _lite_exports(threads) if fast else _saved_models()
        from zoo.serving.servable import Models
    served = [_exported(name, directory, exports, export) for name in names]
    with quiet():
        models = Models(directory, served, exports)
    for problem in models.problems.values():
        click.echo(f"zoo serve: {problem}", err=True)
    listener.listen(_BACKLOG)  # from now on nobody is refused
    where = f"http://{_address(host, listener.getsockname()[1])}/"
    where += f", gRPC at {address}" if address else ""
    server = app.Server(
        models,
        threads,
        batching,
        address,
        cors_origins=origins,
        cards={str(info.path.parent.parent) for info in registry.models()},
        ready=lambda: click.echo(f"serving {', '.join(models.names)} at {where}"),
    )
    runner = uvicorn.Server(uvicorn.Config(server.app, log_level="warning"))
    with contextlib.suppress(KeyboardInterrupt):  # which is how it ends
        runner.run(sockets=[listener])
    if not runner.started:
        raise click.exceptions.Exit(1)  # the log says why


def _saved_models():
    import tensorflow as tf

    # Small batches gain nothing from more threads for an operation, but from more batches.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    from zoo.serving.saved_model import SavedModels

    return SavedModels(), export_to


def _lite_exports(threads):
    from zoo.serving.lite_servable import LiteExports

    return LiteExports(threads), export_lite_to


def _server(grpc):
    """The packages `uvicorn` and `zoo.serving.app`."""
    with quiet():
        import uvicorn

        from zoo.serving import app

        if grpc:
            from zoo.serving import grpc_service  # noqa: F401
    return uvicorn, app


def _bound(host, port, option, but=None):
    """A socket at a port that nobody else has; `UsageError` where there is none to be had."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise click.UsageError(f"--host must be of this machine; got {host} ({error}).") from error
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(place)
        if but is not None and bound.getsockname()[1] == but.getsockname()[1]:
            raise OSError("--port has it")
    except OSError as error:
        bound.close()
        reason = error.strerror or error
        raise click.UsageError(
            f"{option} must be free at {host}; got {port} ({reason}). Choose another {option}."
        ) from error
    return bound


def _address(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _exported(name, directory, exports, export):
    """The name of a model of which `directory` holds an export that is up to date.

    Args:
        name: as of the command.
        directory: of the exports.
        exports: the `zoo.serving.servable.Exports` that are served.
        export: makes one: (path of the model, directory) -> its folder.
    """
    if exports.versions(os.path.join(directory, name)) and name not in _shipped():
        return name
    path = registry.find(name)
    found = exports.versions(os.path.join(directory, name_of(path)))
    files = exports.files(found[max(found)]) if found else []
    if not files or not files[0].exists() or files[0].stat().st_mtime < path.stat().st_mtime:
        click.echo(f"exported {export(path, directory)}")
    return name_of(path)


def _shipped():
    return {info.name for info in registry.models()}
