"""Compiled functions of a model, for as long as its parts are those that they were traced with."""


class Graphs:
    """Compiled functions by their setting.

    A graph is made of the variables and the dtypes that the layers had when it was traced. After a
    change of these (LoRA, quantization, another policy, another layer) it would go on giving the
    old answers, so that all are dropped. Other values of the same variables need no new graph.
    """

    def __init__(self):
        self._functions, self._parts = {}, []

    def of(self, model):
        """The dict of the functions that hold for `model` as it is now.

        With the others go those that Keras keeps for `fit`, `evaluate` and `predict`.
        """
        parts = []
        for layer in model._flatten_layers():
            parts += layer._trainable_variables
            parts += layer._non_trainable_variables
            parts.append(layer._dtype_policy)
        same = len(parts) == len(self._parts) and all(map(_is, parts, self._parts))
        if not same:
            # The parts themselves are kept, not their ids, which others could get.
            self._functions, self._parts = {}, parts
            model.train_function = model.test_function = model.predict_function = None
        return self._functions


def _is(one, other):
    return one is other
