"""`Learner`: what teaches a model on batches of numbers, on any backend of Keras."""

import keras
from keras import ops

from zoo.system import warn_of
from zoo.training.objectives import CrossEntropy


class Learner(keras.Model):
    """Trains on batches of (inputs, targets int (B, ...), weights (B, ...)).

    The targets are next tokens (B, T), or labels (B,).

    Args:
        model: maps inputs to logits (B, ..., C).
        encoder: for sources that are images: a `keras.Model` from images (B, H, W, 3) to a grid of
            features (B, h, w, C), of which `model` sees the cells (B, h·w, C).
    """

    def __init__(self, model, encoder=None, **kwargs):
        super().__init__(**kwargs)
        self.model = model
        self.encoder = encoder
        self.objective = CrossEntropy()

    def build(self, input_shape=None):
        if not self.model.built:
            self.model.build(None)
        self.built = True

    def call(self, inputs, training=None):
        """Inputs -> logits float32 (B, ..., C)."""
        source = inputs["source"] if self.encoder is not None else None
        if source is not None and len(source.shape) == 4:
            inputs = {**inputs, "source": self.encode_images(source, training)}
        return self.model(inputs, training=training)

    def encode_images(self, images, training=False):
        """Images (B, H, W, 3) -> features of their cells (B, S, C), row by row of the grid."""
        grid = self.encoder(ops.cast(images, "float32"), training=training)
        return ops.reshape(grid, (-1, grid.shape[1] * grid.shape[2], grid.shape[3]))

    def see(self, images, training=False):
        """The old name of `encode_images`; goes with the next release."""
        warn_of("see", "encode_images")
        return self.encode_images(images, training)

    def compile(
        self,
        optimizer="adam",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        *,
        label_smoothing=0.1,
        r_drop_alpha=0.0,
        **kwargs,
    ):
        """`keras.Model.compile`, with a loss of its own by default.

        Args:
            optimizer: as in Keras.
            loss: as in Keras. Default: `zoo.training.CrossEntropy`, in nats, the mean over all
                targets; padding is not counted.
            loss_weights: as in Keras, of a `loss` of one's own.
            metrics, weighted_metrics: as in Keras.
            label_smoothing, r_drop_alpha: of the default loss; see `zoo.training.CrossEntropy`.
            **kwargs: as in Keras.
        """
        objective = CrossEntropy(label_smoothing, r_drop_alpha)
        if loss is None and loss_weights is not None:
            raise ValueError(
                f"loss_weights must be None without a loss; got loss_weights={loss_weights!r}."
            )
        self.objective = objective
        self._auto_scale_loss = kwargs.get("auto_scale_loss", True)
        # Keras would keep those of a compile before.
        self.loss = self._compile_loss = self._compile_metrics = None
        super().compile(
            optimizer=optimizer,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            **kwargs,
        )

    def get_compile_config(self):
        if not self.compiled:
            return None
        return {
            **super().get_compile_config(),
            "auto_scale_loss": self._auto_scale_loss,
            **self.objective.get_config(),
        }

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of a batch, and what the layers add to it (`add_loss`, regularizers), once.

        On several replicas it is the share of one of them: the shares add up to the loss of the
        whole batch, in which each real target weighs the same wherever it is.
        """
        if self.loss is not None:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        added = list(self.losses)  # of this pass: a second one would take their place
        again = (lambda: self(x, training=True)) if training else None
        losses = self.objective(y, y_pred, again)
        weights = ops.cast(self._target_weights(y, sample_weight), "float32")
        whole = ops.maximum(self.over_replicas(ops.sum(weights)), 1.0)
        loss = ops.sum(losses * weights) / whole
        if added:
            # They are means over rows, or the same for all rows.
            rows = ops.cast(ops.shape(y)[0], "float32")
            share = rows / ops.maximum(self.over_replicas(rows), 1.0)
            more = sum(ops.sum(ops.cast(one, "float32")) for one in added)
            loss = loss + ops.where(rows > 0, share * more, 0.0)
        return loss

    def over_replicas(self, value):
        """The sum of a number over the replicas that share a batch; here there is one."""
        return value

    def _target_weights(self, y, sample_weight):
        return ops.ones_like(y) if sample_weight is None else sample_weight
