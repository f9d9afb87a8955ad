"""Trains a CTC model on the strings of transcribe_digits, and measures it beside that model.

The same frames, strings, steps and optimizer, and as many weights: where the recogniser has a
decoder that attends, this one has one more encoder block and the loss of Graves et al. 2006,
Connectionist Temporal Classification. The figures are printed.

    python scripts/ctc_baseline.py --run-dir runs/ctc
"""

import argparse

import keras
import numpy as np
from keras import ops

from zoo import data
from zoo.evaluation.corpora import CORPORA
from zoo.evaluation.speech import measure_speech
from zoo.lite import audio
from zoo.models import SpeechTransformer
from zoo.recipes.procedure import muon
from zoo.recipes.transcribe_digits import DECODING, RECIPE, digit_tokenizer
from zoo.tasks import Recognizer

NAME = "transcribe_digits"
BLANK = 0


class CTC(keras.Model):
    """The encoder of a `SpeechTransformer`, and at each of its positions a token or none."""

    def __init__(self, encoder, vocab_size):
        super().__init__()
        self.encoder = encoder
        self.output_dense = keras.layers.Dense(vocab_size)

    def build(self, input_shape=None):
        self.encoder.build(None)
        self.output_dense.build((None, None, self.encoder.get_config()["model_dim"]))
        self.built = True

    def call(self, inputs, training=None):
        memory, mask = self.encoder.encode(inputs["source"], training=training)
        return self.output_dense(memory), ops.sum(ops.cast(mask[:, 0], "int32"), axis=1)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        logits, lengths = y_pred
        words = ops.cast(ops.sum(sample_weight, axis=1), "int32") - 1  # without the end token
        return ops.mean(ops.ctc_loss(y, logits, words, lengths, mask_index=BLANK))

    def texts(self, frames, recognizer):
        """What is heard in a batch: of like tokens in a row one, and no blanks."""
        logits, lengths = self({"source": recognizer.collate(frames)}, training=False)
        best = np.argmax(logits, axis=-1)
        rows = [row[:length] for row, length in zip(best, np.array(lengths), strict=True)]
        kept = [
            [
                int(i)
                for i, before in zip(row, [BLANK, *row], strict=False)
                if i not in (before, BLANK)
            ]
            for row in rows
        ]
        return recognizer.tokenizer.decode(kept)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-dir", required=True, help="of the checkpoints")
    parser.add_argument("--steps", type=int, default=RECIPE.steps, help="by default the recipe's")
    options = parser.parse_args()
    keras.utils.set_random_seed(RECIPE.seed)
    tokenizer = digit_tokenizer()
    # Its batches and its way of reading; its model is not used.
    recognizer = Recognizer(RECIPE.model(audio.BANDS, tokenizer.vocab_size), tokenizer, DECODING)
    sizes = {**RECIPE.model.keywords, "num_decoder_layers": 0}
    sizes["num_encoder_layers"] += 1
    encoder = SpeechTransformer(audio.BANDS, tokenizer.vocab_size, **sizes)
    model = CTC(encoder, tokenizer.vocab_size)
    model.build()
    model.compile(muon(RECIPE.peak, RECIPE.warmup, options.steps, RECIPE.weight_decay))
    recordings = data.spoken_digits("train") + data.spoken_digits("val")
    epochs = -(-options.steps // RECIPE.interval)
    model.fit(
        RECIPE.batches(recordings, recognizer).prefetch(8),
        steps_per_epoch=RECIPE.interval,
        epochs=epochs,
        verbose=2,
        callbacks=[keras.callbacks.BackupAndRestore(options.run_dir)],
    )
    print(f"{model.count_params():,} parameters, those of the unused tables with them")
    for corpus in CORPORA[NAME]:
        if corpus.split != "test":
            continue
        waves, texts = zip(*corpus.read(), strict=True)
        frames = list(map(audio.log_mel, waves))
        heard = [
            text
            for start in range(0, len(frames), 32)
            for text in model.texts(frames[start : start + 32], recognizer)
        ]
        print(f"{corpus.name}: {corpus.summary(measure_speech(heard, texts))}", flush=True)


if __name__ == "__main__":
    main()
