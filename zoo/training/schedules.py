"""Learning-rate schedules."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class WarmupLinear(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to `peak` in `warmup_steps`, and falls linearly to 0 at `total_steps`.

    Args:
        peak: the highest learning rate.
        warmup_steps: number of steps of the rise.
        total_steps: number of steps of the training.
        decay_steps: number of steps of the fall; the rate stays at `peak` until then, so that a
            training may be given more steps while it runs. Default: all after the rise.

    Reference:
        Defazio et al. 2023, Optimal Linear Decay Learning Rate Schedules and Further Refinements;
        with `decay_steps`, Hägele et al. 2024, Scaling Laws and Compute-Optimal Training Beyond
        Fixed Training Durations.
    """

    def __init__(self, peak, warmup_steps, total_steps, decay_steps=None):
        super().__init__()
        if not 0 < warmup_steps <= total_steps:
            raise ValueError(
                "warmup_steps must be > 0 and <= total_steps; "
                f"got warmup_steps={warmup_steps}, total_steps={total_steps}."
            )
        self.peak = float(peak)
        self.warmup_steps = int(warmup_steps)
        self.total_steps = int(total_steps)
        longest = self.total_steps + 1 - self.warmup_steps
        if decay_steps is not None and not 0 < decay_steps <= longest:
            raise ValueError(
                "decay_steps must be > 0 and <= total_steps + 1 - warmup_steps = "
                f"{longest}; got decay_steps={decay_steps}."
            )
        self.decay_steps = longest if decay_steps is None else int(decay_steps)

    def __call__(self, step):
        step = ops.cast(step, "float32") + 1.0
        rise = step / self.warmup_steps
        fall = (self.total_steps + 1.0 - step) / self.decay_steps
        return self.peak * ops.clip(ops.minimum(rise, fall), 0.0, 1.0)

    def get_config(self):
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
            "decay_steps": self.decay_steps,
        }
