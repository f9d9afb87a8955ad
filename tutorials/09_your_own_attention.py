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
# # 9. Your own attention
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/09_your_own_attention.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/09_your_own_attention.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title Four heads with softmax, and the same four with sparsemax

# %% [markdown]
# *Where this goes.* A Transformer translates a sentence. Above, the four heads of its last layer
# with the softmax that everybody uses; below, with an attention that you write in this notebook,
# which can give a word *nothing at all*: its white cells are exactly 0.
#
# **You need** [notebook 1](01_attention_from_scratch.ipynb), a little Keras, and from section 5 on
# the heads of [notebook 3](03_transformer_translation.ipynb).
# **Time**: 4 to 13 minutes on 2 CPU cores.
#
# A new idea about attention is three pieces of work: **write** it as a layer, **test** that it
# keeps the promises of every attention (masks, causality, saving), and **put it into a model** to
# see if it is any good. The zoo does most of the first two for you.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import os
import random
import tempfile
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

import zoo
from zoo.layers import Attention, DecoderBlock, DotProductAttention, MultiHeadAttention, masks

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
STEPS = 50  # of each of the two parts of section 6's training
if FAST:
    STEPS = 1
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
STARTED = time.time()
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% [markdown]
# ## 1. A new score in five lines
#
# A layer with one head is `zoo.layers.Attention` plus a `scores` method that says how a query is
# compared with a key. Masks, causality, dropout and the returned weights come from the base class.
#
# Let us compare by *distance*: near is good. It is what nearest neighbours (最近邻) do.


# %%
@keras.saving.register_keras_serializable(package="tutorial")
class DistanceAttention(Attention):
    """Attention whose score is minus the squared distance of query and key."""

    def scores(self, query, projected_key):  # (B, T, D), (B, S, D) -> (B, T, S)
        difference = query[:, :, None] - projected_key[:, None]
        return -ops.sum(ops.square(difference), axis=-1)


# %% [markdown]
# Before anything else, a case that we can compute by hand. The query is at 0, the keys are at 0 and
# 1, so the scores are 0 and -1, and the first weight is 1 / (1 + e⁻¹) = 0.731.

# %%
query, keys = np.array([[[0.0]]]), np.array([[[0.0], [1.0]]])
_, weights = DistanceAttention()(query, keys, return_attention_scores=True)
print(ops.convert_to_numpy(weights).round(3))
assert np.allclose(weights, [[[0.731, 0.269]]], atol=1e-3)

# %% [markdown]
# How does it differ from a dot product? A picture answers faster than algebra. Five keys lie in the
# plane; for each query of the plane, which weight does the key at the centre get?

# %%
corners = np.array([[0, 0], [1, 1], [-1, 1], [-1, -1], [1, -1]], "float32")[None]
line = np.linspace(-2, 2, 61, dtype="float32")
plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(1, -1, 2)
figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained")
layers = {"dot product": DotProductAttention("dot"), "distance": DistanceAttention()}
for ax, (name, layer) in zip(axes, layers.items()):
    _, weights = layer(plane, corners, return_attention_scores=True)
    centre = ops.convert_to_numpy(weights)[0, :, 0].reshape(61, 61)
    shown = ax.contourf(line, line, centre, levels=np.linspace(0, 0.9, 10), cmap="Greys")
    ax.plot(*corners[0].T, "ko", markerfacecolor="white")
    ax.set(title=name, xlabel="first number of the query", aspect="equal")
axes[0].set_ylabel("second number of the query")
figure.colorbar(shown, ax=axes, label="weight of the centre key")
plt.show()

# %% [markdown]
# *Figure 1. The weight that the key in the centre gets, by query. White dots are the five keys.
# With a dot product the centre (a key of zeros) never gets more than its equal share of 0.2; with
# the distance it wins all queries that are near.*
#
# ## 2. The tests that every attention must pass
#
# A wrong mask does not crash. It trains, gives nice curves, and cheats. So each promise of the call
# form gets a test that *disturbs* what must not matter. You have met two in notebook 1; here they
# are as functions that take any layer.


