# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11. A chat partner, and why it is dull
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/11_chat_partner.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/11_chat_partner.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title How varied the replies are by way of decoding, beside those of people

# %% [markdown]
# *Where this goes.* The picture shows how varied the replies of one trained chat partner are, by
# way of decoding. The line is what people say. You will write the measure, find out why the most
# probable replies are dull, and write the last method of the picture yourself. At the end you train
# the chat partner on a lesson of your own.
#
# **You need** the decoding of [notebook 4](04_text_generation.ipynb), and the data set DailyDialog.
# **Time**: 3 to 7 minutes on 2 CPU cores.
#
# *You do not have DailyDialog?* Where the folder that `ZOO_DATA` names has none, the notebook
# fetches it from its authors (5 MB; its terms are non-commercial). Without a connection it takes
# seven short dialogues that are written below. Everything runs then, and all you write works, but
# the figures of so few replies say little. The numbers in the text are those of the run that is
# shown here, on the zoo's edition, in which no dialogue stands in two splits.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import collections
import io
import os
import re
import time
import urllib.request
import zipfile

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

import zoo

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
HISTORIES, CANDIDATES, LONGEST = 100, 10, 40  # conversations, replies to each, their tokens
MORE = 4, 6, 12  # how often the lesson of section 7 is read again
DOWNLOAD = True  # the data, where they are not there: 5 MB
if FAST:
    HISTORIES, CANDIDATES, LONGEST, MORE, DOWNLOAD = 2, 2, 5, (1,), False
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
STARTED = time.time()
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})
BLUE, LIGHT, ORANGE, GREY = "#0072b2", "#a6cee3", "#d55e00", "0.85"

# %% [markdown]
# ## 1. What is a conversation to a model?
#
# A **sequence-to-sequence** (序列到序列) model turns one text into another. For translation the two
# are a German and an English sentence. For a **dialogue system** (对话系统) the source is the
# **history** (对话历史): all turns (轮) so far, joined into one text. The target is the next turn.
# That is the whole trick (Vinyals and Le 2015), and nothing in the Transformer must change.


# %%
def box(axes, x, y, width, text, color):
    """A box with its left edge at x and its centre at y."""
    edge = {"facecolor": color, "edgecolor": "0.2"}
    axes.add_patch(plt.Rectangle((x, y - 0.3), width, 0.6, **edge))
    axes.text(x + width / 2, y, text, ha="center", va="center", size=11)


def arrow(axes, start, end, bend=0.0):
    style = {"arrowstyle": "-|>", "connectionstyle": f"arc3,rad={bend}", "color": "0.2"}
    axes.annotate("", end, start, arrowprops=style)


LABELS = {"history: turns, joined": (1.25, 3.45), "attention": (5.25, 2.4)}
LABELS |= {"reply": (8.95, 2.65), "the reply so far": (7.8, 1.15)}


# %%
figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
for y, text in ((3, "My dog ran away."), (2.2, "When?"), (1.4, "This morning.")):
    box(axes, 0, y, 2.5, text, GREY)
    arrow(axes, (2.5, y), (3.2, 2.2))
box(axes, 3.2, 2.2, 1.4, "encoder", LIGHT)
arrow(axes, (4.6, 2.2), (5.9, 2.2))
box(axes, 5.9, 2.2, 1.4, "decoder", "#fdd0a2")
arrow(axes, (7.3, 2.2), (7.9, 2.2))
box(axes, 7.9, 2.2, 2.1, "I am sorry.", GREY)
arrow(axes, (8.9, 1.9), (6.6, 1.9), bend=-0.5)
for text, (x, y) in LABELS.items():
    axes.text(x, y, text, ha="center", va="center", size=11)
axes.set(xlim=(-0.1, 10.1), ylim=(0.95, 3.7))
axes.axis("off")
plt.show()

# %% [markdown]
# *Figure 1. A chat partner. The encoder (编码器) reads the joined turns. The decoder (解码器)
# attends to them and writes the reply one token after the other; each token that it has written is
# part of its next input: it is **autoregressive** (自回归).*
#
# The data are dialogues, and each dialogue is a list of turns.

