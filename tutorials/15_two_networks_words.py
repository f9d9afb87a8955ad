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
# # 15. Two networks against each other: SeqGAN
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/15_two_networks_words.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/15_two_networks_words.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title Quality against coverage: a writer in the game, and the same writer at lower temperatures

# %% [markdown]
# *Where this goes.* Each point is a writer. Further left, a judge who knows the truth likes its
# texts better. Further down, it still covers the whole language. The game of two networks moves a
# writer along the orange curve. The grey curve costs nothing: it is the writer before the game,
# drawn from at lower and lower temperatures.
#
# **You need** [notebook 4](04_text_generation.ipynb) (a language model, temperature) and a little
# Keras and TensorFlow; for section 7 the quatrains, in the folder that `ZOO_DATA` names.
# **Time**: 10 to 20 minutes on 2 CPU cores.
#
# A **generative adversarial network** (GAN, 生成对抗网络) is a game. A **generator** (生成器)
# makes things, a **discriminator** (判别器) says whether a thing is real or made, and each learns
# from the other. For pictures that works well. For words there is a catch, and **SeqGAN** is the
# answer to it. You will write it, watch it, and then ask what the first papers forgot to ask.

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
from keras import layers, ops

import zoo
from zoo.plots.labels import FAMILIES, glyphs
from zoo.training.adversarial import RollOut

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # for tests: few steps, no graphs
BATCHES, STEPS, VERDICTS, POINT = 3, 1500, 1000, 100  # sections 1 to 3
ROUNDS, ROUND_POINT, TOLD = 160, 10, 40  # section 4: of the game; those drawn, those printed
COUNT, PASSES = 1200, 6  # section 7: poems of each kind
if FAST:
    BATCHES, STEPS, VERDICTS, POINT = 1, 4, 4, 1
    ROUNDS, ROUND_POINT, TOLD, COUNT, PASSES = 2, 1, 1, 20, 1
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
STARTED = time.time()
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})
BLUE, ORANGE = "#2171b5", "#d94801"
V, T = 50, 10  # words of the language, words of a text

# %% [markdown]
# ## 1. A language whose truth is known
#
# Is a generated text good? Usually nobody can say exactly. So the paper begins with a trick: the
# "language" is whatever a random network writes, the **oracle** (神谕). Then the oracle itself can
# tell, for any text, how likely it is. An LSTM with large random weights is
# enough.
#
# One class serves for the oracle and for the generator: `step` reads a word, and gives the logits
# of the next. The generator is made half as wide as the oracle: in life, too, a language is richer
# than the model of it.


# %%
class Writer(keras.Model):
    def __init__(self, units, spread=0.1):
        super().__init__()
        normal = keras.initializers.RandomNormal(stddev=spread)
        self.words = layers.Embedding(V + 1, units, embeddings_initializer=normal)
        self.cell = layers.LSTMCell(units, kernel_initializer=normal, recurrent_initializer=normal)
        self.out = layers.Dense(V + 1, kernel_initializer=normal)  # word 0 only begins a text

    def step(self, word, state):
        h, state = self.cell(self.words(word), state)
        return self.out(h) - 1e9 * tf.one_hot(0, V + 1), state

    def nothing(self, rows):  # word and state before the first word
        return tf.zeros(rows, "int64"), [tf.zeros((rows, self.cell.units))] * 2


# %% [markdown]
# Writing goes word by word: the next word is drawn (采样) from the probabilities. A **temperature**
# (温度) below 1 makes likely words likelier. `begun` are words that are given. To *measure* a text
# is the same walk, only that all of its words are given: `losses` says how unlikely each was.


# %%
def write(writer, rows, begun=(), temperature=1.0):
    """Texts int64 (rows, T), each going on with a row of `begun`, columns of words (rows,)."""
    (word, state), texts = writer.nothing(rows), list(begun)
    for t in range(T):
        logits, state = writer.step(word, state)
        if t == len(texts):
            texts.append(tf.random.categorical(logits / temperature, 1)[:, 0])
        word = texts[t]
    return tf.stack(texts, axis=1)


