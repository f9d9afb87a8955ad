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
# # 14. Hearing digits: the diagonal
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/14_hearing_digits.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/14_hearing_digits.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title Three spoken digits; below, when the model listened for each word, early and late

# %% [markdown]
# *Where this goes.* A model hears somebody say three digits, and writes them down as words. Below
# the sound you see when it listened for each word. Nobody told it where a word begins or ends: it
# found the diagonal by itself. You write all parts of it, from the wave to the words, train it, and
# find out what breaks it.
#
# **You need** [notebook 2](02_seq2seq_and_its_bottleneck.ipynb) (encoder, decoder, additive
# attention) and a little Keras. **Time**: 4 minutes on 2 CPU cores.
#
# **Speech recognition** (语音识别) is translation from sound to text. Two things are new: what goes
# in is a wave and no text, and the input is very much longer than the output.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import os
import subprocess
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Audio
from keras import layers, ops

import zoo
from zoo.data.speech import SPEAKERS, WORDS
from zoo.lite.audio import log_mel

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
EPOCHS, STRINGS, CHECKS = 16, 2000, 200  # passes, strings of digits in each, strings to check
if FAST:
    EPOCHS, STRINGS, CHECKS = 1, 32, 5
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
STARTED = time.time()
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})
BLUE, ORANGE = "#2171b5", "#d94801"

# %% [markdown]
# ## 1. From a wave to frames
#
# The data is the Free Spoken Digit Dataset: six people say the English digits *zero* to *nine*, 50
# times each. `zoo.data.spoken_digits` finds it in the folder that `ZOO_DATA` names. Where it is
# missing, the cell gets it with git.
#
# Each recording has a number, its *take*. Takes 10 to 49 are for training, 5 to 9 for validation.
# Takes 0 to 4 are the test set (测试集), which this notebook never touches.

# %%
ORIGIN = "https://github.com/Jakobovski/free-spoken-digit-dataset"
try:
    train = zoo.data.spoken_digits("train")
except FileNotFoundError:
    folder = Path(os.environ.setdefault("ZOO_DATA", "data"), "speech")
    subprocess.run(["git", "clone", "-q", "--depth", "1", ORIGIN, folder / "clone"], check=True)
    (folder / "clone" / "recordings").rename(folder / "fsdd")
    train = zoo.data.spoken_digits("train")
val = zoo.data.spoken_digits("val")
seconds = np.array([len(one.wave) / 8000 for one in train])
print(
    f"{len(train):,} recordings to train, {len(val)} to validate; speakers: {', '.join(SPEAKERS)}"
)
print(f"half of them are shorter than {np.median(seconds):.2f} seconds")

# %%
seven = next(one for one in train if one.word == "seven" and one.speaker == "george")
wave = seven.wave
print("wave", wave.shape, wave.dtype, f"from {wave.min():.2f} to {wave.max():.2f}")
Audio(wave, rate=8000)

# %% [markdown]
# A **wave** (波形) is the pressure of the air, here 8,000 numbers a second. The same word, said
# twice, has quite different numbers. What stays alike is *which frequencies are loud, and when*. So
# we cut the wave into **frames** (帧) of 25 milliseconds (200 samples), one every 10 milliseconds
# (80 samples), and ask of each frame how loud each frequency is:
#
# 1. **window** (窗): fade each frame in and out, since a hard cut would sound like a click;
# 2. **FFT** (快速傅里叶变换): the energy at 129 frequencies, from 0 to 4,000 Hz;
# 3. **mel bands** (梅尔频带): add up neighbours to 40 bands, narrow below and wide above, as
#    the ear hears;
# 4. **logarithm**: the ear hears ratios, too; twice the energy is one step more, loud or soft.
#
# The result is called a **log-mel spectrogram** (对数梅尔频谱图). First the bands. Each is a
# triangle over the frequencies; the corners are evenly spaced in mel, not in Hertz.


# %%
def mel(hertz):
    return 2595 * np.log10(1 + hertz / 700)


def triangles(bands=40, lines=129, top=4000):
    """The share of each line of a spectrum in each band: (lines, bands)."""
    hertz = np.linspace(0, top, lines)[:, None]
    corners = 700 * (10 ** (np.linspace(mel(60), mel(3900), bands + 2) / 2595) - 1)
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    low = np.minimum(low, middle - hertz[1])  # no band is so narrow that it falls between two lines
    high = np.maximum(high, middle + hertz[1])
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling))


