"""What `chat_en` is compared with: a recurrent network with attention, by the same recipe."""

import dataclasses
import functools

from zoo.models import RNNSearch
from zoo.recipes import chat_en

RECIPE = dataclasses.replace(
    chat_en.RECIPE,
    model=functools.partial(
        RNNSearch, model_dim=256, units=448, attention_units=128, dropout=0.2, share_embeddings=True
    ),
    peak=1e-3,
    steps=2500,
)

# It is not shipped: what it reached stands on the card of chat_en.
CARD = {
    "title": "English chat partner, recurrent network with additive attention",
}
