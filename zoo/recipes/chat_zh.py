"""A Chinese chat partner: everyday talk, exercises for learners, films, travel, social media."""

import functools
import itertools

from zoo import data
from zoo.models import Transformer
from zoo.recipes import synthetic
from zoo.recipes.chat_en import optimizer
from zoo.recipes.conversation import ConversationRecipe, histories
from zoo.recipes.procedure import READS_TRADITIONAL
from zoo.tasks import ChatBot
from zoo.text import simplified

LONGEST = 6  # turns of a history
WRITTEN = "dailydialog_to_zh"


def pairs(data_dir):
    """The training dialogues, with nothing of the other splits."""
    valid = data.dialogues("chinese", "val", data_dir)
    tested = valid + data.dialogues("chinese", "test", data_dir)
    kept = data.dialogues("chinese", "train", data_dir)
    kept = data.without_held_out(kept, tested, report=print)
    return histories(kept, LONGEST, opening=0.1), histories(valid, LONGEST)[::4]


def before(data_dir, run_dir):
    """The everyday conversations of DailyDialog in Chinese.

    A model has translated them, and people some. Where a turn is missing, since it evaluates a
    translator, a conversation ends and another one begins.
    """
    chinese = {english: text for text, english in synthetic.pairs(WRITTEN, run_dir, data_dir)}
    for text, english in data.xdailydialog("train", "zh", "en", data_dir):
        chinese[data.untokenized(english)] = text
    talks = []
    for turns in data.dialogues("dailydialog", "train", data_dir):
        known = itertools.groupby(map(chinese.get, turns), key=lambda turn: turn is not None)
        talks += [list(run) for there, run in known if there]
    return histories(talks, LONGEST)


RECIPE = ConversationRecipe(
    task=functools.partial(
        ChatBot,
        max_turns=LONGEST,
        max_source_length=160,
        dullness_penalty=0.3,
        decoding={"num_beams": 1, "no_repeat_ngram_size": 2, "max_new_tokens": 40},
    ),
    pairs=pairs,
    before=before,
    vocab_size=7000,
    character_coverage=0.9995,
    replaced=simplified(),
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
    before_steps=4000,
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
    "purpose": "It reads up to six turns and 160 tokens of Chinese, and says the next "
    "turn; a toy to learn from. It learned from 9,135 dialogues of very different kinds, knows "
    "nothing and means nothing: not for advice, and not for people in need.",
    "data": {
        "dailydialog": "training split, first: 79,022 turns with their histories, whose Chinese a "
        "model has written (`zoo train translate_zh_en --reverse`), 4,000 steps",
        "xdailydialog": "training split: Chinese that people have written for some of these turns",
        "chinese_dialogues": "training files, then, less 15 dialogues that share a turn of some "
        "length with the others, 3,000 steps",
    },
    "command": "zoo train translate_zh_en --reverse; zoo train chat_zh",
    "minutes": 3.1,
    "machine": "one NVIDIA H200, shared with one other training: `zoo train chat_zh --pack "
    "DIR`, `KERAS_BACKEND=jax python -m zoo.training DIR` and `zoo train chat_zh --weights DIR`",
    "ablations": [
        "By a small budget for all (`python scripts/conversation_ablations.py chat_zh`: 1.8 M"
        " parameters, 600 batches of 2,048 tokens, without the everyday conversations "
        "before), perplexity of a token on validation: up to six turns 410; without "
        "attention, the last state alone, 416; a recurrent network with additive attention "
        "424 (2.3 M); the last turn alone 326, since more short pairs fill a batch. None of "
        "it was measured at the size of this model.",
        "DailyDialog in Chinese before the Chinese dialogues: perplexity on 60 dialogues of the "
        "val files 50.9 a character of C3 and 98.7 of CPED, where the Chinese dialogues alone had "
        "56.7 and 104.2 (with 6,000 tokens in the vocabulary in place of 7,000).",
        "The penalty against replies that fit anything, at 0.3, on 50 dialogues each of the val "
        "files: distinct-2 0.601 in place of 0.538 and BLEU-2 0.028 in place of 0.024 (C3), 0.611 "
        "and 0.007 in place of 0.558 and 0.005 (CPED). Four beams were worse on C3 (BLEU-2 0.012 "
        "to 0.018).",
        READS_TRADITIONAL,
    ],
    "limitations": [
        "On the talks of films, music and travel (KdConv, of which it saw 450) it says the same "
        "things more often than on C3: distinct-2 is half of people's.",
        "Of the replies below about half fit what was said; others do not: to `我今天很难过。` it "
        "speaks of studies abroad, and to `早上八点，怎么样？` it says `八点开始,下午下午八点了。`",
        "It comes out in half-width commas, as the vocabulary normalises them. Nothing was done "
        "against unsafe replies.",
    ],
}
