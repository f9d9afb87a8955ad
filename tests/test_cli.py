import io
import os
import signal
import subprocess
import sys
import tracemalloc
import types
from subprocess import PIPE

import click
import pytest
from click.testing import CliRunner

from zoo import registry
from zoo.cli import lines, main
from zoo.cli.commands import decoding_options
from zoo.cli.quiet import quiet
from zoo.evaluation.translation import Corpus


class FakeTranslator:
    """Answers in capitals, and remembers how it was asked."""

    def __init__(self):
        self.calls = []

    def generate(self, inputs, return_dict=False, num_return_sequences=1, **options):
        self.calls.append((inputs, options))
        if return_dict:
            return types.SimpleNamespace(text=inputs.upper())
        if num_return_sequences > 1:
            return [[f"{text} {n}" for n in range(num_return_sequences)] for text in inputs]
        return [text.upper() for text in inputs]

    ask = generate


@pytest.fixture
def translator(monkeypatch):
    fake = FakeTranslator()
    monkeypatch.setattr(registry, "load", lambda name, task=None, fast=False: fake)
    return fake


@pytest.fixture
def stdin(monkeypatch):
    def put(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


@pytest.fixture
def module(monkeypatch):
    """Put a stand-in for a submodule of zoo, which the command imports late."""

    def put(name, **attributes):
        fake = types.ModuleType(f"zoo.{name}")
        vars(fake).update(attributes)
        monkeypatch.setitem(sys.modules, f"zoo.{name}", fake)
        monkeypatch.setattr(sys.modules["zoo"], name, fake, raising=False)

    return put


def run(*args, **options):
    command = [sys.executable, "-m", "zoo", *args]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


def assert_one_line(error, *words):
    assert error.count("\n") == 1 and error.startswith("zoo")
    for word in words:
        assert word in error


def test_arguments_are_translated_in_order(translator, capsys):
    assert main(["translate", "m", "ein hund", "", "zwei"]) == 0
    assert capsys.readouterr().out == "EIN HUND\n\nZWEI\n"


def test_options_may_stand_before_or_after_the_text(translator, capsys):
    assert main(["translate", "m", "--num-beams", "4", "a", "--length-penalty", "0.5"]) == 0
    assert translator.calls == [(["a"], {"num_beams": 4, "length_penalty": 0.5})]


def test_options_that_are_not_given_are_left_to_the_model(translator):
    main(["translate", "m", "a"])
    assert translator.calls == [(["a"], {})]


def test_n_best_answers_take_a_line_each(translator, capsys):
    main(["translate", "m", "a", "b", "--num-return-sequences", "2"])
    assert capsys.readouterr().out == "a 0\na 1\nb 0\nb 1\n"


def test_prefix_goes_to_each_line_and_seeds_do_not_depend_on_batches(translator, monkeypatch):
    monkeypatch.setattr("zoo.cli.commands.BATCH", 2)
    main(["translate", "m", "a", "b", "c", "--prefix", "Ein", "--seed", "5"])
    assert [options for _, options in translator.calls] == [
        {"prefix": ["Ein", "Ein"], "seed": 5},
        {"prefix": ["Ein"], "seed": 7},
    ]


def test_standard_input_gives_a_line_for_a_line(translator, stdin, capsys):
    stdin("un\n\ndeux\r\n\x0btrois\u2028é\nquatre".encode())
    assert main(["translate", "m"]) == 0
    assert capsys.readouterr().out == "UN\n\nDEUX\n\x0bTROIS\u2028É\nQUATRE\n"


def test_empty_standard_input_gives_nothing(translator, stdin, capsys):
    stdin(b"")
    assert main(["translate", "m"]) == 0
    assert capsys.readouterr().out == "" and translator.calls == []


def test_invalid_utf8_becomes_the_replacement_character(translator, stdin, capsys):
    stdin(b"a\xffb\n\xc3\n")
    assert main(["translate", "m"]) == 0
    assert capsys.readouterr().out == "A\ufffdB\n\ufffd\n"
    assert main(["translate", "m", os.fsdecode(b"c\xff")]) == 0
    assert capsys.readouterr().out == "C\ufffd\n"


def test_answer_with_line_ends_stays_one_line(capsys):
    lines.write_lines(["a\nb\r\nc"])
    assert capsys.readouterr().out == "a b  c\n"


def test_long_input_streams_in_order_and_constant_memory(translator, monkeypatch):
    count = 200_000

    class Numbers(io.RawIOBase):
        """Lines `0`, `1`, ..., made while they are read."""

        def __init__(self):
            self.made = iter(range(count))

        def __next__(self):
            return b"%d\n" % next(self.made)

    class Check(io.TextIOBase):
        """Compares what is written with the numbers, and keeps nothing."""

        seen = 0

        def write(self, text):
            assert text == f"{self.seen}\n"
            self.seen += 1

        def reconfigure(self, **_):
            pass

    check = Check()
    translator.calls = types.SimpleNamespace(append=lambda call: None)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=Numbers(), isatty=lambda: False))
    monkeypatch.setattr(sys, "stdout", check)
    tracemalloc.start()
    try:
        status = main(["translate", "m"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (status, check.seen) == (0, count)
    assert peak < 1_000_000  # bytes; all the lines would take 200,000 x 50 and more


@pytest.mark.parametrize(
    "args, words",
    [
        (["fly"], "No such command 'fly'"),
        (["translate"], "Missing argument 'NAME'"),
        (["translate", "m", "a", "--beams", "4"], "No such option"),
        (["translate", "m", "a", "--num-beams", "x"], "'x' is not a valid integer"),
        (["translate", "nix", "a"], "got name='nix'"),
        (["translate", "nix.keras", "a"], "got name='nix.keras'"),
        (["translate", "m", "--attend", "p.png"], "--attend needs exactly one TEXT; got 0"),
        (["attend", "m", "a"], "Missing option '--out'"),
        (["train"], "either NAME or --tsv"),
        (["train", "m", "--tsv", "f"], "either NAME or --tsv"),
        (["train", "--tsv", "f", "--out", "d"], "--tsv needs --valid and --out"),
        (["train", "m", "--valid", "f"], "--valid needs --tsv"),
        (["evaluate", "m", "--tsv", "f", "--limit", "3"], "--tsv goes without"),
        (["export"], "Missing argument 'NAME'"),
    ],
)
def test_bad_usage_is_status_2_and_one_line(args, words, capsys):
    assert main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert_one_line(captured.err, words)


@pytest.mark.parametrize("kind", [ValueError, TypeError, FileNotFoundError, ImportError])
def test_error_of_a_model_is_status_2_and_one_line(translator, kind, capsys):
    def generate(inputs, **options):
        raise kind("num_beams must be >= 1;\n got num_beams=0.")

    translator.generate = generate
    assert main(["translate", "m", "a"]) == 2
    error = capsys.readouterr().err
    assert error == "zoo: error: num_beams must be >= 1; got num_beams=0.\n"


def test_fault_of_the_program_itself_is_not_hidden(translator):
    def generate(inputs, **options):
        raise AssertionError

    translator.generate = generate
    with pytest.raises(AssertionError):
        main(["translate", "m", "a"])


@pytest.mark.parametrize("level, shown", [("3", "after"), ("0", "native after")])
def test_noise_of_native_code_is_dropped_unless_asked_for(level, shown, monkeypatch, capfd):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    with pytest.raises(ValueError), quiet():
        os.write(2, b"native ")
        raise ValueError
    os.write(2, b"after")
    assert capfd.readouterr().err == shown


def test_interrupt_is_status_130(translator, capsys):
    def generate(inputs, **options):
        raise KeyboardInterrupt

    translator.generate = generate
    assert main(["translate", "m", "a"]) == 130
    assert capsys.readouterr().err == ""


def test_attention_is_drawn_with_layer_and_head(translator, module, capsys):
    drawn = []
    module("plots", plot_attention=lambda out, path, layer, head: drawn.append((path, layer, head)))
    assert main(["attend", "m", "ein", "--out", "p.png", "--layer", "-2", "--head", "all"]) == 0
    assert main(["translate", "m", "zwei", "--attend", "q.png", "--num-beams", "2"]) == 0
    assert capsys.readouterr().out == "EIN\nZWEI\n"
    assert drawn == [("p.png", -2, "all"), ("q.png", -1, "mean")]
    assert translator.calls == [("ein", {}), ("zwei", {"num_beams": 2})]


def test_train_hands_its_options_to_the_recipe_and_says_where_the_model_is(
    monkeypatch, tmp_path, capsys
):
    calls = []

    def train(name, **options):
        calls.append((name, options))
        return "d/model.keras"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zoo.recipes.train", train)
    for file in ("t", "v"):
        (tmp_path / file).touch()
    (tmp_path / "d").mkdir()
    assert main(["train", "generate_tang", "--data-dir", "d", "--run-dir", "r"]) == 0
    own = ["--tsv", "t", "--valid", "v", "--out", "o", "--steps", "2", "--set", "dropout=0.2"]
    assert main(["train", *own]) == 0
    unset = {**dict.fromkeys(("data_dir", "run_dir", "out", "steps", "start")), "reverse": False}
    pairs = {"tsv": "t", "valid": "v", "numbers": {"dropout": 0.2}}
    assert calls == [
        ("generate_tang", {**unset, "numbers": {}, "data_dir": "d", "run_dir": "r"}),
        (None, {**unset, **pairs, "out": "o", "steps": 2}),
    ]
    assert capsys.readouterr().out == "d/model.keras\n" * 2


@pytest.fixture
def model_file(tmp_path, monkeypatch):
    path = tmp_path / "m" / "model.keras"
    path.parent.mkdir()
    path.touch()
    monkeypatch.setenv("ZOO_MODELS", str(tmp_path))
    return path


MEASURED = {"bleu": {"score": 41.234}, "chrf": {"score": 60.0}, "loss": 1.5, "sentences": 7}


def test_evaluate_writes_beside_the_model_unless_limited(
    translator, module, model_file, monkeypatch, capsys
):
    monkeypatch.chdir(model_file.parent)
    (model_file.parent / "d").mkdir()
    calls = []

    def evaluate(model, name, **options):
        calls.append((name, options))
        return {"corpora": {"set": {**MEASURED, "literature_bleu": {"score": 43.0}}}}

    module("data")
    corpus = types.SimpleNamespace(name="set", summary=Corpus.summary)
    module("evaluation", evaluate=evaluate, CORPORA={"m": [corpus]})
    assert main(["evaluate", "m", "--data-dir", "d"]) == 0
    shown = "set: BLEU 41.23, chrF 60.00, lower-cased BLEU 43.00, loss 1.50 (7 sentences)\n"
    assert capsys.readouterr().out == shown
    assert main(["evaluate", "m", "--limit", "3"]) == 0
    assert calls == [
        ("m", {"data_dir": "d", "limit": None, "out": model_file.parent}),
        ("m", {"data_dir": None, "limit": 3, "out": None}),
    ]


def test_evaluate_measures_on_your_own_pairs(translator, module, model_file, monkeypatch, capsys):
    monkeypatch.chdir(model_file.parent)
    (model_file.parent / "my.tsv").touch()
    module("data", read_pairs=lambda path: [("a", "b")])
    measured = lambda model, pairs: {**MEASURED, "sentences": len(pairs)}  # noqa: E731
    module("evaluation", evaluate_pairs=measured, Corpus=Corpus)
    assert main(["evaluate", str(model_file), "--tsv", "my.tsv"]) == 0
    shown = "my.tsv: BLEU 41.23, chrF 60.00, loss 1.50 (1 sentences)\n"
    assert capsys.readouterr().out == shown


def test_export_says_where_it_wrote(translator, module, model_file, capsys):
    module("serving", export=lambda model, out, name: f"{out}/{name}/1")
    assert main(["export", "m", "--out", "served"]) == 0
    assert main(["export", str(model_file)]) == 0
    assert capsys.readouterr().out == "served/m/1\nsaved_models/m/1\n"


def test_help_is_fast_and_imports_no_tensorflow():
    code = (
        "import sys, zoo.cli; assert zoo.cli.main(['translate', '--help']) == 0;"
        "print(sorted({'keras', 'tensorflow', 'numpy', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--num-beams" in done.stdout and done.stdout.endswith("[]\n")


@pytest.mark.parametrize(("args", "threads"), [(["x"], "1"), ([], "None")])
def test_tensorflow_gets_one_thread_for_a_few_sentences(args, threads, monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    code = (
        "import os, sys, types, zoo.registry\n"
        "zoo.registry.load = lambda *_, **__: types.SimpleNamespace(generate=lambda lines: lines)\n"
        "from zoo.cli import main\n"
        "assert main(['translate', 'm', *sys.argv[1:]]) == 0\n"
        "print(os.environ.get('TF_NUM_INTRAOP_THREADS'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args], input="x\n", capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["x", threads]


def test_module_lists_the_models_and_refuses_with_status_2():
    listed = run("list")
    assert listed.returncode == 0 and listed.stdout.startswith("NAME ")
    refused = run("translate", "nix", "a")
    assert refused.returncode == 2
    assert_one_line(refused.stderr, "got name='nix'")


# The command in a process of its own, with a translator that echoes.
ECHO = """
import signal, sys, types
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts without it
from zoo import registry
from zoo.cli import main
fake = types.SimpleNamespace(generate=lambda batch: batch)
registry.load = lambda name, task=None, fast=False: fake
sys.exit(main(["translate", "m"]))
"""
COMMAND = [sys.executable, "-c", ECHO]


def test_reader_that_goes_away_ends_the_command_without_a_traceback(tmp_path):
    (tmp_path / "in").write_bytes(b"line\n" * 300_000)  # more than a pipe holds
    with open(tmp_path / "in", "rb") as file:
        with subprocess.Popen(COMMAND, stdin=file, stdout=PIPE, stderr=PIPE) as process:
            assert process.stdout.readline() == b"line\n"
            process.stdout.close()
            assert process.wait(20) == 141
            assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
def test_ctrl_c_ends_the_command_with_status_130_and_without_a_traceback():
    with subprocess.Popen(COMMAND, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        process.stdin.write(b"line\n" * lines.BATCH)
        process.stdin.flush()
        assert process.stdout.readline() == b"line\n"  # now it waits for the second batch
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals there")
@pytest.mark.parametrize("source, shown", [("file", True), ("pipe", False)])
def test_progress_is_shown_on_a_terminal_for_a_file(tmp_path, source, shown):
    (tmp_path / "in").write_bytes(b"line\n" * 9)
    terminal, error = os.openpty()
    with open(tmp_path / "in", "rb") as file:
        done = subprocess.run(
            COMMAND,
            **({"stdin": file} if source == "file" else {"input": b"line\n" * 9}),
            stdout=PIPE,
            stderr=error,
            env={**os.environ, "TERM": "xterm"},
        )
    os.write(error, b"end")
    written = os.read(terminal, 100_000)
    os.close(terminal)
    os.close(error)
    assert done.stdout == b"line\n" * 9
    assert (b"45/45 bytes" in written) == shown and (written == b"end") != shown


# zoo generate


class FakeGenerator(FakeTranslator):
    def stream(self, prompt, **options):
        self.calls.append((prompt, options))
        yield from (prompt, " one", " two")


@pytest.fixture
def generator(monkeypatch):
    fake = FakeGenerator()
    monkeypatch.setattr(registry, "load", lambda name, task=None, fast=False: fake)
    return fake


def test_one_text_is_streamed(generator, capsys):
    assert main(["generate", "m", "A:\\n", "--temperature", "0.5", "--seed", "3"]) == 0
    assert capsys.readouterr().out == "A:\n one two\n"
    assert generator.calls == [("A:\n", {"temperature": 0.5, "seed": 3})]


def test_form_and_acrostic_reach_the_model(generator):
    assert main(["generate", "m", "--form"]) == 0
    assert main(["generate", "m", "--acrostic", "春夏"]) == 0
    assert generator.calls == [("", {"form": True}), ("", {"acrostic": "春夏"})]


def test_several_texts_stand_below_each_other(generator, capsys):
    assert main(["generate", "m", "a", "-n", "2", "--prefix", "b", "--acrostic", "春"]) == 0
    assert capsys.readouterr().out == "A\n\nA\n\n"
    ((inputs, options),) = generator.calls
    assert inputs == ["a", "a"]
    assert options == {"prefix": ["b", "b"], "acrostic": ["春", "春"]}


def test_beams_do_not_stream(generator, capsys):
    assert main(["generate", "m", "a", "--num-beams", "2"]) == 0
    assert generator.calls == [(["a"], {"num_beams": 2})]


def test_no_text_at_all_is_bad_usage(generator, capsys):
    assert main(["generate", "m", "-n", "0"]) == 2
    assert_one_line(capsys.readouterr().err, "-n must be >= 1; got 0")


def test_prompts_come_from_standard_input_a_line_each(generator, capsys, stdin):
    stdin(b"a\n\nb\n")
    assert main(["generate", "m", "-", "--seed", "5"]) == 0
    assert capsys.readouterr().out == "A\n\nB\n"
    assert generator.calls == [(["a", "", "b"], {"seed": 5})]
    assert main(["generate", "m", "-", "-n", "2"]) == 2


@pytest.mark.parametrize(
    "arguments, value",
    [([], None), (["--early-stopping"], True), (["--no-early-stopping"], False)],
)
def test_early_stopping_is_asked_for_or_not_or_left_to_the_model(arguments, value):
    seen = {}
    command = click.command()(decoding_options(lambda **options: seen.update(options)))
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert seen["early_stopping"] is value