# %% [markdown]
# And now all of it, in ten lines. The last two are for comfort: a recording that is twice as loud
# should give the same numbers. So the loudest band of a recording becomes 1, and everything that
# has less than a ten-thousandth of its energy becomes -1.


# %%
def my_log_mel(wave):
    """A wave (samples,) -> frames (F, 40) in -1..1."""
    starts = range(0, len(wave) - 199, 80)
    frames = np.stack([wave[i : i + 200] for i in starts])  # (F, 200)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(200) / 200)
    spectrum = np.fft.rfft(frames * window, 256)  # (F, 129), complex numbers
    energy = np.abs(spectrum) ** 2
    bands = np.log10(np.maximum(energy @ triangles(), 1e-10))  # (F, 40)
    bands = np.maximum(bands - bands.max(), -4)
    return bands / 2 + 1


frames = my_log_mel(wave)
print("frames", frames.shape)
assert np.allclose(frames, log_mel(wave), atol=1e-3)  # what the shipped model hears


# %%
def draw_frames(axes, frames, title=""):
    extent = (0, 0.01 * len(frames), 0, 40)
    axes.imshow(frames.T, origin="lower", aspect="auto", cmap="Greys", extent=extent)
    axes.set(ylabel="band", title=title)


figure, (above, below) = plt.subplots(2, 1, figsize=(7, 4), layout="constrained", sharex=True)
above.plot(np.arange(len(wave)) / 8000, wave, color=BLUE, linewidth=0.6)
above.set(ylabel="wave", title=f"“{seven.word}”, by {seven.speaker}")
draw_frames(below, frames)
below.set(xlabel="seconds")
plt.show()

# %% [markdown]
# *Figure 1. One word as a wave, and as a log-mel spectrogram: time from left to right, frequency
# from low to high, dark where it is loud.*
#
# You can read it. *Seven* has two vowels, two dark blocks. Their stripes are where mouth and throat
# resonate, the **formants** (共振峰); by these we know one vowel from another. Between the blocks
# is the *v*, which is softer. The *s* in front is hardly to be seen: most of its hiss is above
# 4,000 Hz, and 8,000 samples a second can hold no frequency above half of that number.
#
# ## 2. Strings of digits, and why frames are too many
#
# We want to hear more than one word. Strings of one to three digits are easy to make: draw a
# speaker, draw recordings of his, and put them one after the other. Speed, loudness, pauses and
# noise are drawn, too, anew for each string. This is **data augmentation** (数据增强): from 2,000
# recordings we get as many different strings as we like.


# %%
def join(chosen, rng):
    """Recordings, one after the other -> a wave."""
    parts = []
    for one in chosen:
        places = np.arange(0, len(one.wave) - 1, rng.uniform(0.9, 1.1))  # slower or faster
        sound = np.interp(places, np.arange(len(one.wave)), one.wave)
        pause = np.zeros(rng.integers(1200))  # up to 0.15 seconds
        parts += [pause, rng.uniform(0.5, 1) * sound / np.abs(sound).max()]
    wave = np.concatenate(parts)
    noise = 10 ** rng.uniform(-4, -2)
    return (wave + rng.normal(0, noise, len(wave))).astype("float32")


# %%
LENGTH, T = 200, 4  # frames of a string: two seconds; words of a string, the end included


def digit_string(recordings, rng):
    """A wave of at most two seconds, and its one to three words."""
    speaker = rng.choice(sorted({one.speaker for one in recordings}))
    own = [one for one in recordings if one.speaker == speaker]
    chosen = [own[i] for i in rng.integers(len(own), size=rng.integers(1, 4))]
    wave = join(chosen, rng)
    if len(wave) > 80 * LENGTH:
        return digit_string(recordings, rng)  # too long: draw again
    return wave, [one.word for one in chosen]


# %% [markdown]
# One of the six voices we put aside: the model never hears *theo* in training. With him we measure
# later how it hears a stranger.
#
# Words become numbers, as always: 0 is **padding** (填充), 1 *start*, 2 *end*. Sound is filled
# up to two seconds with -1, which is silence. Silence is something that the model must learn
# anyway, so we need no mask for it.

# %%
vocabulary = ["<pad>", "<start>", "<end>", *WORDS]
number = {word: i for i, word in enumerate(vocabulary)}
known = [one for one in train if one.speaker != "theo"]
known_val = [one for one in val if one.speaker != "theo"]
stranger = [one for one in val if one.speaker == "theo"]


