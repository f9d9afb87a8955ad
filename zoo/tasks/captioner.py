"""`ImageCaptioner`: a photograph in, a sentence out."""

import dataclasses
import os

import keras
import numpy as np
import tensorflow as tf

from zoo.tasks import raw_data
from zoo.tasks.inputs import dataset_files, file_tensor, framed, path_or_file
from zoo.tasks.search_task import DecodeInit, SearchTask
from zoo.text import PAD_ID, START_ID
from zoo.vision import augment, decode_batch, read


@keras.saving.register_keras_serializable(package="zoo")
class ImageCaptioner(SearchTask):
    """Sees photographs, and says what is on them.

    `generate` takes one image or a list of them; an image is a path, the bytes of a JPEG, PNG, GIF
    or BMP file, a PIL image, or an array (H, W, 3) with values in 0..255. The whole picture is
    scaled to the size that the encoder sees, whatever its aspect (see `zoo.vision.decode`).

    Args:
        encoder: a `keras.Model` from images (B, H, W, 3), RGB in 0..255, H and W fixed, to features
            (B, h, w, C): `zoo.vision.efficientnet_lite0()`, or a `keras.applications` model without
            its top and with its preprocessing in front.
        model: `zoo.models.CaptionTransformer`, `zoo.models.ShowAttendTell`, or any `keras.Model`
            that maps `{"source", "target"}` to logits and has `encode`, `prefill` and
            `make_decode_step` (see ARCHITECTURE.md, the decoding protocol), with a source of
            S = h·w cells.
        tokenizer: a `zoo.text.SentencePieceTokenizer` for the captions.
        decoding: dict of the options that `generate` uses where it is not told otherwise.
        spaces: whether captions have spaces. Without (Chinese), those of the tokenizer are removed.
        least_spread: how much the features must differ from cell to cell (their standard deviation
            over the cells, the mean of all features) for a caption to be written. Below it, as with
            an image of one colour or of noise, there is nothing to see, and the caption is empty.

    Raises:
        ValueError: an encoder whose images have no fixed size, or a negative `least_spread`.

    Reference:
        Vinyals et al. 2015, Show and Tell; Xu et al. 2015, Show, Attend and Tell.
    """

    serialized_parts = ("encoder", "model", "tokenizer")
    serving_spec = tf.TensorSpec([None], tf.string, name="image_bytes")

    def __init__(
        self,
        encoder,
        model,
        tokenizer,
        decoding=None,
        spaces=True,
        least_spread=0.0,
        **kwargs,
    ):
        super().__init__(model, tokenizer, decoding, encoder, **kwargs)
        if not least_spread >= 0:
            raise ValueError(f"least_spread must be >= 0; got least_spread={least_spread}.")
        self.tokenizer = tokenizer
        self.spaces = bool(spaces)
        self.least_spread = float(least_spread)
        self._source_rank = None  # of the last batches: 4 of images, 3 of stored features
        self.image_size = tuple(encoder.input_shape[1:3])
        if None in self.image_size:
            raise ValueError(
                "encoder must have images of a fixed size; "
                f"got encoder.input_shape={encoder.input_shape}."
            )
        self.grid_size = tuple(encoder.output_shape[1:3])
        self.source_spec = tf.TensorSpec([None, *self.image_size, 3], tf.float32)

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Images with captions -> batches of (inputs, next tokens, weights).

        Args:
            x: list of (image, caption), with images as of `generate`, of one kind or of several; or
                list of images, with `y`; or a tf.data.Dataset of such pairs, batched or not, each a
                path or the bytes of a file, tf.string (), or an image, uint8 (H, W, C), with a
                tf.string (); or a tf.data.Dataset of batches as they are returned here, with the
                features of the cells, float (B, S, C), in place of the images.
            y: list of str.
            batch_tokens: cells of all images of a batch, at most.
            batch_size: images of a batch, in place of `batch_tokens`.
            shuffle: size of the shuffle buffer, in pairs. Where it is not 0, the images are
                augmented, too; see `zoo.vision.augment`.
            seed: of both.

        Returns:
            A tf.data.Dataset of `{"source": float32 (B, H, W, 3), "target": int32 (B, T)}`; next
            tokens int32 (B, T); weights float32 (B, T), 0 at padding.
        """
        if raw_data.is_prepared(x):
            return x
        if isinstance(x, tf.data.Dataset):
            pairs, read_one = _pair_dataset(x), self._read_one
        else:
            photographs, captions = raw_data.pairs(
                x, y, _PAIRS, _is_image, "caption for each image"
            )
            _check_files(photographs)
            pairs = tf.data.Dataset.from_tensor_slices((np.arange(len(photographs)), captions))

            def read_one(index):
                return read(photographs[index], self.image_size)

        if shuffle:
            pairs = pairs.shuffle(min(shuffle, 10_000), seed=seed)
        draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

        def prepared(pair, draw):
            image = tf.numpy_function(read_one, [pair[0]], tf.uint8)
            image = tf.cast(tf.ensure_shape(image, [*self.image_size, 3]), tf.float32)
            return augment(image, tf.cast(draw, tf.int32)) if shuffle else image, pair[1]

        images = tf.data.Dataset.zip((pairs, draws)).map(prepared, num_parallel_calls=2)
        cells = self.grid_size[0] * self.grid_size[1]

        def framed_batch(images, captions):
            ids = self.encode_captions(captions).to_tensor()
            inputs = {"source": images, "target": ids[:, :-1]}
            return inputs, ids[:, 1:], tf.cast(ids[:, 1:] != PAD_ID, tf.float32)

        return images.batch(batch_size or max(1, batch_tokens // cells)).map(framed_batch)

    def _batched(self, x, y, **options):
        found = super()._batched(x, y, **options)
        rank = found.element_spec[0]["source"].shape.rank
        if rank != self._source_rank:
            # A graph that has met images and features takes them for tensors of no rank.
            self.train_function = self.test_function = None
            self._source_rank = rank
        return found

    def encode_captions(self, captions):
        """tf.string (B,) -> ragged ids int32 (B, None) between a start and an end token."""
        return framed(self.tokenizer(captions), start=True, end=True)

    def _read_one(self, image):
        """An image of a data set: a path, a whole file, or pixels."""
        return read(path_or_file(image), self.image_size)

    def score(self, image, caption):
        """Natural-log probability of each caption, its end token included, given its image.

        Args:
            image: an image, or a list of them.
            caption: str, or a list of as many str, written as the model writes them: the shipped
                ones in lower case and without punctuation.

        Returns:
            A float for one image, float32 (B,) for a list.
        """
        return self.scored(*self.preprocess(image), "caption", caption, "image")

    def preprocess(self, inputs):
        if not _is_several(inputs):
            return [read(inputs, self.image_size)], True
        images = list(inputs)
        raw_data.check_items("inputs[{}]", images, _is_image, "inputs", _IMAGES)
        return [read(image, self.image_size) for image in images], False

    def length(self, source):
        return self.grid_size[0] * self.grid_size[1]

    def collate(self, sources):
        return np.stack(sources).astype("float32")

    def postprocess(self, source, text):
        return text if self.spaces else text.replace(" ", "")

    def source_pieces(self, source, ids):
        return []

    def _explain(self, source, ids, text):
        found = super()._explain(source, ids, text)
        return dataclasses.replace(found, image=source, grid=self.grid_size)

    def init_decoding(self, source):
        """`SearchTask.begin`; a source is an image, or the features (S, C) of its cells."""
        if len(source.shape) == 4:
            seen = source[:, 0, 0, 0] >= 0  # see `zoo.vision.decode_batch`
            source = self.encode_images(source)
        else:
            seen = tf.ones([tf.shape(source)[0]], tf.bool)
        if self.least_spread:
            spread = tf.math.reduce_std(tf.cast(source, tf.float32), axis=1)
            seen &= tf.reduce_mean(spread, axis=1) >= self.least_spread
        static, state = self.model.prefill(self.model.encode(source))
        return DecodeInit(
            static=static,
            state=state,
            first=START_ID,
            limit=tf.where(seen, tf.int32.max, 0),
        )

    def graph_inputs(self, inputs):
        return file_tensor(inputs)

    def _raw_inputs(self, x):
        if isinstance(x, tf.data.Dataset):
            return dataset_files(x)
        return list(x) if _is_several(x) else [x]

    def preprocess_tf(self, inputs):
        return decode_batch(inputs, self.image_size)

    def postprocess_answer_tf(self, inputs, text):
        return text if self.spaces else tf.strings.regex_replace(text, " ", "")

    def lite_manifest(self, weights):
        return {
            **super().lite_manifest(weights),
            "image_size": self.image_size,
            "spaces": self.spaces,
        }

    def source_pieces_in_graph(self, source, ids):
        return {}

    def get_config(self):
        return {**super().get_config(), "spaces": self.spaces, "least_spread": self.least_spread}


_PAIRS = "a list of pairs of an image and a str, or a list of images, with y of captions"

_IMAGES = "a path, bytes, a PIL image or an array, or a list of these"


def _is_several(value):
    """Whether these are images, not one: a list, a batch (B, H, W, C), an iterator."""
    if isinstance(value, np.ndarray):
        return value.ndim in (1, 4)
    return isinstance(value, (list, tuple)) or hasattr(value, "__next__")


def _is_image(value):
    kinds = (str, os.PathLike, bytes, bytearray, np.ndarray)
    return isinstance(value, kinds) or hasattr(value, "getexif")


def _check_files(images):
    """Raises `FileNotFoundError` for the first path where no file is, before any is read."""
    for i, image in enumerate(images):
        if isinstance(image, (str, os.PathLike)) and not os.path.isfile(image):
            raise FileNotFoundError(f"x must hold existing files; got x[{i}]={str(image)!r}.")


def _pair_dataset(dataset):
    """A tf.data.Dataset of pairs of images and captions, batched or not -> of single pairs."""
    spec = dataset.element_spec
    if not (isinstance(spec, tuple) and len(spec) == 2 and spec[1].dtype == tf.string):
        raise ValueError(
            f"x must be a dataset of pairs of an image and a string; got a dataset of {spec}."
        )
    return dataset.unbatch() if spec[1].shape.rank == 1 else dataset
