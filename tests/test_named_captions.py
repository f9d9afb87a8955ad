"""Captions without their photographs: the names in them, and what is shown in their place."""

import numpy as np
import pytest

from zoo.data.articles import article
from zoo.data.measure_words import kind, measure_word
from zoo.data.named_captions import NamedCaptions
from zoo.recipes.labelled_captioning import label_names

NAMES = ["cat", "dog", "hot dog", "cup of coffee", "orange"]
PHOTOS = np.stack([np.full((9, 2), value, "float16") for value in (1, 2, 3)])
SHOWN = [0, 1, 1]  # a cat, and two dogs


def pool(captions, **options):
    settings = {"swapped": 0.0, "hidden": 0.0, "wrong": 0.0, "heads": {"table", "house"}, **options}
    return NamedCaptions(captions, NAMES, PHOTOS, SHOWN, num_labels=2, **settings)


@pytest.mark.parametrize(
    "caption, numbers",
    [
        ("a cat on a chair", {0}),
        ("two cats and a puppy", {0, 1}),
        ("a hot dog on a plate", {2}),  # the longest name
        ("a cup of coffee beside coffee", {3}),
        ("three oranges", {4}),
        ("a cat in an orange shirt", {0}),  # a colour
        ("a dog on a coffee table", {1}),  # no coffee
        ("a cat and a dog house", {0, 1}),
    ],
)
def test_the_names_in_a_caption_are_its_labels(caption, numbers):
    text, labels, _ = pool([caption, "nothing to name"]).draw()
    assert text == caption and set(labels[labels >= 0].tolist()) == numbers


def test_captions_without_a_name_are_left_out():
    assert len(pool(["a cat", "a man", "a catalogue"])) == 1


def test_another_name_comes_into_the_caption_with_its_article():
    drawn = pool(["there is a cat here"], swapped=1.0)
    texts = set()
    for _ in range(60):
        text, labels, _ = drawn.draw()
        name = NAMES[labels[0]]
        assert text == f"there is {article(name)} {name} here" and labels[1] == -1
        texts.add(text)
    assert len(texts) == len(NAMES)


@pytest.mark.parametrize("caption", ["two cats here", "a cat house", "the cats run"])
def test_no_other_name_stands_for_several_or_in_front_of_the_thing(caption):
    drawn = pool([caption], swapped=1.0)
    assert {drawn.draw()[0] for _ in range(20)} == {caption}


def test_where_one_name_must_stay_another_makes_room():
    drawn = pool(["a cat and two dogs"], swapped=1.0)
    texts = {drawn.draw()[0] for _ in range(60)}
    assert texts == {f"{article(name)} {name} and two dogs" for name in NAMES}


def test_a_noun_has_the_article_of_its_sound_and_number():
    nouns = "cat owl uniform unicycle umbrella hourglass house skis bread bus compass".split()
    articles = "a an a a an an a some some a a".split()
    assert list(map(article, nouns)) == articles


def test_features_have_the_shape_of_a_photograph():
    def drawn(photos):
        one = NamedCaptions(["a cat and a dog"], NAMES, photos, SHOWN, num_labels=2, seed=3)
        return [one.draw()[2] for _ in range(5)]

    for flat, square in zip(drawn(PHOTOS), drawn(PHOTOS.reshape(-1, 3, 3, 2)), strict=True):
        np.testing.assert_array_equal(flat.reshape(3, 3, 2), square)


def test_features_are_those_of_photographs_of_the_names_side_by_side():
    one, two = pool(["a cat"]), pool(["a cat and a dog"])
    for _ in range(20):
        np.testing.assert_array_equal(one.draw()[2], PHOTOS[0])
        _, labels, source = two.draw()
        columns = source.reshape(3, 3, 2)[..., 0]
        assert np.all(columns == columns[0])  # from top to bottom alike
        left, right = columns[0, 0], columns[0, -1]
        assert [left == 1, right == 1] == (labels == 0).tolist()
        assert {float(left), float(right)} in ({1.0, 2.0}, {1.0, 3.0})


def test_another_name_is_that_of_an_animal_where_an_animal_was():
    for caption, names in (("a cat", {"cat", "dog"}), ("a hot dog", set(NAMES[2:]))):
        drawn = pool([caption], swapped=1.0, animals=(0, 1), plausible=True)
        assert {NAMES[drawn.draw()[1][0]] for _ in range(60)} == names


