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
# # 10. Summaries: the pointer
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/10_summaries.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/10_summaries.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title A summary under its conversation; what was copied is red

# %% [markdown]
# *Where this goes.* A model reads a conversation and writes what it was about. Most words of the
# answer it copies (red), the names above all; *tells* it writes itself. Copying needs nothing new:
# attention weights already say which source word matters now. In this notebook you turn them into
# probabilities of words, and a model that fails on every new name becomes one that does not.
#
# **You need** [notebook 2](02_seq2seq_and_its_bottleneck.ipynb) (encoder, decoder, attention) and a
# little Keras. No data set. **Time**: 1 minute on 2 CPU cores.
#
# **Summarization** (文本摘要) of a conversation is sequence to sequence, as translation is. What is
# different: the words of the answer mostly stand in the source, and the most important ones, the
# names, are often *out of vocabulary* (OOV, 未登录词).

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import os
import re
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

import zoo

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
STEPS, CHECKS = 500, 200  # of the training; conversations to check
if FAST:
    STEPS, CHECKS = 3, 10
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
STARTED = time.time()
keras.utils.set_random_seed(0)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% [markdown]
# ## 1. Conversations with names
#
# A small world, so that we can see everything. One person asks another to do something; the other
# says yes or no; the summary says who will do what for whom. Names are made of syllables: 60 for
# the training, 60 others for the test. The model has seen nothing of these 60.

# %%
VERBS = "fix wash paint sell find carry open clean move buy".split()
THINGS = "car door lamp chair bike table window radio phone clock".split()
rng = np.random.default_rng(0)
syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
made = [(a + b).capitalize() for a in syllables for b in syllables]
names = rng.permutation(made)[:120].tolist()
known, new = names[:60], names[60:]


# %%
def conversation(names):
    """A conversation of two people, and its summary."""
    a, b = rng.choice(names, 2, replace=False)
    verb, thing, answer = rng.choice(VERBS), rng.choice(THINGS), rng.choice(["yes", "no"])
    talk = f"{a} : can you {verb} the {thing} , {b} ? {b} : {answer} ."
    end = f"{verb} the {thing} for {a} ." if answer == "yes" else f"not {verb} the {thing} ."
    return talk, f"{b} will {end}"


for _ in range(3):
    print(*conversation(known), sep="  ->  ")

# %% [markdown]
# Each word is a **token**; the vocabulary (词表) has all words and all names. The 60 new names have
# numbers, too, but they are in no training example: their embeddings stay as they were drawn, and
# all that the softmax learns of them is not to write them. They stand for the words that any model
# meets after its training.

# %%
words = {word for _ in range(500) for text in conversation(known) for word in text.split()}
vocabulary = ["<pad>", "<start>", *sorted(words - set(names)), *names]
number = {word: i for i, word in enumerate(vocabulary)}
V, S, T = len(vocabulary), 14, 9  # words of the vocabulary, a source, a target


# %%
def encode(texts, length):
    rows = [[number[word] for word in text.split()] for text in texts]
    return np.array([row + [0] * (length - len(row)) for row in rows])


def batch(names, size=64):
    sources, targets = zip(*[conversation(names) for _ in range(size)])
    return encode(sources, S), encode(targets, T)


source, target = batch(known)
print(f"{V} tokens; sources {source.shape}, targets {target.shape}")
assert (source > 0).all()  # all conversations have 14 tokens, so that no mask is needed

# %% [markdown]
# ## 2. The idea in one picture
#
# At each step the decoder has two opinions about the next word:
#
# - what it would **write**: a softmax over the vocabulary, (V,), as always;
# - where it **looks**: attention weights over the source, (S,), which sum to 1, too.
#
# Each source position holds a word. So the attention weights are a distribution over *words* as
# well: add up the weights of all positions at which a word stands. A number between 0 and 1, the
# **gate** (门控) p_gen, mixes the two:
#
# `P(word) = p_gen · P_write(word) + (1 - p_gen) · (sum of the weights where the word stands)`
#
# This is the **pointer-generator** (指针生成网络) of See et al. (2017).

