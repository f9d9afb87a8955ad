"""Train what stands beside `generate_digits_vaegan` on its card, and measure it on the test.

    python scripts/vaegan_baselines.py

The same pictures, batches, optimizer and number of steps: once a plain variational autoencoder,
which has no discriminator, and once the VAE-GAN without self-attention.
"""

import argparse
from pathlib import Path

import keras

from zoo.evaluation import CORPORA
from zoo.recipes import recipe
from zoo.recipes.numbers import overridden

NAME = "generate_digits_vaegan"
BASELINES = {
    "vae": {"adversary": 0, "features": 0, "asked": 0, "pixels": 1, "divergence": 1},
    "no_attention": {"attention_heads": 0},
}


def main():
    """Read the command line, train, and print the figures of each set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=BASELINES, help="by default both")
    parser.add_argument("--steps", type=int, help="by default as many as the model")
    parser.add_argument("--run-dir", type=Path, default="runs/vaegan_baselines")
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else BASELINES:
        folder = Path(arguments.run_dir) / name
        chosen = overridden(recipe(NAME).RECIPE, BASELINES[name])
        path = chosen.train(out=folder, run_dir=folder, steps=arguments.steps, verbose=2)
        generator = keras.models.load_model(path)
        print(f"{name}: {generator.count_params():,} parameters")
        for corpus in CORPORA[NAME]:
            print(f"{corpus.name}: {corpus.summary(corpus.measure(generator, corpus.read()))}")


if __name__ == "__main__":
    main()
