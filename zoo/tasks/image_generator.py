"""`ImageGenerator`: a class in, pictures of it out; and pictures in, what is like them out."""

import math

import keras
import numpy as np
import tensorflow as tf

from zoo.decoding.sampling import uniform
from zoo.lite import pictures
from zoo.tasks import raw_data
from zoo.tasks.output import Drawn
from zoo.tasks.task import Task
from zoo.tasks.two_networks import TwoNetworks

_ROWS = 256  # pictures that are drawn together
_PICTURE_TOKENS = 64  # what a picture counts in `batch_tokens`
_WEIGHTS = {
    "pixels": 0.0,
    "features": 0.3,
    "divergence": 0.02,
    "adversary": 1.0,
    "classes": 1.0,
    "asked": 0.5,
}
_IMAGES = "uint8 of shape (N, {size}, {size}), or ({size}, {size}) for one"


@keras.saving.register_keras_serializable(package="zoo")
class ImageGenerator(TwoNetworks, Task):
    """Draws pictures of a class: digits, letters, signs.

    `fit` trains on pictures with their classes; `generate` draws new ones, `reconstruct` draws what
    it sees, `interpolate` walks from one picture to another, `encode` and `decode` part what is
    written from how it is written. A picture is uint8 (h, w), 0 black, 255 white.

    Args:
        model: `zoo.models.VAEGAN`, or any `keras.Model` that has its `encoder` and `decoder`, its
            `encode`, `decode` and `one_hot`, and its numbers; with a `discriminator`, its
            `discriminate`, too.
        loss_weights: dict of what each part of the loss weighs: `"pixels"`, the cross-entropy of
            all pixels of a reconstruction, in nats; `"features"`, half the sum of the squared
            differences in the features of the discriminator; `"divergence"` of the codes from a
            normal distribution, in nats; `"adversary"`, how badly the discriminator was deceived;
            `"classes"`, the cross-entropy of the classes that the encoder reads in real
            pictures; `"asked"`, that of the class that was asked for in what was drawn, from which
            the decoder alone learns. Those that are not given are 0, 0.3, 0.02, 1, 1 and 0.5.
        temperature: > 0, by which the normal numbers of a new style are multiplied: below 1 styles
            are nearer to the common ones. `zoo.evaluation.choose_temperature` sets it.

    Raises:
        ValueError: a loss of another name, or a number out of its range.

    Reference:
        Kingma and Welling 2014, Auto-Encoding Variational Bayes; Larsen et al. 2016, Autoencoding
        beyond pixels using a learned similarity metric. Unlike there the encoder, too, learns from
        the adversary, whose loss is the hinge of Lim and Ye 2017.
    """

    verb = "generate"
    serialized_parts = ("model",)
    answer_dtype = "uint8"

    def __init__(self, model, loss_weights=None, temperature=1.0, **kwargs):
        super().__init__(model, **kwargs)
        given = dict(loss_weights or {})
        for name, weight in given.items():
            if name not in _WEIGHTS:
                raise ValueError(
                    f"loss_weights must be of {', '.join(_WEIGHTS)}; got {name!r:.80}."
                )
            if raw_data.number(f"loss_weights[{name!r}]", weight) < 0:
                raise ValueError(f"loss_weights must be >= 0 and finite; got {name}={weight}.")
        self.loss_weights = {**_WEIGHTS, **given}
        self.temperature = raw_data.number("temperature", temperature)
        if self.temperature <= 0:
            raise ValueError(f"temperature must be > 0 and finite; got temperature={temperature}.")

    # Data.

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Pictures with classes -> batches of (inputs, classes, weights).

        Args:
            x: uint8 (N, h, w).
            y: N ints from 0 to C - 1.
            batch_tokens: a picture counts as 64; `batch_size` says the same in pictures.
            batch_size, shuffle, seed: see `fit`.

        Returns:
            A tf.data.Dataset of `{"image": float32 (B, h, w, 1) from 0 to 1, "digit": int32 (B,)}`,
            the classes again, int32 (B,), and weights float32 (B,), all 1.

        Raises:
            TypeError, ValueError: other pictures or classes.
        """
        images = self._images("x", x)[1]
        digits = self._digits("y", y, len(images))
        if not len(images):
            raise ValueError("x must hold at least one picture; got none.")
        rows = tf.data.Dataset.from_tensor_slices((images, digits))
        if shuffle:
            rows = rows.shuffle(min(shuffle, len(images)), seed=seed)

        def prepared(images, digits):
            inputs = {"image": _floats(images), "digit": digits}
            return inputs, digits, tf.ones_like(digits, tf.float32)

        return rows.batch(batch_size or max(1, batch_tokens // _PICTURE_TOKENS)).map(prepared)

    # For people.

    def generate(self, n=1, seed=None, digit=None, return_dict=False):
        """Draws pictures.

        Args:
            n: how many, up to 100,000.
            seed: int32. Picture i is drawn from `seed + i`, and so is what `generate(1, seed + i)`
                draws. The same seed draws another digit in the same style. Default: by chance.
            digit: the class of all, from 0 to C - 1; or a list of `n` of them; or None: each as its
                seed has it.
            return_dict: whether to return `zoo.tasks.Drawn`, with what each cell attended to.

        Returns:
            uint8 (n, h, w).

        Raises:
            TypeError: a number that is no int.
            ValueError: a number out of its range, or a list of another length.
        """
        rows = pictures.rows(n, seed, digit, self.model.num_classes)
        found = self._in_parts(self._drawing_function, *rows.T)
        if not return_dict:
            return found[0]
        return self._drawn(*found)

    def reconstruct(self, images, digits=None):
        """Draws what it sees, from the mean of what it takes the style to be.

        Args:
            images: uint8 (N, h, w), or (h, w) for one.
            digits: N ints, the classes; or None: as it reads them.

        Returns:
            uint8, of the same shape.

        Raises:
            TypeError: other pixels than uint8, or digits that are no ints.
            ValueError: pictures of another size, or digits out of their range.
        """
        one, images = self._images("images", images)
        codes, read = self._encoded(images)
        if digits is not None:
            read = self._digits("digits", [digits] if one else digits, len(images))
        found = self._decoded(codes, np.eye(self.model.num_classes, dtype="float32")[read])
        return found[0] if one else found

    def encode(self, images):
        """Parts how pictures are written from what is written.

        Args:
            images: uint8 (N, h, w), or (h, w) for one.

        Returns:
            Styles float32 (N, L) and digits int32 (N,); for one picture (L,) and an int. `decode`
            draws any digit in any style.

        Raises:
            As `reconstruct`.
        """
        one, images = self._images("images", images)
        codes, digits = self._encoded(images)
        return (codes[0], int(digits[0])) if one else (codes, digits)

    def decode(self, styles, digits):
        """Draws digits in styles.

        Args:
            styles: float (N, L), or (L,) for one; as of `encode`, or normal numbers.
            digits: N ints, or one for all.

        Returns:
            uint8 (N, h, w), or (h, w) for one style.

        Raises:
            TypeError: styles that are no numbers, or digits that are no ints.
            ValueError: numbers of another shape or out of their range, or that are not finite.
        """
        try:
            styles = np.asarray(styles, "float32")
        except (TypeError, ValueError):
            raise TypeError(
                f"styles must be floats; got {styles!r:.80} ({type(styles).__name__})."
            ) from None
        length, one = self.model.latent_dim, styles.ndim == 1
        if styles.ndim not in (1, 2) or styles.shape[-1] != length:
            raise ValueError(
                f"styles must have the shape (N, {length}), or ({length},) for one; "
                f"got shape {styles.shape}."
            )
        if not np.isfinite(styles).all():
            raise ValueError("styles must be finite; got infinity or NaN.")
        styles = styles.reshape(-1, length)
        if isinstance(digits, (int, np.integer)):
            digits = [digits] * len(styles)
        digits = self._digits("digits", digits, len(styles))
        found = self._decoded(styles, np.eye(self.model.num_classes, dtype="float32")[digits])
        return found[0] if one else found

    def interpolate(self, a, b, steps=8):
        """Walks from one picture to another: styles and classes change in equal steps.

        Args:
            a, b: uint8 (h, w), or (N, h, w).
            steps: how many pictures, from 2 to 1,000, the reconstructions of both among them.

        Returns:
            uint8 (steps, h, w), or (N, steps, h, w).

        Raises:
            As `reconstruct`; and a ValueError for as many `a` as not `b`.
        """
        steps = raw_data.whole_number("steps", steps, least=2)
        if steps > 1000:
            raise ValueError(f"steps must be <= 1000; got steps={steps}.")
        ends = []
        for name, images in (("a", a), ("b", b)):
            one, images = self._images(name, images)
            codes, digits = self._encoded(images)
            ends.append((one, codes, np.eye(self.model.num_classes, dtype="float32")[digits]))
        (one, *first), (other, *last) = ends
        if one != other or len(first[0]) != len(last[0]):
            raise ValueError(f"b must have the shape of a; got {np.shape(b)} and {np.shape(a)}.")
        share = np.linspace(0, 1, steps, dtype="float32")[:, None]
        codes, classes = (
            (start[:, None] * (1 - share) + end[:, None] * share).reshape(-1, start.shape[1])
            for start, end in zip(first, last, strict=True)
        )
        found = self._decoded(codes, classes)
        found = found.reshape(len(first[0]), steps, *found.shape[1:])
        return found[0] if one else found

    def ask(self, inputs, seed=1, return_dict=False):
        """Digits as texts -> what `generate` draws of them, as a text of characters.

        Args:
            inputs: str, a digit, or "" for any; or a list of str.
            seed: of the first of them; see `generate`.
            return_dict: whether to return `zoo.tasks.Drawn`, for one digit alone.
        """
        classes = self.model.num_classes
        if return_dict:
            return self.generate(1, seed, pictures.read_digit(inputs, classes), return_dict=True)
        return pictures.ask(self.generate, inputs, seed, classes)

    def seen_in_text(self, text):
        """About the picture uint8 (h, w) of which `ask` made a text."""
        return pictures.from_text(text, self.model.image_size)

    def answer(self, inputs):
        """The reconstructions of a list of pictures."""
        return self.reconstruct(np.stack(inputs))

    def _images(self, name, value):
        """Whether it is one picture, and pictures uint8 (N, h, w)."""
        size = self.model.image_size
        rule = _IMAGES.format(size=size)
        if not hasattr(value, "dtype") and not isinstance(value, (list, tuple)):
            raise TypeError(f"{name} must be {rule}; got {value!r:.80} ({type(value).__name__}).")
        try:
            found = np.asarray(value)
        except ValueError as error:  # pictures of several sizes
            raise ValueError(f"{name} must be {rule}; got pictures of several sizes.") from error
        if found.dtype != np.uint8:
            raise TypeError(f"{name} must be {rule}; got dtype {found.dtype}.")
        if found.ndim not in (2, 3) or found.shape[-2:] != (size, size):
            raise ValueError(f"{name} must be {rule}; got shape {found.shape}.")
        return found.ndim == 2, found.reshape(-1, size, size)

    def _digits(self, name, value, count):
        """`count` classes int32 (N,), checked one by one."""
        most = self.model.num_classes - 1
        rule = f"ints from 0 to {most}"
        found = raw_data.items(name, value, rule)
        if len(found) != count:
            raise ValueError(f"{name} must have one digit for each of {count}; got {len(found)}.")
        raw_data.check_items(
            name + "[{}]",
            found,
            lambda x: isinstance(x, (int, np.integer)) and not isinstance(x, bool),
            name,
            rule,
        )
        for i, digit in enumerate(found):
            if not 0 <= digit <= most:
                raise ValueError(f"{name} must be {rule}; got {name}[{i}]={digit}.")
        return np.array(found, "int32")

    def _encoded(self, images):
        """Pictures -> means of codes (N, L), classes int32 (N,)."""
        return self._in_parts(self._encoding_function, images)

    def _decoded(self, codes, classes):
        return self._in_parts(self._decoding_function, codes, classes)[0]

    def _in_parts(self, function, *columns):
        """A compiled function of rows, by a few hundred of them at a time."""
        self.build()
        starts = range(0, max(1, len(columns[0])), _ROWS)
        found = [function(*(column[i : i + _ROWS] for column in columns)) for i in starts]
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    @property
    def _drawing_function(self):
        return self._compiled("draw", self.draw, DIGIT, SEED)

    @property
    def _encoding_function(self):
        def encode(images):
            mean, _, logits = self.model.encode(_floats(images), training=False)
            return mean, tf.argmax(logits, axis=-1, output_type=tf.int32)

        size = self.model.image_size
        return self._compiled("encode", encode, tf.TensorSpec([None, size, size], tf.uint8))

    @property
    def _decoding_function(self):
        def decode(codes, classes):
            return (_pixels(self.model.decode(codes, classes, training=False)),)

        widths = self.model.latent_dim, self.model.num_classes
        return self._compiled("decode", decode, *(tf.TensorSpec([None, w]) for w in widths))

    def _compiled(self, key, function, *specs):
        key = key, *self.answer_settings()
        if key not in self._functions:
            self._functions[key] = tf.function(function, autograph=False, input_signature=specs)
        return self._functions[key]

    def settings(self):
        return {"temperature": self.temperature}

    def answer_settings(self):
        return (self.temperature,)

    def _drawn(self, images, digits, attention):
        grid = self.model.attention_grid
        if not attention.size:
            raise ValueError("return_dict must be False for a model without attention; got True.")
        return Drawn(
            images=images,
            digits=digits,
            attention=attention,
            grid=(grid, grid),
            text=pictures.as_text(images[0]),
        )

    # In a graph.

    def draw(self, digits, seeds):
        """Pictures of digits.

        Args:
            digits: int32 (B,); -1 for one that the seed chooses.
            seeds: int32 (B,).

        Returns:
            Pictures uint8 (B, h, w); their digits int32 (B,); and what the cells of the decoder
            attended to, float32 (B, H, S, S), or (B, 0, 0, 0) of a model without attention.
        """
        digits = tf.where(digits == pictures.ANY, self._chosen(seeds), digits)
        codes, classes = self.temperature * self._codes(seeds), self.model.one_hot(digits)
        if not self.model.attention_heads:
            found = self.model.decode(codes, classes, training=False)
            return _pixels(found), digits, tf.zeros([tf.shape(digits)[0], 0, 0, 0])
        found, attention = self.model.decode(
            codes, classes, return_attention_scores=True, training=False
        )
        return _pixels(found), digits, tf.cast(attention, tf.float32)

    def _chosen(self, seeds):
        """A class for each seed."""
        share = uniform(seeds, 0, tf.zeros_like(seeds))
        return tf.cast(share * self.model.num_classes, tf.int32)

    def _codes(self, seeds):
        """A code of normal numbers for each seed, by the transform of Box and Muller."""
        length = self.model.latent_dim
        rows = tf.repeat(seeds, length)
        places = tf.tile(tf.range(length), [tf.shape(seeds)[0]])
        radius = tf.sqrt(-2.0 * tf.math.log(1.0 - uniform(rows, 1, places)))
        normal = radius * tf.cos(2.0 * math.pi * uniform(rows, 2, places))
        return tf.reshape(normal, [-1, length])

    def serve(self, digit, seed):
        """What `serving_default` gives; see `signatures`."""
        return {"image_bytes": self._files(digit, seed)[0]}

    def signatures(self):
        """What an export offers.

        `serving_default` takes `digit` int32 (B,), -1 for one that the seed chooses, and `seed`
        int32 (B,); it gives `image_bytes` string (B,), PNG files, the same that `generate` draws;
        empty for a digit that there is not. `attention`, of a model with attention, adds the
        weights float32 (B, S, S), the mean of the heads: how much each cell looked at each.
        """
        self.build()

        def served(function):
            return tf.function(function, autograph=False, input_signature=[DIGIT, SEED])

        found = {"serving_default": served(self.serve)}
        if self.model.attention_heads:
            found["attention"] = served(self._serve_attention)
        return found

    def _files(self, digit, seed):
        """PNG files (B,), and the attention of the cells (B, H, S, S)."""
        known = (digit >= pictures.ANY) & (digit < self.model.num_classes)
        images, _, attention = self.draw(tf.where(known, digit, pictures.ANY), seed)
        files = tf.map_fn(tf.io.encode_png, images[..., None], fn_output_signature=tf.string)
        return tf.where(known, files, ""), attention

    def _serve_attention(self, digit, seed):
        files, attention = self._files(digit, seed)
        return {"image_bytes": files, "attention": tf.reduce_mean(attention, axis=1)}

    def lite_function(self):
        """See `Task`: `source` int32 (B, 2), digits and seeds -> `pixels` int32 (B, h, w)."""
        self.build()

        def run(source):
            return {"pixels": tf.cast(self.draw(source[:, 0], source[:, 1])[0], tf.int32)}

        spec = tf.TensorSpec([None, 2], tf.int32, name="source")
        return tf.function(run, autograph=False).get_concrete_function(source=spec)

    def lite_manifest(self, weights):
        return {"rows": 8, "num_classes": self.model.num_classes}

    # As Keras asks for data.

    def _is_of_tokens(self, x):
        return isinstance(x, dict) or raw_data.is_prepared(x)

    def _raw_inputs(self, x):
        if isinstance(x, tf.data.Dataset):
            firsts = (part[0] if isinstance(part, tuple) else part for part in x)
            return self._one_by_one(part.numpy() for part in firsts)
        return self._one_by_one(x) if hasattr(x, "__next__") else list(self._images("x", x)[1])

    def _one_by_one(self, parts):
        """Pictures, or batches of them -> pictures."""
        return (picture for part in parts for picture in self._images("x", part)[1])

    def __call__(self, inputs, *args, **kwargs):
        """The model on its inputs, the first of what `batches` gives."""
        if not isinstance(inputs, dict):
            raise TypeError(
                "inputs must be a dict of image and digit, as of batches; pictures are for "
                f"reconstruct and predict; got {type(inputs).__name__}."
            )
        return super().__call__(inputs, *args, **kwargs)

    def get_config(self):
        numbers = {"loss_weights": self.loss_weights, "temperature": self.temperature}
        return {**super().get_config(), **numbers}


DIGIT, SEED = (tf.TensorSpec([None], tf.int32, name=name) for name in ("digit", "seed"))


def _floats(images):
    """uint8 (B, h, w) -> float32 (B, h, w, 1) from 0 to 1."""
    return tf.cast(images, tf.float32)[..., None] / 255.0


def _pixels(images):
    """Floats (B, h, w, 1) from 0 to 1 -> uint8 (B, h, w)."""
    return tf.cast(tf.round(255.0 * tf.cast(images[..., 0], tf.float32)), tf.uint8)
