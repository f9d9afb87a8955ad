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
# # 17. Modern attention: what the large models changed
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/17_modern_attention.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/17_modern_attention.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title Time for each new token: all computed again, with a cache, with a window

# %% [markdown]
# *Where this goes.* Three ways to write the next token with the same small network. One computes
# everything again, one keeps what it has computed, one also forgets what is far. You write all
# three, and five more ideas that stand in the papers of today's large language models. Each takes
# about ten lines and is checked; where speed is the point, it is timed.
#
# **You need** [notebook 1](01_attention_from_scratch.ipynb) (queries, keys, values, masks) and
# numpy. **Time**: less than a minute on 2 CPU cores, an hour to read.
#
# The attention of 2017 is in notebook 3. It works, and it has three costs: it does not know
# distances, its memory grows with all that was read, and its work grows with the *square* of it.
# What follows are the answers that have stayed.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core for numpy, so that times can be compared

# %%
import collections
import time

import matplotlib.pyplot as plt
import numpy as np
from keras import ops

import zoo
from zoo.layers import rotary

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # for tests: short texts, few draws
LETTERS, PASSES = (5_000, 40) if FAST else (300_000, 400)
WRITTEN, DRAWS, TRIALS = (12, 200, 5) if FAST else (300, 20_000, 200)
LENGTHS = (64, 128) if FAST else (256, 512, 1024, 2048, 4096)
STARTED = time.time()
rng = np.random.default_rng(0)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})
BLUE, ORANGE, GREY = "#2171b5", "#d94801", "0.45"


def normal(*shape):
    return rng.normal(size=shape).astype("float32")


# %% [markdown]
# All that follows is compared with this: plain attention of several heads, T queries, S keys, D
# numbers each.


# %%
def attention(q, k, v, mask=None):
    """Heads of q (H, T, D), k and v (H, S, D), mask bool (T, S) -> (H, T, D)."""
    scores = q @ np.swapaxes(k, 1, 2) / np.sqrt(q.shape[-1]).astype("float32")
    scores = scores if mask is None else np.where(mask, scores, -1e9)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


def causal(T, S):
    """True where query t, the last T of S positions, may look: at itself and what is before."""
    return np.arange(S) <= np.arange(S - T, S)[:, None]


# %% [markdown]
# ## 1. Positions as rotations: RoPE
#
# Attention by itself does not know the order of its keys. The first Transformers add a vector for
# each position to the input. **Rotary position embedding** (RoPE, 旋转位置编码) adds nothing.
# It takes the numbers of a query or a key in pairs, sees each pair as a hand of a clock, and
# *turns* it: by the position times a frequency. The first pair turns fast, the last one slowly,
# like the hands for seconds and hours.


