"""The page of `zoo serve`, in a browser without a window."""

import shutil
import subprocess
import urllib.parse

import pytest

pytest.importorskip("uvicorn")
from test_serving_rest import ours  # noqa: E402, F401

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), 0
)


@pytest.fixture
def browse(ours, tmp_path):  # noqa: F811
    if not BROWSER:
        pytest.skip("there is no Chromium")

    def run(query, *options):
        command = [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
        ]
        command += ["--virtual-time-budget=20000", *options, f"{ours.url}/?{query}"]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=True
        ).stdout

    return run


def test_text_is_answered_and_every_token_of_the_answer_can_be_pointed_at(browse, translator):
    text = "der Hund läuft"
    page = browse(urllib.parse.urlencode({"model": "copy", "text": text}), "--dump-dom")
    out = translator.generate(text, return_dict=True)
    assert f'<p id="answer">{out.text}</p>' in page
    assert page.count('tabindex="0"') == len(out.tokens)
    # The first token is pointed at from the start: what it attended to is coloured.
    assert page.count('style="background') == len(out.source_tokens)