# %%
def inputs(seed=0, batch=2, length=5, width=8):
    return np.random.default_rng(seed).normal(size=(batch, length, width)).astype("float32")


def check_padding(layer):
    """Values at masked places do not move the output."""
    x, mask = inputs(), np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], bool)
    before = ops.convert_to_numpy(layer(x, x, attention_mask=mask[:, None]))
    y = x.copy()
    y[~mask] = 1e3
    after = ops.convert_to_numpy(layer(x, y, attention_mask=mask[:, None]))
    np.testing.assert_array_equal(before, after)


# %%
def check_causal(layer):
    """A later position moves no earlier output, and does move its own."""
    x = inputs()
    before = ops.convert_to_numpy(layer(x, x, use_causal_mask=True))
    x[:, 3:] += 1
    after = ops.convert_to_numpy(layer(x, x, use_causal_mask=True))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert np.any(before[:, 3:] != after[:, 3:])


def check_nothing_allowed(layer):
    """A row that may attend to nothing gives zeros, not NaN."""
    context = layer(inputs(), inputs(), attention_mask=np.zeros((2, 5, 5), bool))
    np.testing.assert_array_equal(context, np.zeros((2, 5, 8)))


# %% [markdown]
# The fourth is the one most often forgotten: a layer must come back from a file as it was. Whatever
# the constructor takes must be in `get_config`, and the class must be registered (the decorator
# above), or `load_model` asks for `custom_objects`.


# %%
def check_round_trip(layer):
    """Saved and loaded, the layer gives the same output."""
    x = keras.Input((5, 8))
    model = keras.Model(x, layer(x, x))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        copy = keras.models.load_model(Path(folder) / "model.keras")
    np.testing.assert_array_equal(model(inputs()), copy(inputs()))


# %%
CHECKS = [check_padding, check_causal, check_nothing_allowed, check_round_trip]


def report(layer):
    for check in CHECKS:
        check(layer)
    print(f"{type(layer).__name__}: {len(CHECKS)} checks passed")


report(DistanceAttention())

# %% [markdown]
# ## 3. An honest failure: a layer that cheats
#
# Would the checks find a fault? Here is one that looks harmless: the mask multiplies the weights
# *after* the softmax.


# %%
class MaskedTooLate(DotProductAttention):
    def call(self, query, value, key=None, attention_mask=None, use_causal_mask=False):
        _, weights = super().call(query, value, key, return_attention_scores=True)
        length = query.shape[1]
        allowed = masks.causal_mask(length, length) if use_causal_mask else attention_mask
        return ops.matmul(weights * ops.cast(allowed, "float32"), value)


for check in CHECKS[:2]:
    try:
        check(MaskedTooLate())
        print(f"{check.__name__}: passed")
    except AssertionError as error:
        moved = next(line for line in str(error).splitlines() if "absolute" in line)
        print(f"{check.__name__}: FAILED. {moved}")

# %% [markdown]
# The values of the future are multiplied by 0, but its *scores* still stand below the fraction bar
# of the softmax. As a language model this layer would see a shadow of the words it must predict,
# and report a loss that it cannot keep when it writes by itself.
#
# ## 4. A new way to select: sparsemax
#
# Softmax never says 0: each of 1,000 words gets a little. **Sparsemax** is the point
# of the simplex (单纯形: weights that are not negative and sum to 1) which is nearest to the
# scores. Often that point lies on the edge, and many weights are exactly 0.
#
# It has a closed form: sort the scores, keep the k largest for which `1 + k·z_k` exceeds the sum of
# the first k, and subtract a threshold so that what is left sums to 1.


