"""What a task that searches is without Python: its signatures, and its LiteRT function."""

from typing import NamedTuple

import tensorflow as tf

from zoo.lite.readers import TARGET
from zoo.lite.search import batch_rows
from zoo.text import PAD_ID


class Answers(NamedTuple):
    """The best answers in a graph: ids int32 (B, T), and their log-probabilities float32 (B,)."""

    ids: tf.Tensor
    score: tf.Tensor


class SearchExport:
    """The part of `SearchTask` that an export is made of.

    A subclass says how raw inputs become sources in the graph (`preprocess_tf`), what they are
    (`serving_spec`), and what attention can point at there (`source_pieces_in_graph`).
    """

    def signatures(self):
        """What an export offers: name -> `tf.function` with an input signature.

        `serving_default` gives `text` string (B,) and `score` float32 (B,), with the decoding kept
        with the model. `attention` adds `target_tokens` string (B, T), `attention` float32
        (B, T, S), the mean over the heads of the last layer, and what it points at,
        `source_tokens` string (B, S); rows are filled up with empty strings and zeros.
        """
        return {**super().signatures(), "attention": self.served(self._serve_attention)}

    def lite_function(self):
        """The search for the answers to a few sources of one length, as LiteRT runs it.

        Returns:
            The concrete function of `source`, as `source_spec`, and `max_new_tokens` int32 (B,); a
            dict of `ids` int32 (B, T) and `score` float32 (B,). B is 1 without `lite_batches`.
        """
        return self._lite_function(self.decoding)

    @property
    def lite_batches(self):
        """Whether a LiteRT file can take several sources."""
        return getattr(self.model, "lite_batches", True)

    def _lite_function(self, decoding, **specs):
        """`lite_function` with more inputs: `seed`, or options of `decoding` as tensors."""
        self.build()
        static_config, kept = decoding.split()

        def answer(source, max_new_tokens, seed=None, **dynamic_params):
            dynamic_params = {**kept, **dynamic_params}
            seed = tf.zeros_like(max_new_tokens) if seed is None else seed
            found = self.search_ids(
                source,
                {},
                max_new_tokens,
                seed,
                dynamic_params,
                static_config=static_config,
                shrink=False,
            )
            return {"ids": found.tokens[:, 0], "score": found.log_probs[:, 0]}

        specs = {
            "source": self.source_spec,
            "max_new_tokens": tf.TensorSpec([None], tf.int32),
            **specs,
        }
        if not self.lite_batches:
            specs = {
                name: tf.TensorSpec([1, *spec.shape[1:]], spec.dtype)
                for name, spec in specs.items()
            }
        return tf.function(answer, autograph=False).get_concrete_function(**specs)

    def lite_files(self):
        return {TARGET: self.target_tokenizer.proto}

    def lite_manifest(self, weights):
        rows = batch_rows(self.decoding.num_beams, weights) if self.lite_batches else 1
        return {"rows": rows, "decoding": self.decoding.to_dict()}

    def resources(self):
        return [self.target_tokenizer.resource]

    def answer_settings(self):
        return (self.decoding,)

    def postprocess_answer_tf(self, inputs, text):
        """`postprocess` in the graph: raw inputs, and the tf.string (B,) that was generated."""
        return text

    def source_pieces_in_graph(self, source, ids):
        """`source_pieces` in the graph: a dict of `source_tokens` string (B, S), or empty."""
        raise NotImplementedError

    def serve(self, inputs):
        return self._answer(inputs, self._best(self.preprocess_tf(inputs)))

    def _answer(self, inputs, best):
        text = self.postprocess_answer_tf(inputs, self.target_tokenizer.detokenize(best.ids))
        return {"text": text, "score": best.score}

    def _serve_attention(self, inputs):
        source = self.preprocess_tf(inputs)
        best = self._best(source)
        # A row without tokens still needs a column to attend with.
        column = tf.fill([tf.shape(best.ids)[0], 1], PAD_ID)
        _, attention = self.teacher_forced_scores_tf(source, tf.concat([best.ids, column], axis=1))
        weights = tf.reduce_mean(attention[:, -1], axis=1)[:, : tf.shape(best.ids)[1]]
        pieces = self.source_pieces_in_graph(source, best.ids)
        real = (best.ids != PAD_ID)[:, :, None]
        if pieces:
            real &= (pieces["source_tokens"] != "")[:, None, :]
            weights = weights[:, :, : tf.shape(pieces["source_tokens"])[1]]
        return {
            "text": self._answer(inputs, best)["text"],
            **pieces,
            "target_tokens": self.target_tokenizer.graph_pieces(best.ids),
            "attention": tf.where(real, weights, 0.0),
        }

    def _best(self, source, seeds=None, decoding=None, **dynamic_params):
        """The best `Answers` in the graph, by the decoding kept with the model or by another."""
        static_config, kept = (decoding or self.decoding).split()
        rows = tf.shape(source)[0]
        found = self.search_ids(
            source,
            {},
            tf.fill([rows], self.decoding.max_new_tokens),
            tf.zeros([rows], tf.int32) if seeds is None else seeds,
            {**kept, **dynamic_params},
            static_config=static_config,
        )
        return Answers(found.tokens[:, 0], found.log_probs[:, 0])
