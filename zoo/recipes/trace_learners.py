"""Pupils' answers to exercises of mathematics, by 110 skills: whether the next one is right."""

import functools

from zoo import data
from zoo.models import AKT
from zoo.recipes.tracing import TracingRecipe


def _skills(data_dir):
    names = data.skills("assist2009_updated", data_dir)
    return [names[number] for number in range(1, len(names) + 1)]


RECIPE = TracingRecipe(
    set="assist2009_updated",
    skills=_skills,
    model=functools.partial(
        AKT,
        context_length=200,
        num_layers=1,
        model_dim=64,
        num_heads=4,
        ff_dim=128,
        dropout=0.2,
    ),
    steps=1000,  # nine passes over 203,000 answers
)
EXAMPLES = (
    "Circumference",
    "Circumference=0\nCircumference=0\nCircumference",
    "Circumference=1\nCircumference=1\nCircumference",
    "Circumference=0\nCircumference=1\nCircumference=1\nCircumference=1\nCircumference",
    "Area Circle=1\nArea Circle=1\nCircumference",
    "Addition Whole Numbers=1\nAddition Whole Numbers=1\nCircumference",
)
