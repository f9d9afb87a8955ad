"""The fast form of a model: its LiteRT file with 8-bit weights, made once and kept."""

import os
import zipfile
from pathlib import Path

from zoo.lite.readers import MANIFEST, open_litert


def fast(path, load):
    """The reader of a model's LiteRT file; only the first call for a model needs TensorFlow.

    Args:
        path: of the `.keras` file.
        load: `() -> task model`, called where the LiteRT file has to be made first.

    Returns:
        `zoo.serving.LiteTranslator` or its like.
    """
    folder = _kept_in(path)
    if not (folder / MANIFEST).exists():
        from zoo.serving import litert

        folder.parent.mkdir(parents=True, exist_ok=True)
        litert.write(load(), folder, "int8")
    return open_litert(folder)


def _kept_in(path):
    """The folder of the LiteRT file, named by the checksums of the members of the `.keras` file.

    It is in `$XDG_CACHE_HOME/attention-zoo`, by default `~/.cache/attention-zoo`.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    with zipfile.ZipFile(path) as members:
        content = sorted((member.filename, member.CRC) for member in members.infolist())
    name = "-".join(["litert", "5", *(f"{checksum:08x}" for _, checksum in content)])
    return Path(cache).expanduser() / "attention-zoo" / name
