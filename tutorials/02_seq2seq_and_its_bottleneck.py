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
# # 2. Seq2seq and its bottleneck
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/02_seq2seq_and_its_bottleneck.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/02_seq2seq_and_its_bottleneck.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title BLEU by length, with and without attention

# %% [markdown]
# *Where this goes.* Two translators, trained on the same pairs for the same number of steps, that
# differ in one layer. The quality of their translations, by the length of what they translate.
#
# **You need** [notebook 1](01_attention_from_scratch.ipynb), and to have heard of recurrent
# networks (循环神经网络, RNN), which read one word after the other and carry a state along.
# **Time**: 3 minutes on 2 CPU cores.
#
# From a sequence to a sequence (序列到序列): that is the *seq2seq* of the title. Before attention,
# a translator (机器翻译) worked like this: an **encoder** (编码器) RNN reads the source and folds
# it into *one vector*; a **decoder** (解码器) RNN unfolds that vector into the target. Five words
# or fifty, the vector has the same size. That is the **bottleneck** (瓶颈). Attention removes it:
# every step of the decoder takes its own mixture of *all* encoder states. People say that this is
# what makes long sentences work. You write both, train both, and see.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
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
from zoo.training import WarmupLinear

STARTED = time.time()
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
PAIRS, LONGEST, TESTS = 20_000, 14, 25  # to learn from, of so many numbers; tests of each length
PARTS, STEPS = 5, 75  # the loss is looked at after each part of so many steps
LARGE = bool(tf.config.list_physical_devices("GPU"))  # or True, and more patience
if LARGE:
    PAIRS, STEPS = 60_000, 300
if FAST:
    PAIRS, LONGEST, TESTS, PARTS, STEPS = 600, 4, 1, 2, 4
    tf.config.run_functions_eagerly(True)  # building graphs would take most of the time

# %% [markdown]
# ## 1. A language that is easy, and long
#
# To see one effect, take away all others. Our first source text is German numbers, our target the
# English numbers *in reverse order*. There are twenty words to learn, no grammar, no exception; a
# long text is hard for one reason only: there is more to keep in mind.

# %%
GERMAN = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn"
).split()
ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
rng = random.Random(0)


def numbers(length):
    chosen = rng.sample(range(20), length)
    source, target = [GERMAN[i] for i in chosen], [ENGLISH[i] for i in reversed(chosen)]
    return " ".join(source), " ".join(target)


# %% [markdown]
# The training pairs have 1 to 14 numbers. The test has 4 to 20, so that its last part is longer
# than all that the models will ever have read.

# %%
train = [numbers(rng.randint(1, LONGEST)) for _ in range(PAIRS)]
valid = [numbers(rng.randint(1, LONGEST)) for _ in range(200)]
test = [numbers(n) for n in range(4, 21) for _ in range(TESTS)]
for german, english in train[:3]:
    print(german, "|", english)

# %% [markdown]
# A model reads numbers, so each word gets one: these are its tokens (词元), and all of them its
# vocabulary (词表) of size V. Three more are needed: 0 for padding, which makes the texts of a
# batch equally long, a start and an end.

# %%
WORDS = ["", "(start)", "(end)", *GERMAN, *ENGLISH]
number, V, START, END = {word: i for i, word in enumerate(WORDS)}, len(WORDS), 1, 2


def encode(texts, start=False):
    """Texts -> (N, longest): the start, where it is wanted, the words, the end, padding."""
    rows = [[START] * start + [number[w] for w in text.split()] + [END] for text in texts]
    return keras.utils.pad_sequences(rows, padding="post")


print(encode(["eins drei", "vier"]), encode(["three one", "four"], start=True), sep="\n")

# %% [markdown]
# ## 2. Two models, one layer apart


