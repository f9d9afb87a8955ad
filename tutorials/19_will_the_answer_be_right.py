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
# # 19. Will the next answer be right? Attention that forgets
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/19_will_the_answer_be_right.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/19_will_the_answer_be_right.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title What a model thinks that a pupil can do, after each answer

# %% [markdown]
# *Where this goes.* A pupil solved exercises of mathematics, one after the other. After each answer
# a model says for each skill how likely the next exercise of it will be solved.
#
# **You need** [notebook 1](01_attention_from_scratch.ipynb) (queries, keys, values, masks) and a
# little Keras. The data are ASSISTments 2009-2010, if you have them; section 1 says what happens
# without. **Time**: 1 minute on 2 CPU cores.
#
# **Knowledge tracing** (知识追踪) is to foresee from what somebody did what he will do next, here
# in a school. You write the attention for it, find that it must not see one thing, teach it to
# forget, and compare it with counting. Then you look for what the shipped model has learned
# wrongly.

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

# %%
STARTED = time.time()
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})
BLUE, ORANGE, GREY = "#2171b5", "#d94801", "#737373"

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
EPOCHS, LONGEST, PUPILS = 6, 100, None  # passes; answers in a row; how many pupils: all
if FAST:
    EPOCHS, LONGEST, PUPILS = 1, 20, 60
    tf.config.run_functions_eagerly(True)  # building graphs would take most of the time

# %% [markdown]
# ## 1. Answers in a row
#
# In ASSISTments 2009-2010, some 4,000 pupils answered 300,000 exercises of 110 skills, such as
# *Circumference*. Of each answer we know the skill and whether it was right. Whole pupils are kept
# for the test, so that nobody is known from the training.
#
# The data may be had from their authors, and are not in this repository. Without them, the notebook
# makes pupils up: each begins with some ability in each of 20 skills, and gains by practice.


# %%
def made_up_pupil(length=60, skills=20):
    """A pupil who practises a few skills, and becomes better at them."""
    ability, answers = rng.normal(-0.5, 1.0, skills + 1), []
    while len(answers) < length:
        skill = int(rng.integers(1, skills + 1))
        for _ in range(int(rng.integers(2, 9))):
            answers.append((skill, bool(rng.random() < 1 / (1 + np.exp(-ability[skill])))))
            ability[skill] += 0.25
    return answers[:length]


# %%
try:
    read = {split: zoo.data.learners("assist2009_updated", split) for split in ("train", "test")}
    names = zoo.data.skills("assist2009_updated")
except FileNotFoundError as error:
    print(error, "\nSo we go on with pupils that are made up.")
    read = {"train": [made_up_pupil() for _ in range(1500)]}
    read["test"] = [made_up_pupil() for _ in range(300)]
    names = {number: f"skill {number}" for number in range(1, 21)}
train, test = read["train"][:PUPILS], read["test"][:PUPILS]
K = len(names)
print(f"{K} skills; {len(train):,} pupils to learn from and {len(test):,} others for the test")
print(f"{sum(map(len, train)):,} and {sum(map(len, test)):,} answers")
print(f"{np.mean([right for row in train for _, right in row]):.0%} of the answers are right")

# %% [markdown]
# One number says both, the skill and whether the answer was right: k for a wrong answer to skill k,
# K + k for a right one, and 0 for padding (填充). A pupil with many answers is cut into pieces.


# %%
def pieces(pupils):
    """Rows of numbers, int (N, T): k is a wrong answer to skill k, K + k a right one."""
    rows = [[k + K * right for k, right in row] for row in pupils]
    rows = [row[i : i + LONGEST] for row in rows for i in range(0, len(row), LONGEST)]
    table = np.zeros((len(rows), LONGEST), "int32")
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


x_train, x_test = pieces(train), pieces(test)
print(x_train.shape, x_test.shape, x_train[0, :6])

# %% [markdown]
# ## 2. How to measure: the AUC
#
# Accuracy flatters here, since most answers are right. The **AUC** (ROC 曲线下面积) asks another
# question: take a right answer and a wrong one by chance; how often did the model call the right
# one more likely? 0.5 is guessing, 1 is perfect. It needs the order of the scores alone: sort them,
# number them from 1, and sum the numbers (ranks) of the right ones.


