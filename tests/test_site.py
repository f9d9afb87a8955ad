"""The tutorials as pages: `make site` in strict mode, in an environment with its extra alone."""

import importlib.util
import subprocess
import sys

import extras
import pytest
from conftest import ROOT

TUTORIALS = ROOT / "tutorials"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python with what the extra `site` brings: this one, or a new one."""
    if importlib.util.find_spec("sphinx_external_toc"):
        return sys.executable
    folder = tmp_path_factory.mktemp("site") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    probe = [*pip, "download", "--no-deps", "--dest", folder, "sphinx-external-toc"]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("pip reaches no package index")
    subprocess.run([*pip, "install", *extras.lines("site")], check=True)
    return folder / "bin" / "python"


@pytest.mark.slow
def test_the_site_has_every_notebook_in_both_languages_and_no_broken_link(python, tmp_path):
    options = ["-m", "sphinx", "-n", "-W", "--keep-going", "-c", TUTORIALS / "site"]
    built = subprocess.run(
        [python, *options, TUTORIALS, tmp_path / "site"], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[-3000:]
    names = [source.stem for source in TUTORIALS.glob("[0-9][0-9]_*.py")]
    assert names and (tmp_path / "site" / "index.html").exists()
    for folder, language in (("site", "en"), ("site/zh", "zh-CN")):
        for name in names:
            page = (tmp_path / folder / f"{name}.html").read_text(encoding="utf-8")
            assert f'<html lang="{language}"' in page
            assert "_images/" in page and "@title" not in page
