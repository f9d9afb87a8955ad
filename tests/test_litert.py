"""A LiteRT export answers as the model does, in a process without TensorFlow."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo
from zoo.models import (
    CaptionTransformer,
    LabelledCaptionTransformer,
    RNNSearch,
    ShowAttendTell,
    TransformerLM,
)
from zoo.registry import FILE
from zoo.serving import LiteCaptioner, LiteGenerator, LiteTranslator, export_litert
from zoo.serving.lite_servable import LiteExports
from zoo.tasks import ImageCaptioner, TextGenerator, Translator
from zoo.vision import read as read_with_tensorflow

pytest.importorskip("ai_edge_litert")

TEXTS = [
    "der Hund",
    "",
    "   ",
    "eine Katze läuft zwei",
    "狗 🐕‍🦺",
    "\udcff Hund",
    "zwei " * 60,
    "\x00\t",
]

TRANSLATE = """
import json, sys, zoo
reader = zoo.serving.LiteTranslator(sys.argv[1])
print(json.dumps(reader.generate(json.loads(sys.argv[2]))))
print(sorted({"tensorflow", "keras", "zoo.text"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def folder(translator, tmp_path_factory):
    return export_litert(translator, tmp_path_factory.mktemp("litert"), "copy", weights="float32")


@pytest.fixture(scope="module")
def generator(tokenizer):
    keras.utils.set_random_seed(2)
    model = TransformerLM(
        tokenizer.vocab_size, context_length=12, num_layers=1, model_dim=16, num_heads=2, ff_dim=16
    )
    model.build(None)
    # Decided, as a trained model is: where hundreds of tokens are almost equally probable, the last
    # bit of a sum, which another processor rounds otherwise, decides which one is drawn.
    for weight in model.trainable_variables:
        weight.assign(4 * weight)
    return TextGenerator(model, tokenizer, decoding={"max_new_tokens": 30, "temperature": 0.9})


@pytest.fixture(scope="module", params=["transformer", "labelled", "rnn"])
def captioner(tokenizer, request):
    keras.utils.set_random_seed(3)
    encoder = keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 8, 8), keras.layers.Rescaling(1 / 255)]
    )
    if request.param == "rnn":
        model = ShowAttendTell(8, tokenizer.vocab_size, model_dim=16, units=16, attention_units=8)
    else:
        sizes = {"num_layers": 1, "model_dim": 16, "num_heads": 2, "ff_dim": 16}
        if request.param == "labelled":
            names = tokenizer.encode(["Hund", "Katze", "zwei Kinder"])
            more = {"names": names, "classes": [0, 2, 1, 2], "num_labels": 2, "threshold": 0.3}
            more["classifier_dim"] = 3  # the last of 8
            model = LabelledCaptionTransformer(16, 5, tokenizer.vocab_size, **more, **sizes)
        else:
            model = CaptionTransformer(16, 8, tokenizer.vocab_size, **sizes)
    decoding = {"num_beams": 2, "no_repeat_ngram_size": 2, "max_new_tokens": 8}
    return ImageCaptioner(encoder, model, tokenizer, decoding, spaces=False, least_spread=1e-3)


def photo(width, height, mode="RGB"):
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, bands), "uint8")
    return Image.fromarray(pixels[..., 0] if bands == 1 else pixels, mode)


def test_translations_are_those_of_the_model_in_a_process_without_tensorflow(
    translator, folder, fresh_python
):
    answers, imported = fresh_python(TRANSLATE, folder, json.dumps(TEXTS)).splitlines()
    assert json.loads(answers) == translator.generate(TEXTS)
    assert imported == "[]"


def test_a_server_answers_with_the_texts_and_scores_of_a_saved_model(translator, folder):
    ours = LiteExports(threads=2).open("copy", 1, folder).signature("serving_default")
    texts = [b"der Hund", b"", b"zwei Kinder eine Katze", b"\xff Hund"]
    found = ours.run({"text": np.array(texts, object)})
    expected = translator.signatures()["serving_default"](tf.constant(texts))
    assert found.keys() == expected.keys() == ours.outputs.keys()
    assert found["text"].tolist() == expected["text"].numpy().tolist()
    np.testing.assert_allclose(found["score"], expected["score"], atol=1e-4)


