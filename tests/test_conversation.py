"""`ChatBot` and `Summarizer`: turns in, a reply or a summary out."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.lite.turns import encode_turns, filled_parts, joined_turns, newest_turns
from zoo.models import PointerGenerator, Transformer
from zoo.serving import LiteChatBot, LiteSummarizer, export_litert
from zoo.tasks import ChatBot, Summarizer
from zoo.text import END_ID, START_ID

SMALL = {
    "num_encoder_layers": 1,
    "num_decoder_layers": 1,
    "model_dim": 16,
    "num_heads": 2,
    "ff_dim": 16,
    "share_embeddings": True,
}
TALK = ["der Hund", "eine Katze läuft", "zwei Kinder", "der Hund schläft"]
# Windows line ends, blank lines, too many turns, a turn that is too long, other scripts.
TEXTS = [
    "\n".join(TALK),
    "",
    "  \n\n ",
    "der Hund\r\n\n  eine Katze\n",
    "\n".join(TALK * 9),
    "zwei " * 60,
    "Hund\n" + "zwei Kinder " * 60,
    "狗 🐕‍🦺\n\x00\t\n\udcff Hund",
]


@pytest.fixture(scope="module")
def chat(tokenizer):
    keras.utils.set_random_seed(1)
    size = tokenizer.vocab_size
    bot = ChatBot(
        Transformer(size, size, **SMALL),
        tokenizer,
        decoding={"max_new_tokens": 6},
        max_source_length=24,
        max_turns=3,
    )
    bot.build()
    for i, weight in enumerate(bot.model.trainable_weights):
        if not weight.path.endswith("table"):  # else one token would be the best for all
            noise = np.random.default_rng(i).normal(size=weight.shape)
            weight.assign(weight.numpy() + 0.3 * noise)  # so that answers differ
    return bot


@pytest.fixture(scope="module")
def lively(chat):
    """The same with a penalty of its own, as it is shipped."""
    settings = {**chat.settings(), "dullness_penalty": 0.5}
    return ChatBot(chat.model, chat.source_tokenizer, **settings)


@pytest.fixture(scope="module")
def summarizer(tokenizer):
    keras.utils.set_random_seed(2)
    size = tokenizer.vocab_size
    task = Summarizer(
        PointerGenerator(size, size, **SMALL),
        tokenizer,
        decoding={"num_beams": 2, "max_new_tokens": 6},
        max_source_length=24,
    )
    task.build()
    return task


# Turns.


def test_turns_are_told_apart_by_end_tokens(tokenizer):
    (turns,) = encode_turns(tokenizer, ["der Hund\n\n  \nzwei"])
    first, second = tokenizer.encode(["der Hund", "zwei"])
    assert turns == [first, second]
    assert joined_turns(turns) == [*first, END_ID, *second]
    assert encode_turns(tokenizer, ["", "\n"]) == [[], []]


def test_the_newest_turns_stay_whole_and_of_a_long_one_its_end():
    turns = [[5, 6], [7, 8, 9], [10]]
    assert newest_turns(turns, 9) == turns
    assert newest_turns(turns, 8) == newest_turns(turns, 6) == turns[1:]
    assert newest_turns(turns, 5) == newest_turns(turns, 2) == turns[2:]
    assert newest_turns([[5], [6, 7, 8, 9]], 4) == [[7, 8, 9]]
    assert newest_turns([], 4) == []


def test_parts_are_full_and_hold_every_turn_that_fits():
    assert filled_parts([[5, 6], [7], [8, 9]], 5) == [[[5, 6], [7]], [[8, 9]]]
    assert filled_parts([[5, 6, 7, 8], [9]], 3) == [[[5, 6]], [[9]]]
    assert filled_parts([], 3) == [[]]


@pytest.mark.parametrize("task", ["chat", "summarizer"])
def test_the_graph_reads_what_python_reads(task, request):
    task = request.getfixturevalue(task)
    valid = [text.encode("utf-8", "replace") for text in TEXTS]
    found = task.preprocess_tf(tf.constant(valid)).numpy()
    expected = task.collate(task.encode_sources([text.decode() for text in valid]))
    np.testing.assert_array_equal(found, expected)
    assert found.shape[1] <= task.max_source_length


# Replies.


def test_a_reply_is_a_str_and_a_list_of_conversations_has_a_list(chat):
    reply = chat.reply(TALK)
    assert isinstance(reply, str)
    assert chat.reply("\n".join(TALK)) == reply
    assert chat.reply([TALK, ["Hund"]]) == [reply, chat.reply(["Hund"])]
    assert chat.ask(["\n".join(TALK), "Hund"]) == [reply, chat.reply(["Hund"])]
    assert chat.predict(["\n".join(TALK)]).tolist() == [reply]
    assert chat.reply(["der\nHund"]) == chat.reply(["der Hund"])


def test_a_history_is_trained_on_as_it_is_answered(chat, tokenizer):
    """With the newest turns alone, of which blank lines are none."""
    pairs = [("\n".join([*TALK, " ", *TALK]), "Hund"), ("", "Hund"), ("Katze", "Hund")]
    found = [row for batch in chat.batches(pairs) for row in batch[0]["source"].numpy()]
    newest = [token for turn in tokenizer.encode(TALK[-3:]) for token in (*turn, END_ID)]
    short = [*tokenizer.encode(["Katze"])[0], END_ID]
    assert sorted(row[row != 0].tolist() for row in found) == sorted([newest, [END_ID], short])


def test_no_turn_opens_a_conversation(chat):
    found = chat.reply([], return_dict=True)
    assert found.source_tokens == ["</s>"] and found.left_out == 0
    assert chat.reply([[], TALK])[0] == found.text


def test_the_oldest_turns_leave_and_the_reply_says_how_many(chat):
    found = chat.reply(TALK, return_dict=True)
    assert found.left_out == 1 and found.source_tokens.count("</s>") == 3
    same = chat.reply(TALK[1:], return_dict=True)
    assert same.left_out == 0 and same.text == found.text
    assert found.axes == ("history", "reply")
    assert found.attention.shape[2:] == (len(found.tokens), len(found.source_tokens))


def test_a_persona_never_leaves(chat):
    found = chat.reply(TALK, persona=["zwei Kinder"], return_dict=True)
    first = chat.source_tokenizer.pieces(chat.source_tokenizer.encode(["zwei Kinder"])[0])
    assert found.source_tokens[: len(first)] == first
    assert found.left_out >= 1 and len(found.source_tokens) <= chat.max_source_length
    with pytest.raises(ValueError, match="persona must leave room for a turn in 24 tokens; got"):
        chat.reply(TALK, persona=["zwei Kinder " * 20])


def test_several_replies_come_with_scores(chat):
    options = {"top_p": 0.9, "seed": 1, "num_return_sequences": 4}
    found = chat.reply(TALK, return_dict=True, **options)
    assert len(found) == 4 and len({reply.score for reply in found}) > 1
    assert [reply.text for reply in found] == chat.reply(TALK, **options)
    assert chat.reply(TALK, prefix="zwei").startswith("zwei")


def log_probs(chat, history, ids):
    """Of each next token behind `ids`, float64 (V,)."""
    source = np.array([history.ids])
    logits = chat({"source": source, "target": np.array([[START_ID, *ids]])})
    logits = np.array(logits[0, -1], "float64")
    return logits - np.log(np.exp(logits).sum())


def test_a_penalty_chooses_the_words_that_the_history_makes_likelier(chat):
    (history,), nothing = chat.preprocess("\n".join(TALK))[0], chat.preprocess("")[0][0]
    penalty, ids = 0.7, []
    while len(ids) < 6 and ids[-1:] != [END_ID]:
        found = log_probs(chat, history, ids)
        scores = found - penalty * log_probs(chat, nothing, ids)
        scores[found < found.max() - 2.3] = -np.inf
        scores[:3] = -np.inf
        ids.append(int(scores.argmax()))
    expected = chat.target_tokenizer.pieces(ids)
    options = {"num_beams": 1, "return_dict": True}
    assert expected != chat.reply(TALK, **options).tokens
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "You are using a softmax")  # over one position
        found = chat.reply([TALK, []], dullness_penalty=penalty, **options)
    assert found[0].tokens == chat.reply(TALK, dullness_penalty=penalty, **options).tokens
    assert found[0].tokens == expected
    settings = {**chat.settings(), "dullness_penalty": penalty}
    kept = ChatBot(chat.model, chat.source_tokenizer, **settings)
    assert kept.reply(TALK, return_dict=True).tokens == expected
    assert kept.predict(["\n".join(TALK)])[0] == kept.reply(TALK) == found[0].text
    assert kept.reply(TALK, dullness_penalty=0) == chat.reply(TALK)
    assert kept.settings()["dullness_penalty"] == penalty


@pytest.mark.model  # seconds
def test_a_penalty_goes_with_beams_draws_prefixes_and_stops(chat):
    options = {"dullness_penalty": 0.5}
    assert len(chat.reply(TALK, num_beams=3, num_return_sequences=2, **options)) == 2
    assert isinstance(chat.reply(TALK, top_p=0.9, seed=1, **options), str)
    assert chat.reply(TALK, prefix="狗 zwei", **options).startswith("狗 zwei")
    assert "n" not in chat.reply(TALK, stop="n", **options)


# Summaries.


def test_a_conversation_is_a_str_or_a_list_of_turns(summarizer):
    text = "\n".join(TALK[:2])
    summary = summarizer.summarize(text)
    assert isinstance(summary, str)
    assert summarizer.summarize([text, TALK[:2], ""]) == [summary, summary, ""]


def test_a_long_conversation_is_summarised_in_parts(summarizer):
    long = [f"{turn} {turn} {turn}" for turn in TALK]
    (parts,) = summarizer.preprocess("\n".join(long))[0]
    assert len(parts) > 1
    lines = iter(long)
    texts = ["\n".join(next(lines) for _ in part) for part in parts]
    whole = summarizer.summarize("\n".join(long), return_dict=True)
    assert whole.text == " ".join(summarizer.summarize(texts))
    assert len(whole.parts) == len(parts)


def test_a_summary_says_what_was_copied(summarizer):
    gate = summarizer.model.copy_distribution.gate_dense
    bias = gate.bias.numpy()
    for value, least, most in ((-12.0, 0.99, 1.0), (12.0, 0.0, 0.01)):
        gate.bias.assign([value])
        found = summarizer.summarize("der Hund\nzwei Kinder", return_dict=True)
        assert len(found.copied) == len(found.tokens) and found.attention.shape[:2] == (1, 1)
        assert all(least <= share <= most for share in found.copied)
    gate.bias.assign(bias)


# Everything else that users call.


@pytest.mark.model  # seconds
@pytest.mark.parametrize("task", ["chat", "lively", "summarizer"])
def test_a_file_and_the_exports_answer_as_the_model_does(task, request, tmp_path):
    task = request.getfixturevalue(task)
    expected = task.ask(TEXTS)
    task.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").ask(TEXTS) == expected
    task.export(tmp_path / "1")
    signatures = tf.saved_model.load(str(tmp_path / "1")).signatures
    read = [text.encode("utf-8", "replace").decode() for text in TEXTS[:4]]
    served = signatures["serving_default"](text=tf.constant(read))
    assert [text.decode() for text in served["text"].numpy()] == task.ask(read)
    drawn = signatures["attention"](text=tf.constant(read))
    assert drawn["attention"].shape == (
        4,
        drawn["target_tokens"].shape[1],
        drawn["source_tokens"].shape[1],
    )
    pytest.importorskip("ai_edge_litert")
    reader = {"ChatBot": LiteChatBot, "Summarizer": LiteSummarizer}[type(task).__name__]
    reader = reader(export_litert(task, tmp_path, "lite", weights="float32"))
    assert reader.ask(TEXTS) == expected
    assert reader.ask(TEXTS[0]) == expected[0]


@pytest.mark.model  # seconds
@pytest.mark.parametrize("task", ["chat", "summarizer"])
def test_it_learns_from_pairs(task, request):
    made = request.getfixturevalue(task)
    model = type(made.model).from_config(made.model.get_config())
    task = type(made)(model, made.source_tokenizer, max_source_length=24)
    task.compile(keras.optimizers.Adam(0.01), label_smoothing=0.0)
    pairs = [("der Hund\nzwei", "eine Katze"), ("", "zwei"), ("Katze\nläuft\nHund", "der")] * 20
    losses = task.fit(pairs, batch_tokens=200, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert task.score("der Hund\nzwei", "eine Katze") < 0


@pytest.mark.parametrize(
    ("turns", "options", "error", "message"),
    [
        (3, {}, TypeError, "turns must be a list of str, the turns of a conversation"),
        ({"a": 1}, {}, TypeError, "turns must be a list of str, the turns of a conversation"),
        (["a", 3], {}, TypeError, r"got turns\[1\]=3 \(int\)"),
        ([["a"], 3], {}, TypeError, r"turns\[1\] must be a list of str"),
        (["a"], {"persona": "b"}, TypeError, "persona must be a list of str; got 'b'"),
        (["a"], {"dullness_penalty": -1}, ValueError, "dullness_penalty must be >= 0; got"),
        (["a"], {"dullness_penalty": "x"}, TypeError, "dullness_penalty must be a number; got 'x'"),
        (["a"], {"beams": 3}, TypeError, "generate has no option 'beams': did you mean num_beams"),
    ],
)
def test_bad_input_is_named(chat, turns, options, error, message):
    with pytest.raises(error, match=message):
        chat.reply(turns, **options)


@pytest.mark.parametrize("text", [3, ["a", 3], [["a", 3]], None])
def test_what_is_no_conversation_is_refused(summarizer, text):
    with pytest.raises(TypeError, match="text.* must be|got text"):
        summarizer.summarize(text)


@pytest.mark.parametrize("text", ["zwei " * 10_000, "\x00\x07", "مرحبا", "🐕" * 300])
def test_odd_turns_have_an_answer(chat, summarizer, text):
    assert isinstance(chat.reply(["Hund", text]), str)
    assert isinstance(summarizer.summarize(text[:3000]), str)


def test_names_are_public():
    assert zoo.ChatBot is ChatBot and zoo.Summarizer is Summarizer
