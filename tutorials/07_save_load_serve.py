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
# # 7. Save, load, serve
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/attention-zoo/attention-zoo/blob/main/tutorials/07_save_load_serve.ipynb)
# [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/attention-zoo/attention-zoo/blob/main/tutorials/07_save_load_serve.ipynb)

# %% tags=["front", "remove-input"] jupyter={"source_hidden": true} cellView="form"
# @title An attention map, drawn from the answer of a server

# %% [markdown]
# *Where this goes.* This map was not drawn by a program that has the model. It asked a server over
# HTTP, sent one sentence, and got back a translation and the weights of its attention.
#
# **You need** to have used a shell and a web page. **Time**: 1 minute on 2 CPU cores.
#
# A model that lives in a notebook helps nobody else. There are three ways out of it:
#
# | what | for whom | needs to run |
# |---|---|---|
# | a `.keras` file | who goes on in Python, trains on, looks inside | Keras and the zoo |
# | a **SavedModel** | programs: strings in, strings out | TensorFlow, a package more (section 3) |
# | a **server** (模型服务) | everybody, in any language, by network | a client that speaks HTTP |

# %%
import importlib.util

if importlib.util.find_spec("zoo") is None:  # on Colab, on Kaggle, in a new environment
    # !git clone -q --depth 1 https://github.com/attention-zoo/attention-zoo
    # %pip install -q "./attention-zoo[tutorials]" ./attention-zoo/saved_models
    print("ready")

# %%
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

import zoo

# %% tags=["parameters"]
FAST = bool(os.environ.get("ZOO_FAST"))  # a run of seconds, for tests
REQUESTS, SIZES = 8, (1, 4, 16)  # whose time is taken, of each size; sentences in a request
if FAST:
    REQUESTS, SIZES = 1, (1,)
STARTED = time.time()
FOLDER = Path(tempfile.mkdtemp())
tf.get_logger().setLevel("ERROR")
plt.rcParams.update({"figure.dpi": 110, "font.size": 10})

# %% [markdown]
# ## 1. One file
#
# Every model of the zoo is one `.keras` file. It holds the weights, the vocabulary and the way of
# decoding, so nothing can be lost beside it.

# %%
translator = zoo.load("translate_de_en")
text = "Zwei Kinder spielen im Park."
print(translator.generate(text))

translator.save(FOLDER / "mine.keras")
with zipfile.ZipFile(FOLDER / "mine.keras") as archive:
    for part in archive.infolist():
        print(f"{part.filename:25} {part.file_size / 1e6:6.2f} MB")

# %% [markdown]
# It is a zip archive of three parts: `metadata.json` says which Keras wrote it, `config.json` which
# classes to build and with what arguments, and the `.h5` holds the weights. Look into
# `config.json`: no code is in it, only names.

# %%
config = json.loads(zipfile.ZipFile(FOLDER / "mine.keras").read("config.json"))
print(config["module"], config["class_name"])
print({key: config["config"]["decoding"][key] for key in ("num_beams", "length_penalty")})

# %% [markdown]
# Names need somebody who knows them. `import zoo` tells Keras its classes; after that the plain
# `keras.models.load_model` works, without `custom_objects`. And the check of all checks: the copy
# gives the *same* numbers.

# %%
copy = keras.models.load_model(FOLDER / "mine.keras")
one, other = (it.score(text, "Two kids are playing in a park.") for it in (translator, copy))
print(f"log probability {one:.6f}, of the copy {other:.6f}")
assert abs(one - other) < 1e-5

# %% [markdown]
# ## 2. A SavedModel: strings in, strings out
#
# `zoo.serving.export` writes the whole way (tokens, encoder, beam search (束搜索), text) as one
# TensorFlow graph, under a version number. The folder is complete or not there at all, so that a
# server that looks at the wrong moment never sees half a model.

# %%
version = zoo.serving.export(translator, FOLDER / "exported", "translate_de_en")
for path in sorted(version.rglob("*")):
    if path.is_file():
        print(f"{path.relative_to(FOLDER / 'exported')}  {path.stat().st_size / 1e6:.2f} MB")

