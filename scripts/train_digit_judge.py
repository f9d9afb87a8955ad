"""Train the classifier by whose features generated digits are measured.

    python scripts/train_digit_judge.py

It learns from the training pictures of MNIST, shifted and turned a little, in some minutes, and is
measured once on the test. The file is zoo/evaluation/digit_judge.keras.
"""

import argparse
from pathlib import Path

import keras

from zoo import data
from zoo.tasks.files import save_model
from zoo.training import WarmupLinear

_FILE = Path(__file__).resolve().parent.parent / "zoo" / "evaluation" / "digit_judge.keras"


def network():
    """Pictures float (B, 28, 28, 1) from 0 to 1 -> features (B, 64) and logits (B, 10)."""
    inputs = x = keras.Input((28, 28, 1))
    x = keras.layers.RandomTranslation(0.1, 0.1, fill_mode="constant")(x)
    x = keras.layers.RandomRotation(0.04, fill_mode="constant")(x)
    for width, stride in ((24, 1), (24, 2), (48, 1), (48, 2), (64, 2)):
        x = keras.layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
    features = keras.layers.Dense(64, activation="relu", name="features")(x)
    logits = keras.layers.Dense(10, name="logits")(keras.layers.Dropout(0.3)(features))
    return keras.Model(inputs, [features, logits])


def main():
    """Read the command line, train, and print the accuracy on the validation and on the test."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--out", type=Path, default=_FILE)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(1)
    (images, digits), valid = data.mnist("train"), data.mnist("val")
    model = network()
    steps = -(-len(images) // 64) * arguments.epochs
    model.compile(
        keras.optimizers.Adam(WarmupLinear(2e-3, 100, steps)),
        loss=[None, keras.losses.SparseCategoricalCrossentropy(from_logits=True)],
        metrics=[None, "accuracy"],
    )
    model.fit(
        images[..., None] / 255.0,
        digits,
        batch_size=64,
        epochs=arguments.epochs,
        validation_data=(valid[0][..., None] / 255.0, valid[1]),
        verbose=2,
    )
    judge = network()  # without the optimizer
    judge.set_weights(model.get_weights())
    save_model(judge, arguments.out, compact=True)
    judge = keras.models.load_model(arguments.out, compile=False)
    for split in ("val", "test"):
        images, digits = data.mnist(split)
        _, logits = judge.predict(images[..., None] / 255.0, batch_size=250, verbose=0)
        print(f"{split}: accuracy {(logits.argmax(axis=1) == digits).mean():.4f}")


if __name__ == "__main__":
    main()
