"""A translator on your own tab-separated file, sized by how much there is of it."""

import collections
import functools

from zoo import data
from zoo.models import Transformer
from zoo.recipes.own_numbers import checked
from zoo.recipes.procedure import muon
from zoo.recipes.translation import TranslationRecipe

_OFTEN, _FEWEST = 5, 10


def own_pairs_recipe(train, valid, numbers=None):
    """The recipe for files of source TAB target.

    Args:
        train: path of the training pairs.
        valid: path of the validation pairs.
        numbers: dict of what is chosen otherwise, of the names in `own_numbers.RULES`: `model_dim`
            (256), `num_layers` of the encoder and of the decoder (3), `dropout` (0.15),
            `vocab_size` (by the data), `batch_tokens` (2048) and `peak`, the highest learning rate
            (0.003).

    Returns:
        A `TranslationRecipe` of about 20 passes over the data.

    Raises:
        FileNotFoundError, ValueError: as for `zoo.data.read_pairs`.
        ValueError: fewer than 10 training pairs are left by `zoo.data.clean`, or a number is
            unknown or out of range.
    """
    numbers = checked(numbers or {})
    pairs, held_out = data.read_pairs(train), data.read_pairs(valid)
    kept = data.clean(pairs, held_out=held_out)
    if len(kept) < _FEWEST:
        raise ValueError(
            f"{train}: a translator needs at least {_FEWEST} different pairs, none of them in "
            f"{valid}; got {len(pairs)} pairs, of which zoo.data.clean leaves {len(kept)}."
        )
    characters = sum(len(source) + len(target) for source, target in pairs)
    # A vocabulary of 5,000 wants about 2 million characters to learn its rarer tokens from.
    # Characters that are seen often enough want a token each, and leave a quarter of the room.
    letters = collections.Counter(letter for pair in pairs for side in pair for letter in side)
    common = sum(count >= _OFTEN for count in letters.values())
    vocab_size = min(5000, max(400, characters // 400, 300 + common * 4 // 3))
    batch_tokens = numbers.get("batch_tokens", 2048)
    # 4 characters a token; padding leaves about three quarters of a batch.
    steps = max(200, 20 * characters // 2 // 4 // (batch_tokens * 25 // 32))
    model_dim, num_layers = numbers.get("model_dim", 256), numbers.get("num_layers", 3)
    dropout = numbers.get("dropout", 0.15)
    return TranslationRecipe(
        pairs=lambda data_dir: (list(kept), held_out),
        vocab_size=numbers.get("vocab_size", vocab_size),
        model=functools.partial(
            Transformer,
            num_encoder_layers=num_layers,
            num_decoder_layers=num_layers,
            model_dim=model_dim,
            num_heads=4,
            ff_dim=2 * model_dim,
            dropout=dropout,
            share_embeddings=True,
        ),
        optimizer=muon,
        policy="float32",
        batch_tokens=batch_tokens,
        peak=numbers.get("peak", 3e-3),
        warmup=150,
        steps=steps,
    )