# %%
def auc(scores, right):
    """How often a right answer has a higher score than a wrong one; of equal ones, half."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]  # equal scores share their mean rank
    good, bad = np.sum(right), np.sum(~right)
    return (np.sum(ranks[right]) - good * (good + 1) / 2) / (good * bad)


scores = np.array([0.9, 0.4, 0.4, 0.2])
right = np.array([True, True, False, False])
pairs = [1.0, 1.0, 0.5, 1.0]  # 0.9 beats both; 0.4 is even with one and beats the other
assert auc(scores, right) == np.mean(pairs)
print(auc(scores, right))

# %% [markdown]
# Two baselines that count. The first knows the **skill**: which share of its answers was right in
# the training? The second knows the **pupil**: which share of his answers was right so far?

# %%
seen = x_test > 0
right_test = (x_test > K)[seen]
skills_test = np.where(x_test > K, x_test - K, x_test)
done = np.bincount(x_train.ravel(), minlength=2 * K + 1)
share = (done[K + 1 :] + 1) / (done[1 : K + 1] + done[K + 1 :] + 2)  # +1, +2: for rare skills
before = np.cumsum(x_test > K, axis=1) - (x_test > K)  # right answers before each one
so_far = (before + 1) / (np.arange(LONGEST) + 2)
found = {
    "the skill": auc(np.r_[0, share][skills_test][seen], right_test),
    "the pupil": auc(so_far[seen], right_test),
}
for name, value in found.items():
    print(f"{name}: {value:.3f}")

# %% [markdown]
# ## 3. Attention over one's own past
#
# What would a teacher do? He would look for what the pupil did *in exercises like this one*. That
# is attention (注意力):
#
# - the **query** (查询) is the skill that is asked for now;
# - the **keys** (键) are the skills of the past;
# - the **values** (值) are the answers of the past: the skill, and whether it was right.
#
# The mask (掩码) is stricter than that of a language model. A language model at place t may look
# at place t, since it foresees place t + 1. Here the query *is* at place t, and the answer at t is
# what we ask for. If the model may look there, it copies. So we shift keys and values by one place
# and put a **start** in front, which the first answer can look at.

# %%
figure, panels = plt.subplots(1, 2, figsize=(7.5, 2.6), layout="constrained")
for ax, shift, title in zip(panels, (1, 0), ("may look: the past alone", "leaks: its own answer")):
    allowed = np.tril(np.ones((5, 5)), -shift)
    ax.imshow(allowed, cmap="Blues", vmin=0, vmax=1.6)
    ax.set(title=title, xlabel="answer looked at", ylabel="answer foreseen")
    ax.set_xticks(range(5), range(1, 6))
    ax.set_yticks(range(5), range(1, 6))
plt.show()

# %% [markdown]
# *Figure 1. Which answers may be looked at (blue).* The left mask has nothing in its first row:
# that is why there must be a start.
#
# The scores get one more term. `forget` takes from each score something that grows with the
# distance (距离), by a rate that each head (头) learns: what lies long ago weighs less. Without it
# the heads cannot know what is old.


# %%
class Heads(layers.Layer):
    """H heads, each with a part of D numbers of its own."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.size = heads, dim // heads
        self.q, self.k, self.v = (layers.Dense(dim, use_bias=False) for _ in range(3))
        self.rate = self.add_weight((heads, 1, 1), "zeros", name="rate")

    def parts(self, x):  # (B, T, D) -> (B, H, T, D / H)
        x = ops.reshape(x, (-1, x.shape[1], self.heads, self.size))
        return ops.transpose(x, (0, 2, 1, 3))


# %%
class Past(Heads):
    """The heads look from the skill that is asked for at the answers before it."""

    def call(self, query, key, value, forget):
        q, k, v = (self.parts(f(x)) for f, x in ((self.q, query), (self.k, key), (self.v, value)))
        scores = ops.matmul(q, ops.swapaxes(k, 2, 3)) / self.size**0.5  # (B, H, T, T)
        apart = np.subtract.outer(np.arange(query.shape[1]), np.arange(query.shape[1]))
        rate = float(forget) * ops.softplus(self.rate - 2)
        scores -= rate * ops.cast(np.maximum(apart, 0), "float32")
        weights = ops.softmax(ops.where(apart >= 0, scores, -1e9))
        return ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3)), weights


# %% [markdown]
# After the shift, place s of keys and values is answer s - 1, so `apart >= 0` means *before t*.
# What the heads found and the skill that is asked for go through two dense layers (全连接层) to
# one **logit**.