# %%
box = {"boxstyle": "round,pad=0.4", "edgecolor": "0.3"}
blue, orange, grey = "#9ecae1", "#fdae6b", "0.92"
boxes = [
    (1.4, 0.7, "encoder\nmemory (S, D)", grey),
    (1.4, 3.2, "decoder\nstate (D)", grey),
    (4.4, 3.2, "softmax: what to write\n(V)", blue),
    (4.4, 0.7, "attention: where to look\n(S)", orange),
    (6.9, 2.0, "gate\np_gen", grey),
    (9.0, 2.0, "next word\n(V)", "white"),
]

# %%
figure, axes = plt.subplots(figsize=(8.5, 3.2), layout="constrained")
axes.set(xlim=(0, 10), ylim=(0, 4))
axes.axis("off")
for x, y, text, colour in boxes:
    axes.text(x, y, text, ha="center", va="center", bbox={**box, "facecolor": colour})
arrows = [((1.9, 3.2), (3.4, 3.2)), ((2.2, 0.7), (3.3, 0.7)), ((1.8, 2.8), (3.6, 1.1)),
          ((5.5, 3.1), (8.5, 2.3)), ((5.5, 0.8), (8.5, 1.7)), ((7.3, 2.0), (8.5, 2.0))]  # fmt: skip
for start, end in arrows:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "0.3"})
axes.text(7.2, 2.95, "× p_gen", color="#2171b5")
axes.text(7.2, 0.8, "× (1 - p_gen),\nat the words' places", color="#d94801", va="center")
plt.show()

# %% [markdown]
# *Figure 1. One step of a pointer-generator. Blue: the distribution of a usual decoder. Orange: the
# attention weights, which are moved from the positions of the source to the words that stand
# there.*
#
# ## 3. Write it
#
# Moving weights from positions to words is one multiplication: with the source as one-hot vectors
# (S, V), `weights · one_hot` is (T, S) · (S, V) = (T, V). Words that stand twice get both weights.


# %%
def copy_distribution(weights, source):
    """Weights (B, T, S) at source tokens (B, S) -> a distribution over words (B, T, V)."""
    return ops.matmul(weights, ops.one_hot(source, V))


weights = np.array([[[0.2, 0.5, 0.3]]], "float32")  # a target of one word, a source of three
found = ops.convert_to_numpy(copy_distribution(weights, np.array([[7, 9, 7]])))[0, 0]
print({int(i): round(float(found[i]), 2) for i in np.flatnonzero(found)})
assert np.isclose(found[7], 0.5) and np.isclose(found.sum(), 1)

# %% [markdown]
# The model is that of notebook 2, but with dot-product attention: a bidirectional GRU reads,
# another GRU writes.


# %%
class Attender(keras.Model):
    def __init__(self, size=64):
        super().__init__()
        self.embedding = keras.layers.Embedding(V, size)
        self.encoder = keras.layers.Bidirectional(keras.layers.GRU(size, return_sequences=True))
        self.decoder = keras.layers.GRU(2 * size, return_sequences=True)
        self.query = keras.layers.Dense(2 * size, use_bias=False)

    def attend(self, source, before):  # (B, S), (B, T): the target, one place to the right
        memory = self.encoder(self.embedding(source))  # (B, S, 2D)
        state = self.decoder(self.embedding(before))  # (B, T, 2D)
        scores = ops.matmul(self.query(state), ops.transpose(memory, (0, 2, 1)))
        weights = ops.softmax(scores)  # (B, T, S)
        return ops.concatenate([state, ops.matmul(weights, memory)], axis=-1), weights


# %% [markdown]
# The model that only writes ends in a softmax over the vocabulary. The one that can also copy has a
# gate besides, and the formula of section 2 in its last line. That is the whole difference.