# %%
def sparsemax(scores):
    """The nearest point of the simplex, over the last axis."""
    z = ops.flip(ops.sort(scores, axis=-1), axis=-1)  # largest first
    k = ops.cumsum(ops.ones_like(z), axis=-1)  # 1, 2, 3 ...
    kept = ops.cast(1 + k * z > ops.cumsum(z, axis=-1), "float32")
    size = ops.sum(kept, axis=-1, keepdims=True)  # how many are kept
    threshold = (ops.sum(z * kept, axis=-1, keepdims=True) - 1) / size
    return ops.maximum(scores - threshold, 0.0)


# %% [markdown]
# By hand: for scores 1, 0.5 and -1, keep two, threshold (1.5 - 1) / 2 = 0.25, weights 0.75, 0.25,
# 0.

# %%
got = ops.convert_to_numpy(sparsemax(ops.array([[1.0, 0.5, -1.0]])))[0]
print(
    "sparsemax:", got.round(3), "  softmax:", np.round(ops.softmax(np.array([1.0, 0.5, -1.0])), 3)
)
assert np.allclose(got, [0.75, 0.25, 0.0])

# %%
first = np.linspace(-3, 3, 121, dtype="float32")
pair = np.stack([first, np.zeros_like(first)], axis=-1)
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
axes.plot(first, ops.softmax(pair)[:, 0], "k--", label="softmax")
axes.plot(first, sparsemax(ops.array(pair))[:, 0], "k-", label="sparsemax")
axes.set(xlabel="score of the first key (the second has 0)", ylabel="weight of the first key")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# *Figure 2. Two keys. Sparsemax is a straight line that ends at exactly 0 and exactly 1; softmax
# comes near both and reaches neither.*
#
# ## 5. Into a multi-head layer
#
# Here we change the *select* step alone, so we override the method of
# `zoo.layers.MultiHeadAttention` that does it: `select`, from scores to weights. What is masked
# gets a score far below all others, and to be sure, a weight of 0.


# %%
@keras.saving.register_keras_serializable(package="tutorial")
class SparseMultiHeadAttention(MultiHeadAttention):
    def select(self, scores, mask):
        weights = ops.cast(scores, "float32")  # (B, H, T, S)
        if mask is None:
            return ops.cast(sparsemax(weights), scores.dtype)
        weights = sparsemax(ops.where(mask[:, None], weights, -1e4))
        return ops.cast(ops.where(mask[:, None], weights, 0.0), scores.dtype)


# %%
report(MultiHeadAttention(2, 4, use_bias=False))
report(SparseMultiHeadAttention(2, 4, use_bias=False))

# %% [markdown]
# (Without bias, because `check_nothing_allowed` wants zeros, and a bias of the output layer would
# be added to them.)
#
# ## 6. Into a Transformer
#
# A decoder block makes its attentions in `_attention`. We replace the one that looks at the source,
# and tell a Transformer to use such blocks. Nothing is copied: encoder, decoding, saving and export
# stay what they are.


# %%
@keras.saving.register_keras_serializable(package="tutorial")
class SparseDecoderBlock(DecoderBlock):
    def _attention(self, name, x_shape, rotary=False):
        layer = super()._attention(name, x_shape, rotary)
        if name == "memory_attention":
            layer = SparseMultiHeadAttention.from_config(layer.get_config())
            layer.build(x_shape, x_shape)
        return layer


