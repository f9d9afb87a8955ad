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


def before(data_dir):
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

# What it took and what it reached is said here when it is shipped.
CARD = {
    "title": "Summaries of English conversations, a Transformer with a pointer",
}