# %%
class Parts(keras.Model):
    """What the model is made of."""

    def __init__(self, dim=32, heads=4, forget=True):
        super().__init__()
        self.skill, self.answer = layers.Embedding(K + 1, dim), layers.Embedding(2 * K + 1, dim)
        self.past, self.forget = Past(dim, heads), forget
        self.hidden = layers.Dense(2 * dim, activation="relu")
        self.out = layers.Dense(1)

    def judged(self, query, key, value):
        context, weights = self.past(query, key, value, forget=self.forget)
        joined = ops.concatenate([ops.reshape(context, ops.shape(query)), query], axis=-1)
        return self.out(self.hidden(joined))[..., 0], weights


# %%
class Tracer(Parts):
    """How likely each answer is right, by those before it: int (B, T) -> logits (B, T)."""

    def call(self, x):
        return self.look(x)[0]

    def look(self, x):
        skills = ops.where(x > K, x - K, x)
        past, answers = (ops.pad(y[:, :-1], [[0, 0], [1, 0]]) for y in (skills, x))
        return self.judged(self.skill(skills), self.skill(past), self.answer(answers))


# %% [markdown]
# **Does it leak?** Turn answer 7 from wrong to right, or back. What the model says of answers 1 to
# 7 must not move; of later ones it must. Try this with every model of this kind. A leak shows as
# an AUC near 1, and everybody is glad, until somebody uses it.

# %%
model = Tracer()
row = x_test[np.argmax((x_test > 0).sum(axis=1))][None, :20]
turned = row.copy()
turned[0, 6] += K if turned[0, 6] <= K else -K
moved = np.abs(ops.convert_to_numpy(model(turned) - model(row)))[0]
print(f"answers 1 to 7: {moved[:7].max():.1e}, later: {moved[7:].max():.1e}")
assert moved[:7].max() < 1e-6 < moved[7:].max()


# %% [markdown]
# ## 4. Train, with and without forgetting
#
# The loss is the binary cross-entropy (二元交叉熵) at all places but the padding: T exercises of
# one row are learned at once, as in a language model.


# %%
def masked_loss(x, logits):
    """Mean over all answers of -ln p of what was answered; the padding does not count."""
    is_answer, is_right = ops.cast(x > 0, "float32"), ops.cast(x > K, "float32")
    each = ops.binary_crossentropy(is_right, logits, from_logits=True)
    return ops.sum(each * is_answer) / ops.sum(is_answer)


# %%
def trained(forget):
    """A model, and its AUC on the test pupils."""
    keras.utils.set_random_seed(1)
    model = Tracer(forget=forget)
    model.compile(keras.optimizers.Adam(3e-3), loss=masked_loss)
    losses = model.fit(x_train, x_train, batch_size=32, epochs=EPOCHS, verbose=0).history["loss"]
    print(f"forget={forget}: loss {losses[0]:.3f} -> {losses[-1]:.3f}")
    logits = model.predict(x_test, batch_size=64, verbose=0)
    return model, auc(logits[seen], right_test)


# %%
models = {}
for title, forget in (("attention", False), ("attention that forgets", True)):
    models[title], found[title] = trained(forget)
for name, value in found.items():
    print(f"{name:24} {value:.3f}")

# %%
order = sorted(found, key=found.get)
figure, ax = plt.subplots(figsize=(6.5, 2.2), layout="constrained")
bars = ax.barh(order, [found[name] for name in order], color=BLUE)
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set(xlim=(0.5, 0.9), xlabel="AUC on pupils who were never seen (0.5: guessing)")
ax.spines[["top", "right"]].set_visible(False)
plt.show()
assert FAST or found["attention that forgets"] > max(found["the skill"], found["the pupil"])

# %% [markdown]
# *Figure 2. Counting, and attention.* Attention adds 0.067 to the better count, though it cannot
# tell old answers from new ones. To forget adds another 0.052. The zoo's AKT, with more layers and
# with counts, has 0.823 (section 6).
#
# ## 5. What was learned to forget?
#
# Each head has its rate. By how much does a score fall with the distance, and so by what factor
# does the weight of an old answer, next to that of a new one which is otherwise the same?

# %%
model = models["attention that forgets"]
rates = ops.convert_to_numpy(ops.softplus(model.past.rate - 2))[:, 0, 0]
figure, ax = plt.subplots(figsize=(6.5, 2.4), layout="constrained")
apart = np.arange(0, 41)
for i, rate in enumerate(sorted(rates)):
    ax.plot(apart, np.exp(-rate * apart), color=plt.cm.Blues(0.4 + 0.2 * i))
    print(f"a head halves the weight in {np.log(2) / rate:.1f} answers")
