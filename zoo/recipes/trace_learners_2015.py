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
        counts=True,
    ),
    steps=1000,  # four passes over 432,000 answers
)
EXAMPLES = (
    "skill 1",
    "skill 1=1\nskill 1=1\nskill 1",
    "skill 1=0\nskill 1=0\nskill 1",
    "skill 1=0\nskill 1=1\nskill 1=1\nskill 1",
    "skill 3=1\nskill 3=1\nskill 1",
)

CARD = {
    "title": "Whether a pupil's next answer is right: attention over the answers before, which "
    "forgets, and their counts",
    "purpose": "As `trace_learners`, for the 100 skills of ASSISTments 2015, which have numbers "
    "and no names. The two sets share no skill that could be told, so each has a model. Not for "
    "marks, nor for decisions on a pupil.",
    "data": {
        "learners": "ASSISTments 2015, 12,541 of the 13,935 training pupils; the others are "
        "held out"
    },
    "command": "zoo train trace_learners_2015",
    "minutes": 2.6,
    "machine": "two cores of an AMD EPYC that were busy with other work",
    "published": [
        {
            "system": "DKT (an LSTM), by the same answers, batches and steps",
            "corpus": "learners test assist2015",
            "measure": "auc",
            "score": 0.7336,
            "origin": "`python scripts/dkt_baseline.py trace_learners_2015`",
        },
        *(
            {
                "system": system,
                "corpus": "learners test assist2015",
                "measure": "auc",
                "score": score,
                "origin": "Ghosh, Heffernan and Lan 2020, by splits of their own",
            }
            for system, score in (("SAKT", 0.721), ("DKT", 0.731), ("AKT", 0.783))
        ),
    ],
    "ablations": [
        "AUC on validation: attention alone 0.726, with the counts of right and wrong answers "
        "before (`counts`), by two decays, 0.732, by four, as it is now, 0.733. Four times the "
        "weights (width 128): 0.733.",
    ],
    "limitations": [
        "It is behind the published AKT by 0.046, which had another split.",
        "What the counts of answers say is in no attention weight.",
        "It does not know the question, only its skill: hard and easy ones of a skill are alike.",
        "A pupil of more than 200 answers is read in pieces of 200, each of which begins anew.",
    ],
}
