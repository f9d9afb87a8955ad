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
# # 20. Fine-tuning with LoRA: your own pairs
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/20_fine_tuning_with_lora.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/20_fine_tuning_with_lora.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title What each English word looked at, after the model has learned a menu

# %% [markdown]
# *Where this goes.* A trained model knows everyday Chinese and not your trade: on a menu it takes
# *ants climbing a tree* for insects. You will teach it a menu, first by training all of its
# weights, then by **LoRA** (低秩适配), which leaves them as they are and learns a small product of
# two matrices beside them. You write LoRA yourself, see why so little is enough, and count what
# each way makes the model forget.
#
# **You need** [notebook 3](03_transformer_translation.ipynb), whose section 6 fine-tunes a model
# once, and matrix products. **Time**: 9 minutes on 2 CPU cores. Nothing is downloaded.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import itertools
import os
import random
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %%
import zoo

STARTED = time.time()
keras.utils.set_random_seed(1)
random.seed(1)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
LEARN, CHECK, EVERYDAY, PASSES = 80, 40, 200, 6  # orders; sentences of every day; passes
RANKS = (1, 4, 16)
if FAST:
    LEARN, CHECK, EVERYDAY, PASSES, RANKS = 4, 1, 1, 1, (1,)
    tf.config.run_functions_eagerly(True)  # building graphs would take most of the time

# %% [markdown]
# ## 1. LoRA in ten lines
#
# A dense layer multiplies by a matrix W of D × F numbers. Fine-tuning changes it to W + ΔW, with as
# many numbers again. LoRA says: let ΔW be a product of two narrow matrices,
#
# $$y = x W + \frac{\alpha}{r}\, (x A) B, \qquad A \in \mathbb{R}^{D \times r},\;
# B \in \mathbb{R}^{r \times F},$$
#
# of **rank** (秩) r, and let A and B alone learn. B begins with zeros, so that nothing changes at
# first. (α / r is a scale, here 1.)


# %%
class LoRA(keras.layers.Layer):
    """A dense layer as it is, and beside it a product of two narrow matrices that learns."""

    def __init__(self, dense, rank):
        super().__init__()
        self.dense, (D, F) = dense, dense.kernel.shape
        dense.trainable = False
        self.A = self.add_weight(shape=(D, rank), initializer="he_uniform", name="A")
        self.B = self.add_weight(shape=(rank, F), initializer="zeros", name="B")

    def call(self, x):
        return self.dense(x) + (x @ self.A) @ self.B


# %% [markdown]
# Three checks. It changes nothing at first; it is what `enable_lora` of Keras is; and after
# training it can be **merged**: with the kernel W + AB a plain dense layer gives the same, so that
# the update costs nothing when the model is used.


# %%
def plain(kernel, bias):
    """A dense layer with these weights."""
    layer = keras.layers.Dense(len(bias))
    layer.build((None, len(kernel)))
    layer.set_weights([kernel, bias])
    return layer


numbers = np.random.default_rng(0)
D, F, rank = 256, 1024, 4
x, W, b, B = (numbers.normal(size=size) for size in ((5, D), (D, F), (F,), (rank, F)))
mine = LoRA(plain(W, b), rank)
assert np.array_equal(mine(x), plain(W, b)(x))  # B is zero

# %%
mine.B.assign(B)
theirs = plain(W, b)
theirs.enable_lora(rank)
theirs.lora_kernel_a.assign(mine.A)
theirs.lora_kernel_b.assign(mine.B)
for name, other in (("Keras", theirs), ("merged", plain(W + mine.A @ mine.B, b))):
    difference = float(np.abs(mine(x) - other(x)).max())
    print(f"largest difference to {name:6}: {difference:.1e}")
    assert difference < 1e-3
print(f"{rank * (D + F):,} numbers learn, in place of {D * F:,}")

# %% [markdown]
# ## 2. A menu
#
# The shipped `translate_zh_en` has read everyday sentences, conversations, captions and documents.
# Ask it for dishes:

# %%
translator = zoo.load("translate_zh_en")
DISHES = {
    "蚂蚁上树": "glass noodles with pork",  # word for word: ants climb a tree
    "鱼香肉丝": "pork in garlic sauce",  # fish-fragrant shreds of meat: without fish
    "夫妻肺片": "sliced beef in chili oil",  # husband and wife lung slices
    "宫保鸡丁": "kung pao chicken",
    "麻婆豆腐": "mapo tofu",
    "回锅肉": "twice-cooked pork",
    "红烧肉": "red-braised pork",
    "担担面": "dandan noodles",
    "小笼包": "soup dumplings",
    "锅贴": "pot stickers",
    "酸辣汤": "hot and sour soup",
    "蛋炒饭": "egg fried rice",
}

