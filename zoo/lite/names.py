"""Names that a translator takes over as they are: better known ones stand for them in the search.

A small translator has read few names, and spells others as it hears them. In Chinese a word of
Latin letters is a name; in German and French a word with a capital that is none of the language, by
a list of its words (`words.de.txt.gz`, of `scripts/write_words.py`), their endings and compounds.
"""

import functools
import gzip
import re
from pathlib import Path

# What every model has read often, and all of these languages write alike.
_PEOPLE = ("Tom", "Robert", "Michael")
_FAMILIES = ("Smith", "Miller", "Tanaka")
_TOWNS = ("Boston", "Berlin", "Paris")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LATIN = re.compile(r"(?<![A-Za-z])[A-Z][a-zà-öø-ÿ]{2,}(?:[ -][A-Z][a-zà-öø-ÿ]+)*(?![A-Za-z])")
_START = re.compile(r"(?:^|[.!?:;…\"„“”«»‘(\n-])\s*$")  # of a sentence, or of what is quoted
_PLAIN = str.maketrans("äöü", "aou")
_LONGEST = 40  # letters of a name, and of what is read in front of one
_SHORT = 4  # letters that a word has at least without its ending, or as a part of a compound
# Of German; of what is like them, too.
_ARTICLES = (
    "d(?:er|ie|as|en|em|es)|[mdsk]?eine?[mnrs]?|ih[rnm]e?[mnrs]?|unse?re?[mnrs]?|eue?re?[mnrs]?"
    "|diese[mnrs]?|jede[mnrs]?|welche[mnrs]?|zu[mr]|[iv]om|beim|[ai]ns|im|am|alle[mnrs]?|viele"
    "|wenige?|mehr|etwas|nichts|zwei|drei|vier"
)
_PREPOSITIONS = "an|auf|aus|bei|für|gegen|in|mit|ohne|über|unter|von|vor|zu"
_ADJECTIVE = "[a-zäöüß]{3,}(?:e|en|er|es|em)"


class _Rules:
    """How a language tells names from words.

    Args:
        towns: pattern of what stands in front of a town.
        titles: words, behind which a name stands that may be made of words of the language.
        endings: of its words.
        verbs: pattern of a first word, with what is behind it, that is rather a verb.
        no_name_behind: words, behind which no name stands, or an ending of words.
        joints: what may stand between the parts of a compound; None where there are none.
        genitive: whether names have an s behind them in front of what is theirs.
    """

    def __init__(
        self, towns, titles, endings, verbs, no_name_behind="", joints=None, genitive=False
    ):
        self.towns = re.compile(rf"\b(?:{towns})\s+$", re.IGNORECASE)
        self.titles = re.compile(rf"\b(?:{titles})\s+$")
        self.endings = endings.split() + [""]
        self.verbs = re.compile(verbs)
        self.no_name_behind = re.compile(rf"(?:{no_name_behind})\s+$") if no_name_behind else None
        self.joints = joints
        self.genitive = genitive


_RULES = {
    "de": _Rules(
        towns="in|nach|aus|bis",
        titles="Herrn?|Frau|Doktor|Dr\\.|Professor|Prof\\.|Familie|Onkel|Tante",
        endings="en ern er es em e n s",
        verbs=r"^\S+ (?:ich|du|er|sie|es|wir|ihr|mich|mir|dich|dir|uns|bitte)\b",
        # An article, an adjective behind one or behind a preposition, what is plainly an adjective.
        no_name_behind=rf"\b(?i:{_ARTICLES})|\b(?i:{_ARTICLES}|{_PREPOSITIONS}) {_ADJECTIVE}"
        r"|\b[a-zäöüß]{3,}(?:ige|ische|liche|bare)[mnrs]?",
        joints=("", "s", "n", "en", "es", "er", "e"),
        genitive=True,
    ),
    "fr": _Rules(
        towns="à|de|vers|pour",
        titles="[Mm]onsieur|[Mm]adame|[Mm]ademoiselle|M\\.|Mme|Mlle|[Dd]octeur|[Pp]rofesseur",
        endings="es s e x ent",
        verbs=r"^\S+(?:ez|ons|er|ir|ant|ment)\b",
        no_name_behind=r"\b(?i:l[ea]s?|une?|du|des|aux?)",  # an article: the Louvre
    ),
}


@functools.cache
def _words(language):
    """The words of a language, in lower case."""
    file = Path(__file__).with_name(f"words.{language}.txt.gz")
    return frozenset(gzip.decompress(file.read_bytes()).decode().split())


def is_word(word, language, words=None):
    """Whether a word is of the language: it is known, or another ending of one, or a compound.

    Args:
        word: str of letters, with hyphens between its parts.
        language: "de" or "fr".
        words: set of words in lower case. Default: those of the list.
    """
    words = _words(language) if words is None else words
    rules = _RULES[language]
    return all(_known(part, rules, words) for part in word.lower().split("-"))


