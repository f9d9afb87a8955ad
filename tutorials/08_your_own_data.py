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
# # 8. Your own data
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/08_your_own_data.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/08_your_own_data.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title A date in words, its ISO form, and what each character attended to

# %% [markdown]
# *Where this goes.* From a file with two columns to a trained, measured and exported model in one
# sitting. This one reads dates as people write them, in English and Chinese, and writes them as
# computers want them. Then the same again, from a folder of pictures.
#
# **You need** a little Keras. **Time**: 5 minutes on 2 CPU cores.
#
# The steps are the same for a dictionary, product names, a dialect, questions and answers, or
# photographs with their captions: **read, look, split, tokenise (分词), train, measure, find the
# failures, export**.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import collections
import datetime
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw

# %%
import zoo
from zoo.data.captions import grid_batches
from zoo.models import CaptionTransformer, Transformer
from zoo.text import SentencePieceTokenizer
from zoo.training import WarmupLinear

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
DATES, OUTSIDE, LAYERS, STEPS, EPOCHS = 6000, 200, 2, 800, 10
PICTURES, PICTURE_STEPS = 600, 500
if FAST:
    DATES, OUTSIDE, LAYERS, STEPS, EPOCHS = 400, 50, 1, 2, 1
    PICTURES, PICTURE_STEPS = 20, 2
tf.config.run_functions_eagerly(FAST)  # building graphs would take most of the time
STARTED = time.time()
keras.utils.set_random_seed(1)
FOLDER = Path(tempfile.mkdtemp())
tf.get_logger().setLevel("ERROR")
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% [markdown]
# ## 1. A file of pairs
#
# The format is a text file in UTF-8: source, TAB, target, one pair a line. You have such a file; so
# that this notebook runs anywhere, it makes one. (Put the path of yours into `path`, and go on at
# section 2.)

# %%
MONTHS = "January February March April May June July August September October November December"
MONTHS, DIGITS = MONTHS.split(), "〇一二三四五六七八九"


# %%
def chinese(number):
    """A number below 100 in Chinese: 24 is 二十四."""
    tens, ones = divmod(number, 10)
    start = ("" if tens == 1 else DIGITS[tens]) + "十" if tens else ""
    return start + (DIGITS[ones] if ones or not tens else "")


# %%
FORMS = {
    "24 November 1987": lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    "November 24, 1987": lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    "1987年11月24日": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "一九八七年十一月二十四日": lambda d: (
        "".join(DIGITS[int(c)] for c in str(d.year)) + f"年{chinese(d.month)}月{chinese(d.day)}日"
    ),
}
print([form(datetime.date(1987, 11, 24)) for form in FORMS.values()])


# %%
def made_up(count, first=1950, last=2029, seed=0):
    """Pairs of a date in some form and in ISO form."""
    rng, forms = random.Random(seed), list(FORMS.values())
    days = (datetime.date(last, 12, 31) - datetime.date(first, 1, 1)).days
    dates = [datetime.date(first, 1, 1) + datetime.timedelta(rng.randint(0, days))
             for _ in range(count)]  # fmt: skip
    return [(rng.choice(forms)(date), date.isoformat()) for date in dates]


path = FOLDER / "dates.tsv"
lines = [f"{source}\t{target}\n" for source, target in made_up(DATES)]
path.write_text("".join(lines), encoding="utf-8")
print(path.read_text(encoding="utf-8")[:120])

# %% [markdown]
# `zoo.data.read_pairs` reads it, and does not swallow a broken line. Try one:

# %%
broken = FOLDER / "broken.tsv"
broken.write_text("1 May 2001\t2001-05-01\n2 May 2001 2001-05-02\n", encoding="utf-8")
try:
    zoo.data.read_pairs(broken)
except ValueError as error:
    print(str(error).replace(str(FOLDER), "..."))

