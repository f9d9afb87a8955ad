"""How the two networks of an `ImageGenerator` learn, each by its own loss."""

import keras
import tensorflow as tf


class TwoNetworks:
    """The part of `ImageGenerator` that trains.

    The class has `model` and `loss_weights`; see there.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._adversary_tracker = keras.metrics.Mean(name="adversary")

    def compile(
        self,
        optimizer="adam",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        *,
        label_smoothing=0.0,
        r_drop_alpha=0.0,
        **kwargs,
    ):
        """`Learner.compile`; the losses are those of `loss_weights` of the class.

        Raises:
            ValueError: a loss, what belongs to one, or metrics; or a model whose losses need the
                discriminator that it does not have, as the shipped one, which cannot be trained
                further.
        """
        refused = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "label_smoothing": label_smoothing or None,
            "r_drop_alpha": r_drop_alpha or None,
        }
        for name, value in refused.items():
            if value is not None:
                raise ValueError(
                    f"{name} must not be given: two networks learn by losses of their own; "
                    f"got {name}={value!r:.80}."
                )
        needing = [name for name in ("features", "adversary") if self.loss_weights[name]]
        if self.model.discriminator is None and needing:
            raise ValueError(
                f"loss_weights must be 0 for {' and '.join(needing)}, where the model has no "
                f"discriminator; got {self.loss_weights}."
            )
        super().compile(optimizer, label_smoothing=0.0, **kwargs)

    def train_step(self, data):
        """One step of both networks, from the same pass; each follows its own loss."""
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            raise ValueError("An ImageGenerator is trained on one replica; got several.")
        inputs, digits, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape(persistent=True) as tape:
            losses, adversary, added = self._step_losses(inputs["image"], digits)
            weighted = [weight * losses[name] for name, weight in self.loss_weights.items()]
            weighted += added
            scaled = self.optimizer.scale_loss(tf.add_n(weighted))
            scaled_adversary = self.optimizer.scale_loss(adversary)
        drawing = _trained(self.model.encoder, self.model.decoder)
        gradients = list(zip(tape.gradient(scaled, drawing), drawing, strict=True))
        if self.model.discriminator is not None:
            judging = _trained(self.model.discriminator)
            gradients += zip(tape.gradient(scaled_adversary, judging), judging, strict=True)
        self.optimizer.apply_gradients(gradients)
        self._loss_tracker.update_state(tf.add_n(weighted))
        self._adversary_tracker.update_state(adversary)
        return self.get_metrics_result()

    def test_step(self, data):
        """The squared error of a pixel of reconstructions, which is the `loss` of validation."""
        inputs, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        squared = tf.reduce_mean(tf.square(self(inputs, training=False) - inputs["image"]))
        rows = tf.cast(tf.shape(inputs["image"])[0], tf.float32)
        self._loss_tracker.update_state(squared, sample_weight=rows)
        return {"loss": self._loss_tracker.result()}

    def _step_losses(self, images, digits):
        """The losses of a step, means over the batch.

        Returns:
            dict of those of encoder and decoder by name; that of the discriminator, with what its
            layers add; and a list of what the layers of encoder and decoder add.
        """
        model, rows = self.model, tf.shape(images)[0]
        classes = model.one_hot(digits)
        mean, log_variance, logits = model.encode(images, classes, training=True)
        noise = self._noise(rows)
        codes = tf.concat([mean + tf.exp(0.5 * log_variance) * noise[:rows], noise[rows:]], axis=0)
        drawn = model.decode(codes, tf.concat([classes, classes], axis=0), training=True)
        added = _added(model.encoder) + _added(model.decoder)  # of this pass: others come
        seen, zero = drawn[:rows], tf.zeros([])
        divergence = 0.5 * (tf.square(mean) + tf.exp(log_variance) - 1.0 - log_variance)
        losses = {
            "pixels": _cross_entropy(images, seen),
            "features": zero,
            "divergence": tf.reduce_mean(tf.reduce_sum(divergence, axis=1)),
            "adversary": zero,
            "classes": _class_entropy(digits, logits),
            "asked": zero,
        }
        if self.loss_weights["asked"]:
            losses["asked"] = _class_entropy(digits, self._read_fixed(drawn[rows:]))
        if model.discriminator is None:
            return losses, zero, added
        scores, features = model.discriminate(
            tf.concat([images, drawn], axis=0), tf.tile(classes, [3, 1]), training=True
        )
        features = tf.cast(features, tf.float32)
        apart = tf.square(tf.stop_gradient(features[:rows]) - features[rows : 2 * rows])
        losses["features"] = 0.5 * tf.reduce_mean(tf.reduce_sum(apart, axis=(1, 2, 3)))
        losses["adversary"] = -tf.reduce_mean(scores[rows:])
        real, false = tf.nn.relu(1.0 - scores[:rows]), tf.nn.relu(1.0 + scores[rows:])
        judged = [tf.reduce_mean(real), tf.reduce_mean(false), *_added(model.discriminator)]
        return losses, tf.add_n(judged), added

    def _read_fixed(self, images):
        """The encoder's logits of the classes, of which the encoder does not learn."""
        encoder = self.model.encoder
        learned, other = (
            [tf.stop_gradient(weight.value) for weight in weights]
            for weights in (encoder.trainable_variables, encoder.non_trainable_variables)
        )
        (_, _, logits), _ = encoder.stateless_call(learned, other, images, training=False)
        return logits

    def _noise(self, rows):
        """Normal numbers (2 B, L) that follow from the step, so that a run can be resumed."""
        seed = tf.stack([tf.cast(self.optimizer.iterations, tf.int32), 0])
        return tf.random.stateless_normal([2 * rows, self.model.latent_dim], seed)


def _trained(*networks):
    """What of networks is trained; a part may be where the whole is frozen, as with LoRA."""
    return [weight for one in networks for weight in one.weights if weight.trainable]


def _added(network):
    """What the layers of a network add to its loss (`add_loss`, regularizers), each a float32."""
    return [tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in network.losses]


def _cross_entropy(images, drawn):
    """The cross-entropy of all pixels of a picture, in nats, the mean over the batch."""
    drawn = tf.clip_by_value(drawn, 1e-6, 1.0 - 1e-6)
    losses = images * tf.math.log(drawn) + (1.0 - images) * tf.math.log(1.0 - drawn)
    return -tf.reduce_mean(tf.reduce_sum(losses, axis=(1, 2, 3)))


def _class_entropy(digits, logits):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(digits, logits))
