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
# *Where this goes.* A trained Transformer translates one German sentence. Its decoder has three
# layers with four heads each, and each head looks at the source in its own way.
#
# **You need** [notebook 1](01_attention_from_scratch.ipynb) and
# [notebook 2](02_seq2seq_and_its_bottleneck.ipynb).
# **Time**: 6 to 15 minutes on 2 CPU cores.
#
# Notebook 2 put one attention between two recurrent networks. The **Transformer** leaves the
# recurrent networks out: attention reads, attention writes. You write all of it here, on one page,
# check it against the zoo, and train it until it translates the first short sentences of everyday
# German. One attention is not enough for that, so we begin with many, side by side: **multi-head
# attention** (多头注意力).

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import io
import itertools
import os
import time
import urllib.request
import zipfile

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

# %%
import zoo
from zoo.models import Transformer
from zoo.text import SentencePieceTokenizer
from zoo.training import WarmupLinear

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
TEST, VOCABULARY, EPOCHS, LONGER = 500, 2000, 3, 100  # sentences, tokens, passes, sentences
WIDTH = 128
NEW, NEW_EPOCHS, OLD, SHOWN = 40, 16, 100, 3  # section 6, on chess
LARGE = bool(tf.config.list_physical_devices("GPU"))  # or True, and more patience
if LARGE:
    VOCABULARY, EPOCHS, WIDTH = 3000, 5, 192
if FAST:
    TEST, VOCABULARY, EPOCHS, LONGER = 10, 300, 1, 2
    NEW, NEW_EPOCHS, OLD, SHOWN = 4, 1, 4, 0
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
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
# ## 2. The whole Transformer, on one page
#
# Everything else is small. Three more parts, and then the model.
#
# - **Masks** (掩码). A reader must not look at padding, and a writer must not look ahead: in
#   training it gets the whole translation, moved by one place, and says at each place what comes
#   next. That is **teacher forcing** (强制教学): what stands before is always right, whatever the
#   model would have written. The causal mask (因果掩码) of notebook 1 makes it fair.
# - **Positions** (位置编码). Attention is a sum, the same for any order of the words. So a fixed
#   pattern of waves is added to each word: the sinusoids of notebook 1.
# - **Residuals and norms** (残差连接, 层归一化). A layer does not replace a vector, it *adds* to
#   it: `x + f(norm(x))`. So there is a straight way from the loss down to the first layer. The
#   norm in front keeps what `f` reads at one scale.


# %%
def tower(axes, x, names):
    """Boxes from the bottom up, with an arrow from each to the next."""
    for i, name in enumerate(names):
        grey = "0.85" if "attention" in name else "0.95"
        box = {"boxstyle": "round,pad=0.4", "facecolor": grey, "edgecolor": "0.4"}
        axes.text(x, i, name, ha="center", va="center", size=9, bbox=box)
        if i:
            axes.annotate("", (x, i - 0.28), (x, i - 0.72), arrowprops={"arrowstyle": "->"})


ends = ["tokens", "embedding + positions"]
reader = [*ends, "x + self-attention(norm(x))", "x + feed-forward(norm(x))", "norm: the memory"]
writer = [*ends, "x + causal self-attention(norm(x))", "x + cross-attention(norm(x), memory)"]
writer += ["x + feed-forward(norm(x))", "norm", "logits of the next token"]

# %%
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
tower(axes, 0, reader)
tower(axes, 3.3, writer)
way = {"arrowstyle": "->", "color": "tab:blue", "connectionstyle": "arc3,rad=0.15"}
axes.annotate("", (1.75, 3.1), (0.75, 4), arrowprops=way)
for x, top, width in ((0, 3, 1.35), (3.3, 4, 1.7)):
    corner, height = (x - width, 1.6), top - 1.2
    axes.add_patch(plt.Rectangle(corner, 2 * width, height, fill=False, linestyle="--"))
    axes.text(x - width, 1.62 + height, "N times", ha="left", va="bottom", size=9)
axes.set(xlim=(-1.5, 5.1), ylim=(-0.5, 6.5))
axes.axis("off")
plt.show()

# %% [markdown]
# *Figure 1. The Transformer. Left, the encoder (编码器) reads; right, the decoder (解码器) writes.
# Dashed: a block, of which there are several. Blue: what was read is looked at by every block that
# writes.*


