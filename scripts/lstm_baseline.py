"""Train the LSTM that stands beside `generate_scifi` on its card, and measure it on the test.

    python scripts/lstm_baseline.py

The same texts, tokens, optimizer and number of steps; only the model is another.
"""

import argparse
import dataclasses

import keras

from zoo import data
from zoo.models import LSTMLanguageModel
from zoo.recipes import recipe

CONTEXT = 128


def main():
    """Read the command line, train, and print bits per byte."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, help="by default as many as the Transformer")
    parser.add_argument("--run-dir", default="runs/lstm_baseline")
    arguments = parser.parse_args()
    lstm = dataclasses.replace(
        recipe("generate_scifi").RECIPE,
        # One layer of 256 units: two of 512 take eight times as long a token on a CPU.
        model=lambda vocab_size: LSTMLanguageModel(
            vocab_size, CONTEXT, num_layers=1, model_dim=192, units=256, dropout=0.1
        ),
    )
    path = lstm.train(
        out=arguments.run_dir, run_dir=arguments.run_dir, steps=arguments.steps, verbose=2
    )
    generator = keras.models.load_model(path)
    (text,) = data.scifi("test")
    bits = -generator.score(text) / len(text.encode()) / 0.6931471805599453
    print(f"{generator.count_params():,} parameters, {bits:.4f} bits per byte on scifi test")


if __name__ == "__main__":
    main()