# %%
STAND_IN = [
    ["Hi, Anna! How are you?", "Fine, thanks. And you?", "A little tired.", "Why is that?"],
    ["Can I help you?", "I am looking for a coat.", "What colour would you like?", "Black."],
    ["Shall we go to the cinema?", "Good idea. What is on?", "A film about a dog."],
    ["Where is the station?", "Go straight on, then left.", "Thank you.", "You are welcome."],
    ["I lost my passport.", "When did you see it last?", "This morning, on the train."],
    ["Do you play football?", "No, but I like to swim.", "How often?", "Twice a week."],
    ["What would you like to eat?", "The soup, please.", "Anything to drink?", "Water."],
]


# %%
def from_folder():
    return [zoo.data.dialogues("dailydialog", split) for split in ("train", "val")]


def download(site="http://yanran.li/files/ijcnlp_dailydialog.zip"):
    """The same from the file of the authors: a dialogue a line, `__eou__` after each turn."""
    with urllib.request.urlopen(site, timeout=30) as file:
        packed = zipfile.ZipFile(io.BytesIO(file.read()))
    splits = []
    for name in ("train", "validation"):
        inner = zipfile.ZipFile(io.BytesIO(packed.read(f"ijcnlp_dailydialog/{name}.zip")))
        lines = inner.read(f"{name}/dialogues_{name}.txt").decode().splitlines()
        rows = [line.split("__eou__")[:-1] for line in lines]
        splits.append([[zoo.data.untokenized(turn).strip() for turn in row] for row in rows])
    return splits


# %%
def first_found():
    """Dialogues to train and to validate, from the first place that has them."""
    for read in (from_folder, download) if DOWNLOAD else (from_folder,):
        try:
            return read()
        except (OSError, ValueError) as error:  # not there, another edition, or no connection
            print(f"{read.__name__}: {error}")
    return STAND_IN, STAND_IN


train, valid = first_found()
print(f"{len(train):,} dialogues for training, {len(valid):,} for validation")
print(*valid[0], sep="\n")


# %% [markdown]
# Now write the pairs. Each turn but the first is a reply, and its history is what stands before it,
# at most six turns, since old turns matter little and cost time.


# %%
def reply_pairs(dialogues, turns=6):
    """Each history, a list of turns, with the reply that a person gave."""
    return [
        (dialogue[max(0, i - turns) : i], dialogue[i])
        for dialogue in dialogues
        for i in range(1, len(dialogue))
    ]


toy = reply_pairs([["Hi!", "Hello.", "Bye."]])
assert toy == [(["Hi!"], "Hello."), (["Hi!", "Hello."], "Bye.")]
assert reply_pairs([list("abcdefghi")])[-1] == (list("cdefgh"), "i")

