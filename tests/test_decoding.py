"""Search against plain Python: a small model whose logits depend on its whole growing state."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import (
    Decoding,
    Hypotheses,
    all_of,
    force_tokens,
    prefix_trie,
    search,
    suppress_tokens,
)
from zoo.decoding.top_k import top_k

START, END, PAD = 2, 3, 0
SOURCES, CONTEXTS = 3, 997
# A token's weight in the context by its place; that many contexts leave no two answers equal.
WEIGHTS = [31**i % CONTEXTS for i in range(12)]
# Float32 sums of fewer than ten log-probabilities of size 1 to 10; even the same sum may differ in
# its last bits between batch sizes, which change what is vectorised.
ATOL = 1e-5


class Model:
    """Logits are a row of a random table, picked by the source and every token so far."""

    def __init__(self, vocab_size, seed=0, ends=0.0):
        self.vocab_size = vocab_size
        self.steps, self.rows = 0, []
        rng = np.random.default_rng(seed)
        self.table = rng.normal(0, 2, [SOURCES, CONTEXTS, vocab_size]).astype("float32")
        self.table[..., END] += ends

    def prefill(self, sources):
        history = tf.zeros([len(sources), 0, 1], tf.int32)
        return tf.constant(sources, tf.int32), history

    def step(self, tokens, source, history):
        self.steps += 1
        self.rows.append(len(tokens))
        source = tf.repeat(source, len(tokens) // len(source))
        history = tf.concat([history, tokens[:, None, None]], axis=1)
        weights = tf.constant(WEIGHTS)[: tf.shape(history)[1]]
        context = tf.reduce_sum(history[..., 0] * weights, axis=1) % CONTEXTS
        cells = tf.stack([source, context], axis=1)
        return tf.gather_nd(self.table, cells), history

    def log_probs(self, source, tokens):
        """The same model in plain Python: the next token's log-probabilities after `tokens`."""
        context = sum(w * i for w, i in zip(WEIGHTS, [START, *tokens], strict=False)) % CONTEXTS
        logits = self.table[source, context].astype("float64")
        return logits - np.log(np.sum(np.exp(logits)))

    def total(self, source, tokens):
        return sum(self.log_probs(source, tokens[:i])[t] for i, t in enumerate(tokens))


def run(model, sources, limits, seeds=None, constraint=None, **options):
    static_config, dynamic_params = Decoding(**options).split()
    return search(
        model.step,
        *model.prefill(sources),
        batch_size=len(sources),
        start_id=START,
        end_id=END,
        pad_id=PAD,
        limit=tf.constant(limits, tf.int32),
        static_config=static_config,
        dynamic_params=dynamic_params,
        seeds=None if seeds is None else tf.constant(seeds, tf.int32),
        constraint=constraint,
    )


def answers(found: Hypotheses):
    """Per source, the list of (tokens, log_prob); checks the form of the padding on the way."""
    tokens, lengths, log_probs = (x.numpy() for x in found)
    assert tokens.shape[2] == max(lengths.flatten(), default=0)
    cells = list(np.ndindex(lengths.shape))
    for cell in cells:
        row, length = tokens[cell], lengths[cell]
        assert END not in row[: max(length - 1, 0)] and (row[length:] == PAD).all()
    return [
        [(tokens[b, r, : lengths[b, r]].tolist(), log_probs[b, r]) for b_, r in cells if b_ == b]
        for b in range(len(tokens))
    ]


def assert_same(found, expected):
    assert [[tokens for tokens, _ in row] for row in found] == [
        [tokens for tokens, _ in row] for row in expected
    ]
    for row, expected_row in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            [p for _, p in row], [p for _, p in expected_row], atol=ATOL, rtol=ATOL
        )


def reference_beams(model, source, limit, beams, alpha, groups=1, penalty=0.0, early=0):
    """Beam search, a list of finished (tokens, log_prob) for each group.

    It goes on to the limit; or ends where none of its beams, ended next, would be in the `early`
    best of its first group.
    """
    live = [[([], 0.0)] for _ in range(groups)]
    finished = [[] for _ in range(groups)]
    width = beams // groups
    for t in range(limit):
        taken = np.zeros(model.vocab_size)
        for g in range(groups):
            grown = [
                (prefix + [token], total + log_prob)
                for prefix, total in live[g]
                for token, log_prob in enumerate(model.log_probs(source, prefix))
            ]
            grown.sort(key=lambda c: c[1] - penalty * taken[c[0][-1]], reverse=True)
            ends = [c[0][-1] == END or t + 1 == limit for c in grown[: 2 * width]]
            finished[g] += [c for c, end in zip(grown, ends, strict=False) if end]
            live[g] = [c for c, end in zip(grown, ends, strict=False) if not end][:width]
            for tokens, _ in live[g]:
                taken[tokens[-1]] += 1
        if early and live[0] and len(finished[0]) >= early:
            worst = sorted((p / len(tokens) ** alpha for tokens, p in finished[0]), reverse=True)
            if max(p for _, p in live[0]) / (t + 2) ** alpha <= worst[early - 1]:
                break
    return [sorted(f, key=lambda c: c[1] / len(c[0]) ** alpha, reverse=True) for f in finished]


