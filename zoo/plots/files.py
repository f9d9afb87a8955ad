"""Files of pictures: whole or absent, in a format that their suffix names."""

from pathlib import Path

from zoo.system import writing


def checked_path(path, formats):
    """The `pathlib.Path` of a picture to write, or an error that says what is wrong with it.

    Raises:
        ValueError: the suffix names none of `formats`.
        FileNotFoundError: the folder does not exist.
    """
    path = Path(path)
    if path.suffix[1:].lower() not in formats:
        known = ", ".join(f".{name}" for name in sorted(formats))
        raise ValueError(f"path must end in one of {known}; got path={str(path)!r}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path must lie in a folder that exists; got path={str(path)!r}.")
    return path


def save(figure, path):
    """Writes a figure to a `pathlib.Path` in one step."""
    with writing(path) as beside:
        figure.savefig(beside, format=path.suffix[1:].lower(), dpi=figure.dpi)
