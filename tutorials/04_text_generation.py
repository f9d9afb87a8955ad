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
# # 4. Text generation
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/04_text_generation.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/04_text_generation.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title Ways of decoding by how sure the model was and how varied the text is

# %% [markdown]
# *Where this goes.* Each mark stands for texts by *one* model (the star is Shakespeare). What
# differs is how the next character was chosen. At the end you can say which way to take for which
# purpose, and have made a poem to order.
#
# **You need** a little Keras. **Time**: 5 minutes on 2 CPU cores.
#
# A **language model** (语言模型) gives every possible next token (词元; here mostly one character)
# a probability, given the tokens before it. That is all. To write, take one, put it behind the
# text, and ask again.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import collections
import os
import random
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %%
import zoo
from zoo.evaluation import KneserNey, copied_share, distinct, self_bleu
from zoo.models import LSTMLanguageModel, TransformerLM
from zoo.training import WarmupLinear

FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
tf.config.run_functions_eagerly(FAST)  # a graph pays after many calls
STARTED = time.time()
keras.utils.set_random_seed(1)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% [markdown]
# ## 1. Count: the n-gram model
#
# The text is a piece of *tiny Shakespeare*, scenes of his plays, read character by character. The
# piece to be judged by is of the part that no model here was trained on.

# %%
text = zoo.data.tiny_shakespeare("train")[0][: 20_000 if FAST else 300_000]
valid = zoo.data.tiny_shakespeare("val")[0][: 2_000 if FAST else 20_000]
print(text[:120])

# %% [markdown]
# What follows `the `? Look it up: note for each run of n - 1 characters all that ever came after
# it. That table is an **n-gram model** (n 元语法模型), and to write is to draw from it.


# %%
def table_of(text, before):
    """What came after each run of `before` characters, as often as it did."""
    table = collections.defaultdict(list)
    for i in range(len(text) - before):
        table[text[i : i + before]].append(text[i + before])
    return table


def write(table, before, length, seed):
    """Draws one character after the other, beginning as the plays do."""
    rng, written = random.Random(seed), text[:before]
    while len(written) < length:
        written += rng.choice(table.get(written[-before:], [" "]))
    return written


# %%
copied = {}
for before in (1, 2, 4, 6, 9, 14):
    table = table_of(text, before)
    written = [write(table, before, 300, seed) for seed in range(3 if FAST else 10)]
    copied[before] = copied_share(written, [text], length=30)
    if before in (2, 6, 14):
        print(f"--- {before} characters before: {copied[before]:.0%} copied\n{written[0][:160]}\n")

# %% [markdown]
# The longer the memory, the better the text; and at last it is perfect, because it is Shakespeare's
# own. So beside "how good?" always ask "how much of it is **copied**?" Here: the share of the
# characters that stand in a run of 30 which the training text has too.

# %%
figure, axes = plt.subplots(figsize=(5, 2.8), layout="constrained")
axes.plot(copied.keys(), [100 * c for c in copied.values()], "k-o", markerfacecolor="white")
axes.set(xlabel="characters that are looked at (n - 1)", ylabel="copied, %", ylim=(-3, 103))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 1. An n-gram model with a long memory recites.*
#
# ## 2. Perplexity: how surprised is it?
#
# To compare models we need a number that cannot be had by copying. Let each predict text that it
# never saw: the loss is the mean of $-\ln p$ over the characters, in nats (the unit that goes with
# the natural logarithm), and its exponential is
# the **perplexity** (困惑度), "as if it chose among so many characters at each place".
#
# Our table gives 0 to what it never saw, and one such place makes the loss infinite. The cure is
# **smoothing** (平滑): take a little from each count, and give it to the next shorter n-gram. The
# best of the kind is Kneser-Ney's. All models from here on share one tokenizer, that of the shipped
# model, whose tokens are characters.

# %%
bard = zoo.load("generate_shakespeare")
tokenizer = bard.tokenizer
V = tokenizer.vocab_size
train_ids, valid_ids = tokenizer.encode([text, valid])
assert len(valid_ids) == len(valid)  # a token is a character

orders, curves = (2, 3, 4, 5, 6, 7, 8), {"training text": [], "new text": []}
for order in orders:
    ngrams = KneserNey([train_ids], V, order)
    curves["training text"].append(-ngrams.log_prob(train_ids[:20_000]).mean())
    curves["new text"].append(-ngrams.log_prob(valid_ids).mean())
