import numpy as np
import pytest
import tensorflow as tf
from noise import noisy

from zoo.decoding import Decoding, search, suppress_tokens
from zoo.models import TransformerLM

B, T, V = 2, 7, 13
TOKENS = np.array([[2, 4, 12, 6, 6, 9, 5], [2, 7, 5, 4, 8, 10, 11]], "int32")
SMALL = {"num_layers": 2, "model_dim": 8, "num_heads": 4, "ff_dim": 12, "dropout": 0.0}
CLOSE = {"atol": 1e-5}  # float32, logits of about 5, sums in another order


def built(**options):
    """A model with weights large enough for every input to matter."""
    return noisy(lambda: TransformerLM(V, **{"context_length": 16, **SMALL, **options}))


def stepped(model, prompt, tokens):
    """Logits (N, T', V) after a prompt (N, S) and each of `tokens` (N, T' - 1)."""
    static, state = model.prefill(prompt)
    shift_is_due, shift = model.context_shift
    step, logits = model.make_decode_step(), []
    for newest in np.concatenate([prompt[:, -1:], tokens], axis=1).T:
        if shift_is_due(state):
            state = shift(state)
            assert not shift_is_due(state)
        found, state = step(newest, static, state)
        logits.append(np.array(found))
    return np.stack(logits, axis=1)


@pytest.mark.parametrize("num_kv_heads", [None, 2, 1])
@pytest.mark.parametrize("read", [1, 3])
def test_one_pass_equals_step_by_step(num_kv_heads, read):
    model = built(num_kv_heads=num_kv_heads)
    steps = stepped(model, TOKENS[:, :read], TOKENS[:, read:])
    np.testing.assert_allclose(model(TOKENS)[:, read - 1 :], steps, **CLOSE)


def test_one_pass_equals_step_by_step_in_parallel_blocks_with_wide_heads():
    model = built(parallel=True, head_dim=6, rotary={"share": 0.7})
    steps = stepped(model, TOKENS[:, :3], TOKENS[:, 3:])
    np.testing.assert_allclose(model(TOKENS)[:, 2:], steps, **CLOSE)


@pytest.mark.model  # seconds
def test_steps_of_a_long_text_equal_one_pass_and_append_to_a_short_part():
    model = built(context_length=200)
    text = np.random.default_rng(3).integers(4, V, size=(2, 150)).astype("int32")
    text[:, 0] = 2
    steps = stepped(model, text[:, :5], text[:, 5:])
    # 1e-4: 150 positions and logits of about 5, the sums in two parts.
    np.testing.assert_allclose(model(text)[:, 4:], steps, atol=1e-4)

    _, state = model.prefill(text[:, :5])
    shift_is_due, shift = model.context_shift
    lengths = []
    for newest in text[:, 4:].T:
        if shift_is_due(state):
            state = shift(state)
        _, state = model.make_decode_step()(newest, (), state)
        (read, _), (appended, _) = state[0][0]
        lengths.append((read.shape[2], appended.shape[2]))
    assert 10 < max(appended for _, appended in lengths) < 100
    assert sum(lengths[-1]) == 150


def test_a_later_token_changes_nothing_before_it():
    model, changed = built(), TOKENS.copy()
    changed[:, 4] = 3
    logits, weights = model(TOKENS, return_attention_scores=True)
    others = model(changed)
    np.testing.assert_array_equal(logits[:, :4], others[:, :4])
    assert np.abs(logits[:, 4:] - others[:, 4:]).max() > 0.1
    assert weights.shape == (B, 2, 4, T, T)
    assert np.all(np.triu(np.array(weights)[0, 0, 0], 1) == 0)


def test_padding_at_the_left_changes_nothing():
    model = built()
    alone = stepped(model, TOKENS[:1, :3], TOKENS[:1, 3:])
    padded = np.pad(TOKENS[:1, :3], [[0, 0], [4, 0]])
    np.testing.assert_allclose(stepped(model, padded, TOKENS[:1, 3:]), alone, **CLOSE)


