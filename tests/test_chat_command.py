"""`zoo chat` and `zoo summarize`, on a partner whose replies are known."""

import io
import threading
import types

import numpy as np
import pytest

from zoo import registry
from zoo.cli import chat
from zoo.cli.main import main
from zoo.tasks.chat_bot import Reply


class Echo:
    """Replies with the last word that it read, and attends to it; reads two turns at most."""

    def __init__(self):
        self.calls = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def reply(self, turns, persona=(), return_dict=False, **options):
        self.calls.append((turns, persona, options))
        self.may_go_on.wait()
        if turns[-1] == "boom":
            raise ValueError("turns must be quiet; got 'boom'.")
        tokens = [piece for turn in turns[-2:] for piece in (*_pieces(turn), "</s>")]
        attention = np.zeros((1, 1, 1, len(tokens)), "float32")
        attention[..., -2] = 1.0
        text = turns[-1].split()[-1] + "?"
        return Reply(text, [text], tokens, -1.0, attention, left_out=max(0, len(turns) - 2))

    def summarize(self, texts, **options):
        self.calls.append((texts, options))
        return [f"{len(text.splitlines())} turns" for text in texts]


def _pieces(turn):
    """The last word in two pieces, so that they must be put together."""
    *words, last = turn.split()
    return [*("\u2581" + word for word in words), "\u2581" + last[:1], last[1:]]


@pytest.fixture
def echo(monkeypatch):
    echo = Echo()
    monkeypatch.setattr(registry, "load", lambda name, task=None, fast=False: echo)
    return echo


def type_in(monkeypatch, *lines, terminal=False):
    buffer = io.BytesIO("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    stdin = types.SimpleNamespace(buffer=buffer, isatty=lambda: terminal)
    monkeypatch.setattr("sys.stdin", stdin)


def test_each_line_has_a_reply_and_the_turns_before_are_its_history(echo, monkeypatch, capsys):
    type_in(monkeypatch, "I like tea", "", "and you do too")
    assert main(["chat", "m", "--top-p", "0.9", "--persona", "I am Bo."]) == 0
    out, err = capsys.readouterr()
    assert out == "tea?\ntoo?\n"
    assert err == "(1 of the oldest turns are not read any more)\n"
    turns, persona, options = echo.calls[1]
    assert turns == ["I like tea", "tea?", "and you do too"]
    assert persona == ["I am Bo."] and options["top_p"] == 0.9


def test_undo_why_save_new_and_quit(echo, monkeypatch, capsys, tmp_path):
    path = tmp_path / "talk.txt"
    lines = ("/why", "one", "two words", "/why", "/undo", "three", f"/save {path}", "/save", "/new")
    type_in(monkeypatch, *lines, "/undo", "four", "/dance", "/quit", "five")
    assert main(["chat", "m"]) == 0
    out, err = capsys.readouterr()
    assert out == "one?\nwords?\nthree?\nfour?\n"
    assert "(there is no reply yet)" in err and "(attended to words 100%, " in err
    assert "(taken back)" in err and "(there is nothing to take back)" in err
    assert path.read_text() == "one\none?\nthree\nthree?\n"
    assert "(/save needs the name of a FILE)" in err and "/undo  take back" in err
    assert echo.calls[-1][0] == ["four"]


def test_what_cannot_be_saved_ends_no_chat(echo, monkeypatch, capsys, tmp_path):
    type_in(monkeypatch, "one", f"/save {tmp_path}", "two")
    assert main(["chat", "m"]) == 0
    out, err = capsys.readouterr()
    assert out == "one?\ntwo?\n" and "(not saved: " in err


def test_control_c_ends_a_reply_and_not_the_chat(echo, monkeypatch, capsys):
    type_in(monkeypatch, "one", "two", "three", terminal=True)
    alive = threading.Thread.is_alive

    def interrupted(thread):
        if len(echo.calls) == 2 and not echo.may_go_on.is_set():
            echo.may_go_on.set()
            raise KeyboardInterrupt
        return alive(thread)

    reply = echo.reply

    def slow(turns, **options):
        if turns[-1] == "two":
            echo.may_go_on.clear()
        return reply(turns, **options)

    echo.reply = slow
    monkeypatch.setattr(threading.Thread, "is_alive", interrupted)
    assert main(["chat", "m"]) == 0
    out, err = capsys.readouterr()
    assert out == "one?\nthree?\n" and "(stopped; /quit ends the chat)" in err
    assert echo.calls[-1][0] == ["one", "one?", "three"]


def test_an_error_of_the_model_is_told_once(echo, monkeypatch, capsys):
    type_in(monkeypatch, "boom")
    assert main(["chat", "m"]) == 2
    assert "turns must be quiet" in capsys.readouterr().err


def test_undo_of_a_conversation_takes_both_turns_back():
    talk = chat.Conversation(Echo())
    talk.say("one")
    talk.say("two")
    assert talk.undo() and talk.turns == ["one", "one?"] and talk.why() == []
    assert talk.undo() and not talk.undo()


def test_conversations_are_summarised_from_files_and_between_blank_lines(
    echo, monkeypatch, capsys, tmp_path
):
    path = tmp_path / "talk.txt"
    path.write_text("Anna: Hi!\nBo: Hello.\n", encoding="utf-8")
    assert main(["summarize", "m", str(path), str(path)]) == 0
    assert capsys.readouterr().out == "2 turns\n2 turns\n"
    type_in(monkeypatch, "", "Anna: Hi!", "", " ", "Bo: Hello.", "Anna: Bye.", "Bo: Bye.")
    assert main(["summarize", "m", "--num-beams", "2"]) == 0
    assert capsys.readouterr().out == "1 turns\n3 turns\n"
    assert echo.calls[-1][1] == {"num_beams": 2}


def test_bad_usage_of_summarize_is_one_line(echo, capsys, tmp_path):
    assert main(["summarize", "m", "nowhere.txt"]) == 2
    assert "FILE must be a file that exists; got 'nowhere.txt'" in capsys.readouterr().err
    assert main(["summarize", "m", "--attend", "a.png"]) == 2
    assert "--attend needs exactly one FILE; got 0." in capsys.readouterr().err
