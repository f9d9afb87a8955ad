"""What a learner makes small: the loss of each target, before it is weighted and summed."""

from zoo.training.losses import symmetric_kl, token_cross_entropy


class CrossEntropy:
    """Cross-entropy of classes: of the next token, or of a label.

    Args:
        label_smoothing: e in [0, 1); in training the target distribution is `1 - e` on the class
            and `e / C` on all. Evaluation is never smoothed.
        r_drop_alpha: >= 0, the weight of the divergence of two passes with different dropout, in
            training (R-Drop); above 0 a step takes twice the time. A few thousand examples gain
            most.

    Raises:
        ValueError: a number that is out of its range.

    Reference:
        Szegedy et al. 2016, Rethinking the Inception Architecture, section 7 (label smoothing);
        Liang et al. 2021, R-Drop: Regularized Dropout for Neural Networks.
    """

    def __init__(self, label_smoothing=0.1, r_drop_alpha=0.0):
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                f"label_smoothing must be in [0, 1); got label_smoothing={label_smoothing}."
            )
        if not r_drop_alpha >= 0:
            raise ValueError(f"r_drop_alpha must be >= 0; got r_drop_alpha={r_drop_alpha}.")
        self.label_smoothing = label_smoothing
        self.r_drop_alpha = r_drop_alpha

    def __call__(self, targets, logits, again=None):
        """The loss of each target, in nats.

        Args:
            targets: int (...).
            logits: float (..., C).
            again: in training, `() -> logits` of another pass, with other dropout; else None.

        Returns:
            float32 (...).
        """
        smoothing = self.label_smoothing if again is not None else 0.0
        losses = token_cross_entropy(targets, logits, smoothing)
        if again is None or not self.r_drop_alpha:
            return losses
        others = again()
        losses = (losses + token_cross_entropy(targets, others, smoothing)) / 2
        return losses + self.r_drop_alpha * symmetric_kl(logits, others)

    def get_config(self):
        return {"label_smoothing": self.label_smoothing, "r_drop_alpha": self.r_drop_alpha}