# %%
def losses(writer, texts, temperature=1.0):
    """-log p of each word (B, T), in nats: the negative log-likelihood (NLL, 负对数似然)."""
    (word, state), logits = writer.nothing(len(texts)), []
    for t in range(T):
        row, state = writer.step(word, state)
        logits.append(row / temperature)
        word = texts[:, t]
    return ops.sparse_categorical_crossentropy(texts, tf.stack(logits, axis=1), from_logits=True)


# %%
oracle, generator = Writer(16, spread=1.0), Writer(8)
write(oracle, 1), write(generator, 1)  # makes their weights
fast = tf.function(jit_compile=True)  # compiled: many small steps in one
drawn = {
    who: fast(lambda temperature, who=who: write(who, 2000, temperature=temperature))
    for who in (oracle, generator)
}
nll = {
    who: fast(lambda texts, temperature, who=who: losses(who, texts, temperature))
    for who in (oracle, generator)
}
# %%
ONE = tf.constant(1.0)
real = tf.concat([drawn[oracle](ONE) for _ in range(BATCHES)], axis=0)  # to learn from
test = drawn[oracle](ONE)
print(real[0].numpy(), "... one of", len(real))
truth = float(tf.reduce_mean(nll[oracle](test, ONE)))
chance = tf.random.uniform(test.shape, 1, V + 1, "int64")
print(f"the oracle of its own texts: {truth:.2f} nats a word")
print(f"the oracle of words by chance: {tf.reduce_mean(nll[oracle](chance, ONE)):.2f}")

# %% [markdown]
# Two numbers will tell us about a writer, and you should never look at one of them alone:
#
# - **NLL of the oracle**: how unlikely the *oracle* finds what the *writer* writes. Low is good: it
#   measures quality. But somebody who writes the same perfect text again and again gets a wonderful
#   number.
# - **NLL of the test**: how unlikely the *writer* finds what the *oracle* writes. Low is good: it
#   measures **coverage** (覆盖). What a writer never writes, it finds impossible, and this number
#   explodes.


# %%
def quality_and_coverage(temperature=1.0):
    """NLL of the oracle and NLL of the test, of the generator as it is now."""
    temperature = tf.constant(temperature, "float32")
    quality = tf.reduce_mean(nll[oracle](drawn[generator](temperature), ONE))
    return float(quality), float(tf.reduce_mean(nll[generator](test, temperature)))


# %% [markdown]
# ## 2. First, maximum likelihood
#
# **Maximum likelihood** (极大似然) is what you know: make the real texts likely, word by word. It
# never looks at a text that the generator itself wrote.


# %%
def descend(optimizer, model, loss_of):
    """One step down the gradient of `loss_of()`; returns the loss."""
    with tf.GradientTape() as tape:
        loss = loss_of()
    weights = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss


def adam(rate, model):
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)
    return optimizer


# %%
imitation = adam(1e-2, generator)


@fast
def imitate(texts):
    return descend(imitation, generator, lambda: tf.reduce_mean(losses(generator, texts)))


def some(texts, size=64):
    return tf.gather(texts, rng.integers(len(texts), size=size))


# %%
curve = []
for step in range(STEPS):
    if step == STEPS * 2 // 3:
        imitation.learning_rate = 1e-3
    imitate(some(real))
    if (step + 1) % POINT == 0:
        curve.append((step + 1 - STEPS, *quality_and_coverage()))
        print("step {}: oracle {:.3f}, test {:.3f}".format(step + 1, *curve[-1][1:]))
likelihood = generator.get_weights()  # we come back to it

# %% [markdown]
# ## 3. The discriminator, which says what it saw
#
# A **discriminator** reads a text and gives one number: the logit of "real". Ours looks at each
# word with its neighbours (a convolution, 卷积), gives each place a weight by **attention**
# (注意力池化), and judges the weighted mean. So it can say on which places its verdict rests.


