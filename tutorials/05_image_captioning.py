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
# # 5. Image captioning
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/05_image_captioning.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/05_image_captioning.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title A photograph, and where a captioner looked for each word

# %% [markdown]
# *Where this goes.* A captioner says what is on a photograph, word by word, and shows where it
# looked for each. You will write its decoder (解码器) yourself, train it until it describes
# photographs that it has not seen, test whether it looks at all, and find out what it has no word
# for, and how copying gives it the word.
#
# **You need** a little Keras, the Transformer of [notebook 3](03_transformer_translation.ipynb),
# and the data set Flickr8k. **Time**: 3 minutes on 2 CPU cores.
#
# **Image captioning** (图像描述) is translation from a picture. The encoder (编码器) turns the
# picture into a row of vectors, and the decoder attends to them as it would to the words of a
# sentence.
#
# *You do not have Flickr8k?* Its terms are research and education, so it is not in this repository.
# On Colab a later cell fetches it (1.1 GB) from the place that the tutorials of Keras use;
# elsewhere it does so where you write `DOWNLOAD = True` in the cell of parameters below. Or set the
# environment variable `ZOO_DATA` to a folder that holds `flickr8k/`, as the README of the zoo says.
# Without it, six photographs with made-up captions stand in: everything runs, and what the shipped
# models do is real, but your own captioner learns nothing.

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
import sys
import textwrap
import time
import urllib.request
import zipfile
from pathlib import Path

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython import display
from keras import ops

import zoo
from zoo.evaluation.captions import measure_captions
from zoo.training import WarmupLinear

# %%
STARTED = time.time()
keras.utils.set_random_seed(1)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})
CHECKOUTS = Path(zoo.__file__).parents[1], Path("attention-zoo")
PHOTOS = next(path for c in CHECKOUTS if (path := c / "examples" / "photos").is_dir())
NAMES = ("astronaut", "cat", "coffee", "officer", "photographer", "rocket")

# %% tags=["parameters"]
DOWNLOAD = "google.colab" in sys.modules  # True fetches Flickr8k, 1.1 GB
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
LEARN, CHECK, EPOCHS = 2400, 200, 5  # photographs to learn from and to check; passes
D, T, LEAST = 128, 16, 4  # width; words of a caption; a word is known that was read so often
HIDDEN = 60  # photographs of which parts are hidden
LARGE = bool(tf.config.list_physical_devices("GPU"))  # or True, and more patience
if LARGE:
    LEARN, EPOCHS, D = 6000, 6, 256
if FAST:
    LEARN, CHECK, EPOCHS, D, T, HIDDEN = 8, 4, 1, 16, 5, 1
    tf.config.run_functions_eagerly(True)  # building graphs would take most of the time


# %%
def picture(figure, dpi=110):
    """A figure as a JPEG: with photographs in it, another format would be ten times as large."""
    file = io.BytesIO()
    figure.savefig(file, format="jpeg", dpi=dpi, pil_kwargs={"quality": 85})
    plt.close(figure)
    return display.Image(data=file.getvalue(), format="jpeg")


# %% [markdown]
# ## 1. What the encoder sees
#
# Nobody learns to see from a few thousand photographs. So the eyes are borrowed: **EfficientNet-
# Lite0**, a convolutional network (卷积网络) that learned to tell a thousand kinds of things apart
# on ImageNet. Its last layer, which names them, is cut off. What is left is a grid of **features**
# (特征): 7 × 7 cells, 1,280 numbers each. We take it out of a shipped captioner, `caption_en`. That
# one has the last layers twice: a branch that learned with the captions, and one that is as
# ImageNet left it. Their features stand side by side, and we take the second half.

# %%
shipped = zoo.load("caption_en")
print("image", shipped.encoder.input_shape[1:], "-> grid", shipped.encoder.output_shape[1:])

see = tf.function(shipped.encode_images)


def features(paths):
    """What ImageNet's branch sees in each photograph: float16 (photographs, 49 cells, 1280)."""
    grids = []
    for i in range(0, len(paths), 25):
        images = [zoo.vision.read(path, shipped.image_size) for path in paths[i : i + 25]]
        grid = see(np.stack(images).astype("float32")).numpy()
        grids.append(grid[..., -1280:].astype("float16"))
    return np.concatenate(grids)


# %% [markdown]
# 1,280 numbers do not speak for themselves, but they can be compared. Take one cell of a
# photograph: which others are like it, by the cosine (余弦相似度) of their features?

