"""How the captioners are trained: one procedure, and a short file of numbers for each."""

import collections
import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from zoo import data
from zoo.data.captions import grid_batches
from zoo.decoding import Decoding
from zoo.evaluation.caption_scores import CiderD
from zoo.evaluation.captions import names_the_thing, words
from zoo.evaluation.progress import progress
from zoo.recipes.procedure import adam, kept_tokenizer, train_and_save
from zoo.system import writing
from zoo.tasks import ImageCaptioner
from zoo.tasks.files import load_network
from zoo.tasks.inputs import row_seeds
from zoo.text import SentencePieceTokenizer
from zoo.training.self_critical import self_critical_batches
from zoo.vision import augment, decode, efficientnet_lite0, hide_cells, load_unfolded

ENCODER = "vision/efficientnet_lite0_imagenet.keras"


@dataclasses.dataclass(frozen=True)
class CaptioningRecipe:
    """What makes one captioner of Flickr8k.

    There are up to two stages. `train` leaves the encoder as ImageNet left it: the features of
    every training image and of its mirror image are computed once and stored beside the run, for
    all captioners. `self_critical_train` goes on by rewards.

    Attributes:
        language: "en" or "zh".
        tokenizer: options of `SentencePieceTokenizer.train` beside the lines.
        model: `(cells, feature width, vocabulary size) -> keras.Model`.
        steps: number of batches.
        batch_images: images in a batch, each with its five captions.
        max_length: tokens of a caption in training, with start and end token.
        peak: the highest learning rate.
        warmup: steps until then.
        interval: steps between two validations, each with a checkpoint.
        valid_images: number of images of a validation.
        views: 2 to teach each image and its mirror image, 1 for the image alone.
        label_smoothing: see `zoo.tasks.Task.compile`.
        reward_steps: number of batches, at the end, that teach the captioner to write what CIDEr-D
            thinks well of; see `zoo.training.self_critical`. The encoder stays as it is then.
        reward_peak: the highest learning rate then.
        named_gain: added to the reward of an English caption that names what most people name; see
            `zoo.evaluation.captions.names_the_thing`.
        copied_cost: taken from the reward of a caption that another photograph of the training
            split has word for word.
        reward_samples: captions that the captioner writes of each image then.
        reward_decoding: how it writes them, see `zoo.decoding.Decoding`: by default samples, with
            `num_beams` the best of beam search.
        decoding: what `generate` does by default.
        least_spread: see `zoo.tasks.ImageCaptioner`.
        seed: of everything random.
    """

    language: str
    tokenizer: dict
    model: Callable
    steps: int
    batch_images: int = 16
    max_length: int = 22
    peak: float = 2e-3
    warmup: int = 100
    interval: int = 362  # batches of 16 in 5,791 images
    valid_images: int = 200
    views: int = 2
    label_smoothing: float = 0.0
    reward_steps: int = 0
    reward_peak: float = 2e-4
    named_gain: float = 0.0
    copied_cost: float = 0.0
    reward_samples: int = 5
    reward_decoding: dict = dataclasses.field(default_factory=lambda: {"do_sample": True})
    decoding: dict = dataclasses.field(default_factory=dict)
    least_spread: float = 0.0
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, and saves `out`/model.keras; arguments as of `TranslationRecipe.train`."""
        keras.utils.set_random_seed(self.seed)
        encoder = imagenet_encoder(data_dir)
        train, valid = (data.flickr8k(split, self.language, data_dir) for split in ("train", "val"))
        captions = [list(map(data.plain_caption, row)) for row in train.values()]
        tokenizer = self._tokenizer(captions, run_dir, data_dir)

        def build():
            return self._captioner(encoder, tokenizer, data_dir)

        store = Path(run_dir).parent / "flickr8k_grids"
        files = files_of(train, data_dir)
        grids = [stored_grids(store, encoder, files, "train", view) for view in range(self.views)]
        return train_and_save(
            build,
            lambda captioner: self._batches(captioner, grids, captions, store, data_dir),
            self._validation(
                stored_grids(store, encoder, files_of(valid, data_dir), "val"),
                valid,
                build().encode_captions,
            ),
            optimizer=lambda total: adam(self.peak, self.warmup, total),
            steps=steps or self.steps,
            interval=self.interval,
            label_smoothing=self.label_smoothing,
            policy="float32",  # where the CPU has no bfloat16, mixed precision is slower
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )

    def _batches(self, captioner, grids, captions, store, data_dir):
        """What `train` teaches: batches of views of the photographs with their captions.

        `store` is the folder of features that are computed once.
        """
        return self._shuffled(captioner, grids, captions)

    def _shuffled(self, captioner, views, captions):
        """Batches of views of photographs, by their features, each with its captions."""
        return grid_batches(
            views,
            captions,
            captioner.encode_captions,
            batch_images=self.batch_images,
            max_length=self.max_length,
            shuffle=len(captions),
            seed=self.seed,
        )

    def self_critical_train(
        self, start, *, out, run_dir, data_dir=None, steps=None, verbose="auto"
    ):
        """Goes on with a captioner that `train` has made, by its rewards.

        Args:
            start: the captioner.
            out, run_dir, data_dir, steps, verbose: see `train`.

        Returns:
            The path of the model.
        """
        keras.utils.set_random_seed(self.seed)
        train, valid = (data.flickr8k(split, self.language, data_dir) for split in ("train", "val"))
        store = Path(run_dir) / "grids"
        grids = stored_grids(store, start.encoder, files_of(train, data_dir), "train")
        captions = [list(map(data.plain_caption, row)) for row in train.values()]
        judge = self._judge(captions)

        def build():
            serialize = keras.saving.serialize_keras_object
            model = keras.saving.deserialize_keras_object(serialize(start.model))
            if not model.built:
                model.build(None)
            model.set_weights(start.model.get_weights())
            return self.captioner(start.encoder, model, start.tokenizer)

        def batches(captioner):
            def reward(rows, tokens):
                texts = [captioner.tokenizer.decode(row) for row in tokens.tolist()]
                return np.array(
                    [
                        [judge(row, captioner.postprocess(None, text)) for text in written]
                        for row, written in zip(rows, texts, strict=True)
                    ]
                )

            decoding = Decoding(**self.reward_decoding, num_return_sequences=self.reward_samples)
            sample = _sampler(captioner, grids.shape[1:], decoding, self.max_length)
            made = self_critical_batches(sample, reward, grids, self.batch_images, self.seed)
            row, weights = (tf.TensorSpec([None, None], kind) for kind in (tf.int32, tf.float32))
            cells = tf.TensorSpec([None, *grids.shape[1:]], tf.float16)
            written = tf.data.Dataset.from_generator(
                lambda: made, output_signature=({"source": cells, "target": row}, row, weights)
            )
            return self._rewarded(captioner, written, captions, store, data_dir)

        return train_and_save(
            build,
            batches,
            self._validation(
                stored_grids(store, start.encoder, files_of(valid, data_dir), "val"),
                valid,
                start.encode_captions,
            ),
            optimizer=lambda total: adam(self.reward_peak, self.warmup, total),
            steps=steps or self.reward_steps,
            interval=self.interval,
            policy="float32",
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )

    def _rewarded(self, captioner, written, captions, store, data_dir):
        """What `self_critical_train` teaches: `written`, batches of the captioner's own captions.

        `store` is the folder of features that are computed once.
        """
        return written

    def _judge(self, captions):
        """What rewards a caption, `(number of the photograph, str) -> float`."""
        references = [[words(text, self.language) for text in row] for row in captions]
        # A good caption does not leave out its end.
        cider_d = CiderD([[[*text, "."] for text in row] for row in references])
        photos = collections.Counter(text for row in captions for text in set(row))

        def judge(row, text):
            text = data.plain_caption(text)
            said = words(text, self.language)
            reward = cider_d(row, [*said, "."])
            if self.named_gain and names_the_thing(said, references[row]):
                reward += self.named_gain
            if photos[text] > (text in captions[row]):
                reward -= self.copied_cost
            return reward

        return judge

    def _validation(self, grids, images, encode):
        return grid_batches(
            [grids],
            [list(map(data.plain_caption, row)) for row in images.values()][: self.valid_images],
            encode,
            batch_images=self.batch_images,
            max_length=self.max_length,
        )

    def _tokenizer(self, captions, run_dir, data_dir):
        return kept_tokenizer(
            Path(run_dir) / "vocabulary_0.model",
            lambda: SentencePieceTokenizer.train(self._lines(captions, data_dir), **self.tokenizer),
        )

    def _lines(self, captions, data_dir):
        """The text that the vocabulary is made from."""
        return [text for row in captions for text in row]

    def _captioner(self, encoder, tokenizer, data_dir):
        cells, width = np.prod(encoder.output.shape[1:3]), encoder.output.shape[-1]
        model = self._model(int(cells), width, tokenizer, data_dir)
        return self.captioner(encoder, model, tokenizer)

    def captioner(self, encoder, model, tokenizer):
        """The task model of these parts."""
        options = {"spaces": self.language != "zh", "least_spread": self.least_spread}
        return ImageCaptioner(encoder, model, tokenizer, self.decoding, **options)

    def _model(self, cells, width, tokenizer, data_dir):
        return self.model(cells, width, tokenizer.vocab_size)


def _sampler(captioner, shape, decoding, max_length):
    """`sample` of `self_critical_batches`, by the search of the captioner."""
    static_config, dynamic_params = decoding.split()
    spec = [tf.TensorSpec([None, *shape], tf.float16), tf.TensorSpec([None], tf.int32)]

    @tf.function(autograph=False, input_signature=spec)
    def draw(source, seeds):
        limit = tf.fill([tf.shape(source)[0]], max_length)
        source = tf.cast(source, tf.float32)
        return captioner.search_ids(
            source, {}, limit, seeds, dynamic_params, static_config=static_config
        ).tokens

    return lambda source, seed: draw(source, row_seeds(seed, len(source))).numpy()


def files_of(names, data_dir):
    """The paths of photographs of Flickr8k."""
    return [data.flickr8k_image(name, data_dir) for name in names]


def figures(system, origin, corpus="flickr8k test en", **scores):
    """What a card is told of others' figures: a dict for each measure."""
    return [
        {"system": system, "corpus": corpus, "measure": key, "score": score, "origin": origin}
        for key, score in scores.items()
    ]


