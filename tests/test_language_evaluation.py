"""What is measured of a text generator, on one whose probabilities and answers are known."""

import math

import pytest

from zoo import data
from zoo.evaluation import CORPORA, KneserNey, compare_litert, evaluate, render_card
from zoo.evaluation.card import Card
from zoo.evaluation.language import METHODS, TextCorpus
from zoo.evaluation.samples import TEMPERATURES, SampleCorpus
from zoo.text import END_ID, Form, SentencePieceTokenizer

TRAIN = ["the cat sat on the mat and the dog sat on the cat, " * 20]
HELD_OUT = ["the dog sat on the mät and " * 40]


class UniformGenerator:
    """Every token is as probable as any other; what it writes is the training text."""

    form = None

    def __init__(self):
        lines = TRAIN
        self.tokenizer = SentencePieceTokenizer.train(lines, 300, model_type="char", lossless=True)
        self.calls = []

    def score(self, texts):
        size = self.tokenizer.vocab_size
        return [-math.log(size) * len(ids) for ids in self.tokenizer.encode(texts)]

    def generate(self, prompts, **options):
        self.calls.append(options)
        return [prompt + TRAIN[0][:60] for prompt in prompts]

    ask = generate


@pytest.fixture(scope="module")
def generator():
    return UniformGenerator()


@pytest.fixture(scope="module")
def result(generator):
    corpus = TextCorpus("tiny_shakespeare", "val", order=3, prompt_length=9, sample_length=60)
    return corpus.measure(generator, (HELD_OUT, TRAIN))


def test_rates_are_of_characters_and_bytes(generator, result):
    characters, spelled = len(HELD_OUT[0]), 40  # an ä is one character and two bytes
    assert (result["characters"], result["bytes"]) == (characters, characters + spelled)
    assert result["tokens"] == characters + spelled  # the ä, unseen, is spelled in two bytes
    nats = math.log(generator.tokenizer.vocab_size)
    assert result["loss"] == pytest.approx(nats)
    assert result["nats_per_character"] == pytest.approx(nats * (1 + spelled / characters))
    assert result["bits_per_character"] * math.log(2) == pytest.approx(result["nats_per_character"])
    assert result["bits_per_byte"] == pytest.approx(nats / math.log(2))


def test_baseline_is_an_ngram_model_of_the_same_tokens(generator, result):
    encode = generator.tokenizer.encode
    ngrams = KneserNey(
        [[*row, END_ID] for row in encode(TRAIN)], generator.tokenizer.vocab_size, order=3
    )
    log_prob = ngrams.log_prob(encode(HELD_OUT)[0]).sum()
    rates = result["baselines"]["Kneser-Ney, order 3"]
    assert rates["nats_per_character"] == pytest.approx(-log_prob / result["characters"])


def test_every_way_of_decoding_is_charged_for_what_it_copies(generator, result):
    assert result["decoding_costs"].keys() == METHODS.keys()
    for costs in result["decoding_costs"].values():
        assert costs["copied"] == 1.0
        assert costs["self_bleu"] == pytest.approx(100)
        # 32 times the same 13 words, 11 of 60 characters' are different.
        assert 0 < costs["distinct_1"] < 1 / 32
    assert all(options["max_new_tokens"] == 60 for options in generator.calls)
    assert {"num_beams": 4, "max_new_tokens": 60, "seed": 1} in generator.calls


def test_poems_are_counted_in_lines_and_by_their_form():
    poems = ["春花秋月何時了，往事知多少年心。小樓昨夜又東風，故國不堪回首中。"]
    writer = UniformGenerator()
    writer.form = Form()
    writer.generate = lambda prompts, **options: [
        prompt + (poems[0][len(prompt) :] if options.get("form") or prompt else "春花")
        for prompt in prompts
    ]
    corpus = TextCorpus("quatrains", "test", 2, 8, 40, lines=data.poem_lines)
    measured = corpus.measure(writer, (poems * 40, poems), limit=32)
    assert measured["well_formed"] == {"free": 0.0, "held to the form": 1.0}
    assert measured["decoding_costs"]["greedy"]["copied"] == 1.0


