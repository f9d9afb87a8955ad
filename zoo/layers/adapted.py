"""Layers made of layers, after `quantize` or `enable_lora`: what changed is kept in their files.

Keras keeps the dtype policy and the LoRA rank of a layer in the config of that layer. A part that
its owner builds has no config of its own in a file, so the owner notes what changed in its parts,
and changes them again when it is built anew, before the weights are read.
"""

import inspect

import keras

_NAMES = {"rank": "lora_rank", "lora_alpha": "lora_alpha"}  # argument -> attribute


class Adaptable:
    """Mixin of layers and models that build their parts themselves."""

    def get_build_config(self):
        config = super().get_build_config() or {}
        changes = _changes(self)
        return {**config, "adapted": changes} if changes else config

    def build_from_config(self, config):
        config = dict(config or {})
        changes = config.pop("adapted", [])  # Keras keeps what is left as the shapes of the build
        if isinstance(self, keras.Model):
            self.build(None)
        else:
            super().build_from_config(config)
        parts = list(self._flatten_layers(include_self=False))
        for change in changes:
            part = parts[change["part"]]
            if part.name != change["name"]:
                raise ValueError(
                    f"part {change['part']} of {self.name} must be {change['name']!r}, which was "
                    f"quantised or adapted when it was saved; got {part.name!r}."
                )
            if "quantized" in change:
                part.quantize(change["quantized"], config=_quantization(change))
            if "lora" in change:
                part.enable_lora(**change["lora"])


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


def _changes(layer):
    """What was changed in the parts of a layer: a list of dicts that JSON can hold."""
    changes = []
    for number, part in enumerate(layer._flatten_layers(include_self=False)):
        change = {}
        if getattr(part, "quantization_mode", None) is not None:
            change["quantized"] = part.quantization_mode
            config = getattr(part, "quantization_config", None)
            if config is not None:
                change["config"] = keras.saving.serialize_keras_object(config)
        if getattr(part, "lora_enabled", False):
            change["lora"] = {name: getattr(part, own) for name, own in _NAMES.items()}
        if change:
            changes.append({"part": number, "name": part.name, **change})
    return changes


def _quantization(change):
    config = change.get("config")
    return config and keras.saving.deserialize_keras_object(config)