# Greedy search


def test_greedy_takes_the_best_token_until_the_end_token_or_the_limit_of_the_row():
    model, expected, endings = Model(6, ends=2.0), [], set()
    sources, limits = [0, 1, 2, 0, 1, 2], [1, 2, 9, 9, 9, 0]
    for source, limit in zip(sources, limits, strict=True):
        tokens = []
        while len(tokens) < limit and END not in tokens:
            tokens.append(int(np.argmax(model.log_probs(source, tokens))))
        expected.append([(tokens, model.total(source, tokens))])
        endings.add(END in tokens)
    assert endings == {True, False}
    assert_same(answers(run(model, sources, limits)), expected)


def test_a_start_token_may_differ_by_row():
    static_config, dynamic_params = Decoding().split()
    found = search(
        lambda tokens, static, state: (tf.one_hot(tokens + 1, 6), state),
        (),
        tf.zeros([2]),
        batch_size=2,
        start_id=tf.constant([0, 3]),
        end_id=END,
        pad_id=PAD,
        limit=tf.constant([5, 2]),
        static_config=static_config,
        dynamic_params=dynamic_params,
    )
    assert found.tokens.numpy().tolist() == [[[1, 2, 3]], [[4, 5, 0]]]


# Beam search


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.5, 0.6])
def test_wide_beam_search_equals_exhaustive_search(alpha):
    model, sources, limits = Model(4, seed=1), [0, 1, 2, 1], [4, 3, 2, 1]
    words = [token for token in range(4) if token != END]
    expected = []
    for source, limit in zip(sources, limits, strict=True):
        every = [
            [*body, END]
            for length in range(limit)
            for body in itertools.product(words, repeat=length)
        ] + [list(body) for body in itertools.product(words, repeat=limit)]
        every = [(tokens, model.total(source, tokens)) for tokens in every]
        assert math.isclose(sum(math.exp(p) for _, p in every), 1)
        every.sort(key=lambda c: c[1] / len(c[0]) ** alpha, reverse=True)
        expected.append(every[:3])
    # 27 beginnings of three words fit in 28 beams.
    found = run(model, sources, limits, num_beams=28, num_return_sequences=3, length_penalty=alpha)
    assert_same(answers(found), expected)


# At 2.0 an answer twice as long may have four times the log-probability: hardly ever safe to stop.
@pytest.mark.parametrize(("alpha", "stops"), [(0.0, True), (1.0, True), (-0.5, True), (2.0, False)])
def test_early_stop_changes_no_answer_and_saves_steps(alpha, stops):
    sources, limits, steps = [0, 1, 2], [9, 5, 7], []
    for seed in range(4):
        model = Model(6, seed, ends=2.0)
        expected = [
            reference_beams(model, source, limit, 3, alpha)[0][:2]
            for source, limit in zip(sources, limits, strict=True)
        ]
        found = run(
            model, sources, limits, num_beams=3, num_return_sequences=2, length_penalty=alpha
        )
        assert_same(answers(found), expected)
        steps.append(model.steps)
    assert (min(steps) < max(limits)) == stops


# At 0 and below it no longer answer gains by its length; at 2.0 the next token always does.
@pytest.mark.parametrize(("alpha", "saves"), [(0.0, False), (0.6, True), (1.0, True), (2.0, False)])
def test_early_stopping_ends_where_no_beam_would_come_in_by_ending_next(alpha, saves):
    sources, limits, saved = [0, 1, 2], [9, 5, 7], 0
    for seed in range(6):
        model, whole = Model(6, seed, ends=2.0), Model(6, seed, ends=2.0)
        options = {"num_beams": 3, "num_return_sequences": 2, "length_penalty": alpha}
        found = answers(run(model, sources, limits, early_stopping=True, **options))
        expected = [
            reference_beams(model, source, limit, 3, alpha, early=2)[0][:2]
            for source, limit in zip(sources, limits, strict=True)
        ]
        assert_same(found, expected)
        run(whole, sources, limits, **options)
        saved += whole.steps - model.steps
    assert (saved > 0) == saves


