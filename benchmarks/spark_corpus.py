"""A corpus answered on Spark, by processes of Python that read the model once each.

    python -m benchmarks.spark_corpus --lines 100000 --workers 2 --kill

Lines and check are those of `beam_corpus.py`. Spark runs as `local[2,4]`: two tasks at a time, each
tried up to four times. With `--kill` the process of the task that is first to answer a batch kills
itself; Spark runs that task again.

Needs `pip install 'attention-zoo[litert]' pyspark pandas pyarrow` and Java 17.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.beam_corpus import MODEL, check, lines

_SCHEMA = "number string, line string, answer string, error string"


def answered(kill_once=None):
    """A function for `mapInPandas`: batches of number and line get answer and error."""

    def answer(batches):
        from zoo.batch import Answerer

        answerer = Answerer(MODEL)
        for batch in batches:
            pairs = [pair for some in answerer(batch["line"].tolist()) for pair in some]
            if kill_once and not os.path.exists(kill_once):
                Path(kill_once).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch.assign(answer=[text for text, _ in pairs], error=[why for _, why in pairs])

    return answer


def run(source, folder, workers, kill_once):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{workers},4]").config("spark.ui.enabled", "false")
    # Batches of so many lines, and tasks of so many that a lost one costs little.
    batch = ("spark.sql.execution.arrow.maxRecordsPerBatch", "1024")
    spark = builder.config(*batch).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    table = spark.read.csv(source, sep="\t", schema="number string, line string")
    found = table.repartition(8 * workers).mapInPandas(answered(kill_once), _SCHEMA)
    found.write.json(folder)
    rows = spark.read.schema(_SCHEMA).json(folder).collect()
    spark.stop()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true", help="kill a process of Python")
    given = parser.parse_args()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        source, killed = f"{folder}/lines.tsv", f"{folder}/killed"
        Path(source).write_text("".join(f"{line}\n" for line in lines(given.lines)))
        start = time.monotonic()
        rows = run(source, f"{folder}/answers", given.workers, killed if given.kill else None)
        seconds = time.monotonic() - start
        print(f"{given.lines} lines, {given.workers} workers: {seconds:.1f} s with all starts")
        if given.kill:
            print(f"a process was killed: {os.path.exists(killed)}")
        good = [(row.number, row.answer) for row in rows if row.error is None]
        bad = [(row.number, row.line, row.error) for row in rows if row.error is not None]
        return 0 if check(source, good, bad) else 1


if __name__ == "__main__":
    sys.exit(main())
