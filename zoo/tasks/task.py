"""`Task`: what turns a model into something that takes raw inputs and gives answers."""

from pathlib import Path

import keras
import tensorflow as tf

from zoo.system import NamesOptions
from zoo.tasks.files import for_this_keras
from zoo.tasks.keras_verbs import KerasVerbs


class Task(NamesOptions, KerasVerbs):
    """Base of the task models: raw inputs in, answers out, trained on raw data as Keras does.

    It knows no token and no search. An answer is `postprocess_tf(model(preprocess_tf(inputs)))`, in
    Python as in an export. A head defines

    - `batches`: raw data -> batches of (inputs, targets, weights) to train on;
    - `preprocess_tf`: raw inputs, as `serving_spec` has them, -> inputs of the model;
    - `postprocess_tf`: outputs of the model -> a dict of tensors, the answer first;

    and as much of the rest as it wants otherwise: a verb for its users, such as `classify`, further
    `signatures`, what a LiteRT file holds. `zoo.tasks.SearchTask` is the base of the heads that
    write text.

    Args:
        model: maps inputs to logits; what `call` runs.
        encoder: see `zoo.training.Learner`.
    """

    verb = "answer"  # name of the method that answers users
    serialized_parts = ("model", "tokenizer")  # arguments of the constructor that are objects
    serving_spec = None  # tf.TensorSpec of raw inputs in an export
    source_spec = None  # tf.TensorSpec of inputs of the model
    choices = ()  # names, where each line of an input is one: a page offers them

    def ask(self, inputs, **options):
        """What the verb of the task answers.

        With `return_dict=True`, where the verb has it, that is what `zoo.plot_attention` draws.
        """
        return getattr(self, self.verb)(inputs, **options)

    def settings(self):
        """How the task answers where it is not told otherwise: a dict that JSON can write."""
        return {}

    def answer(self, inputs):
        return self._answer_function(self.graph_inputs(list(inputs))).numpy()

    # In a graph.

    def graph_inputs(self, inputs):
        return tf.constant(inputs, self.serving_spec.dtype)

    def preprocess_tf(self, inputs):
        """Raw inputs, as `serving_spec` has them -> inputs of the model, as `source_spec`."""
        raise NotImplementedError

    def postprocess_tf(self, outputs):
        """Outputs of the model -> a dict of tensors of B rows, of which the first is the answer."""
        raise NotImplementedError

    def serve(self, inputs):
        """What `serving_default` gives to raw inputs."""
        return self.postprocess_tf(self.model(self.preprocess_tf(inputs), training=False))

    def graph_answer(self, inputs):
        return next(iter(self.serve(inputs).values()))

    def signatures(self):
        """What an export offers: name -> tf.function with an input signature.

        Every output is dense, a dict of tensors with the batch in front. `serving_default` is asked
        where nothing is named; `attention`, where the head attends, has besides `text` string (B,),
        `source_tokens` string (B, S) and `target_tokens` string (B, T) what these attend to:
        `attention` float32 (B, T, S).
        """
        self.build()
        return {"serving_default": self.served(self.serve)}

    def served(self, function):
        """A function of raw inputs as a tf.function of `serving_spec`."""
        return tf.function(function, autograph=False, input_signature=[self.serving_spec])

    def resources(self):
        """What the functions of an export need beside weights: a list of trackable objects."""
        return []

    def export(
        self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **options
    ):
        """Writes a SavedModel of `signatures`, for TF Serving or any TensorFlow runtime.

        Args:
            filepath: folder to write.
            format: "tf_saved_model". The files of `zoo export --format litert` are made by
                `zoo.serving`.
            verbose: whether to print the names of the signatures. Default: no.
            input_signature: must be None: the signatures take raw inputs.

        Returns:
            The path of the folder.

        Raises:
            ImportError: tensorflow-text is missing, whose ops an export needs.
            TypeError: an option of another format.
            ValueError: another format, or a signature.
        """
        if format == "litert":
            raise ValueError(
                "format must be 'tf_saved_model'; got format='litert', which "
                "`zoo export NAME --format litert` writes."
            )
        if format != "tf_saved_model":
            raise ValueError(f"format must be 'tf_saved_model'; got format={format!r}.")
        if input_signature is not None:
            raise ValueError(
                "input_signature must be None: an export takes raw inputs; "
                f"got {input_signature!r:.80}."
            )
        if options:
            raise TypeError(f"export got an unexpected argument {next(iter(options))!r}.")
        path = Path(filepath)
        self.build()
        signatures = self.signatures()
        # The graph's resources, not the Keras objects, which would bring signatures of their own.
        module = tf.Module()
        module.weights = [weight.value for weight in self.weights]
        module.resources = self.resources()
        module.functions = signatures
        tf.saved_model.save(module, str(path), signatures)
        if verbose:
            print(f"{path}: signatures {', '.join(signatures)}")
        return path

    # Without TensorFlow.

    def lite_function(self):
        """The concrete function that a LiteRT file runs: `source`, as `source_spec`, to a dict."""
        self.build()

        def run(source):
            return self.postprocess_tf(self.model(source, training=False))

        return tf.function(run, autograph=False).get_concrete_function(source=self.source_spec)

    def lite_files(self):
        """What the reader of a LiteRT file needs beside it: file name -> bytes."""
        return {}

    def lite_manifest(self, weights):
        """What the reader of a LiteRT file must know: a dict that JSON can write.

        Args:
            weights: "int8" or "float32", how the file stores the weights.
        """
        return {"rows": 1}

    # Saving.

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        parts = {name: serialize(getattr(self, name)) for name in self.serialized_parts}
        return {**super().get_config(), **parts}

    @classmethod
    def from_config(cls, config):
        parts = {name: config[name] for name in cls.serialized_parts}
        parts = {
            name: part and keras.saving.deserialize_keras_object(for_this_keras(part))
            for name, part in parts.items()
        }
        return cls(**{**config, **parts})
