"""How the matchers are trained: vectors of much text first, then lists of judged texts."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.models import CompareAggregate, Ensemble
from zoo.recipes.procedure import (
    adam,
    kept_tokenizer,
    kept_vectors,
    networks,
    train_and_save,
)
from zoo.tasks import Matcher
from zoo.text import SentencePieceTokenizer, rarity


def comparers(vocab_size, model_dim, *, members, **each):
    """Several `CompareAggregate` of the same sizes, `each`, that share their vectors."""
    return Ensemble(
        [CompareAggregate(vocab_size, model_dim, **each) for _ in range(members)],
        share_embedding=True,
    )


@dataclasses.dataclass(frozen=True)
class MatchingRecipe:
    """What makes one matcher.

    Attributes:
        pairs: `data_dir -> (train, valid)`, each a list of (question, text, 0 or 1); the tokens and
            how rare they are come from these texts, and the vectors from them, too.
        more: `data_dir -> list of str`, further text for the vectors.
        tokenizer: options of `SentencePieceTokenizer.train` beside the lines.
        model: `(vocabulary size, width of a vector) -> keras.Model`.
        steps: number of batches.
        batch_size: lists of a batch; see `Matcher.fit`.
        model_dim: width of a vector.
        window: how far neighbours stand that a vector is made of; see `zoo.text.word_vectors`.
        max_length: see `Matcher`.
        peak: the highest learning rate.
        warmup: steps until then.
        interval: steps between two validations, each with a checkpoint.
        seed: of everything random.
    """

    pairs: Callable
    more: Callable
    tokenizer: dict
    model: Callable
    steps: int
    batch_size: int = 16
    model_dim: int = 128
    window: int = 4
    max_length: int = 128
    peak: float = 2e-3
    warmup: int = 1
    interval: int = 60
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, calibrates on the validation pairs, and saves `out`/model.keras.

        Arguments as of `TranslationRecipe.train`.
        """
        keras.utils.set_random_seed(self.seed)
        train, valid = self.pairs(data_dir)
        lines = [text for pair in train for text in pair[:2]]
        tokenizer = kept_tokenizer(
            Path(run_dir) / "vocabulary.model",
            lambda: SentencePieceTokenizer.train(list(dict.fromkeys(lines)), **self.tokenizer),
        )
        vectors = kept_vectors(
            Path(run_dir) / "vectors.npy",
            tokenizer,
            lambda: [*dict.fromkeys(lines), *self.more(data_dir)],
            self.model_dim,
            self.window,
        )
        rare = rarity(tokenizer.encode([text for _, text, _ in train]), tokenizer.vocab_size)

        def build():
            model = self.model(tokenizer.vocab_size, self.model_dim)
            model.build(None)
            for member in networks(model):
                member.set_vectors(vectors)
                member.set_rarity(rare)
            return Matcher(model, tokenizer, max_length=self.max_length)

        return train_and_save(
            build,
            train,
            valid,
            optimizer=lambda total: adam(self.peak, self.warmup, total),
            steps=steps or self.steps,
            interval=self.interval,
            metrics=["accuracy"],
            after=lambda matcher: matcher.calibrate(valid),
            batch_size=self.batch_size,
            seed=self.seed,
            policy="float32",  # the products are small, and gain nothing from bfloat16
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )
