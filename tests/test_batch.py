"""A corpus is answered a line for a line, whatever ends on the way."""

import functools
import gzip
import itertools
import os
import signal
import subprocess
import sys
import time
import tracemalloc

import line_toys
import pytest
from conftest import ROOT

from zoo import registry
from zoo.batch import Answerer, Corpus, answer_corpus
from zoo.cli.main import main

LINES = ["a", "b", "", "bad", "ünï", "die", "c d", "", "e", "f", "g"]
SETTINGS = {"model": {"name": "toy", "sha256": "0"}, "options": {}}


@pytest.fixture
def files(tmp_path):
    """Two files of `LINES`, one packed, the last line of each without its end."""
    plain, packed = tmp_path / "plain.txt", tmp_path / "packed.txt.gz"
    plain.write_bytes("\r\n".join(LINES[:7]).encode())
    packed.write_bytes(gzip.compress("\n".join(LINES[7:]).encode()))
    return [plain, packed]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "answers"


@pytest.fixture
def notes(tmp_path):
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


def corpus(files, folder, size=2, **settings):
    return Corpus(files, folder, size, **{**SETTINGS, **settings})


def run(files, folder, notes, workers=2, size=2, always=False, tell=lambda lines: None):
    answerer = functools.partial(line_toys.Capitals, notes, always)
    answer_corpus(corpus(files, folder, size), folder, answerer, workers, tell)


def answers(folder):
    parts = sorted(folder.glob("part-*"))
    return "".join(part.read_text(encoding="utf-8") for part in parts)


RIGHT = "".join("\n" if line == "bad" else f"{line.upper()}\n" for line in LINES)


@pytest.mark.process
def test_a_killed_process_is_replaced_and_no_line_is_lost_or_doubled(files, folder, notes):
    told = []
    run(files, folder, notes, size=4, tell=told.append)
    assert answers(folder) == RIGHT
    assert sorted(path.name for path in notes.iterdir()) == ["0.0", "4.0", "4.1", "8.0"]
    assert sum(told) == len(LINES)
    assert list(corpus(files, folder, size=4).failures()) == [
        {"line": 4, "text": "bad", "error": "ValueError: a bad line"}
    ]
    assert {path.name.split("-")[0] for path in folder.iterdir()} == {
        "part",
        "failed",
        "manifest.json",
    }


@pytest.mark.process
def test_a_run_that_ended_goes_on_where_it_was(files, folder, notes, tmp_path):
    with pytest.raises(ChildProcessError, match=r"3 processes ended at lines 5 to 6, .* code -9"):
        run(files, folder, notes, workers=1, always=True)
    shards, lines = corpus(files, folder).remaining()
    assert 0 < lines < len(LINES) and shards == -(-lines // 2)
    answered = {path.name for path in folder.glob("part-*")}
    later = tmp_path / "later"
    later.mkdir()
    run(files, folder, later, workers=3)
    assert answers(folder) == RIGHT
    assert len(answered) + len({path.stem for path in later.iterdir()}) == 6
    assert corpus(files, folder).remaining() == (0, 0)


@pytest.mark.process
def test_what_a_process_cannot_open_is_said_where_it_was_started(files, folder):
    with pytest.raises(FileNotFoundError, match="no such model"):
        opener = functools.partial(line_toys.no_model, "no such model")
        answer_corpus(corpus(files, folder), folder, opener, 2)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"options": {"top_k": 3}}, "options.top_k is None, now 3"),
        ({"size": 3}, "lines_per_shard is 2, now 3"),
        ({"model": {"name": "toy", "sha256": "1"}}, "model.sha256 is '0', now '1'"),
    ],
)
def test_a_folder_of_other_settings_is_refused(files, folder, change, message):
    corpus(files, folder)
    with pytest.raises(ValueError, match=f"output must be a folder of the same run: .*{message}"):
        corpus(files, folder, **change)


def test_a_folder_of_other_inputs_or_of_something_else_is_refused(files, folder, tmp_path):
    corpus(files, folder)
    with pytest.raises(ValueError, match=r"inputs.0.name is 'plain.txt', now 'packed.txt'"):
        corpus(files[::-1], folder)
    files[0].write_bytes(b"x" + files[0].read_bytes()[1:])
    with pytest.raises(ValueError, match="inputs.0.sha256 is "):
        corpus(files, folder)
    with pytest.raises(ValueError, match="output must be a new folder or that of an earlier run"):
        corpus(files, tmp_path)


def test_a_packed_file_is_the_same_input_as_its_content(files, folder, tmp_path):
    corpus(files, folder)
    unpacked = tmp_path / "packed.txt"
    unpacked.write_bytes(gzip.decompress(files[1].read_bytes()))
    corpus([files[0], unpacked], folder)