# %%
@keras.saving.register_keras_serializable(package="tutorial")
class SparseTransformer(zoo.models.Transformer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        blocks = [block.get_config() for block in self.decoder_blocks]
        self.decoder_blocks = [SparseDecoderBlock.from_config(block) for block in blocks]


# %% [markdown]
# Sparsemax has no weights of its own, so the trained weights of a shipped model fit. We take those
# of `translate_de_en` (German to English) by their names, and see what the change alone does.

# %%
usual = zoo.load("translate_de_en")
model = SparseTransformer.from_config(usual.model.get_config())
model.build(None)
old = {weight.path.partition("/")[2]: weight for weight in usual.model.weights}
for weight in model.weights:
    weight.assign(old[weight.path.partition("/")[2]])
sparse = zoo.Translator(model, usual.source_tokenizer, decoding={"num_beams": 1})
print(f"{len(old)} arrays of weights, {model.count_params():,} numbers")

# %% [markdown]
# The data are captions of photographs, 29,000 for training. (The fast mode makes do with six.)

# %%
if FAST:
    pairs = [("Ein Hund.", "A dog."), ("Eine Katze.", "A cat."), ("Zwei Hunde.", "Two dogs.")] * 2
    train, valid = pairs, pairs[:2]
else:
    train = zoo.data.multi30k("train", "de", "en")
    valid = zoo.data.multi30k("val", "de", "en")[:500]
    random.Random(0).shuffle(train)
sources, references = zip(*valid)


# %% [markdown]
# BLEU counts the words and short phrases that a translation shares with the
# reference, from 0 to 100; sacreBLEU counts them here.


# %%
def bleu(translator):
    answers = translator.generate(list(sources), num_beams=1)
    return zoo.evaluation.bleu(answers, list(references)).score


scores = {"softmax, as shipped": bleu(usual), "sparsemax, same weights": bleu(sparse)}
for name, score in scores.items():
    print(f"{name:26} BLEU {score:.1f}")

# %% [markdown]
# The model was never told that its scores would be used in another way. Let it read some of its
# training captions again. That is called **fine-tuning** (微调): few steps, a small learning rate.

# %%
plan = {"batch_tokens": 2048, "steps_per_epoch": STEPS, "epochs": 2, "seed": 0, "verbose": 0}
for name, translator in (("sparsemax", sparse), ("softmax", usual)):
    translator.compile(keras.optimizers.Adam(2e-4))
    translator.fit(train, **plan)
    scores[f"{name}, fine-tuned"] = bleu(translator)
    print(f"{name + ', fine-tuned':26} BLEU {scores[f'{name}, fine-tuned']:.1f}")

# %%
figure, axes = plt.subplots(figsize=(6, 2.2), layout="constrained")
drawn = axes.barh(list(scores), list(scores.values()), color="0.75", edgecolor="0.2")
axes.bar_label(drawn, fmt="%.1f", padding=3)
axes.invert_yaxis()
axes.set(xlabel=f"BLEU on {len(valid):,} held-out captions, greedy")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. The same Transformer with another attention over the source, before and after a short
# fine-tuning.* In the run shown here the change alone cost 0.6 BLEU. One reason why it cost so
# little may be that trained heads point sharply already, as Figure 4 will show. After the
# fine-tuning it is ahead of the shipped model, but so is softmax after the same steps, the
# **control** (对照): 46.0 and 46.3 are no difference on 500 captions. What raised both is that they
# were taught captions alone.
#
# ## 7. What does it look at?
#
# One pass over a known translation gives the weights of all layers and heads.

# %%
text, answer = "Ein kleiner Hund spielt mit einem Ball.", "A small dog plays with a ball."
tokenizer = usual.source_tokenizer
source_ids, target_ids = tokenizer.encode([text, answer])
given = {"source": np.array([source_ids + [3]]), "target": np.array([[2] + target_ids])}
maps = {}  # 2 and 3 are the start and the end token
for name, translator in (("softmax", usual), ("sparsemax", sparse)):
    _, weights = translator.model(given, return_attention_scores=True)
    maps[name] = ops.convert_to_numpy(weights)[0, -1]  # the last layer: (H, T, S)
    zeros = (maps[name] == 0).mean()
    print(f"{name:10} weights that are exactly 0: {zeros:.0%}")
assert np.allclose(maps["sparsemax"].sum(-1), 1, atol=1e-5)

# %% tags=["cover"]
across = [piece.strip("▁") for piece in tokenizer.pieces(source_ids)] + ["end"]
down = [piece.strip("▁") for piece in tokenizer.pieces(target_ids)] + ["end"]
figure, axes = plt.subplots(2, 4, figsize=(10, 5.6), layout="constrained", sharex=True, sharey=True)
for row, (name, heads) in zip(axes, maps.items()):
    for i, (ax, head) in enumerate(zip(row, heads)):
        ax.imshow(head, cmap="Greys", vmin=0, vmax=1)
        ax.set_title(f"{name}, head {i + 1}", size=10)
        ax.set_xticks(range(len(across)), across, rotation=90)
        ax.set_yticks(range(len(down)), down)
        ax.tick_params(length=0)
figure.get_layout_engine().set(hspace=0.1)
figure.supxlabel("German token, attended to", size=10)
figure.supylabel("English token, being written", size=10)
plt.show()

# %% [markdown]
# *Figure 4. The four heads of the last decoder layer for one sentence, of both models as the
# fine-tuning left them. White is 0, black is 1.*
#
# Is it better, then? Look at Figure 3 again, and keep in mind that on 500 captions a difference of
# 1 BLEU can be chance. What you surely gain is a map without fog: a zero in it is a fact about the
# computation, not a small number that was drawn in white. Many new attentions end this way: another
# property at about the same quality. A fair comparison needs both models trained from scratch,
# several seeds, and the test set once, at the end.
#
# ## 8. Saved like any other
#
# The translator with your attention saves, loads and exports as the shipped ones do.

# %%
with tempfile.TemporaryDirectory() as folder:
    sparse.save(Path(folder) / "sparse.keras")
    again = keras.models.load_model(Path(folder) / "sparse.keras")
difference = again.score(text, answer) - sparse.score(text, answer)
print("the loaded one gives the same log probability, to", abs(difference))
assert abs(difference) < 1e-4

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Give `DistanceAttention` a sharpness: `-sharpness · |q - k|²`, as a constructor argument.
# What must you write so that `check_round_trip` can pass?
#
# <details><summary>Answer</summary>
#
# `__init__(self, sharpness=1.0, **kwargs)`, which calls `super().__init__(**kwargs)` and keeps the
# number, and `get_config` that returns `{**super().get_config(), "sharpness": self.sharpness}`.
# Without `get_config` the layer loads with 1.0, without an error, and the check fails, if it uses
# another number than the default. So tests should.
#
# </details>
#
# **2.** Show that, if all keys have the same length, `DistanceAttention` gives the weights of a dot
# product whose queries are doubled: softmax(2 q·k).
#
# <details><summary>Answer</summary>
#
# -|q - k|² = 2 q·k - |q|² - |k|². Softmax does not change if all scores of a row move by the same
# amount: |q|² always is such an amount, |k|² is where the keys have one length. What is left is 2
# q·k.
#
# </details>
#
# **3.** `DistanceAttention` holds an array (B, T, S, D). Write it so that it does not.
#
# <details><summary>Answer</summary>
#
# With the formula of exercise 2: `2 * matmul(query, transpose(key)) - sum(query²) - sum(key²)`. It
# is faster, and less exact where query and key are long and close together.
#
# </details>
#
# **4.** Why must `SparseMultiHeadAttention` put -1e4 and not, say, -1 in place of a masked score?
#
# <details><summary>Answer</summary>
#
# A place is certain to get 0 only where its score is at least 1 below the largest real one: of the
# scores 0, 0 and -0.1 all three are kept. With -1, a row whose real scores lie below 0 can keep the
# masked place, which then takes part in the threshold: the fault of section 3 again. Much larger
# numbers are bad, too, where a row may attend to nothing: with -1e8 float32 loses the 1 of 1 + k·z,
# no place is kept, and the threshold divides by 0.
#
# </details>
#
# ## References
#
# - Martins and Astudillo (2016), *From Softmax to Sparsemax*,
#   [arXiv:1602.02068](https://arxiv.org/abs/1602.02068): the closed form and its gradient.
# - Correia, Niculae and Martins (2019), *Adaptively Sparse Transformers*,
#   [arXiv:1909.00015](https://arxiv.org/abs/1909.00015): heads that learn how sparse to be.
# - Vaswani et al. (2017), *Attention Is All You Need*,
#   [arXiv:1706.03762](https://arxiv.org/abs/1706.03762): multi-head attention.
