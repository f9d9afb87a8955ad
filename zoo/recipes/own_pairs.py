"""A translator on your own tab-separated file, sized by how much there is of it."""

import collections

from zoo import data
from zoo.models import Transformer
from zoo.recipes.procedure import muon
from zoo.recipes.translation import TranslationRecipe

_OFTEN, _FEWEST = 5, 10


def own_pairs_recipe(train, valid):
    """The recipe for files of source TAB target.

    Args:
        train: path of the training pairs.
        valid: path of the validation pairs.

    Returns:
        A `TranslationRecipe` of about 20 passes over the data.

    Raises:
        FileNotFoundError, ValueError: as for `zoo.data.read_pairs`.
        ValueError: fewer than 10 training pairs are left by `zoo.data.clean`.
    """
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
    steps = max(200, 20 * characters // 2 // 4 // 1600)  # 4 characters a token, 1,600 a batch
    return TranslationRecipe(
        pairs=lambda data_dir: (list(kept), held_out),
        vocab_size=vocab_size,
        model=lambda source, target: Transformer(
            source,
            target,
            num_encoder_layers=3,
            num_decoder_layers=3,
            model_dim=256,
            num_heads=4,
            ff_dim=512,
            dropout=0.15,
            share_embeddings=True,
        ),
        optimizer=muon,
        policy="float32",
        peak=3e-3,
        warmup=150,
        steps=steps,
    )
