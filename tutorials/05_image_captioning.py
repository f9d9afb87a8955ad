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
# looked for each. You will train one, set it beside a shipped one, find out what it has no word
# for, and see how copying gives a captioner the word.
#
# **You need** a little Keras, and the data set Flickr8k. **Time**: 6 minutes on 2 CPU cores.
#
# *You do not have Flickr8k?* The notebook cannot download it: its terms are research and education.
# Ask for it where it is given out, and set the environment variable `ZOO_DATA` to a folder that
# holds `flickr8k/images/` (the photographs) and `flickr8k/captions.train.en.tsv` and
# `captions.val.en.tsv` (a line each: file name, TAB, caption). A checksum tests that it is the
# edition the zoo knows, and says `ValueError` of another; for captions of your own take
# [notebook 8](08_your_own_data.ipynb).
#
# *And until then?* Six photographs with made-up captions stand in. Put `%env ZOO_FAST=1` in a cell
# before all others, or the check at the end of section 5 stops the run: on these six the shipped
# captioner does not beat a blind one. Your own captioner learns nothing then. What is done with the
# shipped one (Figures 1 and 3, the hidden cells of section 4, its captions in Figure 5) does not
# need the data set.
#
# **Image captioning** (图像描述) is translation from a picture. The encoder turns the picture into
# a row of vectors, and the decoder attends to them as it would to the words of a sentence.

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import collections
import os
import textwrap
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image

# %%
import zoo
from zoo.data.captions import grid_batches
from zoo.evaluation.captions import measure_captions
from zoo.models import CaptionTransformer
from zoo.text import SentencePieceTokenizer
from zoo.training import WarmupLinear

FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
tf.config.run_functions_eagerly(FAST)  # a graph pays after many calls
STARTED = time.time()
keras.utils.set_random_seed(1)
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})
CHECKOUTS = Path(zoo.__file__).parents[1], Path("attention-zoo")
PHOTOS = next(path for c in CHECKOUTS if (path := c / "examples" / "photos").is_dir())
NAMES = ("astronaut", "cat", "coffee", "officer", "photographer", "rocket")


# %%
def few_colors(figure, dpi):
    """A figure as a picture of 64 colours: photographs make a notebook large."""
    figure.set_dpi(dpi)
    figure.canvas.draw()
    pixels = np.array(figure.canvas.buffer_rgba())[..., :3]
    plt.close(figure)
    return Image.fromarray(pixels).quantize(64, dither=Image.Dither.NONE)


# %% [markdown]
# ## 1. What the encoder sees
#
# Nobody learns to see from a few thousand photographs. So the eyes are borrowed: **EfficientNet-
# Lite0**, a convolutional network (卷积网络) that learned to tell a thousand kinds of things apart
# on ImageNet. Its last layer, which names them, is cut off. What is left is a grid of **features**
# (特征): 7 × 7 cells, 1,280 numbers each. We take it out of the shipped captioner, which left it
# as it was.

# %%
shipped = zoo.load("caption_en")
encoder = shipped.encoder
encoder.trainable = False
print("image", encoder.input_shape[1:], "-> grid", encoder.output_shape[1:])

see = tf.function(shipped.encode_images)


def features(paths):
    """What the encoder sees in each photograph: float16 (photographs, cells, width)."""
    grids = []
    for i in range(0, len(paths), 25):
        images = [zoo.vision.read(path, shipped.image_size) for path in paths[i : i + 25]]
        grids.append(see(np.stack(images).astype("float32")).numpy().astype("float16"))
    return np.concatenate(grids)


# %% [markdown]
# 1,280 numbers do not speak for themselves, but they can be compared. Take one cell of a
# photograph: which others are like it, by the cosine (余弦相似度) of their features?

# %%
paths = [PHOTOS / f"{name}.jpg" for name in ("cat", "rocket")]
grids = features(paths).astype("float32").reshape(2, 7, 7, -1)
grids /= np.linalg.norm(grids, axis=-1, keepdims=True)
figure, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
for i, (path, (row, column)) in enumerate(zip(paths, ((3, 3), (1, 1)))):
    axes[2 * i].imshow(Image.open(path).resize((224, 224)))
    axes[2 * i].plot(32 * column + 16, 32 * row + 16, "ws", markersize=13, fillstyle="none")
    axes[2 * i].set_title("the cell", size=10)
    like = grids[i] @ grids[i, row, column]
    shown = axes[2 * i + 1].imshow(like, cmap="Greys", vmin=0, vmax=1)
    axes[2 * i + 1].set_title("cells like it: dark", size=10)
figure.colorbar(shown, ax=axes, label="cosine")
for ax in axes:
    ax.set_axis_off()
few_colors(figure, 110)