# %%
photos = [PHOTOS / f"{name}.jpg" for name in NAMES]
photo_grids = features(photos)
images = [zoo.vision.read(path, shipped.image_size) for path in photos]

# %%
figure, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
for i, (name, (row, column)) in enumerate((("cat", (3, 3)), ("rocket", (1, 1)))):
    axes[2 * i].imshow(images[NAMES.index(name)])
    axes[2 * i].plot(32 * column + 16, 32 * row + 16, "ws", markersize=13, fillstyle="none")
    axes[2 * i].set_title("the cell", size=10)
    grid = photo_grids[NAMES.index(name)].astype("float32").reshape(7, 7, -1)
    grid /= np.linalg.norm(grid, axis=-1, keepdims=True)
    shown = axes[2 * i + 1].imshow(grid @ grid[row, column], cmap="Greys", vmin=0, vmax=1)
    axes[2 * i + 1].set_title("cells like it: dark", size=10)
figure.colorbar(shown, ax=axes, label="cosine")
for ax in axes:
    ax.set_axis_off()
picture(figure)

# %% [markdown]
# *Figure 1. Each cell has features of its own place: those near the marked cell are like it, and
# most of those further away are not, even where they show the same cat or the same sky. (On the
# rocket the column of sky between the two masts at the right, the mirror image of the marked one,
# is like it, too.)* This is what a decoder attends to.
#
# ## 2. What people say
#
# Flickr8k has five captions for each photograph. Read those of one, which we need not see:

# %%
SITE = "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/"


def downloaded(split, folder=Path("flickr8k")):
    """Photographs of `split` (train, dev or test) by name, with their five captions."""
    for name in ("Flickr8k_text.zip", "Flickr8k_Dataset.zip"):
        if not (folder / name).exists():
            folder.mkdir(exist_ok=True)
            urllib.request.urlretrieve(SITE + name, folder / name)
            zipfile.ZipFile(folder / name).extractall(folder)
    captions = collections.defaultdict(list)
    for line in (folder / "Flickr8k.token.txt").read_text("utf-8").splitlines():
        name, text = line.split("\t")
        captions[name.split("#")[0]].append(text)
    return {n: captions[n] for n in (folder / f"Flickr_8k.{split}Images.txt").read_text().split()}


# %%
STAND_IN = {
    "astronaut": "a smiling woman in an orange suit stands before a flag",
    "cat": "a striped cat looks at the camera",
    "coffee": "a cup of coffee stands on a wooden table",
    "officer": "a woman in a dark uniform stands before a flag",
    "photographer": "a man in a black coat looks through a camera",
    "rocket": "a tall rocket stands on its pad at night",
}

# %%
real, path_of = True, zoo.data.flickr8k_image
try:
    if DOWNLOAD:
        train, valid = downloaded("train"), downloaded("dev")
        path_of = Path("flickr8k", "Flicker8k_Dataset").joinpath  # its name is spelled so
    else:
        train, valid = (zoo.data.flickr8k(split) for split in ("train", "val"))
except FileNotFoundError:
    train = valid = {f"{name}.jpg": [caption] * 5 for name, caption in STAND_IN.items()}
    real, path_of = False, PHOTOS.joinpath
print(f"{len(train)} photographs, {'real' if real else 'six stand in'}")
print(*list(train.values())[2], sep="\n")

# %% [markdown]
# All five are right, and no two are equal. So there is no *one* answer to be compared with, and
# every measure below compares with all five.
#
# A few minutes must do, so we take some of the photographs, and send each through the encoder
# once: it does not learn any more.

# %%
learn, check = list(train)[:LEARN], list(valid)[:CHECK]
began = time.time()
learn_grids, check_grids = (features([path_of(name) for name in n]) for n in (learn, check))
print(learn_grids.shape, f"in {time.time() - began:.0f} s")

# %% [markdown]
# For the captions, take whole words, those that were read at least four times. Every caption
# becomes a row of numbers: start, its words, end, then padding.


# %%
def words_of(text):
    """A caption as the model learns it: lower case, without punctuation."""
    return zoo.data.plain_caption(text).split()


counts = collections.Counter(w for name in learn for text in train[name] for w in words_of(text))
PAD, UNKNOWN, START, END = range(4)
words = ["", "<unknown>", "<start>", "<end>"] + [w for w, n in counts.most_common() if n >= LEAST]
number_of = {word: number for number, word in enumerate(words)}


