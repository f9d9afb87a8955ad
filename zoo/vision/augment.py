"""The same photograph, a little different each time it is shown."""

import tensorflow as tf

SMALLEST = 0.7  # side of a crop, of the side of the image
_GREY = 127.0


def augment(image, seed):
    """A random crop, mirrored half of the time, with another brightness and contrast.

    Args:
        image: uint8 or float (H, W, 3) in 0..255.
        seed: int32 (2,). The same seed gives the same image.

    Returns:
        float32 (H, W, 3) in 0..255.
    """
    seeds = tf.random.experimental.stateless_split(seed, 5)
    height, width = image.shape[0], image.shape[1]
    share = tf.random.stateless_uniform([2], seeds[0], SMALLEST, 1.0)
    size = tf.cast(tf.round(share * [height, width]), tf.int32)
    crop = tf.image.stateless_random_crop(image, tf.concat([size, [3]], 0), seeds[1])
    crop = tf.image.resize(crop, [height, width], antialias=True)
    crop = tf.image.stateless_random_flip_left_right(crop, seeds[2])
    crop = tf.image.stateless_random_contrast(crop, 0.8, 1.25, seeds[3])
    crop = crop * tf.random.stateless_uniform([], seeds[4], 0.8, 1.25)
    return tf.clip_by_value(crop, 0.0, 255.0)


def hide_cells(image, seed, cells=7, most=0.35):
    """Covers some cells of an image with grey, each by chance.

    Who learns from such images looks at more than one thing, and misses a covered one the less.

    Args:
        image: float32 (H, W, 3) in 0..255.
        seed: int32 (2,). The same seed gives the same cells.
        cells: of a row and of a column.
        most: the chance of a cell is drawn for each image, from 0 to this.

    Returns:
        float32 (H, W, 3).

    Reference:
        Singh and Lee 2017, Hide-and-Seek: Forcing a Network to be Meticulous.
    """
    seeds = tf.random.experimental.stateless_split(seed, 2)
    share = tf.random.stateless_uniform([], seeds[0], 0.0, most)
    seen = tf.random.stateless_uniform([cells, cells], seeds[1]) >= share
    row, column = (tf.range(side) * cells // side for side in image.shape[:2])
    seen = tf.gather(tf.gather(seen, row, axis=0), column, axis=1)
    return tf.where(seen[..., None], image, _GREY)
