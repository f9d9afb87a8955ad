"""`zoo serve`: models behind TF Serving's REST and gRPC interfaces, with a page to try them."""

import os

import click

from zoo import registry
from zoo.cli.commands import name_of, zoo
from zoo.cli.export import export_to
from zoo.cli.quiet import quiet
from zoo.system import cores


@zoo.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--dir", "directory", default="saved_models", show_default=True, metavar="DIR")
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option("--port", default=8501, show_default=True, help="Of REST and of the page.")
@click.option("--grpc-port", type=int, help="Of gRPC; needs attention-zoo[grpc].")
@click.option("--threads", type=click.IntRange(1), help="Batches at a time; by default the cores.")
@click.option("--batching/--no-batching", default=True, help="Requests that wait share a batch.")
def serve(names, directory, host, port, grpc_port, threads, batching):
    """Serve models for other programs, and a page to try them at http://HOST:PORT/.

    What is served are the exports in DIR/NAME/<n>/, the newest of each; without a NAME, all there
    are. A NAME that was never exported, or is newer than its export, is exported first. Paths and
    answers are those of TF Serving.
    """
    try:
        with quiet():
            import uvicorn

            from zoo.serving.app import Server
    except ImportError as error:
        raise click.UsageError(
            f"it needs the packages of 'attention-zoo[serve]' ({error})."
        ) from error
    threads = threads or cores()
    with quiet():
        import tensorflow as tf

        # Small batches gain nothing from more threads for an operation, but from more batches.
        tf.config.threading.set_intra_op_parallelism_threads(1)
        from zoo.serving.servable import Models
    served = [_exported(name, directory) for name in names]
    with quiet():
        models = Models(directory, served)
    address = f"{host}:{grpc_port}" if grpc_port else None
    server = Server(models, threads, batching, address)
    click.echo(f"serving {', '.join(models.names)} at http://{host}:{port}/")
    uvicorn.run(server.app, host=host, port=port, log_level="warning")


def _exported(name, directory):
    """The name of a model of which `directory` holds an export that is up to date."""
    from zoo.serving.version_directory import versions

    if versions(os.path.join(directory, name)) and name not in _shipped():
        return name
    path = registry.find(name)
    base = os.path.join(directory, name_of(path))
    newest = max(versions(base), default=None)
    made = newest and os.path.getmtime(os.path.join(base, str(newest), "saved_model.pb"))
    if not made or made < path.stat().st_mtime:
        click.echo(f"exported {export_to(path, directory)}")
    return name_of(path)


def _shipped():
    return {info.name for info in registry.models()}