# %%
class Writer(Attender):
    def __init__(self):
        super().__init__()
        self.write = keras.layers.Dense(V, activation="softmax")

    def call(self, inputs):
        return self.write(self.attend(*inputs)[0])  # (B, T, V)


# %%
class PointerGenerator(Writer):
    def __init__(self):
        super().__init__()
        self.gate = keras.layers.Dense(1, activation="sigmoid")

    def call(self, inputs):
        state, weights = self.attend(*inputs)
        p_gen = self.gate(state)  # (B, T, 1)
        copied = copy_distribution(weights, inputs[0])
        return p_gen * self.write(state) + (1 - p_gen) * copied


# %% [markdown]
# **Teacher forcing** (强制教学): in training the decoder sees the true words before each place, not
# its own. The loss is the negative log-likelihood of the right word, without padding.


# %%
def shifted(target):
    return np.concatenate([np.ones_like(target[:, :1]), target[:, :-1]], axis=1)


def nll(target, probability):
    """Mean negative log-likelihood of the words that are no padding, in nats."""
    target = ops.cast(target, "int32")
    right = ops.take_along_axis(probability, target[..., None], axis=-1)[..., 0]
    real = ops.cast(target != 0, "float32")
    return -ops.sum(real * ops.log(right + 1e-9)) / ops.sum(real)


# %%
def train(model):
    model.compile(keras.optimizers.Adam(3e-3), loss=nll)
    losses = []
    for _ in range(STEPS):
        source, target = batch(known)
        losses.append(float(model.train_on_batch([source, shifted(target)], target)))
    return model, losses


# %% [markdown]
# A model that knows nothing gives each of the V words probability 1/V. Its loss is ln V, and the
# first loss of the model that only writes should be close to that. The one that copies starts
# lower: before it has learned anything, half of its probability lies on the 14 words of the source.

# %%
models, curves = {}, {}
for name, model in (("writes only", Writer()), ("writes or copies", PointerGenerator())):
    models[name], curves[name] = train(model)
    first, last = curves[name][0], np.mean(curves[name][-10:])
    print(f"{name:17} first loss {first:.2f} (ln V = {np.log(V):.2f}), last {last:.3f}")
assert abs(curves["writes only"][0] - np.log(V)) < 0.5

# %% [markdown]
# ## 4. Known names, new names
#
# Now the models write on their own: word by word, each time the most probable one (**greedy
# search**, 贪心搜索). That is **autoregressive** (自回归): each word is the input for the next.


# %%
def summarize(model, source):
    """Source (B, S) -> the words that the model writes (B, T)."""
    written = np.ones((len(source), T), int)  # the start token, and what follows
    for t in range(T):
        probability = ops.convert_to_numpy(model([source, written]))[:, t]
        word = probability.argmax(-1)
        if t + 1 == T:
            return np.concatenate([written[:, 1:], word[:, None]], axis=1)
        written[:, t + 1] = word


# %%
def right(model, names, count=CHECKS):
    """Share of conversations whose whole summary is right."""
    source, target = batch(names, count)
    found = summarize(model, source)
    return float(np.mean(((found == target) | (target == 0)).all(1)))


shares = {name: [right(model, known), right(model, new)] for name, model in models.items()}
for name, (old, fresh) in shares.items():
    print(f"{name:17} right: {old:6.1%} with known names, {fresh:6.1%} with new ones")

# %%
if not FAST:
    assert shares["writes only"][1] == 0 and shares["writes or copies"][1] > 0.8

# %%
figure, (left, middle) = plt.subplots(1, 2, figsize=(8.5, 2.8), layout="constrained")
for (name, curve), colour in zip(curves.items(), ("#2171b5", "#d94801")):
    left.plot(curve, color=colour, label=name)
