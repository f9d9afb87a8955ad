"""A corpus answered by `zoo.beam.Generate` on Beam's local runner, whose workers are processes.

    python -m benchmarks.beam_corpus --lines 100000 --workers 2 --kill

makes lines, one in a thousand of which the model must refuse, and answers them by a pipeline in a
process of its own. Then it counts: each line must have one answer, or one reason why it has none,
and the answers must be those that the model gives without Beam.

With `--kill`, one of the workers is killed while they answer. Beam's local runner does not replace
it, as Flink, Spark and Dataflow do: it waits for it, or ends with an error. So the
pipeline is ended; there must be no file of answers, since those appear when all is answered; and it
is run again.

Needs `pip install 'attention-zoo[beam]' psutil`.
"""

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = "trace_learners_2015"  # the smallest
_BAD = "no such skill"
_WORKER = "apache_beam.runners.worker.sdk_worker_main"


def lines(count):
    """What `count` pupils did, and the skill that is asked: `number TAB line`."""
    rng = random.Random(0)
    for n in range(count):
        skills = [f"skill {rng.randint(1, 60)}" for _ in range(rng.randint(2, 5))]
        if n % 1000 == 500:
            skills[-1] = _BAD
        did = [f"{skill}={rng.randint(0, 1)}" for skill in skills[:-1]]
        yield f"{n}\t" + "\\n".join([*did, skills[-1]])


def pipeline(source, folder, workers):
    """Answers the lines of a file into files of `folder`."""
    import apache_beam as beam

    import zoo

    options = beam.options.pipeline_options.PipelineOptions(
        runner="FnApiRunner",
        direct_num_workers=workers,
        direct_running_mode="multi_processing",
    )
    with beam.Pipeline(options=options) as p:
        found = (
            p
            | beam.io.ReadFromText(source)
            | beam.Map(lambda line: tuple(line.split("\t")))
            | beam.Reshuffle()  # so that all workers have a share of what one has read
            | zoo.beam.Generate(MODEL)
        )
        answers = found.answers | "Answers" >> beam.Map("\t".join)
        answers | "WriteAnswers" >> beam.io.WriteToText(f"{folder}/answers")
        failed = found.failed | "Failed" >> beam.Map("\t".join)
        failed | "WriteFailed" >> beam.io.WriteToText(f"{folder}/failed")


def run(source, folder, workers, kill_after=None):
    """Runs the pipeline in a process of its own; with `kill_after`, kills a worker after seconds.

    Returns:
        Seconds, or None where a worker was killed.
    """
    import psutil

    command = [sys.executable, "-m", "benchmarks.beam_corpus", "--pipeline", source, folder]
    start = time.monotonic()
    started = psutil.Popen([*command, "--workers", str(workers)], stderr=subprocess.DEVNULL)
    try:
        if kill_after is None:
            if started.wait():
                raise RuntimeError(f"the pipeline ended with status {started.returncode}")
            return time.monotonic() - start
        while not (found := _workers(started)):
            time.sleep(0.1)
        time.sleep(kill_after)
        before = len(found)
        found[-1].send_signal(signal.SIGKILL)
        time.sleep(kill_after)
        left = _workers(started)
        status = started.poll()
        then = "waits" if status is None else f"ended with status {status}"
        print(f"killed one of {before} workers: {len(left)} are left, the pipeline {then}")
        return None
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended, and so did its workers
            for process in [*started.children(recursive=True), started]:
                process.kill()


def _workers(process):
    """The processes below one that are workers of Beam, without the shells they were started by."""
    found = process.children(recursive=True)
    return [child for child in found if _WORKER in child.cmdline() and "-c" not in child.cmdline()]


def check(source, answers, failed):
    """Counts answers and failures, and compares with the model asked in this process.

    Args:
        source: path of the file of `lines`.
        answers: list of (number, answer).
        failed: list of (number, line, reason).

    Returns:
        Whether all answers are those of the model.
    """
    from zoo.batch import Answerer

    pairs = [line.split("\t") for line in Path(source).read_text().splitlines()]
    numbers = sorted(int(row[0]) for row in [*answers, *failed])
    assert numbers == list(range(len(pairs))), "lines were lost or doubled"
    assert {row[1].endswith(_BAD) for row in failed} <= {True}
    answerer = Answerer(MODEL)
    right = [answer for some in answerer([text for _, text in pairs]) for answer, _ in some]
    equal = sum(right[int(number)] == answer for number, answer in answers)
    print(f"{len(answers)} answers, {len(failed)} failures, none lost, none doubled; ", end="")
    print(f"{equal} are those of the model asked alone")
    return equal == len(answers)


def _rows(folder, name):
    texts = [path.read_text() for path in sorted(Path(folder).glob(f"{name}-*"))]
    return [line.split("\t") for line in "".join(texts).splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true", help="kill a worker, and run it again")
    parser.add_argument("--kill-after", type=float, default=10, help="seconds after its start")
    parser.add_argument("--pipeline", nargs=2, metavar=("SOURCE", "FOLDER"), help="run it alone")
    given = parser.parse_args()
    if given.pipeline:
        pipeline(*given.pipeline, given.workers)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/lines.tsv"
        Path(source).write_text("".join(f"{line}\n" for line in lines(given.lines)))
        if given.kill:
            run(source, folder, given.workers, given.kill_after)
            assert not list(Path(folder).glob("answers-*")), "answers of a run that did not end"
        seconds = run(source, folder, given.workers)
        print(f"{given.lines} lines, {given.workers} workers: {seconds:.1f} s with all starts")
        return 0 if check(source, _rows(folder, "answers"), _rows(folder, "failed")) else 1


if __name__ == "__main__":
    sys.exit(main())