def test_one_text_gives_one_answer_and_a_limit_is_kept(translator, folder):
    reader = LiteTranslator(folder)
    assert reader.generate("zwei Kinder") == translator.generate("zwei Kinder")
    assert reader.generate([]) == [] and reader.generate([" "]) == [""]
    short = reader.generate("zwei Kinder zwei Hund", max_new_tokens=2)
    assert short == translator.generate("zwei Kinder zwei Hund", max_new_tokens=2)


def test_a_recurrent_translator_answers_as_the_model_does(tokenizer, tmp_path):
    keras.utils.set_random_seed(4)
    size = tokenizer.vocab_size
    model = RNNSearch(size, size, model_dim=16, units=16, attention_units=8)
    recurrent = Translator(model, tokenizer, decoding={"num_beams": 2, "max_new_tokens": 10})
    reader = LiteTranslator(export_litert(recurrent, tmp_path, "rnn", weights="float32"))
    assert reader.generate(TEXTS) == recurrent.generate(TEXTS)


@pytest.mark.parametrize("num_threads", [1, 2, 5])
def test_threads_that_share_the_work_give_the_answers_in_order(translator, folder, num_threads):
    reader = LiteTranslator(folder, num_threads)
    texts = TEXTS * 3
    answers = translator.generate(texts)
    assert reader.generate(texts) == answers
    with ThreadPoolExecutor(3) as pool:  # more callers than copies of the model, or fewer
        assert list(pool.map(reader.generate, texts)) == answers


def test_an_error_of_one_input_of_many_reaches_the_caller(captioner, tmp_path):
    reader = LiteCaptioner(export_litert(captioner, tmp_path, "see"), num_threads=2)
    photos = [photo(32, 32), b"no image", *[photo(48, 20)] * 6]
    with pytest.raises(ValueError, match="image must be a whole JPEG, PNG, GIF or BMP file"):
        reader.generate(photos)
    del photos[1]
    assert len(reader.generate(photos)) == 7


def test_eight_bits_take_less_room_and_the_next_export_takes_the_place(translator, tmp_path):
    sizes = {}
    for weights in ("float32", "int8"):
        path = export_litert(translator, tmp_path, "copy", weights)
        sizes[weights] = (path / "model.tflite").stat().st_size
        assert json.loads((path / "manifest.json").read_text())["weights"] == weights
    assert sizes["int8"] < sizes["float32"]
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["litert"]
    words = "zwei Kinder der Hund"
    assert LiteTranslator(path).generate(words) == translator.generate(words)


def test_samples_are_those_of_the_generator_beyond_its_context(generator, tmp_path):
    reader = LiteGenerator(export_litert(generator, tmp_path, "lm", weights="float32"))
    prompts = ["der", "", "eine Katze"]
    assert reader.generate(prompts, seed=5) == generator.generate(prompts, seed=5)
    assert reader.generate([]) == []
    options = {"temperature": 1.3, "top_p": 0.6, "seed": 1, "max_new_tokens": 5}
    assert reader.generate("zwei", **options) == generator.generate("zwei", **options)
    with pytest.warns(UserWarning, match="at most 10 tokens"):
        long = reader.generate("Katze " * 30, seed=2)
    with pytest.warns(UserWarning, match="at most 10 tokens"):
        assert long == generator.generate("Katze " * 30, seed=2)


def test_captions_are_those_of_the_captioner(captioner, tmp_path):
    reader = LiteCaptioner(export_litert(captioner, tmp_path, "see", weights="float32"))
    photos = [photo(48, 20), photo(32, 32), photo(9, 70, "L"), photo(50, 50, "RGBA")]
    assert reader.generate(photos) == captioner.generate(photos)
    nothing = Image.new("RGB", (40, 30), (9, 80, 200))
    assert reader.generate([nothing, photos[0]]) == ["", captioner.generate(photos[0])]
    assert reader.generate([]) == []
    photos[0].save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    assert reader.generate(tmp_path / "a.png") == reader.generate(data) == captioner.generate(data)


PNG_MODES = ["RGB", "L", "LA", "RGBA", "P", "I;16"]
JPEG_MODES = ["RGB", "L", "CMYK"]