# %% [markdown]
# *Figure 1. Each cell has features of its own place: those near the marked cell are like it, and
# those further away are not, even where they show the same cat or the same sky.* This is what a
# decoder attends to.
#
# ## 2. What people say
#
# Flickr8k has five captions for each photograph. Read those of one, which we need not see:

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
try:
    train, valid = (zoo.data.flickr8k(split) for split in ("train", "val"))
    path_of = zoo.data.flickr8k_image
except FileNotFoundError:
    train = valid = {f"{name}.jpg": [caption] * 5 for name, caption in STAND_IN.items()}
    path_of = PHOTOS.joinpath
every = [zoo.data.plain_caption(text) for row in train.values() for text in row]
print(len(train), "photographs")
print(*list(train.values())[2], sep="\n")

# %% [markdown]
# All five are right, and no two are equal. So there is no *one* answer to be compared with, and
# every measure below compares with all five.
#
# A few minutes must do, so we take some hundred photographs, and send each through the encoder
# once. (The shipped model learned from seven times as many, and from captions without
# photographs.)

# %%
count, held_out = (16, 8) if FAST else (800, 100)
learn, check = list(train)[:count], list(valid)[:held_out]
began = time.process_time()
learn_grids, check_grids = (features(list(map(path_of, names))) for names in (learn, check))
print(learn_grids.shape, f"in {time.process_time() - began:.0f} CPU seconds")


def captions(names, data):
    """The captions of each photograph as the model learns them: lower case, no full stop."""
    return [list(map(zoo.data.plain_caption, data[name])) for name in names]


# %% [markdown]
# ## 3. A decoder that looks
#
# **CaptionTransformer** is a Transformer decoder (解码器). Its self-attention (自注意力) reads the
# words so far; its *cross-attention* (交叉注意力) asks the 49 cells. Nothing else is new since the
# translation of [notebook 3](03_transformer_translation.ipynb). A check below, as in every
# notebook: before training, the loss is near ln V, since each of V tokens is as likely as another.
# (It starts above, because the first guesses are not all equal.)

# %%
ours = [text for row in captions(learn, train) for text in row]
tokenizer = SentencePieceTokenizer.train(ours, vocab_size=1000)

# %%
cells, width = learn_grids.shape[1:]
sizes = {"num_layers": 1, "model_dim": 128, "num_heads": 4, "ff_dim": 256}
model = CaptionTransformer(cells, width, tokenizer.vocab_size, dropout=0.2, **sizes)
decoding = {"max_new_tokens": 6 if FAST else 20}
captioner = zoo.ImageCaptioner(encoder, model, tokenizer, decoding=decoding)
captioner.build()
own = sum(int(np.prod(w.shape)) for w in model.weights)
print(f"{own:,} parameters of its own, {encoder.count_params():,} borrowed")


# %%
def batches(names, data, grids, shuffle=0):
    """Batches of photographs by their features, each with its five captions."""
    options = {"batch_images": 16, "max_length": 22, "shuffle": shuffle}
    return grid_batches([grids], captions(names, data), captioner.encode_captions, **options)


