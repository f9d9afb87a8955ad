"""The one check that all loaders share."""


def check(name, value, allowed):
    """Raise `ValueError` where the argument `name` is not one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {name}={value!r}.")