@pytest.mark.parametrize(
    ("mode", "suffix"), [(m, "png") for m in PNG_MODES] + [(m, "jpg") for m in JPEG_MODES]
)
def test_pillow_reads_a_file_as_tensorflow_does(mode, suffix, tmp_path):
    from zoo.lite.images import read

    path = tmp_path / f"a.{suffix}"
    image = photo(90, 61, "RGB" if mode in ("P", "CMYK", "I;16") else mode)
    if mode == "I;16":
        image = Image.fromarray(np.arange(90 * 61, dtype="uint16").reshape(61, 90) * 11)
    elif mode != image.mode:
        image = image.convert(mode)
    image.save(path)
    ours, theirs = read(path, (32, 40)), read_with_tensorflow(path, (32, 40)).astype("float32")
    assert ours.shape == (32, 40, 3)
    assert np.abs(ours - theirs).max() <= 1  # of rounding


def test_photographs_come_out_upright(tmp_path):
    from zoo.lite.images import read

    exif = Image.Exif()
    exif[0x0112] = 6
    photo(40, 20).save(tmp_path / "a.jpg", exif=exif)
    ours = read(tmp_path / "a.jpg", (40, 20))
    assert np.abs(ours - read_with_tensorflow(tmp_path / "a.jpg", (40, 20))).max() <= 1


@pytest.mark.parametrize("data", [b"", b"no image", b"\x89PNG\r\n\x1a\n1234"])
def test_a_damaged_image_is_one_clear_error(data):
    from zoo.lite.images import read

    with pytest.raises(ValueError, match="image must be a whole JPEG, PNG, GIF or BMP file"):
        read(data, (8, 8))


def test_errors_name_the_argument_the_rule_and_the_value(translator, folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="path must be a folder .* got path="):
        LiteTranslator(tmp_path)
    with pytest.raises(ValueError, match="num_threads must be >= 1; got num_threads=0"):
        LiteTranslator(folder, num_threads=0)
    with pytest.raises(ValueError, match="must hold a TextGenerator .* got a Translator"):
        LiteGenerator(folder)
    with pytest.raises(ValueError, match="weights must be one of int8, float32; got .*'int4'"):
        export_litert(translator, tmp_path, "copy", weights="int4")
    with pytest.raises(ValueError, match="max_new_tokens must be >= 1; got max_new_tokens=0"):
        LiteTranslator(folder).generate("der", max_new_tokens=0)
    with pytest.raises(TypeError, match="inputs must be a str or a list of str; got 3"):
        LiteTranslator(folder).generate(3)


def test_model_that_is_too_large_is_refused_before_it_is_traced(generator, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.serving.litert._MOST_BYTES", 1000)
    monkeypatch.setattr(type(generator), "lite_function", lambda self: pytest.fail("was traced"))
    with pytest.raises(ValueError, match="model must have weights of at most .* GB in float32"):
        export_litert(generator, tmp_path)
    assert not list(tmp_path.rglob("*.tflite"))


def test_fast_form_is_made_once_and_then_loads_without_tensorflow(
    translator, tmp_path, monkeypatch, fresh_python
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "copy").mkdir()
    translator.save(tmp_path / "copy" / FILE)
    made = zoo.load(tmp_path / "copy", fast=True).generate("zwei Kinder")
    assert made == translator.generate("zwei Kinder")
    code = "import sys, zoo; print(zoo.load(sys.argv[1], fast=True).generate('zwei Kinder'));"
    code += "print('tensorflow' in sys.modules)"
    assert fresh_python(code, tmp_path / "copy").splitlines() == [made, "False"]


def test_command_line_translates_fast_and_refuses_what_fast_cannot(translator, tmp_path):
    translator.save(tmp_path / "copy.keras")
    command = [sys.executable, "-m", "zoo", "translate", "--fast", str(tmp_path / "copy.keras")]
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(
        [*command, "zwei Kinder", ""], capture_output=True, text=True, env=environment
    )
    assert done.stdout.splitlines() == [translator.generate("zwei Kinder"), ""]
    assert done.stderr == ""
    refused = subprocess.run(
        [*command, "--num-beams", "2", "x"], capture_output=True, text=True, env=environment
    )
    assert refused.returncode == 2
    assert "--fast goes with --max-new-tokens alone; got --num-beams" in refused.stderr


def test_command_line_exports_a_file_that_the_reader_opens(translator, tmp_path):
    translator.save(tmp_path / "copy.keras")
    command = [sys.executable, "-m", "zoo", "export", str(tmp_path / "copy.keras")]
    command += ["--format", "litert", "--weights", "float32", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == str(tmp_path / "out" / "copy" / "litert")
    assert LiteTranslator(done.stdout.strip()).generate("Hund") == translator.generate("Hund")