left.set(xlabel="batch of 64 conversations", ylabel="loss, nats per word", yscale="log")
left.legend(frameon=False)
places = np.arange(2)
for i, (name, colour) in enumerate(zip(shares, ("#2171b5", "#d94801"))):
    drawn = middle.bar(places + 0.4 * i - 0.2, np.array(shares[name]) * 100, 0.38, color=colour)
    middle.bar_label(drawn, fmt="%.0f %%")
middle.set(xticks=places, xticklabels=["known names", "new names"], ylim=(0, 115))
middle.set(ylabel="summaries all right, %")
for ax in (left, middle):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. Left: the loss in training. Right: summaries that are right to the last word. Blue: a
# model that can only write. Orange: the same model with a pointer.*
#
# The model without a pointer cannot write a name that it has never written: the column of the
# softmax that belongs to it was pushed down in every training step and never up. The pointer has no
# column for a name. It learned *where* a name stands, and takes what is there.
#
# ## 5. Look at it
#
# One conversation with two new names: where does each word look, and is it written or copied?

# %%
talk, summary = "", "not"
while "not" in summary:  # one that ends with the second name
    talk, summary = conversation(new)
source = encode([talk], S)
written = summarize(models["writes or copies"], source)
state, weights = models["writes or copies"].attend(source, shifted(written))
p_gen = ops.convert_to_numpy(models["writes or copies"].gate(state))[0]
weights = ops.convert_to_numpy(weights)[0]
count = len(summary.split())
said = [vocabulary[i] for i in written[0, :count]]
print("wanted: ", summary, "\nwritten:", *said)

# %%
figure, (left, middle) = plt.subplots(
    1, 2, figsize=(8.5, 3.6), width_ratios=[5, 1], layout="constrained", sharey=True
)
shown = left.imshow(weights[:count], cmap="Oranges", vmin=0, vmax=1, aspect="auto")
left.set_xticks(range(S), talk.split(), rotation=60)
left.set_yticks(range(count), said)
left.set(xlabel="conversation", ylabel="summary")
figure.colorbar(shown, ax=left, label="attention weight")
middle.barh(range(count), 1 - p_gen[:count, 0], color="#d94801")
middle.set(xlim=(0, 1), xlabel="1 - p_gen: copied")
plt.show()

# %% [markdown]
# *Figure 3. Left: where each word of the summary looks. Right: the gate, how much of the
# probability comes from copying.* The names are copied, as they must be. *will* and *for* stand
# nowhere in the conversation, so they must be written: nothing is copied from where they look, and
# their attention counts only through the context that the softmax reads. Other words could be
# written or copied: both would be right.
#
# ## 6. The shipped model
#
# `summarize_dialogue` is a Transformer with a pointer, trained mostly on DialogSum: 12,460
# everyday conversations with summaries, less those that overlap with its tests. Its tokens are
# subwords, so a name that it has never seen is several tokens, which are copied one after the
# other.

# %%
reader = zoo.load("summarize_dialogue")
talks = [
    """Marek: I've lost my wallet! I think I left it on the bus.
Salma: Oh no. Have you called the bus company?
Marek: Not yet. Do you have their number?
Salma: Let me look it up for you.""",
    """Nadia: Hello, Dr. Brown's office. How can I help you?
Omar: Hi, I'd like to make an appointment for my daughter. She has a fever.
Nadia: Is tomorrow at ten all right?
Omar: Yes, that's fine. Thank you very much.""",
]
print(*reader.summarize(talks), sep="\n")

# %% tags=["cover"]
answer = reader.summarize(talks[0], return_dict=True)
zoo.plot_attention(answer)

# %% [markdown]
# *Figure 4. The copying attention of the shipped model. Red tokens of the summary were more
# probably copied than written.*
#
# ## 7. An honest failure: who did what
#
# A pointer makes names *appear*. It does not make them *right*. The next conversation is as easy as
# the others for a person.