# %%
class Discriminator(keras.Model):
    def __init__(self, eyes, size=64):
        super().__init__()
        self.eyes, self.dropout = eyes, layers.Dropout(0.2)  # eyes: texts -> vectors (B, T, D)
        self.look = layers.Conv1D(size, 3, padding="same", activation="relu")
        self.score, self.verdict = layers.Dense(1), layers.Dense(1)

    def call(self, texts, training=None):  # -> logits (B,), weights (B, T)
        x = self.look(self.dropout(self.eyes(texts), training=training))
        weights = ops.softmax(self.score(x)[:, :, 0])
        gathered = ops.sum(weights[:, :, None] * x, axis=1)
        return self.verdict(gathered)[:, 0], weights


# %%
def verdict_loss(model, genuine, made):
    """Real texts have label 1, and as many made ones 0."""
    logits, _ = model(tf.concat([genuine, made], axis=0), training=True)
    labels = tf.repeat([1.0, 0.0], len(made))
    return tf.reduce_mean(ops.binary_crossentropy(labels, logits, from_logits=True))


# %%
discriminator = Discriminator(layers.Embedding(V + 1, 64))
discriminator(test[:1])  # makes its weights
verdicts = adam(3e-3, discriminator)


@fast
def discriminate(genuine):
    made = write(generator, 64)
    return descend(verdicts, discriminator, lambda: verdict_loss(discriminator, genuine, made))


for _ in range(VERDICTS):
    discriminate(some(real))

# %%
judged = fast(lambda texts: discriminator(texts))


def told():
    """The share of new texts, half of them real, that the discriminator tells rightly."""
    (genuine, _), (made, _) = judged(test), judged(drawn[generator](ONE))
    return float(np.mean([genuine > 0, made <= 0]))


print(f"told rightly: {told():.1%}")

# %% [markdown]
# 67 %: better than a coin, so the generator gives itself away. But far from 100 %: it is not bad.
#
# Does its attention find the evidence? The oracle knows where a text goes wrong: at the words that
# it finds unlikely. The discriminator has never seen the oracle's probabilities. We compare.

# %%
made = drawn[generator](ONE)
logits, weights = (x.numpy() for x in judged(made))
surprise = nll[oracle](made, ONE).numpy()
rows = np.argsort(logits)[:6]  # those that it is surest about
figure, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained", sharey=True)
for ax, numbers, title, colours in zip(
    axes, (surprise, weights), ("the oracle's surprise", "attention"), ("Oranges", "Blues")
):
    ax.imshow(numbers[rows], aspect="auto", cmap=colours)
    for (i, j), word in np.ndenumerate(made.numpy()[rows]):
        ax.text(j, i, word, ha="center", va="center", fontsize=8)
    ax.set(title=title, xlabel="place in the text", xticks=range(T), yticks=[])
axes[0].set(ylabel="six written texts")
plt.show()

# %% [markdown]
# *Figure 1. Six texts that the discriminator is surest were made. Each square is a word. Left, dark
# where the oracle finds it unlikely; right, dark where the discriminator looks.*

# %%
worst = surprise.argmax(axis=1)
near = np.abs(np.arange(T) - worst[:, None]) <= 1  # the convolution sees three words
on_worst, by_chance = weights[near].sum() / len(made), near.mean()
print(f"attention at the oracle's worst word and beside it: {on_worst:.0%}; evenly spread it "
      f"would be {by_chance:.0%}")  # fmt: skip

# %% [markdown]
# It does not: 29 %, as by chance. What betrays a made text to a discriminator need not be a word
# that is wrong. It is whatever made texts have more often, or less often, than real ones. Attention
# says where *this network* looked, and not where the text is bad.
#
# ## 4. The catch, and the way round it
#
# For pictures, the gradient (梯度) now flows from the verdict, through the pixels, into the
# generator: "a little darker here!". A word has no "a little". It was *drawn*, and through a draw
# no gradient flows.
#
# The way round: treat the generator as a player, each word as a move, the verdict as the **reward**
# (奖励) at the end. Then make moves likelier that brought more reward than usual. This is the
# **policy gradient** (策略梯度): weight the loss of each word by what it was worth.
#
# And what was the *third* word worth, if the verdict comes after the tenth? **Monte Carlo
# roll-outs** (蒙特卡洛推演): go back to just after the third word, let the generator finish the
# text several times, and take the mean of the verdicts.