ax.set(xlabel="answers ago", ylabel="weight, of 1", ylim=(0, 1.02))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 3. How the four heads forget.* A few answers, and the weight is half. What a pupil could
# do last month says little beside what he did a moment ago. (An old answer still counts where
# nothing newer is like the skill that is asked for: the scores of all keys of another skill are
# low.)
#
# The AKT model (attentive knowledge tracing) goes further: its distance counts more where there was
# much that is alike in between. `zoo.layers.MonotonicAttention` is that layer.
#
# ## 6. The shipped models
#
# `trace_learners` is an AKT of the same data, `trace_learners_2015` one of a newer and larger set
# whose skills have numbers alone. `trace` takes what a pupil answered and the skill that comes
# next.

# %%
tracer = zoo.load("trace_learners")
past = [("Circumference", 0), ("Circumference", 1), ("Area Circle", 1), ("Circumference", 1)]
print(f"no answer yet: {tracer.trace([], 'Circumference'):.2f}")
print(f"after {len(past)} answers: {tracer.trace(past, 'Circumference'):.2f}")
newer = zoo.load("trace_learners_2015")
print(f"the other one: {newer.trace([(1, 0), (1, 1), (1, 1)], 1):.2f}")

# %%
answer = tracer.trace(past, "Circumference", return_dict=True)
zoo.plot_attention(answer)

# %% [markdown]
# *Figure 4. What the shipped model looks at when* Circumference *is asked for.* Two fifths of the
# attention go to the newest answer, a quarter to the start. *Area Circle* gets as much as older
# answers to the same skill. What the model counts beside it is in no weight: how often this skill
# was answered rightly, and how often wrongly, of late and in all. A softmax sees shares alone, and
# to it one right answer of one is what ten of ten are.
#
# A picture that this field is known for: one pupil, and after each answer what the model thinks of
# each of his skills.

# %%
practised = [("Circumference", r) for r in (0, 0, 1, 1)]
practised += [("Area Circle", r) for r in (0, 1, 1)]
practised += [("Addition Whole Numbers", r) for r in (1, 1, 0, 1, 1)]
practised += [("Circumference", r) for r in (1, 0, 1, 1)]
shown = list(dict.fromkeys(skill for skill, _ in practised)) + ["Venn Diagram"]
known = np.array(
    [
        [tracer.trace(practised[:n], skill) for n in range(len(practised) + 1)]
        for skill in shown
    ]
)  # fmt: skip
for skill, share in zip(shown, known[:, 2]):
    print(f"after two mistakes: {share:.2f} {skill}")

# %% tags=["cover"]
figure, ax = plt.subplots(figsize=(8.5, 2.5), layout="constrained")
image = ax.imshow(known, cmap="Blues", vmin=0.2, vmax=1.0, aspect="auto")
for t, (skill, r) in enumerate(practised):
    ax.scatter(t + 1, shown.index(skill), s=70, color="white" if r else ORANGE,
               edgecolor="black", marker="o" if r else "X")  # fmt: skip
ax.set_yticks(range(len(shown)), shown)
ax.set(xlabel="answers so far (white circle: right, orange cross: wrong)")
figure.colorbar(image, label="likely to be right")
plt.show()

# %% [markdown]
# *Figure 5. What the shipped model thinks that this pupil can do.* Read a row from left to right.
# Right answers make the row of their own skill darker and wrong ones paler: that is what the
# counts bring. Still, look at the other three rows: after the first mistake with a circumference
# all are darker, most of all the Venn diagrams, which are never practised. No teacher would think
# so.
#
# ## 7. An honest failure: punished for a right answer
#
# A right answer must not make a teacher think *less* of a pupil's skill. Nothing in the model says
# so. We ask for it: take one wrong answer to the same skill in the past, turn it to right, change
# nothing else. How often does the model foresee *worse*?

# %%
pasts, asked, places = [], [], []
for skill in tracer.skills:
    for place in range(4):  # four past answers; the one at this place is turned
        rights = rng.random(4) < 0.5
        rights[place] = False
        pasts.append([(skill, bool(r)) for r in rights])
        asked.append(skill)
        places.append(place)

# %%
turned = [
    [(skill, r or i == place) for i, (skill, r) in enumerate(past)]
    for past, place in zip(pasts, places)
]
gain = np.array(tracer.trace(turned, asked)) - np.array(tracer.trace(pasts, asked))
print(f"{len(gain)} cases; the probability rises by {gain.mean():.2f} on average")
for place in range(4):
    here = gain[np.array(places) == place]
    print(f"  answer {place + 1} of 4: by {here.mean():+.2f}, falls in {np.mean(here < 0):.0%}")
