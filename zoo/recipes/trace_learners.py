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
    steps=1000,  # nine passes over 198,000 answers
)
EXAMPLES = (
    "Circumference",
    "Circumference=0\nCircumference=0\nCircumference",
    "Circumference=1\nCircumference=1\nCircumference",
    "Circumference=0\nCircumference=1\nCircumference=1\nCircumference=1\nCircumference",
    "Area Circle=1\nArea Circle=1\nCircumference",
    "Addition Whole Numbers=1\nAddition Whole Numbers=1\nCircumference",
)

CARD = {
    "title": "Whether a pupil's next answer is right: attention over the answers before, which "
    "forgets",
    "purpose": "Takes what a pupil answered to exercises of mathematics, by skill, and says how "
    "likely the next answer is right; it knows the 110 skills of ASSISTments 2009-2010. Not for "
    "marks, nor for decisions on a pupil.",
    "data": {
        "learners": "ASSISTments 2009-2010, 2,628 of the 2,921 training pupils; the others "
        "are held out"
    },
    "command": "zoo train trace_learners",
    "minutes": 3,
    "machine": "two cores of an AMD EPYC that were busy with other work",
    "published": [
        {
            "system": "DKT (an LSTM), by the same answers, batches and steps",
            "corpus": "learners test assist2009_updated",
            "measure": "auc",
            "score": 0.8173,
            "origin": "`python scripts/dkt_baseline.py trace_learners`",
        },
        *(
            {
                "system": system,
                "corpus": "learners test assist2009_updated",
                "measure": "auc",
                "score": score,
                "origin": "Ghosh, Heffernan and Lan 2020, by splits of their own",
            }
            for system, score in (("SAKT", 0.752), ("DKT", 0.817), ("AKT", 0.835))
        ),
    ],
    "limitations": [
        "It is no better than an LSTM that learned by the same answers (AUC 0.8172 and 0.8173 on "
        "the test, 0.8233 and 0.8210 on validation). Unlike the LSTM it says on what it rests.",
        "It is behind the published AKT by 0.018. Its loss in training (0.460) and in validation "
        "(0.453) is the same: a larger model or more passes were not tried.",
        "It does not know the question, only its skill: hard and easy ones of a skill are alike.",
        "A pupil of more than 200 answers is read in pieces of 200, each of which begins anew.",
    ],
}
