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
# # 3. Translation with a Transformer
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/03_transformer_translation.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/03_transformer_translation.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title Twelve heads in three layers, and what each of them looks at

# %% [markdown]
# *Where this goes.* A trained Transformer translates one German sentence. It has three layers with
# four heads each, and each head looks at the source in its own way.
#
# **You need** [notebook 1](01_attention_from_scratch.ipynb) and
# [notebook 2](02_seq2seq_and_its_bottleneck.ipynb).
# **Time**: 3 minutes on 2 CPU cores.
#
# Notebook 2 put one attention between two recurrent networks. The **Transformer** leaves the
# recurrent networks out: attention reads, attention writes. For that, one attention is not enough,
# so we begin with many, side by side: **multi-head attention** (多头注意力).

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import collections
import itertools
import os
import re
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

# %%
import zoo
from zoo.models import RNNSearch, Transformer
from zoo.text import SentencePieceTokenizer
from zoo.training import WarmupLinear

FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
tf.config.run_functions_eagerly(FAST)  # a graph pays after many calls
STARTED = time.time()
keras.utils.set_random_seed(1)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% [markdown]
# ## 1. Multi-head attention in ten lines
#
# One softmax is one mixture. A word may want two things at once: its subject *and* its object. So
# give it several **heads** (头): project the vectors with matrices that are learned, cut the result
# into H pieces, let each piece attend by itself, and join the answers.