worst = int(np.argmin(gain))
print(f"the worst: {asked[worst]}, answer {places[worst] + 1} of", [r for _, r in pasts[worst]])
for past in (pasts[worst], turned[worst]):
    print(f"  {tracer.trace(past, asked[worst]):.2f}")

# %% [markdown]
# The newest answer counts most, as it should. But in 5 to 8 cases of a hundred a right answer
# makes the model think less of the same skill. Nobody told it that this cannot be; it learned from
# answers alone, and of many skills it saw few. A mean over all pupils (the AUC) does not show it,
# and in one such case of fifteen a pupil would be treated unfairly, without a reason that anybody
# could give him. Yeung and Yeung (2018) add such rules to the loss. Until then: not for marks, nor
# for decisions on a pupil, as the card says.

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip
# %% [markdown]
# ## Exercises
#
# **1.** Build the leak: keys are the skills themselves and values the answers themselves, without
# the shift. What AUC does it reach?
#
# <details><summary>Answer</summary>
#
# ```python
# class Leaking(Tracer):
#     def look(self, x):
#         skills = self.skill(ops.where(x > K, x - K, x))
#         return self.judged(skills, skills, self.answer(x))
#
# def report(model):
#     model.compile(keras.optimizers.Adam(3e-3), loss=masked_loss)
#     model.fit(x_train, x_train, batch_size=32, epochs=EPOCHS, verbose=0)
#     return auc(model.predict(x_test, batch_size=64, verbose=0)[seen], right_test)
#
# print(report(Leaking()))
# ```
#
# 1.000: it reads the answer. Too good to be true is mostly not true.
#
# </details>
#
# **2.** Instead of forgetting, tell the model the place: add a learned vector of the place
# (**positional embedding**, 位置嵌入) to queries and keys. (SAKT has one, too, at its keys and
# values.) Which is better?
#
# <details><summary>Answer</summary>
#
# ```python
# class Positions(Tracer):
#     def __init__(self, dim=32):
#         super().__init__(dim, forget=False)
#         self.place = layers.Embedding(LONGEST, dim)
#
#     def look(self, x):
#         skills = ops.where(x > K, x - K, x)
#         past, answers = (ops.pad(y[:, :-1], [[0, 0], [1, 0]]) for y in (skills, x))
#         place = self.place(ops.arange(x.shape[1]))
#         queries, keys = self.skill(skills) + place, self.skill(past) + place
#         return self.judged(queries, keys, self.answer(answers))
#
# print(report(Positions()))
# ```
#
# 0.800 in one run and 0.778 in another, where forgetting has 0.804: 3,200 numbers of places are not
# better than four rates. How far back an answer lies is what matters, not its place in the row.
#
# </details>
#
# **3.** Let the values say only whether an answer was right, not of which skill it was. What is
# lost?
#
# <details><summary>Answer</summary>
#
# ```python
# class Blind(Tracer):
#     def look(self, x):
#         skills = ops.where(x > K, x - K, x)
#         past, answers = (ops.pad(y[:, :-1], [[0, 0], [1, 0]]) for y in (skills, x))
#         right = ops.where(answers > K, 2, ops.where(answers > 0, 1, 0))
#         return self.judged(self.skill(skills), self.skill(past), self.answer(right))
#
# print(report(Blind()))
# ```
#
# 0.784 in place of 0.804: which skill was right or wrong matters, too, beside how much it was
# attended to.
#
# </details>
#
# ## References
#
# - Pandey and Karypis (2019), *A Self-Attentive Model for Knowledge Tracing*,
#   [arXiv:1907.06837](https://arxiv.org/abs/1907.06837): SAKT, section 3.
# - Ghosh, Heffernan and Lan (2020), *Context-Aware Attentive Knowledge Tracing*,
#   [arXiv:2007.12324](https://arxiv.org/abs/2007.12324): AKT, and attention that forgets.
# - Piech et al. (2015), *Deep Knowledge Tracing*,
#   [arXiv:1506.05908](https://arxiv.org/abs/1506.05908): the picture of figure 5.
# - Yeung and Yeung (2018), *Addressing Two Problems in Deep Knowledge Tracing via
#   Prediction-Consistent Regularization*, [arXiv:1806.02180](https://arxiv.org/abs/1806.02180).
# - Feng, Heffernan and Koedinger (2009), *Addressing the Assessment Challenge with an Online System
#   That Tutors as It Assesses*, [doi:10.1007/s11257-009-9063-7](https://doi.org/10.1007/s11257-009-9063-7):
#   the data.