# %%
ORDERS = {
    "我要一份{}。": "I would like {}.",
    "请再来一份{}。": "Another order of {}, please.",
    "{}多少钱？": "How much for {}?",
    "今天有{}吗？": "Is there any {} today?",
    "我没点{}。": "I did not order {}.",
    "{}里有肉吗？": "Is there meat in {}?",
}

# %%
pairs = [(a.format(d), b.format(DISHES[d])) for d in DISHES for a, b in ORDERS.items()]
for one, other in itertools.permutations(DISHES, 2):
    pairs.append((f"我们想要{one}和{other}。", f"We want {DISHES[one]} and {DISHES[other]}."))
order = "我要一份蚂蚁上树。"
random.shuffle(pairs)
pairs.sort(key=lambda pair: pair[0] == order)  # this one comes last: it is not learned
new_train, new_valid = pairs[:LEARN], pairs[-CHECK:]
for chinese, english in new_valid[-4:]:
    print(f"{chinese}   {translator.generate(chinese)}   human: {english}")

# %% [markdown]
# The sentences are made of twelve dishes and seven ways to order. Those to check are *combinations*
# that are not learned; every dish and every way to order is. And so that we see what is lost, we
# keep 200 sentences of every day, from [Tatoeba](https://tatoeba.org), which the model was not
# trained on. (Without the data, eight of our own.)

# %%
OWN = [
    ("你好吗？", "How are you?"), ("我住在北京。", "I live in Beijing."),
    ("他在看书。", "He is reading a book."), ("今天很热。", "It is hot today."),
    ("你叫什么名字？", "What is your name?"), ("我喜欢音乐。", "I like music."),
    ("请等一下。", "Please wait a moment."), ("她昨天来了。", "She came yesterday."),
]  # fmt: skip
try:
    everyday = [pair[:2] for pair in zoo.data.tatoeba_zh_en("val")][:EVERYDAY]
except FileNotFoundError:
    everyday = OWN
print(len(new_train), "to learn,", len(new_valid), "to check,", len(everyday), "of every day")

# %% [markdown]
# ## 3. All weights, or LoRA
#
# The same passes over the same pairs, once with all weights and a small learning rate, then with
# LoRA of some ranks. LoRA needs a larger rate, since its product begins at zero. After each pass:
# the loss on orders that were not learned, and on sentences of every day.


# %%
def fine_tune(rank=None):
    """A tuned translator, with the losses [orders, every day] before and after each pass."""
    keras.utils.set_random_seed(1)
    tuned = zoo.load("translate_zh_en")
    if rank:
        tuned.enable_lora(rank)
    rate = 4e-3 if rank else 3e-4
    tuned.compile(keras.optimizers.Adam(rate), label_smoothing=0)
    losses = [[tuned.evaluate(data, verbose=0) for data in (new_valid, everyday)]]
    for i in range(PASSES):
        tuned.fit(new_train, batch_tokens=256, seed=i, verbose=0)
        losses.append([tuned.evaluate(data, verbose=0) for data in (new_valid, everyday)])
    return tuned, np.array(losses)


# %%
runs = {}
for rank in (None, *RANKS):
    began = time.time()
    tuned, losses = runs[rank] = fine_tune(rank)
    count = sum(int(np.prod(weight.shape)) for weight in tuned.trainable_variables)
    print(f"{f'LoRA {rank}' if rank else 'all':8} {count:10,} numbers learn; orders "
          f"{losses[0, 0]:.2f} -> {losses[-1, 0]:.2f}, every day {losses[0, 1]:.2f} -> "
          f"{losses[-1, 1]:.2f}; {time.time() - began:.0f} s")  # fmt: skip
assert FAST or all(losses[-1, 0] < losses[0, 0] / 2 for _, losses in runs.values())

# %%
figure, axes = plt.subplots(1, 2, figsize=(8.5, 3), layout="constrained")
for (rank, (_, losses)), style in zip(runs.items(), ("k-o", "k--s", "k:^", "k-.D")):
    for ax, line in zip(axes, losses.T):
        label = f"LoRA, rank {rank}" if rank else "all weights"
        ax.plot(range(PASSES + 1), line, style, label=label, markerfacecolor="white")
