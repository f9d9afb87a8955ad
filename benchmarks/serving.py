"""How many requests `zoo serve` answers, and how fast: clients that ask one sentence at a time.

    python benchmarks/serving.py [--model translate_fr_de] [--seconds 10] [--clients 1 8 32]
    python benchmarks/serving.py --fast          # the same of `zoo serve --fast`
    python benchmarks/serving.py --soak 600      # ten minutes of load: lost requests and memory

Starts the server in a process of its own, with and without batching, and prints a table. On a
machine that does other work, too, compare requests for each second of the processors that the
server used. With `--url` it asks a server that is there, such as TF Serving.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

from zoo import registry

HEAD = "batching", "clients", "requests/s", "requests/CPU s", "p50 ms", "p95 ms", "p99 ms", "lost"
ROW = "{:>8} {:>8} {:>10} {:>16} {:>8} {:>8} {:>8} {:>5}"


def sentences(model):
    """Inputs of the model's own examples, in an order that is the same each time."""
    lines = (
        (registry.find(model).parent / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    )
    inputs = [json.loads(line)["input"] for line in lines]
    random.Random(0).shuffle(inputs)
    return [text for text in inputs if text.strip()]


class Client:
    """One connection that asks again and again."""

    def __init__(self, url, model):
        host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
        self.address = host, int(port)
        self.path = f"/v1/models/{model}:predict"

    async def run(self, texts, until, seconds):
        """Asks until a time; appends the seconds of each answer, or None where it failed."""
        reader, writer = await asyncio.open_connection(*self.address)
        turn = 0
        while time.perf_counter() < until:
            body = json.dumps({"instances": [texts[turn % len(texts)]]}).encode()
            head = f"POST {self.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            start = time.perf_counter()
            writer.write(head.encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split()[0])
            answer = json.loads(await reader.readexactly(length))
            good = " 200 " in head.partition("\r\n")[0] and len(answer["predictions"]) == 1
            seconds.append(time.perf_counter() - start if good else None)
            turn += 1
        writer.close()


async def load(url, model, texts, clients, seconds):
    """Seconds of each answer that `clients` at once got in a time."""
    found, until = [], time.perf_counter() + seconds
    rotated = [texts[i % len(texts) :] + texts[: i % len(texts)] for i in range(clients)]
    await asyncio.gather(*(Client(url, model).run(own, until, found) for own in rotated))
    return found


@contextlib.contextmanager
def serving(args, batching):
    """`zoo serve` in a process of its own: its URL and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "zoo", "serve", args.model, "--dir", args.dir]
    options = ["--port", str(port), *([] if batching else ["--no-batching"])]
    process = subprocess.Popen([*command, *options, *(["--fast"] if args.fast else [])])
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/v1/models/{args.model}")
                break
            if process.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.2)
        yield url, process
    finally:
        process.terminate()
        process.wait()


def megabytes(process):
    """Resident memory of a process, on Linux."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def cpu_seconds(process):
    """What a process has used of the processors so far; 0 for a server of somebody else."""
    if process is None:
        return 0.0
    fields = (
        Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(url, process, model, texts, clients, seconds, label):
    asyncio.run(load(url, model, texts, clients, 2))  # first batches of each size
    start, used = time.perf_counter(), cpu_seconds(process)
    found = asyncio.run(load(url, model, texts, clients, seconds))
    wall, used = time.perf_counter() - start, cpu_seconds(process) - used
    good = [x for x in found if x is not None]
    p50, p95, p99 = np.percentile(good, [50, 95, 99]) * 1000
    rate, by_cpu = f"{len(good) / wall:.1f}", f"{len(good) / used:.1f}" if used else "-"
    times = (f"{p:.0f}" for p in (p50, p95, p99))
    print(ROW.format(label, clients, rate, by_cpu, *times, len(found) - len(good)), flush=True)


def soak(args, texts):
    """A long time of load in ten parts: lost requests, and memory after each part."""
    with serving(args, True) as (url, process):
        asyncio.run(load(url, args.model, texts, 32, min(30, args.soak / 4)))
        found, memory = [], [megabytes(process)]
        for _ in range(10):
            found += asyncio.run(load(url, args.model, texts, 32, args.soak / 10))
            memory.append(megabytes(process))
    print(f"{len(found)} requests in {args.soak:.0f} s, {found.count(None)} lost")
    print("memory, MB: " + " ".join(f"{size:.0f}" for size in memory))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="translate_fr_de")
    parser.add_argument("--dir", help="folder of the exports; else one that is removed")
    parser.add_argument("--fast", action="store_true", help="LiteRT in place of TensorFlow")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--url", help="of a server that is there")
    parser.add_argument("--soak", type=float, help="seconds of load")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        args.dir = args.dir or folder
        run(args)


def run(args):
    """The soak or the table that the arguments ask for."""
    texts = sentences(args.model)
    if args.soak:
        soak(args, texts)
        return
    print(ROW.format(*HEAD))
    for batching in [True] if args.url else [True, False]:
        server = contextlib.nullcontext((args.url, None))
        with server if args.url else serving(args, batching) as (url, process):
            for clients in args.clients:
                label = "server's" if args.url else "yes" if batching else "no"
                measure(url, process, args.model, texts, clients, args.seconds, label)


if __name__ == "__main__":
    main()
