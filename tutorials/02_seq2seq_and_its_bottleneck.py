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
# **Time**: 5 minutes on 2 CPU cores.
#
# From a sequence to a sequence (序列到序列): that is the *seq2seq* of the title. Before attention,
# a translator (机器翻译) worked like this: an **encoder** (编码器) RNN reads the source and folds
# it into *one vector*; a **decoder** (解码器) RNN unfolds that vector into the target. Five words
# or fifty, the vector has the same size. That is the **bottleneck** (瓶颈). Attention removes it:
# every step of the decoder takes its own mixture of *all* encoder states. People say that this is
# what makes long sentences work. Let us see.

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
import re
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

# %%
import zoo
from zoo.layers import Attention
from zoo.models import RNNSearch
from zoo.text import SentencePieceTokenizer
from zoo.training import WarmupLinear

FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
tf.config.run_functions_eagerly(FAST)  # a graph pays after many calls
STARTED = time.time()
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

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
LONGEST = 4 if FAST else 14
count_train = [numbers(rng.randint(1, LONGEST)) for _ in range(600 if FAST else 20_000)]
count_valid = [numbers(rng.randint(1, LONGEST)) for _ in range(10 if FAST else 200)]
count_test = [numbers(n) for n in range(4, 21) for _ in range(1 if FAST else 25)]
for german, english in count_train[:3]:
    print(german, "|", english)

# %% [markdown]
# A tokenizer (分词器) cuts text into **subwords** (子词), the tokens of the model, and numbers them
# from 0 to V - 1; V is the size of the vocabulary (词表). Here every number is one piece, and the
# rest of the vocabulary, letters and bytes, lies idle.


# %%
def tokenizer_for(pairs, vocab_size):
    return SentencePieceTokenizer.train([line for pair in pairs for line in pair], vocab_size)


count_tokenizer = tokenizer_for(count_train, 340)
for text in count_train[0]:
    print(count_tokenizer.pieces(count_tokenizer.encode([text])[0]))

# %% [markdown]
# ## 2. Two models, one layer apart
#
# `zoo.models.RNNSearch` is the model of Bahdanau and others. Its recurrent layers are GRUs
# (门控循环单元): a bidirectional one reads the source, from both ends, two write the target, and
# between them stands additive attention.
#
# For the model *without*, we take the selection away. Each step gets the plain mean of the encoder
# states: always the same vector, whatever the step is about. (The classic choice was the last
# state; both are one vector.)


# %%
class EqualShares(Attention):
    """No selection: every token of the source gets the same weight."""

    def scores(self, query, projected_key):  # (B, T, D), (B, S, D) -> (B, T, S)
        return 0 * (query[:, :, None, 0] + projected_key[:, None, :, 0])


class Bottleneck(RNNSearch):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.attention = EqualShares(name="attention")


# %%
KINDS = {"with attention": RNNSearch, "without": Bottleneck}


def two_translators(tokenizer, **sizes):
    made = {}
    for name, kind in KINDS.items():
        keras.utils.set_random_seed(1)
        V = tokenizer.vocab_size
        made[name] = zoo.Translator(
            kind(V, V, share_embeddings=True, **sizes), tokenizer, decoding={"num_beams": 1}
        )
        made[name].build()
        print(f"{name:15} {made[name].model.count_params():,} parameters")
    return made


# %%
counting = two_translators(
    count_tokenizer, model_dim=64, units=128, attention_units=64, dropout=0.0
)

# %% [markdown]
# Check the premise. Does the model without attention really see one and the same vector at every
# step? Its weights say so, and they leave the padding (the last column) alone.

# %%
given = {"source": np.array([[5, 6, 7, 3, 0]]), "target": np.array([[2, 8, 9]])}
_, weights = counting["without"].model(given, return_attention_scores=True)
print(ops.convert_to_numpy(weights)[0, 0, 0])
assert np.allclose(ops.convert_to_numpy(weights)[..., :4], 0.25)

# %% [markdown]
# ## 3. Train both
#
# The same data in the same order, the same steps, the same learning rate. The first loss should be
# near ln V, which is what a model has that knows nothing of V tokens (section 8 of notebook 1). Its
# unit is the nat, because the logarithm is the natural one.