# %% [markdown]
# ## 2. Look, then split
#
# Look before you train. How many pairs are there twice? A pair in the training set (训练集) *and*
# in the test set (测试集) is an exam with known questions. So hold out first, and then remove from
# the training set whatever shares a side with what is held out: `zoo.data.clean` does that.

# %%
pairs = zoo.data.read_pairs(path)
random.Random(0).shuffle(pairs)
print(f"{len(pairs)} pairs, {len(set(pairs))} different")
n = len(pairs) // 10
valid, test = pairs[:n], pairs[n : 2 * n]
train = zoo.data.clean(pairs[2 * n :], held_out=valid + test)
print(f"training {len(train)}, validation {len(valid)}, test {len(test)}")
assert not {t for _, t in train} & {t for _, t in valid + test}

# %% [markdown]
# Note what that line promises: *no date of the test set is in the training set*, in any form. The
# model cannot pass by memory; it must have learned how dates are written.
#
# ## 3. Tokens
#
# How large a vocabulary (词表)? For everyday text of a few megabytes, 4,000 to 8,000 pieces. Dates
# should be read nearly character by character, so we ask for little: 256 bytes, 4 special tokens,
# and some sixty pieces (`10` and `03` will be among them). And a check that many forget: text must
# come back from its tokens as it was.

# %%
tokenizer = SentencePieceTokenizer.train([side for p in train for side in p], vocab_size=325)
for source, target in test[:4]:
    print(
        tokenizer.pieces(tokenizer.encode([source])[0]),
        tokenizer.pieces(tokenizer.encode([target])[0]),
    )
texts = [side for pair in test for side in pair]
assert tokenizer.decode(tokenizer.encode(texts)) == texts

# %% [markdown]
# ## 4. Train
#
# A small Transformer. Rule of thumb: more pairs, wider model. `zoo.Translator` puts model and
# tokenizer together; `fit` takes the strings as they are. And as always: a model that knows
# nothing gives each of V tokens the probability 1/V, so the first loss is near ln V.

# %%
model = Transformer(
    tokenizer.vocab_size,
    tokenizer.vocab_size,
    num_encoder_layers=LAYERS,
    num_decoder_layers=LAYERS,
    model_dim=64,
    num_heads=4,
    ff_dim=128,
    dropout=0.1,
    share_embeddings=True,
)
dates = zoo.Translator(model, tokenizer, decoding={"num_beams": 1, "max_new_tokens": 16})
dates.build()
print(f"{model.count_params():,} parameters")

