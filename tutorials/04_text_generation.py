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
# # 4. Text generation
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/04_text_generation.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/04_text_generation.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title Ways of decoding by how sure the model was and how varied the text is

# %% [markdown]
# *Where this goes.* Each mark stands for texts by *one* model (the star is Shakespeare). What
# differs is how the next character was chosen. At the end you have written a GPT and the ways to
# draw text from it, and can say which way to take for which purpose.
#
# **You need** [notebook 1](01_attention_from_scratch.ipynb).
# **Time**: 8 minutes on 2 CPU cores.
#
# A **language model** (语言模型) gives every possible next token (词元; here mostly one character)
# a probability, given the tokens before it. That is all. To write, take one, put it behind the
# text, and ask again: writing is **autoregressive** (自回归).

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import collections
import os
import random
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

# %%
import zoo
from zoo.evaluation import KneserNey, copied_share, distinct, self_bleu
from zoo.recipes.procedure import muon
from zoo.text import SentencePieceTokenizer

STARTED = time.time()
keras.utils.set_random_seed(1)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
TRAIN, NEW, PIECES = None, None, 900  # of the text: all; the subwords of the GPT, at most
LAYERS, CONTEXT, WIDTH = 4, 128, 128  # of the GPT: blocks, subwords that it sees, numbers each
STEPS, PARTS = 1600, 6  # of its training; parts, after each of which we look at it
COUNT, LENGTH, POEMS = 12, 160, 30  # texts to compare and their characters; poems
if FAST:
    TRAIN, NEW, PIECES, LAYERS, CONTEXT, STEPS, PARTS = 20_000, 2_000, 350, 1, 32, 4, 1
    COUNT, LENGTH, POEMS = 2, 12, 2
    tf.config.run_functions_eagerly(True)  # building graphs would take most of the time

# %% [markdown]
# ## 1. Count: the n-gram model
#
# The text is *tiny Shakespeare*, scenes of his plays, read character by character. The last tenth
# is what models are judged by: none of those here was trained on it.

# %%
text = zoo.data.tiny_shakespeare("train")[0][:TRAIN]
valid = zoo.data.tiny_shakespeare("val")[0][:NEW]
print(text[:120])

# %% [markdown]
# What follows `the `? Look it up: note for each run of n - 1 characters all that ever came after
# it. That table is an **n-gram model** (n 元语法模型), and to write is to draw from it.


# %%
def table_of(text, before):
    """What came after each run of `before` characters, as often as it did."""
    table = collections.defaultdict(list)
    for i in range(len(text) - before):
        table[text[i : i + before]].append(text[i + before])
    return table


def write(table, before, length, seed):
    """Draws one character after the other, beginning as the plays do."""
    rng, written = random.Random(seed), text[:before]
    while len(written) < length:
        written += rng.choice(table.get(written[-before:], [" "]))
    return written


# %%
copied = {}
for before in (1, 2, 4, 6, 9, 14):
    table = table_of(text, before)
    written = [write(table, before, 300, seed) for seed in range(COUNT)]
    copied[before] = copied_share(written, [text], length=30)
    if before in (2, 6, 14):
        print(f"--- {before} characters before: {copied[before]:.0%} copied\n{written[0][:160]}\n")

# %% [markdown]
# The longer the memory, the better the text; and at last it is perfect, because it is Shakespeare's
# own. So beside "how good?" always ask "how much of it is **copied**?" Here: the share of the
# characters that stand in a run of 30 which the training text has too.

# %%
figure, axes = plt.subplots(figsize=(5, 2.8), layout="constrained")
axes.plot(copied.keys(), [100 * c for c in copied.values()], "k-o", markerfacecolor="white")
axes.set(xlabel="characters that are looked at (n - 1)", ylabel="copied, %", ylim=(-3, 103))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 1. An n-gram model with a long memory recites.*
#
# ## 2. Perplexity: how surprised is it?
#
# To compare models we need a number that copying does not improve. Let each predict text that it
# never saw: the loss is the mean of $-\ln p$ over the characters (the negative log-likelihood), in
# nats, the unit that goes with the natural logarithm. Its exponential is the **perplexity**
# (困惑度): the model is as unsure as if it chose among so many characters at each place.
#
# Our table gives 0 to what it never saw, and one such place makes the loss infinite. The cure is
# **smoothing** (平滑): take a little from each count, and give it to the next shorter n-gram. The
# best of the kind is Kneser-Ney's.

