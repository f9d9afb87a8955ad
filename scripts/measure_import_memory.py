"""How much memory an import and the exports of a large checkpoint take.

    pip install torch transformers safetensors
    python scripts/measure_import_memory.py write FOLDER      # a Marian model, random
    python scripts/measure_import_memory.py measure FOLDER

Each command runs in a process of its own. Its peak is what the operating system says of the largest
resident set. That of the same command with the small checkpoint of the tests is taken away: it is
what Python, TensorFlow and Keras take, and no part of the model.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SMALL = ROOT / "tests" / "checkpoints" / "marian"
SIZE = 65_000  # tokens, as opus-mt has


def write(folder, width, ff_width, dtype):
    """Writes a Marian checkpoint of 6 + 6 layers."""
    import torch
    from transformers import MarianConfig, MarianMTModel

    from zoo.pretrained.vocabulary import PIECE, model_of

    folder.mkdir(parents=True, exist_ok=True)
    subwords = model_of(SMALL / "source.spm")
    draw = random.Random(0)
    names = {piece.piece for piece in subwords.pieces[3:]}
    while len(names) < SIZE - 3:
        names.add("▁" + "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=7)))
    names = sorted(names)
    del subwords.pieces[3:]
    for i, name in enumerate(names):
        subwords.pieces.add(piece=name, score=-i / 1000, type=PIECE.NORMAL)
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(subwords.SerializeToString())
    numbers = {name: i for i, name in enumerate(["</s>", "<unk>", *names, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    config = MarianConfig(
        vocab_size=SIZE,
        d_model=width,
        encoder_layers=6,
        decoder_layers=6,
        encoder_attention_heads=8,
        decoder_attention_heads=8,
        encoder_ffn_dim=ff_width,
        decoder_ffn_dim=ff_width,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=SIZE - 1,
        decoder_start_token_id=SIZE - 1,
        eos_token_id=0,
        bos_token_id=0,
        forced_eos_token_id=0,
        max_position_embeddings=512,
    )
    torch.manual_seed(0)
    model = MarianMTModel(config).to(getattr(torch, dtype))
    model.generation_config.update(num_beams=4, max_length=512)
    model.save_pretrained(folder)


def peak(*command):
    """Runs Python with arguments; returns the peak of its resident set in MB."""
    pid = os.posix_spawn(sys.executable, [sys.executable, *command], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}.")
    return usage.ru_maxrss / 1000


def commands(folder, out):
    """Name -> arguments of Python, in the order in which they need each other."""
    file, exported = str(out / "model.keras"), str(out / "exported")
    load = (
        "from zoo.cli.quiet import returning_memory; returning_memory(); "
        f"import zoo; zoo.from_pretrained({str(folder)!r})"
    )
    zoo = "-m", "zoo"
    return {
        "reading the weights": ("-c", load),
        "zoo import": (*zoo, "import", str(folder), "--out", file),
        "zoo export, SavedModel": (*zoo, "export", file, "--out", exported),
        "zoo export, LiteRT": (*zoo, "export", file, "--out", exported, "--format", "litert"),
    }


def measure(folder):
    """Prints the peaks of all commands."""
    size = sum(file.stat().st_size for file in folder.glob("model*.safetensors")) / 1e6
    print(f"weights on disk: {size:.0f} MB")
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        outs = [Path(place) / name for name in ("small", "large")]
        pairs = zip(
            commands(SMALL, outs[0]).items(), commands(folder, outs[1]).values(), strict=True
        )
        for (name, small), large in pairs:
            base, found = peak(*small), peak(*large)
            print(
                f"{name}: peak {found:.0f} MB, {base:.0f} MB of it without the model: "
                f"{(found - base) / size:.2f} times the weights",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["write", "measure"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--ff-width", type=int, default=2048)
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    if options.action == "write":
        write(options.folder, options.width, options.ff_width, options.dtype)
    else:
        measure(options.folder)


if __name__ == "__main__":
    main()
