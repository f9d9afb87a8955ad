"""The same photograph, a little different each time it is shown."""

import tensorflow as tf

SMALLEST = 0.7  # side of a crop, of the side of the image


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
