"""How captioners are trained that are told what ImageNet's classifier sees."""

import dataclasses
from importlib import resources

import numpy as np
import tensorflow as tf

from zoo import data
from zoo.data.named_captions import NamedCaptions
from zoo.evaluation.captions import nouns
from zoo.recipes.captioning import CaptioningRecipe, imagenet_classifier, stored_grids

_ANIMALS = 398  # of ImageNet's classes they are the first
_TABBY = 281  # ImageNet's number of a cat
# No caption ends with them.
_UNFINISHED = {
    "en": "a an the in on of with and to at by is are his her their its from for into over "
    "through near behind while as that who",
    "zh": "一 个 在 的 和 着 位 只 条 穿 身 从 向",
}
# Nouns of `zoo.evaluation.captions.nouns` that behind a name are mostly verbs: a plane flies.
_VERBS = frozenset(
    "stand stands play plays fly flies drive drives rest rests pass passes watch watches "
    "smile smiles drink drinks slide slides wave waves cover covers park parks head heads "
    "swing swings turned wrestle wrestles".split()
)


@dataclasses.dataclass(frozen=True)
class LabelledCaptioningRecipe(CaptioningRecipe):
    """A `CaptioningRecipe` for `zoo.models.LabelledCaptionTransformer`.

    Most batches are photographs of Flickr8k with their captions, and the names that the classifier
    gives them. The others are captions without their photographs, of COCO and of Flickr8k, with the
    names that stand in them; see `zoo.data.named_captions`. The encoder stays as ImageNet left it,
    for the classifier's sake.

    Attributes:
        told_share: share of the batches that are captions without their photographs.
        told_captions: captions of such a batch.
        balanced: see `zoo.data.named_captions.NamedCaptions`.
        plausible: whether the captions without their photographs are plausible in the stage of
            rewards, see there. Before it they are not, to teach that any name may come anywhere.
    """

    told_share: float = 0.35
    told_captions: int = 48
    balanced: float = 0.0
    plausible: bool = False

    def _lines(self, captions, data_dir):
        names, _ = label_names(self.language)
        # Often enough that most names are one token, and none of them many.
        return [*super()._lines(captions, data_dir), *self._sentences(data_dir), *20 * names]

    def _sentences(self, data_dir):
        return list(map(data.plain_caption, data.coco_sentences(self.language, data_dir)))

    def _model(self, cells, width, tokenizer, data_dir):
        model = self.model(cells, width, tokenizer.vocab_size, **self._named(tokenizer))
        model.build(None)
        model.classifier.set_weights(imagenet_classifier(data_dir))
        return model

    def _named(self, tokenizer):
        """What a `LabelledCaptionTransformer` is told of names and of words that end no caption."""
        names, classes = label_names(self.language)
        # A text begins with the mark of a space; inside a Chinese one there is none.
        begin = 0 if self.language == "en" else 1
        pieces = [ids[begin:] for ids in tokenizer.encode(names)]
        words = (ids[begin:] for ids in tokenizer.encode(_UNFINISHED[self.language].split()))
        # The end of a word of several tokens may be that of others, too.
        unfinished = sorted({ids[0] for ids in words if len(ids) == 1})
        return {"names": pieces, "classes": classes, "unfinished": unfinished}

    def _batches(self, captioner, grids, captions, store, data_dir):
        seen = super()._batches(captioner, grids, captions, store, data_dir).repeat()
        return self._beside_told(seen, captioner, captions, store, data_dir)

    def _rewarded(self, captioner, written, captions, store, data_dir):
        plausible = self.plausible
        return self._beside_told(written, captioner, captions, store, data_dir, plausible)

    def _beside_told(self, seen, captioner, captions, store, data_dir, plausible=False):
        """Batches of photographs, with names that the classifier sees, and of captions alone."""
        grids = stored_grids(store, captioner.encoder, data.labelled_photos(data_dir), "labelled")
        told = self._told_batches(captioner, grids, captions, data_dir, plausible)
        return self._mixed(seen.map(_named_by(captioner.model)), told)

    def _mixed(self, seen, told):
        """Batches of the one kind and of the other, by `told_share`."""
        shares = [1 - self.told_share, self.told_share]
        mixed = tf.data.Dataset.sample_from_datasets([seen, told], shares, seed=self.seed)
        return mixed.prefetch(4)

    def _told_batches(self, captioner, grids, captions, data_dir, plausible=False):
        """Batches of captions without their photographs.

        Args:
            captioner: whose numbers of names and tokens they get.
            grids: features of the labelled photographs, see `NamedCaptions`.
            captions: the captions of each photograph of Flickr8k, of which the first are taken.
            data_dir: see `train`.
            plausible: see `NamedCaptions`.
        """
        names, classes = label_names(self.language)
        photos = data.labelled_photos(data_dir)
        count = captioner.model.get_config()["num_labels"]
        texts = self._sentences(data_dir) + [row[0] for row in captions]
        said = {word for text in texts for word in text.split()}
        pool = NamedCaptions(
            texts,
            names,
            grids,
            _shown(photos, classes),
            count,
            self.language,
            seed=self.seed,
            animals=frozenset(classes[:_ANIMALS]),
            balanced=self.balanced,
            plausible=plausible,
            heads=frozenset(word for word in said if nouns([word])) - _VERBS,
        )

        def batches():
            while True:
                texts, labels, sources = zip(
                    *(pool.draw() for _ in range(self.told_captions)), strict=True
                )
                ids = captioner.encode_captions(tf.constant(texts))[:, : self.max_length]
                ids = ids.to_tensor()
                inputs = {"source": np.stack(sources), "target": ids[:, :-1]}
                inputs["labels"] = np.stack(labels)
                yield inputs, ids[:, 1:], tf.cast(ids[:, 1:] != 0, tf.float32)

        rows = tf.TensorSpec([None, None], tf.int32)
        inputs = {
            "source": tf.TensorSpec([None, *grids.shape[1:]], tf.float16),
            "target": rows,
            "labels": tf.TensorSpec([None, count], tf.int32),
        }
        weights = tf.TensorSpec([None, None], tf.float32)
        return tf.data.Dataset.from_generator(batches, output_signature=(inputs, rows, weights))


def _named_by(model):
    """What gives a batch of photographs the names that the classifier of a model sees."""

    def add(inputs, tokens, weights):
        labels = model.labels(tf.cast(inputs["source"], tf.float32))
        return {**inputs, "labels": labels}, tokens, weights

    return add


def label_names(language):
    """What ImageNet's classes are called in captions: all names, and the number of each class's.

    Breeds of dogs are dogs, what people seldom tell apart has one name.

    Args:
        language: "en" or "zh".

    Returns:
        list of M different str, and a list of 1,000 int.
    """
    file = resources.files("zoo.recipes") / f"label_names.{language}.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    names = sorted(set(lines))
    numbers = {name: number for number, name in enumerate(names)}
    return names, [numbers[name] for name in lines]


def _shown(photos, classes):
    """The number of the name of each photograph of `zoo.data.labelled_photos`, a list of int."""
    # The names of the files of ImageNet come in the order of its classes; the others are cats.
    of_imagenet = sorted(path.name for path in photos if path.name.startswith("i_"))
    numbers = dict(zip(of_imagenet, classes, strict=True))
    return [numbers.get(path.name, classes[_TABBY]) for path in photos]