def test_readers_of_litert_files_go_on_with_a_hundred_beginnings(generator, monkeypatch):
    held_out = [HELD_OUT[0] * 4]
    monkeypatch.setattr(data, "tiny_shakespeare", lambda split, data_dir: held_out)
    found = compare_litert(generator, "generate_shakespeare", {"int8": generator})
    assert (found["corpus"], found["inputs"]) == ("tiny_shakespeare val", 100)
    assert found["int8"] == {"equal": 1.0, "score": found["score"]}
    assert found["score"] == pytest.approx(math.log(generator.tokenizer.vocab_size))
    assert generator.calls[-1] == {"max_new_tokens": 400, "seed": 1}
    few = compare_litert(generator, "generate_shakespeare", {"int8": generator}, count=7)
    assert few["inputs"] == 7


def test_card_sets_the_model_beside_its_baselines(result):
    metrics = {
        "model": "generate_shakespeare",
        "partial": False,
        "date": "2026-01-02T03:04:05+00:00",
        "parameters": 12,
        "bytes": None,
        "decoding": {"do_sample": True, "num_beams": 1, "length_penalty": 1.0}
        | {"temperature": 0.8, "top_p": 0.95, "max_new_tokens": 9},
        "corpora": {"tiny_shakespeare val": {**result, "nats_per_character": 1.25}},
    }
    card = Card(
        title="Plays",
        purpose="For fun.",
        data={"tiny_shakespeare": "train"},
        command="zoo train generate_shakespeare",
        minutes=3,
        machine="a clock",
        published=(
            {
                "system": "nanoGPT",
                "corpus": "tiny_shakespeare val",
                "measure": "nats_per_character",
                "score": 1.4697,
                "origin": "its README",
            },
        ),
    )
    text = render_card(card, metrics, [("ROMEO:\n", "ROMEO:\nAh!")])
    assert "`num_beams=1, temperature=0.8, top_p=0.95, max_new_tokens=9`" in text
    assert "| **this model** | 1.2500 |" in text and "| Kneser-Ney, order 3 |" in text
    assert "| greedy | 100.0 % |" in text
    assert "| nanoGPT | tiny_shakespeare val | nats per character | 1.4697 | its README |" in text
    assert "```\nROMEO:\nAh!\n```" in text


def test_generators_have_their_test_sets():
    assert [corpus.name for corpus in CORPORA["generate_scifi"]] == ["scifi test"]
    with pytest.raises(ValueError, match="name must be one of"):
        evaluate(None, "generate_nothing")


class Poet:
    """Writes one of a few texts of its form, all the more the same the lower the temperature."""

    form = Form(2, "，。")
    texts = ["甲乙，丙丁。", "乙甲，丁丙。", "甲甲，乙乙。", "丙丙，丁丁"]

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def generate(self, prompts, *, temperature, top_p, seed):
        assert top_p == 1.0
        kinds = 1 if temperature < 0.8 else len(self.texts)
        return [self.texts[(seed + i) % kinds] for i in range(len(prompts))]


def test_free_samples_of_two_models_and_of_people_are_measured_alike():
    training = ["甲乙，丙丁。", "丁丙，乙甲。", "丙甲，丁乙。", "乙丙，甲丁。"] * 3
    references, others = ["甲乙，丁丙。", "乙甲，丙丁。"], ["甲丙，乙丁。", "丁丙，乙甲。"]
    tokenizer = SentencePieceTokenizer.train(training, 300, model_type="char", lossless=True)
    corpus = SampleCorpus("quatrains", "test", "rival", 2, data.poem_lines)
    poet = Poet(tokenizer)
    result = corpus.measure(poet, (references, others, training, poet), limit=1)
    assert (result["texts"], result["samples"]) == (2, 10)
    rows = result["free_samples"]
    assert len(rows) == 1 + 2 * len(TEMPERATURES)
    narrow, wide = (rows[f"this model, temperature {t}"] for t in (0.7, 1.0))
    assert narrow == rows["rival, temperature 0.7"]
    assert narrow["self_bleu_3"] == pytest.approx(100)
    assert narrow["distinct_2"] < wide["distinct_2"] < rows["held-out texts"]["distinct_2"]
    assert (narrow["different"], wide["different"]) == (0.1, 0.4)
    assert (narrow["form"], wide["form"]) == (1.0, 0.8)  # one of the four lacks its last mark
    assert (narrow["copied"], rows["held-out texts"]["copied"]) == (1.0, 0.5)
    judge = KneserNey(
        ([*ids, END_ID] for ids in tokenizer.encode(training)), tokenizer.vocab_size, 2
    )
    (ids,) = tokenizer.encode([poet.texts[0]])
    assert narrow["judge"] == pytest.approx(-judge.log_prob([*ids, END_ID]).mean())
    assert "this model, temperature 1.0: BLEU-3" in corpus.summary(result)
