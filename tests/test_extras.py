"""Each extra of setup.cfg is enough for what it names."""

import os
import shutil
import subprocess
import sys

import extras
import pytest
from conftest import ROOT

NOTEBOOK = "07_save_load_serve"

USES = {
    "": """
import zoo.tasks, zoo.plots, zoo.evaluation, zoo.cli
from zoo.serving import export
for name in ("starlette", "ai_edge_litert", "jupytext", "torch", "jax", "pytest"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise SystemExit(f"{name} is there")
""",
    "serve": "import uvicorn, zoo.serving.app",
    "grpc": "import uvicorn, zoo.serving.app, zoo.serving.grpc_service",
    "litert": "import ai_edge_litert.interpreter, zoo.serving.litert, zoo.lite.readers",
    "beam": "import apache_beam, ai_edge_litert.interpreter, zoo.beam",
    "import": "import safetensors, zoo.pretrained.families, zoo.pretrained.marian",
    "rank": "import bm25s, zoo.tasks",
    "evaluate": "import zoo.evaluation.summaries, rouge_score.rouge_scorer",
    "jax": "import os; os.environ['KERAS_BACKEND'] = 'jax'; import keras, zoo.training",
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
        if name in {"ipykernel", "nbclient", "jax", "sphinx", "tensorflow-text", "apache-beam"}
        and not installed(name)
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
    subprocess.run([*pip, "install", "--quiet", f"{project}[tutorials]"], check=True)
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
