"""Options that a method does not have: the error names the nearest one."""

import difflib
import functools
import inspect

# Under other names elsewhere; what difflib finds for these is something else.
_ELSEWHERE = {
    "do_sample": "temperature",
    "max_length": "max_new_tokens",
    "max_tokens": "max_new_tokens",
    "stop_strings": "stop",
    "num_samples": "num_return_sequences",
    "n": "num_return_sequences",
    "typical_p": "top_p",
    "random_state": "seed",
    "output_attentions": "return_dict",
    "output_scores": "return_dict",
    "return_dict_in_generate": "return_dict",
}


def checked_options(method, given, more=()):
    """Raises `TypeError` for an option that a method does not have.

    Args:
        method: function, whose parameters are its options.
        given: the names of what was given beside these.
        more: names of the options that it takes by `**`.
    """
    kinds = inspect.signature(method).parameters.values()
    known = [*(p.name for p in kinds if p.kind is p.KEYWORD_ONLY), *more]
    for name in given:
        if name not in known:
            near = [_ELSEWHERE.get(name), *difflib.get_close_matches(name, known, 1)]
            near = next((option for option in near if option in known), None)
            hint = f"did you mean {near}?" if near else f"it has {', '.join(known)}."
            raise TypeError(f"{method.__name__} has no option {name!r}: {hint}")


class NamesOptions:
    """Its `verb` names the nearest option where it is given one that it does not have."""

    verb = None  # name of the method that answers users

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if cls.verb in vars(cls):
            setattr(cls, cls.verb, _naming_options(vars(cls)[cls.verb]))


def _naming_options(method):
    """A method whose error about an option that it does not have names the nearest one.

    One that takes options by `**` looks at them itself, and stays as it is.
    """
    kinds = list(inspect.signature(method).parameters.values())[1:]  # without self
    if any(p.kind is p.VAR_KEYWORD for p in kinds):
        return method
    known = [p.name for p in kinds if p.kind is p.POSITIONAL_OR_KEYWORD]

    @functools.wraps(method)
    def checked(*args, **options):
        checked_options(method, options, known)
        return method(*args, **options)

    return checked