# %%
def train_both(translators, train, valid, steps, batch_tokens):
    losses = {}
    for name, it in translators.items():
        schedule = WarmupLinear(5e-3, max(1, steps // 8), steps)
        optimizer = keras.optimizers.Adam(schedule, beta_2=0.98, clipnorm=1.0)
        it.compile(optimizer, label_smoothing=0)
        first = it.evaluate(valid[:50], verbose=0)
        vocab_size = it.target_tokenizer.vocab_size
        print(f"{name:15} first loss {first:.2f}, ln V = {np.log(vocab_size):.2f}", end=", ")
        assert abs(first - np.log(vocab_size)) < 0.7
        plan = {"batch_tokens": batch_tokens, "steps_per_epoch": steps // PARTS, "epochs": PARTS}
        history = it.fit(train, validation_data=valid, verbose=0, **plan).history
        losses[name] = history["val_loss"]
        print(f"last loss {losses[name][-1]:.2f}")
    return losses


# %%
steps, PARTS = (2, 2) if FAST else (200, 4)
losses = train_both(counting, count_train, count_valid, steps, batch_tokens=1024)

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
done = steps // PARTS * np.arange(1, PARTS + 1)
for (name, history), style in zip(losses.items(), ("k-o", "k--s")):
    axes.plot(done, history, style, label=name, markerfacecolor="white")
axes.set(xlabel="training steps", ylabel="validation loss, nats a token", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 1. Loss on numbers that are not in the training data. Lower is better, and 0 would be
# certain of every token.*
#
# ## 4. BLEU, by length
#
# A loss is not a translation. **BLEU** compares a translation with that of a human:
# which share of its words, word pairs, triples and quadruples is also there? The four shares are
# multiplied, the fourth root is taken, and whoever writes too little is punished. 0 is nothing, 100
# is the same text. It is a number for hundreds of sentences; for one sentence it says little.

# %%
reference = ["A small dog runs on the beach ."]
for hypothesis in (reference[0], "A little dog runs on the beach .", "On the beach runs a dog ."):
    print(f"{zoo.evaluation.bleu([hypothesis], reference).score:5.1f}  {hypothesis}")


# %%
def translate(translators, pairs):
    sources = [source for source, _ in pairs]
    return {name: it.generate(sources) for name, it in translators.items()}


def bleu_of(texts, pairs, rows):
    return zoo.evaluation.bleu([texts[i] for i in rows], [pairs[i][1] for i in rows]).score


answers = translate(counting, count_test)
print("source:", count_test[-5 if FAST else 100][0])
for name, texts in answers.items():
    print(f"{name:15}", texts[-5 if FAST else 100])

# %%
lengths = np.array([len(source.split()) for source, _ in count_test])
by_length = {
    name: [bleu_of(texts, count_test, np.flatnonzero(lengths == n)) for n in range(4, 21)]
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
# *Figure 2. BLEU of the two translators by length. (It begins with 4 numbers, because BLEU counts
# quadruples.)*

# %%
middle = {name: (scores[0], scores[LONGEST - 4]) for name, scores in by_length.items()}
for name, (short, long) in middle.items():
    print(f"{name:15} BLEU {short:5.1f} with 4 numbers, {long:5.1f} with {LONGEST}")
assert FAST or middle["with attention"][1] > middle["without"][1] + 20

# %% [markdown]
# That is the bottleneck. The words are the same twenty, and the model without attention has seen
# texts of this length in training. What it lacks is room: the longer the text, the more must share
# one vector. (Be fair to it: its curve in Figure 1 still falls when we stop. More steps would make
# it better, so this is what the bottleneck costs *with the same training*. Exercise 1 goes on from
# here.)
#
# ## 5. Read the alignment
#
# Which word of one language belongs to which of the other is their **alignment** (对齐). What the
# attention does can be seen. Each row is one English number that is being written.

# %%
shown = "drei neun eins zwölf sieben vier"
zoo.plot_attention(counting["with attention"].generate(shown, return_dict=True))

# %% [markdown]
# *Figure 3. The attention of the model that you have just trained. Row: the English token; column:
# the German token.* Nobody told the model that the order is reversed. Look for the diagonal that
# goes *up*, from the end of the source to its beginning. It need not lie exactly on the word: the
# encoder reads in both directions, so a state knows its neighbours, too, and may hold the number
# that is wanted.
#
# ## 6. An honest failure: longer than anything it has read
#
# Attention removes the bottleneck of the *vector*. Does it make a model good at any length? Look at
# the grey part of Figure 2, and at what goes wrong there.

# %%
for name, texts in answers.items():
    for low, high in ((4, LONGEST), (LONGEST + 1, 20)):
        rows = np.flatnonzero((lengths >= low) & (lengths <= high))
        right = np.mean([texts[i] == count_test[i][1] for i in rows])
        words = np.mean([len(texts[i].split()) / lengths[i] for i in rows])
        print(f"{name:15} {low:2} to {high} numbers: all right in {right:4.0%}, "
              f"length {words:4.0%} of what it should be")  # fmt: skip

# %% [markdown]
# A decoder learns *when to stop* and *where it is* from the texts it has read, and no layer repairs
# what was never shown. Train on the lengths that you want to translate.
#
# ## 7. Real sentences
#
# Now German captions of photographs. A real vocabulary takes half an hour to learn, and we
# have minutes, so we keep the captions made of the 1,200 most frequent words of each language. (The
# fast mode stays with numbers.)


# %%
def common(pairs, count):
    """The words on each side that occur most often."""
    sides = [re.findall(r"\w+", " ".join(side).lower()) for side in zip(*pairs)]
    return [{word for word, _ in collections.Counter(side).most_common(count)} for side in sides]


def simple(pairs, known):
    parts = [[set(re.findall(r"\w+", text.lower())) for text in pair] for pair in pairs]
    return [pair for pair, words in zip(pairs, parts) if all(w <= k for w, k in zip(words, known))]


# %%
if FAST:
    train, test = count_train[:200], count_test[:3]
else:
    load = zoo.data.multi30k
    everything = load("train", "de", "en")
    known = common(everything, 1200)
    train = simple(everything, known)
    test = simple(load("val", "de", "en") + load("test_2016_flickr", "de", "en"), known)
print(f"{len(train):,} pairs to learn from, {len(test)} for the test, such as")
print(" | ".join(test[0]))

# %%
captioning = two_translators(
    tokenizer_for(train, 340 if FAST else 1600), model_dim=96, units=192, attention_units=96
)
caption_losses = train_both(captioning, train, test, 2 if FAST else 140, batch_tokens=2048)
# %% [markdown]
# (We watch the loss on the test captions here, but choose nothing by it.) Cut them into three
# groups of the same size by the words of the German sentence, and score each. The third translator
# is `translate_de_en_rnn` from the zoo: the same architecture with attention, larger, trained for
# eight minutes on a large GPU, on all captions and on ten times as many everyday sentences and
# conversations. (Its training was watched on some of the captions that test it here, so take its
# figures as a little too good.)

# %%
translators = {**captioning, "shipped": zoo.load("translate_de_en_rnn")}
texts_by_name = translate(translators, test)
order = np.argsort([len(source.split()) for source, _ in test], kind="stable")
groups = np.array_split(order, 3)
spans = [[len(test[i][0].split()) for i in (group[0], group[-1])] for group in groups]
print(f"{'words in the source':20}", *[f"{low:>4} to {high:<2}" for low, high in spans])
for name, texts in texts_by_name.items():
    scores = [bleu_of(texts, test, group) for group in groups]
    print(f"{name:20}", *[f"{score:10.1f}" for score in scores])

# %% [markdown]
# And a few translations, short and long, because numbers alone never tell what goes wrong.

# %%
for i in order[[len(order) // 10, len(order) // 2, -len(order) // 10]]:
    print(f"{'German:':16}{test[i][0]}\n{'human:':16}{test[i][1]}")
    for name, texts in texts_by_name.items():
        print(f"{name + ':':16}{texts[i]}")
    print()

# %% [markdown]
# Read the table with care. With so few steps our two are poor translators; each number stands on
# some 140 captions and can move by a few BLEU with another seed; and captions are *short*: even the
# long ones have room in a vector. So real captions show the effect less cleanly than the numbers
# did. The shipped model shows where attention leads with more data and more steps.
#
# Its map, for a sentence that is no caption and has its German verb at the end:

# %%
sentence = "Gestern hat ein kleiner Hund mit einem roten Ball gespielt."
zoo.plot_attention(translators["shipped"].generate(sentence, return_dict=True))

# %% [markdown]
# *Figure 4. The alignment of `translate_de_en_rnn`. Row: the English token; column: the German
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
# **1.** The model without attention has a few parameters less. Is the comparison fair?
#
# <details><summary>Answer</summary>
#
# Give it more `units` (an even number), until it has as many parameters as the other, and train
# again. If the gap of Figure 2 came from the number of parameters, it would close. Attention has
# few: see the numbers printed in section 2. Then give it more steps, too (`steps` in section 3):
# how many does it need until it does with 14 numbers what the other does after 200?
#
# </details>
#
# **2.** Train without the reversal (`for i in chosen`). What does Figure 3 look like, and does the
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
# **3.** Let `EqualShares` attend to the last token of the source alone, the classic bottleneck.
#
# <details><summary>Answer</summary>
#
# Return scores that grow with the position:
#
# ```python
# class LastState(Attention):
#     def scores(self, query, projected_key):  # (B, T, D), (B, S, D) -> (B, T, S)
#         places = ops.arange(ops.shape(projected_key)[1], dtype="float32")
#         return 0 * (query[:, :, None, 0] + projected_key[:, None, :, 0]) + 1000 * places
# ```
#
# and put it in the place of `EqualShares`. The mask removes the padding behind the last token. One
# half of that state comes from the reader that goes backwards and has read just one token there.
#
# </details>
#
# **4.** Why does `zoo.evaluation.bleu` want the translations as plain text and not as tokens?
#
# <details><summary>Answer</summary>
#
# The number depends on how the text is cut into words. If everybody cuts in their own way, numbers
# cannot be compared. sacreBLEU always cuts in the same way, and prints a signature that says how.
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
# - Papineni, Roukos, Ward and Zhu (2002), *BLEU: a Method for Automatic Evaluation of Machine
#   Translation*, [ACL P02-1040](https://aclanthology.org/P02-1040/).
# - Post (2018), *A Call for Clarity in Reporting BLEU Scores*,
#   [arXiv:1804.08771](https://arxiv.org/abs/1804.08771).