def arrays(strings):
    """Frames (B, 200, 40) and token ids (B, 5): start, up to three words, end, padding."""
    x, y = np.full((len(strings), LENGTH, 40), -1, "float32"), np.zeros((len(strings), T + 1), int)
    for i, (wave, words) in enumerate(strings):
        frames = log_mel(wave)
        x[i, : len(frames)] = frames
        y[i, : len(words) + 2] = [1, *(number[word] for word in words), 2]
    return x, y


# %%
def make(recordings, count, rng):
    return arrays([digit_string(recordings, rng) for _ in range(count)])


x_val, y_val = make(known_val, CHECKS, np.random.default_rng(1))
x_new, y_new = make(stranger, CHECKS, np.random.default_rng(2))
frames_each = np.mean((x_val > -1).any(axis=2).sum(axis=1))
print(f"x {x_val.shape}, y {y_val.shape}: {[vocabulary[i] for i in y_val[0]]}")
print(f"a string has {frames_each:.0f} frames and {np.mean(y_val > 2) * (T + 1):.1f} words")

# %% [markdown]
# About 40 frames for each word. For attention that is a nuisance twice over: the softmax must
# choose among many places that are nearly alike, and an RNN has to carry what it hears over
# up to 200 steps. But speech does not change every 10 milliseconds. A **convolution** (卷积) with
# a **stride** (步幅) of 2 looks at a few neighbouring frames, and gives one vector for every two.
# Two of them leave a quarter: one vector for 40 milliseconds.

# %%
D = 64


def shrinker():
    parts = []
    for _ in range(2):
        parts.append(layers.Conv1D(D, 5, strides=2, padding="same", activation="relu"))
        parts.append(layers.LayerNormalization())
    return keras.Sequential([*parts, layers.Dropout(0.2)])


print("frames", x_val[:1].shape, " shortened", tuple(shrinker()(x_val[:1]).shape))

# %% [markdown]
# ## 3. Listen, attend, spell
#
# The model is a small *Listen, Attend and Spell* (Chan et al., 2016), one of the first recognisers
# that were one attention model from end to end:
#
# - **listen**: the two convolutions, and a bidirectional GRU (双向 GRU), which knows at each place
#   what comes before and after;
# - **attend**: additive attention (加性注意力), query = the decoder's state, keys and values = what
#   was heard;
# - **spell**: a GRU cell that writes one word a step. (The paper spells letters, we spell words.)
#
# First the attention, as in notebook 2: `score_s = v · tanh(W q + U m_s)`.


# %%
class Attention(layers.Layer):
    def __init__(self):
        super().__init__()
        self.query, self.key = layers.Dense(D), layers.Dense(D, use_bias=False)
        self.score = layers.Dense(1, use_bias=False)

    def call(self, state, memory):
        """(B, D), (B, S, D) -> context (B, D) and weights (B, S)."""
        both = ops.tanh(self.query(state)[:, None, :] + self.key(memory))
        weights = ops.softmax(self.score(both)[..., 0])
        return ops.sum(weights[..., None] * memory, axis=1), weights


# %% [markdown]
# The whole model. `step` writes one word: it takes the last word and what the model heard for it
# (the last context), moves the state on, listens again, and gives **logits**, a score for each word
# that could come next.
#
# In training the last word is the *right* one, whatever the model would have said: **teacher
# forcing** (强制教学). So `call` gets the words as an input, and one pass trains all of them.


# %%
class Listener(keras.Model):
    def __init__(self):
        super().__init__()
        self.shrink, self.attend = shrinker(), Attention()
        self.listen = layers.Bidirectional(layers.GRU(D, return_sequences=True))
        self.embed, self.cell = layers.Embedding(len(vocabulary), D), layers.GRUCell(2 * D)
        self.word = keras.Sequential([layers.Dropout(0.2), layers.Dense(len(vocabulary))])

    def encode(self, frames, training=None):
        """Frames (B, F, 40) -> memory (B, F / 4, 2 D), and the first state and context."""
        memory = self.listen(self.shrink(frames, training=training))
        nothing = ops.zeros_like(memory[:, 0])
        return memory, (nothing, nothing)


