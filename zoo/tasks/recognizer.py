"""`Recognizer`: a recording of speech in, its words out."""

import dataclasses
import os

import keras
import numpy as np
import tensorflow as tf

from zoo.audio import frames_of_files
from zoo.lite import audio
from zoo.tasks import raw_data
from zoo.tasks.inputs import dataset_files, file_tensor
from zoo.tasks.output import Generated
from zoo.tasks.search_task import DecodeInit, SearchTask
from zoo.text import END_ID, PAD_ID, START_ID

_AUDIO = "a path, bytes or an array, or a list of these"
_PAIRS = "a list of pairs of a recording and a str, or a list of recordings, with y of texts"
_FILES = (str, os.PathLike, bytes, bytearray)
_POSITION = 4 * audio.HOP / audio.RATE  # seconds between two positions of the memory


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Transcript(Generated):
    """The words of a recording and how they came about; see `Generated`.

    Attributes:
        frames: float32 (F, 40), what was heard: a frame every 10 ms, of 40 bands from low to high.
    """

    frames: np.ndarray | None = None


@keras.saving.register_keras_serializable(package="zoo")
class Recognizer(SearchTask):
    """Hears speech, and writes what was said.

    A recording is the path or the bytes of a WAV file (8, 16, 24 or 32 bits, any rate and number of
    channels), or an array; it becomes frames of 40 bands at 8 kHz (`zoo.lite.audio`). `fit` trains
    on pairs of a recording and its text.

    Args:
        model: `zoo.models.SpeechTransformer`, or any `keras.Model` that maps `{"source", "target"}`
            to logits and has `encode`, `prefill` and `make_decode_step` (see ARCHITECTURE.md, the
            decoding protocol), with a position of its memory for every four frames.
        tokenizer: a `zoo.text.SentencePieceTokenizer` for the texts.
        decoding: dict of the options that `transcribe` uses where it is not told otherwise.

    Reference:
        Chan et al. 2016, Listen, Attend and Spell; Dong, Xu and Xu 2018, Speech-Transformer.
    """

    verb = "transcribe"
    serving_spec = tf.TensorSpec([None], tf.string, name="audio_bytes")
    source_spec = tf.TensorSpec([None, None, audio.BANDS], tf.float32)

    def __init__(self, model, tokenizer, decoding=None, **kwargs):
        super().__init__(model, tokenizer, decoding, **kwargs)
        self.tokenizer = tokenizer

    def transcribe(self, recording, rate=audio.RATE, **options):
        """Writes what is said in a recording.

        Args:
            recording: a path, the bytes of a WAV file, or an array (samples,) or (samples,
                channels) of floats in -1..1 or int16; or a list of these. At most 30 seconds.
            rate: samples a second of arrays; a file says its own.
            **options: see `generate`.

        Returns:
            A str, empty where nothing is said, or a list for a list; with `return_dict=True`
            `zoo.tasks.recognizer.Transcript`.

        Raises:
            FileNotFoundError: there is no such file.
            TypeError: `recording` or `rate` is of another kind; an unknown option.
            ValueError: no WAV file, or a damaged, an empty or a long one; an option outside its
                range.
        """
        recordings, one = _listed("recording", recording)
        waves = _waves("recording[{}]", recordings, rate, one)
        return self.generate(waves[0] if one else waves, **options)

    def ask(self, inputs, **options):
        return self.transcribe(inputs, **options)

    def answer(self, inputs):
        return self.transcribe(inputs)

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Recordings with texts -> batches of (inputs, next tokens, weights).

        Args:
            x: list of (recording, text), with recordings as of `transcribe`, arrays at 8 kHz; or
                list of recordings, with `y`; or a tf.data.Dataset of batches as they are returned
                here.
            y: list of str.
            batch_tokens: frames of all recordings of a batch, at most; those of like length come
                together.
            batch_size: recordings of a batch, in place of `batch_tokens`.
            shuffle: size of the shuffle buffer, in pairs.
            seed: of the shuffle.

        Returns:
            A tf.data.Dataset of `{"source": float32 (B, F, 40), "target": int32 (B, T)}`; next
            tokens int32 (B, T); weights float32 (B, T), 0 at padding.
        """
        if raw_data.is_prepared(x):
            return x
        if isinstance(x, tf.data.Dataset):
            raise ValueError(f"x must be {_PAIRS}; got a dataset of {x.element_spec}.")
        recordings, lines = raw_data.pairs(x, y, _PAIRS, _is_audio, "text for each recording")
        waves = _waves("x[{}]" if y is not None else "x[{}][0]", recordings)
        frames = list(map(audio.log_mel, waves))
        ids = self.encode_texts(lines)
        order = np.random.default_rng(seed)

        def rows():
            places = np.arange(len(frames))
            if shuffle:
                order.shuffle(places)
            for i in places:
                yield frames[i], ids[i]

        spec = (
            tf.TensorSpec([None, audio.BANDS], tf.float32),
            tf.TensorSpec([None], tf.int32),
        )
        dataset = tf.data.Dataset.from_generator(rows, output_signature=spec)
        padding = audio.EMPTY, PAD_ID
        if batch_size is not None:
            dataset = dataset.padded_batch(batch_size, padding_values=padding)
        else:
            bounds = [b for b in (50, 100, 200, 400, 800, 1600) if b <= batch_tokens]
            dataset = dataset.bucket_by_sequence_length(
                lambda frames, ids: tf.shape(frames)[0],
                bucket_boundaries=[b + 1 for b in bounds],
                bucket_batch_sizes=[max(1, batch_tokens // b) for b in (*bounds, 3000)],
                padding_values=padding,
            )
        return dataset.map(shifted)

    def encode_texts(self, lines):
        """List of str -> list of int32 arrays, between a start and an end token."""
        return [np.array([START_ID, *ids, END_ID], "int32") for ids in self.tokenizer.encode(lines)]

    def score(self, recording, text):
        """Natural-log probability of each text, its end token included, given its recording.

        Args:
            recording: as of `transcribe`; arrays at 8 kHz.
            text: str, or a list of as many str, written as the model writes them.

        Returns:
            A float for one recording, float32 (B,) for a list.
        """
        return self.scored(*self.preprocess(recording), "text", text, "recording")

    def preprocess(self, inputs):
        recordings, one = _listed("inputs", inputs)
        return list(map(audio.log_mel, _waves("inputs[{}]", recordings, one=one))), one

    def length(self, source):
        return -(-len(source) // 4)

    def collate(self, sources):
        longest = max(map(len, sources), default=0)
        rows = np.full((len(sources), longest, audio.BANDS), audio.EMPTY, "float32")
        for row, frames in zip(rows, sources, strict=True):
            row[: len(frames)] = frames
        return rows

    def source_pieces(self, source, ids):
        return [f"{i * _POSITION:.2f} s" for i in range(self.length(source))]

    def _explain(self, source, ids, text):
        found = super()._explain(source, ids, text)
        fields = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
        return Transcript(**{**fields, "axes": ("recording", "words")}, frames=source)

    def init_decoding(self, source):
        static, state = self.model.prefill(self.model.encode(source))
        heard = tf.reduce_any(source > audio.EMPTY, axis=[1, 2])
        return DecodeInit(
            static=static,
            state=state,
            first=START_ID,
            limit=tf.where(heard, tf.int32.max, 0),
        )

    def _is_raw(self, x):
        first = x[0] if isinstance(x, (list, tuple)) and len(x) else x
        return isinstance(first, _FILES) or super()._is_raw(x)

    def graph_inputs(self, inputs):
        files, one = _listed("inputs", inputs)
        raw_data.check_items(
            "inputs[{}]", files, lambda file: isinstance(file, _FILES), "inputs", "paths or bytes"
        )
        files = [bytes(file) if isinstance(file, bytearray) else file for file in files]
        found = file_tensor(files)
        return found[0] if one else found

    def _is_of_tokens(self, x):
        # An array of whole numbers is no input of the model here, but a wave.
        if isinstance(x, tf.data.Dataset):
            x = x.element_spec[0] if isinstance(x.element_spec, tuple) else x.element_spec
        return isinstance(x, dict)

    def _raw_inputs(self, x):
        return dataset_files(x) if isinstance(x, tf.data.Dataset) else _listed("x", x)[0]

    def preprocess_tf(self, inputs):
        frames = frames_of_files(inputs)
        # A batch without a frame still needs one to attend to.
        return tf.pad(
            frames,
            [[0, 0], [0, tf.maximum(0, 4 - tf.shape(frames)[1])], [0, 0]],
            constant_values=audio.EMPTY,
        )

    def source_pieces_in_graph(self, source, ids):
        real = source[:, ::4, 0] > audio.EMPTY
        times = tf.range(tf.shape(real)[1]) * int(1000 * _POSITION)
        seconds = tf.strings.as_string(tf.cast(times, tf.float32) / 1000, precision=2) + " s"
        return {"source_tokens": tf.where(real, seconds[None], "")}


def shifted(source, ids):
    """Frames and framed ids -> (inputs, next tokens, weights)."""
    inputs, labels = {"source": source, "target": ids[:, :-1]}, ids[:, 1:]
    return inputs, labels, tf.cast(labels != PAD_ID, tf.float32)


def _listed(name, value):
    """Recordings as a list, and whether it was one alone; an array of strings holds files."""
    if raw_data.is_strings(value):
        value = np.asarray(value).tolist()
    if not isinstance(value, (list, tuple)) and not hasattr(value, "__next__"):
        return [value], True
    found = list(value)
    raw_data.check_items(name + "[{}]", found, _is_audio, name, _AUDIO)
    return found, False


def _waves(place, recordings, rate=audio.RATE, one=False):
    """Recordings as waves; an error says where the one stands that is none, unless it is alone."""
    return [
        audio.read(recording, rate, "the audio" if one else place.format(i))
        for i, recording in enumerate(recordings)
    ]


def _is_audio(value):
    return isinstance(value, (*_FILES, np.ndarray))