# %%
schedule = WarmupLinear(5e-3, 1 + STEPS // 10, STEPS)
dates.compile(keras.optimizers.Adam(schedule, beta_2=0.98), label_smoothing=0.0)
first = dates.evaluate(valid, verbose=0)
print(f"first loss {first:.2f}, ln V = {np.log(tokenizer.vocab_size):.2f}")
assert abs(first - np.log(tokenizer.vocab_size)) < 1.5  # tied embeddings start a little above

# %%
history = dates.fit(
    train,
    validation_data=valid,
    batch_tokens=1024,
    steps_per_epoch=STEPS // EPOCHS,
    epochs=EPOCHS,
    verbose=0,
).history
print(f"validation loss {history['val_loss'][-1]:.3f}")

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
steps = STEPS // EPOCHS * np.arange(1, EPOCHS + 1)
axes.plot(steps, history["loss"], "k--s", label="training", markerfacecolor="white")
axes.plot(steps, history["val_loss"], "k-o", label="validation", markerfacecolor="white")
axes.set(xlabel="training steps", ylabel="loss, nats a token", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 1. How to read it: both fall together, good. If the training loss falls and the validation
# loss rises, it learns by heart (过拟合, overfitting): take more data, more dropout or fewer steps.
# If both stay high, take a wider model or more steps.* (Here validation may lie *below* training,
# because dropout is off when a model is evaluated, and because a training value is the mean over
# its interval.)
#
# ## 5. Measure what you need
#
# BLEU (see notebook 2) is for free text. For a date there is one right answer, so count
# them. And count them *by kind*: an average hides the kind that never works.

# %%
answers = dates.generate([source for source, _ in test])
right = [answer == target for answer, (_, target) in zip(answers, test)]
print(f"right: {np.mean(right):.1%} of {len(test)}")


def form_of(source):
    names = list(FORMS)
    if "年" in source:
        return names[2] if source[0].isdigit() else names[3]
    return names[0] if source[0].isdigit() else names[1]


by_form = collections.defaultdict(list)
for (source, _), is_right in zip(test, right):
    by_form[form_of(source)].append(is_right)

# %%
zoo.plots.labels.glyphs()  # a font with Chinese characters
plt.rcParams["font.family"] = list(zoo.plots.labels.FAMILIES)
figure, axes = plt.subplots(figsize=(6.5, 2.2), layout="constrained")
shares = [np.mean(by_form[form]) if by_form[form] else 0.0 for form in FORMS]
drawn = axes.barh(list(FORMS), shares, color="0.75", edgecolor="0.2")
axes.bar_label(drawn, [f"{s:.0%} of {len(by_form[f])}" for s, f in zip(shares, FORMS)], padding=3)
axes.invert_yaxis()
axes.set(xlabel="share of right dates", xlim=(0, 1.25), xticks=np.arange(0, 1.1, 0.25))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. Right answers on the test set, by the form of the date.*

# %%
for answer, (source, target) in zip(answers, test):
    if answer != target:
        print(f"{source:24} {answer:12} should be {target}")

# %% [markdown]
# Each of these errors has the right month, and nearly always the right digits in the wrong order:
# 1998 became 1989, and 2002 became 2020 (one repeats a digit, 22 for 02). So it reads well, and
# sometimes loses its place when it copies. Forms with the name of a month make all of the errors:
# there each part has to be moved.

# %% tags=["cover"]
out = dates.generate("24 November 1987", return_dict=True)
zoo.plot_attention(out)

# %% [markdown]
# *Figure 3. Row: the piece being written, mostly one character; column: the piece of the source.
# `␣` is the space before a word. The mean of the four heads of the last layer.* The year comes
# first in the answer and last in the source, so the dark cells begin on the right.
#
# ## 6. An honest failure: what was not in the data
#
# The file has the years 1950 to 2029. What does the model say of other centuries? It has learned
# that years begin with 19 or 20, and nobody told it that this is a matter of the file.

# %%
outside = made_up(OUTSIDE, first=1700, last=1899, seed=5)
guesses = dates.generate([source for source, _ in outside])
share = np.mean([guess == target for guess, (_, target) in zip(guesses, outside)])
print(f"right on 1700 to 1899: {share:.1%}")
for guess, (source, target) in list(zip(guesses, outside))[:4]:
    print(f"{source:24} {guess:12} should be {target}")
assert share < 0.5

# %% [markdown]
# It does not say that it does not know. It writes a date that is wrong, and mostly well formed.
# Does the score, the probability of its own answer, give it away?

# %%
inside_scores = dates.score([source for source, _ in test], answers)
outside_scores = dates.score([source for source, _ in outside], guesses)
print(f"median probability: inside {np.exp(np.median(inside_scores)):.3f}, "
      f"outside {np.exp(np.median(outside_scores)):.3f}")  # fmt: skip

# %% [markdown]
# It is less sure, so a **threshold** (阈值) on the score can refuse some of its answers. Choose it
# on *validation* data, never on the test: so low that one good date in a hundred is refused.

# %%
valid_sources = [source for source, _ in valid]
least = np.quantile(dates.score(valid_sources, dates.generate(valid_sources)), 0.01)
for name, scores in (("test", inside_scores), ("1700 to 1899", outside_scores)):
    print(f"refused of {name:13} {np.mean(scores < least):.0%}")

# %% [markdown]
# Only one in five is refused. The model is wrong on all of them, and mostly *sure*: high
# probability is no proof (Guo et al., 2017). The real cure is data of the kind that you will meet.
#
# ## 7. Keep it, and give it away
#
# One `.keras` file holds weights, vocabulary and the way of decoding. The **SavedModel** export
# needs neither Keras nor the zoo to run: strings in, strings out, for TensorFlow Serving or any
# program with TensorFlow and tensorflow-text (notebook 7).

# %%
dates.save(FOLDER / "dates.keras")
again = keras.models.load_model(FOLDER / "dates.keras")
asked = ["24 November 1987", "一九八七年十一月二十四日"]
wanted = ["1987-11-24"] * 2
assert np.allclose(again.score(asked, wanted), dates.score(asked, wanted), atol=1e-3)
print(f"{(FOLDER / 'dates.keras').stat().st_size / 1e6:.1f} MB")


# %%
def served(folder):
    """The default signature of an exported model: a function of tensors."""
    return tf.saved_model.load(folder).signatures["serving_default"]


dates.export(FOLDER / "dates" / "1")
got = served(FOLDER / "dates" / "1")(text=tf.constant(asked))
print([text.decode() for text in got["text"].numpy()])
assert [text.decode() for text in got["text"].numpy()] == dates.generate(asked)

# %% [markdown]
# ## 8. The same in one command
#
# `zoo train --tsv` does what sections 3 and 4 did, for everyday text. The model is always the same,
# a Transformer of three and three layers; vocabulary and steps are chosen by the size of the file;
# the optimizer is Muon, not the Adam of above. It writes logs for TensorBoard and keeps
# checkpoints. Stop it, give the same command again, and it goes on. All that it needs is the split,
# as files.


# %%
def write(name, pairs):
    """A tab-separated file of pairs."""
    (FOLDER / name).write_text("".join(f"{s}\t{t}\n" for s, t in pairs), encoding="utf-8")


def shell(command):
    """Runs a command in the folder, and shows the last line that it prints."""
    print("$", command)
    words = [sys.executable, "-m", *command.split()]
    done = subprocess.run(words, cwd=FOLDER, capture_output=True, text=True, check=True)
    print(done.stdout.strip().splitlines()[-1])


# %%
write("train.tsv", train[:300])
write("valid.tsv", valid[:40])
if FAST:
    shell("zoo train --help")
else:
    shell("zoo train --tsv train.tsv --valid valid.tsv --out mine --run-dir run --steps 2")

# %% [markdown]
# Two steps on 300 pairs, to see that the files are in order. With all pairs and without `--steps`
# it makes about 20 passes over the data (but at least 200 steps), with a model some twenty times as
# large as ours, so it takes longer. Then
#
# `zoo evaluate mine/model.keras --tsv test.tsv` measures it,
#
# `zoo translate mine/model.keras < new.txt` answers line by line, and
#
# `zoo export mine/model.keras --out exported` writes the SavedModel, with all that a server needs.
#
# ## 9. A folder of pictures
#
# Now pictures (图像描述, image captioning). The format is a folder, and a file of two columns
# again: file name, TAB, caption. Yours are photographs; so that nothing need be downloaded, this
# notebook draws some. Each shows one shape above another.

# %%
INKS = {"red": "#c8372d", "green": "#3f9b4f", "blue": "#2f62c0", "yellow": "#f0c419"}
SHAPES = ("circle", "square", "triangle")


def put(canvas, kind, ink, x, y, r):
    """Draws a shape of half width r around (x, y)."""
    if kind == "circle":
        canvas.ellipse((x - r, y - r, x + r, y + r), fill=INKS[ink])
    elif kind == "square":
        canvas.rectangle((x - r, y - r, x + r, y + r), fill=INKS[ink])
    else:
        canvas.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=INKS[ink])


# %%
def picture(rng):
    """A picture, 224 x 224, and its caption."""
    image = Image.new("RGB", (224, 224), (rng.randint(200, 255),) * 3)
    canvas, names = ImageDraw.Draw(image), []
    for height in (60, 164):
        ink, kind = rng.choice(list(INKS)), rng.choice(SHAPES)
        place = rng.randint(60, 164), height + rng.randint(-12, 12)
        put(canvas, kind, ink, *place, rng.randint(24, 40))
        names.append(f"a {ink} {kind}")
    return image, " above ".join(names)


# %%
folder, lines, rng = FOLDER / "pictures", [], random.Random(3)
folder.mkdir()
for i in range(PICTURES):
    image, caption = picture(rng)
    image.save(folder / f"{i:03}.png")
    lines.append(f"{i:03}.png\t{caption}\n")
(folder / "captions.tsv").write_text("".join(lines), encoding="utf-8")

rows = zoo.data.read_pairs(folder / "captions.tsv")
n = len(rows) // 5
test_rows, train_rows = rows[:n], rows[n:]
print(len(train_rows), "for training;", *train_rows[0])

# %% [markdown]
# Your own pictures are few, and seeing is hard to learn from few. So borrow the eyes: the
# **encoder** (编码器) of a shipped captioner, EfficientNet-Lite0, learned from a million
# photographs of ImageNet. It stays as it is (frozen, 冻结), and since it
# does, each picture goes through it only *once*. What comes out is a grid of 7 × 7 cells, with
# 1,280 numbers each.
#
# And count the tokens of the longest caption: a limit below it would cut captions off, in training
# and in answers, without a word.

# %%
encoder = zoo.load("caption_en_rnn").encoder
encoder.trainable = False
words = SentencePieceTokenizer.train([caption for _, caption in train_rows], vocab_size=300)
longest = max(map(len, words.encode([caption for _, caption in rows]))) + 2  # start and end
print("tokens of the longest caption:", longest)

# %%
cells, width = np.prod(encoder.output_shape[1:3]), encoder.output_shape[3]
reader = CaptionTransformer(
    int(cells), width, words.vocab_size, num_layers=1, model_dim=128, num_heads=4, ff_dim=256
)
teller = zoo.ImageCaptioner(encoder, reader, words, decoding={"max_new_tokens": longest})
teller.build()


# %%
def features(rows):
    """What the encoder sees in each picture: float32 (pictures, cells, width)."""
    images = [zoo.vision.read(folder / name, teller.image_size) for name, _ in rows]
    batches = [np.stack(images[i : i + 20]) for i in range(0, len(images), 20)]
    see = tf.function(teller.encode_images)
    return np.concatenate([see(batch.astype("float32")).numpy() for batch in batches])


# %%
def batches(rows, shuffle=0):
    """Batches for training, from stored features; one caption a picture."""
    captions = [[caption] for _, caption in rows]
    options = {"batch_images": 16, "max_length": longest, "shuffle": shuffle}
    return grid_batches([features(rows)], captions, teller.encode_captions, **options)


learn, check = batches(train_rows, shuffle=1000), batches(test_rows)

# %%
teller.compile(
    keras.optimizers.Adam(WarmupLinear(2e-3, 1 + PICTURE_STEPS // 10, PICTURE_STEPS), beta_2=0.98),
    label_smoothing=0.0,
)
teller.fit(learn, steps_per_epoch=PICTURE_STEPS, epochs=1, verbose=0)
print(f"loss on pictures that it never saw: {teller.evaluate(check, verbose=0):.3f}")

# %% [markdown]
# The captions of the test are not new, there are only 144 of them; the pictures are. How often is a
# whole caption right, and where it is not, which word is wrong?

# %%
told = teller.generate([folder / name for name, _ in test_rows])
right = np.array([caption == text for text, (_, caption) in zip(told, test_rows)])
print(f"whole captions right: {right.mean():.1%} of {len(told)}")
for place, name in ((1, "ink"), (2, "shape"), (5, "ink"), (6, "shape")):
    pairs = [(text.split(), caption.split()) for text, (_, caption) in zip(told, test_rows)]
    same = np.mean([t[place : place + 1] == c[place : place + 1] for t, c in pairs])
    print(f"  {name:5} {'above' if place < 3 else 'below'}: {same:.1%}")
assert FAST or right.mean() > 0.5

# %%
shown = [*np.flatnonzero(right)[:2], *np.flatnonzero(~right)[:2]]
shown = [*shown, *(i for i in range(len(told)) if i not in shown)][:4]
figure, axes = plt.subplots(1, 4, figsize=(9, 2.9), layout="constrained")
for ax, i in zip(axes, shown):
    ax.imshow(Image.open(folder / test_rows[i][0]))
    verdict = "right" if right[i] else f"but is: {test_rows[i][1]}".replace(" above ", "\nabove ")
    ax.set_title(told[i].replace(" above ", "\nabove "), size=9)
    ax.set_xlabel(verdict, size=8)
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# *Figure 4. Above each picture what the model said, below it whether that is right. First two that
# are right, then wrong ones, as far as there are any.* The numbers above tell you where to look:
# colours or shapes?
#
# Keep it and export it as before. The file and the SavedModel hold the encoder, too, so that the
# input is nothing but the bytes of an image file.

# %%
teller.save(FOLDER / "pictures.keras")
image_bytes = [(folder / name).read_bytes() for name, _ in test_rows[:3]]
if not FAST:  # it takes a while, and the dates have shown it
    teller.export(FOLDER / "teller" / "1")
    got = served(FOLDER / "teller" / "1")(image_bytes=tf.constant(image_bytes))
    print([text.decode() for text in got["text"].numpy()])
    assert [text.decode() for text in got["text"].numpy()] == told[:3]

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Add the form `11/24/1987` to the data, and then also `24/11/1987`. What happens?
#
# <details><summary>Answer</summary>
#
# The first is learned like the others. With both, `03/04/1987` has two right answers, and no model
# can know which: the loss cannot go to 0. More training is not the answer to data that contradict
# themselves.
#
# </details>
#
# **2.** Train on 300 pairs instead of thousands. Which form suffers most, and which least?
#
# <details><summary>Answer</summary>
#
# Use `train[:300]`, and look at Figure 2. Where digits are only copied there is less to learn than
# where a month has a name, of which each must be met a few times.
#
# </details>
#
# **3.** Teach it the years 1700 to 2029 and look at Figure 2 again.
#
# <details><summary>Answer</summary>
#
# `made_up(6000, first=1700)`. Four times as many years with as much data: the old failure is gone
# (so take out the assert of section 6, which expects it), and the errors among the years 1950 to
# 2029 tell you what it costs.
#
# </details>
#
# **4.** Let the pictures show shapes *beside* each other, with captions like `a red circle left of
# a blue square`, and train with `teller.fit([(path, caption), ...])`, which reads and encodes the
# pictures itself. Why does it never learn left from right?
#
# <details><summary>Answer</summary>
#
# Give the pictures as `(folder / name, caption)`, and call `teller.compile(...)` again before
# `fit`, since its training step was made for stored features. `fit` on images shows each a little
# different every time, and half of them *mirrored* (`zoo.vision.augment`). For a photograph of a
# dog that is a gift; here it makes half of the captions wrong. Always ask whether an augmentation
# (数据增强) keeps the answer true.
#
# </details>
#
# ## References
#
# - Bahdanau, Cho and Bengio (2015), [arXiv:1409.0473](https://arxiv.org/abs/1409.0473), and Vaswani
#   et al. (2017), [arXiv:1706.03762](https://arxiv.org/abs/1706.03762): the model.
# - Kudo and Richardson (2018), *SentencePiece*,
#   [arXiv:1808.06226](https://arxiv.org/abs/1808.06226): the tokens.
# - Tan and Le (2019), *EfficientNet*, [arXiv:1905.11946](https://arxiv.org/abs/1905.11946): the
#   eyes that we borrow.
# - Guo, Pleiss, Sun and Weinberger (2017), *On Calibration of Modern Neural Networks*,
#   [arXiv:1706.04599](https://arxiv.org/abs/1706.04599): why a probability is not a promise.
