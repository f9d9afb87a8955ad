"""What a Keras user calls: `compile`, `fit`, `evaluate`, `predict` and their like, on raw data."""

import inspect
import itertools

import keras
import numpy as np
import tensorflow as tf

from zoo.layers.adapted import short_collections
from zoo.system import with_new_names
from zoo.tasks import raw_data
from zoo.tasks.graphs import Graphs
from zoo.training import Learner


class KerasVerbs(Learner):
    """The half of `Task` that trains, and that answers as a `keras.Model` does.

    Every argument of the Keras methods is honoured, or refused by its name. Data are raw (see
    `batches` of the class), or what `batches` returns.
    """

    answer_dtype = object  # of the numpy array in which `predict` gathers answers

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._graphs = Graphs()

    @property
    def _functions(self):
        """Compiled functions by their setting, as long as the layers stay as they are."""
        return self._graphs.of(self)

    def build(self, input_shape=None):
        if not self.built:
            with self.distribute_strategy.scope():  # `fit` is called outside of the scope
                super().build(input_shape)

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Raw data -> a tf.data.Dataset of (inputs, targets int32, weights of the targets)."""
        raise NotImplementedError

    def answer(self, inputs):
        """A list of raw inputs -> a list or an array of their answers, as `predict` gives them."""
        raise NotImplementedError

    def graph_answer(self, inputs):
        """`answer` in a graph, of raw inputs as `serving_spec` has them: a tensor of B rows."""
        raise NotImplementedError

    def compile(self, *args, **kwargs):
        """`Learner.compile`, and no XLA, which compiles anew for each length."""
        kwargs = with_new_names(kwargs, {"consistency": "r_drop_alpha"})
        kwargs.setdefault("jit_compile", False)  # XLA compiles anew for each length: seconds each
        super().compile(*args, **kwargs)

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
        *,
        batch_tokens=None,
        seed=0,
        subword_sampling=0.0,
    ):
        """Trains on raw data, which `batches` prepares.

        Args:
            x, y: see `batches`: data sets, lists, arrays; a generator or a `zip` is read to its end
                first. Or a tf.data.Dataset of what `batches` returns.
            batch_size: rows of a batch, in the order of the shuffle. Default: `batch_tokens`.
            validation_split: the part of a list, at its end, that is kept for validation.
            validation_data: (x, y) as a tuple, or like `x` alone: a list of pairs, a data set.
            shuffle: False for the order of the data; True for a buffer of 50,000 examples; or an
                int, the size of the buffer.
            class_weight, sample_weight: must be None: each real token weighs 1.
            steps_per_epoch: with it the data repeats without end.
            initial_epoch: with `steps_per_epoch`, training goes on with the batches where that many
                epochs would have left it.
            validation_batch_size: Default: `batch_size`.
            epochs, verbose, callbacks, validation_steps, validation_freq: as in `keras.Model.fit`.
            batch_tokens: the most padded positions a batch has on its longer side, 4096 by default;
                rows of like length come together.
            seed: of the shuffle.
            subword_sampling: of pairs of texts: alpha of subword regularisation, 0 for none. Above
                it, words are cut into other tokens each time they are seen, and the smaller alpha,
                the more freely; 0.2 suits a few thousand pairs.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            TypeError: data of another kind; the message says which item.
            ValueError: an argument outside its range.
        """
        self._make_ready()
        raw_data.refuse("class_weight", class_weight)
        raw_data.refuse("sample_weight", sample_weight)
        shape = raw_data.batch_shape(batch_size, batch_tokens)
        validation_shape = shape
        if validation_batch_size is not None:
            validation_shape = raw_data.batch_shape(validation_batch_size, None)
        if validation_split and validation_data is None:
            (x, y), validation_data = raw_data.validation_split(x, y, validation_split)
        varied = self._subword_sampling(subword_sampling)
        shuffle = raw_data.shuffle_buffer(shuffle)
        batches = self._batched(x, y, shuffle=shuffle, seed=seed, **shape, **varied)
        if validation_data is not None:
            vx, vy = raw_data.validation_pair(validation_data)
            validation_data = self._batched(vx, vy, **validation_shape).cache()
        if steps_per_epoch:
            batches = batches.repeat().skip(steps_per_epoch * initial_epoch)
        with raw_data.plain_errors():
            return super().fit(
                batches.prefetch(8),
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_data=validation_data,
                shuffle=False,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_freq=validation_freq,
            )

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        *,
        batch_tokens=None,
        **kwargs,
    ):
        """`keras.Model.evaluate` on raw data, or on what `batches` returns; arguments as of `fit`.

        The loss is the mean over all real tokens, whatever the batches.
        """
        if not kwargs.get("_use_cached_eval_dataset"):  # as `keras.Model.fit` calls it
            self._make_ready()
            raw_data.refuse("sample_weight", sample_weight)
            x, y = self._batched(x, y, **raw_data.batch_shape(batch_size, batch_tokens)), None
        with raw_data.plain_errors():
            found = super().evaluate(
                x,
                verbose=verbose,
                steps=steps,
                callbacks=callbacks,
                return_dict=return_dict,
                **kwargs,
            )
        # Keras 3.13 returns tensors, which are compared and written in another way.
        return keras.tree.map_structure(lambda one: one if np.ndim(one) else float(one), found)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """The answers to raw inputs, as Keras predicts: batch by batch.

        Args:
            x: inputs as the task's own verb takes them, in a list, an array, an iterator or a
                tf.data.Dataset, batched or not, of which further columns are not looked at. Or
                inputs of the model, as `batches` makes them, for which Keras predicts logits.
            batch_size: inputs that are answered between two steps of the progress bar, 32 by
                default.
            verbose, callbacks: as in `keras.Model.predict`.
            steps: batches after which it ends.

        Returns:
            A numpy array with N rows: of what writes text, str (N,), dtype object, or (N, R) with
            `num_return_sequences` R above 1; of a classifier, its probabilities.
        """
        if self._is_of_tokens(x):
            self._make_ready()
            return super().predict(x, batch_size, verbose, steps, callbacks)
        size = raw_data.batch_shape(32 if batch_size is None else batch_size, None)["batch_size"]
        found = self._raw_inputs(x)
        if steps is None and isinstance(found, list):
            steps = -(-len(found) // size)
        rows = iter(found)
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.callbacks.CallbackList(
                callbacks,
                add_progbar=verbose != 0,
                verbose=1 if verbose == "auto" else verbose,
                epochs=1,
                steps=steps,
                model=self,
            )
        callbacks.on_predict_begin()
        answers = []
        for step in itertools.count() if steps is None else range(steps):
            batch = list(itertools.islice(rows, size))
            if not batch:
                break
            callbacks.on_predict_batch_begin(step)
            found = self.answer(batch)
            callbacks.on_predict_batch_end(step, {"outputs": found})
            answers += list(found)
        callbacks.on_predict_end()
        return np.array(answers, dtype=self.answer_dtype)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """`keras.Model.train_on_batch` on raw data: one step on all of it; see `fit`."""
        self._make_ready()
        x, y, sample_weight = self._one_batch(x, y, sample_weight)
        raw_data.refuse("class_weight", class_weight)
        return super().train_on_batch(x, y, sample_weight, return_dict=return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """`keras.Model.test_on_batch` on raw data: the loss of all of it; see `fit`."""
        self._make_ready()
        x, y, sample_weight = self._one_batch(x, y, sample_weight)
        return super().test_on_batch(x, y, sample_weight, return_dict)

    def predict_on_batch(self, x):
        """`predict` of one batch."""
        if self._is_of_tokens(x):
            return super().predict_on_batch(x)
        return np.array(self.answer(list(self._raw_inputs(x))), dtype=self.answer_dtype)

    def make_train_function(self, force=False):
        # A graph that makes variables is traced twice: those of the optimizer are made before.
        optimizer = self.optimizer
        if not optimizer.built and all(layer.built for layer in self._flatten_layers()):
            with self.distribute_strategy.scope():
                optimizer.build(self.trainable_variables)
        return super().make_train_function(force)

    def train_step(self, data):
        if self.loss is not None:
            return super().train_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
        return self._logs_after(x, y, y_pred, sample_weight, loss)

    def test_step(self, data):
        if self.loss is not None:
            return super().test_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        return self._logs_after(x, y, y_pred, sample_weight, loss)

    def _logs_after(self, x, y, y_pred, sample_weight, loss):
        """The metrics after a step; its loss counts by the real tokens of the batch."""
        weights = tf.cast(self._target_weights(y, sample_weight), tf.float32)
        rows = tf.cast(tf.shape(y)[0], tf.float32)
        # At least 1, as the loss is divided by; and nothing for a replica without rows.
        tokens = tf.minimum(rows, 1.0) * tf.maximum(tf.reduce_sum(weights), 1.0)
        self._loss_tracker.update_state(self.over_replicas(loss), sample_weight=tokens)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def over_replicas(self, value):
        if self.distribute_strategy.num_replicas_in_sync == 1 or not tf.distribute.has_strategy():
            return value
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras takes the mean of the parts of a batch, which may have other numbers of rows.
        if iterator is not None and self.distribute_strategy.num_replicas_in_sync > 1:
            _, _, batches = next(iter(iterator))
            parts = self.distribute_strategy.experimental_local_results
            data_batch = tf.nest.map_structure(lambda part: parts(part)[0], next(batches))
            iterator = None
        super()._maybe_symbolic_build(iterator, data_batch)

    def quantize(self, mode=None, config=None, filters=None, **kwargs):
        """`keras.Model.quantize`."""
        self.build()
        with short_collections():
            super().quantize(mode, config=config, filters=filters, **kwargs)

    def enable_lora(self, rank, lora_alpha=None, target_layer_names=None):
        """Freezes the model and gives its dense layers low-rank updates, to train these alone.

        Then `compile` and `fit` on pairs of one's own. A saved model holds the sum of the old
        weights and their updates, and loads as one without LoRA; Keras warns that it skips the
        state of the optimizer, which was that of the updates.

        Args:
            rank: of the updates.
            lora_alpha: the updates are scaled by `lora_alpha / rank`. Default: `rank`.
            target_layer_names: list of str, names of `keras.layers.Dense` layers in `model`.
                Default: all of them, those of the attention and feed-forward layers.

        Raises:
            TypeError: a rank that is no int, a scale that is no number, or a str for the names.
            ValueError: LoRA is enabled already; a number below its range; a name that no dense
                layer has.

        Reference:
            Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models.
        """
        rank = raw_data.whole_number("rank", rank)
        if lora_alpha is not None and raw_data.number("lora_alpha", lora_alpha) <= 0:
            raise ValueError(f"lora_alpha must be > 0; got lora_alpha={lora_alpha}.")
        if target_layer_names is not None:
            rule = "a list of str"
            target_layer_names = raw_data.text_items("target_layer_names", target_layer_names, rule)
        self.build()
        kinds = (keras.layers.Dense, keras.layers.EinsumDense)
        dense = [layer for layer in self.model._flatten_layers() if isinstance(layer, kinds)]
        if any(layer.lora_enabled for layer in dense):
            raise ValueError("enable_lora must be called once; LoRA is enabled already.")
        names = {layer.name for layer in dense}
        wanted = names if target_layer_names is None else set(target_layer_names)
        if not wanted or wanted - names:
            raise ValueError(
                f"target_layer_names must be of {sorted(names)}; got {sorted(wanted - names)}."
            )
        for layer in self._flatten_layers(include_self=False):
            layer.trainable = False
        for layer in dense:
            if layer.name in wanted:
                layer.trainable = True
                layer.enable_lora(rank, lora_alpha=lora_alpha)
                if layer.bias is not None:
                    layer.bias.trainable = False
        self.compiled = False  # the optimizer knows other weights: `fit` asks for `compile`

    def __call__(self, inputs, *args, **kwargs):
        """The model on its inputs (see `call`); on strings, the answers as a tf.string tensor."""
        if self._is_raw(inputs):
            inputs = self.graph_inputs(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs, training=None):
        """Inputs of the model -> logits float32; tf.string, as an export takes -> answers.

        The answers are those of the task's own verb with the settings kept with the model; but a
        translator reads each text as one sentence, as in its export.
        """
        if not raw_data.is_strings(inputs):
            return super().call(inputs, training)
        rows = tf.reshape(inputs, [-1])
        eager = tf.executing_eagerly()
        found = self._answer_function(rows) if eager else self.graph_answer(rows)
        return tf.reshape(found, tf.concat([tf.shape(inputs), tf.shape(found)[1:]], axis=0))

    @property
    def _answer_function(self):
        key = "call", *self.answer_settings()
        if key not in self._functions:
            self._functions[key] = tf.function(
                self.graph_answer, autograph=False, input_signature=[self.serving_spec]
            )
        return self._functions[key]

    def answer_settings(self):
        """What of the model, beside its layers, the graph of its answers is made of: a tuple."""
        return ()

    def graph_inputs(self, inputs):
        """Raw inputs as users give them -> tf.string (B,) as an export takes, () for one alone."""
        raise NotImplementedError

    def _is_raw(self, x):
        """Whether these are inputs as users give them, as strings or files."""
        kinds = (str, bytes)
        return (
            isinstance(x, kinds)
            or (isinstance(x, (list, tuple)) and len(x) > 0 and isinstance(x[0], kinds))
            or (isinstance(x, np.ndarray) and raw_data.is_strings(x))
        )

    def _is_of_tokens(self, x):
        """Whether these are inputs of the model, not raw ones."""
        if isinstance(x, tf.data.Dataset):
            spec = x.element_spec
            first = spec[0] if isinstance(spec, tuple) else spec
            if raw_data.is_prepared(x) or isinstance(first, dict):
                return True
            x = first
        if isinstance(x, dict):
            return True
        if self.encoder is not None or raw_data.is_strings(x) or not hasattr(x, "dtype"):
            return False
        return tf.as_dtype(x.dtype).is_integer

    def _raw_inputs(self, x):
        """Raw inputs one by one, from what `predict` takes."""
        if isinstance(x, str):
            return [x]
        if isinstance(x, tf.data.Dataset):
            if isinstance(x.element_spec, tuple):
                x = x.map(lambda first, *others: first)
            x = raw_data.string_dataset(x, 1, "a dataset of strings")
            return (text.decode("utf-8", "replace") for text in x.as_numpy_iterator())
        return raw_data.text_items("x", x, "a list of str")

    def _batched(self, x, y, **options):
        """Raw data by `batches`; what has been through it, as it is."""
        return x if raw_data.is_prepared(x) else self.batches(x, y, **options)

    def _one_batch(self, x, y, sample_weight):
        """Raw data -> one batch (inputs, targets, weights); one that is ready, as it is."""
        if self._is_of_tokens(x):
            return x, y, sample_weight
        raw_data.refuse("sample_weight", sample_weight)
        count = len(x) if hasattr(x, "__len__") and not isinstance(x, tf.data.Dataset) else 2**20
        found = next(iter(self.batches(x, y, batch_size=max(1, count))), None)
        if found is None:
            raise ValueError("x must hold an example that is short enough to train on; got none.")
        return found

    def _subword_sampling(self, alpha):
        """The argument of `batches`, where it is not 0."""
        if raw_data.number("subword_sampling", alpha) < 0:
            raise ValueError(f"subword_sampling must be >= 0; got subword_sampling={alpha}.")
        if alpha and "subword_sampling" not in inspect.signature(self.batches).parameters:
            raise ValueError(
                f"subword_sampling must be 0 for {type(self).__name__}, which cuts words in one "
                f"way; got subword_sampling={alpha}."
            )
        return {"subword_sampling": alpha} if alpha else {}

    def _make_ready(self):
        """Builds the model, and drops what was compiled before a change of its layers."""
        self.build()
        self._graphs.of(self)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas > 1 and self._distribute_strategy is None:
            raise ValueError(
                "A model that is trained on several replicas must be made within their "
                f"strategy.scope(); got one made outside, and {replicas} replicas."
            )