@pytest.mark.parametrize("padding", [0, 3])
def test_a_full_context_is_read_again_from_its_newest_half(padding):
    model = built(context_length=8)
    text = np.random.default_rng(0).integers(4, V, size=(1, 13)).astype("int32")
    start = np.array([[*[0] * padding, 2]], "int32")
    logits = stepped(model, start, text)
    # The start token and seven more fill the context, whatever pads them.
    whole = np.concatenate([start[:, -1:], text], axis=1)
    np.testing.assert_allclose(logits[:, :8], model(whole[:, :8]), **CLOSE)
    # Then the start token and the newest three are read again, and the next one follows them.
    window = np.concatenate([start[:, -1:], text[:, 4:11]], axis=1)
    np.testing.assert_allclose(logits[:, 8:12], model(window)[:, 4:8], **CLOSE)


@pytest.mark.model  # seconds
def test_rows_fill_their_contexts_each_for_itself():
    model = built(context_length=8)
    text = np.random.default_rng(1).integers(4, V, size=(2, 13)).astype("int32")
    prompts = np.array([[0, 0, 0, 2], [2, 5, 6, 7]], "int32")
    together = stepped(model, prompts, text)
    for row, prompt in enumerate(([[2]], [[2, 5, 6, 7]])):
        alone = stepped(model, np.array(prompt, "int32"), text[row : row + 1])
        np.testing.assert_allclose(together[row : row + 1], alone, **CLOSE)


@pytest.mark.model  # seconds
def test_a_short_row_beside_a_long_one_is_not_padded_without_end():
    model = built(context_length=6)
    text = np.random.default_rng(2).integers(4, V, size=(2, 30)).astype("int32")
    prompts = np.array([[0, 2], [4, 5]], "int32")  # they fill up one step apart
    static, state = model.prefill(prompts)
    shift_is_due, shift = model.context_shift
    step, widths = model.make_decode_step(), []
    for newest in text.T:
        if shift_is_due(state):
            state = shift(state)
        _, state = step(newest, static, state)
        widths.append(state[1].shape[1])
    assert max(widths) <= 2 * 6


@pytest.mark.model  # seconds
def test_a_search_renews_the_context_on_its_way():
    model, prompt = built(context_length=8), np.array([[2, 5]], "int32")
    static_config, dynamic_params = Decoding().split()

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def greedy(prompt):
        return search(
            model.make_decode_step(),
            *model.prefill(prompt),
            batch_size=tf.shape(prompt)[0],
            start_id=prompt[:, -1],
            end_id=3,
            pad_id=0,
            limit=tf.fill([tf.shape(prompt)[0]], 25),
            static_config=static_config,
            dynamic_params=dynamic_params,
            constraint=suppress_tokens([0, 1, 3], V),
            context_shift=model.context_shift,
        )

    found = greedy(np.concatenate([prompt, prompt + 2]))
    for row, text in enumerate(found.tokens[:, 0].numpy()):
        start = prompt + 2 * row
        logits = stepped(model, start, text[None, :-1])[0]
        logits[:, [0, 1, 3]] = -np.inf
        np.testing.assert_array_equal(logits.argmax(axis=-1), text)


def test_more_columns_than_the_context_are_an_error():
    with pytest.raises(ValueError, match="at most context_length=4 columns; got 7"):
        built(context_length=4)(TOKENS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"num_heads": 3},
            "model_dim must be a multiple of num_heads; got model_dim=8, num_heads=3",
        ),
        ({"context_length": 3}, "context_length must be >= 4; got context_length=3"),
        ({"num_kv_heads": 3}, "num_kv_heads must divide num_heads"),
    ],
)
def test_numbers_that_do_not_fit_are_an_error(options, message):
    with pytest.raises(ValueError, match=message):
        built(**options)
