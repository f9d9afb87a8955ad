"""Summaries of conversations: a Transformer that copies, first taught to guess missing turns."""

import functools

from zoo import data
from zoo.models import PointerGenerator
from zoo.recipes.conversation import ConversationRecipe
from zoo.recipes.procedure import muon
from zoo.tasks import Summarizer

SPEAKERS = tuple(f"#Person{number}#" for number in range(1, 8))


def tested(data_dir):
    """The turns of every dialogue whose summary is measured."""
    rows = data.dialogsum("val", data_dir) + data.dialogsum("test", data_dir)
    return [data.turns_of(row.dialogue) for row in rows]


def pairs(data_dir):
    """DialogSum, and three copies of each dialogue with names for its speakers."""
    rows = data.dialogsum("train", data_dir)
    talks = [tuple(data.turns_of(row.dialogue)) for row in rows]
    kept = set(data.without_held_out(talks, tested(data_dir), report=print))
    rows = [row for row, talk in zip(rows, talks, strict=True) if talk in kept]
    train = [(row.dialogue, row.summaries[0]) for row in rows]
    valid = [(row.dialogue, row.summaries[0]) for row in data.dialogsum("val", data_dir)]
    return data.named_copies(train, 3), data.named_copies(valid, 1, seed=1)


def before(data_dir, run_dir):
    """Turns to guess, in the same dialogues and others without summaries, by tags and by names."""
    talks = data.dialogues("dailydialog", "train", data_dir)
    talks += data.dialogues("self_dialogue", "train", data_dir)[::6]
    talks = data.without_held_out(talks, tested(data_dir), report=print)
    dialogues = [dialogue for dialogue, _ in pairs(data_dir)[0][::4]]
    return data.named_copies(data.gap_pairs([*dialogues, *map(data.spoken, talks)]), 1, seed=2)


def optimizer(peak, warmup, steps):
    return muon(peak, warmup, steps)


RECIPE = ConversationRecipe(
    task=functools.partial(
        Summarizer, decoding={"num_beams": 5, "no_repeat_ngram_size": 3, "max_new_tokens": 120}
    ),
    pairs=pairs,
    before=before,
    vocab_size=6000,
    symbols=SPEAKERS,
    model=functools.partial(
        PointerGenerator,
        num_encoder_layers=4,
        num_decoder_layers=2,
        model_dim=256,
        num_heads=4,
        ff_dim=1024,
        dropout=0.2,
        share_embeddings=True,
        rotary=True,
    ),
    widths=((192, 64), (320, 96), (512, 128)),
    batch_tokens=12288,
    optimizer=optimizer,
    peak=2e-3,
    warmup=300,
    before_steps=3000,
    steps=4000,
)

# Written for this card; the last but one is a chat with slips, the last is no conversation.
EXAMPLES = [
    """Anna: Are you coming to Lena's party on Saturday?
Bo: I'd love to, but I have to work until nine.
Anna: Come later then. It will go on till late.
Bo: OK. Shall I bring anything?
Anna: A salad would be great.""",
    """#Person1#: Good morning. I'd like to return these shoes.
#Person2#: Is anything wrong with them?
#Person1#: They are too small. I need a size 41.
#Person2#: I'm sorry, we have only 40 and 42 left. Would you like your money back?
#Person1#: Yes, please. Here is the receipt.""",
    """Xiomara: Did Dr. Okonkwo call about the telescope?
Jarek: Yes, it arrives on Thursday at the observatory in Brno.
Xiomara: Great, I will drive there with Milena.""",
    """Tom: hey r u home?
Mia: nope still at the gym lol
Tom: ok i left ur keys under the mat
Mia: thx!!""",
    "The weather is nice today.",
]

CARD = {
    "title": "Summaries of English conversations, a Transformer with a pointer",
    "purpose": "It reads a conversation of two or more people, up to 512 tokens, each turn with "
    "its speaker's name, and says in a sentence or two what it was about; for learning what a "
    "pointer does and for comparing. It mixes up who said what: not for minutes, records, or "
    "anything that somebody relies on.",
    "data": {
        "dialogsum": "training split, less the dialogues that share a turn of some length with val "
        "or test; and three copies of each with names for its speakers",
        "dailydialog": "training split, likewise, without summaries: turns to guess, 3,000 steps",
        "self_dialogue": "every sixth dialogue, likewise",
    },
    "command": "zoo train summarize_dialogue",
    "minutes": 4.7,
    "machine": "one NVIDIA H200, shared with one other training: `zoo train summarize_dialogue "
    "--pack DIR`, `KERAS_BACKEND=jax python -m zoo.training DIR` and `zoo train "
    "summarize_dialogue --weights DIR`",
    "published": [
        {
            "system": "Transformer from scratch (the paper of DialogSum)",
            "corpus": "dialogsum test",
            "measure": name,
            "score": score,
            "origin": "Chen et al. 2021, py-rouge",
        }
        for name, score in (("rouge_1", 35.91), ("rouge_2", 8.74), ("rouge_l_sum", 33.50))
    ],
    "ablations": [
        "Guessing turns that were left out, before any summary: a smaller one (1.6 M parameters, a "
        "few hundred steps) had learned little without it.",
        "By a small budget for all (`python scripts/conversation_ablations.py summary`: 1.7 M "
        "parameters, 300 batches of 4,096 tokens of turns and 300 of summaries), perplexity of a "
        "token on validation, and ROUGE-1 and -2 of 100 summaries, greedy: with the pointer 28.6, "
        "34.3 and 7.8; without copying 95.1, 24.3 and 4.3; without attention, the last state "
        "alone, 101.0, 23.5 and 3.5. What can copy has much to say before it has learned to write; "
        "at the size of this model none of it was measured.",
        "Its loss on validation was lowest after 1,000 of the 4,000 steps of summaries (2.083, at "
        "the end 2.295); shorter trainings were not tried.",
        "Tried and left out: a mask by which decoder and pointer see the turns of one speaker "
        "alone. Of eight conversations of validation it said what that one had said, and gave it "
        "to both: `#Person2# invites #Person2# to hike`.",
        "Greedy search had ROUGE-1 44.8 in place of 45.5 on 60 dialogues of the val split, and "
        "28.7 in place of 35.9 on 60 chats of SAMSum.",
    ],
    "limitations": [
        "Who said what comes out wrong: of the conversation about the party below it writes "
        "`Anna invites Anna`.",
        "Most names it takes over; those that are cut into many tokens it can leave out, and words "
        "of chats that it never saw come out as fragments: see the fourth example.",
        "SAMSum, the chats of friends, it never saw: what it says of them is often wrong, with "
        "rows of words that are no sentence.",
        "What is no conversation is copied: see the last example.",
    ],
}
