"""Fine-tune a shipped translator on pairs of your own by LoRA: low-rank updates of its layers.

    python scripts/fine_tune_with_lora.py translate_de_en mine.tsv held_out.tsv --out mine.keras

Each file has a pair a line: source TAB target. It prints BLEU on the held-out pairs before and
after, and saves a model that loads like any other. A few thousand pairs and some minutes of a CPU
suffice, since only the updates are trained; the vocabulary stays that of the shipped model. When
the file is loaded, Keras warns that it skips the state of the optimizer: that of the updates, which
are summed up with the weights in the file.
"""

import argparse

import keras

import zoo
from zoo import data
from zoo.evaluation import bleu
from zoo.training import WarmupLinear


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", help="a shipped translator, see `zoo list`")
    parser.add_argument("pairs", help="source TAB target, to train on")
    parser.add_argument("held_out", help="source TAB target, to measure on")
    parser.add_argument("--out", default="fine_tuned.keras", help="default: %(default)s")
    parser.add_argument("--rank", type=int, default=16, help="of the updates; default: %(default)s")
    parser.add_argument("--steps", type=int, default=300, help="batches; default: %(default)s")
    options = parser.parse_args()

    held_out = data.read_pairs(options.held_out)
    pairs = data.clean(data.read_pairs(options.pairs), held_out=held_out, report=print)
    translator = zoo.load(options.name)
    print(f"BLEU on {len(held_out)} held-out pairs before: {measure(translator, held_out):.1f}")

    translator.enable_lora(options.rank)
    trained = sum(int(keras.ops.size(weight)) for weight in translator.trainable_variables)
    print(f"{trained:,} of {translator.count_params():,} parameters are trained")
    rate = WarmupLinear(2e-3, max(1, options.steps // 10), options.steps)
    translator.compile(keras.optimizers.Adam(rate), label_smoothing=0.1)
    translator.fit(pairs, steps_per_epoch=options.steps, batch_tokens=2048)

    print(f"BLEU on {len(held_out)} held-out pairs after: {measure(translator, held_out):.1f}")
    translator.save(options.out)
    print(options.out)


def measure(translator, pairs):
    sources, targets = map(list, zip(*pairs, strict=True))
    return bleu(translator.generate(sources), targets).score


if __name__ == "__main__":
    main()