# %%
characters = sorted(set(zoo.data.tiny_shakespeare("train")[0]))
number = {c: i for i, c in enumerate(characters)}
train_ids, new_ids = (np.array([number[c] for c in each]) for each in (text, valid))
print(f"{len(text):,} characters, {len(characters)} different ones; {len(valid):,} new ones")

# %%
orders, curves = (2, 3, 4, 5, 6, 7, 8), {"training text": [], "new text": []}
for order in orders:
    ngrams = KneserNey([train_ids.tolist()], len(characters), order)
    curves["training text"].append(-ngrams.log_prob(train_ids[:20_000]).mean())
    curves["new text"].append(-ngrams.log_prob(new_ids).mean())
best = int(np.argmin(curves["new text"]))
n_gram_loss = curves["new text"][best]
print(f"best order {orders[best]}: {n_gram_loss:.3f} nats, perplexity {np.exp(n_gram_loss):.2f}")

# %%
figure, axes = plt.subplots(figsize=(5, 2.8), layout="constrained")
for (name, losses), style in zip(curves.items(), ("k--s", "k-o")):
    axes.plot(orders, losses, style, label=name, markerfacecolor="white")
axes.set(xlabel="order n", ylabel="loss, nats per character", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. On the training text a longer memory always helps; on new text it soon does not.* That
# gap is what *overfitting* (过拟合) looks like in a model that only counts.
#
# ## 3. Learn: a GPT in sixty lines
#
# An n-gram sees `the cat` and `the dog` as two strangers. A network puts what it reads into
# vectors, and can use what is alike. Yours is a **GPT** (generative pre-trained Transformer): the
# half of a Transformer that writes (仅解码器). It reads **subwords** (子词), pieces of words that
# often stand together, so that a window of the same length holds twice as much text.

# %%
scenes = [scene + "\n\n" for scene in text.split("\n\n")]
pieces = SentencePieceTokenizer.train(scenes, PIECES, lossless=True)  # the same text comes back
V = pieces.vocab_size
(train_ids,), (new_ids,) = (np.array(pieces.encode([each])) for each in (text, valid))
assert pieces.decode([new_ids.tolist()]) == [valid]
print(V, "subwords:", *pieces.pieces(new_ids[:16].tolist()))
print(f"{len(valid) / len(new_ids):.1f} characters per subword")

# %% [markdown]
# Each token looks back at those before it, by **self-attention** (自注意力) with a causal mask
# (因果掩码); then a small network works on each vector alone; and that several times.
#
# How does it know what stands *where*? By **rotation** (旋转位置编码, RoPE): each pair of numbers
# of a query or a key is turned by an angle that grows with its position. In the product
# of a query and a key, all that is left of their two positions is how far apart they stand. That is
# how most large models do it today.


# %%
def rotate(x):
    """(B, T, H, width) -> the same, the vector at position t turned by t times its angles."""
    T, half = x.shape[1], x.shape[3] // 2
    angle = np.arange(T)[:, None] / 10_000 ** (np.arange(half) / half)
    sin, cos = (f(angle)[:, None].astype("float32") for f in (np.sin, np.cos))
    a, b = x[..., :half], x[..., half:]
    return ops.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


# %%
class SelfAttention(keras.layers.Layer):
    def __init__(self, D, num_heads):
        super().__init__()
        self.qkv, self.out = keras.layers.Dense(3 * D), keras.layers.Dense(D)
        self.num_heads = num_heads

    def call(self, x):
        T, D = x.shape[1:]
        heads = ops.reshape(self.qkv(x), (-1, T, 3 * self.num_heads, D // self.num_heads))
        q, k, v = ops.split(heads, 3, axis=2)  # (B, T, H, width)
        scores = ops.einsum("bthd,bshd->bhts", rotate(q), rotate(k)) / q.shape[-1] ** 0.5
        earlier = np.tril(np.ones((T, T), bool))  # the causal mask: s <= t
        weights = ops.softmax(ops.where(earlier, scores, -1e9))
        return self.out(ops.reshape(ops.einsum("bhts,bshd->bthd", weights, v), (-1, T, D)))


# %%
class Block(keras.layers.Layer):
    def __init__(self, D, num_heads):
        super().__init__()
        self.norm_1, self.norm_2 = (keras.layers.LayerNormalization() for _ in range(2))
        self.attention = SelfAttention(D, num_heads)
        self.inner = keras.layers.Dense(4 * D, activation="relu")
        self.outer = keras.layers.Dense(D)

    def call(self, x):
        x = x + self.attention(self.norm_1(x))  # a residual connection (残差连接): f is added
        return x + self.outer(self.inner(self.norm_2(x)))


# %%
class GPT(keras.Model):
    def __init__(self, V, D, num_layers, num_heads):
        super().__init__()
        large, small = (keras.initializers.RandomNormal(stddev=s) for s in (1, 0.02))
        self.embed = keras.layers.Embedding(V, D, embeddings_initializer=large)
        self.blocks = [Block(D, num_heads) for _ in range(num_layers)]
        self.norm = keras.layers.LayerNormalization()
        self.logits = keras.layers.Dense(V, kernel_initializer=small)

    def call(self, ids):  # (B, T) -> (B, T, V): of the next token, at each place
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x)
        return self.logits(self.norm(x))


# %% [markdown]
# That is all. Two checks that every language model must pass. First: change a token; the
# predictions *before* it may not move, for they must not see what is to come.

# %%
gpt = GPT(V, WIDTH, num_layers=LAYERS, num_heads=2)
ids = train_ids[None, :20]
changed = ids.copy()
changed[0, 12] = (ids[0, 12] + 1) % V
moved = np.abs(ops.convert_to_numpy(gpt(changed) - gpt(ids))).max(axis=(0, 2))
print(f"{gpt.count_params():,} parameters")
print(f"moved: before the change {moved[:12].max():.1e}, from there on {moved[12:].max():.1e}")
assert moved[:12].max() < 1e-5 < moved[12:].max()

# %% [markdown]
# Second: a model that knows nothing gives each of V tokens the probability 1/V, so before
# training, the loss is ln V. Ours comes close because its last layer starts small (0.02), so that
# all logits are near 0.


# %%
def log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def log_probs(ids):
    """The ln p of each token of a long text, with at least half a window before it."""
    half = CONTEXT // 2
    starts = np.arange(0, len(ids) - CONTEXT, half)
    windows = ids[starts[:, None] + np.arange(CONTEXT + 1)]
    log_p = log_softmax(gpt.predict(windows[:, :-1], verbose=0))
    log_p = np.take_along_axis(log_p, windows[:, 1:, None], axis=-1)[..., 0]
    return np.concatenate([log_p[0], log_p[1:, half:].ravel()])


# %%
def loss_on_new_text():
    """In nats per character, as that of the n-gram, whatever the tokens are."""
    return -log_probs(new_ids).mean() * len(new_ids) / len(valid)


first = -log_probs(new_ids[:4000]).mean()
print(f"first loss {first:.2f} nats per token, ln V = {np.log(V):.2f}")
assert abs(first - np.log(V)) < 0.2

# %% [markdown]
# To write, ask it for the next token, again and again. What it gives are **logits**, the scores
# before the softmax. You write the ways to choose from them, too:
#
# | option | what it does to the probabilities |
# |---|---|
# | `temperature` (温度) | divides the **logits**: below 1 sharper, above 1 flatter |
# | `top_k` | keeps the k best |
# | `top_p` (nucleus, 核采样) | keeps the fewest that together hold p: few where it is sure |


# %%
def probabilities(logits, temperature=1.0, top_k=None, top_p=1.0):
    """Logits (N, V) -> probabilities (N, V) to draw from."""
    order = np.argsort(-logits, axis=-1)  # best first
    ordered = np.take_along_axis(logits, order, axis=-1) / temperature
    p = np.exp(log_softmax(ordered.astype("float64")))
    kept = np.cumsum(p, axis=-1) - p < top_p  # those before it do not hold p yet
    kept &= np.arange(p.shape[-1]) < (top_k or p.shape[-1])
    p = np.where(kept, p, 0)
    drawn_from = np.zeros_like(p)
    np.put_along_axis(drawn_from, order, p / p.sum(axis=-1, keepdims=True), axis=-1)
    return drawn_from


# %%
def next_logits(ids):
    return ops.convert_to_numpy(gpt(ids[:, -CONTEXT:]))[:, -1]


def write_on(prompts, length, seed=1, **options):
    """Draws `length` tokens after each of some prompts of as many tokens."""
    rng, ids = np.random.default_rng(seed), np.array(pieces.encode(prompts))
    for _ in range(length):
        p = probabilities(next_logits(ids), **options)
        drawn = [rng.choice(V, p=row) for row in p]
        ids = np.concatenate([ids, np.array(drawn)[:, None]], axis=1)
    return pieces.decode(ids.tolist())


# %% [markdown]
# Now train it. A window of the text goes in, and at each place the next token should come out:
# **teacher forcing** (强制教学), for what stands before is always Shakespeare's. The optimizer is
# Muon, which makes all directions of a step of a matrix equally long, and needs fewer steps than
# Adam. The callback asks for a line after each part of the training.


# %%
class Look(keras.callbacks.Callback):
    """The loss on new text, and a sample, before the training and after each part of it."""

    def on_train_begin(self, logs=None):
        self.look(0)

    def on_epoch_end(self, epoch, logs=None):
        self.look((epoch + 1) * steps)

    def look(self, step):
        losses[step] = loss_on_new_text()
        (sample,) = write_on(["ROMEO:\n"], LENGTH // 5, temperature=0.8)
        print(f"step {step:4}, loss {losses[step]:.2f}   {sample[7:].replace(chr(10), ' / ')}")


# %%
batch, steps, losses = 8, STEPS // PARTS, {}
random_starts = np.random.default_rng(1)
starts = random_starts.integers(len(train_ids) - CONTEXT, size=STEPS * batch)
windows = train_ids[starts[:, None] + np.arange(CONTEXT + 1)]
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
gpt.compile(muon(4e-3, STEPS // 10, STEPS), loss)  # a rate that goes up, then down to 0
began = time.time()
plan = {"batch_size": batch, "steps_per_epoch": steps, "epochs": PARTS, "verbose": 0}
_ = gpt.fit(windows[:, :-1], windows[:, 1:], **plan, callbacks=[Look()])
print(f"{(time.time() - began) / 60:.1f} minutes")

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
axes.plot(losses.keys(), losses.values(), "k-o", markerfacecolor="white")
axes.axhline(n_gram_loss, color="tab:blue", linestyle="--")
axes.text(STEPS, n_gram_loss, "n-gram, best order ", color="tab:blue", ha="right", va="bottom")
axes.set(xlabel="training steps", ylabel="loss on new text, nats per character")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. Your GPT learns, and passes the counting model.* Do not think little of counting: it
# needs seconds, and it was hard to beat. More of everything does not help here: with a width of
# 192 and 3,000 steps the loss was 1.51 after half of them and 1.52 in the end, for a million
# characters are soon known by heart (过拟合, overfitting). So this notebook has no larger mode for
# a GPU; more text would come first. The shipped `generate_shakespeare` is a GPT, too, one of
# characters with nearly twice the parameters, and had an hour of one core. All three on the new
# text:

# %%
bard = zoo.load("generate_shakespeare")
table = {
    "n-gram": n_gram_loss,
    "your GPT": loss_on_new_text(),
    "shipped": float(-bard.score(valid) / len(valid)),
}
for name, value in table.items():
    print(f"{name:10} {value:.3f} nats per character, perplexity {np.exp(value):.2f}")
assert FAST or table["your GPT"] < table["n-gram"]

# %%
print(*write_on(["ROMEO:\n"], LENGTH, temperature=0.8, top_p=0.95))

# %% [markdown]
# ## 4. Search: the most probable text
#
# If it knows the probabilities, why not always take the most probable token? That is **greedy**
# search (贪心搜索). The sum of ln p over a whole text may be larger on another way, one that begins
# with a less probable token. **Beam search** (束搜索) keeps the best few beginnings at each step,
# and goes on with all of them.


# %%
def beam_search(prompt, length, beams):
    """The `beams` most probable ways that are found: texts, ln p, and whence each step came."""
    rows, scores, tree = np.array(pieces.encode([prompt])), np.zeros(1), []
    for _ in range(length):
        log_p = log_softmax(next_logits(rows).astype("float64"))  # (n, V)
        total = (scores[:, None] + log_p).ravel()  # of each beginning with each next token
        best = np.argsort(-total)[:beams]
        parent, drawn = best // V, best % V
        rows = np.concatenate([rows[parent], drawn[:, None]], axis=1)
        scores = total[best]
        tree.append((parent, drawn, scores))
    return pieces.decode(rows.tolist()), scores, tree


# %% [markdown]
# Is it right? With V beams nothing is lost in two steps: all V · V ways are compared. And one beam
# is greedy search.

# %%
two, best, _ = beam_search("ROMEO:\nI am", 2, beams=V)
start = np.array(pieces.encode(["ROMEO:\nI am"]))
one = log_softmax(next_logits(start).astype("float64"))[0]
all_rows = np.concatenate([np.repeat(start, V, axis=0), np.arange(V)[:, None]], axis=1)
both = one[:, None] + log_softmax(next_logits(all_rows).astype("float64"))
print(f"{two[0]!r}: ln p {best[0]:.3f}; of all {V * V:,} ways the best: {both.max():.3f}")
assert np.isclose(best[0], both.max(), atol=1e-4)
assert beam_search("ROMEO:\n", 20, beams=1)[0] == write_on(["ROMEO:\n"], 20, top_k=1)

# %%
figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
texts, scores, tree = beam_search("ROMEO:\nI", 8, beams=3)
axes.text(0, 1, "I", ha="center", va="center", size=11)
for step, (parent, drawn, _) in enumerate(tree):
    for row, (came_from, token) in enumerate(zip(parent, drawn)):
        here, there = (step + 1, row), (step, came_from if step else 1)
        ink = "0.1" if step + 1 == len(tree) or row in tree[step + 1][0] else "0.65"
        line = {"arrowstyle": "-", "color": ink, "shrinkA": 20, "shrinkB": 20}
        axes.annotate("", here, there, arrowprops=line)
        name = pieces.pieces([int(token)])[0].replace("▁", "␣").replace("\n", "↵")
        axes.text(*here, name, ha="center", va="center", color=ink, size=11)
axes.set(xlim=(-0.5, len(tree) + 0.5), ylim=(2.5, -0.5))  # the best on top
axes.axis("off")
plt.show()

# %% [markdown]
# *Figure 4. A beam search with three beams, step by step; the best beginning is on top. Grey: ways
# that nobody went on with (␣ is a space, ↵ the end of a line).*
#
# Look how the three share their past: what stands on the right comes from one or two beginnings.
# And at the end of a long text?

# %%
texts, scores, _ = beam_search("ROMEO:\n", LENGTH // 4, beams=4)
for one_text, score in zip(texts, scores):
    print(f"ln p {score:6.1f}  {one_text[7:].replace(chr(10), ' / ')}")

# %% [markdown]
# **Beams are not diverse** (不多样). They are one text with small changes at its end, since what
# beats a probable text is a probable text much like it. It is often said that beam search brings
# variety; look at the lines above.
#
# ## 5. An honest failure: the most probable text is dull
#
# From here on the shipped model writes; its `generate` has the same options as your functions.

# %%
for beams in (1, 4):
    print(f"--- {beams} beam(s)")
    print(bard.generate("ROMEO:\n", num_beams=beams, max_new_tokens=LENGTH), "\n")

# %% [markdown]
# It goes round in circles or makes small talk, and more beams do not help. Is the model bad? Ask it
# how probable it finds its own greedy text, and how probable the real one:

# %%
starts = np.linspace(0, len(valid) - 400, COUNT).astype(int)
prompts = [valid[i : i + 60] for i in starts]
human = [valid[i + 60 : i + 60 + LENGTH] for i in starts]


# %%
def surprise(texts):
    """Mean of -ln p per character, of what follows the prompts."""
    whole = bard.score([p + t for p, t in zip(prompts, texts)])
    return -(whole - bard.score(prompts)).sum() / sum(map(len, texts))


def continued(**options):
    """What the model writes after the prompts."""
    whole = bard.generate(prompts, max_new_tokens=LENGTH, seed=1, **options)
    return [text[len(p) :] for text, p in zip(whole, prompts)]


greedy = continued(num_beams=1)
print(f"greedy {surprise(greedy):.2f}, Shakespeare {surprise(human):.2f} nats per character")
assert surprise(greedy) < surprise(human)

# %% [markdown]
# People do not write the most probable text: they have something to say. So searching for the most
# probable one is right for a translation, where the source says what must be said, and wrong for a
# tale.
#
# ## 6. Draw instead
#
# To **sample** (采样) is to draw the next character by its probability. Then now and then comes an
# improbable one, and after it the text may go astray. The remedies make the tail thinner, or cut it
# off. See what your `probabilities` does to one place, the character after `ROMEO:\nI am `.

# %%
tokenizer = bard.tokenizer
ids = np.array([[2, *tokenizer.encode(["ROMEO:\nI am "])[0]]])  # 2 is the start token
logits = ops.convert_to_numpy(bard.model(ids))[:, -1]
order = np.argsort(-logits[0])[:24]
options = {
    "plain": {},
    "temperature 0.5": {"temperature": 0.5},
    "top-k 5": {"top_k": 5},
    "top-p 0.8": {"top_p": 0.8},
}
shapes = {name: probabilities(logits, **option)[0, order] for name, option in options.items()}
assert (shapes["top-k 5"] > 0).sum() == 5 and shapes["top-k 5"].sum() > 0.999

# %%
figure, axes = plt.subplots(2, 2, figsize=(8, 4), layout="constrained", sharex=True, sharey=True)
labels = [p.replace("▁", "␣").replace(" ", "␣") for p in tokenizer.pieces(order.tolist())]
for ax, (name, heights) in zip(axes.flat, shapes.items()):
    ax.bar(range(24), heights, color="0.75", edgecolor="0.2")
    ax.set(title=name, xticks=range(24), xticklabels=labels)
    ax.spines[["top", "right"]].set_visible(False)
figure.supxlabel("next character", size=10)
figure.supylabel("probability", size=10)
plt.show()

# %% [markdown]
# *Figure 5. The 24 best candidates for one place. Temperature changes the shape and keeps all;
# top-k and top-p cut.*
#
# ## 7. What each way costs
#
# Now all of them on the same beginnings, and five numbers:
#
# - **surprise**: the loss of the model on what it wrote, in nats per character;
# - **distinct-2**: of all pairs of words, the share that is different. Near 1 is varied, low means
#   that it repeats itself;
# - **self-BLEU**: how alike the texts are to each other, 0 to 100, by the word sequences that they
#   share (BLEU is explained in notebook 2). Low is varied;
# - **copied**: as above, from the training text;
# - **words**: the share of its words that Shakespeare used in the training text, so that variety by
#   bad spelling shows.
#
# Among them is **diverse beam search** (多样性束搜索): beams in groups, each of which pays a
# penalty for doing what the groups before it did. Each entry that draws sets temperature and
# top-p. An option that is left out would take the model's saved default: temperature 0.8,
# top-p 0.95.

# %%
METHODS = {
    "greedy": {"num_beams": 1},
    "beams 4": {"num_beams": 4},
    "diverse beams 4": {"num_beams": 4, "num_beam_groups": 4, "diversity_penalty": 1.0},
    "temperature 0.6": {"temperature": 0.6, "top_p": 1.0},
    "temperature 1": {"temperature": 1.0, "top_p": 1.0},
    "temperature 1.5": {"temperature": 1.5, "top_p": 1.0},
    "top-k 5": {"temperature": 1.0, "top_p": 1.0, "top_k": 5},
    "top-p 0.9": {"temperature": 1.0, "top_p": 0.9},
}
if FAST:
    METHODS = {name: METHODS[name] for name in ("greedy", "temperature 1.5")}
whole = zoo.data.tiny_shakespeare("train")[0]
known = set(whole.split())


# %%
def numbers(texts):
    """The five numbers of a list of texts."""
    words = [text.split() for text in texts]
    whole_words = [word for row in words for word in row[:-1]]  # the last may be cut
    return {
        "surprise": surprise(texts),
        "distinct-2": distinct(words, 2),
        "self-BLEU": self_bleu([text or " " for text in texts]),
        "copied": copied_share(texts, [whole]),
        "words": np.mean([word in known for word in whole_words]),
    }


# %%
written = {name: continued(**options) for name, options in METHODS.items()}
written["Shakespeare"] = human
results = {name: numbers(texts) for name, texts in written.items()}

# %%
print(f"{'':16}" + "".join(f"{key:>12}" for key in results["greedy"]))
for name, row in results.items():
    print(f"{name:16}" + "".join(f"{value:12.2f}" for value in row.values()))
assert FAST or results["greedy"]["distinct-2"] < results["temperature 1"]["distinct-2"]
assert FAST or results["temperature 1.5"]["words"] < results["temperature 0.6"]["words"]

# %%
SIDES = {"top-k 5": "left", "temperature 0.6": "left"}  # of the mark, where its name stands
SHIFTS = {"top-p 0.9": -14, "top-k 5": 9, "temperature 1": 9}  # up, in points

# %% tags=["cover"]
figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
for name, row in results.items():
    size, marker, ink = (170, "*", "0.0") if name == "Shakespeare" else (60, "o", "0.75")
    place = row["surprise"], row["distinct-2"]
    axes.scatter(*place, marker=marker, s=size, c=ink, edgecolors="0.1", zorder=3)
    right = SIDES.get(name, "right") == "right"
    shift = {"xytext": (7 if right else -7, SHIFTS.get(name, 0)), "textcoords": "offset points"}
    axes.annotate(name, place, **shift, ha="left" if right else "right", va="center", size=9)
axes.set(xlabel="surprise, nats per character", ylabel="distinct-2", ylim=(0, 1.1))
axes.set_xlim(0, 2.3)
axes.spines[["top", "right"]].set_visible(False)
axes.grid(color="0.93")
plt.show()

# %% [markdown]
# *Figure 6. The same model, the same beginnings. On the left what is sure of itself and repeats
# itself, on the right what is varied; too far to the right it is no longer English (see "words" in
# the table).* Compare with the star, what Shakespeare wrote: a good setting for this kind of text
# lies near it. And do not trust one number: little surprise alone would choose a search, variety
# alone the highest temperature. Look at "copied", too: does any way of decoding recite? And mind
# "self-BLEU": beams, even diverse ones, are far above all ways of drawing, so what they write after
# different beginnings is much alike. It is often said that beam search makes answers diverse. It
# does not: a search for the most probable text brings no variety, drawing does.

# %%
for name in ("greedy", "temperature 1.5", "Shakespeare"):
    print(f"--- {name}: {prompts[0][-20:]!r} ...\n{written[name][0]}\n")

# %% [markdown]
# All this holds for any text. `generate_scifi` of the zoo learned from the novels of Wells, Verne,
# Burroughs and Shelley, in subwords as your GPT:

# %%
scifi = zoo.load("generate_scifi")
tale = {"temperature": 0.8, "top_p": 0.95, "seed": 2, "max_new_tokens": LENGTH // 2}
print(scifi.generate("The ship landed on Mars, and", **tale))

# %% [markdown]
# The tone is there, and most words are; a story is not. That takes more text and larger models.
#
# ## 8. A poem to a form
#
# `generate_tang` writes quatrains (七言绝句) in traditional characters: four lines of seven, with
# fixed punctuation. It keeps to that by habit, as long as it is drawn from with care. Let it
# draw with more daring, at a temperature of 1.3, and the habit fails. But at each place we
# know *which kind* of token may stand there, a character or one certain punctuation mark, and
# can set the probability of all others to 0. That is **constrained decoding** (约束解码), and it
# is not a matter of luck any more.

# %%
tang = zoo.load("generate_tang")
daring = {"seed": 1, "temperature": 1.3, "top_p": 1.0}
free = tang.generate([""] * POEMS, **daring)
held = tang.generate([""] * POEMS, **daring, form=True)
for name, poems in (("free", free), ("held to the form", held)):
    share = np.mean([tang.form.matches(poem) for poem in poems])
    print(f"{name:16} {share:.0%} of {POEMS} are quatrains, such as {poems[0]}")
print("no quatrain:    ", *[poem for poem in free if not tang.form.matches(poem)][:2])
assert all(tang.form.matches(poem) for poem in held)
assert FAST or not all(tang.form.matches(poem) for poem in free)

# %% [markdown]
# An **acrostic** (藏头诗) hides a message in the first characters of its lines. Four more places
# are given, and the model must make sense of the rest:

# %%
for message in ("春夏秋冬", "山中明月"):
    poem = tang.generate("", acrostic=message, seed=7)
    print("\n".join(zoo.data.poem_lines(poem)), "\n")
    assert "".join(line[0] for line in zoo.data.poem_lines(poem)) == message

# %% [markdown]
# The form is certain; sense, rhyme and tones are not. A constraint can only ask for what can be
# checked token by token.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Write `diverse_beams(prompt, length, groups, penalty)` for your GPT: one beam per group. At
# each step a token costs a group `penalty` nats for each group before it that took it.
#
# <details><summary>Answer</summary>
#
# ```python
# def diverse_beams(prompt, length, groups, penalty):
#     rows = np.repeat(pieces.encode([prompt]), groups, axis=0)
#     for _ in range(length):
#         log_p, taken, step = log_softmax(next_logits(rows)), np.zeros(V), []
#         for group in range(groups):
#             step.append(np.argmax(log_p[group] - penalty * taken))
#             taken[step[-1]] += 1
#         rows = np.concatenate([rows, np.array(step)[:, None]], axis=1)
#     return pieces.decode(rows.tolist())
#
# print(*diverse_beams("ROMEO:\n", 40, groups=4, penalty=1.0), sep="\n---\n")
# ```
#
# With a penalty of 0 all groups write the same. With 1 they part at once, and each goes on to its
# own small talk: different, and still the most probable text after a push.
#
# </details>
#
# **2.** Write a repetition penalty: take 1 off the logits of the tokens that are among the last 20.
# What happens to greedy search?
#
# <details><summary>Answer</summary>
#
# In `write_on`, in place of the line with `probabilities`:
#
# ```python
# logits = next_logits(ids).copy()
# for row, recent in zip(logits, ids[:, -20:]):
#     row[np.unique(recent)] -= 1.0
# p = probabilities(logits, **options)
# ```
#
# Greedy search (`top_k=1`) goes round in wider circles. The penalty also hits what must come again,
# such as the comma and `the`; of single characters it would soon forbid `e` and the space.
#
# </details>
#
# **3.** Train a GPT on the first 30,000 characters. What do the two losses do?
#
# <details><summary>Answer</summary>
#
# Take `starts = random_starts.integers(15_000 - CONTEXT, size=STEPS * batch)`, which are tokens, a
# new `gpt`, and in `look` also print `-log_probs(train_ids[:10_000]).mean()`. The training loss
# goes on falling, the one on new text turns and rises: now the network recites, like the n-gram
# with a long memory. That is overfitting; more text, dropout (暂退法), or stopping at the turn are
# the answers.
#
# </details>
#
# **4.** How long must a run be to count as copied? Take `length=15` in `copied_share`, and also
# look at Shakespeare's own row.
#
# <details><summary>Answer</summary>
#
# The share rises, for the real continuation, too: `KING RICHARD III:` alone is in 138 places of the
# training text. A run must be so long that nobody writes it by chance; 30 characters are
# about six words.
#
# </details>
#
# **5.** Write an acrostic with your own four characters. What happens with a character that no poem
# has?
#
# <details><summary>Answer</summary>
#
# `tang.generate("", acrostic="...")`. For a character that the vocabulary lacks, a simplified one
# perhaps, you get a `ValueError` which names it. It could have been spelled in bytes, but the model
# never learned to go on from there.
#
# </details>
#
# ## References
#
# - Chen and Goodman (1999), *An Empirical Study of Smoothing Techniques for Language Modeling*:
#   the n-gram model to beat.
# - Karpathy (2015), *The Unreasonable Effectiveness of Recurrent Neural Networks*: characters,
#   Shakespeare and an LSTM.
# - Su et al. (2021), *RoFormer: Enhanced Transformer with Rotary Position Embedding*,
#   [arXiv:2104.09864](https://arxiv.org/abs/2104.09864).
# - Radford et al. (2019), *Language Models are Unsupervised Multitask Learners*: the decoder-only
#   Transformer.
# - Holtzman et al. (2020), *The Curious Case of Neural Text Degeneration*,
#   [arXiv:1904.09751](https://arxiv.org/abs/1904.09751): circles, and top-p.
# - Vijayakumar et al. (2018), *Diverse Beam Search*,
#   [arXiv:1610.02424](https://arxiv.org/abs/1610.02424).
# - Li et al. (2016), [arXiv:1510.03055](https://arxiv.org/abs/1510.03055): distinct-n; Zhu et al.
#   (2018), [arXiv:1802.01886](https://arxiv.org/abs/1802.01886): self-BLEU.
