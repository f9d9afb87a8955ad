"""`python -m benchmarks TABLE`, one of decode, generate, train, layers, caption, recommend, rank,
index, serving and startup: prints the table, and writes a JSON and a plot.
"""

import argparse
import sys

from benchmarks import harness
from benchmarks.harness import System
from benchmarks.weights import SIZES

# Of the benchmark of decoding: that of the zoo's own translators, and that of opus-mt.
DECODERS = {"small": "encoder-decoder", "opus": "opus encoder-decoder"}
HERE, PEERS = "benchmarks.systems:", "benchmarks.peers:"


def decode(args):
    """New tokens a second of the encoder-decoder, exactly 40 tokens a source."""
    yield from _decoding(args, DECODERS[args.size])


def generate(args):
    """New tokens a second of the decoder-only model, exactly 256 tokens a prompt."""
    yield from _decoding(args, "decoder-only")


def _decoding(args, kind):
    for batch in args.batch:
        same = {"kind": kind, "batch": batch, "beams": args.beams}
        yield f"batch {batch}", batch * SIZES[kind].new, decoders(same, args.threads)


def decoders(same, threads=1):
    """All that decode one kind of model.

    Args:
        same: dict, the options that all take: kind, batch, beams.
        threads: int; from two on CTranslate2 is also asked with a worker for each.

    Returns:
        List of `System`, the zoo's first.
    """
    ct2 = PEERS + "ctranslate2_decode", ("ctranslate2",)
    hf = PEERS + "transformers_decode", ("torch", "transformers")
    hub = PEERS + "keras_hub_decode", ("keras_hub",)
    lite = HERE + "zoo_fast", ("ai_edge_litert",)

    def system(name, way, **options):
        return System(name, way[0], {**same, **options}, way[1])

    both = "float32", "int8"
    seq2seq = same["kind"].endswith("encoder-decoder")
    ours = [system(f"zoo, LiteRT {kind}", lite, weights=kind) for kind in both]
    theirs = [
        system(f"CTranslate2 {kind}{more}", ct2, compute_type=kind, workers=workers)
        for kind in both
        for more, workers in {"": False, f", {threads} workers": True}.items()
        if threads > 1 or not workers
    ]
    if seq2seq:
        theirs.append(system("HF Pegasus", hf))
    else:
        theirs += [system("HF GPT-NeoX", hf), system("HF GPT-2", hf, own=True)]
    name = "KerasHub BART" if seq2seq else "KerasHub GPT-2"
    theirs += [system(name, hub, jit=False), system(f"{name}, XLA", hub, jit=True)]
    return [system("zoo", (HERE + "zoo_decode", ())), *ours, *theirs]


def train(args):
    """Target tokens a CPU second of one training step."""
    hf = PEERS + "transformers_train", ("torch", "transformers")
    hub = PEERS + "keras_hub_train", ("keras_hub",)
    policies = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
    for batch in args.batch:
        same = {"batch": batch, "length": 32}
        systems = []
        for library, way in {"zoo": (HERE + "zoo_train", ()), "KerasHub": hub}.items():
            for name, policy in policies.items():
                for more, jit in {"": False, ", XLA": True}.items():
                    options = {**same, "policy": policy, "jit": jit}
                    systems.append(System(f"{library} {name}{more}", way[0], options, way[1]))
        systems += [
            System(f"HF Pegasus {name}", hf[0], {**same, "autocast": name == "bfloat16"}, hf[1])
            for name in policies
        ]
        yield f"batch {batch}, 32 tokens", batch * 32, systems


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
    name, text = "translate_fr_de", "Un homme marche dans la rue.\n"
    ways = {"zoo translate --fast": ["--fast"], "zoo translate": []}
    systems = [
        System(way, HERE + "command", {"arguments": ["translate", *more, name], "text": text})
        for way, more in ways.items()
    ]
    peer = PEERS + "ctranslate2_first_answer", {"model": name, "text": text}, ("ctranslate2",)
    yield f"{name}, one sentence", 1, [*systems, System("CTranslate2, SentencePiece", *peer)]


def caption(args):
    """Photographs a second of `caption_en`, from the file to the sentence."""
    parts = {"zoo": "whole", "zoo, LiteRT int8": "whole, LiteRT", "its encoder alone": "encoder"}
    for batch in args.batch:
        same = {"batch": batch}
        systems = [System(name, HERE + "caption", {**same, "part": p}) for name, p in parts.items()]
        yield f"batch {batch}", batch, systems


def recommend(args):
    """Histories a second, 1,000 at a time, of which `recommend_films` names ten films each."""
    for films in args.batch:
        ways = {"zoo": False, "zoo, LiteRT int8": True}
        systems = [
            System(name, HERE + "recommend", {"fast": fast, "films": films})
            for name, fast in ways.items()
        ]
        yield f"{films} films seen", 1000, systems


def rank(args):
    """Queries a second, one after another, to the 3,395 documents of NFCorpus (ZOO_DATA)."""
    kinds = {"zoo": 1000, "zoo, 100 documents read": 100, "its BM25 alone (bm25s)": 0}
    for queries in args.batch:
        systems = [
            System(name, HERE + "rank", {"candidates": n, "queries": queries}, ("bm25s",))
            for name, n in kinds.items()
        ]
        yield f"{queries} queries", queries, systems


def index(args):
    """Documents a second that become an index, the 3,395 of NFCorpus (ZOO_DATA)."""
    yield "NFCorpus", 3395, [System("zoo", HERE + "index", {}, ("bm25s",))]


TABLES = {
    "decode": (decode, "tokens/s", "wall", [1, 8, 32]),
    "generate": (generate, "tokens/s", "wall", [1, 16]),
    "train": (train, "tokens/CPU s", "cpu", [16]),
    "layers": (layers, "passes/s", "wall", [1, 16]),
    "caption": (caption, "photographs/s", "wall", [1, 8]),
    "recommend": (recommend, "histories/CPU s", "cpu", [10, 50]),
    "rank": (rank, "queries/s", "wall", [50]),
    "index": (index, "documents/s", "wall", [1]),
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
        command.add_argument("--only", nargs="+", help="words, one of which is in a system's name")
        command.add_argument("--batch", type=int, nargs="+", default=batch)
        if name in ("decode", "generate"):
            command.add_argument("--beams", type=int, default=1)
        if name == "decode":
            command.add_argument("--size", choices=DECODERS, default="small")
    commands.add_parser("serving", help="requests to `zoo serve`; its own options")
    args = parser.parse_args()
    work, unit, clock, _ = TABLES[args.name]
    groups = {}
    for label, units, systems in work(args):
        if args.only:
            systems = [s for s in systems if s.name == "zoo" or any(w in s.name for w in args.only)]
        found = harness.measure(systems, rounds=args.rounds, threads=args.threads)
        groups[label] = harness.summary(found, units=units, clock=clock)
    more = f"_beam{args.beams}" if getattr(args, "beams", 1) > 1 else ""
    more += "_opus" if getattr(args, "size", "small") == "opus" else ""
    shown = "python -m benchmarks " + " ".join(sys.argv[1:])
    harness.report(f"{args.name}{more}_{args.threads}", groups, unit, args.threads, shown)


if __name__ == "__main__":
    main()
