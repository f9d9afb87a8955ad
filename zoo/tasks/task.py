"""`Task`: what turns a model into something that takes raw inputs and gives answers."""

from pathlib import Path

import keras
import tensorflow as tf

from zoo.tasks.keras_verbs import KerasVerbs


class Task(KerasVerbs):
    """Base of the task models: raw inputs in, answers out, trained on raw data as Keras does.

    It knows no token and no search. A head defines

    - `batches`: raw data -> batches of (inputs, targets, weights) to train on;
    - `answer`: a list of raw inputs -> their answers, which `predict` gathers;
    - `graph_inputs`, `serving_spec`, `graph_answer`, `signatures`: the same in a graph, which an
      export is made of;
    - `lite_function`, `lite_files`, `lite_manifest`: the same without TensorFlow;
    - a verb for its users, such as `generate` or `classify`.

    `zoo.tasks.SearchTask` is the base of the heads that write text.

    Args:
        model: maps inputs to logits; what `call` runs.
        encoder: see `zoo.training.Learner`.
    """

    serialized_parts = ("model", "tokenizer")  # arguments of the constructor that are objects
    serving_spec = None  # tf.TensorSpec of raw inputs in an export

    # In a graph.

    def signatures(self):
        """What an export offers: name -> tf.function with an input signature.

        Every output is dense, a dict of tensors with the batch in front. `serving_default` is asked
        where nothing is named; `attention`, where the head attends, has besides `text` string (B,),
        `source_tokens` string (B, S) and `target_tokens` string (B, T) what these attend to:
        `attention` float32 (B, T, S).
        """
        raise NotImplementedError

    def resources(self):
        """What of a vocabulary the functions of an export need: a list of trackable objects."""
        return [self.tokenizer.resource]

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
        """The concrete function that a LiteRT file runs, from dense numbers to a dict of them."""
        raise NotImplementedError

    def lite_files(self):
        """What the reader of a LiteRT file needs beside it: file name -> bytes."""
        return {}

    def lite_manifest(self, weights):
        """What the reader of a LiteRT file must know: a dict that JSON can write.

        Args:
            weights: "int8" or "float32", how the file stores the weights.
        """
        return {}

    # Saving.

    @classmethod
    def from_config(cls, config):
        parts = {name: config[name] for name in cls.serialized_parts}
        parts = {
            name: part and keras.saving.deserialize_keras_object(part)
            for name, part in parts.items()
        }
        return cls(**{**config, **parts})
