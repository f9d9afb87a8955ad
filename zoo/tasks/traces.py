"""Compiled functions of a model, for as long as the model is what they were traced of."""


class Traces:
    """Keeps functions by key, and drops them all when the structure of the model has changed.

    A graph reads the variables that were there when it was traced. Weights may be trained or
    loaded: their variables stay. `quantize`, `enable_lora`, another dtype policy or a layer that is
    replaced bring other variables, of the model or of any layer in it, and the old graphs would go
    on with the old ones for ever.

    Args:
        model: a `keras.Model`.
    """

    def __init__(self, model):
        self._model = model
        self._functions = {}
        self._variables = []  # kept alive, so that no other one can get the id of one of them
        self._policies = []

    def __contains__(self, key):
        self._drop_outdated()
        return key in self._functions

    def __getitem__(self, key):
        return self._functions[key]

    def __setitem__(self, key, function):
        self._functions[key] = function

    def clear(self):
        """Drops all functions: for what changes an answer and no variable."""
        self._functions.clear()

    def _drop_outdated(self):
        layers = list(self._model._flatten_layers())
        variables = [
            variable
            for layer in layers
            for variable in (*layer._trainable_variables, *layer._non_trainable_variables)
        ]
        policies = [layer.dtype_policy.name for layer in layers]
        same = len(variables) == len(self._variables) and policies == self._policies
        if not (same and all(map(lambda a, b: a is b, variables, self._variables))):
            self._functions.clear()
            self._variables, self._policies = variables, policies