# %%
class Heads(keras.layers.Layer):  # `multi_head` with matrices that are learned, and a mask
    def __init__(self, D, num_heads):
        super().__init__()
        self.q, self.k, self.v, self.out = (keras.layers.Dense(D) for _ in range(4))
        self.num_heads = num_heads

    def call(self, query, value, mask):  # mask: True where it may look, (B or 1, 1, T or 1, S)
        split = keras.layers.Reshape((-1, self.num_heads, query.shape[-1] // self.num_heads))
        q, k, v = split(self.q(query)), split(self.k(value)), split(self.v(value))
        scores = ops.einsum("bthd,bshd->bhts", q, k) / q.shape[-1] ** 0.5
        weights = ops.softmax(ops.where(mask, scores, -1e9))
        contexts = ops.einsum("bhts,bshd->bthd", weights, v)
        return self.out(ops.reshape(contexts, ops.shape(query)))


# %% [markdown]
# A block reads: self-attention (自注意力), then a small network that looks at each position alone,
# the **feed-forward layer** (前馈层). A block that writes has one more attention in between, over
# what was read: **cross-attention** (交叉注意力).


# %%
def norm():
    return keras.layers.LayerNormalization(epsilon=1e-6)


# %%
class Block(keras.layers.Layer):
    def __init__(self, D, num_heads, ff_dim, writes):
        super().__init__()
        self.norm_1, self.self_attention = norm(), Heads(D, num_heads)
        if writes:
            self.norm_2, self.cross_attention = norm(), Heads(D, num_heads)
        self.norm_3, self.inner = norm(), keras.layers.Dense(ff_dim, activation="relu")
        self.outer, self.dropout = keras.layers.Dense(D), keras.layers.Dropout(0.1)

    def call(self, x, mask, memory=None, memory_mask=None):
        y = self.norm_1(x)
        x = x + self.dropout(self.self_attention(y, y, mask))
        if memory is not None:
            x = x + self.dropout(self.cross_attention(self.norm_2(x), memory, memory_mask))
        return x + self.dropout(self.outer(self.inner(self.norm_3(x))))


# %%
def sinusoids(length, D):
    """(length, D): half sines, half cosines, of waves from 2π to 2π · 10,000 tokens."""
    angle = np.arange(length)[:, None] / 10_000 ** (np.arange(0, D, 2) / D)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype("float32")


# %%
class Embed(keras.layers.Layer):
    def __init__(self, V, D, longest=64):
        super().__init__()
        scale = keras.initializers.RandomNormal(stddev=D**-0.5)
        self.table = keras.layers.Embedding(V, D, embeddings_initializer=scale)
        self.dropout, self.waves = keras.layers.Dropout(0.1), sinusoids(longest, D)

    def call(self, tokens):
        x = self.table(tokens) * self.waves.shape[1] ** 0.5
        return self.dropout(x + self.waves[: tokens.shape[1]])


# %% [markdown]
# The model: first the half that reads, then the half that writes.


# %%
class Reader(keras.Model):
    def __init__(self, V, D, num_layers, num_heads, ff_dim):
        super().__init__()
        self.embed, sizes = Embed(V, D), (D, num_heads, ff_dim)
        self.readers = [Block(*sizes, writes=False) for _ in range(num_layers)]
        self.readers_norm = norm()
        self.writers = [Block(*sizes, writes=True) for _ in range(num_layers)]
        self.writers_norm = norm()

    def read(self, source):
        words = (source != 0)[:, None, None, :]  # True: no padding
        x = self.embed(source)
        for block in self.readers:
            x = block(x, words)
        return self.readers_norm(x), words


# %%
class MyTransformer(Reader):
    def call(self, inputs, training=None):  # Keras hands `training` on: then dropout is on
        memory, words = self.read(inputs["source"])
        T = inputs["target"].shape[1]
        earlier = np.tril(np.ones((1, 1, T, T), bool))  # the causal mask
        x = self.embed(inputs["target"])
        for block in self.writers:
            x = block(x, earlier, memory, words)
        return self.writers_norm(x) @ ops.transpose(self.embed.table.embeddings)


# %% [markdown]
# That is all of it. (`training` is there although no line reads it: `fit` gives it only to a model
# whose `call` has it, and Keras hands it on to each `Dropout` inside. Without it dropout would be
# off in training, and nothing would tell you.) The last line uses the table of embeddings a second
# time: the next token is the one whose embedding is most like what the last layer says.
#
# Is *this* right? Give it the weights of `zoo.models.Transformer`, and both must say the same.

# %%
sizes = {"num_heads": 4, "ff_dim": 48}
mine = MyTransformer(50, 32, 2, **sizes)
theirs = Transformer(50, 50, 2, 2, 32, **sizes, share_embeddings=True)
given = {"source": np.array([[5, 6, 7, 3, 0]]), "target": np.array([[2, 8, 9, 10]])}
mine(given), theirs(given)
mine.set_weights(theirs.get_weights())
before = ops.convert_to_numpy(mine(given))
difference = np.abs(before - ops.convert_to_numpy(theirs(given))).max()
print(f"{mine.count_params():,} parameters; largest difference of the logits: {difference:.1e}")
assert difference < 1e-4

# %% [markdown]
# And does the mask hold? Disturb the last token of the target: nothing before it may move. Disturb
# the padding of the source: nothing at all may.

# %%
ahead = given | {"target": np.array([[2, 8, 9, 11]])}
moved = np.abs(ops.convert_to_numpy(mine(ahead)) - before).max(axis=(0, 2))
print("moved by position:", moved.round(3))
assert np.all(moved[:3] < 1e-5) and moved[3] > 1e-3
longer = given | {"source": np.array([[5, 6, 7, 3, 0, 0]])}
assert np.allclose(ops.convert_to_numpy(mine(longer)), before, atol=1e-5)

# %% [markdown]
# ## 3. Train it until it translates
#
# The data: German sentences that people wrote for learners, with English translations, from
# [Tatoeba](https://tatoeba.org), those of at most six words a side. (The fast mode counts
# instead.)

# %%
if FAST:
    counted = list(zip("eins zwei drei vier fünf".split(), "one two three four five".split()))
    everything = [tuple(map(" ".join, zip(*words))) for words in itertools.permutations(counted, 3)]
else:
    try:
        everything = zoo.data.tatoeba("train", "de", "en")
    except FileNotFoundError:  # where ZOO_DATA is not set: the same site, as it is today
        address = "https://www.manythings.org/anki/deu-eng.zip"
        request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0"})
        file = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(request).read()))
        rows = [line.split("\t") for line in file.read("deu.txt").decode().splitlines()]
        everything = [(german, english) for english, german, *_ in rows]