# %%
def worth(texts, judge, times=2):
    """What each word is worth (B, T): the mean verdict of texts that go on after it."""
    columns = []
    for t in range(1, T):
        begun = tf.unstack(tf.repeat(texts[:, :t], times, axis=0), axis=1)
        whole = write(generator, times * len(texts), begun)
        columns.append(tf.reduce_mean(tf.reshape(judge(whole), (-1, times)), axis=1))
    return tf.stack([*columns, judge(texts)], axis=1)


# %% [markdown]
# A test, before we trust it. If a verdict only asks whether the fifth word is 7, then from the
# fifth word on the worth must be exactly that, and before it something between 0 and 1.

# %%
texts = write(generator, 500)
values = worth(texts, lambda texts: tf.cast(texts[:, 4] == 7, "float32"))
print("mean worth at each place:", np.round(np.mean(values, axis=0), 2))
assert np.array_equal(values[:, 4:], np.tile(texts[:, 4:5] == 7, (1, T - 4)))

# %% [markdown]
# Two things make it work in practice. From each worth we subtract the mean worth at its place
# in the batch (a **baseline**, 基线), so that a word that is better than usual goes up and the
# others go down. And after each move of the generator the discriminator learns again, on new
# texts.

# %%
policy = adam(5e-3, generator)


@fast
def play():
    texts = write(generator, 256)
    values = worth(texts, lambda texts: tf.sigmoid(discriminator(texts)[0]))
    gain = values - tf.reduce_mean(values, axis=0)
    descend(policy, generator, lambda: tf.reduce_mean(gain * losses(generator, texts)))
    return tf.reduce_mean(values[:, -1])


# %%
for step in range(1, ROUNDS + 1):
    reward = play()
    for _ in range(4):
        discriminate(some(real))
    if step % ROUND_POINT == 0:
        curve.append((step, *quality_and_coverage()))
    if step % TOLD == 0:
        print("round {}: oracle {:.3f}, test {:.3f}".format(*curve[-1]), f"reward {reward:.2f}")
played = generator.get_weights()

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
steps, oracle_nll, test_nll = np.array(curve).T
for ax, numbers, title in zip(axes, (oracle_nll, test_nll), ("oracle: quality", "test: coverage")):
    for part, colour in ((steps <= 0, BLUE), (steps >= 0, ORANGE)):
        places = np.where(steps < 0, steps / 5, steps)[part]
        ax.plot(places, numbers[part], color=colour)
    ax.axvline(0, color="0.6", linestyle="--")
    ax.set(title=f"NLL of the {title}", xlabel="fives of steps, then rounds", ylabel="nats a word")
plt.show()

# %% [markdown]
# *Figure 2. Blue: maximum likelihood; orange: the game. Left: the figure of the paper, on our small
# language. Right: the number that the paper does not show.*
#
# The game works as promised, a little: the oracle's NLL had come to rest near 3.8 (it was 3.82 at
# the end), and falls to 3.73, most of it in the first 80 rounds. The curve zigzags by some
# hundredths, and this is one run. Meanwhile the NLL of the test rises from 3.40 to 3.46: the
# generator gives up a part of the language. The reward stays at about 0.4, since the discriminator
# learns, too.
#
# ## 5. What did the game bring? Ask the temperature
#
# An honest baseline (基准). The oracle's NLL also falls if a writer becomes bolder: if it writes
# what it finds likely even more often. For that no game is needed. We take the weights from before
# the game and write at lower temperatures. For the NLL of the test, the logits are divided by the
# temperature, too.