# %% [markdown]
# A **signature** (签名) is a function of that graph with fixed names for what goes in and comes
# out.

# %%
served = tf.saved_model.load(version)
for name, signature in served.signatures.items():
    inputs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    print(f"{name}: {', '.join(inputs)} -> {', '.join(sorted(outputs))}")
answer = served.signatures["serving_default"](text=tf.constant([text, "Ein Hund rennt."]))
print([row.decode() for row in answer["text"].numpy()])
assert answer["text"].numpy()[0].decode() == translator.generate(text)

# %% [markdown]
# ### A signature of your own
#
# How is a signature written? As a method under `tf.function`. Its `input_signature` gives the name,
# shape and dtype (数据类型) of each argument; `[None]` is a list of any length. TensorFlow runs the
# method once with placeholders (占位符) for the strings, writes down what happens to them, and
# saves that graph together with all that the object holds: weights, vocabulary, or a whole
# SavedModel.
#
# Yours shall mark what the translator is not sure of. `score` is the natural logarithm of the
# probability of a translation; it falls with each word, so divide it by their number. (A good
# threshold is chosen on validation data; -1 is a guess.)


# %%
class Careful(tf.Module):
    def __init__(self, served, least):
        super().__init__()
        self.served, self.least = served, tf.constant(least)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def translate(self, text):
        found = self.served.signatures["serving_default"](text=text)
        words = tf.strings.split(found["text"]).row_lengths()
        sure = found["score"] / tf.cast(tf.maximum(words, 1), "float32") >= self.least
        return {"text": tf.where(sure, found["text"], "(not sure) " + found["text"]), "sure": sure}


# %%
careful, place = Careful(served, least=-1.0), str(FOLDER / "careful" / "1")
tf.saved_model.save(careful, place, signatures={"serving_default": careful.translate})
ask_careful = tf.saved_model.load(place).signatures["serving_default"]
answer = ask_careful(text=tf.constant([text, "Der Krebs liebt Baumwolle."]))
print([row.decode() for row in answer["text"].numpy()])
assert answer["sure"].numpy().tolist() == [True, False]

# %% [markdown]
# *Der Krebs liebt Baumwolle* is "the crab loves cotton", a sentence that nobody says (*Krebs* is
# cancer, too). One sentence is no test of a threshold; notebook 8 chooses one on data. The folder
# `careful/1` is a model like the other: TensorFlow Serving takes both.
#
# ## 3. An honest failure: it does not load
#
# Does TensorFlow alone suffice? Another Python, with nothing but TensorFlow imported:

# %%
CODE = "import tensorflow as tf; tf.saved_model.load({path!r}); print('loaded')"


def elsewhere(code):
    """What a new Python process says last."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code.format(path=str(version))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return (done.stdout or done.stderr).strip().splitlines()[-1]


print(elsewhere(CODE)[:120])

# %% [markdown]
# The tokenizer inside the graph is an operation of the package **tensorflow-text**, which must be
# imported before, although no line of code uses it. This is the most frequent fright with exported
# text models; the remedy is one word. (TensorFlow Serving has these operations built in.)

# %%
said = elsewhere("import tensorflow_text; " + CODE)
print(said)
assert said == "loaded"

# %% [markdown]
# ## 4. A server
#
# For a laptop there is `zoo serve`, a small server that speaks as TensorFlow Serving does. We start
# it from here; you would type the same line in a shell, and could then open the address in a
# browser to try the model by hand.

# %%
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
command = [sys.executable, "-m", "zoo", "serve", "--dir", str(FOLDER / "exported")]
server = subprocess.Popen(
    [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
)
address = f"http://127.0.0.1:{port}/v1/models/translate_de_en"
print("zoo serve --dir exported --port", port)


# %%
def ask(url, body=None):
    """GET, or POST a body as JSON; the answer, read from JSON."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=600) as response:
        return json.loads(response.read())


for _ in range(600):  # it needs some seconds to load the model
    try:
        print(ask(address))
        break
    except OSError:
        time.sleep(0.5)

# %% [markdown]
# The client needs no TensorFlow, no Python even. This is what you would type in a shell:

