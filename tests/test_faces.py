"""What a model reads of its input: the same in Python, in its export, and without TensorFlow.

Each head is asked in the three ways that users have, and what comes to its weights is compared:
`preprocess` or the verb, `preprocess_tf` in a graph, and the reader of a LiteRT file. Hypothesis
writes the inputs, and shortens those that fail.
"""

import dataclasses
import io
import json
import wave
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import zoo
from zoo.lite import audio, pupils, readers
from zoo.lite.labels import named
from zoo.lite.turns import joined_turns
from zoo.text import END_ID, START_ID

MANY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # a run of the tests is like the one before
    suppress_health_check=list(HealthCheck),
)
# Any character but a surrogate, which no file holds; and those that tend to be read in two ways.
HARD = "\0\t\x0b\x0c\x1c\x85\xa0\xad\u2028\u3000\ufeff\u200bﬁé e\u0301Åß½①İ한中、。،"
HARD += "😀👩\u200d👩\u200d👧🇫🇷"
WORDS = ["Hello", " you", "Ein Hund", "läuft", "一只猫", "好吗？", "12,5", "a@b.de", "  ", "▁"]
WORDS += ["<unk>", "</s>"]
CHARACTER = st.characters(exclude_categories=["Cs"], exclude_characters="\n")
PIECE = st.sampled_from([*HARD, *WORDS]) | st.text(CHARACTER, max_size=5)
TIMES = st.sampled_from([1, 1, 1, 90])  # some are longer than what a model reads
LINE = st.tuples(st.lists(PIECE, max_size=8).map("".join), TIMES).map(lambda two: two[0] * two[1])
BATCH = st.lists(LINE, min_size=1, max_size=4)
TURNS = st.lists(st.lists(LINE, max_size=12).map("\n".join), min_size=1, max_size=3)


class Seen(Exception):
    """What a reader gives to the file."""


class File:
    """In place of a LiteRT file: says what it was given."""

    def __init__(self, *arguments):
        pass

    def __call__(self, sources, *how, **inputs):
        raise Seen([*sources], inputs)


@dataclasses.dataclass
class Faces:
    """A model, and its reader without a file."""

    model: zoo.tasks.Task
    reader: readers.LiteModel
    graph: Callable

    def in_graph(self, texts):
        """What `preprocess_tf` gives for str, or for pairs of them."""
        return self.graph(tf.constant(texts))

    def without_tensorflow(self, inputs, ask=None):
        """The sources, and the further inputs, that the file gets."""
        with pytest.raises(Seen) as caught:
            (ask or self.reader.ask)(inputs)
        return caught.value.args


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    kept = {}

    def of(name):
        if name not in kept:
            kept.clear()
            kept[name] = _faces(zoo.load(name), tmp_path_factory.mktemp(name))
        return kept[name]

    return of


def _faces(model, folder):
    for file, content in model.lite_files().items():
        (folder / file).write_bytes(content)
    task = type(model).__name__
    manifest = {"format": readers.FORMAT, "task": task, **model.lite_manifest("int8")}
    (folder / readers.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "LiteBatches", File)
        reader = readers.open_litert(folder) if task in readers.READERS else None
    spec = model.signatures()["serving_default"].input_signature
    shape = [None, 2] if len(spec) == 2 else [None]
    graph = tf.function(
        model.preprocess_tf, input_signature=[tf.TensorSpec(shape, tf.string)], autograph=False
    )
    return Faces(model, reader, graph)


def rows(padded):
    """A matrix of ids -> lists without the padding before or behind."""
    return [[int(i) for i in row if i] for row in np.array(padded)]


@pytest.mark.parametrize("name", ["translate_de_en", "translate_zh_en", "translate_de_en_rnn"])
def test_translators(name, faces):
    """Of a text that is not cut into sentences."""
    kinds = faces(name)

    @MANY
    @given(BATCH)
    def check(texts):
        python = rows(kinds.model.collate(kinds.model.encode_sources(texts)))
        assert rows(kinds.in_graph(texts)) == python
        assert [list(ids) for ids in kinds.reader._ids_of(texts, [])] == python

    check()


@pytest.mark.parametrize("name", ["generate_shakespeare", "generate_tang"])
@pytest.mark.filterwarnings("ignore:inputs must have at most")
def test_generators(name, faces):
    kinds = faces(name)

    @MANY
    @given(BATCH)
    def check(texts):
        python = rows(kinds.model.collate(kinds.model.preprocess(texts)[0]))
        assert rows(kinds.in_graph(texts)) == python
        assert kinds.without_tensorflow(texts)[0] == python
        assert all(ids[0] == START_ID for ids in python)

    check()