# %%
def numbers(names, data):
    """int32 (photographs, 5, T + 1)."""
    rows = np.full((len(names), 5, T + 1), PAD)
    for i, name in enumerate(names):
        for k, text in enumerate(data[name]):
            inner = [number_of.get(word, UNKNOWN) for word in words_of(text)][: T - 1]
            rows[i, k, : len(inner) + 2] = [START, *inner, END]
    return rows


learn_words, check_words = numbers(learn, train), numbers(check, valid)
print(len(words), "words;", learn_words[2, 0])

# %% [markdown]
# ## 3. A decoder that looks
#
# The decoder of notebook 3 asked the words of another sentence. This one asks the cells. Each word
# makes a **query** (查询), each cell a **key** (键) and a **value** (值):
#
# $$a_{tj} = \mathrm{softmax}_j\!\left(\frac{q_t \cdot k_j}{\sqrt{D}}\right), \qquad
# c_t = \sum_j a_{tj} v_j.$$
#
# That is **cross-attention** (交叉注意力). One head is enough here, and its weights are easy to
# look at, so it gives them back, too.


# %%
class CrossAttention(keras.layers.Layer):
    """The words ask, the cells answer."""

    def __init__(self, D):
        super().__init__()
        self.q, self.k, self.v, self.out = (keras.layers.Dense(D) for _ in range(4))

    def call(self, x, cells):  # (B, T, D), (B, 49, D) -> (B, T, D), (B, T, 49)
        q, k, v = self.q(x), self.k(cells), self.v(cells)
        scores = q @ ops.transpose(k, (0, 2, 1)) / q.shape[-1] ** 0.5
        weights = ops.softmax(scores)  # each word shares 1 among the cells
        return self.out(weights @ v), weights


# %% [markdown]
# Is it right? Give its numbers to the layer of Keras, which does the same with one head.

# %%
random = np.random.default_rng(0)
x, cells = (random.normal(size=(2, n, 8)).astype("float32") for n in (3, 49))
mine, theirs = CrossAttention(8), keras.layers.MultiHeadAttention(1, 8)
answer, weights = mine(x, cells)
theirs.build(x.shape, cells.shape)
theirs.set_weights([np.reshape(m, w.shape) for m, w in zip(mine.weights, theirs.weights)])
its_answer, its_weights = theirs(x, cells, return_attention_scores=True)
difference = max(np.abs(answer - its_answer).max(), np.abs(weights - its_weights[:, 0]).max())
print(f"largest difference: {difference:.1e}")
assert difference < 1e-5

# %% [markdown]
# Around it goes what notebook 3 has: a causal self-attention (自注意力) that reads the words so
# far, here the layer of Keras, a feed-forward layer, residuals and norms.


# %%
def tower(axes, x, names):
    """Boxes from the bottom up, with an arrow from each to the next."""
    for i, name in enumerate(names):
        grey = "0.85" if "attention" in name else "0.95"
        box = {"boxstyle": "round,pad=0.4", "facecolor": grey, "edgecolor": "0.4"}
        axes.text(x, i, name, ha="center", va="center", size=9, bbox=box)
        if i:
            axes.annotate("", (x, i - 0.28), (x, i - 0.72), arrowprops={"arrowstyle": "->"})


seen = ["photograph: 224 × 224 × 3", "EfficientNet-Lite0, as it is", "cells: 49 × 1280"]
seen += ["norm(projection): 49 × D"]
said = ["words so far: T", "embedding + position: T × D", "x + causal self-attention(norm(x))"]
said += ["x + cross-attention(norm(x), cells)", "x + feed-forward(norm(x))", "norm"]
said += ["logits of the next word: T × V"]

# %%
figure, (left, axes) = plt.subplots(
    1, 2, figsize=(9, 4), width_ratios=(1, 2.6), layout="constrained"
)
left.imshow(images[NAMES.index("cat")])
for line in range(0, 225, 32):
    left.plot((0, 223), (line, line), "w-", (line, line), (0, 223), "w-", linewidth=0.8)
left.set(xlim=(0, 223), ylim=(223, 0), title="49 cells")
left.set_axis_off()
tower(axes, 0, seen)
tower(axes, 3.1, said)
axes.annotate("", (2.05, 3), (0.8, 3), arrowprops={"arrowstyle": "->", "color": "tab:blue"})
axes.text(1.42, 3.12, "keys, values", ha="center", va="bottom", size=9)
axes.set(xlim=(-1.1, 4.6), ylim=(-0.5, 6.5))
axes.axis("off")
picture(figure)

# %% [markdown]
# *Figure 2. The captioner. Left, what the cells are; right, how a word comes about. Blue: what was
# seen is asked by each word.*


