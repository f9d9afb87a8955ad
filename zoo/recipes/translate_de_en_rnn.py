"""German to English: GRUs with additive attention on Multi30k."""

from zoo import data
from zoo.models import RNNSearch
from zoo.recipes.translation import TranslationRecipe

RECIPE = TranslationRecipe(
    pairs=lambda data_dir: (
        data.clean(data.multi30k("train", "de", "en", data_dir)),
        data.multi30k("val", "de", "en", data_dir),
    ),
    vocab_size=5000,  # as translate_de_en, so that only the architecture differs
    model=lambda source, target: RNNSearch(
        source,
        target,
        num_encoder_layers=1,
        model_dim=256,
        units=512,
        attention_units=256,
        cell="gru",
        dropout=0.2,
        share_embeddings=True,
    ),
    steps=2400,  # about 8 passes over 29,000 pairs
    peak=1.5e-3,
    warmup=200,
)
