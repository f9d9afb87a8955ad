"""Chat templates of public checkpoints: the prompts that transformers makes by them.

`scripts/write_reference_checkpoint.py` made `tests/checkpoints/chats.json`.
"""

import io
import json
import re
import shutil
import types

import pytest
from conftest import ROOT

import zoo
from zoo.cli import main
from zoo.lite.chat import Chat
from zoo.pretrained import causal
from zoo.pretrained.chat import ChatWarning, chat_of
from zoo.pretrained.checkpoint import Checkpoint

pytest.importorskip("safetensors")
FOLDER = ROOT / "tests" / "checkpoints"
EXPECTED = json.loads((FOLDER / "chats.json").read_text("utf-8"))


def with_template(tmp_path, name, template):
    folder = tmp_path / name
    shutil.copytree(FOLDER / name, folder)
    (folder / "chat_template.jinja").write_text(template, "utf-8")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("jinja2")
    template = EXPECTED["qwen2"]["template"]
    return zoo.from_pretrained(with_template(tmp_path_factory.mktemp("chat"), "qwen2", template))


@pytest.mark.parametrize("name", EXPECTED)
def test_conversations_have_the_tokens_that_transformers_gives_them(name, tmp_path):
    pytest.importorskip("jinja2")
    checkpoint = Checkpoint(with_template(tmp_path, name, EXPECTED[name]["template"]))
    chat, tokens = chat_of(checkpoint), causal.tokens(checkpoint)
    for case in EXPECTED[name]["conversations"]:
        (ids,) = tokens.tokenizer.encode([chat.prompt(case["turns"], case["system"])])
        assert [tokens.order[i] for i in ids] == case["ids"]


def test_template_of_the_settings_is_read(tmp_path):
    pytest.importorskip("jinja2")
    template = EXPECTED["qwen2"]["template"]
    folder = with_template(tmp_path, "qwen2", template)
    chat = chat_of(Checkpoint(folder))
    (folder / "chat_template.jinja").unlink()
    settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    for several in (template, [{"name": "default", "template": template}]):
        found = json.dumps(settings | {"chat_template": several})
        (folder / "tokenizer_config.json").write_text(found, "utf-8")
        assert chat_of(Checkpoint(folder)) == chat
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    assert chat_of(Checkpoint(folder)) is None


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{{ m['content'] | upper }}{% endfor %}",
        "{{ messages | length }}{% for m in messages %}{{ m['content'] }}\n{% endfor %}",
        "{% if messages %}{{ raise_exception('no') }}{% endif %}",
        "{% for m in messages %}",
        "{{ messages[0]['content'].__class__.__mro__ }}",
    ],
)
def test_template_that_is_not_understood_is_named(template, tmp_path):
    pytest.importorskip("jinja2")
    folder = with_template(tmp_path, "qwen2", template)
    with pytest.warns(ChatWarning, match="chat_template.jinja: chat_template must write the turns"):
        assert chat_of(Checkpoint(folder)) is None


def test_reply_is_what_follows_the_prompt_of_the_turns(model):
    turns = ["Hallo!", "Was gibt's?", "Wer bist du?"]
    prompt = model.chat.prompt(turns, "Sei kurz.\nSei nett.")
    reply = model.reply(turns, persona=["Sei kurz.", "Sei nett."], max_new_tokens=12)
    # In front of a prompt of this model there is no start token.
    assert prompt + reply == model.generate(prompt, max_new_tokens=12) and reply
    found = model.reply(turns, max_new_tokens=12, return_dict=True)
    assert found.text == model.reply(turns, max_new_tokens=12) and found.left_out == 0


def test_oldest_turns_leave_where_there_is_no_room(model):
    turns = ["Wie geht es Ihnen denn heute, und was machen Sie?", "Gut."] * 3 + ["Und jetzt?"]
    found = model.reply(turns, max_new_tokens=5, return_dict=True)
    assert found.left_out in (2, 4)
    assert found.text == model.reply(turns[found.left_out :], max_new_tokens=5)


def test_turns_that_do_not_fit_are_named(model):
    with pytest.raises(ValueError, match="first and last the user's; got 2 turns"):
        model.reply(["a", "b"])
    with pytest.raises(ValueError, match="first and last the user's; got 0 turns"):
        model.reply([])
    with pytest.raises(ValueError, match="max_new_tokens must be >= 1; got max_new_tokens=0"):
        model.reply(["a"], max_new_tokens=0)
    with pytest.raises(TypeError, match="turns must be a list of str; got 'a'"):
        model.reply("a")
    with pytest.raises(TypeError, match="no option 'dullness_penalty'"):
        model.reply(["a"], dullness_penalty=1.0)
    with pytest.raises(ValueError, match="persona must be empty: the model has no place for it"):
        Chat("", "", "", "", None).prompt(["a"], "b")
    with pytest.raises(ValueError, match="reply needs a model with a chat format"):
        zoo.from_pretrained(FOLDER / "qwen2").reply(["a"])


@pytest.mark.slow
def test_command_talks_with_an_imported_model(model, tmp_path, monkeypatch, capfd):
    file = tmp_path / "model.keras"
    model.save(file)
    lines = io.BytesIO(b"Hallo!\nWer bist du?\n")
    stdin = types.SimpleNamespace(buffer=lines, isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["chat", str(file), "--max-new-tokens", "6"]) == 0
    first = model.reply(["Hallo!"], max_new_tokens=6)
    second = model.reply(["Hallo!", first, "Wer bist du?"], max_new_tokens=6)
    out = capfd.readouterr().out
    assert out == "".join(re.sub(r"[\r\n]", " ", text) + "\n" for text in (first, second))


def test_command_says_where_a_template_is_not_understood(tmp_path, capfd):
    folder = with_template(tmp_path, "qwen2", "{{ messages | length }}")
    assert main(["import", str(folder), "--out", str(tmp_path / "model.keras")]) == 0
    out, err = capfd.readouterr()
    assert out.strip() == str(tmp_path / "model.keras") and "chat_template.jinja" in err
