"""The patches of an image, as a vision Transformer reads them."""

import keras


def patch_encoder(image_size, patch_size, width, mean, std):
    """A network that scales the pixels of an image, and projects its patches.

    Args:
        image_size, patch_size: int, height and width of both; the second divides the first.
        width: int, of a projected patch.
        mean, std: three floats each, by which pixels of 0..1 are scaled: `(pixel - mean) / std`.

    Returns:
        A `keras.Model` from images (B, H, W, 3), RGB in 0..255, to features (B, H / patch_size,
        W / patch_size, width); its layer `patches` has the weights, random ones.

    Reference:
        Dosovitskiy et al. 2021, An Image is Worth 16x16 Words, equation 1 (E = patches).
    """
    image = keras.Input((image_size, image_size, 3), name="image")
    colors = list(zip(mean, std, strict=True))
    scale = keras.layers.Rescaling(
        [1 / (255 * deviation) for _, deviation in colors],
        [-middle / deviation for middle, deviation in colors],
    )
    patches = keras.layers.Conv2D(width, patch_size, patch_size, name="patches")
    return keras.Model(image, patches(scale(image)), name="patch_encoder")
