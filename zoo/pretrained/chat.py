"""Chat templates: what they write around messages, found out by rendering some conversations."""

import json
import warnings

from zoo.lite.chat import Chat
from zoo.pretrained import pairs

FILE = "chat_template.jinja"
_MESSAGES = tuple(f"{kind}message{i}" for i in range(3) for kind in ("User", "Assistant"))
_SYSTEM = "Systemmessage"


class ChatWarning(UserWarning):
    """A chat template that is not understood."""


def chat_of(checkpoint):
    """The `Chat` of a checkpoint; None where it has no template, or one that does more.

    Of one that does more, or where the package jinja2 is not installed, a warning says so. There is
    no clock: a template that writes the date writes the one that it has for that case.
    """
    file, text, tokens = _template(checkpoint)
    if text is None:
        return None
    try:
        from jinja2 import TemplateError
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        warnings.warn(
            f"{file} has a chat template, which needs jinja2 to be read: the model goes on with "
            "prompts, but does not reply to turns. `pip install attention-zoo[import]`.",
            ChatWarning,
            stacklevel=5,
        )
        return None
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = json.dumps
    environment.globals["raise_exception"] = _raise

    def render(turns, system=None):
        messages = [] if system is None else [{"role": "system", "content": system}]
        roles = ("user", "assistant")
        messages += [{"role": roles[i % 2], "content": turn} for i, turn in enumerate(turns)]
        context = {"tools": None, "documents": None, **tokens}
        return template.render(messages=messages, add_generation_prompt=True, **context)

    try:
        template = environment.from_string(text)
        found = _found(render, TemplateError)
    except Exception as error:  # whatever the template's own code raises
        warnings.warn(
            f"{file}: chat_template must write the turns of a user and an assistant one after the "
            f"other, and nothing that depends on them; {error} The model goes on with prompts, but "
            "does not reply to turns.",
            ChatWarning,
            stacklevel=5,
        )
        return None
    return found


def _template(checkpoint):
    """The file that errors name, the text of the template or None, and its special tokens."""
    settings, file = {}, checkpoint.path / pairs.CONFIG
    if file.is_file():
        settings = checkpoint.json(pairs.CONFIG)
    text = settings.get("chat_template")
    if isinstance(text, list):  # several, each with a name
        text = {part["name"]: part["template"] for part in text}.get("default")
    if (checkpoint.path / FILE).is_file():
        file = checkpoint.path / FILE
        text = file.read_text(encoding="utf-8")
    tokens = {name: settings.get(name) or "" for name in ("bos_token", "eos_token", "pad_token")}
    return file, text, {n: t["content"] if isinstance(t, dict) else t for n, t in tokens.items()}


def _found(render, error):
    """The `Chat` by which a template renders; ValueError where it is none."""
    one, two, three = (_MESSAGES[:count] for count in (1, 3, 5))
    first, reply = _around(render(one), *one)
    _, answered, then, _ = _around(render(two), *two)
    try:
        *system, _ = _around(render(one, _SYSTEM), _SYSTEM, *one)
    except error:  # there is no place for it
        system = None
    chat = Chat(first, answered, reply, then, None if system is None else tuple(system))
    for message in (None, _SYSTEM)[: 1 if system is None else 2]:
        for turns in (one, two, three):
            if chat.prompt(turns, message) != (found := render(turns, message)):
                raise ValueError(f"of {len(turns)} turns it made {found!r:.300}.")
    return chat


def _around(text, *messages):
    """What is in front of, between and behind messages that a text must hold in this order."""
    parts = []
    for message in messages:
        before, found, text = text.partition(message)
        if not found:
            raise ValueError(f"it left out {message!r}.")
        parts.append(before)
    return [*parts, text]


def _raise(message):
    from jinja2 import TemplateError

    raise TemplateError(message)
