"""The lines of files, in shards, and where their answers are."""

import contextlib
import gzip
import hashlib
import itertools
import json
from collections import deque
from pathlib import Path
from typing import NamedTuple

from zoo.system import writing

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class Shard(NamedTuple):
    """Lines that are answered by one process, and written whole.

    Attributes:
        name: of the file of answers, without its folder.
        first: how many lines stand before it.
        lines: list of str.
    """

    name: str
    first: int
    lines: list


class Corpus:
    """Files of lines, one after the other, and the folder of their answers.

    The files are read once when it is made, for their digests, and once in `missing`; of their
    lines, no more than a shard is in memory. The answers to the files together are in
    `part-00000-of-00042.txt` and so on, each with as many lines as its shard. A line that cannot be
    answered is an empty one there, and stands with its number and the reason in
    `failed-00000-of-00042.jsonl`, which is missing where all are answered.

    Args:
        files: paths, of UTF-8; `.gz` is unpacked.
        folder: path, new or of an earlier run of the same.
        lines_per_shard: int >= 1.
        **settings: what else the answers depend on, such as the model: what JSON can write. They
            stand in the folder's `manifest.json`.

    Raises:
        ValueError: `folder` holds answers to other files or by other settings, or something else.
        OSError: a file cannot be read, or the folder not be written.
    """

    def __init__(self, files, folder, lines_per_shard, **settings):
        self._files, self._folder = list(map(Path, files)), Path(folder)
        self._size = lines_per_shard
        inputs = list(map(_described, self._files))
        self.num_lines = sum(file["lines"] for file in inputs)
        self._num_shards = -(-self.num_lines // lines_per_shard)
        self._keep({**settings, "lines_per_shard": lines_per_shard, "inputs": inputs})

    def missing(self):
        """Yields the shards without answers, in order."""
        lines = itertools.chain.from_iterable(map(_lines, self._files))
        for number in range(self._num_shards):
            shard = itertools.islice(lines, self._size)
            if self._is_answered(number):
                deque(shard, maxlen=0)  # read past
                continue
            texts = [line.decode("utf-8", "replace").rstrip("\r\n") for line in shard]
            yield Shard(self._part(number), number * self._size, texts)

    def remaining(self):
        """How many shards, and how many lines, have no answers."""
        missing = [n for n in range(self._num_shards) if not self._is_answered(n)]
        lines = (min(self._size, self.num_lines - n * self._size) for n in missing)
        return len(missing), sum(lines)

    def failures(self):
        """Yields a dict for each line without an answer: `line`, from 1, `text` and `error`."""
        for path in sorted(self._folder.glob("failed-*.jsonl")):
            with open(path, encoding="utf-8") as file:
                yield from map(json.loads, file)

    def _is_answered(self, number):
        return (self._folder / self._part(number)).exists()

    def _part(self, number):
        return f"part-{number:05d}-of-{self._num_shards:05d}.txt"

    def _keep(self, manifest):
        """Writes the manifest, or finds that the one of an earlier run is the same."""
        path = self._folder / MANIFEST
        try:
            earlier = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if self._folder.exists() and any(self._folder.iterdir()):
                raise ValueError(
                    "output must be a new folder or that of an earlier run; "
                    f"got {str(self._folder)!r}, which has other files."
                ) from None
            with writing(path) as beside:
                beside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            return
        was, now = dict(_leaves(earlier)), dict(_leaves(manifest))
        for key in [*now, *was]:
            if was.get(key) != now.get(key):
                raise ValueError(
                    f"output must be a folder of the same run: there {key} is {was.get(key)!r}, "
                    f"now {now.get(key)!r}; got {str(self._folder)!r}."
                )


def write_answers(folder, shard, answers):
    """Writes the answers of a shard, and before them what could not be answered.

    Args:
        folder: path of the folder of a `Corpus`.
        shard: `Shard`.
        answers: list of (answer, error), see `zoo.batch.Answerer`.
    """
    part = Path(folder) / shard.name
    failed = part.with_name(shard.name.replace("part-", "failed-")).with_suffix(".jsonl")
    found = [
        {"line": shard.first + i + 1, "text": shard.lines[i], "error": error}
        for i, (_, error) in enumerate(answers)
        if error is not None
    ]
    if found:
        _write(failed, (json.dumps(row, ensure_ascii=False) for row in found))
    else:
        failed.unlink(missing_ok=True)  # of an earlier try
    _write(part, (answer for answer, _ in answers))


def _write(path, lines):
    with writing(path) as beside, open(beside, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _open(path):
    return gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb")


def _lines(path):
    with _open(path) as file:
        yield from file


def _described(path):
    """The name of a file, its lines, and the SHA-256 of what is in it, unpacked."""
    digest, lines, end = hashlib.sha256(), 0, b"\n"
    with _open(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            lines, end = lines + chunk.count(b"\n"), chunk[-1:]
    name = path.name if path.suffix != ".gz" else path.stem
    return {"name": name, "lines": lines + (end != b"\n"), "sha256": digest.hexdigest()}


def _leaves(value, key=""):
    """Pairs of a dotted key and what is not a dict or a list, of dicts and lists in each other."""
    if isinstance(value, (dict, list)):
        with contextlib.suppress(AttributeError):
            value = list(value.items())
        for name, inner in value if value and isinstance(value[0], tuple) else enumerate(value):
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value
