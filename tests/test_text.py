import keras
import pytest
import sentencepiece
import tensorflow as tf

from zoo.text import END_ID, PAD_ID, START_ID, UNKNOWN_ID, SentencePieceTokenizer

NASTY = [
    "der Hund läuft",
    "",
    "   ",
    "  zwei   Kinder \t\n ",
    "一只狗在海滩上跑。",
    "🐕‍🦺 👩‍👩‍👧 é ﬁ ①",
    "a\x00b\x07c\x1f\x7f\u200b\u2028",
    "كلب أسود \u202e یجری",
    "\ufeffHund\ufffd",
    "<s> </s> <unk> <pad> ▁",
    "𐍈𝔘\U0010ffff",
    "Hund" * 300,
]


def padded(rows):
    return tf.ragged.constant(rows, tf.int32, ragged_rank=1).to_tensor()


def as_text(strings):
    return [string.decode() for string in strings.numpy()]


@pytest.fixture
def without_tensorflow_text(monkeypatch, tokenizer):
    monkeypatch.setattr("zoo.text.sentencepiece.tensorflow_text", None)
    return SentencePieceTokenizer(tokenizer.proto)


def test_ids_are_the_same_in_python_and_in_the_graph(tokenizer):
    assert tf.function(tokenizer.call)(tf.constant(NASTY)).to_list() == tokenizer.encode(NASTY)


def test_text_from_ids_is_the_same_in_python_and_in_the_graph(tokenizer):
    ids = tokenizer.encode(NASTY)
    assert as_text(tokenizer.detokenize(padded(ids))) == tokenizer.decode(ids)


def test_bytes_that_are_no_character_read_the_same_in_python_and_in_the_graph(tokenizer):
    # 狗 is E7 8B 97; a model may write any bytes.
    (hund, (_, *dog)) = tokenizer.encode(["Hund", "狗"])
    assert tokenizer.pieces(dog) == ["<0xE7>", "<0x8B>", "<0x97>"]
    rows = [dog[:1], dog[1:], dog[:2] + hund, hund + dog[:1] + dog, dog[::-1], dog[:1] * 5]
    assert as_text(tokenizer.detokenize(padded(rows))) == tokenizer.decode(rows)


def test_text_comes_back_in_any_script(tokenizer):
    texts = ["der Hund läuft", "一只狗 在海滩上跑", "🐕‍🦺 Hund", "كلب أسود", "x = 1 % 2"]
    assert tokenizer.decode(tokenizer.encode(texts)) == texts


@pytest.mark.parametrize(
    "broken",
    [b"Hund\xffKatze", b"\xe4\xb8", b"\x80 a", b"\xed\xa0\x80", b"\xc0\xafx", b"\xf0\x9f\x90 x"],
)
def test_invalid_utf8_in_the_graph_is_the_replacement_character(tokenizer, broken):
    text = broken.decode("utf-8", "replace")
    (ids,) = tokenizer(tf.constant([broken])).to_list()
    assert [ids] == tokenizer.encode([text])
    # The vocabulary's normaliser takes that character for a space.
    assert tokenizer.decode([ids]) == [" ".join(text.replace("\ufffd", " ").split())]


@pytest.mark.parametrize("text", ["Hund \ud800", "\udc80 Hund", "\ud83d\ud83d\ud83d", "a\udfffb"])
def test_lone_surrogate_is_the_replacement_character(tokenizer, text):
    clean = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert tokenizer.encode([text]) == tokenizer.encode([clean])


def test_two_surrogates_that_make_a_character_are_that_character(tokenizer):
    assert tokenizer.encode(["\ud83d\udc15"]) == tokenizer.encode(["🐕"])


@pytest.mark.parametrize(
    "clear", [lambda: keras.utils.set_random_seed(1), keras.utils.clear_session]
)
def test_graph_still_works_after_tensorflow_cleared_its_kernels(tokenizer, clear):
    in_graph = tf.function(tokenizer.call)
    expected = in_graph(tf.constant(NASTY)).to_list()
    clear()
    assert in_graph(tf.constant(NASTY)).to_list() == expected
    assert SentencePieceTokenizer(tokenizer.proto)(tf.constant(NASTY)).to_list() == expected


def test_nothing_is_unknown_and_no_text_makes_a_special_token(tokenizer):
    ids = {i for row in tokenizer.encode(NASTY) for i in row}
    assert not ids & {PAD_ID, UNKNOWN_ID, START_ID, END_ID}
    assert max(ids) < tokenizer.vocab_size <= 400


