"""German to English: a Transformer on Multi30k."""

from zoo import data
from zoo.models import Transformer
from zoo.recipes.translation import TranslationRecipe

RECIPE = TranslationRecipe(
    pairs=lambda data_dir: (
        data.clean(data.multi30k("train", "de", "en", data_dir)),
        data.multi30k("val", "de", "en", data_dir),
    ),
    vocab_size=5000,  # one for both languages; a smaller output layer is a faster step
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
    steps=2800,  # about 10 passes over 29,000 pairs
)