def test_no_more_than_a_shard_is_in_memory(folder, tmp_path):
    path = tmp_path / "long.txt"
    with open(path, "w") as file:
        file.writelines(f"line {n} {'x' * 50}\n" for n in range(50_000))
    tracemalloc.start()
    shards = sum(1 for _ in corpus([path], folder, size=100).missing())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shards == 500
    assert peak < path.stat().st_size  # 3.1 MB; 1 MB of it is a piece of the file


class Model:
    """Answers with what it was asked and the seed; one line is refused."""

    def __init__(self):
        self.asked = []

    def ask(self, inputs, seed=None, **options):
        self.asked.append(len(inputs))
        for i, text in enumerate(inputs):
            if "bad" in text:
                raise ValueError(f"inputs[{i}] is bad")
        return [f"{text} {seed + i}" if seed is not None else text for i, text in enumerate(inputs)]


@pytest.fixture
def answerer(monkeypatch):
    def make(name, model=None, **options):
        model = model or Model()
        monkeypatch.setattr(registry, "load", lambda *_, **__: model)
        return model, lambda lines, first=0: sum(Answerer(name, **options)(lines, first), [])

    return make


def test_a_bad_line_is_left_out_and_the_others_answered(answerer):
    model, ask = answerer("translate_fr_de")
    lines = [f"bad {n}" if n in (3, 300) else str(n) for n in range(400)]
    found = ask(lines)
    assert [text for text, _ in found] == ["" if "bad" in line else line for line in lines]
    assert {n for n, (_, error) in enumerate(found) if error} == {3, 300}
    assert found[3] == ("", "ValueError: inputs[0] is bad")
    assert len(model.asked) < 40  # not each of 400 alone


def test_a_text_that_is_drawn_depends_on_its_line_alone(answerer):
    _, ask = answerer("generate_tang", seed=5)
    found = ask(["x"] * 300 + ["bad", "y\\nz"], first=1000)
    assert found[0] == ("x 1005", None) and found[299] == ("x 1304", None)
    assert found[301] == ("y z 1306", None)  # a line end in an answer is a space


def test_labels_and_items_are_columns(answerer):
    class Sorter:
        def ask(self, inputs, top_k):
            return [[("yes", 0.75), ("no", 0.25)][:top_k] for _ in inputs]

    _, ask = answerer("classify_questions_en", Sorter())
    assert ask(["a"]) == [("yes\t0.750", None)]
    _, ask = answerer("classify_questions_en", Sorter(), top_k=2)
    assert ask(["a"]) == [("yes\t0.750\tno\t0.250", None)]

    class Clerk:
        def ask(self, inputs):
            return [text.splitlines() for text in inputs]

    _, ask = answerer("recommend_films", Clerk())
    assert ask(["Heat\tAlien (1979)"]) == [("Heat\tAlien (1979)", None)]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["translate_fr_de", "--top-k", "2"],
            "options of a Translator are: max_new_tokens; got top",
        ),
        (["rank_documents"], "exact must be True for a Ranker, which has no fast form"),
        (["generate_digits_vaegan"], "name must be a model that answers texts"),
        (["translate_fr_dee"], "Did you mean translate_fr_de?"),
        (["translate_fr_de", "no/such/file"], "--input must be a file that exists"),
    ],
)
def test_bad_usage_is_one_line_before_a_folder_is_made(arguments, message, folder, capsys):
    given = ["--input", str(ROOT / "setup.cfg"), "--output", str(folder)]
    assert main(["batch", *arguments, *given]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.model
def test_a_killed_run_of_a_shipped_model_is_resumed_by_the_same_command(tmp_path):
    pytest.importorskip("ai_edge_litert")
    words = ["Who", "What", "Where", "When", "How many people", "Why"]
    questions = [
        f"{a} {b} the river {n} ?" for n in range(400) for a in words for b in ("is", "in")
    ]
    path, folder = tmp_path / "questions.txt", tmp_path / "answers"
    path.write_text("".join(f"{question}\n" for question in questions))
    command = [sys.executable, "-m", "zoo", "batch", "classify_questions_en", "--workers", "2"]
    command += ["--lines-per-shard", "300", "--input", path, "--output", folder]
    command = list(map(str, command))
    killed = subprocess.Popen(command, cwd=ROOT)
    for _ in range(600):
        if len(list(folder.glob("part-*"))) > 2:
            break
        time.sleep(0.1)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert len(list(folder.glob("part-*"))) < 16
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and " had their answers" in done.stderr, done.stderr
    fast = registry.load("classify_questions_en", fast=True)
    sure = [
        fast.classify(questions[at : at + 256], top_k=1) for at in range(0, len(questions), 256)
    ]
    right = [label for ((label, _),) in itertools.chain.from_iterable(sure)]
    assert [line.split("\t")[0] for line in answers(folder).splitlines()] == right
