"""The recipe of captioners whose encoder gets a branch of its own, on a few tiny photographs."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
from PIL import Image

from zoo import data
from zoo.models import LabelledCaptionTransformer
from zoo.recipes import branched_captioning, captioning, labelled_captioning
from zoo.recipes.branched_captioning import BranchedCaptioningRecipe
from zoo.text import SentencePieceTokenizer
from zoo.vision import divided, efficientnet_lite, efficientnet_lite0

SIZE, CLASSES = 32, 1000
STAGES = efficientnet_lite.STAGES
RECIPE = BranchedCaptioningRecipe(
    language="en",
    tokenizer={"vocab_size": 300},
    model=functools.partial(
        LabelledCaptionTransformer,
        num_labels=2,
        threshold=0.0,
        num_layers=1,
        model_dim=8,
        num_heads=2,
        ff_dim=8,
        dropout=0.0,
    ),
    steps=2,
    batch_images=2,
    warmup=1,
    interval=2,
    valid_images=2,
    views=1,
    told_captions=3,
    branch_steps=(4, 2),
    branch_views=3,
    branch_stage=5,
    branch_peak=0.05,
    branch_weight=0.5,
    decoding={"num_beams": 2, "max_new_tokens": 5},
)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Six photographs in place of the data sets, and an encoder of random weights."""
    tmp_path, monkeypatch = tmp_path_factory.mktemp("branched"), pytest.MonkeyPatch()
    rng = np.random.default_rng(0)
    for name in "abcdef":
        pixels = rng.integers(0, 256, (40, 50, 3), "uint8")
        Image.fromarray(pixels).save(tmp_path / f"{name}.jpg")
    captions = {f"{name}.jpg": [f"A cat and a dog {name}."] * 5 for name in "abcd"}
    labelled = {tmp_path / f"{name}.jpg": "tabby" for name in "ef"}
    for name, found in (
        ("flickr8k", lambda split, language, data_dir: captions),
        ("flickr8k_image", lambda name, data_dir: tmp_path / name),
        ("coco_sentences", lambda language, data_dir: ["a bicycle beside a cat"] * 20),
        ("labelled_photos", lambda data_dir: labelled),
    ):
        monkeypatch.setattr(data, name, found)
    keras.utils.set_random_seed(0)
    few = [(k, s, min(e, 2), 8, 1 + (i > 3)) for i, (k, s, e, *_) in enumerate(STAGES)]
    monkeypatch.setattr(efficientnet_lite, "STAGES", few)
    encoder = efficientnet_lite0(input_size=SIZE)
    for weight in encoder.weights:  # so that a grid is neither 0 nor endless
        if len(weight.shape) == 4:
            height, width, channels, more = weight.shape
            fan_in = height * width * (1 if more == 1 else channels)
            weight.assign(rng.normal(size=weight.shape) * (2 / fan_in) ** 0.5)
    encoder.trainable = False
    monkeypatch.setattr(captioning, "imagenet_encoder", lambda data_dir=None: encoder)
    head = [rng.normal(size=(1280, CLASSES)).astype("float32"), np.zeros(CLASSES, "float32")]
    monkeypatch.setattr(labelled_captioning, "imagenet_classifier", lambda data_dir: head)
    monkeypatch.setattr(labelled_captioning, "_shown", lambda photos, classes: [classes[281]] * 2)
    yield tmp_path, encoder, head
    monkeypatch.undo()