best = int(np.argmin(curves["new text"]))
n_gram_loss = curves["new text"][best]
print(f"best order {orders[best]}: {n_gram_loss:.3f} nats, perplexity {np.exp(n_gram_loss):.2f}")

# %%
figure, axes = plt.subplots(figsize=(5, 2.8), layout="constrained")
for (name, losses), style in zip(curves.items(), ("k--s", "k-o")):
    axes.plot(orders, losses, style, label=name, markerfacecolor="white")
axes.set(xlabel="order n", ylabel="loss, nats a character", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. On the training text a longer memory always helps; on new text it soon does not.* That
# gap is what *overfitting* (过拟合) looks like in a model that only counts.
#
# ## 3. Learn: LSTM and Transformer
#
# An n-gram sees `the cat` and `the dog` as two strangers. A network puts characters into vectors,
# and can use what is alike. Two of them, both small: an **LSTM** (长短期记忆网络), which reads from
# left to right and carries a state along (with attention to its own past), and a **Transformer**
# decoder, which has nothing but attention to what came before.

# %%
CONTEXT = 32 if FAST else 128
models = {
    "LSTM": LSTMLanguageModel(
        V, context_length=CONTEXT, num_layers=1, model_dim=64, units=128, dropout=0.0
    ),
    "Transformer": TransformerLM(
        V, CONTEXT, num_layers=2, model_dim=96, num_heads=3, ff_dim=288, dropout=0.0
    ),
}
writers = {name: zoo.TextGenerator(model, tokenizer) for name, model in models.items()}
for name, writer in writers.items():
    writer.build()
    print(f"{name:12} {writer.count_params():,} parameters")

# %% [markdown]
# First a check that every language model must pass. Change a character: the predictions *before* it
# may not move, for they must not see what is to come.

# %%
ids = np.array([[2, *train_ids[:19]]])  # 2 is the start token
changed = ids.copy()
changed[0, 12] = train_ids[40] if train_ids[40] != ids[0, 12] else train_ids[41]
for name, model in models.items():
    one, other = (keras.ops.convert_to_numpy(model(x)) for x in (ids, changed))
    moved = np.abs(one - other).max(-1)[0]
    print(
        f"{name:12} before the change {moved[:12].max():.1e}, from there on {moved[12:].max():.1e}"
    )
    assert moved[:12].max() < 1e-5 < moved[12:].max()

# %% [markdown]
# And the second: a model that knows nothing gives each of V tokens the probability 1/V, so before
# training, the loss is near ln V. (Not quite: the first guesses are not all
# equal, since the embedding serves as output layer, too.)

# %%
STEPS, PARTS = (2, 1) if FAST else (400, 8)
histories = {}
for name, writer in writers.items():
    schedule = WarmupLinear(5e-3, 1 + STEPS // 10, STEPS)
    writer.compile(keras.optimizers.Adam(schedule, beta_2=0.98), label_smoothing=0.0)
    first = writer.evaluate([valid[:2000]], verbose=0)
    print(f"{name:12} first loss {first:.2f}, ln V = {np.log(V):.2f}")
    assert abs(first - np.log(V)) < 2
    options = {"batch_tokens": 2048, "steps_per_epoch": STEPS // PARTS, "epochs": PARTS}
    began = time.process_time()
    fitted = writer.fit([text], validation_data=[valid[:8000]], verbose=0, **options)
    histories[name] = fitted.history["val_loss"]
    print(f"{'':12} last loss {histories[name][-1]:.2f}, {time.process_time() - began:.0f} CPU s")

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
steps = STEPS // PARTS * np.arange(1, PARTS + 1)
for (name, losses), style in zip(histories.items(), ("k--s", "k-o")):
    axes.plot(steps, losses, style, label=name, markerfacecolor="white")
axes.axhline(n_gram_loss, color="0.5", linestyle=":")
axes.text(steps[-1], n_gram_loss, "n-gram, best order", color="0.4", ha="right", va="bottom")
axes.set(xlabel="training steps", ylabel="loss on new text, nats a character")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. Two networks with less than a minute of training each, and the counting model.* Do not
# think little of counting: it needs a second. What a network needs is time. The shipped
# `generate_shakespeare` is a Transformer like ours, larger, with an hour of training on the whole
# text. All four, on the same new text:

# %%
table = {"n-gram": n_gram_loss}
for name, writer in {**writers, "shipped": bard}.items():
    table[name] = float(np.log(writer.perplexity(valid)))
for name, loss in table.items():
    print(f"{name:12} {loss:.3f} nats a character, perplexity {np.exp(loss):.2f}")
assert FAST or table["shipped"] == min(table.values())

# %%
options = {"max_new_tokens": 12 if FAST else 120, "temperature": 0.8, "seed": 3}
for name, writer in writers.items():
    print(f"--- {name}\n{writer.generate('ROMEO:', **options)}\n")

# %% [markdown]
# ## 4. An honest failure: the most probable text
#
# From here on the shipped model writes. If it knows the probabilities, why not always take the most
# probable character? That is **greedy** search (贪心搜索). **Beam search** (束搜索) looks for a
# whole text that is even more probable, and keeps several candidates on the way.

# %%
LENGTH = 12 if FAST else 160
for beams in (1,) if FAST else (1, 4):
    print(f"--- {beams} beam(s)")
    print(bard.generate("ROMEO:\n", num_beams=beams, max_new_tokens=LENGTH), "\n")

# %% [markdown]
# It goes round in circles or makes small talk, and more beams do not help. Is the model bad? Ask it
# how probable it finds its own greedy text, and how probable the real one:

# %%
starts = np.linspace(0, len(valid) - 400, 4 if FAST else 12).astype(int)
prompts = [valid[i : i + 60] for i in starts]
human = [valid[i + 60 : i + 60 + LENGTH] for i in starts]


# %%
def surprise(texts):
    """Mean of -ln p a character, of what follows the prompts."""
    whole = bard.score([p + t for p, t in zip(prompts, texts)])
    return -(whole - bard.score(prompts)).sum() / sum(map(len, texts))


def continued(**options):
    """What the model writes after the prompts."""
    whole = bard.generate(prompts, max_new_tokens=LENGTH, seed=1, **options)
    return [text[len(p) :] for text, p in zip(whole, prompts)]


greedy = continued(num_beams=1)
print(f"greedy {surprise(greedy):.2f}, Shakespeare {surprise(human):.2f} nats a character")
assert surprise(greedy) < surprise(human)

# %% [markdown]
# People do not write the most probable text: they have something to say. So searching for the most
# probable one is right for a translation, where the source says what must be said, and wrong for a
# tale.
#
# ## 5. Draw instead
#
# To **sample** (采样) is to draw the next character by its probability. Then now and then comes an
# improbable one, and after it the text may go astray. The remedies make the tail thinner, or cut it
# off. (**Logits** are the scores of the tokens before the softmax.)
#
# | option | what it does to the probabilities |
# |---|---|
# | `temperature` (温度) | divides the logits: below 1 sharper, above 1 flatter |
# | `top_k` | keeps the k best |
# | `top_p` (nucleus, 核采样) | keeps the fewest that together hold p: few where it is sure |
#
# See what they do to one place, the character after `ROMEO:\nI am `.

# %%
ids = np.array([[2, *tokenizer.encode(["ROMEO:\nI am "])[0]]])
logits = keras.ops.convert_to_numpy(bard.model(ids))[0, -1].astype("float64")
order = np.argsort(-logits)[:24]


# %%
def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


plain = softmax(logits)[order]
kept = np.cumsum(plain) - plain < 0.8  # those before it do not hold 0.8 yet
shapes = {
    "plain": plain,
    "temperature 0.5": softmax(logits / 0.5)[order],
    "top-k 5": np.where(np.arange(24) < 5, plain, 0) / plain[:5].sum(),
    "top-p 0.8": np.where(kept, plain, 0) / plain[kept].sum(),
}

# %%
figure, axes = plt.subplots(2, 2, figsize=(8, 4), layout="constrained", sharex=True, sharey=True)
labels = [p.replace("▁", "␣").replace(" ", "␣") for p in tokenizer.pieces(order.tolist())]
for ax, (name, heights) in zip(axes.flat, shapes.items()):
    ax.bar(range(24), heights, color="0.75", edgecolor="0.2")
    ax.set(title=name, xticks=range(24), xticklabels=labels)
    ax.spines[["top", "right"]].set_visible(False)
figure.supxlabel("next character", size=10)
figure.supylabel("probability", size=10)
plt.show()

# %% [markdown]
# *Figure 4. The 24 best candidates for one place. Temperature changes the shape and keeps all;
# top-k and top-p cut.*
#
# ## 6. What each way costs
#
# Now all of them on the same beginnings, and five numbers:
#
# - **surprise**: how improbable the model finds what it wrote;
# - **distinct-2**: of all pairs of words, the share that is different. Near 1 is varied, low means
#   that it repeats itself;
# - **self-BLEU**: how alike the texts are to each other, 0 to 100, by the word sequences that they
#   share (BLEU is explained in notebook 2). Low is varied;
# - **copied**: as above, from the training text;
# - **words**: the share of its words that Shakespeare used in the training text, so that variety by
#   bad spelling shows.
#
# Among them is **diverse beam search** (多样性束搜索): beams in groups, each of which is kept from
# doing what the groups before it did. Each line says all that it wants, since where it says nothing
# the setting kept with the model holds: a temperature of 0.8 with a top-p of 0.95.

# %%
METHODS = {
    "greedy": {"num_beams": 1},
    "beams 4": {"num_beams": 4},
    "diverse beams 4": {"num_beams": 4, "num_beam_groups": 4, "diversity_penalty": 1.0},
    "temperature 0.6": {"temperature": 0.6, "top_p": 1.0},
    "temperature 1": {"temperature": 1.0, "top_p": 1.0},
    "temperature 1.5": {"temperature": 1.5, "top_p": 1.0},
    "top-k 5": {"temperature": 1.0, "top_p": 1.0, "top_k": 5},
    "top-p 0.9": {"temperature": 1.0, "top_p": 0.9},
}
if FAST:
    METHODS = {name: METHODS[name] for name in ("greedy", "temperature 1.5")}
whole = zoo.data.tiny_shakespeare("train")[0]
known = set(whole.split())


# %%
def numbers(texts):
    """The five numbers of a list of texts."""
    words = [text.split() for text in texts]
    whole_words = [word for row in words for word in row[:-1]]  # the last may be cut
    return {
        "surprise": surprise(texts),
        "distinct-2": distinct(words, 2),
        "self-BLEU": self_bleu([text or " " for text in texts]),
        "copied": copied_share(texts, [whole]),
        "words": np.mean([word in known for word in whole_words]),
    }


# %%
written = {name: continued(**options) for name, options in METHODS.items()}
written["Shakespeare"] = human
results = {name: numbers(texts) for name, texts in written.items()}

# %%
print(f"{'':16}" + "".join(f"{key:>12}" for key in results["greedy"]))
for name, row in results.items():
    print(f"{name:16}" + "".join(f"{value:12.2f}" for value in row.values()))
assert FAST or results["greedy"]["distinct-2"] < results["temperature 1"]["distinct-2"]
assert FAST or results["temperature 1.5"]["words"] < results["temperature 0.6"]["words"]

# %% tags=["cover"]
figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
for (name, row), marker in zip(results.items(), "os^DvPX<*"):
    size, ink = (170, "0.0") if name == "Shakespeare" else (60, "0.75")
    place = row["surprise"], row["distinct-2"]
    axes.scatter(*place, marker=marker, s=size, c=ink, edgecolors="0.1", label=name, zorder=3)
axes.set(xlabel="surprise, nats a character", ylabel="distinct-2", ylim=(0, 1.05))
axes.set_xlim(0, None)
axes.legend(frameon=False, loc="lower right", fontsize=9)
axes.spines[["top", "right"]].set_visible(False)
axes.grid(color="0.93")
plt.show()

# %% [markdown]
# *Figure 5. The same model, the same beginnings. On the left what is sure of itself and repeats
# itself, on the right what is varied; too far to the right it is no longer English (see "words" in
# the table).* Compare with the star, what Shakespeare wrote: a good setting for this kind of text
# lies near it. And do not trust one number: little surprise alone would choose a search, variety
# alone the highest temperature. Look at "copied", too: does any way of decoding recite? And mind
# "self-BLEU": beams, even diverse ones, are far above all ways of drawing, so what they write after
# different beginnings is much alike. A search for the most probable text brings no variety; drawing
# does.

# %%
for name in ("greedy", "temperature 1.5", "Shakespeare"):
    print(f"--- {name}: {prompts[0][-20:]!r} ...\n{written[name][0]}\n")

# %% [markdown]
# ## 7. A poem to a form
#
# `generate_tang` writes quatrains (七言绝句) in traditional characters: four lines of seven, with
# fixed marks. It keeps to that by habit, perhaps in all of the poems below. A habit is no
# promise; but at each place we know *which kind* of token may stand there, a character or one
# certain mark, and can set the probability of all others to 0. That is **constrained
# decoding** (约束解码), and it is not a matter of luck any more.

# %%
tang = zoo.load("generate_tang")
count = 4 if FAST else 30
free = tang.generate([""] * count, seed=1, max_new_tokens=8 if FAST else None)
held = tang.generate([""] * count, seed=1, form=True)
for name, poems in (("free", free), ("held to the form", held)):
    share = np.mean([tang.form.matches(poem) for poem in poems])
    print(f"{name:16} {share:.0%} of {count} are quatrains, such as {poems[0]}")
assert all(tang.form.matches(poem) for poem in held)

# %% [markdown]
# An **acrostic** (藏头诗) hides a message in the first characters of its lines. Four more places
# are given, and the model must make sense of the rest:

# %%
for message in ("春夏秋冬", "山中明月")[: 1 if FAST else 2]:
    poem = tang.generate("", acrostic=message, seed=7)
    print("\n".join(zoo.data.poem_lines(poem)), "\n")
    assert "".join(line[0] for line in zoo.data.poem_lines(poem)) == message

# %% [markdown]
# The form is certain; sense, rhyme and tones are not. A constraint can only ask for what can be
# checked token by token.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Add `{"temperature": 0.9, "top_p": 0.95}` to `METHODS`, and also
# `{"num_beams": 1, "repetition_penalty": 1.3}`. Where do they lie in Figure 5?
#
# <details><summary>Answer</summary>
#
# Look for the first near top-p 0.9: both cut the tail, and one sharpens what is left. The second is
# greedy search, but each character that was there loses. With single characters as tokens it must
# soon avoid `e` and the space, so it punishes spelling. It was made for tokens that are words.
#
# </details>
#
# **2.** How long must a run be to count as copied? Take `length=15` in `copied_share`, and also
# look at Shakespeare's own row.
#
# <details><summary>Answer</summary>
#
# The share rises, for the real continuation, too: `KING RICHARD III:` alone is in 138 places of the
# training text. A run must be so long that nobody writes it by chance; 30 characters are
# about six words.
#
# </details>
#
# **3.** Train the Transformer on 30,000 characters with 10 times as many steps. What do the two
# losses do?
#
# <details><summary>Answer</summary>
#
# Use `text[:30_000]`, and also draw `fitted.history["loss"]`. The loss on the training text goes on
# falling, the one on new text turns and rises: now the network recites, like the n-gram with a long
# memory. More text, dropout, or stopping at the turn are the answers.
#
# </details>
#
# **4.** Write an acrostic with your own four characters. What happens with a character that no poem
# has?
#
# <details><summary>Answer</summary>
#
# `tang.generate("", acrostic="...")`. For a character that the vocabulary lacks, a simplified one
# perhaps, you get a `ValueError` which names it. It could have been spelled in bytes, but the model
# never learned to go on from there.
#
# </details>
#
# ## References
#
# - Chen and Goodman (1999), *An Empirical Study of Smoothing Techniques for Language Modeling*:
#   the n-gram model to beat.
# - Karpathy (2015), *The Unreasonable Effectiveness of Recurrent Neural Networks*: characters,
#   Shakespeare and an LSTM.
# - Radford et al. (2019), *Language Models are Unsupervised Multitask Learners*: the decoder-only
#   Transformer.
# - Holtzman et al. (2020), *The Curious Case of Neural Text Degeneration*,
#   [arXiv:1904.09751](https://arxiv.org/abs/1904.09751): circles, and top-p.
# - Vijayakumar et al. (2018), *Diverse Beam Search*,
#   [arXiv:1610.02424](https://arxiv.org/abs/1610.02424).
# - Li et al. (2016), [arXiv:1510.03055](https://arxiv.org/abs/1510.03055): distinct-n; Zhu et al.
#   (2018), [arXiv:1802.01886](https://arxiv.org/abs/1802.01886): self-BLEU.
