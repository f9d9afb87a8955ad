"""How the classifiers are trained: one procedure, and a short file of numbers for each."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.layers import NaiveBayes
from zoo.models import Ensemble, TextClassifier
from zoo.recipes.procedure import (
    adam,
    kept_tokenizer,
    kept_vectors,
    networks,
    train_and_save,
)
from zoo.tasks import Classifier
from zoo.text import SentencePieceTokenizer

_LONGER = 2.0  # vectors at the beginning, so that they are as long as random ones


def quick_adam(peak, warmup, steps):
    """Adam that forgets old gradients in 20 steps.

    With more, a word that comes rarely moves too far when it comes: on SST-2 the accuracy on
    validation was 0.773 with beta_2 0.999, and 0.794 with 0.95.
    """
    return adam(peak, warmup, steps, beta_2=0.95)


def ensemble(vocab_size, num_labels, *, members, naive_bayes_weight, **each):
    """Several `TextClassifier`s of the same sizes, `each`, with naive Bayes beside them."""
    return Ensemble(
        [TextClassifier(vocab_size, num_labels, **each) for _ in range(members)],
        NaiveBayes(vocab_size, num_labels),
        naive_bayes_weight,
    )


@dataclasses.dataclass(frozen=True)
class ClassificationRecipe:
    """What makes one classifier.

    Attributes:
        texts: `data_dir -> (train, valid)`, each a list of (text, label).
        labels: all labels, in the order of the model's outputs.
        more: `data_dir -> list of str`, text whose counts give the first vectors of the tokens.
            Default: they begin at random.
        tokenizer: options of `SentencePieceTokenizer.train` beside the lines.
        model: `(vocabulary size, number of labels) -> keras.Model`. If that is an `Ensemble`, its
            naive Bayes is counted before the training.
        steps: number of batches.
        batch_size: texts of a batch; see `Classifier.fit`.
        max_length: see `Classifier`.
        optimizer: `(peak, warmup, steps) -> keras.optimizers.Optimizer`.
        peak: the highest learning rate.
        warmup: steps until then.
        label_smoothing, r_drop_alpha: see `zoo.training.CrossEntropy`.
        subword_sampling: see `Classifier.fit`.
        interval: steps between two validations, each with a checkpoint.
        seed: of everything random.
    """

    texts: Callable
    labels: tuple[str, ...]
    tokenizer: dict
    model: Callable
    steps: int
    batch_size: int = 64
    max_length: int = 128
    optimizer: Callable = quick_adam
    peak: float = 2e-3
    warmup: int = 100
    label_smoothing: float = 0.0
    r_drop_alpha: float = 0.0
    subword_sampling: float = 0.0
    interval: int = 100
    more: Callable | None = None
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, calibrates on the validation texts, and saves `out`/model.keras.

        Arguments as of `TranslationRecipe.train`.
        """
        keras.utils.set_random_seed(self.seed)
        train, valid = self.texts(data_dir)
        tokenizer = kept_tokenizer(
            Path(run_dir) / "vocabulary.model",
            lambda: SentencePieceTokenizer.train([text for text, _ in train], **self.tokenizer),
        )

        def build():
            model = self.model(tokenizer.vocab_size, len(self.labels))
            if self.more is not None:
                self._set_vectors(model, run_dir, tokenizer, train, data_dir)
            classifier = Classifier(model, tokenizer, self.labels, max_length=self.max_length)
            if isinstance(model, Ensemble):
                model.naive_bayes.adapt(classifier.batches(train))
            return classifier

        return train_and_save(
            build,
            train,
            valid,
            optimizer=lambda total: self.optimizer(self.peak, self.warmup, total),
            steps=steps or self.steps,
            interval=self.interval,
            label_smoothing=self.label_smoothing,
            r_drop_alpha=self.r_drop_alpha,
            metrics=["accuracy"],
            after=lambda classifier: classifier.calibrate(valid),
            subword_sampling=self.subword_sampling,
            batch_size=self.batch_size,
            seed=self.seed,
            policy="float32",  # the products are small, and gain nothing from bfloat16
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )

    def _set_vectors(self, model, run_dir, tokenizer, train, data_dir):
        """Puts the vectors of its tokens into each network of a model."""
        model.build(None)
        members = networks(model)
        vectors = kept_vectors(
            Path(run_dir) / "vectors.npy",
            tokenizer,
            lambda: [*(text for text, _ in train), *self.more(data_dir)],
            members[0].embedding.output_dim,
        )
        for member in members:
            member.embedding.embeddings.assign(_LONGER * vectors)
