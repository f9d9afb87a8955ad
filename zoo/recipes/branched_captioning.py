"""How captioners are trained whose encoder has a branch of its own for captions."""

import dataclasses
from pathlib import Path

import keras
import tensorflow as tf

from zoo import data, registry
from zoo.recipes.captioning import files_of, stored_grids
from zoo.recipes.labelled_captioning import LabelledCaptioningRecipe
from zoo.recipes.procedure import adam, train_and_save
from zoo.tasks.files import save_model
from zoo.vision import branched, divided


@dataclasses.dataclass(frozen=True)
class BranchedCaptioningRecipe(LabelledCaptioningRecipe):
    """A `LabelledCaptioningRecipe` with a second stage, which trains the encoder, too.

    Its last stages stand twice then; see `zoo.vision.branched`. The classifier goes on with what
    ImageNet made of them. The new branch learns with the decoder, from views of the photographs of
    which parts are covered; what is in front of it is computed once. Names are kept from the
    decoder by chance, so that it looks at the cells, too.

    The weights that the stages left are averaged; what that brings is on the card of `caption_en`.
    With `reward_steps` a third stage teaches the decoder by rewards, see
    `CaptioningRecipe.self_critical_train`.

    The finished captioner copies no token of a name twice, see
    `zoo.models.LabelledCaptionTransformer`; it has learned without that.

    Attributes:
        branch_steps: batches of the second stage, for each of its runs; the weights that they leave
            are averaged, too.
        branch_stage: the first stage of the encoder that stands twice.
        branch_peak: the highest learning rate of the second stage.
        branch_views: views of a photograph; see `zoo.recipes.captioning.stored_grids`.
        hidden_names: share of the photographs of the second stage that come without any name; of
            the names of the others as many are missing.
        branch_weight: of the second stage's weights in the average with the first's.
        reward_weight: of the third stage's weights in the average with those.

    Reference:
        The averages: Wortsman et al. 2022, Robust Fine-Tuning of Zero-Shot Models; Wortsman et al.
        2022, Model Soups: Averaging Weights of Multiple Fine-Tuned Models Improves Accuracy
        without Increasing Inference Time.
    """

    branch_steps: tuple = (2500,)
    branch_stage: int = 5
    branch_peak: float = 3e-4
    branch_views: int = 6
    hidden_names: float = 0.25
    branch_weight: float = 0.8
    reward_weight: float = 1.0

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """All stages, each of `steps` where they are given; see `CaptioningRecipe.train`."""
        run_dir, places = Path(run_dir), {"data_dir": data_dir, "verbose": verbose}
        first = run_dir / "first" / "model.keras"
        if not first.exists():
            super().train(out=first.parent, run_dir=run_dir, steps=steps, **places)
        start = registry.load(first, task="captioning")
        seconds = [
            # By another seed the batches come in another order.
            dataclasses.replace(self, seed=self.seed + number)._train_branch(
                start, run_dir=run_dir, number=number, steps=steps or each, **places
            )
            for number, each in enumerate(self.branch_steps)
        ]
        captioner = self._averaged(start, [registry.load(x, task="captioning") for x in seconds])
        if self.reward_steps:
            third = self.self_critical_train(
                captioner,
                out=run_dir / "third",
                run_dir=run_dir / "rewards",
                steps=steps,
                **places,
            )
            learned = registry.load(third, task="captioning")
            _go_towards(captioner, [learned], self.reward_weight)
        path = Path(out) / "model.keras"
        save_model(self._copying_once(captioner), path, compact=True)
        return path

    def _train_branch(self, start, *, run_dir, number, steps, data_dir, verbose):
        """The path of a captioner whose encoder is the new branch alone."""
        keras.utils.set_random_seed(self.seed)
        train, valid = (data.flickr8k(split, self.language, data_dir) for split in ("train", "val"))
        lower, upper = divided(start.encoder, self.branch_stage)
        store = run_dir.parent / "flickr8k_grids" / f"in_front_of_stage_{self.branch_stage}"

        def stored(files, name, view=0):
            grids = stored_grids(store, lower, files, name, view)
            return grids.reshape(-1, *lower.output_shape[1:])

        def build():
            _, branch = divided(branched(start.encoder, self.branch_stage), self.branch_stage)
            return self._with(branch, start)

        def named(hidden):
            """What gives a batch the names that the classifier sees, but for a share of them."""

            def add(inputs, tokens, weights):
                grid = upper(tf.cast(inputs["source"], tf.float32), training=False)
                labels = start.model.labels(
                    tf.reshape(grid, [tf.shape(grid)[0], -1, grid.shape[-1]])
                )
                gone = tf.random.uniform(tf.shape(labels)) < hidden
                gone |= tf.random.uniform(tf.shape(labels[:, :1])) < hidden
                return {**inputs, "labels": tf.where(gone, -1, labels)}, tokens, weights

            return add

        def batches(captioner):
            captions = [list(map(data.plain_caption, row)) for row in train.values()]
            files = files_of(train, data_dir)
            views = [stored(files, "train", view) for view in range(self.branch_views)]
            seen = self._shuffled(captioner, views, captions)
            photos = stored(data.labelled_photos(data_dir), "labelled")
            told = self._told_batches(captioner, photos, captions, data_dir)
            return self._mixed(seen.repeat().map(named(self.hidden_names)), told)

        return train_and_save(
            build,
            batches,
            self._validation(
                stored(files_of(valid, data_dir), "val"), valid, start.encode_captions
            ).map(named(0.0)),
            optimizer=lambda total: adam(self.branch_peak, self.warmup, total),
            steps=steps,
            interval=self.interval,
            label_smoothing=self.label_smoothing,
            policy="float32",
            out=run_dir / f"second_{number}",
            run_dir=run_dir / f"branch_{number}",
            verbose=verbose,
        )

    def _averaged(self, start, seconds):
        """One captioner of the weights of the first stage and of the runs of the second."""
        encoder = branched(start.encoder, self.branch_stage)
        captioner = self._with(encoder, start)
        captioner.build()
        _, branch = divided(encoder, self.branch_stage)
        encoders, models = zip(*((second.encoder, second.model) for second in seconds), strict=True)
        for part, others in ((branch, encoders), (captioner.model, models)):
            _go_towards(part, others, self.branch_weight)
        encoder.trainable = False
        return captioner

    def _with(self, encoder, start):
        """The captioner `start` with another encoder; its classifier has features of its own."""
        return self._changed(start, encoder, classifier_dim=start.encoder.output_shape[-1])

    def _copying_once(self, captioner):
        """The captioner as it ships: see `BranchedCaptioningRecipe`."""
        once = self._changed(captioner, captioner.encoder, copy_once=True)
        once.build()
        return once

    def _changed(self, start, encoder, **options):
        """The captioner `start` with another encoder and other options of its model."""
        model = type(start.model).from_config({**start.model.get_config(), **options})
        model.build(None)
        model.set_weights(start.model.get_weights())
        return self.captioner(encoder, model, start.tokenizer)


def _go_towards(model, others, share):
    """Moves the weights of a model by a share of the way to the mean of those of others."""
    for weight, *news in zip(model.weights, *(x.weights for x in others), strict=True):
        weight.assign(weight + share * (sum(news) / len(news) - weight))
