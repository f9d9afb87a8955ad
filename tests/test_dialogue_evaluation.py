"""What is measured of replies and of summaries, on models whose answers are known."""

import math
import os

import numpy as np
import pytest

from zoo import data
from zoo.data import Summarized
from zoo.evaluation import ReplyCorpus, SummaryCorpus, measure_replies, measure_summaries, rouge

TALK = "#Person1#: Did Tom call?\n#Person2#: Tom called at noon from Oslo.\n#Person1#: Thanks."
ROWS = [Summarized(TALK, ["Tom called at noon.", "#Person2# says Tom called."])]


class Words:
    """A tokenizer of words."""

    vocab_size = 1000

    def __init__(self):
        self.ids = {}

    def encode(self, texts):
        return [[self.ids.setdefault(w, len(self.ids) + 4) for w in t.split()] for t in texts]


class Known:
    """Every token has the probability 1/8; the answers are the ones given."""

    def __init__(self, answer):
        self.target_tokenizer, self.answer, self.calls = Words(), answer, []

    def score(self, sources, targets):
        ids = self.target_tokenizer.encode(targets)
        return np.array([-math.log(8) * (len(row) + 1) for row in ids])

    def ask(self, inputs, **options):
        self.calls.append((inputs, options))
        return [self.answer] * len(inputs)

    summarize = ask


# Summaries.


def test_rouge_is_that_of_its_package_by_the_mean_and_the_best():
    found = rouge(["Tom called at noon."], [["Tom called at noon.", "He sleeps."]])
    assert found["rouge_1"] == found["rouge_2"] == found["rouge_l_text"] == 50.0
    # Two sentences in another order: the longest common run is one of them, their union both.
    turned = rouge(["He sleeps. It rains."], [["It rains. He sleeps."]])
    assert turned["rouge_l_text"] == pytest.approx(50) and turned["rouge_l_sum"] == 100.0
    assert found["rouge_1_best"] == 100.0
    # Three of four words, of five: F = 2 · 3/4 · 3/5 / (3/4 + 3/5).
    partly = rouge(["Tom called at night"], [["Tom called us at noon"]])["rouge_1"]
    assert partly == pytest.approx(100 * 2 * 0.75 * 0.6 / 1.35)


def test_copied_words_and_names_are_counted():
    found = measure_summaries(["Tom called Mary at noon. Fine."], ROWS)
    # Tom, called, at, noon of six words; no run of three.
    assert found["copied"] == pytest.approx(4 / 6) and found["copied_3"] == 0
    assert found["reference_copied"] == 1.0 and found["reference_copied_3"] == 1.0
    # Mary is no name of the conversation; Tom begins the text, and is not counted.
    assert found["names_right"] == 0.0 and found["words"] == 6
    right = measure_summaries(["I hear that #Person2# knows Tom."], ROWS)
    assert right["names_right"] == 1.0


def test_names_that_people_wrote_are_looked_for():
    rows = [Summarized(TALK, ["A call came from Tom of Oslo to #Person1#."])]
    assert measure_summaries(["Tom called from Oslo."], rows)["names_found"] == pytest.approx(2 / 3)


def test_a_summariser_is_measured_with_its_baselines():
    corpus = SummaryCorpus("dialogsum", "test")
    found = corpus.measure(Known("Tom called at noon."), ROWS * 5, limit=2)
    assert found["texts"] == 2 and found["rouge_1_best"] == 100.0
    assert found["perplexity"] == pytest.approx(8)
    longest = found["baselines"]["the longest"]
    assert longest == rouge([TALK] * 2, [ROWS[0].summaries] * 2)
    assert found["conversations"][0]["summary"] == "Tom called at noon."
    assert "names right" in corpus.summary(found)
    assert list(corpus.checksums) == ["summaries/dialogsum.test.jsonl"]


# Replies.


def test_replies_are_counted_by_words_and_marks():
    found = measure_replies(["I do n't know .", "I don't know."], [["I know!"], ["Who?"]], "en")
    assert found["length"] == 4 and found["most_frequent"] == 1.0
    assert found["distinct_1"] == 4 / 8 and found["distinct_2"] == 3 / 6
    same = measure_replies(["我 知道"], [["不", "我知道"]], "chinese")
    assert same["bleu_2"] == 1.0 and same["single_bleu_2"] == 0.0
    assert "bleu_1" not in measure_replies(["a b"], None, "en")


def test_a_partner_is_measured_beside_an_ngram_model_and_people():
    dialogues = [["hi there", "hello you", "how are you ?"], ["bye"]]
    training = [["hi there", "hello you"]] * 5
    several = [(dialogues[0], [["hello you", "good day"], ["how are you ?", "fine ?"], []])]
    model = Known("good day")
    found = ReplyCorpus("dailydialog", "test").measure(model, (dialogues, training, several))
    assert found["texts"] == 2 and found["tokens"] == 3 + 5 and found["units"] == 2 + 4
    assert found["perplexity"] == pytest.approx(8)
    assert found["perplexity_word"] == pytest.approx(8 ** (8 / 6))
    ((name, ngram),) = found["baselines"].items()
    assert name == "Kneser-Ney, order 5" and 1 < ngram["perplexity"] < 1000
    replies = found["replies"]
    assert replies["greedy"]["bleu_1"] == pytest.approx(0.5)  # "good day" of two times two words
    assert replies["greedy"]["most_frequent"] == 1.0 and replies["people"]["distinct_1"] == 5 / 6
    assert model.calls[0] == (
        ["hi there", "hi there\nhello you"],
        {"num_beams": 1, "dullness_penalty": 0.0},
    )
    assert "BLEU-2" in ReplyCorpus.summary(found)


needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="needs ZOO_DATA with dialogue/ and summaries/"
)


@needs_data
def test_references_stand_beside_the_turns_that_they_reply_to():
    dialogues = data.dialogues("dailydialog", "test")
    for turns, (tokenized, references) in zip(
        dialogues, data.dailydialog_references(), strict=True
    ):
        assert len(turns) == len(tokenized) == len(references)
        assert all(len(row) == 5 for row in references[:-1])


@needs_data
def test_an_origin_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="origin must be one of c3, kdconv; got origin='lccc'"):
        ReplyCorpus("chinese", "test", "lccc").read()
