"""The cache of fast forms: who makes one, what it is keyed by, and when it goes."""

import os
import threading
import time

import pytest

from zoo.serving import fast as module
from zoo.serving import litert
from zoo.serving.fast import fast


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of the fast forms; making one writes a name in place of a converted model."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        module, "open_litert", lambda folder, _: (folder / "manifest.json").read_text()
    )
    monkeypatch.setattr(
        litert, "write_files", lambda model, folder, _: (folder / "manifest.json").write_text(model)
    )
    return tmp_path / "cache" / "litert"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"weights")
    return path


def kept(cache):
    return {path.name for path in cache.iterdir()}


def never():
    raise AssertionError("it was made again")


def test_a_second_call_finds_what_the_first_has_made(cache, file):
    assert fast(file, lambda: "made") == "made"
    assert fast(file, never) == "made"


def test_threads_that_ask_together_all_get_it(cache, file):
    together, answers, made = threading.Barrier(4), [], []

    def load():
        made.append(1)
        time.sleep(0.05)
        return "made"

    def ask():
        together.wait()
        answers.append(fast(file, load))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert answers == ["made"] * 4 and len(made) == 1 and len(kept(cache)) == 1


def test_what_another_process_made_in_the_meantime_is_taken(cache, file):
    def load():
        (cache / module._digest(file)).mkdir()
        (cache / module._digest(file) / "manifest.json").write_text("of the other")
        return "mine"

    assert fast(file, load) == "of the other"
    assert kept(cache) == {module._digest(file)}


def test_an_error_while_it_is_made_leaves_nothing_behind(cache, file):
    with pytest.raises(RuntimeError):
        fast(file, lambda: (_ for _ in ()).throw(RuntimeError()))
    assert kept(cache) == set()
    assert fast(file, lambda: "made") == "made"


def test_another_model_another_package_and_other_sources_make_another_form(
    cache, file, monkeypatch, tmp_path
):
    digests = {module._digest(file)}
    file.write_bytes(b"weighty")
    digests.add(module._digest(file))
    monkeypatch.setattr(module.metadata, "version", lambda package: "99")
    digests.add(module._digest(file))
    monkeypatch.setattr(module, "_PARTS", ("decoding", "layers"))
    digests.add(module._digest(file))
    assert len(digests) == 4


def test_the_same_file_elsewhere_has_the_same_form(cache, file, tmp_path):
    copy = tmp_path / "copy.keras"
    copy.write_bytes(file.read_bytes())
    assert module._digest(copy) == module._digest(file)


def test_making_one_removes_those_that_nobody_opened_for_thirty_days(cache, file):
    fast(file, lambda: "made")
    for name, days in (("forgotten", 31), ("used", 29)):
        (cache / name).mkdir()
        then = time.time() - days * 86_400
        os.utime(cache / name, (then, then))
    first = module._digest(file)
    then = time.time() - 40 * 86_400
    os.utime(cache / first, (then, then))
    fast(file, never)  # which opens it
    file.write_bytes(b"other weights")
    fast(file, lambda: "other")
    assert kept(cache) == {"used", first, module._digest(file)}


def test_a_cache_that_cannot_be_written_says_what_to_set(cache, file):
    cache.parent.write_text("a file stands in the way")
    with pytest.raises(OSError, match="ZOO_CACHE must name a folder that can be written"):
        fast(file, lambda: "made")