@pytest.mark.parametrize("alpha", [100.0, -100.0])
def test_absurd_length_penalties_still_give_real_answers(alpha):
    model = Model(6)
    ((answer,),) = answers(run(model, [0], [6], num_beams=2, length_penalty=alpha))
    assert_same([[answer]], [[(answer[0], model.total(0, answer[0]))]])
    assert answer[0]


def test_a_limit_of_zero_gives_one_empty_answer():
    found = run(Model(6), [0, 1], [0, 4], num_beams=2, num_return_sequences=2)
    assert found.lengths.numpy()[0].tolist() == [0, 0]
    assert found.log_probs.numpy()[0].tolist() == [0, -math.inf]
    assert found.lengths.numpy()[1].min() > 0


# Diverse groups


@pytest.mark.parametrize("penalty", [0.0, 0.7, 5.0])
def test_diverse_beam_search_equals_its_reference_group_by_group(penalty):
    model, sources, limits = Model(6, seed=2), [0, 1, 2], [4, 6, 5]
    expected = []
    for source, limit in zip(sources, limits, strict=True):
        groups = reference_beams(model, source, limit, 6, 1.0, groups=3, penalty=penalty)
        merged = [c for group in groups for c in group[:2]]
        expected.append(sorted(merged, key=lambda c: c[1] / len(c[0]), reverse=True))
    found = run(
        model,
        sources,
        limits,
        num_beams=6,
        num_beam_groups=3,
        diversity_penalty=penalty,
        num_return_sequences=6,
    )
    assert_same(answers(found), expected)


def test_groups_without_penalty_are_separate_equal_beam_searches():
    model = Model(6, seed=3)
    (alone,) = answers(run(model, [1], [6], num_beams=2, num_return_sequences=2))
    (groups,) = answers(
        run(model, [1], [6], num_beams=4, num_beam_groups=2, num_return_sequences=4)
    )
    assert_same([groups], [[answer for answer in alone for _ in range(2)]])


def test_a_high_penalty_makes_every_group_start_with_its_own_token():
    found = run(
        Model(8),
        [0, 1],
        [3, 4],
        num_beams=3,
        num_beam_groups=3,
        num_return_sequences=3,
        diversity_penalty=50.0,
        constraint=suppress_tokens([END], 8),
    )
    for row in answers(found):
        assert len({tokens[0] for tokens, _ in row}) == 3


def test_a_group_that_only_ends_costs_the_others_nothing():
    table = np.full([5, 5], -math.inf, "float32")
    table[START, [1, 4]] = 2, 1
    table[1, END] = 0
    table[4, [END, 0, 1]] = 2, 1, 0
    static_config, dynamic_params = Decoding(
        num_beams=2, num_beam_groups=2, diversity_penalty=5.0, num_return_sequences=2
    ).split()
    found = search(
        lambda tokens, static, state: (tf.gather(table, tokens), state),
        (),
        tf.zeros([1]),
        batch_size=1,
        start_id=START,
        end_id=END,
        pad_id=PAD,
        limit=tf.constant([3]),
        static_config=static_config,
        dynamic_params=dynamic_params,
    )
    assert [tokens for tokens, _ in answers(found)[0]] == [[1, END], [4, END]]


def test_answers_of_groups_come_in_rounds():
    model, groups = Model(6, seed=2), reference_beams(Model(6, seed=2), 1, 6, 6, 1.0, 3, 5.0)
    score = lambda c: c[1] / len(c[0])  # noqa: E731
    firsts = [group[0] for group in groups]
    seconds = sorted([group[1] for group in groups], key=score, reverse=True)
    for count in (1, 3, 4):
        expected = sorted(firsts, key=score, reverse=True)[:count] + seconds[: max(count - 3, 0)]
        found = run(
            model,
            [1],
            [6],
            num_beams=6,
            num_beam_groups=3,
            diversity_penalty=5.0,
            num_return_sequences=count,
        )
        assert_same(answers(found), [sorted(expected, key=score, reverse=True)])


# Every method

