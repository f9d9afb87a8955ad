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
# # 1. Attention from scratch
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/01_attention_from_scratch.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/01_attention_from_scratch.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title A translation and what each of its words attended to

# %% [markdown]
# *Where this goes.* A trained model translates German to English. Each row is one English **token**
# (词元, a word or a piece of one), and shows where the model looked while it wrote it. At the end
# you can read this picture, and you have written the layer behind it yourself.
#
# **You need** Python and a little numpy. **Time**: 2 minutes on 2 CPU cores, half an hour to read.
#
# Attention (注意力) answers one question: *of all that lies before me, what matters now?* It does
# so in three stages, which are also the first three sections: **score**, **select** and
# **integrate**.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import os
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

# %%
import zoo

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
LISTS, TEST_LISTS, EPOCHS = (512, 256, 2) if FAST else (40_000, 2000, 10)
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
STARTED = time.time()
keras.utils.set_random_seed(1)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% [markdown]
# ## 1. Score: how well does each word answer my question?
#
# Take four words, and describe each by three numbers that we choose by hand: is it *alive*, is it
# *food*, is it an *action*? Such a description is called a **key** (键).

# %%
words = ["the", "cat", "drinks", "milk"]
#                 alive food action
keys = np.array([[0.0, 0.0, 0.0],
                 [1.0, 0.0, 0.0],
                 [0.0, 0.0, 1.0],
                 [0.0, 1.0, 0.0]])  # fmt: skip

# %% [markdown]
# The question has the same form, and is called the **query** (查询). Somebody asks: *who is it
# about, and perhaps what did they eat?* That is a lot of *alive*, some *food*, no *action*.
#
# The **score** (评分) of a word is the dot product of the query and its key: it is large where both
# have large numbers in the same place.

# %%
query = np.array([2.0, 1.0, 0.0])
scores = keys @ query
for word, score in zip(words, scores):
    print(f"{word:7} {score:4.1f}")

# %% [markdown]
# Check one by hand: *cat* is `1·2 + 0·1 + 0·0 = 2`. Good.
#
# ## 2. Select: from scores to shares
#
# We have one unit of attention to give away. **Softmax** makes the scores positive with `exp`, and
# divides them by their sum. The results are the attention **weights** (权重).

# %%
weights = np.exp(scores) / np.exp(scores).sum()
by_hand = np.array([1.0, 7.389, 1.0, 2.718]) / 12.107  # e^0, e^2, e^0, e^1, and their sum
for word, weight in zip(words, weights):
    print(f"{word:7} {weight:.3f}")

assert np.isclose(weights.sum(), 1.0)
assert np.allclose(weights, by_hand, atol=1e-3)

# %% [markdown]
# Two things to notice. The selection is *soft*: *the* has a score of 0 and still gets 8 %. And it
# is *smooth*: change the query a little, and the weights change a little. That is why a network can
# learn it by gradient descent (梯度下降), and could not learn "take the best one".
#
# ## 3. Integrate: a mixture of what was selected
#
# Each word also has a **value** (值), what it contributes when it is attended to. The answer,
# called the **context** (上下文向量), is the mixture of the values in the proportion of the
# weights.

# %%
values = np.array([[0.0, 0.0],
                   [1.0, 0.0],
                   [0.0, 0.0],
                   [0.0, 1.0]])  # columns: "cat-ness", "milk-ness"  # fmt: skip
context = weights @ values
print("context:", context.round(3))

assert np.allclose(context, [weights[1], weights[3]])

# %% [markdown]
# The context says: 61 % cat, 22 % milk. Here are the three stages side by side.


# %%
def bars(axes, heights, title, hatch):
    """Four bars with their numbers on top."""
    drawn = axes.bar(words, heights, color="0.75", edgecolor="0.2", hatch=hatch)
    axes.bar_label(drawn, fmt="%.2f", padding=2)
    axes.set(title=title, ylim=(0, 1.2 * max(heights)))
    axes.spines[["top", "right"]].set_visible(False)


figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
bars(axes[0], scores, "1. score: query · key", "")
bars(axes[1], weights, "2. select: softmax", "//")
bars(axes[2], weights * values.sum(1), "3. integrate: weight × value", "xx")
plt.show()

# %% [markdown]
# *Figure 1. The three stages of attention for one query over four words. Scores may be any number;
# weights are positive and sum to 1; on the right is what each word puts into the context.*
#
# ## 4. All questions at once
#
# In a sentence every word asks. Put the queries in the rows of a matrix, and the three stages are
# two matrix products with a softmax between them. That is all there is to attention:
# `softmax(Q Kᵀ) V`.