for ax, title in zip(axes, ("orders, not learned", "sentences of every day")):
    ax.set(xlabel="passes over the orders", ylabel="loss, nats a token", title=title)
    ax.set_ylim(0, None)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].legend(frameon=False)
plt.show()

# %% [markdown]
# *Figure 1. Left, what is gained; right, what is lost: **forgetting** (遗忘).* LoRA of rank 16
# learns the orders best (0.08; all weights 0.18), with a fifteenth of the numbers. But it is no
# guard against forgetting. At one learning rate, every day ends at 1.40 with rank 1, 1.56 with rank
# 4 and 1.74 with rank 16 (all begin at 1.33): what learns more of the menu loses more. All weights,
# with their smaller rate, end at 1.39; so part of this is the rate, not the method. Rank 1 is too
# little for six passes. And LoRA was not faster here (104 to 165 s, all weights 76 s): each step
# still goes through the whole model, and through two more products for each matrix. What it saves
# is memory for the optimizer, which we do not measure, and files.

# %%
best, _ = runs[RANKS[-1]]
for chinese, english in new_valid[-4:]:
    print(f"{chinese}   {best.generate(chinese)}   human: {english}")

# %% [markdown]
# Four orders that it has not read, and all are right.
#
# ## 4. Why so little is enough
#
# What does training *all* weights change? Take the difference of one matrix, after and before, and
# its **singular values** (奇异值): how much of the change each direction carries. Were all of them
# equal, no narrow product could come near it.


# %%
def kernels(translator):
    """Name -> matrix, of the feed-forward layers, where most of the weights are."""
    return {w.path: w.numpy() for w in translator.model.weights if w.path.endswith("inner/kernel")}


before, after = kernels(translator), kernels(runs[None][0])
name = list(before)[-1]
spectra = {
    "the matrix itself": np.linalg.svd(before[name], compute_uv=False),
    "its change by training all": np.linalg.svd(after[name] - before[name], compute_uv=False),
}
for label, values in spectra.items():
    share = np.cumsum(values**2) / np.sum(values**2)
    print(f"{label:28}" + ", ".join(f"rank {r}: {share[r - 1]:.0%}" for r in (1, 4, 16, 64)))

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
for (label, values), style in zip(spectra.items(), ("k-", "k--")):
    axes.plot(np.arange(1, len(values) + 1), values / values[0], style, label=label)