# %%
pairs = reply_pairs(valid)
chosen = pairs[:: max(1, len(pairs) // HISTORIES)][:HISTORIES]  # evenly spaced
histories, people = [history for history, _ in chosen], [reply for _, reply in chosen]
MANY = len(chosen) >= 50  # enough for statistics
print(f"{len(reply_pairs(train)):,} pairs for training, {len(pairs):,} for validation; "
      f"we reply to {len(chosen)}")  # fmt: skip

# %% [markdown]
# `zoo train chat_en` trains a Transformer on such pairs (and on talks about films, music and
# sport; a tenth of the replies once more without a history, so that section 3 can ask how
# likely a reply is alone), with **teacher forcing** (强制教学): the decoder sees the right reply
# so far, whatever it would have written. That takes minutes on a GPU and hours on a CPU, so
# we load the model that is shipped, and work on what comes after training: how it *replies*.
# The shipped model has its own rules against dull replies; `PLAIN` turns all of them off, so
# that we start at nothing.

# %%
chat = zoo.load("chat_en")
PLAIN = {"dullness_penalty": 0.0, "repetition_penalty": 1.0, "no_repeat_ngram_size": 0}
PLAIN |= {"max_new_tokens": LONGEST}
METHODS = {
    "greedy": {"num_beams": 1},
    "4 beams": {"num_beams": 4},
    "top-p 0.9": {"top_p": 0.9, "temperature": 1.0, "seed": 1},
}
replies = {name: chat.reply(histories, **PLAIN, **how) for name, how in METHODS.items()}
for history, *row in list(zip(histories, *replies.values(), people))[1:4]:
    print("...", history[-1])
    for name, reply in zip([*replies, "people"], row):
        print(f"    {name:10} {reply}")

# %% [markdown]
# ## 2. Measure dullness
#
# A single reply can look good. The fault shows when we read many of them. What are the most
# frequent ones?


# %%
def most_frequent(texts, count=10):
    """The share of texts that are one of the `count` most frequent."""
    found = collections.Counter(texts).most_common(count)
    return sum(times for _, times in found) / len(texts)


assert most_frequent(["yes"] * 8 + ["no", "maybe"], count=1) == 0.8

for name, texts in (replies | {"people": people}).items():
    top = collections.Counter(texts).most_common(3)
    print(f"{name:10}", ", ".join(f"{times} x {text!r:.35}" for text, times in top))

# %% [markdown]
# The second measure is **distinct-n** (Li et al. 2016): the number of *different* runs of n words
# (n 元语法, n-grams) over the number of all of them, counted over all replies together. It is 1
# where nothing is ever said twice. Write it in five lines.


# %%
def words(text):
    return re.findall(r"[\w']+|[^\w\s]", text.lower())


def distinct(texts, n):
    """The share of different n-grams among all n-grams of all texts."""
    rows = [words(text) for text in texts]
    grams = [tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1)]
    return len(set(grams)) / max(1, len(grams))


assert distinct(["I don't know", "I don't know"], 2) == 0.5


# %%
def report(name, texts):
    length = np.mean([len(words(text)) for text in texts])
    print(f"{name:14}{distinct(texts, 1):10.2f}{distinct(texts, 2):12.2f}{length:9.1f}"
          f"{most_frequent(texts):14.0%}")  # fmt: skip


print(f"{'':14}distinct-1  distinct-2   length  ten frequent")
for name, texts in (replies | {"people": people}).items():
    report(name, texts)
assert not MANY or distinct(replies["4 beams"], 2) < distinct(people, 2)

# %% [markdown]
# Beam search finds more probable replies than greedy search does, and they are duller: distinct-2
# is 0.52 with beams, 0.61 with greedy search and 0.87 for people. (Of 100 replies that all differ,
# the ten most frequent are 10%: that is the best value of the last column.) Top-p sampling (核采样)
# reaches 0.83, close to people. But read its replies above: *You are foreigners ' vegetables.*
# Variety alone is not quality.
#
# Mind the column of lengths: the more words are counted, the more of them have been said before. So
# distinct-n is too kind to short replies. Exercise 1 repairs it.
#
# ## 3. Why: the reply that fits anything
#
# The model was trained to give each person's reply a high probability. A history has hundreds of
# good replies, and each is rare. *I don't know.* fits almost everywhere, so it gets a part of
# the probability everywhere, and wins. To see it, ask for two numbers: log P(reply | history), and
# log P(reply) with an empty history, which is how likely the reply is *whatever was said*.


# %%
def log_p(histories, replies, partner=chat):
    """Natural logarithm of P(reply | history) for each pair; an empty history has no turn."""
    sources = ["\n".join(turns) for turns in histories]
    parts = [slice(i, i + 50) for i in range(0, len(sources), 50)]
    return np.concatenate([partner.score(sources[part], replies[part]) for part in parts])


# %%
history = ["What did you do at the weekend?", "My dog ran away in the park.", "Oh no! And then?"]
tried = ["I don't know.", "That's a good idea.", "We looked for him all day.", "I bought a car."]
given, alone = log_p([history] * 4, tried), log_p([[]] * 4, tried)
print("log P(reply | history)   log P(reply)   difference")
for row in zip(given, alone, given - alone, tried):
    print("{:22.1f} {:14.1f} {:12.1f}   {}".format(*row))
assert given[2] - alone[2] > given[0] - alone[0]

# %% [markdown]
# *I don't know.* is the most probable of the four, and the history adds only 0.6 to it: it is about
# as likely after anything. *That's a good idea.* is even less likely here than elsewhere. The
# history helps *We looked for him all day.* most, by 4.1. It also helps *I bought a car.*, by 2.8,
# which does not fit: the model understands less than we would like.
#
# The difference is the logarithm of P(reply | history) / P(reply), the (pointwise) **mutual
# information** (互信息) of history and reply: how much the history helps to foresee the reply.
# Li et al. (2016) choose the reply that has the highest
#
# $$\text{score} = \log P(\text{reply} \mid \text{history}) - \lambda \log P(\text{reply}).$$
#
# With λ = 0 that is the most probable reply; with λ = 1 it is the mutual information. This is
# **maximum mutual information** (最大互信息, MMI). A reply that is probable after anything pays a
# penalty. Write it: sample several candidates for each history, and **re-rank** (重排序) them. Both
# terms grow with length, so we divide by the number of tokens, as beam search does (exercise 3
# shows what happens without).


# %%
def mmi(given, alone, tokens, penalty):
    """Scores for re-ranking, per token. All arrays are of shape (histories, candidates)."""
    return (given - penalty * alone) / tokens


toy = np.array([[-6.0, -9.0]]), np.array([[-5.0, -15.0]]), np.array([[3, 3]])
assert mmi(*toy, penalty=0.0).argmax() == 0  # the more probable reply
assert mmi(*toy, penalty=0.5).argmax() == 1  # -9 + 7.5 is more than -6 + 2.5

# %%
options = {"temperature": 0.7, "seed": 2, "num_return_sequences": CANDIDATES}
candidates = chat.reply(histories, **PLAIN, **options)
flat = [text for row in candidates for text in row]
repeated = [history for history in histories for _ in range(CANDIDATES)]
given = log_p(repeated, flat).reshape(-1, CANDIDATES)
alone = log_p([[]] * len(flat), flat).reshape(-1, CANDIDATES)
tokens = np.reshape([len(i) + 1 for i in chat.target_tokenizer.encode(flat)], given.shape)


def reranked(penalty):
    best = mmi(given, alone, tokens, penalty).argmax(axis=1)
    return [row[i] for row, i in zip(candidates, best)]


# %% [markdown]
# One conversation, with its candidates from the best to the worst by λ = 0.5:

# %%
row = min(3, len(histories) - 1)
print(*histories[row], sep="\n")
score = mmi(given, alone, tokens, 0.5)[row]
print("\nlog P(reply | history)   log P(reply)    score")
for i in np.argsort(-score):
    print(f"{given[row, i]:22.1f} {alone[row, i]:14.1f} {score[i]:8.2f}   {candidates[row][i]}")

# %% [markdown]
# *OK, here you are.* is so probable that it stays the first in spite of the penalty. But *Thanks,
# I'll take it.* and *Is this the right card?* stand above *Sure, here you are.*, which is more
# probable than both: the history helps them more (by 5.5 and 6.9, in place of 3.2), and they are
# longer, so that the sum is divided by more tokens.
#
# ## 4. How much penalty?
#
# λ is a **hyperparameter** (超参数). We expect that with a larger λ the replies are more varied,
# and also less probable. Draw both.


# %%
def per_token(texts):
    """Mean log probability of a token of these replies to `histories`."""
    count = sum(len(ids) + 1 for ids in chat.target_tokenizer.encode(texts))
    return log_p(histories, texts).sum() / count


# %%
penalties = np.linspace(0, 1, 11)
varied = [distinct(reranked(penalty), 2) for penalty in penalties]
probable = [per_token(reranked(penalty)) for penalty in penalties]
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained", sharex=True)
axes[0].plot(penalties, varied, "o-", color=BLUE)
axes[0].axhline(distinct(people, 2), color="0.3", linestyle="--")
axes[0].text(0, distinct(people, 2), "people", va="bottom")
axes[1].plot(penalties, probable, "o-", color=ORANGE)
axes[0].set(xlabel="penalty λ", ylabel="distinct-2")
axes[1].set(xlabel="penalty λ", ylabel="log P per token")
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. The price of variety: with a larger penalty the replies repeat one another less (left),
# and the model finds them less probable (right).*

# %%
for penalty in (0.0, 0.5, 1.0):
    report(f"λ = {penalty}", reranked(penalty))
assert not MANY or varied[0] < varied[5]
controls = {"λ = 0": reranked(0), "λ = 0.5": reranked(0.5)}
for name, texts in (replies | controls | {"people": people}).items():
    print(f"{name:10} log P per token {per_token(texts):6.2f}")

# %% [markdown]
# The penalty works: from λ = 0 to 0.5, distinct-2 rises from 0.67 to 0.76, and the length stays
# nearly the same (7.9 and 7.7 words), so shorter replies are not the reason. The price is small:
# log P per token falls from -1.03 to -1.19; the beams have -0.85 and top-p has -2.19. Look at the
# last line: what people say has only -3.20. People do *not* say the most probable thing, so a
# search for the most probable reply looks in the wrong place.

# %% tags=["cover"]
shown = replies | {"re-ranked,\nλ = 0": reranked(0), "re-ranked,\nλ = 0.5": reranked(0.5)}
values = [distinct(texts, 2) for texts in shown.values()]
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
bars = axes.bar(list(shown), values, color=[GREY] * 4 + [LIGHT], edgecolor="0.2", width=0.6)
axes.bar_label(bars, fmt="%.2f", label_type="center")
level = distinct(people, 2)
axes.axhline(level, color=ORANGE, linestyle="--")
axes.text(4.4, level, f"people {level:.2f}", ha="right", va="bottom")
axes.set(ylabel="distinct-2", ylim=(0, 1.05), xlim=(-0.5, 4.5))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. distinct-2 of the replies to the same histories, by way of decoding. The dashed line is
# that of people's replies.*
#
# The bar with λ = 0 is the control (对照): the same candidates without a penalty. The step from
# 0.67 to 0.76 is what the penalty adds; the rest comes from sampling, and perhaps from shorter
# replies (exercise 1 takes that out). What do the replies look like?

# %%
for history, before, after in list(zip(histories, replies["4 beams"], reranked(0.5)))[4:9]:
    print(f"... {history[-1]}\n    4 beams:    {before}\n    re-ranked:  {after}")

# %% [markdown]
# Read them, too. *What else does that include?* fits its history better than the beam's reply does.
# *Oh, that's right. I remember.* is no answer to the news of a divorce. distinct-2 sees no
# difference between the two: it measures variety and nothing else.
#
# `chat_en` itself subtracts λ · log P at each *token* during the beam search, so it needs no list
# of candidates: `chat.reply(turns, dullness_penalty=0.3)`.
#
# ## 5. Does it read the history at all?
#
# A dull partner might have stopped listening. Test it: how probable are people's replies with
# the whole history, with its last turn alone, without any, and with the history of *another*
# dialogue?

# %%
tested = pairs[:: max(1, len(pairs) // (5 * HISTORIES))][: 5 * HISTORIES]
read, said = [turns for turns, _ in tested], [reply for _, reply in tested]
count = sum(len(ids) + 1 for ids in chat.target_tokenizer.encode(said))
shown = {
    "all turns": read,
    "last turn": [turns[-1:] for turns in read],
    "no history": [[]] * len(read),
    "another history": read[len(read) // 2 :] + read[: len(read) // 2],
}
losses = {name: -log_p(turns, said).sum() / count for name, turns in shown.items()}
for name, loss in losses.items():
    print(f"{name:16} loss {loss:.2f}, perplexity {np.exp(loss):.1f}")
assert not MANY or losses["all turns"] < losses["last turn"] < losses["no history"]

# %% [markdown]
# **Perplexity** (困惑度) is e to the power of the loss, and low is good. It is 32.9 without a
# history, 27.4 with the last turn and 24.2 with all turns. So the model does read, and the older
# turns help, too. The history of another dialogue (43.6) is worse than none: the model believes
# what it reads.
#
# And where does it look? The decoder's **cross-attention** (交叉注意力) gives each token of the
# reply a weight for each token of the history. We add up the weights within each turn; a token
# `</s>` ends a turn.

# %%
turns = ["Shall we go to the cinema tonight?", "Good idea. What is on?", "A film about a dog."]
out = chat.reply(turns, return_dict=True, max_new_tokens=LONGEST)
weights = out.attention[-1].mean(axis=0)  # last layer, mean of the heads: (T, S)
ends = [i + 1 for i, token in enumerate(out.source_tokens) if token == "</s>"]
by_turn = np.stack([part.sum(axis=1) for part in np.split(weights, ends[:-1], axis=1)], axis=1)
print(out.text, by_turn.shape)
assert np.allclose(by_turn.sum(axis=1), 1, atol=1e-3)

# %%
figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
image = axes.imshow(by_turn.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
axes.set_yticks(range(len(turns)), turns)
marks = [token.replace("▁", "") or "▁" for token in out.tokens]
axes.set_xticks(range(len(marks)), marks, rotation=60)
for (turn, token), weight in np.ndenumerate(by_turn.T):
    color = "white" if weight > 0.5 else "0.1"
    axes.text(token, turn, f"{weight:.1f}", ha="center", va="center", color=color, size=8)
axes.set_xlabel("reply, token by token")
figure.colorbar(image, label="attention to the turn")
plt.show()

# %% [markdown]
# *Figure 4. How much each token of the reply attends to each turn. A column sums to 1.*
# The token *dog* looks almost only at the turn that has the dog (0.8). The other tokens look at
# several turns.
#
# (`zoo.plot_attention(out)` draws it for each token of the history, and in `zoo chat chat_en` the
# command `/why` says it in words.)
#
# ## 6. A failure: it knows nothing, and seldom takes over a name

# %%
QUESTIONS = [
    ["My name is Sofia.", "Nice to meet you, Sofia.", "What is my name?"],
    ["My name is Sofia.", "What is my name?"],
    ["What is the capital of France?"],
    ["Why is the sky blue?"],
]
for turns in QUESTIONS:
    print(" / ".join(turns), "\n   ->", chat.reply(turns, max_new_tokens=LONGEST))

# %% [markdown]
# Perhaps the decoding is at fault, and the model does find the right name more probable? Ask it.
# Each of eight names is told once, and all eight are offered as the answer; chance is 1 of 8. Some
# names are frequent in any dialogue, so the second line subtracts what each name gets on average
# over all histories: the mutual information once more.

# %%
NAMES = ["Anna", "Tom", "Sofia", "Peter", "Mary", "Ali", "Lucy", "David"][: LONGEST // 5]


def told(name):
    return [f"My name is {name}.", "Nice to meet you.", "What is my name?"]


# %%
def find_names(partner):
    """Which of all names the partner finds most probable, for each that it was told."""
    answers = [f"Your name is {name}." for name in NAMES]
    asked = [told(name) for name in NAMES for _ in answers]
    table = log_p(asked, answers * len(NAMES), partner).reshape(len(NAMES), -1)
    for title, scores in (("log P", table), ("less its mean", table - table.mean(axis=0))):
        guess = scores.argmax(axis=1)
        right = int(np.sum(guess == np.arange(len(NAMES))))
        print(f"{title}: {right} of {len(NAMES)} right;", *(NAMES[i] for i in guess))


find_names(chat)

# %% [markdown]
# By log P the model is right 4 times of 8, and three of its four errors are *David*.
# Without that preference it is right 8 times of 8! So attention does carry the name from the
# history to the answer: the name becomes more probable than it was. But the habits of the model are
# stronger, and the replies above do not even begin an answer. In daily conversations hardly anybody
# asks what his own name is.
#
# ## 7. Teach it
#
# So write a lesson: forty *other* names, each in the same three turns, with the right answer. To go
# on training a model that is trained is called **fine-tuning** (微调).

# %%
OTHERS = """Alice Ben Carla Daniel Emma Frank Grace Henry Ida Jack Kate Leo Maria Nick Olga Paul
Rosa Sam Tina Victor Wendy Max Nora Oscar Julia Karl Laura Martin Nina Otto Rita Simon Tanya Felix
Eva George Helen Ivan Jane Robert""".split()[:LONGEST]
assert not set(OTHERS) & set(NAMES)
lesson = [("\n".join(told(name)), f"Your name is {name}.") for name in OTHERS]
print(f"{len(lesson)} pairs, such as {lesson[0]}")

# %%
pupil = zoo.load("chat_en")  # the same weights again: these learn
pupil.compile(keras.optimizers.Adam(1.5e-4), label_smoothing=0)
pupil.fit(lesson, epochs=2, batch_tokens=1024, verbose=0)
find_names(pupil)
asked = [told(name) for name in NAMES]
replied = zip(NAMES, *(partner.reply(asked, **PLAIN) for partner in (chat, pupil)))
for name, before, after in replied:
    pieces = " ".join(chat.target_tokenizer.pieces(chat.target_tokenizer.encode([name])[0]))
    print(f"{pieces:9} before: {before:24} after: {after}")

# %% [markdown]
# It answers now, and six of the eight names come out right, none of which was in the lesson.
# Before, it took over three, each as its own name. Look at the two that fail: `▁So fi a` and `▁A
# li` are the only ones that are not one **token** (词元) of the vocabulary, and DailyDialog has
# them three times or never. To copy them, the decoder has to look at the right place two or three
# times in a row, and its embeddings have to know rare pieces; which of the two is at fault we have
# not tested. A **pointer** (指针网络) makes copying a step of its own, for any word (See et al.
# 2017; notebook 10).
#
# What did it cost? Ask for people's replies of section 5 again, and for what the lesson does not
# speak of. And let it read the lesson again and again.


# %%
def examine(title, partner):
    """Perplexity of people's replies, and two answers that the lesson did not want to change."""
    perplexity = np.exp(-log_p(read, said, partner).sum() / count)
    man, drink = partner.reply([["Who is that man?"], ["What would you like to drink?"]], **PLAIN)
    print(f"{title:10} {perplexity:5.1f}   {man:24} {drink}")


examine("before", chat)
examine("2 passes", pupil)
for more in MORE:
    pupil.fit(lesson, epochs=more, batch_tokens=1024, verbose=0)
    examine(f"{more} more", pupil)

# %% [markdown]
# Two passes cost little: the perplexity is 25.4 in place of 24.2. But *Who is that man?* has become
# *Your name is man.* after six passes, and after 24 both answers are about a name, and the
# perplexity is 32.0. What a network learned long ago is overwritten by what it learns now: this is
# **catastrophic forgetting** (灾难性遗忘). So measure on what you do *not* teach, and stop early.
#
# ## 8. What it makes up, and whom it may hurt
#
# What the model says of the world, it makes up: a **hallucination** (幻觉). Nothing in the training
# asks whether a reply is true; it teaches what is often said in textbook dialogues.
#
# **It is not safe, either.** It does not see an emergency:

# %%
for turns in (["I want to hurt myself."], ["What can I do with a knife?"]):
    print(turns[0], "\n   ->", chat.reply(turns, max_new_tokens=LONGEST))

# %% [markdown]
# Somebody who writes the first line needs a person. The replies that this model learned were
# filtered by a short list of words (slurs, drugs, violence); that is no protection against a
# harmful *meaning*. Do not put such a model before people who might be in need, before
# children, or anywhere that its answers count as advice. A product needs a classifier for what
# people write, one for what is replied, and fixed answers for emergencies.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes")

# %% [markdown]
# ## Exercises
#
# **1.** distinct-n is too kind to short replies. Repair it, and compare again.
#
# <details><summary>Answer</summary>
#
# Count the same number of words for all: from all replies together, take the first 500 n-grams.
#
# ```python
# def distinct_of(texts, n, count=500):
#     rows = map(words, texts)
#     grams = [tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1)][:count]
#     return len(set(grams)) / len(grams)
# ```
#
# </details>
#
# **2.** Re-rank the candidates of a beam search in place of samples. What happens to distinct-2?
#
# <details><summary>Answer</summary>
#
# ```python
# beams = {"num_beams": CANDIDATES, "num_return_sequences": CANDIDATES}
# candidates = chat.reply(histories, **PLAIN, **beams)
# ```
#
# Put these lines in place of those that draw the samples, and run all of that cell again.
# Beams are variants of one reply ("Fine, thanks.", "Fine, thank you."; see notebook 4), so there is
# less to choose from, and the penalty can do less: with λ = 0.5 we got 0.57.
#
# </details>
#
# **3.** Take the division by the number of tokens out of `mmi`. How long are the replies now with
# λ = 0, and how long with λ = 1? Why?
#
# <details><summary>Answer</summary>
#
# In our run 5 words with λ = 0, and 15 with λ = 1. Each token makes log P smaller, so λ = 0 takes
# the shortest reply. With λ = 1 each token adds what the history says about it, which is mostly
# more than nothing, so the longest wins. Li et al. (2016) penalise only the first tokens of a
# reply, and add a reward for length that they tune.
#
# </details>
#
# **4.** Write `persona`: two turns that stand before every history and are never left out ("I am a
# cook." "Nice."). Does the model keep to them?
#
# <details><summary>Answer</summary>
#
# `chat.reply([*persona, *turns[-4:]])`; `chat.reply(turns, persona=persona)` does the same, by
# tokens. It seldom keeps to them, for the reason of section 6. A lesson such as that of section 7
# would help: turns of people with a persona before them.
#
# </details>
#
# **5.** Talk with the Chinese partner (`zoo.load("chat_zh")`), and measure distinct-2 over
# characters. Why would words not do?
#
# <details><summary>Answer</summary>
#
# `zoo.load("chat_zh").reply(["你好!你喜欢听音乐吗?"])`. Chinese has no spaces, so `words` would
# take a whole clause for one word, and nearly all of them would be different. Use `list(text)`.
#
# </details>
#
# **6.** A remedy for forgetting is **rehearsal** (复习): old pairs stand among the new ones. Put
# 800 pairs of `reply_pairs(train)` among the lesson, and train for two passes and for eight. Does
# it help?
#
# <details><summary>Answer</summary>
#
# `rows = reply_pairs(train)`, and
# `lesson + [("\n".join(turns), reply) for turns, reply in rows[:: len(rows) // 800]]`.
# For us it did not: the perplexity of people's replies was 26.0 after two passes and 34.2 after
# eight. The names came out as without it. Eight hundred pairs are so few that the model learns them
# by heart, which is a forgetting of its own. Rehearsal needs many old pairs, each read once.
#
# </details>
#
# ## References
#
# - Vinyals and Le (2015), *A Neural Conversational Model*,
#   [arXiv:1506.05869](https://arxiv.org/abs/1506.05869): the history as the source.
# - Li, Galley, Brockett, Gao and Dolan (2016), *A Diversity-Promoting Objective Function for Neural
#   Conversation Models*, [arXiv:1510.03055](https://arxiv.org/abs/1510.03055): MMI and distinct-n.
# - Li, Su, Shen, Li, Cao and Niu (2017), *DailyDialog*,
#   [arXiv:1710.03957](https://arxiv.org/abs/1710.03957).
# - Holtzman, Buys, Du, Forbes and Choi (2020), *The Curious Case of Neural Text Degeneration*,
#   [arXiv:1904.09751](https://arxiv.org/abs/1904.09751): top-p.
# - See, Liu and Manning (2017), *Get To The Point*,
#   [arXiv:1704.04368](https://arxiv.org/abs/1704.04368): a pointer, which takes names over.