METHODS = {
    "greedy": {},
    "beam": {"num_beams": 3, "num_return_sequences": 2},
    "diverse": {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 1.0},
    "sampling": {"top_p": 0.9, "num_return_sequences": 2},
    "processed": {"num_beams": 3, "repetition_penalty": 1.5, "no_repeat_ngram_size": 2},
}
every_method = pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)


@every_method
def test_a_row_alone_equals_the_row_in_a_batch(options):
    model, sources, limits, seeds = Model(6, 4, ends=1.0), [0, 1, 2, 1], [8, 3, 5, 7], [5, 6, 5, -7]
    together = answers(run(model, sources, limits, seeds, **options))
    for b in range(4):
        alone = run(model, sources[b : b + 1], limits[b : b + 1], seeds[b : b + 1], **options)
        assert_same(answers(alone), together[b : b + 1])


@every_method
def test_an_empty_batch_gives_an_empty_answer(options):
    found = run(Model(6), [], [], [], **options)
    answers_each = options.get("num_return_sequences", 1)
    assert found.tokens.shape == (0, answers_each, 0)
    assert found.lengths.shape == found.log_probs.shape == (0, answers_each)


@pytest.mark.parametrize("name", ["greedy", "beam", "sampling"])
def test_log_probs_are_the_models_own_for_every_method(name):
    model = Model(6, seed=5)
    found = run(
        model,
        [0, 2],
        [5, 6],
        [1, 2],
        constraint=all_of(
            suppress_tokens([1], 6), force_tokens(tf.constant([[4, 5, 4], [5, PAD, PAD]]), PAD, 6)
        ),
        no_repeat_ngram_size=3,
        **METHODS[name],
    )
    for source, row in zip([0, 2], answers(found), strict=True):
        assert_same([row], [[(tokens, model.total(source, tokens)) for tokens, _ in row]])


def compiled(model, options):
    """`run` as one graph of unknown batch, and the list of its traces."""
    static_config, dynamic_params = Decoding(**options).split()
    row, traces = tf.TensorSpec([None], tf.int32), []

    @tf.function(
        input_signature=[row, row, row, {name: tf.TensorSpec([]) for name in dynamic_params}]
    )
    def decode(sources, limit, seeds, dynamic_params):
        traces.append(static_config)
        batch = tf.shape(sources)[0]
        return search(
            model.step,
            sources,
            tf.zeros([batch, 0, 1], tf.int32),
            batch_size=batch,
            start_id=START,
            end_id=END,
            pad_id=PAD,
            limit=limit,
            static_config=static_config,
            dynamic_params=dynamic_params,
            seeds=seeds,
        )

    return decode, traces


@pytest.mark.model  # seconds
@pytest.mark.parametrize(
    ("name", "changed"), [("diverse", "length_penalty"), ("sampling", "temperature")]
)
def test_one_trace_serves_all_batches_limits_and_floats(name, changed):
    model, options = Model(6), METHODS[name]
    decode, traces = compiled(model, options)
    for sources, limits, value in (([0, 1, 2], [4, 2, 7], 0.5), ([1], [9], 1.5), ([], [], 0.9)):
        new = {**options, changed: value}
        ids = [tf.constant(x, tf.int32) for x in (sources, limits, limits)]
        found = decode(*ids, Decoding(**new).split()[1])
        assert_same(answers(found), answers(run(model, sources, limits, limits, **new)))
    assert len(traces) == 1


def test_a_saved_model_gives_the_same_answers(tmp_path):
    model, options = Model(6), METHODS["processed"]
    module = tf.Module()
    module.decode, _ = compiled(model, options)
    tf.saved_model.save(module, str(tmp_path))
    ids = [tf.constant(x) for x in ([2, 0], [5, 8], [0, 0])]
    found = tf.saved_model.load(str(tmp_path)).decode(*ids, Decoding(**options).split()[1])
    assert_same(answers(Hypotheses(*found)), answers(run(model, [2, 0], [5, 8], **options)))


def test_floats_may_differ_by_row():
    model, sources, limits, seeds = Model(6), [0, 0, 0], [6, 6, 6], [3, 3, 3]
    for name, values in {
        "temperature": [0.2, 1.0, 3.0],
        "length_penalty": [-2.0, 0.0, 2.0],
    }.items():
        options = {"num_beams": 3} if name == "length_penalty" else {"top_p": 0.95}
        static_config, dynamic_params = Decoding(**options).split()
        found = search(
            model.step,
            *model.prefill(sources),
            batch_size=3,
            start_id=START,
            end_id=END,
            pad_id=PAD,
            limit=tf.constant(limits),
            static_config=static_config,
            dynamic_params={**dynamic_params, name: tf.constant(values)},
            seeds=tf.constant(seeds),
        )
        alone = [run(model, [0], [6], [3], **{**options, name: value}) for value in values]
        assert_same(answers(found), [answers(each)[0] for each in alone])
        assert len({str(row) for row in answers(found)}) > 1