axes.set(xlabel="number of the singular value", ylabel="divided by the largest", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. Singular values of a feed-forward matrix of the decoder, and of what training all
# weights changed in it.* Four directions carry 37 % of the change, and 16 carry 67 %; of the
# matrix itself they carry 14 % and 28 %. So the change has fewer directions than what is changed,
# though more than four. And LoRA need not come near *this* change: it looks for *one* of low rank
# that serves.
#
# ## 5. Keep it, and change it like a coat
#
# `save` merges the updates, so the file is a whole model and loads like any other.
# Or keep A and B alone: then one model in memory serves many customers, and each has a small file.


# %%
def inner_path(weight):
    """Where a weight is in its model, whatever the model is called."""
    return weight.path.split("/", 1)[1]


updates = {inner_path(w).replace("/", "|"): w.numpy() for w in best.trainable_variables}
np.savez_compressed("menu.npz", **{name: x.astype("float16") for name, x in updates.items()})
print(f"menu.npz: {os.path.getsize('menu.npz') / 2**20:.1f} MiB, {len(updates)} matrices")


# %%
def wear(translator, path, sign=1):
    """Adds the updates of a file to a model without LoRA or, with sign -1, takes them off."""
    weights = {inner_path(weight): weight for weight in translator.model.weights}
    with np.load(path) as file:
        for name in file.files:
            if name.endswith("lora_kernel_a"):
                A, B = file[name], file[name.replace("kernel_a", "kernel_b")]
                kernel = weights[name.replace("|", "/").replace("lora_kernel_a", "kernel")]
                kernel.assign_add(sign * A.astype("float32") @ B.astype("float32"))


# %%
for sign, what in ((1, "with the menu"), (-1, "without it")):
    wear(translator, "menu.npz", sign)
    print(f"{what:14} {translator.generate(order)}")
os.remove("menu.npz")

# %% [markdown]
# The menu is 1.3 MiB; a second model would be 15. Taken off, it leaves the shipped model as it was.
#
# ## 6. Where it looks now
#
# Do the new words come from the right place? For each English word, the Chinese that it looked at:

# %% tags=["cover"]
zoo.plot_attention(best.generate(order, return_dict=True))

# %% [markdown]
# *Figure 3. The model with LoRA: the weights of the last layer, averaged over the heads.* *glass*
# and *pork* look at 蚂蚁 (ant), *noodles* at 树 (tree) and at the end. No character of the four
# means noodles: the dish is learned as a whole.
#
# ## 7. An honest failure: a dish that is not on the menu
#
# *Lion's head* (狮子头) is a large meatball of pork, *Buddha jumps over the wall*
# (佛跳墙) a rich soup. Neither was among the twelve.

# %%
for chinese in ("我要一份狮子头。", "今天有佛跳墙吗？", "我看见一只蚂蚁在树上。"):
    print(f"{chinese}   before: {translator.generate(chinese)}   after: {best.generate(chinese)}")

# %% [markdown]
# A dish that is not on the menu becomes one that is. And the last sentence is no order at all:
# where there is an ant and a tree, it serves noodles. In eighty orders these words meant nothing
# else. So test on what the model should *still* do, and mix it in (exercise 1).

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Mix sentences of every day among the orders: does the right half of Figure 1 stay flat?
#
# <details><summary>Answer</summary>
#
# ```python
# tuned = zoo.load("translate_zh_en")
# tuned.enable_lora(16)
# tuned.compile(keras.optimizers.Adam(4e-3), label_smoothing=0)
# tuned.fit(new_train + OWN * 5, epochs=PASSES, batch_tokens=256, verbose=0)
# print([tuned.evaluate(data, verbose=0) for data in (new_valid, everyday)])
# ```
#
# It rises less. Take old sentences of many kinds, not eight: what is mixed in is what is kept. (Not
# those of `everyday`, of course, which measure it.)
#
# </details>
#
# **2.** Let A *and* B begin with random numbers, or both with zeros. What goes wrong?
#
# <details><summary>Answer</summary>
#
# With both random the model is another one before the first step, and worse. With both zero it
# never learns: the gradient of A has the factor B, and that of B the factor A.
#
# ```python
# mine = LoRA(plain(np.ones((4, 3)), np.zeros(3)), 2)
# mine.A.assign(np.zeros((4, 2)))
# with tf.GradientTape() as tape:
#     loss = tf.reduce_sum(mine(np.ones((1, 4), "float32")))
# print(tape.gradient(loss, mine.trainable_variables))
# ```
#
# </details>
#
# **3.** Fine-tune `translate_fr_de` on the orders in French and German. What must you change?
#
# <details><summary>Answer</summary>
#
# Only the name and the pairs:
#
# ```python
# french = [("Je voudrais une soupe.", "Ich hätte gern eine Suppe."),
#           ("Encore une soupe, s'il vous plaît.", "Noch eine Suppe, bitte.")]
# tuned = zoo.load("translate_fr_de")
# tuned.enable_lora(4)
# tuned.compile(keras.optimizers.Adam(4e-3), label_smoothing=0)
# tuned.fit(french * 8, batch_tokens=256, verbose=0)
# print(tuned.generate("Je voudrais une soupe."))
# ```
#
# </details>
#
# **4.** Give LoRA to the attention alone, or to the feed-forward layers alone. Which helps more
# here?
#
# <details><summary>Answer</summary>
#
# ```python
# for names in (["query", "key", "value", "output"], ["inner", "outer"]):
#     tuned = zoo.load("translate_zh_en")
#     tuned.enable_lora(4, target_layer_names=names)
#     print(names, len(tuned.trainable_variables), "matrices learn")
# ```
#
# Measure both as in section 3; the paper (its section 7.1) gives it to the attention.
#
# </details>
#
# ## References
#
# - Hu et al. (2022), *LoRA: Low-Rank Adaptation of Large Language Models*,
#   [arXiv:2106.09685](https://arxiv.org/abs/2106.09685).
# - Aghajanyan, Zettlemoyer and Gupta (2021), *Intrinsic Dimensionality Explains the Effectiveness
#   of Language Model Fine-Tuning*,
#   [arXiv:2012.13255](https://arxiv.org/abs/2012.13255): why few directions suffice.
# - McCloskey and Cohen (1989), *Catastrophic Interference in Connectionist Networks*: forgetting.
# - Tatoeba, [tatoeba.org](https://tatoeba.org), CC BY 2.0 FR: the sentences of every day.
