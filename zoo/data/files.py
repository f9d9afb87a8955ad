"""Find a data file, download it where it has a public origin, and check what it holds."""

import gzip
import hashlib
import http.client
import os
import sys
import urllib.request
import zlib
from pathlib import Path

from zoo.data.sources import DATASETS
from zoo.system import cache_folder, writing


def find(relative_path, data_dir=None):
    """Where a data file lies on this computer.

    It is looked for in `data_dir`, else in the folder that the environment variable `ZOO_DATA`
    names. Where neither is set, a file with a public origin is downloaded once, checked, and kept
    in the folder of `zoo.system.cache_folder` (`ZOO_CACHE`, by default `~/.cache/attention-zoo`).

    Args:
        relative_path: str, below the data directory: `"multi30k/train.de"`.
        data_dir: path or `None`.

    Returns:
        `pathlib.Path` of an existing file.

    Raises:
        FileNotFoundError: the file is not there, or cannot be downloaded; the message says where
            it comes from and how to point at it.
        ValueError: what was downloaded is not the file that was asked for.
    """
    given = data_dir or os.environ.get("ZOO_DATA")
    path = folder(relative_path, data_dir)
    if path.is_file():
        return path
    if given:
        setting = "data_dir" if data_dir else "ZOO_DATA"
        raise FileNotFoundError(
            f"{relative_path} must exist below {setting}; got {setting}={str(given)!r}, "
            f"which does not hold it. {advice(relative_path)}"
        )
    _download(relative_path, path)
    return path


def folder(relative_path, data_dir=None):
    """Where a folder of data lies on this computer: below `data_dir`, `ZOO_DATA` or the cache.

    Returns:
        `pathlib.Path` of a folder, which need not exist.
    """
    given = data_dir or os.environ.get("ZOO_DATA")
    return (Path(given).expanduser() if given else cache_folder()) / relative_path


def read_lines(relative_path, data_dir=None):
    """Lines of a file of `DATASETS`, found by `find` and checked against its checksum.

    Returns:
        list of str, without line ends, as many as the file has.

    Raises:
        FileNotFoundError: as for `find`.
        ValueError: the file is damaged, or another version.
    """
    path = find(relative_path, data_dir)
    data = _checked(path.read_bytes(), relative_path, path)
    return data.decode("utf-8").split("\n")[:-1]


def read_bytes(relative_path, data_dir=None):
    """Bytes of a file of `DATASETS` that is no text; found and checked as by `read_lines`."""
    path = find(relative_path, data_dir)
    data = path.read_bytes()
    _check(data, relative_path, path)
    return data


def _download(relative_path, path):
    """Download, unpack and check a file in memory, then put it at `path` in one move."""
    file = file_of(relative_path)
    if file is None or file.url is None:
        raise FileNotFoundError(
            f"{relative_path} cannot be downloaded: there is no public file of it. "
            f"{advice(relative_path)}"
        )
    try:
        data = _read_url(file.url)
    except (OSError, http.client.HTTPException) as error:
        raise FileNotFoundError(
            f"{relative_path} could not be downloaded from {file.url}: {error}. "
            f"{advice(relative_path)}"
        ) from error
    if file.url.endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(
                f"{file.url} must be a whole gzip file; got {len(data)} bytes: {error}. "
                f"{advice(relative_path)}"
            ) from error
    data = _checked(data, relative_path, file.url)
    with writing(path) as beside:
        beside.write_bytes(data)


def _read_url(url):
    """Bytes of a URL, with a progress bar where standard error is a terminal."""
    name = url.rpartition("/")[2]
    data = bytearray()
    with urllib.request.urlopen(url, timeout=60) as response:
        total = int(response.headers.get("Content-Length") or 0)
        while chunk := response.read(1 << 16):
            data += chunk
            if total and sys.stderr.isatty():
                done = 30 * len(data) // total
                end = "\n" if len(data) == total else ""
                bar = f"\r{name} [{'#' * done:<30}] {len(data) / total:4.0%}"
                print(bar, end=end, file=sys.stderr, flush=True)
    if len(data) < total:
        raise ConnectionError(f"the connection ended after {len(data)} of {total} bytes")
    return bytes(data)


def _checked(data, relative_path, where):
    """`data` with LF line ends and one at its end, if that is the file we know."""
    data = data.replace(b"\r\n", b"\n").rstrip() + b"\n"
    _check(data, relative_path, where)
    return data


def _check(data, relative_path, where):
    """Refuses bytes that are not those of the file we know."""
    expected = file_of(relative_path).sha256
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        raise ValueError(
            f"{where} is damaged or another version of {relative_path}: its SHA-256 must be "
            f"{expected}; got {digest} ({len(data)} bytes). {advice(relative_path)}"
        )


def file_of(relative_path):
    """The `File` at a path, or `None` where no set has it."""
    files = (source.files.get(relative_path) for source in DATASETS.values())
    return next((file for file in files if file), None)


def advice(relative_path):
    """Where a file comes from, and how to tell us where it is."""
    point = f"Set ZOO_DATA or data_dir to the folder that holds {relative_path}"
    for source in DATASETS.values():
        if file := source.files.get(relative_path):
            download = ", or leave both unset to download it" if file.url else ""
            origin = f"{source.title}: from {source.origin}; terms: {source.terms}."
            return f"{origin} {point}{download}."
    return f"{point}."
