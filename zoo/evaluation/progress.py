"""A progress bar where standard error is a terminal."""

from rich.console import Console
from rich.progress import track


def progress(batches, description):
    """`batches`, which have a length, one after the other, with a bar on standard error."""
    console = Console(stderr=True)
    return track(batches, description, console=console) if console.is_terminal else batches
