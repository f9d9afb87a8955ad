"""A `.keras` file that is no whole model of the zoo: one error that names it."""

import json
import struct
import subprocess
import sys
import zipfile

import keras
import pytest

from zoo import registry

TRANSLATOR = json.dumps({"class_name": "Translator", "config": {"model": {}}}).encode()
METADATA = json.dumps({"keras_version": keras.__version__}).encode()


def whole(path, config=TRANSLATOR, weights=b"no weights", method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", METADATA)
        archive.writestr("model.weights.h5", weights)


def patched(path, offset_in_member, content, offset_in_directory):
    """Overwrites bytes of the first member's header, in front of it and in the directory."""
    data = bytearray(path.read_bytes())
    data[offset_in_member : offset_in_member + len(content)] = content
    start = data.index(b"PK\x01\x02") + offset_in_directory
    data[start : start + len(content)] = content
    path.write_bytes(data)


def broken_stream(path):
    whole(path)
    data = bytearray(path.read_bytes())
    data[30 + len("config.json")] = 0x07  # a kind of block that deflate does not have
    path.write_bytes(data)


def encrypted(path):
    whole(path)
    patched(path, 6, struct.pack("<H", 1), 8)


def unknown_method(path):
    whole(path)
    patched(path, 8, struct.pack("<H", 77), 10)


def nested(path):
    whole(path, b'{"class_name": "Translator", "config": {"a": ' + b"[" * 100_000)


def nested_layers(path):
    inner = {}
    for _ in range(300):
        inner = {"module": "keras", "class_name": "Sequential", "config": {"layers": [inner]}}
    whole(path, json.dumps({"class_name": "Translator", "config": {"model": inner}}).encode())


def bomb_of_configuration(path):
    whole(path, b" " * (1 << 27))


def bomb_of_weights(path):
    whole(path, weights=bytes(1 << 27))


def other_encoding(path):
    whole(path, b"\xff\xfe{")


def no_zip(path):
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))


KINDS = [
    broken_stream,
    encrypted,
    unknown_method,
    nested,
    nested_layers,
    bomb_of_configuration,
    bomb_of_weights,
    other_encoding,
    no_zip,
    whole,  # but for what it should hold
]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("damage", KINDS)
def test_damage_of_any_kind_is_one_error_that_names_the_file(damage, fast, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "bad.keras"
    damage(path)
    with pytest.raises(ValueError, match=r"bad\.keras must be a whole \.keras file of the zoo"):
        registry.load(path, fast=fast)


def test_command_line_says_it_in_one_line(tmp_path):
    broken_stream(tmp_path / "bad.keras")
    command = [sys.executable, "-m", "zoo", "translate", str(tmp_path / "bad.keras"), "x"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "bad.keras must be a whole .keras file" in done.stderr


@pytest.mark.parametrize("text", ["[]", '{"corpora": []}', '{"corpora": {"a": 3}}', "[" * 100_000])
def test_metrics_of_another_shape_are_one_error_that_names_them(text, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_MODELS", str(tmp_path))
    (tmp_path / "a").mkdir()
    whole(tmp_path / "a" / "model.keras")
    (tmp_path / "a" / "metrics.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"metrics\.json must be JSON"):
        registry.models()


def test_what_a_later_keras_writes_of_an_initializer_is_no_damage(tmp_path):
    """Keras 3.15 writes `input_axes` for each convolution, which older ones refuse."""

    def later(config):
        if isinstance(config, list):
            return list(map(later, config))
        if not isinstance(config, dict):
            return config
        config = {name: later(part) for name, part in config.items()}
        if config.get("module") == "keras.initializers":
            config["config"]["axes_of_tomorrow"] = None
        return config

    path = tmp_path / "later.keras"
    with (
        zipfile.ZipFile(registry.find("caption_en")) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps(later(json.loads(content))).encode()
                assert b"axes_of_tomorrow" in content
            new.writestr(name, content)
    assert keras.models.load_model(path).built