@pytest.mark.parametrize("language, people", [("en", "a cat and its man"), ("zh", "男人和一只猫")])
def test_a_photograph_of_the_thing_alone_shows_no_people(language, people):
    captions = [people, "a cat" if language == "en" else "一只猫"]
    names = ["cat"] if language == "en" else ["猫"]
    drawn = NamedCaptions(captions, names, PHOTOS[:1], [0], 1, language, 0, 0, 0, plausible=True)
    seen = {text: source.any() for text, _, source in (drawn.draw() for _ in range(30))}
    assert seen == dict(zip(captions, (False, True), strict=True))


def test_features_may_be_hidden_and_a_name_wrong():
    drawn = pool(["a cat"], hidden=1.0, wrong=1.0)
    _, labels, source = drawn.draw()
    assert not source.any() and labels[0] == 0 and labels[1] >= 0
    assert not pool(["oranges"]).draw()[2].any()  # there is no photograph of one


def test_chinese_names_are_found_in_text_without_spaces():
    drawn = NamedCaptions(
        ["一只 猫 在 桌子 上"], ["猫", "桌子"], PHOTOS[:1], [0], 2, "zh", 0.0, 0.0, 0.0
    )
    text, labels, _ = drawn.draw()
    assert text == "一只猫在桌子上" and set(labels.tolist()) == {0, 1}


CHINESE = ["猫", "鱼", "汽车", "桌子", "一杯咖啡", "山"]


def chinese(captions, **options):
    settings = {"swapped": 0.0, "hidden": 1.0, "wrong": 0.0, **options}
    return NamedCaptions(captions, CHINESE, PHOTOS[:1], [0], 2, "zh", animals=(0, 1), **settings)


@pytest.mark.parametrize(
    "caption, expected",
    [
        ("草地上有一只猫", {"草地上有一只猫", "草地上有一条鱼"}),
        ("一辆汽车停在路上", {"一辆汽车停在路上"}),  # there is no other vehicle
        ("有一张桌子", {"有一张桌子", "有一杯咖啡", "有一座山"}),
        ("有两张桌子", {"有两张桌子", "有两座山"}),  # which 一杯咖啡 are not
        ("桌子在路边", {"桌子在路边"}),  # no measure word
    ],
)
def test_another_chinese_name_of_its_kind_comes_with_its_measure_word(caption, expected):
    drawn = chinese([caption, "一只猫"], swapped=1.0)
    found = {text for text, *_ in (drawn.draw() for _ in range(150))}
    assert found - {"一只猫", "一条鱼"} == expected


def test_a_single_character_within_another_word_is_no_name():
    assert len(chinese(["骑山地车的人", "猫步", "一座山", "黑色的猫", "桌子"])) == 3


def test_rare_names_come_as_often_as_frequent_ones_where_they_are_balanced():
    drawn = chinese(["一只猫"] * 98 + ["一条鱼", "一张桌子"], balanced=1.0)
    texts = [drawn.draw()[0] for _ in range(300)]
    assert all(60 < texts.count(text) < 140 for text in ("一只猫", "一条鱼", "一张桌子"))


@pytest.mark.parametrize(
    "noun, animal, word",
    [
        ("猫", True, "只"),
        ("狮子鱼", True, "条"),
        ("公共汽车", False, "辆"),
        ("三脚架", False, "个"),
        ("一杯咖啡", False, ""),
    ],
)
def test_a_noun_takes_the_measure_word_of_its_longest_known_end(noun, animal, word):
    assert measure_word(noun, animal) == word


def test_an_animal_is_one_a_vehicle_is_told_by_its_measure_word():
    nouns = [("鱼", True), ("公共汽车", False), ("裙子", False), ("一杯咖啡", False)]
    assert [kind(*noun) for noun in nouns] == ["animal", "vehicle", "thing", "thing"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_class_of_imagenet_has_a_name(language):
    names, classes = label_names(language)
    assert len(classes) == 1000 and sorted(set(classes)) == list(range(len(names)))
    assert len({classes[i] for i in range(151, 269)}) == 1  # all breeds are dogs
    assert names[classes[281]] == {"en": "cat", "zh": "猫"}[language]
    assert not any(name != name.strip() or not name for name in names)
