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
        model_dim=128,
        num_heads=8,
        ff_dim=256,
        dropout=0.2,
        counts=True,
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
    "forgets, and their counts",
    "purpose": "Takes what a pupil answered to exercises of mathematics, by skill, and says how "
    "likely the next answer is right; it knows the 110 skills of ASSISTments 2009-2010. Not for "
    "marks, nor for decisions on a pupil.",
    "data": {
        "learners": "ASSISTments 2009-2010, 2,628 of the 2,921 training pupils; the others "
        "are held out"
    },
    "command": "zoo train trace_learners",
    "minutes": 5,
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
    "ablations": [
        "AUC on validation: attention alone, of width 64, 0.823, with the counts of right and "
        "wrong answers before (`counts`), by two decays, 0.827; of width 128, by four decays, as "
        "it is now, 0.829.",
    ],
    "limitations": [
        "It is behind the published AKT by 0.012, which had another split.",
        "What the counts of answers say is in no attention weight. On 83 pupils of validation 39 % "
        "of the weight lies on answers of the skill that is asked for, which are 24 % of all; "
        "without the counts it was 47 %.",
        "It does not know the question, only its skill: hard and easy ones of a skill are alike.",
        "A pupil of more than 200 answers is read in pieces of 200, each of which begins anew.",
    ],
}