# %%
def rotate(x, first=0, base=10_000.0):
    """Turns each pair (i, i + D/2) of x (..., T, D) by position * base^(-2i/D)."""
    T, D = x.shape[-2:]
    frequencies = base ** (-np.arange(0, D, 2) / D)
    angles = (first + np.arange(T))[:, None] * frequencies  # (T, D/2)
    cos, sin = np.cos(angles), np.sin(angles)
    a, b = x[..., : D // 2], x[..., D // 2 :]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1).astype("float32")


x = normal(1, 2, 6, 8)
assert np.allclose(rotate(x, 3), ops.convert_to_numpy(rotary.rotate(x, 3)), atol=1e-5)

# %% [markdown]
# Why turn? The dot product of two hands depends only on the angle *between* them. If both move on
# by the same time, it stays. So the score of a query at place 5 and a key at place 3 is that of
# 105 and 103: it knows the **distance** and nothing else.

# %%
q, k = normal(1, 64), normal(1, 64)
score = [float((rotate(q, i) @ rotate(k, j).T)[0, 0]) for i, j in [(5, 3), (105, 103), (5, 4)]]
print("distance 2: {:.4f} and {:.4f}; distance 1: {:.4f}".format(*score))
assert np.isclose(score[0], score[1], atol=1e-3) and not np.isclose(score[0], score[2], atol=1e-3)

# %% [markdown]
# What does a score look like as the distance grows? Take a query and a key that are alike, all
# ones, and let the distance grow from 0 to 200.

# %%
same, far = np.ones((1, 64), "float32"), np.arange(201)
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for base, color, style in ((1e4, BLUE, "-"), (5e5, ORANGE, "--")):
    scores = [float((rotate(same, i, base) @ same.T)[0, 0]) / 64 for i in far]
    axes.plot(far, scores, style, color=color, label=f"base {base:,.0f}")
axes.set(xlabel="distance of query and key", ylabel="score, at distance 0 it is 1")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 1. The score of a query and a key that are alike, by their distance. Near ones count more,
# without anybody having said so. With a larger base the slow hands turn more slowly, and the score
# falls less.*
#
# The base decides how far a model can tell places apart. The slowest hand of a model with heads of
# 128 numbers:

# %%
models = ("2021", 1e4, 2048), ("Llama 3", 5e5, 8192), ("Qwen2.5", 1e6, 32768)
for name, base, trained in models:
    turn = 2 * np.pi * base ** (126 / 128)
    print(f"{name:8} base {base:9,.0f}: a turn takes {turn:9,.0f} tokens; trained on {trained:,}")

# %% [markdown]
# Even the shortest of them is longer than the text. So no two places of the text look the same to
# all hands. Who wants to read *longer* texts than the model was trained on must slow the hands
# down; exercise 1 does it.
#
# ## 2. Fewer keys than queries: grouped heads
#
# To write token by token, a model keeps the keys and values of all tokens before (section 3). For
# long texts this is more memory than the weights. **Grouped-query attention** (分组查询注意力)
# lets several query heads share one head of keys and values.


# %%
def grouped(q, k, v, mask=None):
    """With q (H, T, D), k and v (G, S, D): H / G heads of queries share each of keys."""
    shared = len(q) // len(k)
    return attention(q, np.repeat(k, shared, axis=0), np.repeat(v, shared, axis=0), mask)


# %% [markdown]
# The layer of the zoo does so with `num_kv_heads`. Take its weights, and compare.

# %%
layer = zoo.layers.MultiHeadAttention(num_heads=8, key_dim=16, num_kv_heads=2, use_bias=False)
x = normal(1, 10, 128)
theirs = ops.convert_to_numpy(layer(x, x, use_causal_mask=True))
kernels = [
    ops.convert_to_numpy(dense.kernel)
    for dense in (layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense)
]
q, k, v = ((x[0] @ kernel).reshape(10, -1, 16).swapaxes(0, 1) for kernel in kernels[:3])
mine = grouped(q, k, v, causal(10, 10)).swapaxes(0, 1).reshape(10, 128) @ kernels[3]
print("heads of queries and keys:", len(q), len(k), "  difference:", np.abs(mine - theirs[0]).max())
assert np.allclose(mine, theirs[0], atol=1e-4)

# %% [markdown]
# What it saves, for a model of the size of Llama 3 8B (32 layers, 32 heads of 128 numbers, 2 bytes
# a number) that has read 8,192 tokens:

# %%
for heads, name in ((32, "a key head for each query head"), (8, "grouped (Llama 3)"), (1, "one")):
    memory = 2 * 32 * heads * 128 * 2 * 8192  # keys and values, layers, heads, width, bytes, tokens
    print(f"{heads:3} heads of keys: {memory / 2**30:5.2f} GiB for one conversation   {name}")

# %% [markdown]
# One head of keys for all is called **multi-query attention** (多查询注意力); it came first, in
# 2019, and costs some quality. Eight is what most have settled on.
#
# ## 3. The cache: nothing is computed twice
#
# A language model that writes a token needs the keys and values of all tokens before. They do not
# change, since nobody may look ahead. So keep them: the **KV cache** (键值缓存). Here is a network
# of four layers of nothing but attention, with random weights. It writes nonsense, but *the same*
# nonsense by all ways, and that is what we check.

# %%
V, WIDTH, HEADS, DEPTH = 50, 128, 8, 4
table = normal(V, WIDTH)
layers = [[normal(WIDTH, WIDTH) / WIDTH**0.5 for _ in range(4)] for _ in range(DEPTH)]


def split(x):
    """(T, WIDTH) -> (HEADS, T, WIDTH / HEADS)."""
    return x.reshape(len(x), HEADS, -1).swapaxes(0, 1)


# %%
def network(tokens, cache, first, window=None):
    """Scores of the next token, after new ones from place `first` on; `cache` takes them in."""
    x = table[tokens]
    for (query, key, value, output), kept in zip(layers, cache):
        q, k = rotate(split(x @ query), first), rotate(split(x @ key), first)
        kept[:] = [np.concatenate(pair, axis=1) for pair in zip(kept, (k, split(x @ value)))]
        T, S = len(x), kept[0].shape[1]
        near = np.arange(S) > np.arange(S - T, S)[:, None] - (window or S)
        seen = attention(q, *kept, causal(T, S) & near)
        x = x + seen.swapaxes(0, 1).reshape(T, WIDTH) @ output
        kept[:] = [part[:, -(window or S) :] for part in kept]
    return table @ x[-1]


# %% [markdown]
# `window` is for section 4. Now write, with and without.


# %%
def empty():
    return [[normal(HEADS, 0, WIDTH // HEADS)] * 2 for _ in range(DEPTH)]


# %%
def write(count, cached, window=None):
    """Writes `count` tokens; gives them, and the seconds that each of them took."""
    tokens, cache, seconds = [7], empty(), []
    for _ in range(count):
        began = time.perf_counter()
        if cached:
            scores = network(tokens[-1:], cache, len(tokens) - 1, window)
        else:
            scores = network(tokens, empty(), 0, window)
        tokens.append(int(scores.argmax()))
        seconds.append(time.perf_counter() - began)
    return tokens, np.array(seconds)


# %%
again, slow = write(WRITTEN, cached=False)
kept, quick = write(WRITTEN, cached=True)
print(f"all again {slow.sum():.1f} s, with a cache {quick.sum():.1f} s")
assert again == kept

# %% [markdown]
# Not a token differs. Without a cache the work for one token grows with the square of the length
# of the text; with a cache it grows in proportion to the length.
#
# ## 4. A window: forget what is far
#
# The cache still grows. **Sliding-window attention** (滑动窗口注意力) lets each token look at the
# last W tokens only, so that keys which are farther away can be dropped. Is what lies outside lost?
# No. A layer looks W - 1 tokens back, but what it finds there has itself looked back in the layer
# below. Disturb one token, and see how far it is felt.

# %%
LONG, W = 64, 8


def felt(depth):
    """(T, T): whether a change at position s is felt at position t, after some layers."""
    near = causal(LONG, LONG) & ~np.tril(np.ones((LONG, LONG), bool), -W)
    return np.linalg.matrix_power(near.astype("int64"), depth) > 0


# %%
hidden, moved = normal(LONG, WIDTH), []
for disturbed in (False, True):
    x = hidden + disturbed * (np.arange(LONG) == 10)[:, None]
    for query, key, value, output in layers[:3]:
        q, k, v = (split(x @ kernel) for kernel in (query, key, value))
        x = x + attention(q, k, v, felt(1)).swapaxes(0, 1).reshape(LONG, -1) @ output
    moved.append(x)
changed = np.abs(moved[1] - moved[0]).max(axis=1) > 0
print("position 10 is felt from", changed.argmax(), "to", LONG - 1 - changed[::-1].argmax())
assert np.array_equal(changed, felt(3)[:, 10])

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
names = "causal", f"window of {W}", f"what is felt after 3 layers of window {W}"
for ax, name, table_of in zip(axes, names, (causal(LONG, LONG), felt(1), felt(3))):
    ax.imshow(np.where(table_of, 0.6, 0), cmap="Blues", vmin=0, vmax=1)
    ax.set(title=name, xlabel="key", ylabel="query")
    ax.title.set_fontsize(10)
plt.show()

# %% [markdown]
# *Figure 2. Who may look at whom (blue). Left: everybody at all that came before. Middle: at the
# last 8 tokens. Right: what reaches a token through three such layers: 3 · (8 - 1) = 21 tokens
# back.*
#
# Mistral 7B has windows of 4,096 tokens in 32 layers. In theory it hears 131,000 tokens; in
# practice what travels far becomes faint, and newer models give every second or every sixth layer
# full sight. In the same network: `network` drops the keys that no window reaches any more, and
# must write what it writes when all is computed again, under the mask of the window.

# %%
short, quickest = write(WRITTEN, cached=True, window=64)
assert short[:101] == write(min(100, WRITTEN), cached=False, window=64)[0]


def smooth(seconds, width=25):
    return [np.median(seconds[max(0, i - width) : i + width]) * 1000 for i in range(len(seconds))]


# %% tags=["cover"]
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.plot(smooth(slow), color=ORANGE, label="all computed again")
axes.plot(smooth(quick), "--", color=BLUE, label="with a cache")
axes.plot(smooth(quickest), ":", color="black", label="with a cache and a window of 64")
axes.set(xlabel="tokens written", ylabel="milliseconds for one token", yscale="log")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. The time for each new token, by how many are written.*
#
# ## 5. Exact attention without the matrix: blocks
#
# The weights of T queries over S keys are a matrix of T · S numbers, and on a GPU to write and read
# it takes longer than to compute it. **FlashAttention** never makes it. It goes through the keys in
# blocks and keeps a *running* softmax: the largest score so far, the sum of the exponentials, and
# the sum of the values. When a larger score comes, what was summed shrinks.


# %%
def in_blocks(q, k, v, size=64):
    """Attention of q (T, D) over k and v (S, D), with (T, size) scores at a time."""
    largest, total, context = np.full((len(q), 1), -np.inf, "float32"), 0.0, 0.0
    for s in range(0, len(k), size):
        scores = q @ k[s : s + size].T / np.sqrt(q.shape[-1]).astype("float32")
        before, largest = largest, np.maximum(largest, scores.max(-1, keepdims=True))
        weights, shrunk = np.exp(scores - largest), np.exp(before - largest)
        total = total * shrunk + weights.sum(-1, keepdims=True)
        context = context * shrunk + weights @ v[s : s + size]
    return context / total


# %%
q, k, v = normal(3, 1000, 64)
difference = np.abs(in_blocks(q, k, v) - attention(q[None], k[None], v[None])[0]).max()
print(f"difference {difference:.1e}; {1000 * 1000:,} weights at once, or {1000 * 64:,}")
assert difference < 1e-5

# %% [markdown]
# It is no approximation: the same numbers, in another order. In numpy it saves memory; the speed
# comes on a GPU, where a block fits into the fast memory beside the processor.
#
# ## 6. Linear attention: a memory that does not grow
#
# Without the softmax the weights would be a plain product, and then the brackets can be moved:
# $(Q K^\top) V = Q (K^\top V)$. The right side never makes a T · S matrix. $K^\top V$ has D · D
# numbers, however long the text is. **Linear attention** (线性注意力) puts a positive function
# $\phi$ in the place of the exponential, such as elu(x) + 1. From left to right it becomes a
# recurrent network: each token is *added* to a state.


# %%
def positive(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))  # elu(x) + 1


def linear_matrix(q, k, v):
    """The same as below with a (T, T) matrix, to check it."""
    weights = np.tril(positive(q) @ positive(k).T)
    return weights @ v / weights.sum(-1, keepdims=True)


# %%
def linear(q, k, v):
    """Causal linear attention, token by token, with a state of D * D numbers."""
    state, total, out = 0.0, 0.0, []
    for query, key, value in zip(positive(q), positive(k), v):
        state, total = state + np.outer(key, value), total + key
        out.append(query @ state / (query @ total))
    return np.array(out)


# %%
q, k, v = normal(3, 200, 32)
assert np.allclose(linear(q, k, v), linear_matrix(q, k, v), atol=1e-4)


def seconds(function, *inputs):
    function(*inputs)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        function(*inputs)
        times.append(time.perf_counter() - began)
    return sorted(times)[1]


# %%
def all_at_once(q, k, v):
    """What a reader of a whole text computes, without the steps: the state of its end."""
    return positive(q) @ (positive(k).T @ v)


spent = {"softmax": [], "linear": []}
for T in LENGTHS:
    q, k, v = normal(3, T, 32)
    spent["softmax"].append(1000 * seconds(attention, q[None], k[None], v[None]))
    spent["linear"].append(1000 * seconds(all_at_once, q, k, v))
print(*(f"{name} {[round(t, 2) for t in times]} ms" for name, times in spent.items()), sep="\n")

# %% [markdown]
# Too good?
#
# ## 7. An honest failure: a memory that does not grow forgets
#
# A state of fixed size cannot hold any number of things. Store N pairs of a random key and a value,
# then ask for one of them by its own key. Softmax finds it; the linear state mixes it with all the
# others.


# %%
def recalled(N, D=32):
    """The share of N stored values that softmax and linear attention find by their keys."""
    k = normal(N, D)
    k *= 3 * D**0.25 / np.linalg.norm(k, axis=1, keepdims=True)
    v = normal(N, D)
    soft = attention(k[None], k[None], v[None])[0]
    weights = positive(k) @ positive(k).T
    flat = weights @ v / weights.sum(-1, keepdims=True)
    right = [np.argmax(found @ v.T, axis=1) == np.arange(N) for found in (soft, flat)]
    return [np.mean(found) for found in right]


# %%
pairs = [2, 4, 8, 16, 32, 64, 128, 256]
shares = np.array([np.mean([recalled(N) for _ in range(TRIALS // 5)], axis=0) for N in pairs])
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.plot(pairs, shares[:, 0], "o-", color=BLUE, label="softmax")
axes.plot(pairs, shares[:, 1], "s--", color=ORANGE, label="linear, state of 32 × 32")
axes.plot(pairs, 1 / np.array(pairs), ":", color=GREY, label="guessing")
axes.set(xscale="log", xlabel="pairs that were stored", ylabel="share that is found again")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 4. Looking up one of N stored values by its key.*
#
# This is why models with a fixed state (linear attention, state-space models such as Mamba) read
# long texts cheaply and are worse at quoting them, and why many put a few layers of full attention
# between.
#
# ## 8. Speculative decoding: let a small model guess
#
# A large model takes nearly as long to read five tokens as to read one, since the time goes into
# fetching its weights. **Speculative decoding** (投机解码) uses this: a small model, the *draft*,
# writes k tokens; the large one reads them all in one pass and keeps those that it might have
# written itself. The wonder is that the text has *exactly* the distribution of the large model.
#
# Two models that need no training: counts of what followed the last four letters of Shakespeare,
# mixed with shorter ones (large), and of what followed the last one (small).

# %%
text = zoo.data.tiny_shakespeare("train")[0][:LETTERS]
letters = sorted(set(text))
number = {letter: i for i, letter in enumerate(letters)}
counts = collections.defaultdict(lambda: np.zeros(len(letters)))
for n in range(5):
    for i in range(n, len(text)):
        counts[text[i - n : i]][number[text[i]]] += 1


# %%
def model(order):
    """The probabilities of the next letter after a text, by its last `order` letters or fewer."""

    def predict(before):
        p = np.full(len(letters), 1 / len(letters))
        for n in range(order + 1):
            found = counts.get(before[len(before) - n :])
            p = p if found is None else (found + 2 * p) / (found.sum() + 2)
        return p

    return predict


large, small = model(4), model(1)

# %% [markdown]
# The rule: a token x of the draft, which gave it the probability q(x), is kept with the
# probability min(1, p(x) / q(x)), where p is the large model's. If it is refused, draw one from
# what the draft gave too little to, p - q where that is positive, and stop. If all are kept, the
# large model's pass gives one token more for nothing.


# %%
def draw(p):
    return letters[rng.choice(len(p), p=p / p.sum())]


# %%
def speculate(before, k):
    """The letters that one pass of the large model adds: 1 to k + 1."""
    draft = before
    for _ in range(k):
        draft += draw(small(draft))
    kept = before
    for letter in draft[len(before) :]:
        p, q, x = large(kept), small(kept), number[letter]
        if rng.random() >= p[x] / q[x]:
            return kept[len(before) :] + draw(np.maximum(p - q, 0))
        kept += letter
    return kept[len(before) :] + draw(large(kept))


# %% [markdown]
# Check: after one beginning, draw often. The letters that come first must be distributed as the
# large model says. Half the sum of the absolute differences is the *total variation distance*;
# plain draws of the large model show how much of it is chance.


# %%
def distance(drawn, p):
    share = np.bincount([number[letter] for letter in drawn], minlength=len(p)) / len(drawn)
    return np.abs(share - p).sum() / 2


before = "KING RICHARD:\nWhat is th"
p, q = large(before), small(before)
found = {
    "speculative": distance([speculate(before, 3)[0] for _ in range(DRAWS)], p),
    "large model": distance([draw(p) for _ in range(DRAWS)], p),
    "draft alone": distance([draw(q) for _ in range(DRAWS)], p),
}
print(*(f"{name:12} {value:.3f}" for name, value in found.items()), sep="\n")
assert found["speculative"] < 2 * found["large model"] + 0.01 < found["draft alone"]

# %% [markdown]
# How much is won? If a token is kept with the probability a, a pass brings
# $(1 - a^{k+1}) / (1 - a)$ tokens. But the draft costs, too. With c for the time of a pass of the
# draft, where one of the large model is 1, the speed is that number divided by $1 + k c$.

# %%
sizes = range(9)
gained = []
for k in sizes:
    written = "KING RICHARD:\n"
    for _ in range(PASSES):
        written += speculate(written[-8:], k)
    gained.append((len(written) - 14) / PASSES)
accepted = np.mean([np.minimum(large(text[i - 8 : i]), small(text[i - 8 : i])).sum()
                    for i in range(8, 4000)])  # fmt: skip
expected = [(1 - accepted ** (k + 1)) / (1 - accepted) for k in sizes]
print(f"share that is kept {accepted:.2f};", "letters a pass", [round(g, 2) for g in gained])

# %%
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.plot(sizes, gained, "o", color=BLUE, label="letters a pass, measured")
axes.plot(sizes, expected, color=BLUE, label="by the formula")
for c, style in ((0.05, "--"), (0.3, ":")):
    speed = [g / (1 + k * c) for k, g in zip(sizes, gained)]
    axes.plot(sizes, speed, style, color=ORANGE, label=f"speed, a draft of cost {c}")
axes.axhline(1, color=GREY, linewidth=0.8)
axes.set(xlabel="letters that the draft proposes (k)", ylabel="against the large model alone")
axes.legend(frameon=False, fontsize=8)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 5. What a draft brings. Blue: letters a pass. Orange: the speed; above the grey line it is
# faster than the large model alone.*
#
# A draft that costs a third of the large model wins next to nothing, and the more it guesses, the
# slower it gets. And no draft helps a server that is busy with many texts at once, where the large
# model no longer waits for its weights.
#
# ## What has what
#
# | | positions | heads of queries / keys | sees |
# |---|---|---|---|
# | Transformer (2017) | sinusoids, added | 8 / 8 | all |
# | GPT-2 | learned, added | 12 / 12 | all |
# | Llama 3 8B | RoPE, base 500,000 | 32 / 8 | all |
# | Mistral 7B | RoPE, base 10,000 | 32 / 8 | 4,096 tokens |
# | Qwen2.5 7B | RoPE, base 1,000,000 | 28 / 4 | all |
# | generators of the zoo | RoPE, base 10,000 | see the card | a context that moves on |
#
# `zoo import` makes models of the zoo of GPT-2, Llama 3 and Qwen2 checkpoints, with the layers that
# you have just written in numpy.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes")

# %% [markdown]
# ## Exercises
#
# **1.** A model was trained on 100 positions. Make it read 400 by **position interpolation**: slow
# all hands down by 4. Which pairs of positions get the scores of which before?
#
# <details><summary>Answer</summary>
#
# ```python
# def slowed(x, first=0, factor=4, base=10_000.0):
#     T, D = x.shape[-2:]
#     angles = (first + np.arange(T))[:, None] / factor * base ** (-np.arange(0, D, 2) / D)
#     a, b = x[..., : D // 2], x[..., D // 2 :]
#     cos, sin = np.cos(angles), np.sin(angles)
#     return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)
#
#
# q, k = normal(1, 64), normal(1, 64)
# assert np.isclose(slowed(q, 400) @ slowed(k, 360).T, rotate(q, 100) @ rotate(k, 90).T, atol=1e-3)
# ```
#
# A distance of 40 looks as one of 10 did. The model knows all angles that occur, but neighbours are
# now harder to tell apart; a little training mends that.
#
# </details>
#
# **2.** Write **ALiBi**: no positions at all, but from each score the distance times a slope of the
# head is subtracted (1/2, 1/4, 1/8 ... for the heads).
#
# <details><summary>Answer</summary>
#
# ```python
# def alibi(q, k, v):
#     H, T, D = q.shape
#     slopes = 0.5 ** np.arange(1, H + 1)
#     away = np.arange(T)[:, None] - np.arange(T)
#     scores = q @ k.swapaxes(1, 2) / D**0.5 - slopes[:, None, None] * away
#     scores = np.where(away >= 0, scores, -1e9)
#     weights = np.exp(scores - scores.max(-1, keepdims=True))
#     return weights / weights.sum(-1, keepdims=True) @ v
#
#
# q, k, v = normal(3, 8, 20, 16)
# assert np.allclose(alibi(q, k, v)[:, 0], v[:, 0])  # the first token sees itself alone
# ```
#
# [Notebook 9](09_your_own_attention.ipynb) makes a layer of such an idea.
#
# </details>
#
# **3.** To append to the cache and to cut it copies it at each step. Write into a **ring** instead:
# the key of place t goes to t modulo W. The keys are then in a strange order. Does it matter?
#
# <details><summary>Answer</summary>
#
# ```python
# def write_ring(count, W):
#     tokens, shape = [7], (HEADS, W, WIDTH // HEADS)
#     ring = [[np.zeros(shape, "float32"), np.zeros(shape, "float32")] for _ in layers]
#     for place in range(count):
#         x = table[tokens[-1:]]
#         for (query, key, value, output), kept in zip(layers, ring):
#             q, k = rotate(split(x @ query), place), rotate(split(x @ key), place)
#             kept[0][:, place % W], kept[1][:, place % W] = k[:, 0], split(x @ value)[:, 0]
#             seen = attention(q, *(part[:, : place + 1] for part in kept))
#             x = x + seen.swapaxes(0, 1).reshape(1, WIDTH) @ output
#         tokens.append(int((table @ x[-1]).argmax()))
#     return tokens
#
#
# assert write_ring(100, 16) == write(100, cached=True, window=16)[0]
# ```
#
# It does not. Attention adds up over its keys, in any order; where they stood is in their rotation.
#
# </details>
#
# **4.** The best draft is sometimes none: propose what followed the last time that the same three
# letters stood in the text (*prompt lookup*). Since its q is 1 for one letter, a proposal x is kept
# with the probability p(x).
#
# <details><summary>Answer</summary>
#
# ```python
# def lookup(before, k):
#     place = before.rfind(before[-3:], 0, len(before) - 1)
#     kept = before
#     for x in before[place + 3 :][:k] if place >= 0 else "":
#         p = large(kept)
#         if rng.random() >= p[number[x]]:
#             p[number[x]] = 0  # p - q, where that is positive
#             return kept[len(before) :] + draw(p)
#         kept += x
#     return kept[len(before) :] + draw(large(kept))
#
#
# written = text[:300]
# for _ in range(200):
#     written += lookup(written, 4)
# print((len(written) - 300) / 200, "letters a pass")
# ```
#
# It costs nothing, and helps where a text repeats itself: code, quotations, summaries.
#
# </details>
#
# ## References
#
# - Su and others (2021), *RoFormer: Enhanced Transformer with Rotary Position Embedding*,
#   [arXiv:2104.09864](https://arxiv.org/abs/2104.09864); Chen and others (2023), *Extending Context
#   Window of Large Language Models via Positional Interpolation*,
#   [arXiv:2306.15595](https://arxiv.org/abs/2306.15595): section 1 and exercise 1.
# - Shazeer (2019), *Fast Transformer Decoding: One Write-Head is All You Need*,
#   [arXiv:1911.02150](https://arxiv.org/abs/1911.02150); Ainslie and others (2023), *GQA*,
#   [arXiv:2305.13245](https://arxiv.org/abs/2305.13245): section 2.
# - Jiang and others (2023), *Mistral 7B*, [arXiv:2310.06825](https://arxiv.org/abs/2310.06825);
#   Beltagy and others (2020), *Longformer*, [arXiv:2004.05150](https://arxiv.org/abs/2004.05150):
#   section 4.
# - Dao and others (2022), *FlashAttention*, [arXiv:2205.14135](https://arxiv.org/abs/2205.14135):
#   section 5.
# - Katharopoulos and others (2020), *Transformers are RNNs*,
#   [arXiv:2006.16236](https://arxiv.org/abs/2006.16236): sections 6 and 7.
# - Leviathan and others (2023), *Fast Inference from Transformers via Speculative Decoding*,
#   [arXiv:2211.17192](https://arxiv.org/abs/2211.17192): section 8.
# - Press and others (2022), *Train Short, Test Long* (ALiBi),
#   [arXiv:2108.12409](https://arxiv.org/abs/2108.12409): exercise 2.
