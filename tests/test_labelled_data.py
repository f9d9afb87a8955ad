"""Labelled texts: every split whole, the labels as words, the texts as people write them."""

import os
from collections import Counter

import pytest

from zoo import data
from zoo.data.labels import as_written

needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="ZOO_DATA does not name the data directory"
)
SPLITS = ("train", "val", "test")


@needs_data
@pytest.mark.parametrize(
    ("load", "sizes"),
    [
        (data.sst2, [6_920, 872, 1_821]),
        (data.trec_questions, [4_907, 545, 500]),
        (data.shopping_zh, [53_772, 3_000, 3_000]),
    ],
)
def test_every_split_has_as_many_texts_as_its_origin_says(load, sizes):
    assert [len(load(split)) for split in SPLITS] == sizes


@needs_data
def test_labels_are_words_that_fit_their_texts():
    films, questions = dict(data.sst2("test")), dict(data.trec_questions("test"))
    assert films["this is one of polanski's best films"] == "positive"
    assert films["no movement, no yuks, not much of anything"] == "negative"
    assert questions["How far is it from Denver to Aspen?"] == "number"
    assert questions["What county is Modesto, California in?"] == "location"
    assert questions["Who was Galileo?"] == "human"
    assert questions["What is an atom?"] == "description"
    assert questions["What is the abbreviation for Texas?"] == "abbreviation"
    assert questions["What is Australia's national flower?"] == "entity"


@needs_data
def test_chinese_reviews_have_two_labels_each():
    polarity, goods = (data.shopping_zh("val", column) for column in ("polarity", "goods"))
    assert [text for text, _ in polarity] == [text for text, _ in goods]
    assert polarity[1] == ("酒店应该达不到三星，太旧了", "差评") and goods[1][1] == "酒店"
    assert polarity[0][1] == "好评" and goods[0][1] == "衣服"
    kinds = "书籍 平板 手机 水果 洗发水 热水器 蒙牛 衣服 计算机 酒店".split()
    assert sorted(Counter(label for _, label in goods)) == kinds


@needs_data
def test_the_questions_for_validation_are_no_longer_in_training():
    train, val = data.trec_questions("train"), data.trec_questions("val")
    assert {label for _, label in train} == {label for _, label in val}
    # Fewer than 20, since the set itself repeats a few questions.
    assert val[0] == ("Name the scar-faced bounty hunter of The Old West.", "human")
    assert val[0] not in train and len(set(train) & set(val)) < 20


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("i do n't , but it 's late .", "i don't, but it's late."),
        ("What is `` Nine Inch Nails '' ?", 'What is "Nine Inch Nails"?'),
        ("What does ` PSI ' stand for ?", "What does 'PSI' stand for?"),
        ("the celebrities ' names", "the celebrities' names"),
    ],
)
def test_tokens_of_the_penn_treebank_are_joined_as_people_write(tokens, text):
    assert as_written(tokens) == text


@pytest.mark.parametrize("load", [data.sst2, data.trec_questions, data.shopping_zh])
def test_a_split_that_a_set_does_not_have_is_named(load):
    with pytest.raises(ValueError, match="split must be one of train, val, test; got split='dev'"):
        load("dev")


def test_a_column_that_the_reviews_do_not_have_is_named():
    with pytest.raises(ValueError, match="column must be one of polarity, goods; got column='x'"):
        data.shopping_zh("val", "x")


@needs_data
def test_judged_pairs_are_whole_and_written_as_people_write():
    assert [len(data.wikiqa(split)) for split in SPLITS] == [8_672, 1_130, 2_351]
    assert [len(data.trecqa(split)) for split in SPLITS[:2]] == [4_718, 1_117]
    assert [len(data.atec(split)) for split in SPLITS] == [33_346, 2_000, 2_000]
    question, sentence, right = data.wikiqa("train")[5]
    assert question == "how much is 1 tablespoon of water" and right == 1
    assert sentence == "this tablespoon has a capacity of about 15 ml."
    answered = {q for q, _, right in data.wikiqa("test") if right}
    assert answered == {q for q, *_ in data.wikiqa("test")} and len(answered) == 243
    assert not any("-lrb-" in text for row in data.trecqa("train") for text in row[:2])
    assert len(data.self_dialogue("train")) > 200_000


@needs_data
def test_every_judgment_is_of_a_query_and_a_document():
    sizes, texts = [], []
    for split in SPLITS:
        found = data.nfcorpus(split)
        assert found.queries.keys() == found.judgments.keys()
        named = {document for judged in found.judgments.values() for document in judged}
        assert named <= found.documents.keys() and len(found.documents) == 3_395
        assert {g for judged in found.judgments.values() for g in judged.values()} <= {1, 2}
        sizes.append(len(found.queries))
        texts.append(set(found.queries.values()))
    assert sizes == [2_555, 324, 323] and not texts[0] & (texts[1] | texts[2])