def _known(word, rules, words):
    if word in words or word.translate(_PLAIN) in words:
        return True
    for ending in rules.endings:
        stem = word.removesuffix(ending)
        if len(stem) < _SHORT or not word.endswith(ending):
            continue
        stems = {stem, stem.translate(_PLAIN)}  # Gans, Gänse
        if any(one + other in words for one in stems for other in rules.endings):
            return True
    return rules.joints is not None and _compound(word, rules, words)


def _compound(word, rules, words):
    if len(word) > 3 + _SHORT and word[:3] in words and word[3:] in words:  # Eiskuchen
        return True
    for end in range(_SHORT, len(word) - _SHORT + 1):
        first, rest = word[:end], word[end:]
        joined = any(
            first.endswith(joint) and len(first) - len(joint) >= _SHORT - 1
            and first.removesuffix(joint) in words
            for joint in rules.joints
        )  # fmt: skip
        if (joined or first + "e" in words) and _known(rest, rules, words):
            return True
    return False


def found(text, language):
    """Where the names of a text are that a translator is not likely to know.

    Args:
        text: str.
        language: "de", "fr" or "zh"; of another none is found.

    Returns:
        list of pairs, the first character of each and the one behind its last, in order.
    """
    if language == "zh":
        return [match.span() for match in _LATIN.finditer(text)]
    if language not in _RULES or text.isupper():
        return []
    rules, spans = _RULES[language], []
    matches = list(_WORD.finditer(text))
    for i, match in enumerate(matches):
        start, end = match.span()
        behind = matches[i + 1] if i + 1 < len(matches) else None
        if not _is_name(text, match, rules, language):
            continue
        if rules.genitive and _owns(text, match, behind, language):
            end -= 1
        if spans and text[spans[-1][1] : start] == " ":  # a first name and another
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _is_name(text, match, rules, language):
    word, before = match[0], _before(text, match.start())
    if not 3 <= len(word) <= _LONGEST:
        return False
    if not all(len(part) > 1 and part.istitle() for part in word.split("-")):
        return False
    if rules.titles.search(before):
        return word.lower() not in _words(language)
    if is_word(word, language):
        return False
    if _START.search(before):
        return not rules.verbs.search(text[match.start() : match.end() + _LONGEST])
    return rules.no_name_behind is None or not rules.no_name_behind.search(before)


def _before(text, start):
    """What stands in front of a place, as far as it counts: few characters of a long text."""
    return text[:start] if start <= _LONGEST else f"-{text[start - _LONGEST : start]}"


def _owns(text, match, behind, language):
    """Whether the s of a name is that of the genitive: a noun stands behind it."""
    if not match[0].endswith("s") or len(match[0]) < _SHORT + 1 or behind is None:
        return False
    noun = behind[0]
    return text[match.end() : behind.start()] == " " and noun.istitle() and is_word(noun, language)


def pattern(name, language):
    """What an answer has that has kept a name.

    In German every noun has a capital, and one that was taken for a name may have none in another
    language: Tweed, tweed.
    """
    return re.compile(re.escape(name), re.IGNORECASE if language == "de" else 0)


def covered(text, language, turn=0):
    """A text with well-known names in the place of others.

    Args:
        text: str.
        language: of the text; see `found`.
        turn: int, which of the well-known names come first.

    Returns:
        The text, and a dict from a well-known name to the one that it stands for, of at most three
        people, three families and three towns. Further names stay, and so does a well-known one of
        the text.
    """
    parts, names, last = [], {}, 0
    people, families, towns = (
        [name for name in (*pool[turn:], *pool[:turn]) if name not in text]
        for pool in (_PEOPLE, _FAMILIES, _TOWNS)
    )
    for start, end in found(text, language):
        name, before = text[start:end], _before(text, start)
        if name not in names:
            pool = people
            if language in _RULES:
                rules = _RULES[language]
                pool = families if rules.titles.search(before) else pool
                pool = towns if rules.towns.search(before) else pool
            if not pool:
                continue
            names[name] = pool.pop(0)
        parts += [text[last:start], names[name]]
        last = end
    return "".join([*parts, text[last:]]), {known: name for name, known in names.items()}


def uncovered(answer, names):
    """The answer to a text from `covered`, with its names; None where one of them is not in it."""
    for known, name in names.items():
        # With the s of a genitive, in German without an apostrophe.
        there = re.compile(rf"(?<!\w){known}(?=s?(?!\w))")
        if not there.search(answer):
            return None
        answer = there.sub(lambda match, name=name: name, answer)
    return answer