# Constraints


def test_a_forced_prefix_begins_every_answer_of_its_own_row():
    prefix = tf.constant([[5, 4], [PAD, PAD], [4, PAD]])
    found = answers(
        run(
            Model(6),
            [0, 1, 2],
            [6, 6, 6],
            num_beams=3,
            num_return_sequences=3,
            constraint=force_tokens(prefix, PAD, 6),
        )
    )
    free = answers(run(Model(6), [1], [6], num_beams=3, num_return_sequences=3))
    assert all(tokens[:2] == [5, 4] for tokens, _ in found[0])
    assert_same(found[1:2], free)
    assert all(tokens[0] == 4 for tokens, _ in found[2])


def test_a_forced_prefix_outranks_the_ngram_rule():
    prefix = tf.constant([[4, 4, 4]])
    ((answer,),) = answers(
        run(Model(6), [0], [3], constraint=force_tokens(prefix, PAD, 6), no_repeat_ngram_size=1)
    )
    assert answer[0] == [4, 4, 4]


def test_a_trie_gives_its_sequences_and_nothing_else():
    model, sequences = Model(6), [[4], [4, 5], [5, 1, 1]]
    (found,) = answers(
        run(
            model,
            [0],
            [9],
            num_beams=5,
            num_return_sequences=4,
            length_penalty=0.0,
            constraint=prefix_trie(sequences, 6, END),
        )
    )
    expected = [(ids + [END], model.total(0, ids + [END])) for ids in sequences]
    expected.sort(key=lambda c: c[1], reverse=True)
    assert_same([found], [[*expected, ([], -math.inf)]])


def test_a_sequence_for_which_nothing_is_allowed_ends():
    ((answer,),) = answers(run(Model(6), [0], [9], constraint=suppress_tokens(range(6), 6)))
    assert answer[0] == [END]


def test_banned_tokens_never_come():
    found = run(
        Model(6), [0, 1, 2], [9, 9, 9], num_beams=4, constraint=suppress_tokens([END, 1, 4], 6)
    )
    assert not np.isin(found.tokens, [END, 1, 4]).any()


@pytest.mark.parametrize("options", [{}, {"num_beams": 3, "num_return_sequences": 3}])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_ngram_occurs_twice(size, options):
    model, ban = Model(11), suppress_tokens([END], 11)
    model.table[..., 4] += 12  # "4 4 4 4 ..." where nothing forbids it
    repeated = []
    for rule in (0, size):
        found = run(model, [0, 1], [9, 8], constraint=ban, no_repeat_ngram_size=rule, **options)
        for tokens, _ in itertools.chain(*answers(found)):
            grams = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
            repeated.append((rule, len(set(grams)) < len(grams)))
    assert set(repeated) == {(0, True), (size, False)}


# Options


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_beams": 0}, ValueError, "num_beams must be >= 1; got num_beams=0."),
        ({"num_beams": 2.0}, TypeError, "num_beams must be an int; got 2.0."),
        ({"top_k": True}, TypeError, "top_k must be an int; got True."),
        ({"top_k": -1}, ValueError, "top_k must be >= 0; got top_k=-1."),
        ({"temperature": "hot"}, TypeError, "temperature must be a number; got 'hot'."),
        ({"temperature": 0}, ValueError, "temperature must be > 0; got temperature=0.0."),
        ({"temperature": math.nan}, ValueError, "temperature must be finite"),
        ({"top_p": 0}, ValueError, "top_p must be > 0 and <= 1; got top_p=0.0."),
        ({"min_p": 1}, ValueError, "min_p must be >= 0 and < 1; got min_p=1.0."),
        ({"repetition_penalty": 0}, ValueError, "repetition_penalty must be > 0"),
        ({"num_return_sequences": 2}, ValueError, "num_return_sequences must be <= num_beams"),
        ({"num_beams": 4, "num_beam_groups": 3}, ValueError, "a multiple of num_beam_groups"),
        ({"diversity_penalty": 1.0}, ValueError, "diversity_penalty needs num_beam_groups > 1"),
        ({"num_beams": 2, "top_p": 0.5}, ValueError, "sampling needs num_beams = 1"),
        ({"do_sample": False, "top_k": 3}, ValueError, "need do_sample = True; got do_sample=Fal"),
        ({"early_stopping": 1}, TypeError, "early_stopping must be True or False; got 1."),
        ({"do_sample": 1}, TypeError, "do_sample must be True, False or None; got 1."),
    ],
)
def test_a_bad_option_is_named_with_its_rule_and_value(options, error, message):
    with pytest.raises(error) as caught:
        Decoding(**options)
    assert message in str(caught.value)