# %% [markdown]
# A German sentence may have several translations in the file. So the test is made of *sentences*:
# none of its German sentences, and none of its English ones, is among those to learn from.

# %%
short = [pair for pair in everything if max(len(side.split()) for side in pair) <= 6]
by_source = dict(random.permutation(short))  # one translation each
held = list(by_source.items())[:TEST]
taken = {side for pair in held for side in pair}
train = [pair for pair in short if not taken & set(pair)]
lines = [line for pair in train for line in pair]
tokenizer = SentencePieceTokenizer.train(lines, VOCABULARY)
tokens = [max(map(len, both)) for both in zip(*map(tokenizer.encode, map(list, zip(*train))))]
train = [pair for pair, count in zip(train, tokens) if count <= 10]  # else padding for the others
print(f"{len(train):,} pairs to learn from, {len(held)} for the test")


# %%
def padded(texts, start=False):
    """Texts -> int32 (N, longest): tokens, the end token 3, padding 0; in front, perhaps, 2."""
    rows = [[2] * start + ids + [3] for ids in tokenizer.encode(list(texts))]
    return keras.utils.pad_sequences(rows, max(map(len, rows)), padding="post")


source, target = padded(a for a, _ in train), padded((b for _, b in train), start=True)
print(train[0], source[0], target[0], sep="\n")

# %% [markdown]
# The loss is that of notebook 1, the surprise at each right token, in nats. Padding is no token, so
# it is left out of the mean: a **masked loss**.


# %%
def masked_loss(labels, logits):
    surprise = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    words = ops.cast(labels != 0, "float32")
    return ops.sum(surprise * words) / ops.sum(words)


