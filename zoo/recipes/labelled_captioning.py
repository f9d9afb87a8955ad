"""How a captioner is trained that can say what a classifier sees."""

import collections
import dataclasses
from pathlib import Path

import keras
import numpy as np

from zoo import data
from zoo.models import LabelledCaptionTransformer
from zoo.recipes.captioning import ENCODER, CaptioningRecipe, dataset_of, stored_grids
from zoo.recipes.procedure import adam, kept_tokenizer, train_and_save
from zoo.recipes.said_names import Said, captions_of
from zoo.system import writing
from zoo.tasks import ImageCaptioner
from zoo.text import END_ID, PAD_ID, START_ID, SentencePieceTokenizer
from zoo.vision import label_names, read

CAT = 281  # a class of ImageNet
PHOTOS = 1_060  # one of each class, and 60 cats, so that a cat is about as frequent as a dog


@dataclasses.dataclass(frozen=True)
class LabelledCaptioningRecipe(CaptioningRecipe):
    """What makes one captioner of Flickr8k that knows the names of things.

    `train`, `pack` and `finish` make a captioner whose encoder is tuned, as `CaptioningRecipe`
    says. `reinforce` then gives it the names: its decoder, in a `LabelledCaptionTransformer`, is
    told what a classifier sees in the features, and learns to say it from: the photographs of
    Flickr8k with their captions; labelled photographs, with sentences that say their label; and
    captions of COCO without their photographs, with the names that they say, as if they had been
    seen. The rewards come last.

    Attributes:
        labelled_tokenizer: as `tokenizer`, for the captions, the sentences and the names.
        num_labels, threshold: of the model that knows names, which else is as `model`.
        label_steps: number of batches before the rewards.
        label_peak: the highest learning rate then.
        label_images: images in a batch then, each with its five captions.
        batch_sentences: sentences without a photograph, in a batch.
        told: how much all of them count beside the rewards.
        renamed: sentences more for each name, in which it stands in place of another.
    """

    labelled_tokenizer: dict = dataclasses.field(default_factory=dict)
    num_labels: int = 5
    threshold: float = 0.05
    label_steps: int = 0
    label_peak: float = 1e-3
    label_images: int = 8
    batch_sentences: int = 24
    told: float = 0.2
    renamed: int = 5

    def reinforce(self, start, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        if not isinstance(start.model, LabelledCaptionTransformer):
            start = self._told(start, Path(run_dir), data_dir, verbose)
        return super().reinforce(
            start, out=out, run_dir=run_dir, data_dir=data_dir, steps=steps, verbose=verbose
        )

    def _told(self, start, run_dir, data_dir, verbose):
        """The captioner that knows names, by one that does not."""
        keras.utils.set_random_seed(self.seed)
        store = run_dir / "grids"
        grids, captions = self._examples(store, start.encoder, data_dir, made_up=True)
        tokenizer = kept_tokenizer(
            run_dir / "vocabulary_0.model", lambda: self._labelled_tokenizer(data_dir)
        )
        head = fitted_head(grids, self._logits(store, data_dir))

        def build():
            model = LabelledCaptionTransformer(
                int(np.prod(start.grid_size)),
                start.encoder.output.shape[-1],
                tokenizer.vocab_size,
                **self.model.keywords,
                **numbered_names(tokenizer, self.language),
                num_labels=self.num_labels,
                threshold=self.threshold,
            )
            model.build(None)
            take_over(model, tokenizer, start.model, start.tokenizer)
            model.classifier.set_weights(head)
            return ImageCaptioner(
                start.encoder, model, tokenizer, self.decoding, spaces=start.spaces
            )

        def examples(captioner):
            ids = [
                [[START_ID, *row, END_ID] for row in captioner.tokenizer.encode(texts)]
                for texts in captions
            ]
            made = by_length(grids, ids, self.label_images, self.max_length, self.seed)
            return dataset_of(self._beside(made, captioner, data_dir, worth=None))

        valid = data.flickr8k("val", self.language, data_dir)
        valid = dict(list(valid.items())[: self.valid_images])
        path = train_and_save(
            build,
            examples,
            self._validation(
                stored_grids(store, start.encoder, valid, "val", 0, data_dir),
                valid,
                build().encode_captions,
            ),
            optimizer=lambda total: adam(self.label_peak, self.warmup, total),
            steps=self.label_steps,
            interval=self.interval,
            label_smoothing=self.label_smoothing,
            policy="float32",
            out=run_dir / "told",
            run_dir=run_dir / "told",
            verbose=verbose,
        )
        return keras.models.load_model(path)

    def _labelled_tokenizer(self, data_dir):
        flickr = data.flickr8k("train", self.language, data_dir).values()
        texts = [text for row in flickr for text in row]
        texts = [*map(data.plain_caption, texts + data.coco_sentences(self.language, data_dir))]
        # The names come thrice, so that the frequent among them are tokens of their own.
        texts += 3 * unique_names(self.language)
        return SentencePieceTokenizer.train(texts, **self.labelled_tokenizer)

    def _examples(self, store, encoder, data_dir, made_up=False):
        """Features of Flickr8k and of labelled photographs, and five captions of each.

        Without `made_up` photographs are left out of whose label no sentence speaks.
        """
        grids, captions = super()._examples(store, encoder, data_dir)
        captions = [list(map(data.plain_caption, row)) for row in captions]
        photos = _photos(data_dir)
        more = stored_grids(store, encoder, photos, "labelled", 0, data_dir)
        names, labels = unique_names(self.language), label_names(self.language)
        labels = [*labels, *[labels[CAT]] * (len(photos) - len(labels))]
        numbers = {name: i for i, name in enumerate(names)}
        said, rows = self._sentences(data_dir)
        shares = name_shares(self._logits(store, data_dir)[len(captions) :], self.language)
        rng = np.random.default_rng(self.seed)
        found = [
            captions_of(numbers.get(label, int(of.argmax())), of, rows, said, rng)
            for label, of in zip(labels, shares, strict=True)
        ]
        kept = [i for i, (_, whole) in enumerate(found) if whole or made_up]
        return np.concatenate([grids, more[kept]]), captions + [found[i][0] for i in kept]

    def _sentences(self, data_dir):
        """What finds names, and the captions of COCO with the numbers of those that they say."""
        said = Said(unique_names(self.language), self.language)
        texts = map(data.plain_caption, data.coco_sentences(self.language, data_dir))
        return said, [(text, said(text)) for text in texts]

    def _logits(self, store, data_dir):
        """What the classifier of ImageNet says of all photographs to learn from."""
        flickr = data.flickr8k("train", self.language, data_dir)
        paths = [data.flickr8k_image(name, data_dir) for name in flickr] + _photos(data_dir)
        return stored_logits(Path(store) / "logits.npy", paths, data_dir)

    def _beside(self, batches, captioner, data_dir, worth="told"):
        """Batches of images, each with some sentences that have none.

        Args:
            batches: of (inputs, next tokens, weights).
            captioner: of their tokens.
            data_dir: see `zoo.data.find`.
            worth: how much the sentences of a batch count all together; None for as any other.
        """
        worth = self.told if worth == "told" else worth
        rng = np.random.default_rng(self.seed)
        said, rows = self._sentences(data_dir)
        told = [(text, named + said.implied(text, named, rng)) for text, named in rows]
        told += said.renamed(rows, rng, self.renamed)
        texts, names = zip(*(row for row in told if row[1]), strict=True)
        ids = [[START_ID, *row, END_ID] for row in captioner.tokenizer.encode(list(texts))]
        counts = collections.Counter(name for of_text in names for name in of_text)
        background = [i for i, count in sorted(counts.items()) for _ in range(min(count, 60))]
        order, most = _endless(len(ids), rng), captioner.model.get_config()["num_labels"]
        for inputs, labels, weights in batches:
            chosen = [next(order) for _ in range(self.batch_sentences)]
            rows = padded([ids[i] for i in chosen], labels.shape[1] + 1)
            real = (rows[:, 1:] != PAD_ID).astype("float32")
            found = what_was_told([names[i] for i in chosen], most, np.array(background), rng)
            inputs = {
                **inputs,
                "names": found[0],
                "probabilities": found[1],
                "sentences": rows[:, :-1],
            }
            labels = np.concatenate([labels, rows[:, 1:]])
            real = real if worth is None else real * (worth / real.sum())
            yield inputs, labels, np.concatenate([weights, real])


def unique_names(language):
    """The names of things, each once."""
    return list(dict.fromkeys(filter(None, label_names(language))))


def numbered_names(tokenizer, language):
    """Tokens of the names, and the number of a name for each class: arguments of the model."""
    names = unique_names(language)
    numbers = {name: i for i, name in enumerate(names)}
    return {
        "names": [tokens_of(name, tokenizer, language) for name in names],
        "classes": [numbers.get(name, -1) for name in label_names(language)],
    }


def tokens_of(name, tokenizer, language):
    """The tokens of a name inside a caption."""
    (alone,) = tokenizer.encode([name])
    if language != "zh":
        return alone
    # There is a space in front of a Chinese text, but not of its words.
    if tokenizer.pieces(alone)[0] == "▁":
        return alone[1:]
    (before,), (both,) = tokenizer.encode(["、"]), tokenizer.encode(["、" + name])
    if both[: len(before)] == before:
        return both[len(before) :]
    raise ValueError(f"name must be written in tokens of its own; got {name!r}.")


def name_shares(logits, language):
    """Logits of classes (N, C) -> the probability of each name: float (N, names)."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    names = unique_names(language)
    found = np.zeros((len(shares), len(names)))
    for name, share in zip(label_names(language), shares.T, strict=True):
        if name:
            found[:, names.index(name)] += share
    return found


def fitted_head(grids, logits, epochs=4, rate=3e-4, held_out=200):
    """Kernel and bias of a classifier of features that says what another says of the images.

    It starts from the classifier of ImageNet, which still knows most of what a tuned encoder sees.

    Args:
        grids: features (N, S, C).
        logits: of the other, (N, classes).
        epochs, rate: passes over the images, and the learning rate.
        held_out: the last images, of which the divergence is printed.
    """
    imagenet = keras.models.load_model(data.find(ENCODER), compile=False)
    dense = keras.layers.Dense(logits.shape[1], activation="softmax")
    model = keras.Sequential([keras.Input((grids.shape[-1],)), dense])
    dense.set_weights(imagenet.layers[-1].get_weights())
    model.compile(keras.optimizers.Adam(rate), keras.losses.KLDivergence())
    means = np.concatenate(
        [part.astype("float32").mean(axis=1) for part in np.array_split(grids, 32)]
    )
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.random.default_rng(0).permutation(len(means))
    train, valid = rows[:-held_out], rows[-held_out:]
    model.fit(
        means[train],
        shares[train],
        batch_size=128,
        epochs=epochs,
        validation_data=(means[valid], shares[valid]),
        verbose=2,
    )
    return dense.get_weights()


def take_over(model, tokenizer, old, old_tokenizer):
    """Gives a labelled captioner what another has learned, with another vocabulary.

    A token that is new begins as the mean of those of which it was made.
    """
    table = old.embedding.get_weights()[0]
    texts = [piece.replace("▁", " ") for piece in tokenizer.pieces(range(tokenizer.vocab_size))]
    own = {piece: i for i, piece in enumerate(old_tokenizer.pieces(range(len(table))))}
    rows = []
    for piece, text in zip(tokenizer.pieces(range(tokenizer.vocab_size)), texts, strict=True):
        known = [own[piece]] if piece in own else old_tokenizer.encode([text])[0]
        rows.append(table[known].mean(axis=0) if known else table.mean(axis=0))
    model.embedding.set_weights([np.array(rows)])
    for name in ("cell_dense", "cell_positions", "memory_norm", "norm"):
        getattr(model, name).set_weights(getattr(old, name).get_weights())
    for block, other in zip(model.blocks, old.blocks, strict=True):
        block.set_weights(other.get_weights())


def stored_logits(path, images, data_dir=None):
    """What the classifier of ImageNet says of images, computed once: float32 (N, classes)."""
    if not path.exists():
        model = keras.models.load_model(data.find(ENCODER, data_dir), compile=False)
        size, found = model.input_shape[1:3], []
        for i in range(0, len(images), 32):
            batch = np.stack([read(image, size) for image in images[i : i + 32]])
            found.append(keras.ops.convert_to_numpy(model(batch.astype("float32"))))
        with writing(path) as beside:
            np.save(beside, np.concatenate(found))
    return np.load(path)


def by_length(grids, ids, batch, max_length, seed=0):
    """Batches of images without end, of captions of about one length; see `grid_batches`.

    Args:
        grids: features (N, S, C).
        ids: for each image K lists of int, with start and end tokens.
        batch: images of a batch.
        max_length: longer captions are cut.
        seed: of the shuffle.

    Yields:
        (inputs, next tokens int32 (batch·K, T), weights).
    """
    rng = np.random.default_rng(seed)
    lengths = np.array([max(map(len, rows)) for rows in ids])
    while True:
        order = rng.permutation(len(ids))
        order = order[np.argsort(lengths[order] + rng.uniform(0, 4, len(order)))]
        parts = [order[i : i + batch] for i in range(0, len(order) - batch + 1, batch)]
        for i in rng.permutation(len(parts)):
            width = min(max_length, lengths[parts[i]].max())
            rows = padded([row for n in parts[i] for row in ids[n]], width)
            real = (rows[:, 1:] != PAD_ID).astype("float32")
            yield {"source": grids[parts[i]], "target": rows[:, :-1]}, rows[:, 1:], real


def padded(rows, width):
    """Lists of int -> int32 (N, width), cut or padded."""
    found = np.full((len(rows), width), PAD_ID, "int32")
    for i, row in enumerate(rows):
        found[i, : len(row[:width])] = row[:width]
    return found


def what_was_told(said, count, background, rng, kept=0.85):
    """What a classifier might have seen on the images of sentences that say some names.

    Of the names of a sentence each is seen with the probability `kept`; they share a random part of
    the certainty, and names that are not said share a part of the rest.

    Args:
        said: list of M lists of int.
        count: names that are told of an image, K.
        background: array of int, to draw the others from.
        rng: numpy Generator.

    Returns:
        Names int32 (M, K), the likeliest first, and probabilities float32 (M, K).
    """
    names = np.zeros((len(said), count), "int32")
    probabilities = np.zeros((len(said), count), "float32")
    for row, of_sentence in enumerate(said):
        seen = [name for name in of_sentence if rng.random() < kept][:count]
        others = dict.fromkeys(rng.choice(background, count).tolist())
        others = [name for name in others if name not in of_sentence][: count - len(seen)]
        sure = rng.uniform(0.3, 1.0) if seen else 0.0
        parts = [sure * part for part in _shares(len(seen), rng)]
        rest = (1.0 - sure) * rng.uniform(0.2, 0.8)
        parts += [rest * part for part in _shares(len(others), rng)]
        order = np.argsort(parts)[::-1]
        names[row, : len(order)] = np.array([*seen, *others], "int32")[order]
        probabilities[row, : len(order)] = np.array(parts, "float32")[order]
    return names, probabilities


def _shares(count, rng):
    return rng.dirichlet(np.ones(count)).tolist() if count else []


def _endless(count, rng):
    while True:
        yield from rng.permutation(count).tolist()


def _photos(data_dir):
    return list(data.labelled_photos(data_dir))[:PHOTOS]
