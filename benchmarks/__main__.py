"""`python -m benchmarks decode|train|layers|serving|startup`: a table, a JSON and a plot each."""

import argparse
import sys

from benchmarks import harness
from benchmarks.harness import System

HERE = "benchmarks.systems:"


def decode(args):
    """Tokens a second of the encoder-decoder, exactly 40 tokens a source."""
    for batch in args.batch:
        same = {"batch": batch, "beams": args.beams}
        ct2 = HERE + "ctranslate2_decode", ("ctranslate2",)
        yield (
            f"batch {batch}",
            batch * 40,
            [
                System("zoo", HERE + "zoo_decode", same),
                *(
                    System(f"CTranslate2 {kind}", ct2[0], {**same, "compute_type": kind}, ct2[1])
                    for kind in ("float32", "int8")
                ),
            ],
        )


def train(args):
    """Target tokens a CPU second of one training step."""
    for batch in args.batch:
        yield (
            f"batch {batch}, 32 tokens",
            batch * 32,
            [
                System(
                    f"zoo {policy}",
                    HERE + "zoo_train",
                    {"batch": batch, "length": 32, "policy": policy},
                )
                for policy in ("float32", "mixed_bfloat16")
            ],
        )


def layers(args):
    """Forward passes a second of an attention layer over 64 positions, width 256."""
    for kind in ("multi-head", "additive"):
        for batch in args.batch:
            same = {"kind": kind, "batch": batch, "length": 64, "dim": 256}
            yield (
                f"{kind}, batch {batch}",
                10,
                [
                    System(library, HERE + "layer", {**same, "library": library})
                    for library in ("zoo", "keras")
                ],
            )


def startup(args):
    """First answers a second, process start to text."""
    text = "Un homme marche dans la rue.\n"
    ways = {"zoo translate --fast": ["--fast"], "zoo translate": []}
    yield (
        "translate_fr_de, one sentence",
        1,
        [
            System(
                name,
                HERE + "command",
                {"arguments": ["translate", *more, "translate_fr_de"], "text": text},
            )
            for name, more in ways.items()
        ],
    )


TABLES = {
    "decode": (decode, "tokens/s", "wall", [1, 8, 32]),
    "train": (train, "tokens/CPU s", "cpu", [16]),
    "layers": (layers, "passes/s", "wall", [1, 16]),
    "startup": (startup, "first answers/s", "wall", [1]),
}


def main():
    if sys.argv[1:2] == ["serving"]:
        from benchmarks import serving

        del sys.argv[1]
        serving.main()
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    for name, (work, _, _, batch) in TABLES.items():
        command = commands.add_parser(name, help=work.__doc__)
        command.add_argument("--threads", type=int, choices=[1, 2], default=1)
        command.add_argument("--rounds", type=int, default=7)
        command.add_argument("--batch", type=int, nargs="+", default=batch)
        if name == "decode":
            command.add_argument("--beams", type=int, default=1)
    commands.add_parser("serving", help="requests to `zoo serve`; its own options")
    args = parser.parse_args()
    work, unit, clock, _ = TABLES[args.name]
    groups = {}
    for label, units, systems in work(args):
        found = harness.measure(systems, rounds=args.rounds, threads=args.threads)
        groups[label] = harness.summary(found, units=units, clock=clock)
    beams = f"_beam{args.beams}" if getattr(args, "beams", 1) > 1 else ""
    shown = "python -m benchmarks " + " ".join(sys.argv[1:])
    harness.report(f"{args.name}{beams}_{args.threads}", groups, unit, args.threads, shown)


if __name__ == "__main__":
    main()