# English captions by spatial attention, published for two encoders.
SPATIAL_ATTENTION = [
    *figures(
        "spatial attention, frozen VGG-16, beam 5",
        "sulabhkatiyar/Spatial_Att",
        bleu_1=0.622,
        bleu_4=0.197,
        cider_d=0.497,
    ),
    *figures(
        "spatial attention, ResNet-152 tuned with the captions, beam 5",
        "sulabhkatiyar/Spatial_Att",
        bleu_1=0.669,
        bleu_4=0.232,
        cider_d=0.565,
        rouge_l=0.483,
    ),
]


def imagenet_encoder(data_dir=None):
    """EfficientNet-Lite0 with the weights of ImageNet, not to be trained."""
    encoder = efficientnet_lite0()
    load_unfolded(encoder, load_network(data.find(ENCODER, data_dir)))
    encoder.trainable = False
    return encoder


def imagenet_classifier(data_dir=None):
    """Kernel (1280, 1000) and bias of what ImageNet's classes are read with from such features."""
    model = load_network(data.find(ENCODER, data_dir))
    (dense,) = (layer for layer in model.layers if isinstance(layer, keras.layers.Dense))
    return dense.get_weights()


def stored_grids(folder, encoder, files, name, view=0):
    """The features of images, computed once: float16 (images, cells, width).

    Args:
        folder: where they are stored.
        encoder: from `imagenet_encoder`, or a part of it.
        files: iterable of paths of the images.
        name: what they are stored by, such as the name of a split.
        view: 0 for the images as they are, 1 for their mirror images; each further number is that
            of other crops, colours and cells that are covered, see `zoo.vision`.
    """
    path = Path(folder) / f"{name}_{view}.npy"
    if not path.exists():
        size = encoder.input_shape[1:3]
        rows = tf.data.Dataset.from_tensor_slices(list(map(str, files))).enumerate()

        def shown(row, file):  # as a captioner will see it
            photo = tf.cast(decode(tf.io.read_file(file), size), tf.float32)
            photo = tf.ensure_shape(photo, [*size, 3])
            return _viewed(photo, tf.cast(row, tf.int32), view)

        photos = rows.map(shown, num_parallel_calls=2).batch(32).prefetch(2)
        batches = progress(photos, f"features of {name}, view {view}")
        grids = np.concatenate([np.float16(encoder.predict_on_batch(batch)) for batch in batches])
        with writing(path) as beside:
            np.save(beside, grids.reshape(len(grids), -1, grids.shape[-1]))
    return np.load(path, mmap_mode="r")


def _viewed(photo, row, view):
    """A view of photo number `row`; see `stored_grids`."""
    if view < 2:
        return photo[:, ::-1] if view else photo
    return hide_cells(augment(photo, tf.stack([row, view])), tf.stack([row, 100 + view]))