def test_special_tokens_are_left_out_of_text(tokenizer):
    (ids,) = tokenizer.encode(["zwei Kinder"])
    row = [START_ID, ids[0], UNKNOWN_ID, *ids[1:], END_ID, PAD_ID]
    assert tokenizer.decode([row, [], [END_ID]]) == ["zwei Kinder", "", ""]
    graph = tokenizer.detokenize(padded([row, [], [END_ID]]))
    assert as_text(graph) == ["zwei Kinder", "", ""]


def test_pieces_name_the_tokens_and_padding_is_an_empty_string_in_the_graph(tokenizer):
    (ids,) = tokenizer.encode(["Hund 狗"])
    assert "".join(tokenizer.pieces(ids)) == "▁Hund▁<0xE7><0x8B><0x97>"
    row = tokenizer.graph_pieces(tf.constant([[*ids, END_ID, PAD_ID]]))[0]
    assert as_text(row) == [*tokenizer.pieces(ids), "</s>", ""]


def test_config_holds_the_vocabulary(tokenizer):
    copy = SentencePieceTokenizer.from_config(tokenizer.get_config())
    assert (copy.proto, copy.name, copy.dtype) == (tokenizer.proto, tokenizer.name, "int32")
    assert copy.encode(NASTY) == tokenizer.encode(NASTY)


@pytest.mark.parametrize("proto", [b"no model", b"\xff" * 50])
def test_bytes_that_are_no_model_are_an_error(proto):
    with pytest.raises(ValueError, match=f"SentencePiece model; got {len(proto)} bytes"):
        SentencePieceTokenizer(proto)


def test_model_with_other_special_tokens_is_an_error(tmp_path, sentences):
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_prefix=str(tmp_path / "other"),
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    with pytest.raises(ValueError, match=r"0, 1, 2, 3; got \(-1, 0, 1, 2\)"):
        SentencePieceTokenizer((tmp_path / "other.model").read_bytes())


def test_vocabulary_without_room_for_the_bytes_is_an_error():
    with pytest.raises(ValueError, match=r"vocab_size must be >= 300.*got 299"):
        SentencePieceTokenizer.train(["a"], vocab_size=299)


def test_lowercase_makes_one_of_capital_and_small_letters_everywhere():
    lines = ["Who was Galileo?", "what is an ATOM?", "WHERE is Aspen?"] * 5
    tokenizer = SentencePieceTokenizer.train(lines, 300, lowercase=True)
    texts = ["WHO was galileo?", "who Was GALILEO?", "Äpfel", "äpfel"]
    ids = tokenizer.encode(texts)
    assert ids[0] == ids[1] and ids[2] == ids[3] and ids[0] != ids[2]
    assert tokenizer.decode(ids) == ["who was galileo?"] * 2 + ["äpfel"] * 2
    assert tf.function(tokenizer.call)(tf.constant(texts)).to_list() == ids
    cased = SentencePieceTokenizer.train(lines, 300)
    assert cased.encode(["WHO"]) != cased.encode(["who"])


def test_lowercase_letters_do_not_come_back_to_the_letter():
    with pytest.raises(ValueError, match="lossless=True, lowercase=True"):
        SentencePieceTokenizer.train(["a"], 300, lossless=True, lowercase=True)


@pytest.mark.parametrize("lines", [[], ["", "  "]])
def test_training_on_no_text_is_an_error(lines):
    with pytest.raises(ValueError, match="lines must hold text"):
        SentencePieceTokenizer.train(lines, vocab_size=400)


def test_graph_works_without_tensorflow_text(without_tensorflow_text, tokenizer):
    texts = tf.constant([*NASTY, b"Hund \xff Katze"])
    ids = tf.function(without_tensorflow_text.call)(texts)
    assert ids.to_list() == tokenizer(texts).to_list()
    there_and_back = tf.function(without_tensorflow_text.detokenize)
    assert as_text(there_and_back(ids.to_tensor())) == tokenizer.decode(ids.to_list())


def test_empty_batch_works_without_tensorflow_text(without_tensorflow_text):
    assert without_tensorflow_text(tf.constant([], tf.string)).to_list() == []
    assert as_text(without_tensorflow_text.detokenize(tf.zeros([0, 3], tf.int32))) == []


def test_export_without_tensorflow_text_says_what_is_missing(without_tensorflow_text):
    with pytest.raises(ImportError, match="needs the package tensorflow-text"):
        _ = without_tensorflow_text.resource