# %%
german = ["Ein Hund rennt."]
print(f"curl -d '{json.dumps({'instances': german})}' {address}:predict")
print(ask(f"{address}:predict", {"instances": german}))

# %%
german = [text, "Ein Mann repariert ein altes Fahrrad.", ""]
for row in ask(f"{address}:predict", {"instances": german})["predictions"]:
    print(row)

# %% [markdown]
# Note the third: blank text is no error, and does not disturb its neighbours. What *is* an error
# gets an answer that says so, with status 400, and the server lives on.

# %%
for body in ({"instances": [17]}, {"signature_name": "translate", "instances": ["Hallo"]}):
    try:
        ask(f"{address}:predict", body)
    except urllib.error.HTTPError as error:
        print(error.code, json.loads(error.read())["error"][:90])

# %% [markdown]
# ## 5. Attention over the network
#
# The signature `attention` also returns the tokens and the weights, the mean over the heads of the
# last layer. Everything in the picture below came out of that answer.

# %%
body = {"signature_name": "attention", "instances": ["Ein Mann repariert ein altes Fahrrad."]}
got = ask(f"{address}:predict", body)["predictions"][0]
weights = np.array(got["attention"])
print(got["text"], weights.shape)
assert np.allclose(weights.sum(axis=1), 1, atol=1e-3)

# %% tags=["cover"]
figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
shown = axes.imshow(weights, cmap="Greys", vmin=0)
axes.set_xticks(range(weights.shape[1]), [t.strip("▁") for t in got["source_tokens"]], rotation=90)
axes.set_yticks(range(weights.shape[0]), [t.strip("▁") for t in got["target_tokens"]])
axes.set(xlabel="German token", ylabel="English token", title=got["text"])
figure.colorbar(shown, label="attention weight")
plt.show()

# %% [markdown]
# *Figure 1. Attention of an exported model, drawn from the answer of a server. Each row sums to 1.*
#
# ## 6. One by one, or together?
#
# A batch (批) shares the work: the weights are read from memory once for all its rows. How many
# sentences a second, if each request brings 1, 4 or 16?

# %%
sentence, rates = "Ein kleiner Hund spielt mit einem roten Ball im Garten.", {}
for size in SIZES:
    body = {"instances": [sentence] * size}
    ask(f"{address}:predict", body)
    began = time.perf_counter()
    for _ in range(REQUESTS):
        ask(f"{address}:predict", body)
    rates[size] = REQUESTS * size / (time.perf_counter() - began)

# %%
figure, axes = plt.subplots(figsize=(5, 2.8), layout="constrained")
drawn = axes.bar([str(size) for size in rates], rates.values(), color="0.75", edgecolor="0.2")
axes.bar_label(drawn, fmt="%.0f", padding=2)
axes.set(xlabel="sentences in a request", ylabel="sentences a second")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# *Figure 2. Throughput of `zoo serve` on the machine that ran this notebook, with the beam search
# kept with the model. Do not compare it with another machine; compare the bars.* It is the best
# case: one sentence, sixteen times. In a batch of mixed lengths the short rows wait for the
# longest. You need not wait until you have 16 sentences yourself: requests of several clients share
# a batch where no thread is free and their lengths are near.
#
# ### A new version, without a stop
#
# A better model is there, and the server must not stop. A new version is a new folder, with the
# next number. Ours is only a copy. It is put in place by a *rename*, so that the server never sees
# half of it.

# %%
shutil.copytree(version, FOLDER / "being_copied")
(FOLDER / "being_copied").rename(version.with_name("2"))
for _ in range(600):  # the server looks every few seconds
    found = {each["version"]: each["state"] for each in ask(address)["model_version_status"]}
    if found.get("2") == "AVAILABLE":
        break
    time.sleep(0.5)
print(found, ask(f"{address}:predict", {"instances": [text]})["predictions"][0]["text"])

# %% [markdown]
# Version 2 was loaded while version 1 answered; now 2 answers, and 1 has been unloaded. The newest
# version alone is served, here and, unless you ask for more, in TensorFlow Serving. The way back,
# if the new model turns out to be worse: delete its folder.

