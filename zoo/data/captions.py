"""Photographs with captions: Flickr8k in English and Chinese, and some of COCO."""

import re

import numpy as np
import tensorflow as tf

from zoo.data.checks import check
from zoo.data.files import find, read_lines

SPLITS = ("train", "val", "test")
_NOT_WORDS = re.compile(r"[^\w\s'-]|_")


def flickr8k(split, language="en", data_dir=None):
    """Photographs with five captions each: 5,791, 1,000 and 1,000.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        language: `"en"` or `"zh"`.
        data_dir: folder that holds `flickr8k/`; by default as `zoo.data.find` says.

    Returns:
        dict of file name -> list of captions as people wrote them.

    Raises:
        ValueError: an unknown split or language, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Hodosh et al. 2013, Framing Image Description as a Ranking Task; the Chinese captions: Li et
        al. 2016, Adding Chinese Captions to Images.
    """
    for name, value, known in (("split", split, SPLITS), ("language", language, ("en", "zh"))):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}; got {name}={value!r}.")
    return _by_image(f"flickr8k/captions.{split}.{language}.tsv", data_dir)


def _by_image(path, data_dir):
    found = {}
    for line in read_lines(path, data_dir):
        name, caption = line.split("\t")
        found.setdefault(name, []).append(caption)
    return found


def coco_captions(split="val", data_dir=None):
    """132 photographs with five English captions each, of the world outside Flickr8k.

    Args:
        split: `"val"`; there is no other.
        data_dir: see `flickr8k`.

    Returns:
        dict of path of the photograph -> list of captions as people wrote them.

    Raises:
        ValueError: another split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Lin et al. 2014, Microsoft COCO: Common Objects in Context.
    """
    check("split", split, ("val",))
    found = _by_image(f"coco/captions.{split}.en.tsv", data_dir)
    return {find(f"coco/images/{name}", data_dir): texts for name, texts in found.items()}


def coco_sentences(language="en", data_dir=None):
    """Captions of COCO without their photographs: 23,453 English or 4,703 Chinese ones.

    None describes a photograph of `coco_captions`.

    Args:
        language: `"en"` or `"zh"`.
        data_dir: see `flickr8k`.

    Returns:
        list of str.

    Raises:
        ValueError: another language, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Lin et al. 2014, Microsoft COCO; Chinese: Li et al. 2019, COCO-CN.
    """
    check("language", language, ("en", "zh"))
    return read_lines(f"coco/sentences.{language}.txt", data_dir)


def labelled_photos(data_dir=None):
    """1,250 photographs with what they show: one of each class of ImageNet, and 250 cats.

    Args:
        data_dir: see `flickr8k`.

    Returns:
        dict of path of the photograph -> its label, a word or a few.

    Raises:
        ValueError: a damaged file.
        FileNotFoundError: the set is not here.
    """
    rows = (line.split("\t") for line in read_lines("labelled_photos/labels.tsv", data_dir))
    return {find(f"labelled_photos/images/{name}", data_dir): label for name, label in rows}


def flickr8k_image(name, data_dir=None):
    """The path of a photograph."""
    return find(f"flickr8k/images/{name}", data_dir)


def plain_caption(text):
    """A caption as the models learn it: lower case, without punctuation but for `'` and `-`."""
    return " ".join(_NOT_WORDS.sub(" ", text.lower()).split())


def grid_batches(grids, captions, encode, *, batch_images, max_length, shuffle=0, seed=0):
    """Batches of images by their stored features, each image with all its captions.

    The captions of one image share its features, and the images of a batch have longest captions of
    about one length.

    Args:
        grids: list of arrays (images, S, C), views of the same images, such as a mirrored one; each
            time an image is read, one view is drawn.
        captions: list of K str for each image.
        encode: a function, tf.string (B,) -> ragged int32 (B, None) with start and end tokens.
        batch_images: images in a batch, B.
        max_length: longer captions are cut to this many tokens.
        shuffle: size of the shuffle buffer; 0 keeps the order.
        seed: of the shuffle and of the views.

    Returns:
        A tf.data.Dataset of (inputs, next tokens, weights) as `zoo.tasks.Task.batches`, with
        `source` float (B, S, C) and `target` int32 (B·K, T).
    """
    count = len(captions[0])
    ids = encode(tf.constant([text for row in captions for text in row]))[:, :max_length]
    ids = tf.RaggedTensor.from_uniform_row_length(ids, count)  # (images, K, None)
    images = tf.data.Dataset.from_tensor_slices((np.arange(len(captions)), ids))
    views = np.random.default_rng(seed)

    def read(rows):
        chosen = views.integers(len(grids), size=len(rows))
        return np.stack([grids[v][i] for v, i in zip(chosen, rows, strict=True)])

    def batch(rows, ids):
        source = tf.numpy_function(read, [rows], grids[0].dtype)
        source = tf.ensure_shape(source, [None, *grids[0].shape[1:]])
        ids = tf.reshape(ids, [-1, tf.shape(ids)[-1]])
        labels = ids[:, 1:]
        inputs = {"source": source, "target": ids[:, :-1]}
        return inputs, labels, tf.cast(labels != 0, tf.float32)

    if shuffle:
        images = images.shuffle(shuffle, seed=seed)
    images = images.map(lambda row, ids: (row, ids.to_tensor()))
    boundaries = (8, 10, 12, 14, 16, 18, 20, 23)
    images = images.bucket_by_sequence_length(
        lambda row, ids: tf.shape(ids)[1],
        bucket_boundaries=[b + 1 for b in boundaries if b < max_length],
        bucket_batch_sizes=[batch_images] * (1 + sum(b < max_length for b in boundaries)),
    )
    return images.map(batch)