# %%
def softmax(scores):
    """Softmax over the last axis; subtracting the maximum changes nothing but avoids overflow."""
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def attention(queries, keys, values):
    """(T, D), (S, D), (S, Dv) -> context (T, Dv) and weights (T, S)."""
    weights = softmax(queries @ keys.T)
    return weights @ values, weights


# %% [markdown]
# If the words of a sentence ask about the words of the *same* sentence, it is called
# **self-attention** (自注意力). Let *drinks* ask for its subject and its object, and the nouns for
# their verb.

# %%
asks = np.array([[3.0, 3.0, 0.0],  # "the" asks for a noun
                 [0.0, 0.0, 3.0],  # "cat" asks for its verb
                 [3.0, 3.0, 0.0],  # "drinks" asks for somebody and something
                 [0.0, 0.0, 3.0]])  # "milk" asks for its verb  # fmt: skip
contexts, table = attention(asks, keys, keys)

assert np.allclose(table.sum(axis=1), 1)
assert np.allclose(attention(query[None], keys, values)[0], context)  # one row is section 1 to 3


# %%
def heat(axes, table, rows, columns, title=""):
    """A table of weights as a heat map with numbers: dark is much."""
    axes.imshow(table, cmap="Greys", vmin=0, vmax=1)
    for (t, s), weight in np.ndenumerate(table):
        color = "white" if weight > 0.5 else "black"
        axes.text(s, t, f"{weight:.2f}", ha="center", va="center", color=color)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.set(title=title, xlabel="key: attended to", ylabel="query: who asks")


figure, axes = plt.subplots(figsize=(4, 4), layout="constrained")
heat(axes, table, words, words)
plt.show()

# %% [markdown]
# *Figure 2. Self-attention over four words with hand-made queries. Each row sums to 1.* Read the
# row of *drinks*: half of its attention goes to *cat*, half to *milk*. This is the kind of picture
# that a trained model draws, only that it finds its queries and keys by itself.
#
# ## 5. Why the Transformer divides by √D
#
# The **Transformer** is the network of notebook 3, made of dot-product attention. Real keys do not
# have 3 numbers but D = 64 or more. What happens to the scores? If the numbers are random with
# variance 1, a dot product adds D terms, and its variance is D. Do not believe it, measure it.

# %%
random = np.random.default_rng(0)
for width in (4, 64, 1024):
    q, k = random.normal(size=(2, 4000, width))
    dots = (q * k).sum(-1)
    print(f"D = {width:4}   variance of q · k = {dots.var():6.1f}   after / √D = "
          f"{(dots / width**0.5).var():.2f}")  # fmt: skip
    assert abs(dots.var() / width - 1) < 0.1

# %% [markdown]
# Large scores make softmax nearly a hard choice, and a hard choice has no slope to learn from. So
# the scores are divided by √D: **scaled dot-product attention** (缩放点积注意力). The picture shows
# the largest of 10 weights, on average, with and without the division.

# %%
widths = 2 ** np.arange(1, 11)
largest = {"q · k": [], "q · k / √D": []}
for width in widths:
    q, k = random.normal(size=(500, 1, width)), random.normal(size=(500, 10, width))
    dots = (q * k).sum(-1)
    largest["q · k"].append(softmax(dots).max(-1).mean())
    largest["q · k / √D"].append(softmax(dots / width**0.5).max(-1).mean())

# %%
figure, axes = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
for (label, heights), style in zip(largest.items(), ("k-o", "k--s")):
    axes.plot(widths, heights, style, label=label, markerfacecolor="white")
axes.axhline(0.1, color="0.6", linewidth=1)
axes.annotate("equal shares", (2, 0.1), (2, 0.13), color="0.4")
axes.set_xscale("log", base=2)
axes.set(xlabel="width D of query and key", ylabel="largest of 10 weights", ylim=(0, 1))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. Without scaling, wide random vectors pick one key almost at random and with full
# confidence. Divided by √D, the softness does not depend on the width.*
#
# ## 6. Additive attention in 15 lines
#
# The dot product is not the only way to score. The first attention for translation, by Bahdanau and
# others, lets a small network compare query and key; it is called **additive attention**
# (加性注意力):
#
# $$\text{score}(q, k) = v \cdot \tanh(W_q\,q + W_k\,k)$$
#
# It has weights to learn, and query and key need not have the same width. As a Keras layer:


# %%
class MyAdditiveAttention(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.query_dense = keras.layers.Dense(units, use_bias=False)
        self.key_dense = keras.layers.Dense(units, use_bias=False)
        self.scale = keras.layers.Dense(1, use_bias=False)

    def call(self, query, value):
        q = self.query_dense(query)[:, :, None, :]  # (B, T, 1, units)
        k = self.key_dense(value)[:, None, :, :]  # (B, 1, S, units)
        scores = self.scale(ops.tanh(q + k))[..., 0]  # (B, T, S)
        weights = ops.softmax(scores)
        return ops.matmul(weights, value), weights  # (B, T, D), (B, T, S)


# %% [markdown]
# B sentences at once, T queries, S keys. `None` adds an axis of length 1, so that `+` meets every
# query with every key. You will see these letters throughout the project.
#
# Is it right? Give your layer and `zoo.layers.AdditiveAttention` the same weights, and compare.

# %%
mine, theirs = MyAdditiveAttention(8), zoo.layers.AdditiveAttention(8)
query_batch = random.normal(size=(2, 3, 5)).astype("float32")  # B=2, T=3
value_batch = random.normal(size=(2, 4, 6)).astype("float32")  # S=4
context_mine, weights_mine = mine(query_batch, value_batch)
theirs.build(query_batch.shape, value_batch.shape)
theirs.query_dense.set_weights(mine.query_dense.get_weights())
theirs.key_dense.set_weights(mine.key_dense.get_weights())
theirs.scale.assign(mine.scale.kernel[:, 0])
context_zoo, weights_zoo = theirs(query_batch, value_batch, return_attention_scores=True)

difference = np.abs(ops.convert_to_numpy(context_mine - context_zoo)).max()
print(f"largest difference: {difference:.1e}")
assert difference < 1e-5

# %% [markdown]
# You have written Bahdanau's attention. Mind the name, though: `keras.layers.AdditiveAttention` is
# *not* it. It has no $W_q$ and no $W_k$, only the scale, so it cannot learn what to compare:

# %%
in_keras = keras.layers.AdditiveAttention()
in_keras.build([(2, 3, 6), (2, 4, 6)])
print("keras:", [tuple(w.shape) for w in in_keras.weights])
print("zoo:  ", [tuple(w.shape) for w in theirs.weights])

# %% [markdown]
# ## 7. Masks: what one may not look at
#
# Sentences in a batch have different lengths and are filled up with **padding** (填充). Nobody may
# attend to it. A mask (掩码) says where one may look: True. The good test is not to look at the
# weights but to *disturb* what is forbidden: nothing may move.

# %%
mask = np.array([[True, True, True, False], [True, True, False, False]])[:, None, :]  # (B, 1, S)
before = ops.convert_to_numpy(theirs(query_batch, value_batch, attention_mask=mask))
disturbed = value_batch.copy()
disturbed[~mask[:, 0]] = 1000.0
after = ops.convert_to_numpy(theirs(query_batch, disturbed, attention_mask=mask))
print("padding set to 1000, the context moved by", np.abs(after - before).max())
assert np.array_equal(before, after)

# %% [markdown]
# A model that writes from left to right must not see the words that it has yet to write. That is
# the **causal mask** (因果掩码). The same test: change position 3, and positions 0 to 2 stay as
# they are.

# %%
causal = zoo.layers.DotProductAttention()
before = ops.convert_to_numpy(causal(value_batch, value_batch, use_causal_mask=True))
disturbed = value_batch.copy()
disturbed[:, 3] += 1
after = ops.convert_to_numpy(causal(disturbed, disturbed, use_causal_mask=True))
moved = np.abs(after - before).max(axis=(0, 2))
print("moved by position:", moved.round(3))
assert np.all(moved[:3] == 0) and moved[3] > 0

# %% [markdown]
# ## 8. Can it be learned?
#
# So far *we* chose the queries. Now a network must. The task is to look something up: eight
# letters, each with a digit, and then one letter. What was its digit?
#
# `Q7 B2 M0 X5 A9 K2 T4 F1, and M?` The answer is `0`.


# %%
def lookup_task(rows, rng):
    """Letters (rows, 8), digits (rows, 8), the letter asked for (rows, 1), its digit (rows,)."""
    letters = np.argsort(rng.random((rows, 26)), axis=1)[:, :8]  # eight different ones
    digits = rng.integers(10, size=(rows, 8))
    place = rng.integers(8, size=rows)
    picked = np.arange(rows), place
    return [letters, digits, letters[picked][:, None]], digits[picked], place


(letters, digits, asked), answer, place = lookup_task(1, np.random.default_rng(4))
listed = " ".join(f"{chr(65 + a)}{b}" for a, b in zip(letters[0], digits[0]))
print(f"{listed}, and {chr(65 + asked[0, 0])}? {answer[0]}")


# %% [markdown]
# Two networks that differ in one line. Both embed letters and digits, that is, give each a vector
# that is learned (嵌入, an embedding); one attends with the letter
# asked for as the query, the letters as keys and the digits as values. The other ties each digit to
# its letter by a product, and takes the plain mean of the eight: equal weights for all.


# %%
def lookup_model(with_attention):
    letters, digits = keras.Input((8,), dtype="int32"), keras.Input((8,), dtype="int32")
    asked = keras.Input((1,), dtype="int32")
    embed = keras.layers.Embedding(26, 32, name="letters")
    key, value = embed(letters), keras.layers.Embedding(10, 32)(digits)
    if with_attention:
        context = zoo.layers.AdditiveAttention(32, name="look")(embed(asked), value, key)
    else:
        context = ops.mean(key * value, axis=1, keepdims=True)
    x = keras.layers.Flatten()(keras.layers.Concatenate()([embed(asked), context]))
    x = keras.layers.Dense(64, activation="relu")(x)
    return keras.Model([letters, digits, asked], keras.layers.Dense(10)(x))


# %% [markdown]
# Before training, a check that catches many faults. The loss is the cross-entropy (交叉熵), minus
# the logarithm of the probability that the right answer got. A model that knows nothing gives
# each of 10 digits a tenth, so the first loss should be about -ln(1/10) = ln 10 = 2.30.

# %%
inputs, answers, places = lookup_task(LISTS, np.random.default_rng(0))
tests, test_answers, test_places = lookup_task(TEST_LISTS, np.random.default_rng(1))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
models = {"with attention": lookup_model(True), "plain mean": lookup_model(False)}
for name, model in models.items():
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    first = model.evaluate(tests, test_answers, verbose=0)[0]
    print(f"{name:15} first loss {first:.2f}, ln 10 = {np.log(10):.2f}")
    assert abs(first - np.log(10)) < 0.1

# %%
histories = {}
for name, model in models.items():
    options = {"batch_size": 256, "epochs": EPOCHS, "verbose": 0}
    fitted = model.fit(inputs, answers, validation_data=(tests, test_answers), **options)
    histories[name] = fitted.history["val_accuracy"]
    print(f"{name:15} right on {histories[name][-1]:.1%} of new lists")

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
for (name, history), style in zip(histories.items(), ("k-o", "k--s")):
    axes.plot(range(1, len(history) + 1), history, style, label=name, markerfacecolor="white")
axes.axhline(0.1, color="0.6", linewidth=1)
axes.annotate("guessing", (1, 0.1), (1, 0.03), color="0.4")
axes.set(xlabel="pass over the data", ylabel="share of right answers", ylim=(0, 1.05))
axes.legend(frameon=False, loc=(0.55, 0.62))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 4. Looking up one of eight digits, on lists that training never held. The network with
# attention has learned the task in two passes; the one that mixes all items equally must squeeze
# eight pairs into one vector, and is far behind after ten.*
#
# And does it *look* where it should? Nobody told it where the letter stands; it was only told
# whether the digit was right.

# %%
trained = models["with attention"]
embed, look = trained.get_layer("letters"), trained.get_layer("look")
letters, digits, asked = (part[:6] for part in tests)
keys_now = embed(letters)
_, weights_now = look(embed(asked), keys_now, keys_now, return_attention_scores=True)
weights_now = ops.convert_to_numpy(weights_now)[:, 0]

# %%
figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
heat(axes, weights_now, [f"{chr(65 + a[0])}?" for a in asked], [f"{i + 1}" for i in range(8)])
for t, s in np.ndindex(6, 8):
    axes.text(s, t + 0.33, chr(65 + letters[t, s]), ha="center", va="center", size=8,
              color="white" if weights_now[t, s] > 0.5 else "0.3")  # fmt: skip
axes.set(xlabel="place in the list (small: its letter)", ylabel="letter asked for")
plt.show()

# %% [markdown]
# *Figure 5. Six lists. Each row: the letter asked for, and the weights over the eight places, with
# the letter there written small. The weight lies where the letters agree.*

# %%
all_keys = embed(tests[0])
_, found = look(embed(tests[2]), all_keys, all_keys, return_attention_scores=True)
hits = (ops.convert_to_numpy(found)[:, 0].argmax(-1) == test_places).mean()
print(f"the largest weight is on the right place in {hits:.1%} of the lists")
assert FAST or hits > 0.95

# %% [markdown]
# ## 9. An honest failure: attention does not know order
#
# Swap the words of a sentence, and ask the same question. `softmax` and the sum do not care in
# which order the items come, so the answer is the same. (A difference of 0.0000001 is the rounding
# of float32, which adds in another order.)

# %%
dog_bites_man = random.normal(size=(1, 3, 6)).astype("float32")
man_bites_dog = dog_bites_man[:, ::-1]
question = random.normal(size=(1, 1, 6)).astype("float32")
plain = zoo.layers.DotProductAttention()
one, other = plain(question, dog_bites_man), plain(question, man_bites_dog)
print("difference:", float(ops.max(ops.abs(one - other))))
assert np.allclose(one, other, atol=1e-6)

# %% [markdown]
# To attention, *dog bites man* is *man bites dog*. A bag of words. Recurrent networks
# (循环神经网络, RNN) know the order because they read one word after the other; the Transformer
# must be told, by adding a pattern to each vector that depends on its position:

# %%
positions = zoo.layers.SinusoidalPositions()
one = plain(question, positions(dog_bites_man))
other = plain(question, positions(man_bites_dog))
print("difference with positions:", round(float(ops.max(ops.abs(one - other))), 3))
assert not np.allclose(one, other, atol=1e-3)

# %% [markdown]
# ## 10. The same layer in a real translator
#
# The shipped model `translate_de_en_rnn` holds two recurrent networks with *your* additive
# attention between them, trained on everyday sentences, conversations and captions of photographs.

# %%
translator = zoo.load("translate_de_en_rnn")
layer = translator.model.attention
share = layer.count_params() / translator.model.count_params()
print(f"{type(layer).__name__}: {layer.count_params():,} weights, {share:.1%} of the model")

# %% [markdown]
# So it is true that attention needs few parameters: 3.5 % here. That it helps is another claim. It
# asks for an experiment: the same model, the same data, once with and once without.

# %% tags=["cover"]
out = translator.generate("Ein kleiner Hund spielt mit einem roten Ball.", return_dict=True)
zoo.plot_attention(out)

# %% [markdown]
# *Figure 6. German to English. Row: the English token that is being written. Column: the German
# token. A dark cell is a large weight.* A token is a word or, where a word is rare, a piece of one;
# `</s>` is the end. Follow the rows. The dark cells run along the diagonal,
# because both languages have the same order here. Nobody gave the model a dictionary: the map is a
# by-product of learning to translate.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Multiply the query of section 1 by 3. What happens to the weights, and why?
#
# <details><summary>Answer</summary>
#
# The scores become 0, 6, 0, 3 and *cat* gets 95 %. Larger scores make softmax harder. Dividing by a
# number above 1, a *temperature* (温度), makes it softer; √D is such a number.
#
# </details>
#
# **2.** Which query would attend to all four words equally?
#
# <details><summary>Answer</summary>
#
# `[0, 0, 0]`: all scores are 0, all weights 1/4. There are no others here, because *the* has the
# score 0 whatever the query is, and each of the other words has a direction of its own.
#
# </details>
#
# **3.** Your `MyAdditiveAttention` holds an array of shape (B, T, S, units). How large is it for 16
# sentences, 256 queries, 256 keys and 256 units, in float32?
#
# <details><summary>Answer</summary>
#
# 16 · 256 · 256 · 256 · 4 bytes = 1.07 GB, for one layer. `zoo.layers.AdditiveAttention` sums one
# unit at a time where that array would be large; a dot product never has this array at all, which
# is one reason why it won.
#
# </details>
#
# **4.** Set the weights of masked places to 0 *after* the softmax instead of masking the scores.
# What is wrong then?
#
# <details><summary>Answer</summary>
#
# The padding has taken its share before it was removed: the rows no longer sum to 1, and what is
# forbidden still moves the result through the sum below the fraction bar. The test of section 7
# finds it.
#
# </details>
#
# ## References
#
# - Bahdanau, Cho and Bengio (2015), *Neural Machine Translation by Jointly Learning to Align and
#   Translate*, [arXiv:1409.0473](https://arxiv.org/abs/1409.0473): additive attention.
# - Luong, Pham and Manning (2015), *Effective Approaches to Attention-based Neural Machine
#   Translation*, [arXiv:1508.04025](https://arxiv.org/abs/1508.04025): dot products and others.
# - Vaswani et al. (2017), *Attention Is All You Need*,
#   [arXiv:1706.03762](https://arxiv.org/abs/1706.03762): √D, self-attention, many heads.