# %%
server.terminate()
print("stopped with", server.wait(timeout=60))

# %% [markdown]
# (-15 is no fault: the process was ended by signal 15, `terminate`.)
#
# ## 7. TensorFlow Serving, with Docker
#
# For production there is TensorFlow Serving. The export has put everything that it wants beside the
# model (this notebook has no Docker, so the commands below are for you to try):

# %%
print("\n".join(sorted(p.name for p in (FOLDER / "exported").iterdir())))

# %% [markdown]
# ```
# zoo export translate_de_en --out exported
# zoo check-export exported/translate_de_en/1   # which versions of TF Serving can run it
# cd exported && docker compose up              # the paths and answers of above, on port 8501
# sh clients/curl.sh
# ```
#
# TensorFlow Serving changes over to a new version as you have seen it.

# %% [markdown]
# ## 8. Without TensorFlow: LiteRT
#
# A phone has no TensorFlow, and a command line does not want to wait for it. **LiteRT** (端侧推理,
# inference on the device) is a runtime much smaller than TensorFlow, which reads a model from a
# `.tflite` file. The zoo puts the whole decode loop into that file, its weights rounded to 8 bits
# (量化, quantization); the vocabularies lie beside it. What the rounding costs is on the model's
# card.

# %%
lite = zoo.serving.export_litert(translator, FOLDER / "exported", "translate_de_en")
for path in sorted(lite.iterdir()):
    print(f"{path.stat().st_size / 1e6:6.2f} MB  {path.name}")

# %% [markdown]
# The reader lives in a process of its own here, so that you can see what it does not import, and
# how long it takes from the start of Python to the answer.

# %%
code = f"""
import sys, zoo
reader = zoo.serving.LiteTranslator({str(lite)!r})
print(reader.generate({german!r}))
print("tensorflow" in sys.modules)
"""
began = time.perf_counter()
done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
print(done.stdout, f"{time.perf_counter() - began:.1f} s from the start of the process")
assert done.stdout.splitlines()[1] == "False"

# %%
shutil.rmtree(FOLDER)

# %%
print(f"run on {time.strftime('%Y-%m-%d')} in {(time.time() - STARTED) / 60:.1f} minutes, "
      f"keras {keras.__version__}")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# **1.** Start a new Python and call `keras.models.load_model` on a `.keras` file of the zoo
# *without*
# `import zoo`. What happens, and why is that good?
#
# <details><summary>Answer</summary>
#
# Keras says that it cannot find the class `Translator`. It builds only what it knows or what you
# have imported, so that a file cannot simply choose what runs. That is no full protection: a
# `Lambda` layer brings code along, which only `safe_mode=True` (the default) refuses, and versions
# before 3.9 had a hole in spite of it (CVE-2025-1550). Open files of people that you trust, with a
# current Keras.
#
# </details>
#
# **2.** Write the request of section 4 with `"inputs"` in place of `"instances"`.
#
# <details><summary>Answer</summary>
#
# `{"inputs": {"text": [...]}}` gives `{"outputs": {"text": [...], "score": [...]}}`: by columns in
# place of rows. It is shorter when there are many rows.
#
# </details>
#
# **3.** How would you find out, from outside, that the new version of your model is worse than the
# old one?
#
# <details><summary>Answer</summary>
#
# Keep a list of inputs with the answers you expect, and send them to a server with the new version,
# *before* you send users there. The zoo does that with `examples.jsonl` of each model. (TensorFlow
# Serving can serve both versions, as `/versions/1:predict` and `/versions/2:predict`, where its
# `models.config` has `model_version_policy { all {} }`.)
#
# </details>
#
# ## References
#
# - Olston et al. (2017), *TensorFlow-Serving: Flexible, High-Performance ML Serving*,
#   [arXiv:1712.06139](https://arxiv.org/abs/1712.06139): versions, batching, and why.
# - The guide to SavedModel: [tensorflow.org](https://www.tensorflow.org/guide/saved_model).
# - The guide to saving in Keras: [keras.io](https://keras.io/guides/serialization_and_saving/).