def test_chat(faces):
    kinds = faces("chat_en")

    @MANY
    @given(TURNS)
    def check(texts):
        python = rows(kinds.model.collate(kinds.model.preprocess(texts)[0]))
        assert rows(kinds.in_graph(texts)) == python
        assert kinds.without_tensorflow(texts)[0] == python

    check()


def test_summaries(faces):
    """The export reads the first part of a conversation that is too long."""
    kinds = faces("summarize_dialogue")

    @MANY
    @given(TURNS)
    def check(texts):
        parts, _ = kinds.model.preprocess(texts)
        full = [part for row in parts for part in row if part]
        joined = [joined_turns(part) + [END_ID] for part in full]
        assert kinds.without_tensorflow(texts)[0] == joined
        first = [joined_turns(row[0]) + [END_ID] if row[0] else [] for row in parts]
        got = rows(kinds.in_graph(texts))
        assert [ids if first[i] else [] for i, ids in enumerate(got)] == first

    check()


@pytest.mark.parametrize("name", ["classify_sentiment_en", "classify_goods_zh"])
def test_classifiers(name, faces):
    kinds = faces(name)

    @MANY
    @given(BATCH)
    def check(texts):
        python = kinds.model._encode(texts)
        assert rows(kinds.in_graph(texts)) == python
        assert kinds.without_tensorflow(texts)[0] == python

    check()


@pytest.mark.parametrize("name", ["match_answers", "match_questions_zh"])
def test_matchers(name, faces):
    kinds = faces(name)

    @MANY
    @given(LINE, BATCH)
    def check(question, texts):
        query, *python = kinds.model._encode([question, *texts])
        got, inputs = kinds.without_tensorflow(texts, lambda t: kinds.reader.match(question, t))
        assert [[i for i in ids if i] for ids in got] == python
        assert rows(inputs["query"]) == [query] * len(texts)
        sides = kinds.in_graph([[question, text] for text in texts])
        assert list(map(rows, sides)) == [[query] * len(texts), python]

    check()


def test_ranker(faces):
    """It has no reader without TensorFlow."""
    kinds = faces("rank_documents")

    @MANY
    @given(st.lists(st.tuples(LINE, LINE), min_size=1, max_size=4))
    def check(pairs):
        lengths = kinds.model.max_query_length, kinds.model.max_length
        sides = zip(zip(*pairs, strict=True), lengths, strict=True)
        python = [kinds.model._encode(list(side), length) for side, length in sides]
        assert list(map(rows, kinds.in_graph(pairs))) == python

    check()


def test_labels(faces):
    """The names of what comes out, best first; ties in the order of the labels."""
    kinds = faces("classify_goods_zh")
    labels = kinds.model.labels
    chance = st.sampled_from([0.0, 0.1, 0.25, 0.5])

    @MANY
    @given(st.lists(chance, min_size=len(labels), max_size=len(labels)))
    def check(row):
        graph = kinds.model._ranked(tf.constant([row]))
        python = named(np.array(row, "float32"), labels, len(labels))
        assert [label.decode() for label in graph["label"].numpy()[0]] == [x for x, _ in python]
        assert graph["probability"].numpy()[0].tolist() == [x for _, x in python]

    check()


NAMES = ["Toy Story (1995)", "1", "Nobody's film"]
SPACES = " \r" + "".join(char for char in HARD if char.isspace())
BLANK = st.text(st.sampled_from(SPACES), max_size=2)


@pytest.mark.parametrize("known", [True, False], ids=["known", "any"])
def test_items(known, faces):
    """Lines of a page or of an export may name what is unknown, which is passed over."""
    kinds = faces("recommend_films")
    names = kinds.model.items
    item = st.sampled_from(["1", *names[:9]] if known else [*NAMES, names[7]])
    line = st.tuples(BLANK, item, BLANK).map("".join)
    longest = kinds.model.model.context_length

    @MANY
    @given(st.lists(st.lists(line, max_size=5), min_size=1, max_size=3), st.sampled_from([1, 60]))
    def check(histories, times):
        texts = ["\n".join(history * times) for history in histories]
        numbers = [kinds.reader.catalogue.known_lines(text) for text in texts]
        assert kinds.model.numbers(tf.constant(texts)).to_list() == numbers
        assert rows(kinds.in_graph(texts)) == [row[-longest:] for row in numbers]
        if known:
            assert kinds.model._rows(texts) == numbers

    check()


