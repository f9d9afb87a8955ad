"""One small translator for all tests, taught for a few seconds to copy what it reads."""

import gc
import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

if "PYTEST_XDIST_WORKER" in os.environ:  # else every worker, and what it starts, wants all cores
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}

import needs
import pytest

# Fixtures import what they need: the process that hands out the tests needs no TensorFlow.

ROOT = Path(__file__).resolve().parent.parent
WORDS = "der Hund läuft eine Katze schläft zwei Kinder".split()


def pytest_addoption(parser):
    parser.addoption(
        "--every-model",
        action="store_true",
        help="also what is checked for one shipped model of each task, for all of them",
    )


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config, items):
    for item in items:
        for mark in needs.marks(item):
            item.add_marker(mark)
    items.sort(key=needs.place)
    if not config.getoption("--every-model"):
        skip = pytest.mark.skip(reason="one model of each task is enough; --every-model runs all")
        for item in items:
            if item.get_closest_marker("every_model"):
                item.add_marker(skip)


@pytest.fixture(scope="module", autouse=True)
def short_collections():
    """What is there before a module's tests is not looked through again for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sentences():
    """300 sentences of 1 to 4 words."""
    rng = random.Random(0)
    return [" ".join(rng.choices(WORDS, k=rng.randint(1, 4))) for _ in range(300)]


@pytest.fixture(scope="session")
def tokenizer(sentences):
    from zoo.text import SentencePieceTokenizer

    return SentencePieceTokenizer.train(sentences, vocab_size=400)


@pytest.fixture(scope="session")
def trained(sentences, tokenizer):
    """The translator and the history of its training."""
    import keras

    from zoo.models import Transformer
    from zoo.tasks import Translator

    keras.utils.set_random_seed(1)
    model = Transformer(
        tokenizer.vocab_size,
        tokenizer.vocab_size,
        num_encoder_layers=1,
        num_decoder_layers=2,
        model_dim=16,
        num_heads=4,
        ff_dim=32,
        dropout=0.0,
        share_embeddings=True,
    )
    translator = Translator(model, tokenizer, decoding={"num_beams": 3, "max_new_tokens": 20})
    translator.compile(keras.optimizers.Adam(0.02), label_smoothing=0.05)
    history = translator.fit(sentences, sentences, batch_tokens=300, epochs=8, verbose=0)
    return SimpleNamespace(translator=translator, history=history.history)


@pytest.fixture(scope="session")
def translator(trained):
    return trained.translator


@pytest.fixture(scope="session")
def exported(translator, tmp_path_factory):
    """A folder with the first version of an export of the translator, `copy/1`."""
    from zoo.serving import export

    folder = tmp_path_factory.mktemp("exported")
    export(translator, folder, "copy")
    return folder


@pytest.fixture(scope="session")
def fresh_python():
    """Run code in a process of its own; returns what it prints."""

    def run(code, *args, cwd=ROOT):
        command = [sys.executable, "-c", code, *map(str, args)]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
