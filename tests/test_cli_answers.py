"""What the command line makes of answers: poems in lines, stops, fewer texts; and of faults."""

import io
import types

import pytest

from zoo import registry
from zoo.cli.main import main
from zoo.tasks import Generated
from zoo.text import Form

POEM = "春花秋月何時了，往事知多少年心。小樓昨夜又東風，故國不堪回首中。"


class Poet:
    """Writes one poem in pieces, and remembers how it was asked."""

    form = Form()

    def __init__(self):
        self.calls = []

    def stream(self, prompt, **options):
        self.calls.append((prompt, options))
        yield from (prompt, POEM[1:8], POEM[8:9], POEM[9:])

    def generate(self, inputs, num_return_sequences=1, **options):
        self.calls.append((inputs, options))
        if num_return_sequences > 1:
            return [[POEM] for _ in inputs]
        return [POEM for _ in inputs]


@pytest.fixture
def poet(monkeypatch):
    poet = Poet()
    monkeypatch.setattr(registry, "load", lambda name, task=None, fast=False: poet)
    return poet


def stdin(monkeypatch, content):
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(content)))


LINES = "春花秋月何時了，\n往事知多少年心。\n小樓昨夜又東風，\n故國不堪回首中。\n"


def test_poem_is_shown_in_four_lines_streamed_or_not(poet, capsys):
    assert main(["generate", "m", "春"]) == 0
    assert capsys.readouterr().out == LINES
    assert main(["generate", "m", "春", "-n", "2"]) == 0
    assert capsys.readouterr().out == (LINES + "\n") * 2


def test_lines_of_a_form_are_the_poem_again():
    assert [len(line) for line in Form().lines(POEM)] == [8] * 4
    assert "".join(Form().lines(POEM)) == POEM
    assert Form().lines("春花") == ["春花"] and Form().lines("") == []


def test_line_end_is_written_alike_in_an_argument_in_a_line_and_in_a_stop(poet, monkeypatch):
    main(["generate", "m", "A:\\nb", "--stop", "\\n\\n", "--stop", "."])
    stdin(monkeypatch, b"A:\\nb\nc\n")
    main(["generate", "m", "-", "--stop", "\\n"])
    assert poet.calls == [
        ("A:\nb", {"stop": ["\n\n", "."]}),
        (["A:\nb", "c"], {"stop": ["\n"]}),
    ]


def test_lines_stay_lines_where_there_are_fewer_answers_than_asked_for(poet, monkeypatch, capsys):
    stdin(monkeypatch, b"a\nb\n")
    main(["generate", "m", "-", "--num-beams", "3", "--num-return-sequences", "3"])
    assert capsys.readouterr().out == f"{POEM}\n\n\n" * 2


def test_empty_stop_is_bad_usage_of_a_real_model(monkeypatch, capsys):
    from zoo.text import checked_stops

    model = types.SimpleNamespace(stream=lambda prompt, stop: checked_stops(stop))
    monkeypatch.setattr(registry, "load", lambda *_, **__: model)
    assert main(["generate", "m", "a", "--stop", ""]) == 2
    assert "stop must hold no empty text" in capsys.readouterr().err


def fault():
    return int("no number")


def wrong_call():
    return main("too", "many", "arguments")


@pytest.mark.parametrize("broken", [fault, wrong_call])
def test_fault_inside_is_not_reported_as_bad_usage(monkeypatch, broken):
    monkeypatch.setattr(registry, "load", lambda *_, **__: broken())
    with pytest.raises((ValueError, TypeError)):  # Python shows where, and ends with status 1
        main(["generate", "m"])


def test_unknown_argument_inside_of_the_package_is_a_fault(monkeypatch):
    monkeypatch.setattr(registry, "load", lambda name, task, fast: registry.find(name, oops=1))
    with pytest.raises(TypeError, match="oops"):
        main(["generate", "m"])


class Doubter:
    """Answers with two tokens, each as unlikely as the text is long."""

    def generate(self, inputs, return_dict=False, num_return_sequences=1):
        found = [
            Generated(f"{text.upper()}\tx", ["a", "b"], [], -2.0 * len(text), None)
            if text
            else Generated("", [], [], 0.0, None)
            for text in inputs
        ]
        found = found if return_dict else [out.text for out in found]
        return found if num_return_sequences == 1 else [[out, found[0]] for out in found]


def test_a_doubtful_answer_has_its_score_in_a_second_column(monkeypatch, capsys):
    monkeypatch.setattr(registry, "load", lambda name, task=None, fast=False: Doubter())
    stdin(monkeypatch, b"abc\n\na\nab\n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["translate", "m", "--min-score", "-2"]) == 0
    assert capsys.readouterr().out == "ABC x\t-3.00\n\nA x\nAB x\n"  # -2 is not below -2
    main(["translate", "m", "abc", "--min-score", "-2", "--num-return-sequences", "2"])
    assert capsys.readouterr().out == "ABC x\t-3.00\n" * 2
    main(["translate", "m", "abc"])
    assert capsys.readouterr().out == "ABC\tx\n"


@pytest.mark.parametrize(
    "options, message",
    [
        (["--min-score", "0.5"], "0.5 is not in the range x<=0"),
        (["--min-score", "-1", "--fast"], "--fast goes with --max-new-tokens alone; got --min-sc"),
        (["--min-score", "-1", "--attend", "a.png"], "--attend goes without --min-score"),
    ],
)
def test_a_minimal_score_that_cannot_be_is_one_clear_error(options, message, capsys):
    assert main(["translate", "m", "a", *options]) == 2
    assert message in capsys.readouterr().err