def test_answers_of_pupils(faces):
    kinds = faces("trace_learners")
    skill = st.sampled_from(kinds.model.skills[:20])
    blank = st.text(st.sampled_from(SPACES), max_size=2)
    right = st.tuples(blank, skill, blank, st.just("="), blank, st.sampled_from("01"), blank)
    mark = st.sampled_from(["", "=", "=2", "=true", "=1=0", "==1", "= ", "=01", "=1.0"])
    other = st.tuples(blank, skill, blank, mark, blank)
    right, other = right.map("".join), other.map("".join)
    line = st.tuples(st.just(True), right) | st.tuples(st.just(False), other)
    asked = skill | right | other
    longest = kinds.model.model.context_length

    @MANY
    @given(st.lists(line, max_size=5), asked, st.sampled_from([1, 60]))
    def check(lines, asked, times):
        """Lines whose mark is another are passed over, where Python raises an error."""
        text = "\n".join([*(line for _, line in lines * times), asked])
        kept = "\n".join([*(line for good, line in lines * times if good), asked])
        if kept != text:
            with pytest.raises(ValueError, match="inputs must have lines of a skill, '=', 1 or 0"):
                pupils.parsed(text)
        answers, last = pupils.parsed(kept)
        (python,) = kinds.model.catalogue.asked([answers], last)[1]
        assert pupils.known_lines(kinds.reader.skills, text) == python
        assert rows(kinds.in_graph([text])) == [python[-longest:]]
        assert kinds.without_tensorflow([kept])[0] == [python[-longest:]]

    check()


@st.composite
def photographs(draw):
    """The bytes of an image file."""
    height, width = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    kind = draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP"]))
    modes = {"PNG": ["RGB", "L", "RGBA", "P"], "JPEG": ["RGB", "L", "CMYK"]}
    mode = draw(st.sampled_from(modes.get(kind, ["RGB"])))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), "uint8"))
    image = small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    exif = image.getexif()
    if kind == "JPEG":
        exif[0x0112] = draw(st.integers(1, 8))  # how it has to be turned
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"exif": exif} if kind == "JPEG" else {}))
    return buffer.getvalue()


def test_photographs(faces):
    kinds = faces("caption_en")

    @MANY
    @given(st.lists(photographs(), min_size=1, max_size=3))
    def check(files):
        python = kinds.model.collate(kinds.model.preprocess(files)[0])
        in_graph = kinds.in_graph(files).numpy()
        # Another decoder of JPEG, and another order of the sums of a smaller image.
        assert np.abs(python - in_graph).mean() < 3
        with pytest.raises(Seen):
            kinds.reader.generate(files)
        # Halves are rounded to one side or the other.
        np.testing.assert_allclose(kinds.reader._pixels(files), python, atol=1)

    check()


@st.composite
def recordings(draw):
    """The bytes of a WAV file of noise and a tone."""
    rate = draw(st.sampled_from([8000, 16000, 22050, 44100, 48000, 11025]))
    channels, width = draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2, 3, 4]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    time = np.arange(draw(st.integers(1, rate // 2))) / rate
    loud, pitch = draw(st.sampled_from([0, 0.1, 1])), draw(st.integers(50, 3900))
    sound = loud * np.sin(time * 2 * np.pi * pitch)
    sound = np.clip(sound + 0.02 * rng.standard_normal(len(time)), -1, 1)
    whole = np.round(sound * (2 ** (8 * width - 1) - 1)).astype("<i8")
    whole += 128 if width == 1 else 0
    data = whole.repeat(channels).view("u1").reshape(-1, 8)[:, :width]
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data.tobytes())
    return buffer.getvalue()


def test_recordings(faces):
    kinds = faces("transcribe_digits")

    @MANY
    @given(st.lists(recordings(), min_size=1, max_size=3))
    def check(files):
        python = kinds.model.collate(kinds.model.preprocess(files)[0])
        in_graph = kinds.in_graph(files).numpy()
        # A logarithm of sums of float32 in another order.
        np.testing.assert_allclose(in_graph[:, : python.shape[1]], python, atol=2e-3)
        assert (in_graph[:, python.shape[1] :] == audio.EMPTY).all()
        with pytest.raises(Seen) as seen:
            kinds.reader.transcribe(files)
        for frames, row in zip(seen.value.args[0], python, strict=True):
            np.testing.assert_array_equal(frames, row[: len(frames)])

    check()
