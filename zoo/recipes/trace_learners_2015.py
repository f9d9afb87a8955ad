"""Pupils' answers by the 100 skills of the set of 2015, which have no names."""

import functools

from zoo.models import AKT
from zoo.recipes.tracing import TracingRecipe

RECIPE = TracingRecipe(
    set="assist2015",
    skills=lambda data_dir: [f"skill {number}" for number in range(1, 101)],
    model=functools.partial(
        AKT,
        context_length=200,
        num_layers=1,
        model_dim=64,
        num_heads=4,
        ff_dim=128,
        dropout=0.2,
    ),
    steps=800,  # four passes over 436,000 answers
)
EXAMPLES = (
    "skill 1",
    "skill 1=1\nskill 1=1\nskill 1",
    "skill 1=0\nskill 1=0\nskill 1",
    "skill 1=0\nskill 1=1\nskill 1=1\nskill 1",
    "skill 3=1\nskill 3=1\nskill 1",
)