# %%
def drawn(axes, title):
    """An encoder, a decoder, and what goes from one to the other."""
    for i, word in enumerate(("drei", "neun", "eins")):
        axes.text(i, 0, word, ha="center", va="center")
        axes.text(i, 1, f"$h_{i + 1}$", ha="center", va="center", bbox=BOX)
        axes.annotate("", (i, 0.7), (i, 0.25), arrowprops=ARROW)
    for i, word in enumerate(("one", "nine", "three")):
        axes.text(i + 4, 1, f"$s_{i + 1}$", ha="center", va="center", bbox=BOX)
        axes.text(i + 4, 2, word, ha="center", va="center")
        axes.annotate("", (i + 4, 1.75), (i + 4, 1.3), arrowprops=ARROW)
    for i in (0, 1, 4, 5):
        axes.annotate("", (i + 0.7, 1), (i + 0.3, 1), arrowprops=ARROW)
    axes.set(title=title, xlim=(-0.6, 6.6), ylim=(-0.4, 2.4))
    axes.axis("off")


# %%
ARROW = {"arrowstyle": "->", "color": "0.3"}
BOX = {"boxstyle": "round,pad=0.35", "facecolor": "0.93", "edgecolor": "0.4"}
figure, both = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
drawn(both[0], "one vector for all steps")
drawn(both[1], "attention: a mixture for each step")
both[0].text(3, 1, "$c$", ha="center", va="center", bbox={**BOX, "facecolor": "#a6cee3"})
for i in range(3):
    way = {"arrowstyle": "->", "color": "tab:blue", "connectionstyle": "arc3,rad=-0.35"}
    both[0].annotate("", (3, 1.3), (i, 1.3), arrowprops=way)
    below = {**way, "connectionstyle": "arc3,rad=0.35"}
    both[0].annotate("", (i + 4, 0.7), (3, 0.7), arrowprops=below)
    both[1].annotate("", (4, 1.3), (i, 1.3), arrowprops={**way, "linewidth": (0.5, 0.5, 2.5)[i]})
plt.show()

# %% [markdown]
# *Figure 1. Left, the bottleneck: whatever is written has to come out of one vector c. Right,
# attention, drawn for the first step: it looks at all states h, most at the one that it needs.*
#
# You write both. First the layer in which they differ. With it, **additive attention** of notebook
# 1: a score for each pair of a query (what is being written) and a key (a state of the encoder),
# a softmax, a weighted mean. Without it, every state gets the same share: always the same vector,
# whatever is being written. (The classic choice was the last state; both are one vector.)


# %%
class Additive(keras.layers.Layer):
    """Scores v · tanh(W q + U k)."""

    def __init__(self, units):
        super().__init__()
        self.W, self.U = (keras.layers.Dense(units, use_bias=False) for _ in range(2))
        self.v = keras.layers.Dense(1, use_bias=False)

    def call(self, query, memory, words):  # (B, T, D), (B, S, D), True where a word is: (B, S)
        hidden = ops.tanh(self.W(query)[:, :, None] + self.U(memory)[:, None])  # (B, T, S, units)
        scores = ops.where(words[:, None], self.v(hidden)[..., 0], -1e9)  # padding: nothing
        weights = ops.softmax(scores)
        return weights @ memory, weights  # (B, T, D), (B, T, S)


# %%
class EqualShares(keras.layers.Layer):
    def call(self, query, memory, words):
        scores = ops.where(words[:, None], 0 * query[:, :, :1], -1e9)
        weights = ops.softmax(scores)
        return weights @ memory, weights


# %% [markdown]
# Is it right? Give the same weights to the layer of the zoo, and both must say the same.

# %%
random_numbers = np.random.default_rng(0)
query, memory = (random_numbers.normal(size=(2, n, 8)).astype("float32") for n in (3, 5))
words = np.array([[True] * 5, [True] * 3 + [False] * 2])
mine, theirs = Additive(6), zoo.layers.AdditiveAttention(6)
context, weights = mine(query, memory, words)
theirs.build(query.shape, memory.shape)
theirs.query_dense.kernel.assign(mine.W.kernel)
theirs.key_dense.kernel.assign(mine.U.kernel)
theirs.scale.assign(mine.v.kernel[:, 0])
other = theirs(query, memory, attention_mask=words[:, None])
difference = np.abs(ops.convert_to_numpy(context - other)).max()
print(f"largest difference to the layer of the zoo: {difference:.1e}")
assert difference < 1e-5