# %%
party = """Anna: Are you coming to Lena's party on Saturday?
Bo: I'd love to, but I have to work until nine.
Anna: Come later then. It will go on till late.
Bo: OK. Shall I bring anything?
Anna: A salad would be great."""
text = reader.summarize(party)
print(text)
names = set(re.findall(r"[A-Z]\w+", text))
unknown = names - set(re.findall(r"\w+", party))
print("names that do not stand in the conversation:", unknown or "none")

# %% [markdown]
# Compare the sentence with the conversation: are the right people doing the right things? Names
# that stand in the conversation can be in the wrong role. The field calls a fluent text that the
# source does not support a **hallucination** (幻觉). ROUGE, the usual measure of summaries, counts
# words that the summary shares with a reference. It hardly notices when two names change places.


# %%
def rouge_1(text, reference):
    """F1 of the words that two texts share, each as often as both have it."""
    a, b = text.lower().split(), reference.lower().split()
    shared = sum(min(a.count(word), b.count(word)) for word in set(a))
    return 2 * shared / (len(a) + len(b))


true = "Anna invites Bo to Lena's party"
for other in (true, "Bo invites Anna to Lena's party", "Anna asks Bo to come on Saturday"):
    print(f"{rouge_1(other, true):.2f}  {other}")
assert rouge_1("Bo invites Anna to Lena's party", true) == 1

# %% [markdown]
# The false sentence gets the full score, the true one in other words much less.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** `copy_distribution` makes an array (B, S, V) of zeros and ones. Write it without: with
# numpy's `np.add.at`, for one example.
#
# <details><summary>Answer</summary>
#
# ```python
# def copy_one(weights, source):  # (T, S), (S,) -> (T, V)
#     found = np.zeros((len(weights), V), "float32")
#     np.add.at(found.T, source, weights.T)
#     return found
# ```
#
# Compare with `copy_distribution(weights[None], source[None])[0]`. The layer
# `zoo.layers.CopyDistribution` does the same with `keras.ops.scatter`.
#
# </details>
#
# **2.** What does the model become if the gate is always 1? And if it is always 0: which words of
# the summaries can it not say?
#
# <details><summary>Answer</summary>
#
# With 1 it only writes: the blue model. With 0 it only copies, so it cannot say words that do not
# stand in the conversation: `will`, `for` and `not`. (Force it: replace `p_gen` by
# `ops.zeros_like(p_gen)` and train again.)
#
# </details>
#
# **3.** Long summaries of attention models repeat themselves. See et al. add a *coverage* loss: the
# sum over source positions of `min(weights now, sum of the weights before)`. Write it in three
# lines for weights (B, T, S).
#
# <details><summary>Answer</summary>
#
# ```python
# def coverage_loss(weights):
#     before = ops.cumsum(weights, axis=1) - weights
#     return ops.mean(ops.sum(ops.minimum(weights, before), axis=-1))
# ```
#
# It is 0 where each position is looked at once. `zoo.models.PointerGenerator(coverage=...)` has it.
#
# </details>
#
# **4.** The embedding of a new name was never trained. Why does the pointer find it anyway?
#
# <details><summary>Answer</summary>
#
# The bidirectional GRU sees what stands around it: the first word, or the one before the colon.
# The key of a position is made from the context, and this is what the query asks for.
#
# </details>
#
# ## References
#
# - Vinyals, Fortunato and Jaitly (2015), *Pointer Networks*,
#   [arXiv:1506.03134](https://arxiv.org/abs/1506.03134): attention weights as the answer.
# - See, Liu and Manning (2017), *Get To The Point*,
#   [arXiv:1704.04368](https://arxiv.org/abs/1704.04368): the pointer-generator and coverage.
# - Chen et al. (2021), *DialogSum*, [arXiv:2105.06762](https://arxiv.org/abs/2105.06762): the data
#   of section 6.
# - Lin (2004), *ROUGE*, [W04-1013](https://aclanthology.org/W04-1013): the measure of section 7.
