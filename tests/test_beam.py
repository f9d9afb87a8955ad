"""`zoo.beam.Generate` in pipelines of Beam's local runner."""

import subprocess
import sys

import pytest
from conftest import ROOT

from zoo import registry

beam = pytest.importorskip(
    "apache_beam", reason="apache-beam is not installed: attention-zoo[beam]"
)


class Model:
    """Answers in capitals, but not all."""

    def ask(self, inputs):
        if "bad" in inputs:
            raise ValueError("a bad text")
        return [text.upper() for text in inputs]


@pytest.fixture
def loads(monkeypatch):
    """A list of what was loaded."""
    loaded = []

    def load(name, **_):
        loaded.append(name)
        return Model()

    monkeypatch.setattr(registry, "load", load)
    return loaded


def test_each_text_has_its_answer_by_its_key_or_the_reason_why_not(loads):
    from apache_beam.testing.util import assert_that, equal_to

    import zoo

    texts = {n: "bad" if n in (3, 70) else f"text {n}" for n in range(100)}
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        found = (
            pipeline
            | beam.Create(list(texts.items()))
            | zoo.beam.Generate("translate_fr_de", max_batch_size=20)
        )
        right = [(n, text.upper()) for n, text in texts.items() if text != "bad"]
        assert_that(found.answers, equal_to(right), "answers")
        failed = [(n, "bad", "ValueError: a bad text") for n in (3, 70)]
        assert_that(found.failed, equal_to(failed), "failed")
    assert loads == ["translate_fr_de"]


def test_what_the_task_does_not_know_is_refused_when_the_pipeline_is_made():
    import zoo

    with pytest.raises(ValueError, match="options of a Classifier are: top_k; got max_new_tokens"):
        zoo.beam.Generate("classify_questions_en", max_new_tokens=3)


@pytest.mark.slow
@pytest.mark.process
def test_a_corpus_whose_worker_is_killed_has_each_answer_once():
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("psutil")
    command = [sys.executable, "-m", "benchmarks.beam_corpus", "--lines", "3000", "--kill"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "2997 answers, 3 failures, none lost, none doubled" in done.stdout
