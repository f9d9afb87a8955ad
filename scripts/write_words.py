"""Write the words of a language that `zoo.lite.names` tells names from.

    ZOO_DATA=... python scripts/write_words.py

They are those of the training sentences of the translators from that language, without the names:
words that have a capital, that the other language has, too, and that are not frequent. Left out is
what the rules of endings and compounds know by the others. The same data give the same file.
"""

import collections
import gzip
import re
from pathlib import Path

from zoo import data
from zoo.lite import names

OUT = Path(names.__file__).parent
FREQUENT = 50  # times, from which on a name is as well known as any word
_WORD = re.compile(r"[^\W\d_]+")


def pairs(language):
    """Sentences of a language, each with one of another language."""
    if language == "de":
        turned = data.tatoeba("train", "fr", "de") + data.docs_fr_de("train")
        return [
            *data.tatoeba("train", "de", "en"),
            *data.multi30k("train", "de", "en"),
            *data.xdailydialog("train", "de", "en"),
            *data.bcontrast("train", "de", "en"),
            *((target, source) for source, target in turned),
        ]
    return [
        *data.tatoeba("train", "fr", "en"),
        *data.tatoeba("train", "fr", "de"),
        *data.multi30k("train", "fr", "en"),
        *data.docs_fr_de("train"),
    ]


def words(language):
    """The words of a language, in lower case, and how often each was read."""
    count, capital, kept = (collections.Counter() for _ in range(3))
    for source, target in pairs(language):
        there = set(_WORD.findall(target))
        for word in _WORD.findall(source):
            lower = word.lower()
            count[lower] += 1
            capital[lower] += word.istitle()
            kept[lower] += word.istitle() and word in there

    def is_name(word):
        often = count[word]
        return often < FREQUENT and capital[word] >= 0.8 * often and kept[word] >= 0.7 * often

    return {word: often for word, often in count.items() if not is_name(word)}


def needed(found, language):
    """Those of the words that the rules do not know by the others: frequent ones first."""
    chosen = set()
    for word in sorted(found, key=lambda word: (len(word), -found[word], word)):
        if not names.is_word(word, language, chosen):
            chosen.add(word)
    return chosen


def main():
    """Writes a file for German and one for French."""
    for language in ("de", "fr"):
        found = words(language)
        chosen = sorted(needed(found, language))
        file = OUT / f"words.{language}.txt.gz"
        file.write_bytes(gzip.compress("\n".join(chosen).encode(), 9, mtime=0))
        print(f"{file.name}: {len(chosen)} of {len(found)} words, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
