"""A Chinese chat partner: exercises for learners, films, music, travel, social media."""

import functools

from zoo import data
from zoo.models import Transformer
from zoo.recipes.chat_en import optimizer
from zoo.recipes.conversation import ConversationRecipe, histories
from zoo.tasks import ChatBot

LONGEST = 6  # turns of a history


def pairs(data_dir):
    """The training dialogues, with nothing of the other splits."""
    valid = data.dialogues("chinese", "val", data_dir)
    tested = valid + data.dialogues("chinese", "test", data_dir)
    kept = data.dialogues("chinese", "train", data_dir)
    kept = data.without_held_out(kept, tested, report=print)
    return histories(kept, LONGEST, opening=0.1), histories(valid, LONGEST)[::4]


RECIPE = ConversationRecipe(
    task=functools.partial(
        ChatBot,
        max_turns=LONGEST,
        max_source_length=160,
        # A penalty makes it stammer; see the card.
        decoding={"num_beams": 1, "no_repeat_ngram_size": 2, "max_new_tokens": 40},
    ),
    pairs=pairs,
    vocab_size=6000,
    character_coverage=0.9995,
    model=functools.partial(
        Transformer,
        num_encoder_layers=2,
        num_decoder_layers=2,
        model_dim=256,
        num_heads=4,
        ff_dim=1024,
        dropout=0.3,
        share_embeddings=True,
        rotary=True,
    ),
    widths=((32, 24), (64, 40), (160, 64)),
    optimizer=optimizer,
    peak=2e-3,
    warmup=200,
    label_smoothing=0.0,  # as for chat_en
    interval=250,
    steps=3000,
)

EXAMPLES = [
    "你好！",
    "你叫什么名字？",
    "你喜欢看什么电影？",
    "周末我们去爬山吧。\n好啊，几点出发？\n早上八点，怎么样？",
    "服务员，请问有菜单吗？",
    "我今天很难过。",
]

CARD = {
    "title": "Chinese chat partner, Transformer encoder-decoder",
    "purpose": "It reads up to six turns and 160 tokens of simplified Chinese, and says the next "
    "turn; a toy to learn from. It learned from 9,135 dialogues of very different kinds, knows "
    "nothing and means nothing: not for advice, and not for people in need.",
    "data": {
        "chinese_dialogues": "training files, less 15 dialogues that share a turn of some "
        "length with the others"
    },
    "command": "zoo train chat_zh",
    "minutes": 2.3,
    "machine": "one NVIDIA H200, shared with five other trainings: `zoo train chat_zh --pack "
    "DIR`, `KERAS_BACKEND=jax python -m zoo.training DIR` and `zoo train chat_zh --weights DIR`",
    "helped": [
        "Not: the penalty against replies that fit anything. On 200 turns of the val files it took "
        "distinct-2 from 0.280 to 0.243 and BLEU-2 from 0.022 to 0.019, since the model stammers; "
        "so there is none, and no two tokens follow each other twice (`no_repeat_ngram_size=2`).",
    ],
    "faults": [
        "It was measured on the exercises for learners (C3) alone; KdConv's test was not.",
        "Most replies are of the right kind and make no sense: to `周末我们去爬山吧。`, `好啊，几点"
        "出发？`, `早上八点，怎么样？` it says `星期六,我明天上午十点了。`",
        "Asked for its name (`你叫什么名字？`) it speaks of a song: some of what it learned is "
        "talk about music and films.",
        "It comes out in half-width commas, as the vocabulary normalises them. Nothing was done "
        "against unsafe replies.",
    ],
}