# %%
class Speller(Listener):
    def step(self, token, memory, state, training=None):
        """One word (B,) -> logits of the next (B, V), the new state, weights (B, S)."""
        hidden, context = state
        hidden, _ = self.cell(ops.concatenate([self.embed(token), context], -1), hidden)
        context, weights = self.attend(hidden, memory)
        logits = self.word(ops.concatenate([hidden, context], -1), training=training)
        return logits, (hidden, context), weights

    def call(self, inputs, training=None):
        (frames, words), logits = inputs, [None] * T  # (B, F, 40), (B, T)
        memory, state = self.encode(frames, training)
        for t in range(T):
            logits[t], state, _ = self.step(words[:, t], memory, state, training)
        return ops.stack(logits, axis=1)  # (B, T, V)


# %% [markdown]
# The loss is the cross-entropy of the next word. A string of one word ends early, and what is
# behind its end is padding, which must not count: the **masked loss** (带掩码的损失). A model that
# knows nothing gives each of the 13 words the same share, so its loss should be about ln 13 = 2.56.


# %%
def masked_loss(words, logits):
    real = ops.cast(words != 0, "float32")
    losses = keras.losses.sparse_categorical_crossentropy(words, logits, from_logits=True)
    return ops.sum(real * losses) / ops.sum(real)


model = Speller()
logits = model((x_val, y_val[:, :-1]))
first_loss = float(masked_loss(y_val[:, 1:], logits))
print(f"logits {tuple(logits.shape)}, first loss {first_loss:.2f}, ln 13 = {np.log(13):.2f}")
print(f"{model.count_params():,} parameters")
assert abs(first_loss - np.log(13)) < 0.3

# %% [markdown]
# Without a teacher the model reads its own words: it begins with *start*, takes the likeliest word,
# gives it to the next step, and so on. This is **greedy decoding** (贪心解码).


# %%
def spell(row):
    """Token ids up to the end -> words."""
    return [vocabulary[i] for i in row[: row.index(2)]]


# %%
def listen_to(model, frames):
    """Frames (B, F, 40) -> lists of words, and attention weights (B, T, S)."""
    memory, state = model.encode(frames)
    token, tokens, weights = np.ones(len(frames), int), [], []
    for _ in range(T):
        logits, state, each = model.step(token, memory, state)
        token = ops.argmax(logits, axis=-1)
        tokens.append(ops.convert_to_numpy(token))
        weights.append(ops.convert_to_numpy(each))
    rows = [[*row, 2] for row in np.stack(tokens, axis=1).tolist()]
    return [spell(row) for row in rows], np.stack(weights, axis=1)


# %% [markdown]
# How wrong is an answer? Count how many words must be put in, left out or replaced to make the
# right one of it (the **edit distance**, 编辑距离), and divide by the number of right words. This
# is the **word error rate** (词错误率), WER. It can be larger than 1: who writes three words for
# one has at least two errors on it.


# %%
def edit_distance(right, heard):
    row = list(range(len(heard) + 1))  # from no word to the first words of `heard`
    for i, word in enumerate(right, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


def word_error_rate(right, heard):
    return sum(map(edit_distance, right, heard)) / sum(map(len, right))


print(word_error_rate([["three", "one", "four"]], [["three", "nine"]]))  # one replaced, one put in
assert np.isclose(word_error_rate([["three", "one", "four"]], [["three", "nine"]]), 2 / 3)

# %% [markdown]
# ## 4. Train it, and watch the diagonal
#
# Each **epoch** (轮) has new strings. After each one we measure, on strings that are made of the
# validation recordings, by the voices that the model knows and by the stranger:
#
# - the word error rate;
# - whether there is a diagonal: for each word take the place where it listened most. If these
#   places rise from word to word, the string was heard *in order*.


# %%
def measured(model, frames, tokens):
    """The word error rate, and the share of strings of two and three digits heard in order."""
    heard, weights = listen_to(model, frames)
    right = [spell(row[1:]) for row in tokens.tolist()]
    places = [row[: len(words)] for row, words in zip(weights.argmax(axis=2), right)]
    in_order = [(np.diff(row) > 0).all() for row in places if len(row) > 1]
    return word_error_rate(right, heard), np.mean(in_order)


# %%
def optimizer():
    """Adam, with a rate that rises for the first steps and then falls to 0."""
    steps = EPOCHS * STRINGS // 32
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=3e-3, warmup_steps=steps // 20
    )
    return keras.optimizers.Adam(rate, global_clipnorm=1.0)


