"""`zoo chat`: a conversation in the terminal; and `zoo summarize`: what one was about."""

import itertools
import sys
import threading
from pathlib import Path

import click

from zoo.cli import checks
from zoo.cli.commands import clean, decoding_options, draw, given, load_quietly, one_thread, zoo
from zoo.cli.lines import batches, read_lines, write_lines

_HELP = """/undo  take back the last turn and its reply
/why   the words of the turns so far that the reply attended to most
/save FILE  write the conversation, a turn on each line
/new   begin anew
/quit  end, as Ctrl-D does; Ctrl-C ends a reply alone"""
_SHOWN = 6  # words of /why
_TOGETHER = 32  # conversations that are summarised at a time


@zoo.command()
@click.argument("name")
@decoding_options
@click.option(
    "--dullness-penalty",
    type=click.FloatRange(0),
    help="How much less a word counts that is likely whatever was said.",
)
@click.option("--persona", multiple=True, help="A turn before all others; may be given more often.")
def chat(name, persona, **options):
    """Talk with NAME: a line is a turn, and its reply the next.

    The oldest turns leave when there are too many, and it says so. In the conversation, /undo,
    /why, /save FILE, /new, /help and /quit are commands. Ctrl-C ends a reply, not the chat.

    Where standard input is no terminal, its lines are the turns, and only replies are written.
    """
    options = {**given(options), "num_return_sequences": None}
    one_thread()
    talk = Conversation(load_quietly(name, "dialogue"), list(map(clean, persona)), options)
    shown = sys.stdin.isatty()
    if shown:
        click.echo(f"{name}: say something; /help for what else there is.", err=True)
    while True:
        try:
            line = _line(shown)
            if line is None:
                return
            if line.startswith("/") and not _command(talk, line):
                return
            if not line.startswith("/") and line:
                _answer(talk, line)
        except KeyboardInterrupt:
            if not shown:
                raise
            click.echo("\n(stopped; /quit ends the chat)", err=True)


class Conversation:
    """The turns of a chat, and how the last reply came about.

    Args:
        bot: a `zoo.ChatBot`, or a `zoo.TextGenerator` with a chat format.
        persona: list of str, see the `reply` of either.
        options: dict of options of `reply`.
    """

    def __init__(self, bot, persona=(), options=None):
        self._bot, self._persona, self._options = bot, persona, options or {}
        self.turns = []
        self.last = None  # `zoo.tasks.chat_bot.Reply`

    def say(self, turn):
        """Adds a turn and its reply. A `KeyboardInterrupt` on the way leaves both out.

        The reply is looked for in a thread of its own, so that an interrupt need not wait for it.

        Returns:
            `zoo.tasks.chat_bot.Reply`.
        """
        turns, found = [*self.turns, turn], []
        options = {**self._options, "persona": self._persona, "return_dict": True}

        def work():
            try:
                found.append(self._bot.reply(turns, **options))
            except Exception as error:  # for the thread that waits
                found.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.05)
        if isinstance(found[0], Exception):
            raise found[0]
        (self.last,) = found
        self.turns = [*turns, self.last.text]
        return self.last

    def undo(self):
        """Takes back the last turn and its reply; False where there is none."""
        if not self.turns:
            return False
        self.turns, self.last = self.turns[:-2], None
        return True

    def why(self):
        """The words that the last reply attended to most: list of (word, share), largest first."""
        if self.last is None:
            return []
        shares = self.last.attention[-1].mean(axis=(0, 1))
        words = {}
        for piece, share in zip(self.last.source_tokens, shares, strict=True):
            if piece == "</s>" or piece.startswith("\u2581") or not words:
                words[len(words)] = ["", 0.0]
            if piece != "</s>":
                word = words[len(words) - 1]
                word[0] += piece.lstrip("\u2581")
                word[1] += float(share)
        found = [(word, share) for word, share in words.values() if word]
        return sorted(found, key=lambda pair: -pair[1])


def _line(shown):
    """The next line, without space around it; None at the end."""
    if shown:
        click.echo("> ", nl=False, err=True)
    line = sys.stdin.buffer.readline()
    return line.decode("utf-8", "replace").strip() if line else None


def _answer(talk, line):
    before = 0 if talk.last is None else talk.last.left_out
    reply = talk.say(line)
    if reply.left_out > before:
        click.echo(f"({reply.left_out} of the oldest turns are not read any more)", err=True)
    write_lines([reply.text])


def _command(talk, line):
    """Does what a line with a slash asks for; False where that is to end."""
    name, _, rest = line.partition(" ")
    if name == "/quit":
        return False
    if name == "/undo":
        click.echo("(taken back)" if talk.undo() else "(there is nothing to take back)", err=True)
    elif name == "/new":
        talk.turns, talk.last = [], None
        click.echo("(a new conversation)", err=True)
    elif name == "/why":
        words = ", ".join(f"{word} {share:.0%}" for word, share in talk.why()[:_SHOWN])
        click.echo(f"(attended to {words})" if words else "(there is no reply yet)", err=True)
    elif name == "/save":
        _save(talk, rest.strip())
    else:
        click.echo(_HELP, err=True)
    return True


def _save(talk, path):
    if not path:
        click.echo("(/save needs the name of a FILE)", err=True)
        return
    try:
        Path(path).write_text("".join(f"{turn}\n" for turn in talk.turns), encoding="utf-8")
        click.echo(f"(wrote {path})", err=True)
    except OSError as error:
        click.echo(f"(not saved: {error})", err=True)


@zoo.command()
@click.argument("name")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@decoding_options
@click.option("--attend", metavar="FILE", help="Draw what each word was copied from to FILE.")
def summarize(name, files, attend, **options):
    """Summarise the conversation in each FILE, or without one those of standard input.

    A conversation has a turn on each line, with its speaker in front: `Anna: Hi!`. On standard
    input a blank line ends it. Each summary is one line.
    """
    options = given(options)
    if attend and len(files) != 1:
        raise click.UsageError(f"--attend needs exactly one FILE; got {len(files)}.")
    for path in files:
        checks.file("FILE", path)
    checks.picture("--attend", attend)
    summarizer = load_quietly(name, "summarization")
    if attend:
        write_lines([draw(summarizer, _text(files[0]), attend, **options)])
        return
    texts = map(_text, files) if files else _conversations(read_lines(sys.stdin.buffer))
    for batch in batches(texts, 1 if sys.stdin.isatty() else _TOGETHER):
        write_lines(summarizer.summarize(batch, **options))


def _text(path):
    return Path(path).read_text(encoding="utf-8", errors="replace")


def _conversations(lines):
    """Lines -> texts of the lines between blank ones."""
    for blank, group in itertools.groupby(lines, key=lambda line: not line.strip()):
        if not blank:
            yield "\n".join(group)
