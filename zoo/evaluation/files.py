"""Files that are whole or absent, never half written."""

from pathlib import Path

from zoo.system import writing


def write_atomically(path, text):
    """Put `text` at `path` in one move, as UTF-8; a failure leaves what was there before."""
    with writing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def read_text(directory, name):
    """Text of the file `name` of a model's folder.

    Raises:
        FileNotFoundError: `directory` does not hold it.
    """
    path = Path(directory) / name
    if not path.is_file():
        raise FileNotFoundError(f"directory must hold {name}; got directory={str(directory)!r}.")
    return path.read_text(encoding="utf-8")
