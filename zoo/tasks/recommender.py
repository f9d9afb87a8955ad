"""`Recommender`: what somebody chose so far in, what to choose next out, and on what it rests."""

import keras
import numpy as np
import tensorflow as tf

from zoo.data.batching import bucketed_windows
from zoo.lite.catalogue import (
    SEEN,
    Catalogue,
    checked_top_k,
    decoded,
    item_lines,
    popularity_scores,
    ranked,
)
from zoo.tasks import raw_data
from zoo.tasks.inputs import IDS, chunks, number_table, padded, stripped, text_tensor
from zoo.tasks.output import Recommended
from zoo.tasks.task import Task

_SERVED = 10  # items that an export gives, and `predict`
_RULE = "a list of histories, each a list of names or ids of items, or a str with one a line"
_ASKED = "a str with an item a line, or a list of histories"


@keras.saving.register_keras_serializable(package="zoo")
class Recommender(Task):
    """Names what comes next in a history: films, books, songs.

    `fit` trains on histories; `recommend` gives the items that go best with a history, without
    those in it. A history without items gets what is chosen most, and the answer says so.

    Args:
        model: `zoo.models.SASRec`, or any `keras.Model` that maps items int32 (B, T), numbered from
            1 and padded with 0 at their end, to logits float32 (B, T, C + 1), and has its
            `following` and `context_length`.
        items: list of C different str, the names of the items in the order of their numbers.
        ids: list of C different int or str, by which items can be named, too; or None.
        popularity: list of C int, how often each item was chosen. Default: `fit` counts it.

    Raises:
        ValueError: no items, or the same twice; or lists that do not fit together.

    Reference:
        Kang and McAuley 2018, Self-Attentive Sequential Recommendation.
    """

    verb = "recommend"
    serialized_parts = ("model",)
    serving_spec = tf.TensorSpec([None], tf.string, name="history")
    source_spec = IDS

    def __init__(self, model, items, ids=None, popularity=None, **kwargs):
        super().__init__(model, **kwargs)
        items = raw_data.text_items("items", items, "a list of str")
        if ids is not None:
            ids = raw_data.items("ids", ids, "a list of int or str")
        self.catalogue = Catalogue(items, ids)
        if popularity is not None and len(popularity) != len(items):
            raise ValueError(
                f"popularity must have {len(items)} numbers, one for each item; "
                f"got {len(popularity)}."
            )
        self.popularity = list(map(int, popularity or [0] * len(items)))

    @property
    def choices(self):
        return self.items

    @property
    def items(self):
        """Names of the items, in the order of their numbers."""
        return list(self.catalogue.names)

    def fit(self, x=None, y=None, **options):
        """Trains on histories; see `zoo.tasks.Task.fit`. It also counts what is chosen most.

        What is kept for validation is not counted.

        Args:
            x: histories, each a list of names or ids in the order of time, or a str with one of
                them a line; in a list or a tf.data.Dataset of str. Each item but the first is
                learned to follow those before it; of what is longer than the context of the model,
                windows, cut anywhere.
            y: None; or a list with the item that follows each history, of which alone is learned.
            **options: as of `zoo.tasks.Task.fit`.

        Raises:
            ValueError: an item that is not in the catalogue; or histories of which nothing can be
                learned.
        """
        if raw_data.is_prepared(x):
            return super().fit(x, y, **options)
        x = self._histories(x)
        y = None if y is None else raw_data.items("y", y, "a list of items")
        split = options.pop("validation_split", 0.0)
        if split and options.get("validation_data") is None:
            (x, y), options["validation_data"] = raw_data.validation_split(x, y, split)
        callbacks = options.pop("callbacks", None)
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        # Before any other callback asks or saves the model, and not where `fit` is refused.
        counting = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: self.count(x, y))
        callbacks = [counting, *keras.tree.flatten(callbacks or [])]
        return super().fit(x, y, callbacks=callbacks, **options)

    def count(self, x, y=None):
        """Counts how often each item was chosen; `x` and `y` as of `fit`, which does it, too."""
        chosen = [number for row in self._rows(self._histories(x), y) for number in row]
        self.popularity = np.bincount(chosen, minlength=len(self.items) + 1)[1:].tolist()

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Histories -> batches of (items, items next, weights).

        Args:
            x, y: see `fit`.
            batch_tokens, batch_size, shuffle, seed: see `zoo.tasks.Task.fit`.

        Returns:
            A tf.data.Dataset of items int32 (B, T), padded with 0; the next ones int32 (B, T); and
            weights float32 (B, T), 1 for what is learned.
        """
        rows, window = self._rows(self._histories(x), y), self.model.context_length + 1
        if max(map(len, rows)) < 2:
            raise ValueError(
                "x must hold a history of an item and what follows it; "
                f"got {len(rows)} of one item at most."
            )
        if y is not None:
            rows = [row[-window:] for row in rows]
        ids = bucketed_windows(
            tf.data.Dataset.from_tensor_slices(tf.ragged.constant(rows, tf.int32)),
            lambda several: several,
            batch_tokens=batch_tokens,
            batch_size=batch_size,
            window=window,
            shuffle=shuffle,
            seed=seed,
        )

        def shifted(ids):
            items, targets = ids[:, :-1], ids[:, 1:]
            learned = targets > 0
            if y is not None:
                learned &= tf.pad(targets[:, 1:], [[0, 0], [0, 1]]) == 0
            return items, targets, tf.cast(learned, tf.float32)

        return ids.filter(lambda ids: tf.shape(ids)[1] > 1).map(shifted)

    def recommend(self, history, top_k=10, return_dict=False):
        """What goes best with a history, of what is not in it.

        Args:
            history: list of names or ids, in the order of time, the newest last; or a str with one
                of them a line. Or a list of such lists. Of a long one the newest are read, as many
                as the context of the model; what is further back is left out of the answer, too.
            top_k: how many items.
            return_dict: whether to return `zoo.tasks.Recommended`, with scores and what the answer
                attended to.

        Returns:
            list of names, best first, those of one score in the order of the catalogue; fewer than
            `top_k` where no more are left. For a list of lists, a list of these.

        Raises:
            TypeError: `history` is of another kind, or `top_k` no int.
            ValueError: an item that is not in the catalogue, with the names that are most like it;
                or `top_k` is below 1.
        """
        top_k = checked_top_k(top_k)
        several, rows = self.catalogue.histories(history)
        found = self._best(rows, top_k, return_dict)
        return found if several else found[0]

    def _best(self, rows, top_k, return_dict=False):
        found = [None] * len(rows)
        for i, scores, attention in self._scored(rows):
            best = ranked(scores, self.catalogue.names, top_k)
            found[i] = (
                self._explained(rows[i], best, attention)
                if return_dict
                else [name for name, _ in best]
            )
        return found

    def scores(self, histories):
        """How likely each item is the next one.

        Args:
            histories: list of lists of names or ids, or of str.

        Returns:
            float32 (N, C), natural-log probabilities of the items that are not in a history, in the
            order of `items`; -1e9 for those that are.

        Raises:
            as `recommend`.
        """
        rows = self._rows(self._histories(histories))
        found = np.zeros((len(rows), len(self.items)), "float32")
        for i, scores, _ in self._scored(rows):
            found[i] = scores[1:]
        return found

    def ask(self, inputs, **options):
        """`recommend` of histories as lists, or as texts of a line an item: one, or a list."""
        if isinstance(inputs, str):
            return self.recommend(inputs, **options)
        rows = raw_data.items("inputs", inputs, _ASKED)
        split = [item_lines(row) if isinstance(row, str) else row for row in rows]
        return self.recommend(split, **options)

    def answer(self, inputs):
        """The names of the best 10 items for each of a list of histories."""
        return self._best(self._rows(self._histories(inputs)), _SERVED)

    def _histories(self, x, name="x"):
        """What `fit` takes as histories, as a list; a tf.data.Dataset is read to its end."""
        if isinstance(x, tf.data.Dataset):
            return list(self._raw_inputs(x))
        found = raw_data.items(name, x, _RULE)
        if not isinstance(x, (list, tuple)):
            found = list(map(decoded, found))
        kinds = (str, list, tuple, np.ndarray)
        raw_data.check_items(name + "[{}]", found, lambda row: isinstance(row, kinds), name, _RULE)
        return found

    def _raw_inputs(self, x):
        known = isinstance(x, (str, tf.data.Dataset))
        return super()._raw_inputs(x) if known else self._histories(x)

    def _rows(self, x, y=None):
        """Histories, and what follows them -> lists of numbers."""
        rows = [
            self.catalogue.numbers(row.tolist() if isinstance(row, np.ndarray) else row, f"x[{i}]")
            for i, row in enumerate(x)
        ]
        if y is not None:
            following = self.catalogue.numbers(raw_data.items("y", y, "a list of items"), "y")
            if len(following) != len(rows):
                raise ValueError(
                    f"y must have one item for each in x; got {len(following)} for {len(rows)}."
                )
            rows = [[*row, number] for row, number in zip(rows, following, strict=True)]
        if not rows:
            raise ValueError("x must hold at least one history; got none.")
        return rows

    def _scored(self, rows):
        """Lists of numbers -> for each its place, scores (C + 1,), attention (layers, H, S)."""
        self.build()
        newest = [row[-self.model.context_length :] for row in rows]
        for places in chunks([max(len(row), 16) for row in newest]):
            ids = padded([newest[i] for i in places])
            ids = np.pad(ids, [(0, 0), (0, int(not ids.shape[1]))])  # one column at least
            seen = padded([rows[i] for i in places])
            found = self._score_function(ids, seen)
            for i, scores, weights in zip(places, *(x.numpy() for x in found), strict=True):
                yield i, scores, weights[:, :, : len(newest[i])]

    @property
    def _score_function(self):
        key = "scores", *self.answer_settings()
        if key not in self._functions:
            self._functions[key] = tf.function(
                self.log_probabilities, autograph=False, input_signature=[IDS, IDS]
            )
        return self._functions[key]

    def answer_settings(self):
        return tuple(self.popularity)

    def log_probabilities(self, ids, seen):
        """How likely each item comes next, and what was attended to.

        Args:
            ids: int32 (B, T), the newest items of each history, padded with 0 at the end.
            seen: int32 (B, N), all its items.

        Returns:
            float32 (B, C + 1), natural-log probabilities of the items that are not seen, -1e9 for
            padding and what is seen; float32 (B, layers, H, T), where the newest item looks.
        """
        logits, attention = self.model.following(ids)
        some = tf.reduce_any(ids > 0, axis=1, keepdims=True)
        logits = tf.where(some, logits, popularity_scores(self.popularity))
        attention = tf.where(some[..., None, None], attention, 0.0)
        count = len(self.catalogue.names) + 1
        taken = tf.math.bincount(
            tf.pad(seen, [[0, 0], [0, 1]]),  # of which 0, padding, is always one
            minlength=count,
            maxlength=count,
            axis=-1,
            binary_output=True,
        )
        found = tf.nn.log_softmax(tf.where(taken > 0, SEEN, logits))
        return tf.where(taken > 0, SEEN, found), attention

    def _explained(self, row, best, attention):
        names = self.catalogue.names
        newest = row[-self.model.context_length :]
        return Recommended(
            items=[name for name, _ in best],
            scores=[score for _, score in best],
            source_tokens=[names[number - 1] for number in newest],
            attention=attention[:, :, None] if newest else None,
            popular=not newest,
        )

    # In a graph, and without TensorFlow.

    def _is_raw(self, x):
        if isinstance(x, (list, tuple)) and len(x) > 0 and isinstance(x[0], (list, tuple)):
            rows = [row for row in x if isinstance(row, (list, tuple))]
            return any(isinstance(item, str) for row in rows for item in row)
        return super()._is_raw(x)

    def graph_inputs(self, inputs):
        if isinstance(inputs, (str, bytes)):
            return text_tensor(inputs)
        inputs = list(map(decoded, raw_data.items("inputs", inputs, _RULE)))
        histories = self._histories(inputs, "inputs")
        for i, row in enumerate(histories):
            if not isinstance(row, str):
                place = f"inputs[{i}]" + "[{}]"
                raw_data.check_items(place, row, _is_item, "inputs", _RULE)
                histories[i] = "\n".join(map(str, row))
        return text_tensor(histories)

    def numbers(self, inputs):
        """Histories tf.string (B,), an item a line -> ragged int32 (B, None); unknown ones go."""
        rows = tf.strings.split(inputs, "\n")
        found = self._table.lookup(stripped(rows.values))
        rows = rows.with_values(found)
        return tf.ragged.boolean_mask(rows, rows > 0)

    def preprocess_tf(self, inputs):
        return self._newest(self.numbers(inputs))

    def _newest(self, rows):
        ids = rows[:, -self.model.context_length :].to_tensor()
        ids = tf.pad(ids, [[0, 0], [0, tf.cast(tf.shape(ids)[1] == 0, tf.int32)]])
        return tf.ensure_shape(ids, [None, None])

    def serve(self, inputs):
        return self._served(inputs)[0]

    def signatures(self):
        """What an export offers.

        `serving_default` takes `history` string (B,), names or ids of items, one a line, the newest
        last; what is not in the catalogue is passed over. It gives `item` string (B, 10), best
        first, and `score` float32 (B, 10), natural-log probabilities; "" and -1e9 where nothing is
        left. `attention` adds `text`, the best item, string (B,), `target_tokens` string (B, 1),
        the same, `source_tokens` string (B, S), the history as it was read, and `attention` float32
        (B, 1, S), the mean over layers and heads; of an empty history 0.
        """
        return {**super().signatures(), "attention": self.served(self._serve_attention)}

    def _served(self, inputs):
        rows = self.numbers(inputs)
        ids = self._newest(rows)
        scores, attention = self.log_probabilities(ids, rows.to_tensor())
        best, order = tf.math.top_k(scores, k=min(_SERVED, len(self.catalogue.names)))
        items = tf.where(best > SEEN / 2, tf.gather(self._names, order), "")
        return {"item": items, "score": best}, ids, attention

    def _serve_attention(self, inputs):
        answer, ids, attention = self._served(inputs)
        return {
            **answer,
            "text": answer["item"][:, 0],
            "source_tokens": tf.gather(self._names, ids),
            "target_tokens": answer["item"][:, :1],
            "attention": tf.reduce_mean(attention, axis=[1, 2])[:, None],
        }

    @property
    def _names(self):
        return tf.constant(["", *self.catalogue.names])

    @property
    def _table(self):
        if "_lookup" not in self.__dict__:  # past Keras, which would track it
            self.__dict__["_lookup"] = number_table(self.catalogue.known)
        return self.__dict__["_lookup"]

    def resources(self):
        return [self._table]

    def lite_function(self):
        """See `Task`: `source` int32 (B, S) -> `score` float32 (B, C + 1), natural logs."""
        self.build()

        def run(source):
            logits, _ = self.model.following(source)
            return {"score": tf.nn.log_softmax(logits)}

        return tf.function(run, autograph=False).get_concrete_function(source=IDS)

    def lite_manifest(self, weights):
        return {
            "rows": 16,
            "items": self.catalogue.names,
            "ids": self.catalogue.ids,
            "popularity": self.popularity,
            "longest_source": self.model.context_length,
        }

    def get_config(self):
        return {
            **super().get_config(),
            "items": self.catalogue.names,
            "ids": self.catalogue.ids or None,
            "popularity": self.popularity,
        }


def _is_item(value):
    return isinstance(value, (str, int, np.integer)) and not isinstance(value, bool)
