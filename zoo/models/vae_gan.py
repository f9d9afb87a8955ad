"""A variational autoencoder whose decoder is the generator of a GAN: pictures of a given class."""

import keras
from keras import ops

from zoo.layers import Adaptable, SelfAttention2D

_SLOPE = 0.2  # of the leaky rectifiers


@keras.saving.register_keras_serializable(package="zoo")
class VAEGAN(Adaptable, keras.Model):
    """Encoder, decoder and discriminator of square pictures of one channel.

    The encoder says which class a picture is of and, given the class, in which style it is drawn: a
    Gaussian over codes z. The decoder draws a class in a style. The discriminator tells drawn
    pictures from real ones; in the middle of it and of the decoder each cell of a coarse grid looks
    at all others.

    Args:
        image_size: height and width of a picture, a multiple of 4.
        num_classes: number of classes, C.
        latent_dim: length of a code, L.
        channels: of the finest grid of the decoder and the first of the discriminator.
        attention_heads: heads of the self-attention; 0 for none.
        attention_grid: height and width of the grid that attends: a half of `image_size`, or a
            quarter.
        discriminator: whether there is one; without it the model is a plain autoencoder.

    Call arguments:
        inputs: dict of `image` float (B, h, w, 1) from 0 to 1, and `digit` int (B,).

    Returns:
        The reconstructions from the means of the codes, float32 (B, h, w, 1) from 0 to 1.

    Raises:
        ValueError: numbers that do not fit together.

    Reference:
        Larsen et al. 2016, Autoencoding beyond pixels using a learned similarity metric; Zhang et
        al. 2019, Self-Attention Generative Adversarial Networks; classes in the discriminator by a
        product: Miyato and Koyama 2018, cGANs with Projection Discriminator; spectral
        normalisation: Miyato et al. 2018.
    """

    def __init__(
        self,
        image_size=28,
        num_classes=10,
        latent_dim=16,
        channels=32,
        attention_heads=1,
        attention_grid=14,
        discriminator=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, number, least in (
            ("image_size", image_size, 4),
            ("num_classes", num_classes, 1),
            ("latent_dim", latent_dim, 1),
            ("channels", channels, 1),
            ("attention_heads", attention_heads, 0),
        ):
            if number < least:
                raise ValueError(f"{name} must be >= {least}; got {name}={number}.")
        if image_size % 4:
            raise ValueError(f"image_size must be a multiple of 4; got image_size={image_size}.")
        grids = image_size // 4, image_size // 2
        if attention_grid not in grids:
            raise ValueError(
                f"attention_grid must be one of {grids}; got attention_grid={attention_grid}."
            )
        self.image_size = int(image_size)
        self.num_classes = int(num_classes)
        self.latent_dim = int(latent_dim)
        self.attention_grid = int(attention_grid)
        self.attention_heads = int(attention_heads)
        self._config = {
            "image_size": image_size,
            "num_classes": num_classes,
            "latent_dim": latent_dim,
            "channels": channels,
            "attention_heads": attention_heads,
            "attention_grid": attention_grid,
            "discriminator": discriminator,
        }
        policy = self.dtype_policy
        parts = {"channels": channels, "dtype": policy}
        attending = {"attention_heads": attention_heads, "attends": grids.index(attention_grid)}
        self.encoder = Encoder(latent_dim, num_classes, name="encoder", **parts)
        self.decoder = Decoder(image_size // 4, name="decoder", **parts, **attending)
        self.discriminator = None
        if discriminator:
            self.discriminator = Discriminator(
                num_classes, name="discriminator", **parts, **attending
            )

    def build(self, input_shape=None):
        images = (None, self.image_size, self.image_size, 1)
        self.encoder.build(images)
        self.decoder.build((None, self.latent_dim + self.num_classes))
        if self.discriminator is not None:
            self.discriminator.build(images, (None, self.num_classes))
        self.built = True

    def call(self, inputs, training=None):
        classes = self.one_hot(inputs["digit"])
        mean, _, _ = self.encode(inputs["image"], classes, training=training)
        return self.decode(mean, classes, training=training)

    def one_hot(self, digit):
        """Classes int (B,) -> float32 (B, C)."""
        return ops.one_hot(digit, self.num_classes, dtype="float32")

    def encode(self, images, classes=None, training=None):
        """What is known of pictures.

        Args:
            images: float (B, h, w, 1) from 0 to 1.
            classes: float (B, C), one-hot. Default: the likeliest ones.

        Returns:
            Means and natural logarithms of the variances of codes, float32 (B, L) each, and logits
            of the classes, float32 (B, C).
        """
        return self.encoder(images, classes, training=training)

    def decode(self, codes, classes, return_attention_scores=False, training=None):
        """Draws pictures.

        Args:
            codes: float (B, L), the styles.
            classes: float (B, C), one-hot, or a mixture of classes.
            return_attention_scores: whether the weights are returned, too.

        Returns:
            float32 (B, h, w, 1) from 0 to 1; with `return_attention_scores` also the weights
            (B, H, S, S) over the cells of the grid that attends.

        Raises:
            ValueError: attention scores of a model without attention.
        """
        # As long as the code, so that the class weighs as much from the beginning.
        classes = self.latent_dim**0.5 * ops.cast(classes, codes.dtype)
        given = ops.concatenate([codes, classes], axis=-1)
        found, weights = self.decoder(given, training=training)
        return _with_scores(found, weights, return_attention_scores)

    def discriminate(self, images, classes, return_attention_scores=False, training=None):
        """Tells real pictures of a class from drawn ones.

        Args:
            images: float (B, h, w, 1) from 0 to 1.
            classes: float (B, C).
            return_attention_scores: whether the weights are returned, too.

        Returns:
            Scores float32 (B,), above 0 for what looks real, and the features in which pictures are
            compared, float (B, h/4, w/4, F); with `return_attention_scores` also the weights, as of
            `decode`.

        Raises:
            ValueError: attention scores of a model without attention.
        """
        scores, features, weights = self.discriminator(images, classes, training=training)
        if not return_attention_scores:
            return scores, features
        return scores, *_with_scores(features, weights, True)

    def get_config(self):
        return {**super().get_config(), **self._config}


def _with_scores(found, weights, asked):
    if not asked:
        return found
    if weights is None:
        raise ValueError(
            "return_attention_scores must be False where attention_heads=0; "
            "got return_attention_scores=True."
        )
    return found, weights


class Encoder(keras.layers.Layer):
    """Pictures (B, h, w, 1) -> means, log variances (B, L) and logits of the classes (B, C)."""

    def __init__(self, latent_dim, num_classes, channels, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.convolutions = [
            keras.layers.Conv2D(
                width, 4, strides=2, padding="same", name=f"convolution_{i}", dtype=policy
            )
            for i, width in enumerate((channels, 2 * channels))
        ]
        self.norm = keras.layers.BatchNormalization(momentum=0.95, name="norm", dtype=policy)
        self.hidden = keras.layers.Dense(4 * channels, name="hidden", dtype=policy)
        self.mean = keras.layers.Dense(latent_dim, name="mean", dtype="float32")
        self.log_variance = keras.layers.Dense(latent_dim, name="log_variance", dtype="float32")
        self.classes = keras.layers.Dense(num_classes, name="classes", dtype="float32")

    def build(self, shape):
        _, height, width, _ = shape
        for i, layer in enumerate(self.convolutions):
            layer.build(shape)
            shape = (None, height >> i + 1, width >> i + 1, layer.filters)
        self.norm.build(shape)
        self.hidden.build((None, shape[1] * shape[2] * shape[3]))
        for layer in (self.mean, self.log_variance, self.classes):
            classes = 0 if layer is self.classes else self.classes.units
            layer.build((None, self.hidden.units + classes))
        self.built = True

    def call(self, x, classes=None, training=None):
        first, second = self.convolutions
        x = ops.leaky_relu(first(x), _SLOPE)
        x = ops.leaky_relu(self.norm(second(x), training=training), _SLOPE)
        x = ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))
        x = ops.leaky_relu(self.hidden(x), _SLOPE)
        logits = self.classes(x)
        if classes is None:
            classes = ops.one_hot(ops.argmax(logits, axis=-1), self.classes.units)
        x = ops.concatenate([x, ops.cast(classes, x.dtype)], axis=-1)
        return self.mean(x), self.log_variance(x), logits


class Decoder(keras.layers.Layer):
    """Codes with classes (B, L + C) -> pictures (B, 4 g, 4 g, 1), and attention weights or None."""

    def __init__(self, grid, channels, attention_heads, attends, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.grid, self.attends = grid, attends
        self.widths = 2 * channels, channels, channels // 2  # of the grids g, 2 g, 4 g
        self.dense = keras.layers.Dense(
            grid * grid * self.widths[0], use_bias=False, name="dense", dtype=policy
        )
        self.ups = [
            keras.layers.Conv2DTranspose(
                width,
                4,
                strides=2,
                padding="same",
                use_bias=False,
                name=f"up_{i}",
                dtype=policy,
            )
            for i, width in enumerate(self.widths[1:])
        ]
        self.middle = keras.layers.Conv2D(
            channels, 3, padding="same", use_bias=False, name="middle", dtype=policy
        )
        self.norms = [
            keras.layers.BatchNormalization(momentum=0.95, name=f"norm_{i}", dtype=policy)
            for i in range(4)
        ]
        self.attention = None
        if attention_heads:
            self.attention = SelfAttention2D(attention_heads, name="attention", dtype=policy)
        self.pixels = keras.layers.Conv2D(1, 3, padding="same", name="pixels", dtype="float32")

    def build(self, shape):
        grids = [(None, self.grid << i, self.grid << i, w) for i, w in enumerate(self.widths)]
        self.dense.build(shape)
        for layer, grid in zip(self.ups, grids, strict=False):
            layer.build(grid)
        self.middle.build(grids[1])
        for norm, grid in zip(self.norms, (*grids[:2], *grids[1:]), strict=True):
            norm.build(grid)
        if self.attention is not None:
            self.attention.build(grids[self.attends])
        self.pixels.build(grids[2])
        self.built = True

    def call(self, x, training=None):
        weights = None
        x = ops.reshape(self.dense(x), (-1, self.grid, self.grid, self.widths[0]))
        x = self._normed(0, x, training)
        if self.attention is not None and self.attends == 0:
            x, weights = self.attention(x, return_attention_scores=True)
        x = self._normed(1, self.ups[0](x), training)
        x = self._normed(2, self.middle(x), training)
        if self.attention is not None and self.attends == 1:
            x, weights = self.attention(x, return_attention_scores=True)
        x = self._normed(3, self.ups[1](x), training)
        return ops.sigmoid(self.pixels(x)), weights

    def _normed(self, i, x, training):
        return ops.relu(self.norms[i](x, training=training))


class Discriminator(keras.layers.Layer):
    """Pictures and classes -> scores (B,), features (B, g, g, F), and attention weights or None."""

    def __init__(self, num_classes, channels, attention_heads, attends, **kwargs):
        super().__init__(**kwargs)
        self.attends = attends

        policy = self.dtype_policy
        self.convolutions = [
            _steady(
                keras.layers.Conv2D(
                    width,
                    size,
                    strides=stride,
                    padding="same",
                    name=f"convolution_{i}",
                    dtype=policy,
                )
            )
            for i, (width, size, stride) in enumerate(
                ((channels, 4, 2), (2 * channels, 4, 2), (4 * channels, 3, 2))
            )
        ]
        self.attention = None
        if attention_heads:
            self.attention = SelfAttention2D(attention_heads, name="attention", dtype=policy)
        self.score = keras.layers.Dense(1, name="score", dtype="float32")
        self.classes = keras.layers.Dense(
            4 * channels, use_bias=False, name="classes", dtype="float32"
        )

    def build(self, images_shape, classes_shape):
        shape = images_shape
        for i, layer in enumerate(self.convolutions):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
            if self.attention is not None and i == 1 - self.attends:
                self.attention.build(shape)
        self.score.build((None, shape[-1]))
        self.classes.build(classes_shape)
        self.built = True

    def call(self, x, classes, training=None):
        weights = features = None
        x = 2.0 * x - 1.0
        for i, layer in enumerate(self.convolutions):
            x = ops.leaky_relu(layer(x, training=training), _SLOPE)
            if self.attention is not None and i == 1 - self.attends:
                x, weights = self.attention(x, return_attention_scores=True)
            if i == 1:
                features = x
        pooled = ops.cast(ops.sum(x, axis=(1, 2)), "float32")
        wanted = self.classes(ops.cast(classes, "float32"))
        scores = self.score(pooled)[:, 0] + ops.sum(pooled * wanted, axis=-1)
        return scores, features, weights


def _steady(layer):
    """The layer with weights whose largest singular value is kept at 1."""
    return keras.layers.SpectralNormalization(layer, name=layer.name, dtype=layer.dtype_policy)
