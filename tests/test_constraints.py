"""Constraints on single places: exact on a model that would rather do something else."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import Decoding, all_of, allowed_tokens, force_tokens, search, suppress_tokens

START, END, PAD, V = 2, 3, 0, 8
LETTERS, MARK = [4, 5, 6], 7  # of the vocabulary; 0 to 3 are special
NAMES = {4: "L", 5: "L", 6: "L", MARK: "M", END: "E"}
METHODS = {
    "greedy": {},
    "samples": {"do_sample": True, "num_return_sequences": 3},
    "beams": {"num_beams": 3, "num_return_sequences": 3},
    "groups": {"num_beams": 4, "num_beam_groups": 2, "num_return_sequences": 2},
}
methods = pytest.mark.parametrize("method", METHODS)
# Logits of the next token, by the last one.
TABLE = np.random.default_rng(0).normal(0, 2, [V, V]).astype("float32")
LOG_PROBS = TABLE - np.log(np.sum(np.exp(TABLE), axis=1, keepdims=True))
# Class 0: letters; 1: the mark; 2: the end.
MASKS = np.array([[i in LETTERS for i in range(V)], np.arange(V) == MARK, np.arange(V) == END])


def run(batch, constraint, limit=9, table=TABLE, **options):
    static_config, dynamic_params = Decoding(**options).split()
    return search(
        lambda tokens, static, state: (tf.gather(table, tokens), state),
        (),
        tf.zeros([batch]),
        batch_size=batch,
        start_id=START,
        end_id=END,
        pad_id=PAD,
        limit=tf.fill([batch], limit),
        static_config=static_config,
        dynamic_params=dynamic_params,
        seeds=tf.range(batch),
        constraint=constraint,
    )


def answers(found):
    """Per source, the list of its answers as lists of ids."""
    tokens, lengths = found.tokens.numpy(), found.lengths.numpy()
    return [
        [row[:length].tolist() for row, length in zip(*source, strict=True)]
        for source in zip(tokens, lengths, strict=True)
    ]


def assert_own_log_probs(found):
    """The log-probabilities are the model's own, whatever was forbidden."""
    for row, totals in zip(answers(found), found.log_probs.numpy(), strict=True):
        for tokens, total in zip(row, totals, strict=True):
            wanted = sum(LOG_PROBS[a, b] for a, b in itertools.pairwise([START, *tokens]))
            # 1e-5: float32 sums of fewer than ten log-probabilities of size 1 to 10.
            assert total == pytest.approx(wanted, abs=1e-5)


@methods
def test_forced_places_hold_their_tokens_and_the_others_are_free(method):
    ids = tf.constant([[PAD, 5, PAD, PAD, 6], [4, PAD, PAD, 4, PAD]])
    keeps_on = suppress_tokens([PAD, START, END], V)
    found = run(2, all_of(keeps_on, force_tokens(ids, PAD, V)), limit=6, **METHODS[method])
    first, second = answers(found)
    assert all((tokens[1], tokens[4]) == (5, 6) for tokens in first)
    assert all((tokens[0], tokens[3]) == (4, 4) for tokens in second)
    assert_own_log_probs(found)


def test_greedy_search_takes_the_best_token_of_each_free_place():
    fond_of_4 = np.tile(np.arange(V) == 4, [V, 1]).astype("float32")
    ids = tf.constant([[PAD, 5, PAD, 6]])
    assert answers(run(1, force_tokens(ids, PAD, V), limit=5, table=fond_of_4)) == [
        [[4, 5, 4, 6, 4]]
    ]


@methods
def test_a_template_gives_each_source_its_own_classes_and_its_own_length(method):
    classes = tf.constant([[0, 0, 1, 0, 1, 2], [1, 0, 2, -1, -1, -1]])
    found = run(2, allowed_tokens(classes, MASKS), **METHODS[method])
    for row, shape in zip(answers(found), ("LLMLME", "MLE"), strict=True):
        for tokens in row:
            assert "".join(NAMES[i] for i in tokens) == shape
    assert_own_log_probs(found)


def test_a_template_lets_beam_search_find_the_best_answer_of_its_form():
    classes = tf.constant([[0, 1, 0, 2]])
    found = run(1, allowed_tokens(classes, MASKS), num_beams=9, num_return_sequences=9)
    possible = [[a, MARK, b, END] for a in LETTERS for b in LETTERS]
    possible.sort(
        key=lambda ids: -sum(LOG_PROBS[a, b] for a, b in itertools.pairwise([START, *ids]))
    )
    assert answers(found) == [possible]