# %%
model.compile(optimizer(), masked_loss)
example = int(np.argmax((y_val > 2).sum(axis=1)))  # the first of three digits
found, attention = [], []
for epoch in range(EPOCHS + 1):
    x, y = make(known, STRINGS, rng)
    if epoch > 0:
        model.fit((x, y[:, :-1]), y[:, 1:], batch_size=32, verbose=0)
    (error, in_order), (new, _) = measured(model, x_val, y_val), measured(model, x_new, y_new)
    found.append((error, new, in_order))
    heard, weights = listen_to(model, x_val[example : example + 1])
    attention.append((heard[0], weights[0]))
    print(f"epoch {epoch:2}: word error rate {error:6.1%}, of the stranger {new:6.1%}; "
          f"in order {in_order:4.0%}; hears {' '.join(heard[0][:3])}")  # fmt: skip


# %%
def draw_attention(axes, frames, heard, weights, title):
    """Above, what was heard; below, a row for each word: dark where it listened."""
    above, below = axes
    draw_frames(above, frames, title)
    rows = [*heard, "<end>"][:T]
    extent = (0, 0.01 * len(frames), len(rows), 0)
    below.imshow(weights[: len(rows)], aspect="auto", cmap="Blues", vmin=0, extent=extent)
    below.set_yticks(np.arange(len(rows)) + 0.5, rows)
    below.set(xlabel="seconds")


# %% tags=["cover"]
figure, axes = plt.subplots(
    2, 2, figsize=(9, 4), layout="constrained", sharex=True, height_ratios=[1.3, 1]
)
for column, epoch in zip(axes.T, (1, EPOCHS)):
    draw_attention(column, x_val[example], *attention[epoch], f"after epoch {epoch}")
plt.show()

# %% [markdown]
# *Figure 2. The same three digits, early and late in the training. Above, the sound; below, when
# the model listened for each word that it wrote.*
#
# After one epoch all rows are alike: each word listens most to the beginning of the third digit,
# and each is *four*. At the end every word has a place of its own, one after the other, and the
# words are right. The end token has no sound to listen to.