# %% [markdown]
# The rest is the same for both. The encoder is a bidirectional **GRU** (门控循环单元), which reads
# from both ends. The decoder is a GRU that reads what has been written so far; what it takes from
# the source is put beside its state, and a dense layer makes the scores of the next word.


# %%
class Reader(keras.Model):
    def __init__(self, select, D=64, units=128):
        super().__init__()
        self.embed = keras.layers.Embedding(V, D)
        self.reader = keras.layers.Bidirectional(keras.layers.GRU(units, return_sequences=True))
        self.writer = keras.layers.GRU(units, return_sequences=True, return_state=True)
        self.select, self.logits = select, keras.layers.Dense(V)
        self.joint = keras.layers.Dense(D, activation="tanh")

    def read(self, source):  # (B, S) -> (B, S, 2 units), and where the words are
        words = ops.not_equal(source, 0)
        return self.reader(self.embed(source), mask=words), words


# %%
class Seq2Seq(Reader):
    def write(self, target, memory, words, state=None):  # (B, T), ... -> (B, T, V), ...
        states, state = self.writer(self.embed(target), initial_state=state)
        context, weights = self.select(states, memory, words)
        return self.logits(self.joint(ops.concatenate([states, context], -1))), state, weights

    def call(self, inputs):
        return self.write(inputs["target"], *self.read(inputs["source"]))[0]


# %% [markdown]
# Check the premise. Does the model without attention really see one and the same vector at every
# step? Its weights say so, and they leave the padding (the last column) alone.

# %%
models = {}
for name, select in {"with attention": Additive(64), "without": EqualShares()}.items():
    keras.utils.set_random_seed(1)
    models[name] = Seq2Seq(select)
    given = {"source": np.array([[5, 6, 7, END, 0]]), "target": np.array([[START, 30, 31]])}
    models[name](given)
    print(f"{name:15} {models[name].count_params():,} parameters")
without = models["without"]
_, _, weights = without.write(given["target"], *without.read(given["source"]))
print(ops.convert_to_numpy(weights)[0, 0])
assert np.allclose(ops.convert_to_numpy(weights)[..., :4], 0.25)

# %% [markdown]
# ## 3. Train both: teacher forcing and a masked loss
#
# In training the decoder reads the *right* translation, moved by one place, and says at each place
# what comes next: **teacher forcing** (强制教学). One mistake does not spoil the rest, and all
# places are learned from at once. The loss at a place is $-\ln p$ of the right word, in nats;
# padding is no word, so it is left out of the mean: a **masked loss**.


# %%
def masked_loss(labels, logits):
    surprise = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    words = ops.cast(ops.not_equal(labels, 0), "float32")
    return ops.sum(surprise * words) / ops.sum(words)


def prepared(pairs):
    german, english = zip(*pairs)
    target = encode(english, start=True)
    return {"source": encode(german), "target": target[:, :-1]}, target[:, 1:]


x, y = prepared(train)
new = prepared(valid)
print("reads ", x["source"][0], "\nwrites", x["target"][0], "\nlabels", y[0])

# %% [markdown]
# A model that knows nothing gives each of the V words the probability 1/V, so the first loss should
# be near ln V (section 8 of notebook 1). Both models get the same data in the same order, the same
# steps and the same learning rate.