def test_options_of_a_call_choose_the_method():
    beams = Decoding(num_beams=4, length_penalty=0.6)
    assert beams.updated() == beams == beams.updated(num_beams=None, temperature=None)
    assert beams.updated(temperature=1.0) == Decoding(do_sample=True, length_penalty=0.6)
    sampling = Decoding(top_p=0.9)
    assert sampling.do_sample and not sampling.updated(num_beams=1).do_sample
    assert sampling.updated(top_k=5) == Decoding(top_p=0.9, top_k=5)
    with pytest.raises(ValueError, match="sampling needs num_beams = 1"):
        beams.updated(num_beams=2, temperature=0.5)


def test_options_survive_a_round_trip_through_plain_numbers():
    options = Decoding(top_k=np.int64(3), temperature=np.float32(0.5), num_return_sequences=2)
    plain = options.to_dict()
    assert {type(value) for value in plain.values()} == {int, float, bool}
    assert Decoding.from_dict(plain) == options
    assert list(plain) == [field.name for field in dataclasses.fields(Decoding)]


def test_only_floats_may_change_within_a_plan():
    assert Decoding(top_p=0.5).split()[0] == Decoding(top_p=0.9, temperature=2.0).split()[0]
    assert Decoding(top_p=0.5).split()[0] != Decoding(min_p=0.5).split()[0]


def test_sampling_without_seeds_and_constraints_outside_the_vocabulary_are_errors():
    with pytest.raises(ValueError, match="seeds must be given for sampling; got seeds=None."):
        run(Model(6), [0], [3], top_k=2)
    with pytest.raises(ValueError, match=r"ids must lie in \[0, vocab_size=6\); got 6."):
        suppress_tokens([1, 6], 6)
    with pytest.raises(ValueError, match="sequences must hold at least one sequence"):
        prefix_trie([], 6, END)


@pytest.mark.parametrize("name", METHODS)
def test_finished_sources_leave_and_nobody_else_notices(name):
    """Eight sources with limits from 1 to 8: rows of half of them are gone after four steps."""
    options = METHODS[name]
    limits = list(range(1, 9))
    sources = [i % SOURCES for i in range(8)]
    model = Model(6, ends=-9.0)
    found = answers(run(model, sources, limits, limits, **options))
    alone = [
        answers(run(Model(6, ends=-9.0), [source], [limit], [limit], **options))[0]
        for source, limit in zip(sources, limits, strict=True)
    ]
    assert_same(found, alone)
    times = model.rows[0] // 8
    assert [rows // times for rows in model.rows] == [8, 8, 8, 8, 4, 4, 2, 1]


def test_held_rows_stay_with_their_source_when_others_leave():
    ids = tf.constant([[4, END, PAD, PAD], [5, 5, 5, 5], [4, END, PAD, PAD], [5, 4, 4, 5]])
    rule = all_of(suppress_tokens([1], 6), force_tokens(ids, PAD, 6))
    found = run(Model(6, ends=-9.0), [0, 0, 0, 0], [4] * 4, constraint=rule, num_beams=3)
    assert [rows[0][0][:4] for rows in answers(found)] == [
        [4, END],
        [5, 5, 5, 5],
        [4, END],
        [5, 4, 4, 5],
    ]


@pytest.mark.parametrize("width", [3, 500, 8000, 8001, 6000])
@pytest.mark.parametrize("k", [1, 8])
def test_top_k_of_long_rows_equals_that_of_tensorflow(width, k):
    scores = np.random.default_rng(0).normal(size=(5, width)).astype("float32")
    scores[1] = np.round(scores[1])  # many ties
    scores[2, 7:] = -np.inf  # fewer than k that count
    values, ids = top_k(tf.constant(scores), k)
    expected, places = tf.math.top_k(scores, min(k, width))
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(np.take_along_axis(scores, ids.numpy(), axis=1), expected)
    assert all(len(set(row)) == len(row) for row in ids.numpy())
    np.testing.assert_array_equal(ids[0], places[0])
