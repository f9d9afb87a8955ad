"""`Classifier`: a text in, its class out, with the probability of each class."""

import math

import keras
import numpy as np
import tensorflow as tf

from zoo.data.batching import bucketed_labels
from zoo.lite.labels import named
from zoo.lite.readers import SOURCE
from zoo.tasks import raw_data
from zoo.tasks.inputs import IDS, chunks, framed, padded, text_tensor, texts
from zoo.tasks.output import Classified
from zoo.tasks.task import Task
from zoo.text import END_ID, PAD_ID

_LITE_ROWS = 32  # texts of one length that a LiteRT file takes at a time


@keras.saving.register_keras_serializable(package="zoo")
class Classifier(Task):
    """Names the class of a text: its sentiment, its subject, what it asks for.

    `fit` trains on pairs of a text and a label; `classify` gives the label of a str, or of each of
    a list of str; `predict` gives the probabilities of all labels.

    Args:
        model: `zoo.models.TextClassifier`, or any `keras.Model` that maps tokens int32 (B, S),
            padded with 0, to logits float32 (B, C), and with `return_attention_scores=True` gives
            beside them the weight of each token, float32 (B, S).
        tokenizer: a `zoo.text.SentencePieceTokenizer`.
        labels: list of C different str, in the order of the logits.
        temperature: > 0, by which the logits are divided, so that a probability is the share of
            right answers among those that are given it; see `calibrate`.
        max_length: longer texts are cut to this many tokens, the end token included.

    Raises:
        ValueError: fewer than two labels, or the same twice; a number out of its range.

    Reference:
        Kim 2014, Convolutional Neural Networks for Sentence Classification; Yang et al. 2016,
        Hierarchical Attention Networks for Document Classification (attention over words).
    """

    verb = "classify"
    serving_spec = tf.TensorSpec([None], tf.string, name="text")
    source_spec = IDS
    answer_dtype = "float32"

    def __init__(self, model, tokenizer, labels, temperature=1.0, max_length=512, **kwargs):
        super().__init__(model, **kwargs)
        labels = raw_data.text_items("labels", labels, "a list of str")
        if len(labels) < 2 or len(set(labels)) < len(labels):
            raise ValueError(f"labels must be two or more, each another; got labels={labels}.")
        self.temperature = raw_data.number("temperature", temperature)
        if self.temperature <= 0:
            raise ValueError(f"temperature must be > 0 and finite; got temperature={temperature}.")
        self.tokenizer = tokenizer
        self.labels = labels
        self.max_length = raw_data.whole_number("max_length", max_length, least=2)

    def batches(
        self,
        x,
        y=None,
        *,
        batch_tokens=4096,
        batch_size=None,
        shuffle=0,
        seed=0,
        subword_sampling=0.0,
    ):
        """Texts with labels -> batches of (tokens, labels, weights).

        Args:
            x: list of (text, label), a label being one of `labels`, or its number; or a list of
                texts, with `y`; or a tf.data.Dataset of such pairs, batched or not. An array, a
                generator or a `zip` serves as a list.
            y: list of labels.
            batch_tokens, batch_size, shuffle, seed, subword_sampling: see `fit`.

        Returns:
            A tf.data.Dataset of tokens int32 (B, S); numbers of labels int32 (B,); weights float32
            (B,), all 1.
        """

        def encode(rows):
            return framed(self.tokenizer(rows, sampling=subword_sampling), end=True)

        return bucketed_labels(
            self._examples(x, y),
            encode,
            batch_tokens=batch_tokens,
            batch_size=batch_size,
            max_length=self.max_length,
            shuffle=shuffle,
            seed=seed,
        )

    def classify(self, inputs, top_k=None, return_dict=False):
        """Names the class of each text.

        Args:
            inputs: str, or a list of str.
            top_k: None for the label alone; else how many labels, best first, each with its
                probability.
            return_dict: whether to return `zoo.tasks.Classified`, with what the model looked at.

        Returns:
            For a str, its label; with `top_k` a list of (label, probability). For a list of str, a
            list of these.

        Raises:
            TypeError: `inputs` is of another kind, or `top_k` no int.
            ValueError: `top_k` is below 1.
        """
        rows = texts("inputs", inputs)
        named(np.zeros(len(self.labels)), self.labels, top_k)  # refuses a wrong one before the work
        encoded = self._encode(rows)
        probabilities, attention = self._probabilities(encoded)
        if return_dict:
            found = [
                self._explained(*row, top_k)
                for row in zip(encoded, probabilities, attention, strict=True)
            ]
        else:
            found = [named(row, self.labels, top_k) for row in probabilities]
        return found[0] if isinstance(inputs, str) else found

    def answer(self, inputs):
        """The probabilities of all labels, in their order, for each of a list of str."""
        return self._probabilities(self._encode(texts("inputs", inputs)))[0]

    def calibrate(self, x, y=None):
        """Sets the temperature with which the probabilities fit labelled texts best.

        It changes no label, only how sure the model says it is: after it, of the answers that are
        given 0.9 about nine in ten are right. The texts must be others than those of the training.

        Args:
            x, y: as of `batches`.

        Returns:
            The temperature, which is kept with the model.

        Reference:
            Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.
        """
        pairs = [pair for pair in self._examples(x, y).as_numpy_iterator()]
        found = [text.decode("utf-8", "replace") for text, _ in pairs]
        targets = np.array([label for _, label in pairs])
        self.temperature = 1.0
        # Of the logarithms of probabilities a softmax gives the same as of the logits.
        logits = np.log(np.maximum(np.array(self.answer(found), "float64"), 1e-12))

        def loss(log_temperature):
            scaled = logits / math.exp(log_temperature)
            scaled -= scaled.max(axis=1, keepdims=True)
            log_sums = np.log(np.exp(scaled).sum(axis=1))
            return float(np.mean(log_sums - scaled[np.arange(len(targets)), targets]))

        # The loss has one minimum; the grid around it is made finer until it does not matter.
        centre, width = 0.0, 3.0
        while width > 1e-3:
            centre = min(np.linspace(centre - width, centre + width, 21), key=loss)
            width /= 5
        self.temperature = math.exp(centre)
        return self.temperature

    def _examples(self, x, y):
        """What `fit` takes as data -> a tf.data.Dataset of a string and the number of a label."""
        if isinstance(x, tf.data.Dataset):
            if y is not None:
                raise ValueError(f"y must be None with a dataset; got {type(y).__name__}.")
            return self._numbered(x)
        rule = "a list of (text, label) pairs, or a list of texts, with y of labels"
        if y is None:
            rows = raw_data.items("x", x, rule)
            raw_data.check_items("x[{}]", rows, raw_data.is_pair, "x", rule)
            found, labels = (list(side) for side in zip(*rows, strict=True)) if rows else ([], [])
            raw_data.check_items("x[{}][0]", found, raw_data.is_text, "x", rule)
            place = "x[{}][1]"
        else:
            found = raw_data.text_items("x", x, rule)
            labels, place = raw_data.items("y", y, "a list of labels"), "y[{}]"
            if len(labels) != len(found):
                raise ValueError(
                    f"y must have one label for each text; got {len(labels)} for {len(found)}."
                )
        if not found:
            raise ValueError("x must hold at least one pair; got none.")
        numbers = [self._number(place.format(i), label) for i, label in enumerate(labels)]
        return tf.data.Dataset.from_tensor_slices((found, np.array(numbers, "int32")))

    def _number(self, place, label):
        """The number of a label that is given by its name or its number."""
        label = label.decode("utf-8", "replace") if isinstance(label, bytes) else label
        if isinstance(label, str) and label in self.labels:
            return self.labels.index(label)
        whole = isinstance(label, (int, np.integer)) and not isinstance(label, bool)
        if whole and 0 <= label < len(self.labels):
            return int(label)
        known = ", ".join(self.labels[:8]) + (", ..." if len(self.labels) > 8 else "")
        raise ValueError(
            f"labels must be of {known}, or numbers from 0 to {len(self.labels) - 1}; "
            f"got {place}={label!r:.80}."
        )

    def _numbered(self, dataset):
        """A tf.data.Dataset of (text, label), batched or not -> of single pairs with numbers."""
        rule = "a dataset of (text, label), text a string and label a string or an int"
        pairs = raw_data.string_dataset(dataset, 2, rule, labels=True)

        def number(label):
            label = label if isinstance(label, bytes) else int(label)
            return np.int32(self._number("label", label))

        def numbered(text, label):
            found = tf.numpy_function(number, [label], tf.int32)
            return text, tf.ensure_shape(found, [])

        return pairs.map(numbered)

    def _encode(self, rows):
        cut = self.max_length - 1
        return [ids[:cut] + [END_ID] for ids in self.tokenizer.encode(rows)]

    def _probabilities(self, encoded):
        """Lists of ids -> probabilities (N, C), and for each the weights of its tokens."""
        self.build()
        probabilities = np.zeros((len(encoded), len(self.labels)), "float32")
        attention = [None] * len(encoded)
        for rows in chunks(list(map(len, encoded))):
            found, weights = self._probability_function(padded([encoded[i] for i in rows]))
            probabilities[rows] = found.numpy()
            for i, row in zip(rows, weights.numpy(), strict=True):
                attention[i] = row[: len(encoded[i])]
        return probabilities, attention

    @property
    def _probability_function(self):
        key = "probabilities", *self.answer_settings()
        if key not in self._functions:
            self._functions[key] = tf.function(
                self.probabilities, autograph=False, input_signature=[IDS]
            )
        return self._functions[key]

    def probabilities(self, ids):
        """Tokens int32 (B, S) -> probabilities float32 (B, C), weights of tokens float32 (B, S)."""
        logits, attention = self.model(ids, return_attention_scores=True, training=False)
        scaled = tf.cast(logits, tf.float32) / self.temperature
        return tf.nn.softmax(scaled), tf.cast(attention, tf.float32)

    def settings(self):
        return {"temperature": self.temperature}

    def answer_settings(self):
        return (self.temperature,)

    def _explained(self, ids, probabilities, attention, top_k):
        ranked = named(probabilities, self.labels, top_k or len(self.labels))
        (label, probability), *_ = ranked
        return Classified(
            label=label,
            probability=probability,
            ranked=ranked,
            source_tokens=self.tokenizer.pieces(ids),
            attention=attention[None, None, None],
        )

    # In a graph, and without TensorFlow.

    def graph_inputs(self, inputs):
        return text_tensor(inputs)

    def preprocess_tf(self, inputs):
        pieces = self.tokenizer(inputs)[:, : self.max_length - 1]
        return tf.ensure_shape(framed(pieces, end=True).to_tensor(), [None, None])

    def graph_answer(self, inputs):
        return self.probabilities(self.preprocess_tf(inputs))[0]

    def serve(self, inputs):
        return self._ranked(self.graph_answer(inputs))

    def signatures(self):
        """What an export offers.

        `serving_default` takes `text` string (B,), and gives `label` string (B, C) and
        `probability` float32 (B, C), best first. `attention` adds `text`, the best label, string
        (B,), which is the one of `target_tokens` string (B, 1), `source_tokens` string (B, S), and
        the weight of each, `attention` float32 (B, 1, S).
        """
        return {**super().signatures(), "attention": self.served(self._serve_attention)}

    def _ranked(self, probabilities):
        best, order = tf.math.top_k(probabilities, k=len(self.labels))
        return {"label": tf.gather(tf.constant(self.labels), order), "probability": best}

    def _serve_attention(self, inputs):
        ids = self.preprocess_tf(inputs)
        probabilities, attention = self.probabilities(ids)
        answer = self._ranked(probabilities)
        return {
            **answer,
            "text": answer["label"][:, 0],
            "source_tokens": self.tokenizer.graph_pieces(ids),
            "target_tokens": answer["label"][:, :1],
            "attention": tf.where(ids != PAD_ID, attention, 0.0)[:, None],
        }

    def resources(self):
        return [self.tokenizer.resource]

    def lite_function(self):
        """See `Task`: `source` int32 (B, S) -> `probability` float32 (B, C), as of `labels`."""
        self.build()

        def run(source):
            return {"probability": self.probabilities(source)[0]}

        return tf.function(run, autograph=False).get_concrete_function(source=IDS)

    def lite_files(self):
        return {SOURCE: self.tokenizer.proto}

    def lite_manifest(self, weights):
        return {"rows": _LITE_ROWS, "labels": self.labels, "longest_source": self.max_length}

    def get_config(self):
        numbers = {name: getattr(self, name) for name in ("labels", "temperature", "max_length")}
        return {**super().get_config(), **numbers}