# %%
def multi_head(query, value, W_q, W_k, W_v, W_o, num_heads):
    """(B, T, D), (B, S, D) -> (B, T, D); each W is (D, D), and D = num_heads * width."""

    def heads(x):  # (B, T, D) -> (B, H, T, width)
        B, T, D = x.shape
        return ops.transpose(ops.reshape(x, (B, T, num_heads, D // num_heads)), (0, 2, 1, 3))

    q, k, v = heads(query @ W_q), heads(value @ W_k), heads(value @ W_v)
    scores = q @ ops.transpose(k, (0, 1, 3, 2)) / q.shape[-1] ** 0.5  # (B, H, T, S)
    contexts = ops.softmax(scores) @ v  # (B, H, T, width)
    return ops.reshape(ops.transpose(contexts, (0, 2, 1, 3)), query.shape) @ W_o


# %% [markdown]
# Is it right? The same four matrices go into `zoo.layers.MultiHeadAttention` and into
# `keras.layers.MultiHeadAttention`. Keras keeps its matrices with the heads as an axis of their
# own, so they are reshaped.

# %%
B, T, S, D, H = 2, 3, 5, 8, 4
random = np.random.default_rng(0)
query, value = (random.normal(size=(B, n, D)).astype("float32") for n in (T, S))
matrices = random.normal(size=(4, D, D)).astype("float32") / D**0.5
mine = multi_head(*map(ops.array, (query, value, *matrices)), num_heads=H)

in_zoo = zoo.layers.MultiHeadAttention(H, D // H, use_bias=False)
in_zoo.build(query.shape, value.shape)
in_zoo.set_weights(matrices)
in_keras = keras.layers.MultiHeadAttention(H, D // H, use_bias=False)
in_keras.build(query.shape, value.shape)
in_keras.set_weights([np.reshape(m, w.shape) for m, w in zip(matrices, in_keras.weights)])

# %%
for name, layer in (("zoo", in_zoo), ("keras", in_keras)):
    difference = np.abs(ops.convert_to_numpy(layer(query, value) - mine)).max()
    print(f"largest difference to the layer of {name:5}: {difference:.1e}")
    assert difference < 1e-5

# %% [markdown]
# How many numbers does it learn? Four matrices of D × D, however many heads: more heads make each
# head narrower, not the layer larger.

# %%
for num_heads in (1, 2, 8):
    layer = zoo.layers.MultiHeadAttention(num_heads, D // num_heads, use_bias=False)
    layer.build(query.shape, value.shape)
    print(f"{num_heads} heads of width {D // num_heads}: {layer.count_params()} = 4 · {D}²")
    assert layer.count_params() == 4 * D * D

# %% [markdown]
# ## 2. The data of notebook 2
#
# German captions of photographs with English translations, made of the 1,200 most frequent words of
# each language. (The fast mode counts instead.)


# %%
def common(pairs, count):
    """The words on each side that occur most often."""
    sides = [re.findall(r"\w+", " ".join(side).lower()) for side in zip(*pairs)]
    return [{word for word, _ in collections.Counter(side).most_common(count)} for side in sides]


def simple(pairs, known):
    parts = [[set(re.findall(r"\w+", text.lower())) for text in pair] for pair in pairs]
    return [pair for pair, words in zip(pairs, parts) if all(w <= k for w, k in zip(words, known))]


# %%
if FAST:
    counted = list(zip("eins zwei drei vier fünf".split(), "one two three four five".split()))
    made = itertools.permutations(counted, 3)
    everything = [tuple(" ".join(side) for side in zip(*words)) for words in made]
    train, test = everything[:50], everything[50:]
else:
    load = zoo.data.multi30k
    everything = load("train", "de", "en")
    known = common(everything, 1200)
    train = simple(everything, known)
    test = simple(load("val", "de", "en") + load("test_2016_flickr", "de", "en"), known)
lines = [line for pair in train for line in pair]
tokenizer = SentencePieceTokenizer.train(lines, 300 if FAST else 1600)
print(f"{len(train):,} pairs to learn from, {len(test)} for the test")

# %% [markdown]
# ## 3. A small Transformer, and an RNN of its size
#
# Two layers read (the encoder, 编码器), two layers write (the decoder, 解码器). Each has a
# self-attention (自注意力) and a small network that looks at every position alone; a layer that
# writes has a second attention, over the source, the **cross-attention** (交叉注意力). The other
# model is that of notebook 2, with attention, and about as many parameters.

# %%
V = tokenizer.vocab_size
models = {
    "Transformer": Transformer(V, V, 2, 2, 128, 4, ff_dim=256, share_embeddings=True),
    "RNN": RNNSearch(
        V, V, model_dim=96, units=192, attention_units=96, dropout=0.1, share_embeddings=True
    ),
}
translators = {
    name: zoo.Translator(model, tokenizer, decoding={"num_beams": 1})
    for name, model in models.items()
}
for name, it in translators.items():
    it.build()
    print(f"{name:12} {it.model.count_params():,} parameters")

# %% [markdown]
# In training, the Transformer reads the whole target at once, and predicts each token from those
# before it. It must not see those behind: the causal mask (因果掩码) of notebook 1. Disturb the
# last token, and nothing before it may move.

# %%
given = {"source": np.array([[5, 6, 7, 3]]), "target": np.array([[2, 8, 9, 10]])}
before = ops.convert_to_numpy(models["Transformer"](given))
given["target"][0, 3] = 11
after = ops.convert_to_numpy(models["Transformer"](given))
moved = np.abs(after - before).max(axis=(0, 2))
print("moved by position:", moved.round(3))
assert np.all(moved[:3] < 1e-5) and moved[3] > 1e-3

# %% [markdown]
# Now train both: the same pairs in the same order, the same number of steps. The learning rates
# differ, because what is good for one is not for the other. The first loss should be near ln V, or
# somewhat above.

# %%
steps, parts = (2, 2) if FAST else (120, 4)
losses, seconds = {}, {}
for name, peak in (("Transformer", 3e-3), ("RNN", 5e-3)):
    it = translators[name]
    schedule = WarmupLinear(peak, max(1, steps // 8), steps)
    optimizer = keras.optimizers.Adam(schedule, beta_2=0.98, clipnorm=1.0)
    it.compile(optimizer, label_smoothing=0)
    first = it.evaluate(test[:50], verbose=0)
    print(f"{name:12} first loss {first:.2f}, ln V = {np.log(V):.2f}", end=", ")
    assert abs(first - np.log(V)) < 1.5
    began, plan = time.process_time(), {"steps_per_epoch": steps // parts, "epochs": parts}
    history = it.fit(train, validation_data=test, batch_tokens=2048, verbose=0, **plan).history
    losses[name], seconds[name] = history["val_loss"], time.process_time() - began
    print(f"last {losses[name][-1]:.2f}, {seconds[name]:.0f} CPU seconds")

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
done = steps // parts * np.arange(1, parts + 1)
for (name, history), style in zip(losses.items(), ("k-o", "k--s")):
    axes.plot(done, history, style, label=name, markerfacecolor="white")
axes.set(xlabel="training steps", ylabel="loss on the test captions, nats a token")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 1. Loss of the two translators on captions that are not in the training data. Lower is
# better.*

# %%
sources, references = (list(side) for side in zip(*test))
for name, it in translators.items():
    texts = it.generate(sources)
    print(f"{name:12} BLEU {zoo.evaluation.bleu(texts, references).score:.1f}, such as: {texts[0]}")
print(f"{'human':12} {references[0]}")

# %% [markdown]
# ## 4. An honest failure: "Attention is all you need" does not say *how soon*
#
# Which of the two is better *in a few minutes*? Read your numbers, not the title of a famous paper.
# A Transformer must learn from data what an RNN has built in, such as that neighbours matter; in
# short trainings on little data it often loses. So what about longer ones? The zoo ships both
# architectures, trained on the same pairs, everyday sentences, conversations and captions, for the
# same eight minutes, side by side on one large GPU.

# %%
for name in ("translate_de_en", "translate_de_en_rnn"):
    card = next(model for model in zoo.models() if model.name == name)
    print(f"{name:20} {card.parameters / 1e6:.1f} M parameters, {card.quality}")

# %% [markdown]
# The Transformer is ahead, but look at how: in those minutes it made 20,000 steps, and the RNN
# 8,000. What it gains by its architecture is that all positions of a training text are computed at
# once, with no loop from word to word. That pays on machines with thousands of small cores. (Part
# of the German in the training pairs was written by a model of the other direction: 回译,
# back-translation.)
#
# ## 5. Heads, layer by layer
#
# From here on we use the shipped Transformer, which knows its language. All heads that look at the
# source, in all layers, for one sentence:

# %% tags=["cover"]
shipped = zoo.load("translate_de_en")
out = shipped.generate("Ein kleiner Hund spielt mit einem Ball.", return_dict=True)
zoo.plot_attention(out, layer="all", head="all")

# %% [markdown]
# *Figure 2. Three layers with four heads each. Row: the English token that is being written;
# column: the German token. Dark is much.* Compare the layers from top to bottom. Which heads follow
# the diagonal, which look at the end of the sentence, and which spread?
#
# A picture of one sentence invites stories. Let us count over several: how large is the largest
# weight of a row, on average? 1 is a head that points at one token.

# %%
texts = [
    "Zwei Männer stehen auf einer Brücke.",
    "Eine Frau liest ein Buch im Park.",
    "Ein Mädchen in einem roten Kleid tanzt auf der Straße.",
    "Drei Kinder spielen am Strand mit einem Ball.",
]
answers = shipped.generate(texts, return_dict=True)
largest = np.mean([answer.attention.max(axis=-1).mean(axis=-1) for answer in answers], axis=0)
assert largest.shape == (3, 4) and np.all(largest <= 1 + 1e-6)  # layers, heads

# %%
figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
for i, (row, hatch, grey) in enumerate(zip(largest, ("", "///", "xxx"), ("0.9", "0.75", "0.55"))):
    place = np.arange(4) + 0.27 * (i - 1)
    style = {"color": grey, "edgecolor": "0.2", "hatch": hatch, "label": f"layer {i + 1}"}
    axes.bar(place, row, width=0.25, **style)
axes.set_xticks(range(4), [f"head {i + 1}" for i in range(4)])
axes.set(ylabel="largest weight, mean of rows", ylim=(0, 1))
axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. How sharply each head of the shipped Transformer points, over four sentences.* Heads
# have numbers and no names: head 1 of one layer has nothing to do with head 1 of the next.
#
# ## 6. Go on from a trained model
#
# The shipped model has read everyday sentences, conversations and captions. Let it translate a
# sentence of chess players, for whom a *Läufer* is a bishop, a *Turm* a rook, and *schlagen* is to
# take.

# %%
move = "Der Läufer schlägt den Turm."
print(shipped.generate(move))

# %% [markdown]
# Every word is right somewhere, and the sentence is wrong here. You need not train from zero for a
# new **domain** (领域). **Fine-tuning** (微调) goes on from the trained weights with a small
# learning rate. Forty sentences are enough to see it; sixteen others are held out.

# %%
PIECES = [("Der Läufer", "den Läufer", "bishop"), ("Der Turm", "den Turm", "rook"),
          ("Der Springer", "den Springer", "knight"), ("Die Dame", "die Dame", "queen"),
          ("Der Bauer", "den Bauern", "pawn")]  # fmt: skip
VERBS = [("schlägt", "takes"), ("bedroht", "attacks"), ("deckt", "protects")]
moves = [
    (f"{one[0]} {verb} {other[1]}.", f"The {one[2]} {its_verb} the {other[2]}.")
    for (one, other), (verb, its_verb) in itertools.product(
        itertools.permutations(PIECES, 2), VERBS
    )
]
random.shuffle(moves)
moves.sort(key=lambda pair: pair[0] == move)  # the one above comes last: it is not learned
new_train, new_valid = moves[: 8 if FAST else 40], moves[-16:]
old_valid = everything[:20] if FAST else load("val", "de", "en")[:100]
print(*new_train[:3], sep="\n")

# %%
shipped.compile(keras.optimizers.Adam(3e-4), label_smoothing=0)
old_before = shipped.evaluate(old_valid, verbose=0)
new_losses = [shipped.evaluate(new_valid, verbose=0)]
epochs = 1 if FAST else 16
plan = {"batch_tokens": 256, "epochs": epochs, "verbose": 0}
new_losses += shipped.fit(new_train, validation_data=new_valid, **plan).history["val_loss"]
old_after = shipped.evaluate(old_valid, verbose=0)
print(f"chess, held out: loss {new_losses[0]:.2f} before, {new_losses[-1]:.2f} after")
assert FAST or new_losses[-1] < new_losses[0]

# %%
figure, axes = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
axes.plot(range(epochs + 1), new_losses, "k-o", markerfacecolor="white")
axes.set(xlabel="passes over 40 sentences on chess", ylabel="loss on the others", ylim=(0, None))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 4. Loss on sentences on chess that are not in the training data; at 0, the shipped model.*

# %%
for german, english in [*new_valid[: 0 if FAST else 3], new_valid[-1]]:
    print(f"{german:34} {shipped.generate(german):36} human: {english}")
print(f"\nand captions, which it knew: loss {old_before:.2f} before, {old_after:.2f} after")

# %% [markdown]
# The template was learned in the first passes, the pieces in the others. Compare them one by one.
#
# Two warnings. The held-out sentences are new *combinations* of known parts: the model has learned
# this template, not chess. And look at the last line: what becomes of the old trade while a new one
# is learned. A rise there is forgetting; a large one, which leaves little of the old trade, is
# called **catastrophic forgetting** (灾难性遗忘). The cure is simple: mix old pairs among the new
# ones, and many of them (exercise 4).

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** In `multi_head`, leave out the division by the square root. Which of the checks fails?
#
# <details><summary>Answer</summary>
#
# Both comparisons (the loop stops at the first that fails). All scores are larger by the root of
# the width of a head, here √2, so every softmax is harder. It would train all the same, and without
# the check nobody would notice.
#
# </details>
#
# **2.** Why does the Transformer need positions, and the RNN does not?
#
# <details><summary>Answer</summary>
#
# Attention is a sum: it gives the same for any order of the words (section 9 of notebook 1). An RNN
# reads one word after the other. `zoo.models.Transformer` adds sinusoids to the embeddings, or
# rotates queries and keys with `rotary=True`.
#
# </details>
#
# **3.** Train both models of section 3 four times as long. Does the order change?
#
# <details><summary>Answer</summary>
#
# Put 480 for 120 in `steps`, and write down your guess first. 5,787 pairs are few, and both models
# can learn them by heart: watch
# whether the loss on the test captions rises again while that on the training data still falls
# (过拟合, overfitting).
#
# </details>
#
# **4.** Fine-tune with the forty sentences *and* 200 captions of the training data, mixed. What
# happens to the two losses?
#
# <details><summary>Answer</summary>
#
# Load the shipped model again and fit it on `new_train + train[:200]`. Each pass has more steps,
# and chess is learned in fewer passes. When we tried six, with captions of the whole training
# split, chess came to 0.03, and the captions, at 1.57 before, to 1.50.
# One pass over `6 * new_train + train[:1200]` has about as many steps and shows no caption twice;
# there the captions came to 1.37 and chess to 0.05. (Better than before, since it is now taught
# captions and chess alone. What has become of everyday sentences?)
#
# </details>
#
# ## References
#
# - Vaswani et al. (2017), *Attention Is All You Need*,
#   [arXiv:1706.03762](https://arxiv.org/abs/1706.03762): the Transformer.
# - Xiong et al. (2020), *On Layer Normalization in the Transformer Architecture*,
#   [arXiv:2002.04745](https://arxiv.org/abs/2002.04745): where in a block the norms should stand.
# - Voita et al. (2019), *Analyzing Multi-Head Self-Attention*,
#   [arXiv:1905.09418](https://arxiv.org/abs/1905.09418): what heads do, and how many can go.
# - Elliott et al. (2016), *Multi30K: Multilingual English-German Image Descriptions*,
#   [arXiv:1605.00459](https://arxiv.org/abs/1605.00459): the data.