# %%
STEPS, EPOCHS = (2, 1) if FAST else (800, 8)
schedule = WarmupLinear(3e-3, 1 + STEPS // 10, STEPS)
captioner.compile(keras.optimizers.Adam(schedule, beta_2=0.98), label_smoothing=0.0)
validation = batches(check, valid, check_grids)
first = captioner.evaluate(validation, verbose=0)
print(f"first loss {first:.2f}, ln V = {np.log(tokenizer.vocab_size):.2f}")
assert FAST or abs(first - np.log(tokenizer.vocab_size)) < 2

# %%
history = captioner.fit(
    batches(learn, train, learn_grids, shuffle=1000),
    validation_data=validation,
    steps_per_epoch=STEPS // EPOCHS,
    epochs=EPOCHS,
    verbose=0,
).history
print(f"validation loss {history['val_loss'][-1]:.2f}")

# %%
figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
steps = STEPS // EPOCHS * np.arange(1, EPOCHS + 1)
for name, label, style in (("loss", "training", "k--s"), ("val_loss", "validation", "k-o")):
    axes.plot(steps, history[name], style, label=label, markerfacecolor="white")
axes.set(xlabel="training steps", ylabel="loss, nats a token", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. Where the training loss goes on falling and the validation loss does not, the model
# learns its photographs by heart.* The remedies: more photographs, dropout, mirrored ones.
#
# ## 4. Does it look at all?
#
# A captioner can get far blindly: *a man in a ...* is a good beginning for anything. So here is the
# check that every captioner should pass. Give the validation captions the features of the *wrong*
# photographs. If the loss stays as it was, it never looked.

# %%
wrong = batches(check, valid, np.roll(check_grids, 1, axis=0))
right_loss, wrong_loss = (captioner.evaluate(x, verbose=0) for x in (validation, wrong))
print(f"with the right photographs {right_loss:.2f}, with wrong ones {wrong_loss:.2f}")
assert FAST or right_loss < wrong_loss

# %% [markdown]
# The difference is what looking is worth, in nats a token. Now see it at work, first the shipped
# one:

# %% tags=["cover"]
path = PHOTOS / "photographer.jpg"
photograph = np.asarray(Image.open(path).convert("RGB"))
out = shipped.generate(path, return_dict=True)
few_colors(zoo.plot_attention(out, photograph=photograph), 90)

# %% [markdown]
# *Figure 3. `caption_en`: for each word the cells that it looked at, bright where the weights of
# the last layer, averaged over the heads, are large.* And ours:

# %%
mine = captioner.generate(path, return_dict=True)
few_colors(zoo.plot_attention(mine, photograph=photograph), 90)

# %% [markdown]
# *Figure 4. The captioner that you have just trained, on the same photograph.* Compare words that
# can be seen, such as *man*, with words like *a* and *in*, for which there is nothing to look at.
# One would expect the light to lie on the thing that is named. Often it does not. (In Figure 3 the
# weights of the cells do not sum to 1: what is missing went to names, see section 7. And our model
# has read few captions, for a minute, so its sentence may be strange or repeat itself. Section 5
# measures what that costs.)
#
# Is the bright place also *why* it said so? A test: grey out the 12 cells with the most attention,
# or the 12 with the least, and ask how probable the same caption still is.


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
for name in NAMES[: 1 if FAST else 6]:
    out = shipped.generate(PHOTOS / f"{name}.jpg", return_dict=True)
    order = np.argsort(out.attention[-1].mean((0, 1)))
    images = [out.image, without(out, order[-12:]), without(out, order[:12])]
    whole, most, least = shipped.score(images, [out.text] * 3)
    falls["most"].append(whole - most)
    falls["least"].append(whole - least)
for kind, values in falls.items():
    print(f"{kind:5} attended cells hidden: ln p falls by", np.round(values, 1))

# %% [markdown]
# Where the first row is larger, attention was a fair guide. Where it is not, mind that a cell of
# the grid has also seen its neighbours, and that the picture shows the last layer alone: attention
# is a hint, not a proof.
#
# ## 5. How good is it?
#
# **BLEU-n** takes the runs of 1 to n words of a caption, and the shares of them that one of the
# five has, too: 0 is nothing, 1 is all (notebook 2 has the formula). **CIDEr-D** counts such runs,
# too, but one counts more if few photographs have it: *a man in a* is worth nothing, *skateboard*
# is. So that the numbers mean something, let a third take part, who is blind and always says the
# same.

# %%
paths = list(map(path_of, check))
blind = "a man in a red shirt is standing in the grass"
said = {
    "blind": [blind] * len(paths),
    "ours": captioner.generate(paths),
    "shipped": shipped.generate(paths),
}
results = {}
for name, texts in said.items():
    results[name] = measure_captions(texts, [valid[n] for n in check], every, "en")
    shown = {key: results[name][key] for key in ("bleu_1", "bleu_4", "cider_d", "distinct")}
    print(f"{name:8}", {key: round(value, 3) for key, value in shown.items()})
assert FAST or results["blind"]["cider_d"] < results["shipped"]["cider_d"]

# %% [markdown]
# See what BLEU-1 gives to the blind one! A measure is only worth what it denies to nonsense.
# `distinct` counts the different captions. What do we say most often?

# %%
for text, times in collections.Counter(said["ours"]).most_common(4):
    print(f"{times} times: {text}")

# %% [markdown]
# ## 6. An honest failure: what it has no word for
#
# Now all six photographs, which are not of Flickr's kind.

# %%
photos = [PHOTOS / f"{name}.jpg" for name in NAMES]
told = {"ours": captioner.generate(photos), "shipped": shipped.generate(photos)}
figure, axes = plt.subplots(2, 3, figsize=(9, 6.4), layout="constrained")
for i, ax in enumerate(axes.flat):
    ax.imshow(Image.open(photos[i]).convert("RGB").resize((224, 224)))
    lines = [textwrap.fill(f"{who}: {texts[i]}", 44) for who, texts in told.items()]
    ax.set_title("\n".join(lines), size=8, loc="left")
    ax.set_axis_off()
few_colors(figure, 110)

# %% [markdown]
# *Figure 5. What the two captioners say of six photographs.* Ours does not say "I do not know". It
# says what is often true of photographs on Flickr. Why? Count the words that it could have learned:

# %%
occurrences = collections.Counter(word for text in every for word in text.split())
for word in ("dog", "man", "cat", "cup", "rocket", "astronaut"):
    print(f"{word:10} {occurrences[word]:6} times in {len(every)} captions")

# %% [markdown]
# ImageNet, from which the encoder learned, is full of cats. But a word that the captions hardly
# have is never *said*. No measure of section 5 could have shown this, since the validation
# photographs come from the same place as those for training. Before you use a model, look at
# *your* pictures.
#
# ## 7. How copying gives it the word
#
# The encoder has known it all the time. The layer that was cut off still fits: the mean of the 49
# cells, times its matrix, gives the **logits** of the thousand classes of ImageNet. The shipped
# model has that layer, and a plain name for each class (all breeds of dogs are *dog*):

# %%
model_of = shipped.model
names = shipped.tokenizer.decode(model_of.get_config()["names"])
likely = model_of.label_probabilities(features(photos).astype("float32")).numpy()
for name, row in zip(NAMES, likely):
    best = np.argsort(-row)[:3]
    print(f"{name:13}", ", ".join(f"{names[i]} {row[i]:.2f}" for i in best))

# %% [markdown]
# (Of a long name the last five tokens are kept: *rmonica*.)
#
# The tokens of the likeliest names stand behind the 49 cells, and the decoder may attend to them.
# And it may **copy** (复制) one: at each step a gate p mixes two distributions,
#
# $$P(w) = p \cdot \mathrm{softmax}(E x)_w + (1 - p) \sum_{s:\ w_s = w} a_s,$$
#
# what it would write, and where an attention over the tokens of the names points (a **pointer**,
# 指针网络, [notebook 10](10_summaries.ipynb)). How does it learn to use names that Flickr8k does
# not have? From captions of COCO *without their photographs*: the names that stand in a caption
# are its labels, and now and then one is put in the place of another, in the labels and in the
# text. Is the name the reason for the word? Take the names away, or give it a wrong one:


# %%
def mean_log_probability(path, text, labels):
    """Of the tokens of a caption, with these names, numbers of `names` or -1 for none."""
    ids = shipped.encode_captions(tf.constant([text])).to_tensor()
    shown = np.full((1, model_of.get_config()["num_labels"]), -1, "int32")
    shown[0, : len(labels)] = labels
    inputs = {"source": features([path]), "target": ids[:, :-1], "labels": shown}
    log_probs = tf.nn.log_softmax(model_of(inputs))
    return float(tf.reduce_mean(tf.gather(log_probs, ids[:, 1:], batch_dims=2)))


# %%
truth = "a cat looking at the camera"
for labels in (["cat"], [], ["dog"], ["pizza"]):
    numbers = [names.index(label) for label in labels]
    log_p = mean_log_probability(PHOTOS / "cat.jpg", truth, numbers)
    print(f"told {', '.join(labels) or 'nothing':8} mean ln p of a token {log_p:.2f}")

# %% [markdown]
# The same photograph, the same words; only the name has changed. It is the name that makes the
# caption likely. And it is no magic: what the classifier takes for another thing, the captioner
# says with the same confidence, and what ImageNet has no class for has no name (an astronaut).

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Put `zoo.models.ShowAttendTell(width, tokenizer.vocab_size, units=256)` in the place of the
# Transformer. What is different in its attention?
#
# <details><summary>Answer</summary>
#
# It has one layer with one head, whose weights go straight into the next word, so its maps are
# sharper and easier to believe. It trains more slowly, since an LSTM must go word by word.
#
# </details>
#
# **2.** Turn the photographs upside down (`image[::-1]`) before `generate`. Which captions survive?
#
# <details><summary>Answer</summary>
#
# `shipped.generate([np.asarray(Image.open(p).convert("RGB"))[::-1] for p in photos])`. Some do:
# colours and textures are the same. People suffer more, as the encoder has rarely seen one standing
# on their head.
#
# </details>
#
# **3.** Caption with `num_beams=5`, and with `temperature=1.0`, and measure both as in section 5.
#
# <details><summary>Answer</summary>
#
# `captioner.generate(paths, num_beams=5)`. Beams usually raise BLEU and CIDEr-D and lower
# `distinct`; sampling does the opposite. For captions, which shall say what is there, the most
# probable text is a good one; tutorial 4 shows where it is not.
#
# </details>
#
# **4.** How much is the loss of section 4 with a photograph that is all grey? Is that nearer to the
# right or to the wrong photographs?
#
# <details><summary>Answer</summary>
#
# Use `np.zeros_like(check_grids)`. Zeros are something that the model never saw, so it may be
# either: a fair blind model must be *trained* without photographs.
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