# %%
TEMPERATURES = [1.0, 0.95, 0.9, 0.85, 0.8, 0.7]
after = np.array([quality_and_coverage(t) for t in TEMPERATURES])
generator.set_weights(likelihood)
before = np.array([quality_and_coverage(t) for t in TEMPERATURES])
for name, pairs in (("likelihood", before), ("after the game", after)):
    print(f"{name:15}", *(f"{quality:.2f}/{coverage:.2f}" for quality, coverage in pairs))

# %% tags=["cover"]
figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
ax.plot(*before.T, "o-", color="0.5", label="maximum likelihood, cooler and cooler", markersize=4)
for temperature, point in zip(TEMPERATURES, before):
    ax.annotate(str(temperature), point, xytext=(4, 4), textcoords="offset points", fontsize=8)
ax.plot(oracle_nll[steps >= 0], test_nll[steps >= 0], color=ORANGE, label="the game, its rounds")
ax.plot(*after[0], "o", color=ORANGE, markersize=9)
ax.set(xlabel="NLL of the oracle (left: better texts)", ylabel="NLL of the test (low: covers more)")
ax.legend()
plt.show()

# %% [markdown]
# *Figure 3. Grey: the writer of section 2, drawn from at the temperatures that stand there. Orange:
# the way of the same writer through the game; the dot is its end.*
#
# At temperature 0.95 the writer without a game has an oracle's NLL of 3.73, too, and still the
# coverage of 3.40. At 0.8 it comes to 3.50, where the game never came. So here the game brings
# nothing that the temperature does not bring for less. Caccia et al. (2020) found the same for the
# GANs of text of their time. It does not prove that no game can do better. It says against which
# curve whoever claims so has to measure.
#
# ## 6. At the size of the paper
#
# `scripts/seqgan_oracle.py` plays this at the size of the paper: 5,000 words, texts of 20 words,
# LSTMs of 32 units, 10,000 real texts. The paper has an oracle's NLL of 9.04 for maximum likelihood
# and of 8.74 for SeqGAN. Ours:
#
# | | NLL of the oracle | NLL of the test | different pairs of words |
# |---|---|---|---|
# | maximum likelihood, 24 epochs | 9.03 | 8.44 | 0.966 |
# | the same at temperature 0.95 | 8.93 | 8.54 | 0.956 |
# | the same at temperature 0.9 | 8.81 | 8.67 | 0.944 |
# | the same at temperature 0.85 | 8.69 | 8.83 | 0.927 |
# | the game, 20 rounds | 8.98 | 8.48 | 0.955 |
#
# Without any game, a temperature of 0.85 goes below what the paper has for SeqGAN. Our game did not
# come there: after 20 rounds it stands where a temperature between 1 and 0.95 does, after 50 it is
# at its lowest, 8.95, and then it rises, to 9.19 after 110 rounds. With twice the lessons for the
# discriminator, and half the learning rate, it was at 9.02 after 120.
# `docs/seqgan.md` has the commands.

# %% [markdown]
# ## 7. An honest failure: poems
#
# Now real texts: quatrains of the Tang and Song. `generate_tang` (notebook 4) writes them, trained
# by maximum likelihood. A game needs a discriminator that can tell its poems from real ones. One
# that learns from the characters alone cannot: after three passes over 17,200 poems it told 53 % of
# 2,000 others rightly. So give it better eyes: the hidden states (隐藏状态) of `generate_tang`
# itself at each character, with the log-probability of the character and the **entropy** (熵) of
# what it expected there.

# %%
poet = zoo.load("generate_tang")


def whole(poems):
    """The poems of 32 characters, as ids with the end token 3: (N, 33)."""
    rows = [row for row in poet.tokenizer.encode(poems) if len(row) == 32]
    return np.array([[*row, 3] for row in rows], "int32")


