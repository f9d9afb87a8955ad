"""Train a small model of tiny Shakespeare in about three minutes on a CPU core, and measure it.

    TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 python scripts/shakespeare_in_three_minutes.py

`generate_shakespeare` in small: less width, half the context, a quarter of the batch, so that there
are many steps in a short time. nanoGPT's recipe for a CPU comes to 1.88 nats per character.
"""

import argparse
import dataclasses

import keras

from zoo import data
from zoo.models import TransformerLM
from zoo.recipes import recipe

STEPS = 650


def main():
    """Read the command line, train, and print the loss of the last tenth of the text."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run-dir", default="runs/shakespeare_in_three_minutes")
    arguments = parser.parse_args()
    small = dataclasses.replace(
        recipe("generate_shakespeare").RECIPE,
        model=lambda vocab_size: TransformerLM(
            vocab_size,
            context_length=128,
            num_layers=4,
            model_dim=128,
            num_heads=2,
            ff_dim=512,
            dropout=0.0,
        ),
        steps=STEPS,
        batch_tokens=1024,
        peak=4e-3,
        interval=STEPS,
    )
    path = small.train(out=arguments.run_dir, run_dir=arguments.run_dir)
    generator = keras.models.load_model(path)
    (text,) = data.tiny_shakespeare("val")
    print(f"{generator.count_params():,} parameters, {-generator.score(text) / len(text):.4f} nats")


if __name__ == "__main__":
    main()
