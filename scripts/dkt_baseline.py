"""Train the LSTM that stands beside a knowledge tracer on its card, and measure it on the test.

    python scripts/dkt_baseline.py trace_learners

The same answers, optimizer, batches and number of steps; only the model is another.
"""

import argparse
import dataclasses

import keras

from zoo.evaluation import CORPORA
from zoo.models import DKT
from zoo.recipes import recipe


def main():
    """Read the command line, train, and print the figures of each set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=("trace_learners", "trace_learners_2015"))
    parser.add_argument("--steps", type=int, help="by default as many as the tracer")
    parser.add_argument("--run-dir", help="by default runs/dkt_NAME")
    arguments = parser.parse_args()
    run_dir = arguments.run_dir or f"runs/dkt_{arguments.name}"
    lstm = dataclasses.replace(
        recipe(arguments.name).RECIPE,
        model=lambda skills: DKT(skills, context_length=200, units=200, dropout=0.2),
    )
    path = lstm.train(out=run_dir, run_dir=run_dir, steps=arguments.steps, verbose=2)
    tracer = keras.models.load_model(path)
    print(f"{tracer.count_params():,} parameters")
    for corpus in CORPORA[arguments.name]:
        print(f"{corpus.name}: {corpus.summary(corpus.measure(tracer, corpus.read()))}")


if __name__ == "__main__":
    main()
