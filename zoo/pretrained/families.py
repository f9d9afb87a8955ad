"""Which families of checkpoints are understood, and the door to all of them."""

import importlib
import os
from pathlib import Path

from zoo.pretrained.checkpoint import CONFIG, Checkpoint

# `model_type` of a configuration -> module of this folder with `convert(checkpoint)`.
FAMILIES = {
    "gpt2": "gpt2",
    "gpt_neox": "gpt_neox",
    "llama": "llama",
    "m2m_100": "m2m100",
    "marian": "marian",
    "qwen2": "llama",
    "qwen3": "llama",
    "vision-encoder-decoder": "vision_gpt2",
}
_OF_SOURCE_LANGUAGE = ("m2m_100",)  # families that read more than one


def from_pretrained(path, target_language=None, source_language=None):
    """A public checkpoint as a task model of the zoo, with its tokenizers and way of decoding.

    Nothing is downloaded, but where the package `huggingface_hub` is installed, and `path` is no
    folder, it may be the name of a repository there.

    Args:
        path: folder in Hugging Face's layout: `config.json`, `model.safetensors` (or
            `pytorch_model.bin`, which needs torch), and the files of the tokenizer.
        target_language: of a model of several, the language to translate into, by its code there.
        source_language: of M2M-100 and NLLB, the language to translate from. These two are what
            `generate` does where it is not told otherwise.

    Returns:
        A `zoo.Translator` for Marian (opus-mt), a `zoo.MultilingualTranslator` for M2M-100 and
        NLLB, a `zoo.TextGenerator` for GPT-2, GPT-NeoX, Llama, Qwen2 and Qwen3, a
        `zoo.ImageCaptioner` for ViT-GPT2. It is saved, exported and quantised as any other.

    Raises:
        FileNotFoundError: no such folder, or a file is missing.
        ValueError: another architecture, a language that the model does not have, a setting that is
            not understood, or a weight that is missing, left over or of another shape; the message
            names the file.
        ImportError: a package that the files need is not installed.
    """
    checkpoint = Checkpoint(_folder(path))
    family = checkpoint.config.get("model_type")
    if family not in FAMILIES:
        raise ValueError(
            f"{checkpoint.path / CONFIG}: model_type must be one of {', '.join(FAMILIES)}; "
            f"got {family!r}."
        )
    languages = {"target_language": target_language}
    if family in _OF_SOURCE_LANGUAGE:
        languages["source_language"] = source_language
    elif source_language is not None:
        raise ValueError(
            f"source_language must be None for {checkpoint.path}, a model of the family {family}; "
            f"got source_language={source_language!r}."
        )
    convert = importlib.import_module(f"zoo.pretrained.{FAMILIES[family]}").convert
    try:
        model = convert(checkpoint, **languages)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ValueError) and str(checkpoint.path) in str(error):
            raise
        # Of a layer or a tokenizer, which knows nothing of files.
        what = f"{type(error).__name__}: " * (not isinstance(error, ValueError))
        raise ValueError(f"{checkpoint.path} does not fit {family}: {what}{error}") from error
    checkpoint.finish()
    return model


def _folder(path):
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder
    name = os.fspath(path)
    if folder.exists() or folder.is_absolute() or name.count("/") != 1:
        raise FileNotFoundError(f"path must be a folder with a {CONFIG}; got path={name!r}.")
    try:
        import huggingface_hub
    except ImportError:
        raise FileNotFoundError(
            f"path must be a folder with a {CONFIG}; got path={name!r}. If it names a repository: "
            "`pip install huggingface_hub`, or download its files by hand."
        ) from None
    return Path(huggingface_hub.snapshot_download(name))
