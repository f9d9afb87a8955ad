"""Each extra of setup.cfg is enough for what it names."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions

import extras
import pytest
from conftest import ROOT
from packaging.utils import canonicalize_name

from zoo.system.packages import EXTRAS

NOTEBOOK = "07_save_load_serve"

USES = {
    "": """
import zoo, zoo.cli, zoo.lite.readers
assert zoo.models()
for name in (
    "tensorflow", "matplotlib", "jieba", "sacrebleu", "tensorboard", "starlette", "ai_edge_litert",
    "jupytext", "torch", "jax", "pytest",
):
    try:
        __import__(name)
    except ImportError:
        continue
    raise SystemExit(f"{name} is there")
""",
    "tensorflow": """
import zoo
from zoo.serving import export
assert zoo.load("classify_questions_en").classify("Who wrote it?")
""",
    "fast": "import ai_edge_litert.interpreter, zoo.lite.readers",
    "litert": "import ai_edge_litert.interpreter, zoo.lite.readers",
    "plot": "import zoo.plots.labels; zoo.plots.labels.glyphs()",
    "serve": "import uvicorn, zoo.serving.app",
    "grpc": "import uvicorn, zoo.serving.app, zoo.serving.grpc_service",
    "beam": "import apache_beam, ai_edge_litert.interpreter, zoo.beam",
    "import": "import safetensors, zoo.pretrained.families, zoo.pretrained.marian",
    "rank": "import bm25s, zoo.tasks",
    "evaluate": """
import jieba, sacremoses, rouge_score.rouge_scorer, zoo.evaluation, zoo.evaluation.summaries
""",
    "train": """
import pkgutil, importlib, tensorboard, zoo.recipes
for module in pkgutil.iter_modules(zoo.recipes.__path__):
    importlib.import_module(f"zoo.recipes.{module.name}")
""",
    "jax": """
import os
os.environ["KERAS_BACKEND"] = "jax"
import keras, zoo.layers, zoo.models, zoo.training
x = keras.random.normal((2, 5, 8))
assert zoo.layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x, x).shape == (2, 5, 8)
""",
    "all": "import uvicorn, tensorboard, bm25s, safetensors, ai_edge_litert, matplotlib, jieba",
    "tutorials": "import ai_edge_litert.interpreter, uvicorn, ipykernel, tutorials.build",
    "site": "import sphinx, myst_nb, sphinx_book_theme, sphinx_external_toc",
    "tests": "import pytest, xdist, yaml, nbformat, pycocoevalcap, jax, uvicorn, ai_edge_litert; "
    "import safetensors",
}


def python(arguments, extra, **options):
    return subprocess.run(
        [sys.executable, *arguments],
        env=extras.environment(extra) | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        **options,
    )


@pytest.mark.parametrize("extra", USES)
def test_an_extra_alone_is_enough_for_what_it_names(extra, tmp_path):
    missing = [
        name
        for name in extras.brought(extra)
        if name in {"jax", "sphinx", "tensorflow-text", "apache-beam"} and not installed(name)
    ]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    done = python(["-c", USES[extra]], extra, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


def installed(name):
    try:
        extras.requires(name)
    except extras.PackageNotFoundError:
        return False
    return True


@pytest.mark.parametrize(
    ("code", "package"),
    [
        ("zoo.load('translate_fr_de')", "tensorflow"),
        ("zoo.Classifier", "tensorflow"),
        ("zoo.plot_attention(None)", "matplotlib"),
    ],
)
def test_core_alone_says_what_to_install(code, package):
    done = python(["-c", f"import zoo; {code}"], "")
    advice = f"is not installed: pip install 'attention-zoo[{EXTRAS[package]}]'."
    assert f"ImportError: The package {package} {advice}" in done.stderr


@pytest.mark.parametrize(
    "command", ["translate translate_fr_de Hallo", "serve", "evaluate caption_en"]
)
def test_core_alone_has_a_command_line_that_says_what_to_install(command):
    done = python(["-m", "zoo", *command.split()], "", cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("zoo: error: The package ")
    assert done.stderr.count("\n") == 1


def test_each_package_that_is_not_in_the_core_is_in_the_extra_that_its_error_names():
    owners = packages_distributions()
    for package, extra in EXTRAS.items():
        if package not in owners:
            continue  # it is not installed, as Apache Beam in most environments
        assert not extras.brought("").intersection(map(canonicalize_name, owners[package]))
        assert extras.brought(extra).intersection(map(canonicalize_name, owners[package])), package


@pytest.mark.slow
def test_code_and_models_are_two_packages_that_find_each_other(tmp_path):
    copied = shutil.copytree(
        ROOT, tmp_path / "project", ignore=shutil.ignore_patterns(".*", "runs", "build", "[0-9]")
    )
    places = {"code": copied, "models": copied / "saved_models"}
    for name, place in places.items():
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", tmp_path / name]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, place], check=True)
    megabytes = sum(path.stat().st_size for path in (tmp_path / "code").rglob("*.*")) / 1e6
    assert megabytes < 10

    def ask(*names):
        code = "import zoo; print(zoo.load('trace_learners').name, zoo.__file__)"
        path = os.pathsep.join(str(tmp_path / name) for name in names)
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )

    both = ask("code", "models")
    assert both.stdout.startswith("knowledge_tracer"), both.stderr[-2000:]
    assert str(tmp_path / "code") in both.stdout
    assert "pip install attention-zoo-models" in ask("code").stderr


def test_every_extra_but_the_peers_is_tried():
    assert set(extras.names()) - {"benchmarks"} == set(USES) - {""}


@pytest.mark.slow
def test_a_new_environment_with_the_tutorials_extra_runs_the_notebook_on_serving(tmp_path):
    project, python = tmp_path / "project", tmp_path / "venv" / "bin" / "python"
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".*", "runs", "build", "[0-9]"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    probe = [*pip, "download", "--quiet", "--no-deps", "--dest", tmp_path, "click"]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("pip reaches no package index")
    subprocess.run(
        [*pip, "install", "--quiet", f"{project}[tutorials]", project / "saved_models"], check=True
    )
    quiet = {"ZOO_FAST": "1", "MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | quiet
    done = subprocess.run(
        [python, ROOT / "tutorials" / f"{NOTEBOOK}.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    shutil.rmtree(tmp_path / "venv")
    assert done.returncode == 0, done.stderr[-3000:]