def test_draws_within_a_class_follow_the_probabilities_of_its_tokens():
    classes = tf.constant([[0, 2]])
    found = run(1, allowed_tokens(classes, MASKS), do_sample=True, num_return_sequences=2000)
    drawn = found.tokens[0, :, 0].numpy()
    probs = np.exp(LOG_PROBS[START, LETTERS])
    shares = np.mean(drawn[:, None] == LETTERS, axis=0)
    # 0.04: more than three standard deviations of a share of 2000 draws.
    np.testing.assert_allclose(shares, probs / probs.sum(), atol=0.04)


def test_free_places_and_what_follows_a_template_are_free():
    mixed = allowed_tokens(tf.constant([[-1, 0, -1], [-1, -1, -1]]), MASKS)
    free, held = run(1, None, limit=5), run(2, mixed, limit=5)
    assert answers(held)[1] == answers(free)[0]
    rows = tf.constant([0, 0, 1, 1])
    allowed = mixed(tf.zeros([4, 0], tf.int32), tf.constant(1), rows).numpy()
    np.testing.assert_array_equal(allowed, [MASKS[0], MASKS[0], [True] * V, [True] * V])
    for t in (0, 2, 3, 50):
        assert np.all(mixed(tf.zeros([2, t], tf.int32), tf.constant(t), tf.constant([0, 1])))


@methods
def test_a_template_with_forced_places_is_an_acrostic(method):
    classes = tf.constant([[0, 0, 1, 0, 0, 1, 2]] * 2)
    first_letters = tf.constant([[6, PAD, PAD, 5], [4, PAD, PAD, PAD]])
    rule = all_of(allowed_tokens(classes, MASKS), force_tokens(first_letters, PAD, V))
    first, second = answers(run(2, rule, **METHODS[method]))
    assert all((t[0], t[3]) == (6, 5) for t in first) and all(t[0] == 4 for t in second)
    assert all(t[2] == t[5] == MARK and t[6:] == [END] for t in first + second)


def test_a_place_where_two_rules_allow_nothing_ends_the_answer():
    rule = all_of(allowed_tokens([[0, 1]], MASKS), force_tokens(tf.constant([[PAD, 5]]), PAD, V))
    ((tokens,),) = answers(run(1, rule))
    assert tokens[1:] == [END]


def test_an_ngram_rule_yields_to_a_template():
    rule = allowed_tokens([[1, 1, 1, 2]], MASKS)
    assert answers(run(1, rule, no_repeat_ngram_size=1)) == [[[MARK, MARK, MARK, END]]]


@methods
def test_tables_are_arguments_of_a_saved_graph(method, tmp_path):
    ids, masks = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, V], tf.bool)

    @tf.function(autograph=False, input_signature=[ids, masks, ids])
    def decode(classes, masks, ids):
        rule = all_of(allowed_tokens(classes, masks), force_tokens(ids, PAD, V))
        return run(tf.shape(classes)[0], rule, **METHODS[method]).tokens

    module = tf.Module()
    module.decode = decode
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for classes, ids in (([[0, 1, 2]], [[5]]), ([[0, 2, -1], [0, 0, 2]], [[PAD, PAD], [6, 4]])):
        got = loaded.decode(tf.constant(classes), tf.constant(MASKS), tf.constant(ids))
        rule = all_of(allowed_tokens(classes, MASKS), force_tokens(tf.constant(ids), PAD, V))
        np.testing.assert_array_equal(got, run(len(ids), rule, **METHODS[method]).tokens)


@pytest.mark.parametrize(
    ("classes", "masks", "message"),
    [
        ([[0, 3]], MASKS, r"classes must lie in \[-1, 3\); got 3."),
        ([[0, -2]], MASKS, r"classes must lie in \[-1, 3\); got -2."),
        ([[0, 1]], MASKS & (np.arange(V) != MARK), "a token in each class; got none in class 1."),
    ],
)
def test_a_template_that_cannot_be_met_is_refused_before_decoding(classes, masks, message):
    with pytest.raises(ValueError, match=message):
        allowed_tokens(classes, masks)
