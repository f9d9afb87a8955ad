import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import Decoding, all_of, allowed_tokens, force_tokens, search
from zoo.text import END_ID, PAD_ID, START_ID, Form, SentencePieceTokenizer

COUPLET = Form(line_length=3, marks="，。")
POEMS = ["春花秋，月何時。", "往事知，多少小。", "樓昨夜，又東風！", "a□1 b\n"]
METHODS = {
    "greedy": {},
    "samples": {"do_sample": True, "num_return_sequences": 4},
    "beams": {"num_beams": 3, "num_return_sequences": 3},
}


@pytest.fixture(scope="module")
def tokenizer():
    return SentencePieceTokenizer.train(POEMS, 400, model_type="char", lossless=True)


def one(tokenizer, prompt="", acrostic="", form=COUPLET):
    return form.tables(tokenizer, [prompt], [acrostic])


def compose(tokenizer, tables, seed=0, **options):
    """Continuations of each prompt by a model that likes bytes, spaces and ends best."""
    vocab_size = tokenizer.vocab_size
    logits = np.random.default_rng(seed).normal(size=[vocab_size, vocab_size])
    unwanted = [i for i, p in enumerate(tokenizer.pieces(range(vocab_size))) if not p.isalpha()]
    logits[:, unwanted] += 9
    static_config, dynamic_params = Decoding(**options).split()
    batch = len(tables.ids)
    found = search(
        lambda tokens, static, state: (tf.gather(tf.constant(logits, tf.float32), tokens), state),
        (),
        tf.zeros([batch]),
        batch_size=batch,
        start_id=START_ID,
        end_id=END_ID,
        pad_id=PAD_ID,
        limit=tf.fill([batch], COUPLET.length + 1),
        static_config=static_config,
        dynamic_params=dynamic_params,
        seeds=tf.range(batch),
        constraint=all_of(
            allowed_tokens(tables.classes, tables.masks),
            force_tokens(tables.ids, PAD_ID, vocab_size),
        ),
    )
    return [tokenizer.decode(row.tolist()) for row in found.tokens.numpy()]


@pytest.mark.parametrize("method", METHODS)
def test_every_poem_is_of_its_form_and_goes_on_from_its_prompt(tokenizer, method):
    prompts = ["", "春", "春花秋，", "月何時，往事知。"]
    tables = COUPLET.tables(tokenizer, prompts)
    for prompt, row in zip(prompts, compose(tokenizer, tables, **METHODS[method]), strict=True):
        assert all(COUPLET.matches(prompt + text) for text in row), row
    assert set(row) == {""}


@pytest.mark.parametrize("method", METHODS)
def test_every_poem_begins_its_lines_with_its_acrostic(tokenizer, method):
    tables = COUPLET.tables(tokenizer, ["", "春花", "", ""], ["風月", "春東", "夜", ""])
    poems = compose(tokenizer, tables, **METHODS[method])
    poems[1] = ["春花" + text for text in poems[1]]
    assert all(COUPLET.matches(text) for row in poems for text in row)
    for row, (first, second) in zip(poems, [("風", "月"), ("春", "東"), ("夜", "")], strict=False):
        assert all(text.startswith(first) and text[4:].startswith(second) for text in row)


def test_tables_worked_out_by_hand(tokenizer):
    tables = COUPLET.tables(tokenizer, ["春花", ""], ["春月", ""])
    # Classes: 0 a character, 1 and 2 the marks in the order of their code points, 3 the end.
    full_stop, comma = sorted("。，")
    assert (full_stop, comma) == ("。", "，")
    np.testing.assert_array_equal(
        tables.classes, [[0, 2, 0, 0, 0, 1, 3, -1, -1], [0, 0, 0, 2, 0, 0, 0, 1, 3]]
    )
    (moon,) = tokenizer.encode(["月"])[0]
    assert np.argwhere(tables.ids).tolist() == [[0, 2]] and tables.ids[0, 2] == moon
    allowed = ["".join(tokenizer.pieces(np.flatnonzero(mask))) for mask in tables.masks]
    assert allowed[1:3] == ["。", "，"] and np.flatnonzero(tables.masks[3]).tolist() == [END_ID]
    assert set(allowed[0]) == {c for c in "".join(POEMS) if c.isalpha()}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("春花秋，月何時。", True),
        ("abc，def。", True),
        ("春花秋，月何時", False),
        ("春花秋，月何時。\n", False),
        ("春花秋。月何時。", False),
        ("春花，秋月何時。", False),
        ("春花1，月何時。", False),
        ("春花□，月何時。", False),
        ("", False),
    ],
)
def test_matches_whole_poems_alone(text, matches):
    assert COUPLET.matches(text) == matches


def test_the_default_is_the_quatrain_of_seven_characters():
    assert Form().length == 32
    assert Form().matches("澄潭皎鏡石崔巍，萬壑千巖暗綠苔。林亭自有幽貞趣，況復秋深爽氣來。")
    assert not Form().matches("澄潭皎鏡石崔，萬壑千巖暗綠苔。林亭自有幽貞趣，況復秋深爽氣來。")


@pytest.mark.parametrize(
    ("prompt", "acrostic", "message"),
    [
        ("春花秋月", "", "got '春花秋月', which does not at place 4"),
        ("春花。", "", "got '春花。', which does not at place 3"),
        ("春花秋，月何時。往", "", "which does not at place 9"),
        ("", "春花秋", "at most a character a line, 2; got 3: '春花秋'"),
        ("", "春龍", "characters of the vocabulary; got '春龍', with '龍'"),
        ("", "春，", "characters of the vocabulary; got '春，', with '，'"),
        ("花", "春", "agree with its acrostic '春'; got '花', with '花' in the place of '春'"),
        ("春花秋，月", "春風", "with '月' in the place of '風'"),
    ],
)
def test_what_cannot_be_met_is_refused(tokenizer, prompt, acrostic, message):
    with pytest.raises(ValueError, match=message):
        one(tokenizer, prompt, acrostic)


def test_a_vocabulary_without_the_marks_is_refused(tokenizer):
    with pytest.raises(ValueError, match="marks='；。' as one token of its own; .* without '；'"):
        one(tokenizer, form=Form(3, "；。"))
    normalised = SentencePieceTokenizer.train(POEMS, 400)
    with pytest.raises(ValueError, match="each of marks='，。' as one token of its own"):
        one(normalised)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, "，。"), "line_length must be >= 1; got line_length=0."),
        ((7, ""), "marks must be one or more signs that are no letters; got marks=''"),
        ((7, "，a"), "got marks='，a'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Form(*arguments)