# %%
errors, strangers, orders = zip(*found)
figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
axes.plot(errors, "o-", color=BLUE, label="word error rate, voices that it knows")
axes.plot(strangers, "o--", color=ORANGE, label="word error rate, the stranger")
axes.plot(orders, "s:", color="0.5", label="share of the strings heard in order")
axes.set(xlabel="epoch", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()
assert FAST or (errors[-1] < 0.1 and orders[-1] > 0.9)

# %% [markdown]
# *Figure 3. Epoch 0 is before the training. Blue and orange: words that were heard wrong, on
# recordings that the training does not have. Grey: strings in which each word was listened to later
# than the word before.*
#
# The two happen together. In epochs 1 to 3 the strings that are heard in order rise from 3 % to 94
# %, and the errors fall from 77 % to 15.3 %: to learn where to listen is most of what there is to
# learn. After that the diagonal stays, and the errors fall further, to 1.8 % for the five voices.
# The stranger, whom no string of the training had, ends at 11.5 %, about six times as many, and has
# not become better since epoch 10 (10.1 %): five voices are few, and the model has learned these
# five.
#
# ## 5. What does it hear wrong?
#
# Errors have kinds. A **confusion matrix** (混淆矩阵) counts, in strings whose number of words is
# right, which digit was heard as which.

# %%
confused = {"voices that it knows": (x_val, y_val), "the stranger": (x_new, y_new)}
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
for ax, (name, (x, y)) in zip(axes, confused.items()):
    counts = np.zeros((10, 10), int)
    for right, heard in zip(map(spell, y[:, 1:].tolist()), listen_to(model, x)[0]):
        if len(right) == len(heard) and set(heard) <= set(WORDS):
            for said, written in zip(right, heard):
                counts[WORDS.index(said), WORDS.index(written)] += 1
    ax.imshow(counts, cmap="Blues")
    for i, j in zip(*counts.nonzero()):
        ink = "w" if counts[i, j] > counts.max() / 2 else "k"
        ax.text(j, i, counts[i, j], ha="center", va="center", fontsize=8, color=ink)
    ax.set(title=name, xlabel="heard", xticks=range(10), yticks=range(10), yticklabels=WORDS)
axes[0].set(ylabel="said")
plt.show()

# %% [markdown]
# *Figure 4. Rows: what was said. Columns: what was heard. Off the diagonal are the errors.*
#
# The voices that it knows have an error here and there. The stranger has one word that goes wrong
# more often than not: of 41 times that theo says *four*, 16 are heard as *one* and 8 as *two*. Six
# of his *two* are *six*, four of his *six* are *two*, and three of his 26 *five* are *nine*. His
# other words come out all right.
#
# ## 6. The shipped model
#
# `transcribe_digits` is the same idea with more of everything: the same two strided convolutions,
# then a Transformer in place of the GRUs, strings of up to ten digits by all six voices, and a
# longer training. It hides stretches of time and bands of frequency from the model at random, so
# that it does not rely on any one detail: **SpecAugment** (Park et al., 2019; exercise 2). Its
# training had takes 5 to 49, so the recordings that we use here are no test of it. Its model card
# has one.
#
# It takes a file, or a wave of any length up to 30 seconds.

# %%
recognizer = zoo.load("transcribe_digits")
jackson = {one.word: one for one in val if one.speaker == "jackson"}
said = "two seven one eight two eight"
wave = join([jackson[word] for word in said.split()], np.random.default_rng(3))
answer = recognizer.transcribe(wave, return_dict=True)
print("said: ", said)
print("heard:", answer.text, f" (score {answer.score:.2f})")
Audio(wave, rate=8000)

# %%
zoo.plot_attention(answer)

# %% [markdown]
# *Figure 5. The shipped model on six digits: its attention in the last layer, the mean of four
# heads.*
#
# The diagonal again, and more of it: each word listens to its whole sound. The end token looks at
# the silence in front, where there is nothing to write.
#
# ## 7. An honest failure: what breaks it
#
# First your own model. Make new strings of the recordings of the validation, and put more and
# more noise over them. Noise is measured in **decibels** (分贝): at 20 dB speech has 100 times
# the energy of the noise, at 0 dB both have the same.


# %%
def noisy(wave, decibels, rng):
    noise = rng.normal(size=len(wave)) * np.sqrt(np.mean(wave**2)) * 10 ** (-decibels / 20)
    return ((wave + noise) / np.abs(wave + noise).max()).astype("float32")


for decibels in (30, 20, 10, 5, 0):
    check = np.random.default_rng(4)
    strings = [digit_string(known_val, check) for _ in range(CHECKS)]
    x, y = arrays([(noisy(wave, decibels, check), words) for wave, words in strings])
    error, in_order = measured(model, x, y)
    print(f"{decibels:2} dB: word error rate {error:.1%}, in order {in_order:.0%}")

# %% [markdown]
# At 30 and 20 dB the word error rate is the same, 2.6 %; at 10 dB one word in eleven is wrong, at 0
# dB six of ten. The order holds longer: at 5 dB nearly all strings are still heard from left to
# right, though a quarter of the words are wrong. The model knows where somebody speaks long after
# it no longer knows what. The noise of its training was weak: at most 0.01, beside words whose
# loudest sample is 0.5 to 1.
#
# Now the shipped model. It can be broken, too: by noise; by a voice that nobody has (the same
# sound, played 1.5 times as fast, is higher, too); by two people at once; by words that are no
# digits (digits played backwards); by music (a chord).

# %%
theo = {one.word: one for one in val if one.speaker == "theo"}
three = join([jackson[word] for word in "nine four six".split()], np.random.default_rng(5))
other = join([theo[word] for word in "one two five".split()], np.random.default_rng(6))
long = max(len(three), len(other))
both = sum(np.pad(each, (0, long - len(each))) for each in (three, other))
chord = sum(np.sin(2 * np.pi * hertz * np.arange(12_000) / 8000) for hertz in (262, 330, 392))

# %%
sounds = {
    "nine four six": three,
    "with noise, 0 dB": noisy(three, 0, rng),
    "1.5 times as fast": np.interp(np.arange(0, len(three) - 1, 1.5), range(len(three)), three),
    "with “one two five” at once": both / np.abs(both).max(),
    "backwards": three[::-1].copy(),
    "a chord, 1.5 seconds": chord / np.abs(chord).max(),
    "nothing but noise": rng.normal(0, 0.05, 12_000).clip(-1, 1),
}

# %%
for name, sound in sounds.items():
    heard = recognizer.transcribe(sound, return_dict=True)
    words = max(1, len(heard.text.split()))
    print(f"{name:28} {heard.text or '(nothing)':32} score per word {heard.score / words:6.2f}")

# %% [markdown]
# Noise as loud as the speech leaves these three words right. Faster, and so higher, *four six*
# becomes *five four*. Of two people at once it writes a mixture, with two words of the second.
# Backwards it writes
# *six four nine*, the words in the reverse order: these digits sound enough like themselves
# backwards. A chord is *two two two*. Only of noise alone it writes nothing, since its training had
# such strings.
#
# The scores do not warn you: for the chord -0.21 a word, for the real words -0.12. A model that has
# only ever seen digits shares all its probability among digits. To know that something is no digit
# it would have to learn from what is none.
#
# ## 8. Why is there a diagonal at all?
#
# Nothing in the model asks for one. Softmax attention may look anywhere at any step. It may jump
# back, hear one word twice, or leave one out. The diagonal is *learned*, since it is the only way
# to be right. For a translator this freedom is a gift: word orders differ. For speech it is more
# than is needed: sound and words have the same order, always.
#
# **CTC** (Connectionist Temporal Classification, 连接时序分类; Graves et al., 2006) takes the
# freedom away. It has no decoder and no attention. Each place s of the memory gives
# probabilities of the words and of a *blank* (空白), "nothing new here". A **path** has one symbol
# for each place. To read it, first merge what repeats, then drop the blanks:
#
# `- 3 3 - 1 1 1 - -` → `3 1`, and `3 - 3` → `3 3`.
#
# Many paths read as the same words. CTC adds up the probabilities of them all:
#
# $$P(y \mid x) = \sum_{a:\ \mathrm{read}(a) = y}\ \prod_s P(a_s \mid x)$$
#
# So the order is built in: words come out in the order of the sound, and no place is heard twice.
# The price: the places are independent of each other given x, so CTC knows nothing of what words
# often follow each other. Count the paths, to see what is added up:


# %%
def read(path):
    """Merge what repeats, drop the blanks (0)."""
    merged = [a for i, a in enumerate(path) if i == 0 or a != path[i - 1]]
    return [a for a in merged if a != 0]


def paths(words, places):
    """How many paths of `places` symbols read as `words`: by the number of symbols passed."""
    symbols = [0] + [x for word in words for x in (word, 0)]  # blank, word, blank, word, ...
    counts = [1, 1] + [0] * (len(symbols) - 2)  # a path begins with a blank or with the first word
    for _ in range(places - 1):
        skip = [i > 1 and s != 0 and s != symbols[i - 2] for i, s in enumerate(symbols)]
        counts = [sum(counts[max(0, i - 1 - skip[i]) : i + 1]) for i in range(len(symbols))]
    return sum(counts[-2:])


# %%
every = np.stack(np.meshgrid(*[range(4)] * 6), -1).reshape(-1, 6)  # all paths of 6 places
brute = sum(read(path) == [3, 1] for path in every.tolist())
print("6 places, two words:", brute, "=", paths([3, 1], 6))
print(f"50 places, three words: {paths([3, 1, 2], 50):,} paths")
assert brute == paths([3, 1], 6) and read([0, 3, 3, 0, 1, 1, 1, 0, 0]) == [3, 1]

# %% [markdown]
# The second way is the sum that CTC uses, with probabilities in place of ones: it goes once over
# the places, and never lists a path. Exercise 4 trains a model with it.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Record yourself (a WAV file, of any rate), and let both models hear it. On Colab, upload
# the file first.
#
# <details><summary>Answer</summary>
#
# ```python
# from zoo.lite import audio
#
# wave = audio.read("me.wav")  # any WAV file, at 8,000 samples a second
# x, _ = arrays([(wave[: 80 * LENGTH], ["one"])])  # the words here are of no matter
# print(listen_to(model, x)[0][0])
# print(recognizer.transcribe("me.wav"))
# ```
#
# Without a microphone, write a file of one of ours and read that:
#
# ```python
# import wave as wav
#
# with wav.open("me.wav", "wb") as file:
#     file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
#     file.writeframes((three * 32767).clip(-32767, 32767).astype("<i2").tobytes())
# ```
#
# </details>
#
# **2.** Write **SpecAugment** (频谱增强): hide two stretches of up to 12 frames, and two of up to 6
# bands, of each string of a batch. Train a new model with it.
#
# <details><summary>Answer</summary>
#
# ```python
# def hidden(x, rng, times=12, bands=6):
#     x = x.copy()
#     for frames in x:
#         for _ in range(2):
#             at, size = rng.integers(LENGTH), rng.integers(times + 1)
#             frames[at : at + size] = -1
#             at, size = rng.integers(40), rng.integers(bands + 1)
#             frames[:, at : at + size] = -1
#     return x
#
# again = Speller()
# again.compile(optimizer(), masked_loss)
# for epoch in range(EPOCHS):
#     x, y = make(known, STRINGS, rng)
#     again.fit((hidden(x, rng), y[:, :-1]), y[:, 1:], batch_size=32, verbose=0)
# print(measured(again, x_val, y_val)[0], measured(again, x_new, y_new)[0])
# ```
#
# The training loss is higher, since the task is harder. What counts is the error on other
# recordings.
#
# </details>
#
# **3.** See **overfitting** (过拟合): train on 200 fixed strings, without new ones, and compare the
# error on them with that on the validation strings.
#
# <details><summary>Answer</summary>
#
# ```python
# x, y = make(known, 200, rng)
# few = Speller()
# few.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), masked_loss)
# few.fit((x, y[:, :-1]), y[:, 1:], batch_size=32, epochs=5 * EPOCHS, verbose=0)
# print(measured(few, x, y)[0], measured(few, x_val, y_val)[0])
# ```
#
# </details>
#
# **4.** Train a CTC model: the encoder of `Listener`, and a dense layer with one score for each
# word at each place. Keras has the loss, `keras.losses.CTC`; its blank is number 0, our padding.
#
# <details><summary>Answer</summary>
#
# ```python
# ctc = keras.Sequential(
#     [
#         shrinker(),
#         layers.Bidirectional(layers.GRU(D, return_sequences=True)),
#         layers.Dense(len(vocabulary)),
#     ]
# )
# ctc.compile(optimizer(), keras.losses.CTC())
# for epoch in range(EPOCHS):
#     x, y = make(known, STRINGS, rng)
#     y = np.where(y > 2, y, 0)[:, 1:-1]  # the digits alone, no start and no end
#     ctc.fit(x, y, batch_size=32, verbose=0)
# paths_heard = ops.convert_to_numpy(ops.argmax(ctc(x_val), axis=-1)).tolist()
# heard = [[vocabulary[i] for i in read(path)] for path in paths_heard]
# print(word_error_rate([spell(row[1:]) for row in y_val.tolist()], heard))
# ```
#
# </details>
#
# **5.** Let the attention of your trained model go forward only: at each step, hide all places
# before the one that was darkest in the step before. Does it hear better?
#
# <details><summary>Answer</summary>
#
# ```python
# def forward_only(model, frames):
#     memory, (hidden, context) = model.encode(frames)
#     token, tokens, first = np.ones(len(frames), int), [], np.zeros((len(frames), 1), int)
#     attend = model.attend
#     for _ in range(T):
#         hidden, _ = model.cell(ops.concatenate([model.embed(token), context], -1), hidden)
#         both = ops.tanh(attend.query(hidden)[:, None] + attend.key(memory))
#         scores = attend.score(both)[..., 0]
#         weights = ops.softmax(ops.where(np.arange(scores.shape[1]) >= first, scores, -1e9))
#         context = ops.sum(weights[..., None] * memory, axis=1)
#         token = ops.argmax(model.word(ops.concatenate([hidden, context], -1)), axis=-1)
#         first = ops.convert_to_numpy(ops.argmax(weights, axis=-1))[:, None]
#         tokens.append(ops.convert_to_numpy(token))
#     return [spell([*row, 2]) for row in np.stack(tokens, axis=1).tolist()]
#
# right = [spell(row[1:]) for row in y_val.tolist()]
# print(word_error_rate(right, listen_to(model, x_val)[0]))
# print(word_error_rate(right, forward_only(model, x_val)))
# ```
#
# </details>
#
# ## References
#
# - Chan, Jaitly, Le and Vinyals (2016), *Listen, Attend and Spell*,
#   [arXiv:1508.01211](https://arxiv.org/abs/1508.01211): the model of section 3.
# - Chorowski et al. (2015), *Attention-Based Models for Speech Recognition*,
#   [arXiv:1506.07503](https://arxiv.org/abs/1506.07503): attention that knows where it was.
# - Dong, Xu and Xu (2018), *Speech-Transformer*,
#   [doi:10.1109/ICASSP.2018.8462506](https://doi.org/10.1109/ICASSP.2018.8462506): the shipped
#   model.
# - Park et al. (2019), *SpecAugment*, [arXiv:1904.08779](https://arxiv.org/abs/1904.08779).
# - Graves et al. (2006), *Connectionist Temporal Classification*,
#   [doi:10.1145/1143844.1143891](https://doi.org/10.1145/1143844.1143891).
# - Jackson et al. (2018), *Free Spoken Digit Dataset*,
#   [github.com/Jakobovski/free-spoken-digit-dataset](https://github.com/Jakobovski/free-spoken-digit-dataset),
#   CC BY-SA 4.0.