# %%
losses = {}
for name, model in models.items():
    rate = WarmupLinear(5e-3, PARTS * STEPS // 8, PARTS * STEPS)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.98, clipnorm=1.0), masked_loss)
    first = model.evaluate(*new, verbose=0)
    assert abs(first - np.log(V)) < 0.3
    keras.utils.set_random_seed(2)
    plan = {"batch_size": 64, "steps_per_epoch": STEPS, "epochs": PARTS, "verbose": 0}
    losses[name] = [first, *model.fit(x, y, validation_data=new, **plan).history["val_loss"]]
    print(f"{name:15} first loss {first:.2f} (ln V = {np.log(V):.2f}), last {losses[name][-1]:.3f}")

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
for (name, history), style in zip(losses.items(), ("k-o", "k--s")):
    axes.plot(STEPS * np.arange(PARTS + 1), history, style, label=name, markerfacecolor="white")
axes.set(xlabel="training steps", ylabel="validation loss, nats per word", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. Loss on 200 pairs made like those of the training. Those of one or two numbers stand in
# the training data, too. Lower is better, and 0 would be certain of every word.*
#
# ## 4. Translate, and score by length
#
# When it translates there is no right translation to read: the model reads what it has written
# itself, word by word. Such a loop is **autoregressive** (自回归), and taking the likeliest word at
# each step is **greedy search** (贪心搜索).


# %%
def translate(model, texts, longest=24):
    """Texts -> their translations, and the weights of each step, (N, longest, S)."""
    memory, words = model.read(encode(texts))
    last, state, written, looked = np.full((len(texts), 1), START), None, [], []
    for _ in range(longest):
        logits, state, weights = model.write(last, memory, words, state)
        last = ops.convert_to_numpy(ops.argmax(logits, axis=-1))
        written.append(last)
        looked.append(weights)
    rows = np.concatenate(written, axis=1).tolist()
    rows = [row[: row.index(END)] if END in row else row for row in rows]
    texts = [" ".join(WORDS[i] for i in row) for row in rows]
    return texts, ops.convert_to_numpy(ops.concatenate(looked, axis=1))


# %% [markdown]
# A loss is not a translation. **BLEU** compares a translation with that of a human:
# which share of its words, word pairs, triples and quadruples is also there? The four shares are
# multiplied, the fourth root is taken, and whoever writes too little is punished. 0 is nothing, 100
# is the same text. It is a number for hundreds of sentences; for one sentence it says little.

# %%
reference = ["A small dog runs on the beach ."]
for hypothesis in (reference[0], "A little dog runs on the beach .", "On the beach runs a dog ."):
    print(f"{zoo.evaluation.bleu([hypothesis], reference).score:5.1f}  {hypothesis}")

# %%
german, english = map(list, zip(*test))
answers = {name: translate(model, german)[0] for name, model in models.items()}
place = TESTS * 6  # of ten numbers
print("source:        ", german[place])
for name, texts in answers.items():
    print(f"{name:15}", texts[place])

# %%
lengths = np.array([len(text.split()) for text in german])
by_length = {
    name: [
        zoo.evaluation.bleu(texts[i : i + TESTS], english[i : i + TESTS]).score
        for i in range(0, len(test), TESTS)
    ]
    for name, texts in answers.items()
}

# %% tags=["cover"]
figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, scores), style in zip(by_length.items(), ("k-o", "k--s")):
    axes.plot(range(4, 21), scores, style, label=name, markerfacecolor="white")
axes.axvspan(LONGEST + 0.5, 20.5, color="0.9", label="longer than all in training")
axes.set(xlabel="numbers in the source", ylabel="BLEU", ylim=(0, 109), xticks=range(4, 21, 2))
figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=3)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. BLEU of the two translators by length. (It begins with 4 numbers, because BLEU counts
# quadruples.)*

# %%
middle = {name: (scores[0], scores[LONGEST - 4]) for name, scores in by_length.items()}
for name, (short, long) in middle.items():
    print(f"{name:15} BLEU {short:5.1f} with 4 numbers, {long:5.1f} with {LONGEST}")
assert FAST or middle["with attention"][1] > middle["without"][1] + 20

# %% [markdown]
# That is the bottleneck. The words are the same twenty, and the model without attention has seen
# texts of this length in training. What it lacks is room: the longer the text, the more must share
# one vector. (Be fair to it: its curve in Figure 2 still falls when we stop. More steps would make
# it better, so this is what the bottleneck costs *with the same training*. Exercise 3 goes on from
# here. With four times the steps, `LARGE = True` in the cell of parameters, which the notebook
# takes by itself where there is a GPU, the model without attention comes to 49.9 with 14 numbers,
# and the other stays at 100. That took 3.5 minutes on one CPU core; on a GPU it has not been
# timed.)
#
# ## 5. Read the alignment
#
# Which word of one language belongs to which of the other is their **alignment** (对齐). What the
# attention does can be seen. Each row is one English number that is being written.

# %%
shown = "drei neun eins zwölf sieben vier"
(answer,), (weights,) = translate(models["with attention"], [shown])
rows, columns = [*answer.split(), "(end)"], [*shown.split(), "(end)"]
print(answer)

# %%
figure, axes = plt.subplots(figsize=(4.5, 3.6), layout="constrained")
picture = axes.imshow(weights[: len(rows), : len(columns)], cmap="Blues", vmin=0, vmax=1)
axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right")
axes.set_yticks(range(len(rows)), rows)
axes.set(xlabel="what is read", ylabel="what is written")
figure.colorbar(picture, label="weight")
plt.show()

# %% [markdown]
# *Figure 4. The attention of the model that you have just trained. Row: the English token; column:
# the German token.* Nobody told the model that the order is reversed. Look for the diagonal that
# goes *up*, from the end of the source to its beginning. It need not lie exactly on the word: the
# encoder reads in both directions, so a state knows its neighbours, too, and may hold the number
# that is wanted.
#
# ## 6. An honest failure: longer than anything it has read
#
# Attention removes the bottleneck of the *vector*. Does it make a model good at any length? Look at
# the grey part of Figure 3, and at what goes wrong there.

# %%
for name, texts in answers.items():
    for low, high in ((4, LONGEST), (LONGEST + 1, 20)):
        rows = np.flatnonzero((lengths >= low) & (lengths <= high))
        right = np.mean([texts[i] == test[i][1] for i in rows])
        words = np.mean([len(texts[i].split()) / lengths[i] for i in rows])
        print(f"{name:15} {low:2} to {high} numbers: all right in {right:4.0%}, "
              f"length {words:4.0%} of what it should be")  # fmt: skip

# %% [markdown]
# A decoder learns *when to stop* and *where it is* from the texts it has read, and no layer repairs
# what was never shown. Train on the lengths that you want to translate.
#
# ## 7. Real sentences
#
# Real languages have tens of thousands of words, and take longer than a notebook. In the zoo
# `translate_de_en_rnn` is much like your model (Bahdanau's, whose attention also goes into the next
# state). It is larger, cuts words into **subwords** (子词), and had eight minutes of a large GPU.
# First its BLEU on German captions that it has not read, by their length:

# %%
shipped = zoo.load("translate_de_en_rnn")
pairs = [(german, english) for german, english in test[:2]]  # the fast mode stays with numbers
if not FAST:
    pairs = zoo.data.multi30k("test_2016_flickr", "de", "en")[:300]
pairs = sorted(pairs, key=lambda pair: len(pair[0].split()))
texts = shipped.generate([source for source, _ in pairs])
for part in np.array_split(np.arange(len(pairs)), 3):
    if len(part):
        sizes = [len(pairs[i][0].split()) for i in part]
        score = zoo.evaluation.bleu([texts[i] for i in part], [pairs[i][1] for i in part]).score
        print(f"{sizes[0]:2} to {sizes[-1]:2} words: BLEU {score:.1f}")

# %% [markdown]
# With attention, long captions are translated about as well as short ones. And a sentence that is
# no caption, and has its German verb at the end:

# %%
sentence = "Gestern hat ein kleiner Hund mit einem roten Ball gespielt."
zoo.plot_attention(shipped.generate(sentence, return_dict=True))

# %% [markdown]
# *Figure 5. The alignment of `translate_de_en_rnn`. Row: the English token; column: the German
# token.* Follow the rows. They go down the diagonal until the verb: the row *play* is dark in the
# column *gespielt*, the last word of the German sentence, and then goes back for *with a red ball*.
# No diagonal could do that. And see what was lost: the row *s* looks at *mit*, not at *hat* and
# *gespielt*, which say that it is over; so the dog *plays*, yesterday.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Write Luong's two other scores, q · k (dot) and q · W k (general), as layers that can stand
# in the place of `Additive`.
#
# <details><summary>Answer</summary>
#
# The states of the encoder have twice the width of those of the decoder, so "dot" needs a layer in
# front in any case; what is written here is "general".
#
# ```python
# class General(keras.layers.Layer):
#     def __init__(self, units):
#         super().__init__()
#         self.W = keras.layers.Dense(units, use_bias=False)
#
#     def call(self, query, memory, words):
#         scores = ops.einsum("btd,bsd->bts", query, self.W(memory))
#         weights = ops.softmax(ops.where(words[:, None], scores, -1e9))
#         return weights @ memory, weights
#
# models["general"] = Seq2Seq(General(128))  # the width of the decoder's states
# ```
#
# For "dot" leave `W` out and give the reader `units // 2`.
#
# </details>
#
# **2.** Write the classic bottleneck: a layer that takes the last state of the source alone.
#
# <details><summary>Answer</summary>
#
# Scores that grow with the position; the mask removes the padding behind the last word.
#
# ```python
# class LastState(keras.layers.Layer):
#     def call(self, query, memory, words):
#         places = 1000 * ops.arange(memory.shape[1], dtype="float32")
#         scores = ops.where(words[:, None], 0 * query[:, :, :1] + places, -1e9)
#         weights = ops.softmax(scores)
#         return weights @ memory, weights
# ```
#
# One half of that state comes from the reader that goes backwards and has read just one word there.
#
# </details>
#
# **3.** The model without attention has slightly fewer parameters. Is the comparison fair?
#
# <details><summary>Answer</summary>
#
# Give it more `units`, until it has as many parameters as the other, and train again. If the gap of
# Figure 3 came from the number of parameters, it would close. Then give it more steps, too: how
# many does it need until it does with 14 numbers what the other does?
#
# </details>
#
# **4.** Train without the reversal (`for i in chosen`). What does Figure 4 look like, and does the
# model without attention get better?
#
# <details><summary>Answer</summary>
#
# The diagonal goes down. For the bottleneck the task is as hard as before: the same numbers must go
# through the same vector. Sutskever and others reversed the *source*, so that its first words are
# near the first of the target; with a bidirectional encoder that helps less.
#
# </details>
#
# ## References
#
# - Sutskever, Vinyals and Le (2014), *Sequence to Sequence Learning with Neural Networks*,
#   [arXiv:1409.3215](https://arxiv.org/abs/1409.3215).
# - Cho, van Merriënboer, Bahdanau and Bengio (2014), *On the Properties of Neural Machine
#   Translation*, [arXiv:1409.1259](https://arxiv.org/abs/1409.1259): quality falls with length.
# - Bahdanau, Cho and Bengio (2015), *Neural Machine Translation by Jointly Learning to Align and
#   Translate*, [arXiv:1409.0473](https://arxiv.org/abs/1409.0473): figure 2 is the one drawn here.
# - Luong, Pham and Manning (2015), *Effective Approaches to Attention-based Neural Machine
#   Translation*, [arXiv:1508.04025](https://arxiv.org/abs/1508.04025): the decoder written here.
# - Papineni, Roukos, Ward and Zhu (2002), *BLEU: a Method for Automatic Evaluation of Machine
#   Translation*, [ACL P02-1040](https://aclanthology.org/P02-1040/).
# - Post (2018), *A Call for Clarity in Reporting BLEU Scores*,
#   [arXiv:1804.08771](https://arxiv.org/abs/1804.08771).