# %%
def norm():
    return keras.layers.LayerNormalization(epsilon=1e-6)


class Decoder(keras.Model):
    def __init__(self, V, D):
        super().__init__()
        scale = keras.initializers.RandomNormal(stddev=D**-0.5)
        self.table = keras.layers.Embedding(V, D, embeddings_initializer=scale)
        self.position = keras.layers.Embedding(64, D)
        self.project, self.norms = keras.layers.Dense(D), [norm() for _ in range(5)]
        self.read, self.look = keras.layers.MultiHeadAttention(4, D // 4), CrossAttention(D)
        self.inner, self.outer = keras.layers.Dense(2 * D, activation="relu"), keras.layers.Dense(D)
        self.dropout = keras.layers.Dropout(0.2)


# %% [markdown]
# Five captions belong to one photograph. They must not read each other, but they may ask the same
# cells at once: for cross-attention five captions of T words are just 5 · T queries. So the cells
# are projected once, not five times.


# %%
class Captioner(Decoder):
    def call(self, inputs, training=None):  # cells (B, 49, 1280), words (B, N, T) -> (B, N, T, V)
        return next(self.with_weights(**inputs))

    def with_weights(self, cells, words):
        (B, N, T), drop, norms = ops.shape(words), self.dropout, self.norms
        cells = drop(norms[0](self.project(cells)))
        x = self.table(ops.reshape(words, (B * N, T))) + self.position(ops.arange(T))
        y = norms[1](x)
        x = x + drop(self.read(y, y, use_causal_mask=True))
        looked, weights = self.look(ops.reshape(norms[2](x), (B, N * T, x.shape[-1])), cells)
        x = x + drop(ops.reshape(looked, ops.shape(x)))
        x = x + drop(self.outer(self.inner(norms[3](x))))
        logits = norms[4](x) @ ops.transpose(self.table.embeddings)
        return (ops.reshape(found, (B, N, T, found.shape[-1])) for found in (logits, weights))


# %% [markdown]
# Training is as in notebook 3. **Teacher forcing** (强制教学): it reads what people wrote, moved by
# one place, and says at each place what comes next. The loss is the surprise at the right word, in
# nats, without the padding. A check, as in every notebook: before training, the loss is near ln V,
# since each of V words is as likely as another.


# %%
def masked_loss(labels, logits):
    surprise = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    written = ops.cast(labels != PAD, "float32")
    return ops.sum(surprise * written) / ops.sum(written)


def given(grids, rows):
    return {"cells": grids, "words": rows[:, :, :-1]}, rows[:, :, 1:]


keras.utils.set_random_seed(1)
captioner, steps = Captioner(len(words), D), EPOCHS * -(-len(learn) // 16)
rate = WarmupLinear(2e-3, max(1, steps // 10), steps)  # up, then down to 0
captioner.compile(keras.optimizers.Adam(rate, beta_2=0.98), loss=masked_loss)

# %%
before = captioner.evaluate(*given(check_grids, check_words), batch_size=16, verbose=0)
print(f"{captioner.count_params():,} parameters; loss {before:.2f}, ln V {np.log(len(words)):.2f}")
assert abs(before - np.log(len(words))) < 1


# %% [markdown]
# To describe, it reads its own words: at each place the likeliest one, which is greedy search
# (贪心搜索). We keep how sure it was, and where it looked.


# %%
def describe(grids):
    """Captions, their mean log-probability of a word, and weights (photographs, T, 49)."""
    rows, sure = np.full((len(grids), 1, 1), START), []
    for _ in range(T):
        logits, weights = captioner.with_weights(grids.astype("float32"), rows)
        log_p = ops.convert_to_numpy(ops.log_softmax(logits[:, 0, -1]))
        log_p[:, [PAD, UNKNOWN, START]] = -np.inf
        rows = np.concatenate([rows, log_p.argmax(-1)[:, None, None]], axis=-1)
        sure.append(log_p.max(-1))
    ends = [[*row, END].index(END) for row in rows[:, 0, 1:].tolist()]
    texts = [" ".join(words[i] for i in row[1 : end + 1]) for row, end in zip(rows[:, 0], ends)]
    sure = [np.mean(column[: end + 1]) for column, end in zip(np.transpose(sure), ends)]
    return texts, sure, ops.convert_to_numpy(weights)[:, 0]


# %%
class Look(keras.callbacks.Callback):
    """After each pass over the photographs: the losses, and a caption of one that is not read."""

    def on_epoch_end(self, epoch, logs):
        losses.append((logs["loss"], logs["val_loss"]))
        print(f"pass {epoch + 1}: loss {logs['loss']:.2f}, of others {logs['val_loss']:.2f}   "
              f"{describe(check_grids[2:3])[0][0]}")  # fmt: skip


# %%
losses, held = [], given(check_grids, check_words)
print("a person:", valid[check[2]][0])
options = {"batch_size": 16, "epochs": EPOCHS, "verbose": 0, "callbacks": [Look()]}
captioner.fit(*given(learn_grids, learn_words), validation_data=held, **options)
print(f"{(time.time() - STARTED) / 60:.1f} minutes from the start")

# %%
figure, axes = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
for line, label, style in zip(zip(*losses), ("read in training", "not read"), ("k--s", "k-o")):
    axes.plot(range(1, EPOCHS + 1), line, style, label=label, markerfacecolor="white")
axes.set(xlabel="passes over the photographs", ylabel="loss, nats a word", ylim=(0, None))
axes.set_xticks(range(1, EPOCHS + 1))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. Where the loss of captions that it reads goes on falling and that of others does not,
# the model learns its photographs by heart: **overfitting** (过拟合).* The remedies: more
# photographs, dropout, mirrored ones.
#
# Read some. First the three photographs of which your captioner was surest, then the three of which
# it was least sure, each beside what a person wrote.

# %%
texts, sure, _ = describe(check_grids)
order = np.argsort(sure)[::-1]
for place in (*order[:3], *order[-3:]):
    print(f"{sure[place]:6.2f}  ours:   {texts[place]}")
    print(f"        person: {valid[check[place]][0]}")

# %% [markdown]
# Where it is sure it is right, or nearly: dogs that run are what it has read of most. Where it is
# not sure it says what is often true, and its grammar breaks. These six are the ends of a scale;
# but they say that a low log-probability is a reason not to believe a caption.
#
# ## 4. Does it look at all?
#
# A captioner can get far blindly: *a man in a ...* is a good beginning for anything. So here is the
# check that every captioner should pass. Give the captions the cells of the *wrong* photographs. If
# the loss stays as it was, it never looked.

# %%
wrong = given(np.roll(check_grids, 1, axis=0), check_words)
right_loss, wrong_loss = (captioner.evaluate(*d, batch_size=16, verbose=0) for d in (held, wrong))
print(f"with the right photographs {right_loss:.2f}, with wrong ones {wrong_loss:.2f}")
assert FAST or not real or right_loss + 0.2 < wrong_loss

# %% [markdown]
# The difference is what looking is worth, in nats a word. And where does it look?


# %%
def show_maps(image, labels, maps):
    """The image once for each word: as bright as the word's weights are large."""
    rows = -(-len(labels) // 6)
    figure, axes = plt.subplots(rows, 6, figsize=(9, 1.75 * rows), layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, label, weights in zip(axes.flat, labels, maps):
        light = np.kron(weights.reshape(7, 7), np.ones((32, 32)))[..., None]
        ax.imshow((image * (0.3 + 0.7 * (light / light.max()) ** 0.5)).astype("uint8"))
        ax.set_title(label, size=10)
    return picture(figure, 100)


# %%
which = NAMES.index("photographer")
(text,), _, (maps,) = describe(photo_grids[which : which + 1])
show_maps(images[which], [*text.split(), "(end)"][:12], maps)

# %% [markdown]
# *Figure 4. Your captioner: for each of the first twelve words the cells that it looked at, bright
# where the weight is large.* *man* lights the head and the camera. *cement bench*, of which there
# is none, lights the lawn and the sky. (Each panel has its own scale: its brightest cell is white.)
# Now the shipped one:

# %% tags=["cover"]
cup = NAMES.index("coffee")
out = shipped.generate(photos[cup], return_dict=True)
picture(zoo.plot_attention(out, photograph=images[cup]), 90)

# %% [markdown]
# *Figure 5. `caption_en`: the weights of its last layer, averaged over the heads.* One would
# expect the light to lie on the thing that is named. Here *top* lights the saucer, and *sitting*
# the table beside the cup; but *plate* lights the table behind the saucer, and for *coffee* no
# place stands out: it was copied from a name, see section 7. (So the weights of the cells do not
# sum to 1: what is missing went to names.)
#
# Is the bright place also *why* it said so? A test: grey out the 12 cells with the most attention,
# 12 at random, or the 12 with the least, and ask how probable the same caption still is.


# %%
def without(out, cells):
    """The image that was seen, with some cells made grey."""
    image = out.image.copy()
    for cell in cells:
        row, column = divmod(int(cell), out.grid[1])
        image[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 127
    return image


# %%
falls = collections.defaultdict(list)
for name in check[:HIDDEN]:
    out = shipped.generate(path_of(name), return_dict=True)
    order = np.argsort(-out.attention[-1].mean((0, 1)))
    hidden = {"most": order[:12], "random": random.permutation(49)[:12], "least": order[-12:]}
    pictures = [out.image, *(without(out, cells) for cells in hidden.values())]
    whole, *scores = shipped.score(pictures, [out.text] * 4)
    for kind, score in zip(hidden, scores):
        falls[kind].append(whole - score)
for kind, values in falls.items():
    error = np.std(values) / len(values) ** 0.5  # of the mean, by chance
    print(f"{kind:6} hidden: ln p falls by {np.mean(values):.2f} ± {error:.2f}")

# %% [markdown]
# On sixty photographs that it has not read, the 12 cells with the most attention cost 2.4 nats of
# the caption, 12 at random 0.9, and the 12 with the least 0.3. So where it looked is a good part of
# *why* it said so. It was taught in a way that helps: its photographs had cells covered at random
# (`zoo.vision.hide_cells`), so it learned to do without what it does not need. Before that the
# three were 3.0, 1.8 and 0.8. Mind that a cell of the grid has also seen its neighbours, and that
# the picture shows the last layer alone: attention is a hint, not a proof.
#
# ## 5. How good is it?
#
# **BLEU-n** takes the runs of 1 to n words of a caption, and the shares of them that one of the
# five has, too: 0 is nothing, 1 is all (notebook 2 has the formula). **CIDEr-D** counts such runs,
# too, but one counts more if few photographs have it: *a man in a* is worth nothing, *skateboard*
# is. So that the numbers mean something, let another take part, who is blind and always says the
# same. Two more are shipped: `caption_en`, a Transformer, and `caption_en_rnn`, an LSTM with the
# additive attention of notebook 2 (*Show, Attend and Tell*).

# %%
recurrent, paths = zoo.load("caption_en_rnn"), [path_of(name) for name in check]
blind = "a man in a red shirt is standing in the grass"
everything = [zoo.data.plain_caption(text) for row in train.values() for text in row]
said = {"blind": [blind] * len(check), "ours": texts}
said |= {"rnn": recurrent.generate(paths), "transformer": shipped.generate(paths)}
results = {}
for name, captions in said.items():
    results[name] = measure_captions(captions, [valid[n] for n in check], everything, "en")
    shown = {key: results[name][key] for key in ("bleu_1", "bleu_4", "cider_d", "distinct")}
    print(f"{name:12}", {key: round(value, 3) for key, value in shown.items()})
assert FAST or not real or results["blind"]["cider_d"] < results["ours"]["cider_d"]

# %% [markdown]
# See what BLEU-1 gives to the blind one! A metric is useful only if nonsense gets a low score.
# `distinct` counts the different captions. The shipped ones learned from more photographs. The LSTM
# has the higher BLEU-1, the Transformer BLEU-4 and CIDEr-D: it names more of what is rare. Both
# were taught by rewards in the end, as the player of [notebook 15](15_two_networks_words.ipynb):
# of five captions that they wrote themselves, those with the higher CIDEr-D became likelier (and
# for `caption_en` those that name what most people name).
#
# More of everything helps yours, too: with all 5,791 photographs, six passes and twice the width
# (`LARGE = True` in the cell of parameters, which the notebook takes by itself where there is a
# GPU) its CIDEr-D is 0.505. That took 18 minutes on one CPU core; on a GPU it has not been timed.
#
# ## 6. An honest failure: what it has no word for
#
# Now all six photographs, which are not of Flickr's kind.

# %%
told = {"ours": describe(photo_grids)[0], "shipped": shipped.generate(photos)}
figure, axes = plt.subplots(2, 3, figsize=(9, 6.6), layout="constrained")
for i, ax in enumerate(axes.flat):
    ax.imshow(images[i])
    lines = [textwrap.fill(f"{who}: {captions[i]}", 40) for who, captions in told.items()]
    ax.set_title("\n".join(lines), size=8.5, loc="left")
    ax.set_axis_off()
picture(figure)

# %% [markdown]
# *Figure 6. What your captioner and `caption_en` say of six photographs.* Ours does not say "I do
# not know". It says what is often true of photographs on Flickr. Why? Count the words that it could
# have learned:

# %%
occurrences = collections.Counter(word for text in everything for word in text.split())
for word in ("dog", "man", "cat", "cup", "rocket", "astronaut"):
    print(f"{word:10} {occurrences[word]:6} times in {len(everything)} captions")

# %% [markdown]
# ImageNet, from which the encoder learned, is full of cats. But a word that the captions hardly
# have is never *said*. No measure of section 5 could have shown this, since the photographs to
# check come from the same place as those for training. Before you use a model, look at *your*
# pictures.
#
# The other shipped captioners, on the same six. `caption_zh` writes Chinese, and learned from
# captions that were written in Chinese, not translated:

# %%
chinese = zoo.load("caption_zh")
for name, english, mandarin in zip(NAMES, recurrent.generate(photos), chinese.generate(photos)):
    print(f"{name:13} {mandarin}   |   {english}")

# %% [markdown]
# `caption_zh` copies names, too, and so it has the cat and the coffee; that a man holds it, it
# adds. The photographer looks at *three women*: 三脚架, the tripod, begins with 三, *three*, and
# from there it took the wrong way. So did 钻火 at the rocket, which is no word: the classifier sees
# 钻井平台, an oil rig, or 火箭, a rocket. The LSTM has nothing to copy: the cat is a dog for it.
#
# ## 7. How copying gives it the word
#
# The encoder has known it all the time. The layer that was cut off still fits: the mean of the 49
# cells, times its matrix, gives the **logits** of the thousand classes of ImageNet. The shipped
# model has that layer, and a plain name for each class (all breeds of dogs are *dog*):

# %%
model_of = shipped.model
names = shipped.tokenizer.decode(model_of.get_config()["names"])
likely = model_of.label_probabilities(photo_grids.astype("float32")).numpy()
for name, row in zip(NAMES, likely):
    best = np.argsort(-row)[:3]
    print(f"{name:13}", ", ".join(f"{names[i]} {row[i]:.2f}" for i in best))

# %% [markdown]
# The tokens of the likeliest names stand behind the 49 cells, and the decoder may attend to them.
# And it may **copy** (复制) one (in the shipped model each token of a name once, or it would see
# *a cat on a cat*): at each step a gate p mixes two distributions,
#
# $$P(w) = p \cdot \mathrm{softmax}(E x)_w + (1 - p) \sum_{s:\ w_s = w} a_s,$$
#
# what it would write, and where an attention over the tokens of the names points (a **pointer**,
# 指针网络, [notebook 10](10_summaries.ipynb)). How does it learn to use names that Flickr8k does
# not have? From captions *without their photographs*, most of COCO: the names that stand in a
# caption are its labels, and now and then one is put in the place of another, in the labels and in
# the text. Is the name the reason for the word? Take the names away, or give it a wrong one:


# %%
def mean_log_probability(grids, text, labels):
    """Of the tokens of a caption, with these names, numbers of `names` or -1 for none."""
    ids = shipped.encode_captions(tf.constant([text])).to_tensor()
    shown = np.full((1, model_of.get_config()["num_labels"]), -1, "int32")
    shown[0, : len(labels)] = labels
    inputs = {"source": grids, "target": ids[:, :-1], "labels": shown}
    log_probs = tf.nn.log_softmax(model_of(inputs))
    return float(tf.reduce_mean(tf.gather(log_probs, ids[:, 1:], batch_dims=2)))


# %%
truth, cat = "a cat looking at the camera", see(images[1][None].astype("float32"))
for labels in (["cat"], [], ["dog"], ["pizza"]):
    log_p = mean_log_probability(cat, truth, [names.index(label) for label in labels])
    print(f"told {', '.join(labels) or 'nothing':8} mean ln p of a token {log_p:.2f}")

# %% [markdown]
# The same photograph, the same words; only the name has changed. It is the name that makes the
# caption likely. And it is no magic: what the classifier takes for another thing, the captioner
# says with the same confidence, and what ImageNet has no class for has no name (an astronaut). Nor
# is a name always used: the classifier is sure of the tripod (0.93), and the caption tells of a
# woman who is not there.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Write the decoder of *Show, Attend and Tell*: an LSTM in place of the causal
# self-attention. What becomes faster, what slower?
#
# <details><summary>Answer</summary>
#
# ```python
# class Recurrent(Captioner):
#     def __init__(self, V, D):
#         super().__init__(V, D)
#         self.lstm = keras.layers.LSTM(D, return_sequences=True)
#         self.read = lambda y, _, use_causal_mask: self.lstm(y)
#
#
# rnn = Recurrent(len(words), D)
# rnn.compile(keras.optimizers.Adam(2e-3), loss=masked_loss)
# rnn.fit(*given(learn_grids, learn_words), batch_size=16, epochs=1)
# ```
#
# An LSTM goes word by word, so the training is slower the longer the captions are; writing is
# faster, since a step needs the last state alone, not all words again (a KV cache gives the
# Transformer that, too: [notebook 17](17_modern_attention.ipynb)). It needs no causal mask and no
# positions.
#
# </details>
#
# **2.** Write beam search (束搜索) for captions in twenty lines: keep the three likeliest
# beginnings at each step. Measure it as in section 5.
#
# <details><summary>Answer</summary>
#
# ```python
# def beam(grid, width=3):
#     beams = [(0.0, [START])]
#     for _ in range(T):
#         if all(row[-1] == END for _, row in beams):
#             break
#         longer = [b for b in beams if b[1][-1] == END]
#         for total, row in beams:
#             if row[-1] != END:
#                 logits = captioner({"cells": grid[None], "words": np.array([[row]])})[0, 0, -1]
#                 log_p = ops.convert_to_numpy(ops.log_softmax(logits))
#                 log_p[[PAD, UNKNOWN, START]] = -np.inf
#                 best = np.argsort(-log_p)[:width]
#                 longer += [(total + log_p[i], [*row, int(i)]) for i in best]
#         beams = sorted(longer, key=lambda b: -b[0] / len(b[1]))[:width]  # by the mean
#     return " ".join(words[i] for i in beams[0][1][1:] if i != END)
#
#
# print(beam(check_grids[2].astype("float32")))
# ```
#
# Beams are compared by the mean of their words, since by the sum the short ones win.
# Beams usually raise BLEU and CIDEr-D and lower `distinct`; sampling does the opposite. For
# captions, which shall say what is there, the most probable text is a good one; notebook 4 shows
# where it is not.
#
# </details>
#
# **3.** The cells come without a place: nothing tells the decoder which cell is above which. Add a
# vector for each place (a position embedding of 49) to the projected cells. Does the loss of others
# fall?
#
# <details><summary>Answer</summary>
#
# ```python
# class Placed(Captioner):
#     def __init__(self, V, D):
#         super().__init__(V, D)
#         self.place, self.plain = keras.layers.Embedding(49, D), self.project
#         self.project = lambda cells: self.plain(cells) + self.place(ops.arange(49))
#
#
# placed = Placed(len(words), D)
# placed.compile(keras.optimizers.Adam(2e-3), loss=masked_loss)
# placed.fit(*given(learn_grids, learn_words), batch_size=16, epochs=1, validation_data=held)
# ```
#
# Hardly. A convolutional network knows the borders of the picture, so its features tell something
# of their place already; and captions seldom say *left* or *above*.
#
# </details>
#
# **4.** How large is the loss of section 4 with a photograph that is all grey? Is that nearer to
# the right or to the wrong photographs?
#
# <details><summary>Answer</summary>
#
# ```python
# grey = see(np.full((1, 224, 224, 3), 127, "float32")).numpy()[..., -1280:].astype("float16")
# print(captioner.evaluate(*given(np.repeat(grey, len(check_grids), axis=0), check_words)))
# ```
#
# A grey photograph is something that the model never saw, so it may be either: a fair blind model
# must be *trained* without photographs.
#
# </details>
#
# ## References
#
# - Vinyals, Toshev, Bengio and Erhan (2015), *Show and Tell*,
#   [arXiv:1411.4555](https://arxiv.org/abs/1411.4555): captions as translation.
# - Xu et al. (2015), *Show, Attend and Tell*, [arXiv:1502.03044](https://arxiv.org/abs/1502.03044):
#   attention over a grid.
# - Tan and Le (2019), *EfficientNet*, [arXiv:1905.11946](https://arxiv.org/abs/1905.11946).
# - Hodosh, Young and Hockenmaier (2013), *Framing Image Description as a Ranking Task*: Flickr8k.
# - Papineni, Roukos, Ward and Zhu (2002), *BLEU: a Method for Automatic Evaluation of Machine
#   Translation*, [ACL P02-1040](https://aclanthology.org/P02-1040/).
# - Vedantam, Zitnick and Parikh (2015), *CIDEr*,
#   [arXiv:1411.5726](https://arxiv.org/abs/1411.5726).
# - Jain and Wallace (2019), *Attention is not Explanation*,
#   [arXiv:1902.10186](https://arxiv.org/abs/1902.10186).
# - Li, Lan, Dong and Liu (2016), *Adding Chinese Captions to Images*: the Chinese captions.
