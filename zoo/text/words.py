"""Words of a text as a search by words sees them."""

import re

_ENDINGS = ("ing", "ies", "es", "ed", "ly", "s")
_STEM = 3  # letters that are left at least


def words(text):
    """Words in lower case, without a common English ending: list of str."""
    return [_stem(word) for word in re.findall(r"\w+", text.lower())]


def _stem(word):
    ending = next((e for e in _ENDINGS if word.endswith(e) and len(word) - len(e) >= _STEM), "")
    return word[: len(word) - len(ending)]
