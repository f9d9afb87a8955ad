"""The entry point: run a command and turn what went wrong into one line and an exit status."""

import contextlib
import dis
import os
import sys
import sysconfig
import warnings

import click

from zoo.cli import (  # noqa: F401  each adds its command
    batch,
    caption,
    chat,
    classify,
    export,
    import_,
    match,
    rank,
    recommend,
    serve,
    trace,
    train,
    transcribe,
)
from zoo.cli.commands import zoo
from zoo.system import advising

BAD_USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT
PIPE_CLOSED = 141  # 128 + SIGPIPE


def main(argv=None):
    """Run the command line.

    Args:
        argv: list of str; by default the arguments of the process.

    Returns:
        The exit status: 0; 2 for bad usage, with one line on standard error; 130 after Ctrl-C; 141
        where the reader of standard output has gone. A fault of the program is none of these: it
        is raised, for Python to show where, with status 1.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        with _warnings_in_one_line(), advising():
            with zoo.make_context("zoo", list(sys.argv[1:] if argv is None else argv)) as context:
                zoo.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:  # --help
        return stop.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        return _fail(context.command_path if context else "zoo", error.format_message())
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What Python flushes at its exit must not meet the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (ImportError, OSError, UnicodeError) as error:
        return _fail("zoo", str(error))
    except (ValueError, TypeError) as error:
        if not _is_about_usage(error):
            raise
        return _fail("zoo", str(error))
    return 0


@contextlib.contextmanager
def _warnings_in_one_line():
    """A warning, as of lines that a file has too much, without the place in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(
            f"zoo: warning: {' '.join(str(message).split())}", file=sys.stderr
        )
        yield


def _is_about_usage(error):
    """Whether a check raised an error, so that it is about what was given.

    What Python raises itself, as at a call with wrong arguments, or a library, has met a fault.
    """
    place = error.__traceback__
    while place.tb_next:
        place = place.tb_next
    code = place.tb_frame.f_code
    ours = place.tb_frame.f_globals.get("__name__", "").startswith("zoo.")
    libraries = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
    checked = code.co_code[place.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return checked and (ours or not code.co_filename.startswith(libraries))


def _fail(command, message):
    print(f"{command}: error: {' '.join(message.split())}", file=sys.stderr)
    return BAD_USAGE