train = zoo.data.quatrains("train")
read = whole([train[i] for i in rng.permutation(len(train))[: COUNT * 6 // 5]])[:COUNT]
unread = whole(zoo.data.quatrains("val"))[:COUNT]
print(len(read), "poems that it learned from,", len(unread), "that it has never seen")

# %% [markdown]
# `RollOut` is the library's form of `write` and of the roll-outs, for any generator: it draws by
# the random numbers that it is given.

# %%
pen = RollOut(poet.model, 100, 33, start_id=2, end_id=3)
pen.compile()
parts = [pen.predict_on_batch(rng.random((100, 33), "float32")) for _ in range(-(-COUNT // 100))]
written = np.concatenate(parts)[:COUNT]
for row in written[:3].tolist():
    print(poet.tokenizer.decode([row])[0])


# %%
@tf.function
def seen(ids):
    """Hidden states, log-probability and entropy at each character: (B, 33, 194)."""
    x = poet.model.embedding(tf.concat([tf.fill([len(ids), 1], 2), ids[:, :-1]], axis=1))
    for block in poet.model.blocks:
        x, _ = block(x, return_attention_scores=True)
    x = poet.model.norm(x)
    log_p = tf.nn.log_softmax(poet.model.embedding.logits(x))
    entropy = -tf.reduce_sum(tf.exp(log_p) * log_p, axis=-1)
    own = tf.gather(log_p, ids, batch_dims=2)
    return tf.concat([x, tf.stack([own, entropy], axis=-1)], axis=-1)


# %%
kinds = {
    name: np.concatenate([seen(part).numpy() for part in np.array_split(ids, -(-len(ids) // 100))])
    for name, ids in (("read", read), ("unread", unread), ("written", written))
}

# %%
reader = Discriminator(layers.Identity())
reader(kinds["read"][:1])
reading = adam(1e-3, reader)
learn = fast(
    lambda genuine, made: descend(reading, reader, lambda: verdict_loss(reader, genuine, made))
)
HELD = COUNT * 5 // 6  # from here on, for the measurement
for _ in range(PASSES):
    order = rng.permutation(HELD)
    for i in range(0, HELD - 15, 32):
        some_of = order[i : i + 32]
        learn(kinds["read"][some_of], kinds["written"][some_of])

# %%
logits = {name: reader(x[HELD:] if name != "unread" else x)[0] for name, x in kinds.items()}
called = {name: float(np.mean(x > 0)) for name, x in logits.items()}
print("called real:", ", ".join(f"{name} {share:.0%}" for name, share in called.items()))
for name in ("read", "unread"):
    print(f"told from its own, {name} poems: {(called[name] + 1 - called['written']) / 2:.1%}")

# %%
glyphs()  # the font for Chinese characters
figure, axes = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
shown = (("unread", unread), ("written", written[HELD:]))
for ax, (name, ids), best in zip(axes, shown, (np.argmax, np.argmin)):
    place = int(best(logits[name]))
    (poem,) = poet.tokenizer.decode([ids[place].tolist()])
    x = kinds[name] if name == "unread" else kinds[name][HELD:]
    weights = reader(x[place : place + 1])[1].numpy()[0, :32].reshape(4, 8)
    ax.imshow(weights, cmap="Blues", vmin=0, vmax=2.5 * weights.max())
    for i, character in enumerate(poem[:32]):
        ax.text(i % 8, i // 8, character, ha="center", va="center", family=FAMILIES)
    ax.set(title=f"{name}, its surest", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# *Figure 4. Where the discriminator looks: the poem of a person that it is surest is real, and the
# one of `generate_tang` that it is surest is not.*
#
# Among poems that `generate_tang` had learned from it tells 65.0 % rightly. Among poems that it had
# never seen, only 59.2 %. So a good part of what this discriminator knows is not that people wrote
# a poem, but that the model has *read* it: what was read is a little likelier, and hidden states
# show that. Who shares eyes with a generator must be tested on texts that neither of them has seen.
#
# With 5,000 poems of each kind, and 7 passes, the two numbers are 69 % and 62 %. That is little to
# play for. A first game, with the discriminator that reads characters, made the loss of
# held-out poems worse in 20 rounds, from 4.162 to 4.175 nats, while an n-gram model liked the poems
# slightly better, 5.668 in place of 5.706. So the zoo has a recipe `generate_tang_gan` and no such
# model. Figure 4 says how thin the evidence is, too: nearly all attention lies on one character.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Leave out the roll-outs: give every word of a text the verdict of the whole text (this is
# REINFORCE, Williams 1992). It is several times as fast. Is it as good?
#
# <details><summary>Answer</summary>
#
# ```python
# generator.set_weights(likelihood)
# simple = adam(5e-3, generator)
#
# @fast
# def play_simply():
#     texts = write(generator, 256)
#     verdict = tf.sigmoid(discriminator(texts)[0])
#     gain = (verdict - tf.reduce_mean(verdict))[:, None]
#     return descend(simple, generator, lambda: tf.reduce_mean(gain * losses(generator, texts)))
#
# for _ in range(ROUNDS):
#     play_simply()
#     for _ in range(4):
#         discriminate(some(real))
# print(quality_and_coverage(), "with roll-outs:", after[0])
# ```
#
# </details>
#
# **2.** Let the discriminator stand still while the generator plays. What happens to the reward,
# and what do the texts look like?
#
# <details><summary>Answer</summary>
#
# ```python
# generator.set_weights(likelihood)
# for step in range(ROUNDS):
#     reward = float(play())
#     if step % (ROUNDS // 2) == 0:
#         print(f"reward {reward:.2f}", quality_and_coverage())
# print(drawn[generator](ONE)[:5].numpy(), len(np.unique(drawn[generator](ONE))), "words in use")
# ```
#
# The generator finds what this one discriminator overlooks, and writes more and more of it: **mode
# collapse** (模式坍塌). A high reward then says nothing about quality.
#
# </details>
#
# **3.** Mix maximum likelihood into the game: after each round of the game one step of `imitate`.
# Does that hold the coverage?
#
# <details><summary>Answer</summary>
#
# ```python
# generator.set_weights(likelihood)
# for _ in range(ROUNDS):
#     play()
#     imitate(some(real))
#     for _ in range(4):
#         discriminate(some(real))
# print(quality_and_coverage(), "without:", after[0])
# ```
#
# Li et al. (2017) do this for dialogues, call these steps *teacher forcing*, and say that without
# them the training breaks down. SeqGAN itself has none.
#
# </details>
#
# **4.** Find the temperature at which the writer before the game has the quality that the game
# reached, by halving an interval, and compare the coverage of the two.
#
# <details><summary>Answer</summary>
#
# ```python
# generator.set_weights(likelihood)
# low, high = 0.5, 1.0
# for _ in range(8):
#     middle = (low + high) / 2
#     quality, coverage = quality_and_coverage(middle)
#     low, high = (middle, high) if quality < after[0][0] else (low, middle)
# print(f"temperature {middle:.2f}: {quality:.3f}, {coverage:.3f}; the game: {after[0]}")
# ```
#
# </details>
#
# ## References
#
# - Yu, Zhang, Wang and Yu (2017), *SeqGAN: Sequence Generative Adversarial Nets with Policy
#   Gradient*, [arXiv:1609.05473](https://arxiv.org/abs/1609.05473).
# - Li et al. (2017), *Adversarial Learning for Neural Dialogue Generation*,
#   [arXiv:1701.06547](https://arxiv.org/abs/1701.06547): exercise 3.
# - Goodfellow et al. (2014), *Generative Adversarial Networks*,
#   [arXiv:1406.2661](https://arxiv.org/abs/1406.2661).
# - Caccia et al. (2020), *Language GANs Falling Short*,
#   [arXiv:1811.02549](https://arxiv.org/abs/1811.02549): the question of the temperature.
# - Zhu et al. (2018), *Texygen*, [arXiv:1802.01886](https://arxiv.org/abs/1802.01886): measures of
#   free samples.
# - Williams (1992), *Simple Statistical Gradient-Following Algorithms for Connectionist
#   Reinforcement Learning*, [doi:10.1007/BF00992696](https://doi.org/10.1007/BF00992696).
