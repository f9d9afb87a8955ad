"""Layers made of layers, after `quantize` or `enable_lora`.

Keras keeps the dtype policy of a layer in its config. A part that its owner builds has no config of
its own in a file, so the owner notes which of its parts are quantised, and quantises them again
when it is built anew, before the weights are read. Of LoRA a file holds the sum of the kernel and
its update: what is loaded is a plain layer with the same answers.
"""

import contextlib
import gc
import inspect

import keras
from keras import ops


class Adaptable:
    """Mixin of layers and models that build their parts themselves."""

    def get_build_config(self):
        config = super().get_build_config() or {}
        quantized = _quantized(self)
        return {**config, "quantized": quantized} if quantized else config

    def build_from_config(self, config):
        config = dict(config or {})
        quantized = config.pop("quantized", [])  # Keras keeps the rest as the shapes of the build
        if isinstance(self, keras.Model):
            self.build(None)
        else:
            super().build_from_config(config)
        parts = list(self._flatten_layers(include_self=False))
        with short_collections():
            for note in quantized:
                part = parts[note["part"]]
                if part.name != note["name"]:
                    raise ValueError(
                        f"part {note['part']} of {self.name} must be {note['name']!r}, which was "
                        f"quantised when it was saved; got {part.name!r}."
                    )
                own = note["config"] and keras.saving.deserialize_keras_object(note["config"])
                part.quantize(note["mode"], config=own)


@contextlib.contextmanager
def short_collections():
    """For `quantize`: what is there already is not looked through for garbage.

    Keras collects once a layer, and each time Python would visit a million objects, most of them of
    the libraries: seconds for a small model.
    """
    frozen = gc.get_freeze_count()
    gc.freeze()
    try:
        yield
    finally:
        if not frozen:  # else the caller wants it so
            gc.unfreeze()


def is_plain(layer):
    """Whether a Dense layer is nothing but `x kernel + bias`: neither quantised nor adapted."""
    return (
        type(layer) is keras.layers.Dense
        and layer.quantization_mode is None
        and not layer.lora_enabled
    )


def overrides(layer, base, *names):
    """Whether the class of `layer` has methods of its own in place of those of `base`."""
    return any(
        inspect.getattr_static(type(layer), name) is not inspect.getattr_static(base, name)
        for name in names
    )


def step_by_call(call, x, cache):
    """A step of decoding by the call of a layer itself, where a subclass has replaced it.

    Args:
        call: a function `(x (N, 1, D), cache) -> (x (N, 1, D), cache)`, the cache one pair.
        x: (N, D), the new position.
        cache: a tuple of pairs (keys, values) in succession, each (N, G, P_i, Dh).

    Returns:
        x (N, D), and the cache with the new position in its last part.
    """
    joined = tuple(ops.concatenate(part, axis=2) for part in zip(*cache, strict=True))
    x, joined = call(x[:, None], joined)
    before = sum(ops.shape(keys)[2] for keys, _ in cache[:-1])
    return x[:, 0], (*cache[:-1], tuple(part[:, :, before:] for part in joined))


def _quantized(layer):
    """Which parts of a layer are quantised, and how: a list of dicts that JSON can hold."""
    notes = []
    for number, part in enumerate(layer._flatten_layers(include_self=False)):
        if getattr(part, "quantization_mode", None) is not None:
            config = getattr(part, "quantization_config", None)
            notes.append(
                {
                    "part": number,
                    "name": part.name,
                    "mode": part.quantization_mode,
                    "config": config and keras.saving.serialize_keras_object(config),
                }
            )
    return notes
