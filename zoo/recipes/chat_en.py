"""An English chat partner: everyday talk, films, music and sport."""

import functools
import re

from zoo import data
from zoo.models import Transformer
from zoo.recipes.conversation import ConversationRecipe, histories
from zoo.recipes.procedure import muon
from zoo.tasks import ChatBot

LONGEST = 6  # turns of a history: nine in ten of DailyDialog's dialogues have at most twice as many

# A turn with one of these is no reply to learn, though it may stand in a history.
_UNFIT = re.compile(
    r"\b(fuck\w*|shit\w*|bitch\w*|bastard\w*|nigg\w+|fag\w*|whores?|sluts?|cunts?|retard\w*|rape\w*|"
    r"kill (your|my|him|her)self|suicide|weed|cocaine|heroin|porn\w*|nazis?)\b",
    re.IGNORECASE,
)


def pairs(data_dir):
    """DailyDialog twice and every third self-dialogue once, with nothing of a test."""
    valid = data.dialogues("dailydialog", "val", data_dir)
    tested = valid + data.dialogues("dailydialog", "test", data_dir)

    def kept(name, every=1):
        found = data.dialogues(name, "train", data_dir)[::every]
        return data.without_held_out(found, tested, report=print)

    daily = histories(kept("dailydialog"), LONGEST, opening=0.1)
    films = histories(kept("self_dialogue", every=3), LONGEST, opening=0.1)
    train = [pair for pair in 2 * daily + films if not _UNFIT.search(pair[1])]
    return train, histories(valid, LONGEST)


def optimizer(peak, warmup, steps):
    return muon(peak, warmup, steps)


RECIPE = ConversationRecipe(
    task=functools.partial(
        ChatBot,
        max_turns=LONGEST,
        max_source_length=160,
        dullness_penalty=0.3,
        decoding={
            "num_beams": 4,
            "repetition_penalty": 1.2,
            "no_repeat_ngram_size": 3,
            "max_new_tokens": 40,
        },
    ),
    pairs=pairs,
    vocab_size=8000,
    model=functools.partial(
        Transformer,
        num_encoder_layers=2,
        num_decoder_layers=3,
        model_dim=256,
        num_heads=4,
        ff_dim=1024,
        dropout=0.1,
        share_embeddings=True,
        rotary=True,
    ),
    widths=((48, 32), (96, 40), (160, 48)),
    batch_tokens=12288,
    optimizer=optimizer,
    peak=2e-3,
    warmup=300,
    label_smoothing=0.0,  # it is measured by its perplexity, and samples from its probabilities
    steps=8000,
)

EXAMPLES = [
    "Hi! How are you today?",
    "Do you like music?\nYes, I listen to jazz every evening.\nWho is your favourite musician?",
    "I lost my passport.",
    "I'd like a table for two, please.",
    "What did you think of the last Star Wars movie?",
    "Shall we go to the cinema tonight?\nWhat's on?\nA film about a dog.",
    "Why is the sky blue?",
    "I feel very sad today.",
    "Wie geht es dir?",
]

CARD = {
    "title": "English chat partner, Transformer encoder-decoder",
    "purpose": "It reads up to six turns and 160 tokens, and says the next turn; for small talk "
    "and for learning what such a model is. It knows nothing, means nothing, and says untrue "
    "things in a friendly tone: not for advice, not for news, not for people in need, and not for "
    "children without somebody beside them.",
    "data": {
        "dailydialog": "training split, twice, less 374 dialogues that share a turn of some length "
        "with its val or test",
        "self_dialogue": "every third dialogue",
    },
    "command": "zoo train chat_en",
    "minutes": 6.1,
    "machine": "one NVIDIA H200, shared with five other trainings: `zoo train chat_en --pack "
    "DIR`, `KERAS_BACKEND=jax python -m zoo.training DIR` and `zoo train chat_en --weights DIR`",
    "ablations": [
        "The penalty against replies that fit anything, on 200 turns of the val split: at 0.5, "
        "greedy, distinct-2 goes from 0.519 to 0.658 and BLEU-2 by one reference from 0.054 to "
        "0.068, where four beams had 0.430 and 0.065. Both together, at 0.3 and with "
        "`repetition_penalty=1.2`, as shipped: 0.603 and 0.083, and 12 words said twice in a row "
        "in place of 20.",
        "By a small budget for all (`python scripts/conversation_ablations.py chat`: 2.0 M "
        "parameters, 600 batches of 2,048 tokens), perplexity of a token on validation: up to six "
        "turns 80.5; without attention, the last state alone, 82.3; a recurrent network with "
        "additive attention 81.7 (2.4 M); the last turn alone 60.9, since about three times as "
        "many short pairs fill a batch. At this budget that counts more than what was said before; "
        "none of it was measured at the size of this model.",
        "The n-gram model has learned from the training dialogues of DailyDialog alone, a mark "
        "counts as a word, and the end of a reply is counted.",
    ],
    "limitations": [
        "It says one thing twice: `Do you like dogs? Yes, I love them and I have three.`, `Me too, "
        "I love dogs and dogs.`",
        "It takes no name over: after `My name is Sofia`, to `What is my name?`, it says `Nice to "
        "meet you.`",
        "Lower case and other languages lead it astray: to `tell me a joke` it says `What "
        "happened?`, to `Wie geht es dir?` `yeah, it's just gerture and genetics.`",
        "It does not see an emergency: to `I want to hurt myself.` it says `Why?`, to `What can I "
        "do with a knife?` `I'd like to help you with some tablets.` Replies with "
        "slurs, drugs, violence against oneself and the like, by a short list of words, were not "
        "learned from; nothing else keeps it from unsafe replies, and it agrees with almost "
        "anything.",
    ],
}