keras.utils.set_random_seed(1)
V, batch = tokenizer.vocab_size, 128
mine = MyTransformer(V, WIDTH, 2, num_heads=4, ff_dim=4 * WIDTH)
steps = EPOCHS * (len(train) // batch + 1)
rate = WarmupLinear(2e-3, max(1, steps // 10), steps)  # up, then down to 0
mine.compile(keras.optimizers.Adam(rate, beta_2=0.98), loss=masked_loss)


# %% [markdown]
# To translate is to let it read its own words: the **autoregressive** (自回归) loop. The likeliest
# token at each place is greedy search (贪心搜索).


# %%
def translate(texts, longest=12):
    given, written = padded(texts), np.full((len(texts), 1), 2)
    for _ in range(longest):
        logits = mine({"source": given, "target": written})
        best = ops.convert_to_numpy(logits)[:, -1:].argmax(axis=-1)
        written = np.concatenate([written, best], axis=1)
    rows = [row[1:].tolist() for row in written]
    return tokenizer.decode([row[: row.index(3)] if 3 in row else row for row in rows])


# %%
class Look(keras.callbacks.Callback):
    """After each pass over the data: the training loss, the BLEU of the test, and one sentence."""

    def on_epoch_end(self, epoch, logs):
        texts = translate([german for german, _ in held])
        score = zoo.evaluation.bleu(texts, [english for _, english in held]).score
        print(f"pass {epoch + 1}: loss {logs['loss']:.2f}, BLEU {score:4.1f}   {texts[0]}")
        scores.append(score)


# %%
scores = []
given = {"source": source, "target": target[:, :-1]}
mine.fit(given, target[:, 1:], batch_size=batch, epochs=EPOCHS, verbose=0, callbacks=[Look()])
assert FAST or scores[-1] > 25

# %%
figure, axes = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
axes.plot(range(1, EPOCHS + 1), scores, "k-o", markerfacecolor="white")
axes.set(xlabel="passes over the training pairs", ylabel="BLEU of the test", ylim=(0, None))
axes.set_xticks(range(1, EPOCHS + 1))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. BLEU of your Transformer on German sentences that it has not read, with greedy search.*
#
# A number is not a translation. Read some:

# %%
german, human = zip(*held[:10])
for one, text, other in zip(german, translate(german), human):
    print(f"{one:35} {text:35} human: {other}")

# %% [markdown]
# Three of the ten are right and one is nearly so. The others begin as English and say something
# else: it learns the shape of sentences before it learns the words. With a larger vocabulary, a
# wider model and five passes (`LARGE = True` in the cell of parameters, which the notebook takes by
# itself where there is a GPU) BLEU is 41.8, and *Tom taught me a lot.* is right, too; *Trompete*
# and *dünn*, which are rare, stay wrong. That took 22 minutes on one CPU core; on a GPU it has not
# been timed.
#
# ## 4. An honest failure: longer than anything it has read
#
# Everything it learned from has at most six words. Give it the sentences of the same site that
# have more.

# %%
unknown = [pair for pair in dict(everything).items() if not taken & set(pair)]
for shortest, longest in ((7, 8), (9, 11), (12, 16)):
    some = [pair for pair in unknown if shortest <= len(pair[0].split()) <= longest]
    texts, humans = zip(*some[:LONGER]) if some else ((), ())
    answers = translate(texts, 30) if some else []
    score = zoo.evaluation.bleu(answers, list(humans)).score if some else np.nan
    print(f"{shortest:2} to {longest} words: BLEU {score:4.1f}")
if answers:
    print(texts[0], answers[0], humans[0], sep="\n")

# %% [markdown]
# It has seen no position so far to the right, and few clauses behind one another, so it stops early
# or loses its thread. Nothing in the architecture forbids long sentences; they have to be *in the
# data*. That is the strength and the price of attention: it assumes nothing. An RNN has it built in
# that neighbours matter; a Transformer learns even that. What does it get for the price? The zoo
# ships both, trained on the same pairs for the same eight minutes, side by side on one large GPU:

# %%
for name in ("translate_de_en", "translate_de_en_rnn"):
    card = next(model for model in zoo.models() if model.name == name)
    print(f"{name:20} {card.parameters / 1e6:.1f} M parameters, {card.quality}")

# %% [markdown]
# In those minutes the Transformer made 20,000 steps, and the RNN 8,000: all positions of a training
# text are computed at once, with no loop from word to word. That pays on machines with thousands of
# small cores. (Part of the German in the training pairs was written by a model of the other
# direction: 回译, back-translation.)
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
# *Figure 3. The three layers of the decoder, with four heads each. Row: the English token that is
# being written; column: the German token. Dark is much.* In layer 0, heads 1 and 2 look one
# token back, at what the word before came from. Head 3 of layer 1 follows the diagonal, word by
# word. Head 0 of layer 0 spreads. And a head that has nothing to do looks at the end of the
# sentence, as head 1 of layer 2 does at *dog*.
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
    style = {"color": grey, "edgecolor": "0.2", "hatch": hatch, "label": f"layer {i}"}
    axes.bar(place, row, width=0.25, **style)
axes.set_xticks(range(4), [f"head {i}" for i in range(4)])
axes.set(ylabel="largest weight, mean of rows", ylim=(0, 1))
axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 4. How sharply each head of the shipped Transformer points, over four sentences.* Heads
# have numbers and no names: head 0 of one layer has nothing to do with head 0 of the next.
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
new_train, new_valid = moves[:NEW], moves[-16:]
old_valid = (everything if FAST else zoo.data.multi30k("val", "de", "en"))[:OLD]
print(*new_train[:3], sep="\n")

# %%
shipped.compile(keras.optimizers.Adam(3e-4), label_smoothing=0)
old_before = shipped.evaluate(old_valid, verbose=0)
new_losses = [shipped.evaluate(new_valid, verbose=0)]
plan = {"batch_tokens": 256, "epochs": NEW_EPOCHS, "verbose": 0}
new_losses += shipped.fit(new_train, validation_data=new_valid, **plan).history["val_loss"]
old_after = shipped.evaluate(old_valid, verbose=0)
print(f"chess, held out: loss {new_losses[0]:.2f} before, {new_losses[-1]:.2f} after")
assert FAST or new_losses[-1] < new_losses[0]

# %%
figure, axes = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
axes.plot(range(NEW_EPOCHS + 1), new_losses, "k-o", markerfacecolor="white")
axes.set(xlabel="passes over 40 sentences on chess", ylabel="loss on the others", ylim=(0, None))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 5. Loss on sentences on chess that are not in the training data; at 0, the shipped model.*

# %%
for german, english in [*new_valid[:SHOWN], new_valid[-1]]:
    print(f"{german:34} {shipped.generate(german):36} human: {english}")
print(f"\nand captions, which it knew: loss {old_before:.2f} before, {old_after:.2f} after")

# %% [markdown]
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
# **2.** Why does the Transformer need positions, and the RNN does not? Leave `self.waves` out of
# `Embed`, and look at the order of the words it writes.
#
# <details><summary>Answer</summary>
#
# Attention is a sum: it gives the same for any order of the words (section 9 of notebook 1). An RNN
# reads one word after the other. A reader without positions sees a bag of words; the writer still
# knows a little, because its causal mask shows a different number of words at each place.
# `zoo.models.Transformer` adds sinusoids to the embeddings, or rotates queries and keys with
# `rotary=True`.
#
# </details>
#
# **3.** `translate` computes everything anew for each token. What could be kept from one step to
# the next, and what would have to change in `Heads`?
#
# <details><summary>Answer</summary>
#
# Nothing that stands before a place depends on it, so the keys and values of earlier tokens stay as
# they are: keep them, and compute only the query, key and value of the newest token. That is the
# KV cache (键值缓存) of notebook 17. Keys and values of the source never change at all. `Heads`
# would take both as arguments and give back the longer ones.
#
# </details>
#
# **4.** Fine-tune with the forty sentences *and* 200 captions of `zoo.data.multi30k("train", "de",
# "en")`, mixed. What happens to the two losses?
#
# <details><summary>Answer</summary>
#
# ```python
# captions = zoo.data.multi30k("train", "de", "en")
# shipped = zoo.load("translate_de_en")
# shipped.compile(keras.optimizers.Adam(3e-4), label_smoothing=0)
# shipped.fit(new_train + captions[:200], batch_tokens=256, epochs=6, verbose=0)
# print([shipped.evaluate(data, verbose=0) for data in (new_valid, old_valid)])
# ```
#
# Each pass has more steps,
# and chess is learned in fewer passes. When we tried six, chess came to 0.03, and the captions, at
# 1.57 before, to 1.50.
# One pass over `6 * new_train + captions[:1200]` has about as many steps and repeats no caption;
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
# - Ba et al. (2016), *Layer Normalization*, [arXiv:1607.06450](https://arxiv.org/abs/1607.06450).
# - Tatoeba, [tatoeba.org](https://tatoeba.org), CC BY 2.0 FR: the sentences.
# - Elliott et al. (2016), *Multi30K: Multilingual English-German Image Descriptions*,
#   [arXiv:1605.00459](https://arxiv.org/abs/1605.00459): the data.