@pytest.mark.model  # seconds
def test_the_branch_learns_and_the_classifier_sees_what_it_saw(photographs, monkeypatch):
    folder, encoder, head = photographs
    places = {"out": folder / "out", "run_dir": folder / "runs" / "x", "verbose": 0}
    path = RECIPE.train(**places)
    captioner = keras.models.load_model(path)
    assert captioner.encoder.output_shape == (None, 1, 1, 2560)
    image = np.full((1, SIZE, SIZE, 3), 90, "float32")
    grid = captioner.encoder(image).numpy().reshape(1, 1, -1)
    np.testing.assert_allclose(grid[..., 1280:].ravel(), encoder(image).numpy().ravel(), atol=0.05)
    assert abs(grid[..., :1280] - grid[..., 1280:]).max() > 0.1
    names, classes = labelled_captioning.label_names("en")
    logits = grid[0, 0, 1280:] @ head[0]
    of_names = np.bincount(classes, np.exp(logits - logits.max()))
    first, _ = captioner.model.labels(grid).numpy()[0]
    assert names[first] == names[of_names.argmax()]
    assert isinstance(captioner.generate(folder / "a.jpg"), str)

    # The average lies between the stages, and the same call goes on from where it stands.
    start, *seconds = (
        keras.models.load_model(places["run_dir"] / stage / "model.keras")
        for stage in ("first", "second_0", "second_1")
    )
    _, branch = divided(captioner.encoder, 5)
    _, before = divided(start.encoder, 5)
    ends = (second.encoder.weights for second in seconds)
    for mean, old, *new in zip(branch.weights, before.weights, *ends, strict=True):
        np.testing.assert_allclose(mean, 0.5 * old + 0.25 * sum(new), atol=0.01)

    def trained(*args, **kwargs):
        raise AssertionError("there is no stage to train here")

    monkeypatch.setattr(captioning, "train_and_save", trained)
    again = keras.models.load_model(RECIPE.train(**{**places, "out": folder / "again"}))
    for one, other in zip(again.weights, captioner.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.model  # seconds
def test_names_are_hidden_from_the_decoder_in_the_second_stage_alone(photographs, monkeypatch):
    folder, *_ = photographs
    seen = {}

    def stop(build, train, valid, **options):
        captioner = build()
        captioner.build()
        seen["train"] = [x["labels"].numpy() for x, *_ in train(captioner).take(20)]
        seen["valid"] = [x["labels"].numpy() for x, *_ in valid]
        raise InterruptedError

    monkeypatch.setattr(branched_captioning, "train_and_save", stop)
    recipe = dataclasses.replace(RECIPE, hidden_names=0.5, told_share=0.0)
    with pytest.raises(InterruptedError):
        recipe.train(out=folder / "none", run_dir=folder / "runs" / "x", verbose=0)
    assert np.concatenate(seen["valid"]).min() >= 0  # the threshold is 0
    hidden = np.concatenate(seen["train"]) < 0
    assert 0.4 < hidden.mean() < 0.95 and 0.4 < hidden.all(axis=1).mean() < 0.8


@pytest.mark.model  # seconds
def test_the_third_stage_teaches_the_decoder_alone_and_by_both_kinds_of_batches(photographs):
    """One kind are the captioner's own captions, by beam search, the other are told to it."""
    folder, *_ = photographs
    recipe = dataclasses.replace(
        RECIPE,
        reward_steps=6,
        reward_peak=0.05,
        reward_samples=2,
        reward_decoding={"num_beams": 2},
        told_share=0.5,
    )
    places = {"run_dir": folder / "runs" / "rewarded", "verbose": 0}
    before = keras.models.load_model(
        dataclasses.replace(recipe, reward_steps=0).train(out=folder / "two", **places)
    )
    after = keras.models.load_model(recipe.train(out=folder / "three", **places))
    for one, other in zip(after.encoder.weights, before.encoder.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)  # as the file rounds them
    third = keras.models.load_model(places["run_dir"] / "third" / "model.keras")
    np.testing.assert_allclose(*(x.model.get_weights()[0] for x in (after, third)), atol=0.01)
    (old,), (new,) = (model.embedding.get_weights() for model in (before.model, after.model))
    assert abs(new - old).max() > 0.05
    pairs = zip(after.model.classifier.weights, before.model.classifier.weights, strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=0.05)


@pytest.mark.model  # seconds
def test_captions_alone_are_plausible_in_the_last_stage_alone(photographs, monkeypatch):
    folder, *_ = photographs
    captions = {f"{name}.jpg": ["A man with a cat."] * 5 for name in "abcd"}
    monkeypatch.setattr(data, "flickr8k", lambda split, language, data_dir: captions)
    monkeypatch.setattr(data, "coco_sentences", lambda language, data_dir: ["a cat and a boy"] * 20)
    shown, train_and_save = [], captioning.train_and_save

    def recorded(build, train, valid, **options):
        captioner = build()
        captioner.build()
        shown.append(any(x["source"].numpy().any() for x, *_ in train(captioner).take(5)))
        return train_and_save(build, train, valid, **options)

    monkeypatch.setattr(captioning, "train_and_save", recorded)
    numbers = {"branch_steps": (1,), "reward_steps": 1, "reward_samples": 2}
    recipe = dataclasses.replace(RECIPE, told_share=1.0, plausible=True, **numbers)
    recipe.train(out=folder / "plausible", run_dir=folder / "runs" / "plausible", verbose=0)
    assert shown == [True, False]  # people are not, in the end


def test_a_name_is_copied_whole_and_part_of_a_word_may_end_a_caption():
    lines = ["a crocodile and a cat on the tools in the sand"] * 5 + ["a b c d e f g h i j k l"]
    tokenizer = SentencePieceTokenizer.train(lines, vocab_size=325)
    told = RECIPE._named(tokenizer)
    names, _ = labelled_captioning.label_names("en")
    assert tokenizer.decode(told["names"]) == names
    ends = {text.strip() for text in tokenizer.decode([[token] for token in told["unfinished"]])}
    assert ends and ends <= set(labelled_captioning._UNFINISHED["en"].split())


def test_a_caption_of_another_photograph_costs_what_the_recipe_says():
    captions = [["a cat sleeps", "a dog"], ["a dog", "a bird sings"], ["two men walk"]]
    free = RECIPE._judge(captions)
    judge = dataclasses.replace(RECIPE, copied_cost=0.5)._judge(captions)
    for row, text, copied in (
        (0, "a cat sleeps", False),  # its own
        (0, "A cat sleeps.", False),
        (0, "a dog", True),  # its own, and of another
        (0, "A bird sings.", True),
        (2, "a cat sleeps", True),
        (2, "two cats walk", False),
    ):
        assert free(row, text) - judge(row, text) == pytest.approx(0.5 * copied), text


def test_a_caption_that_names_what_most_people_name_gains_what_the_recipe_says():
    captions = [["a cat sleeps", "a cat", "a dog"], ["two men walk"]]
    free = RECIPE._judge(captions)
    judge = dataclasses.replace(RECIPE, named_gain=0.5)._judge(captions)
    for text, named in (("a black cat", True), ("a dog", False), ("a room", False)):
        assert judge(0, text) - free(0, text) == pytest.approx(0.5 * named), text
