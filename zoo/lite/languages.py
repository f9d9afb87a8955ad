"""Which language a text is in, as far as its script and its function words say."""

import difflib
import itertools
import re
import warnings

# Words that are frequent in one of these languages; not those that are words of another, too, such
# as German "die" and "was", French "on" and "du".
_FUNCTION_WORDS = {
    "de": """ich er wir ihr mich dir mir uns euch ihn ihm der das dem den ein eine einen einem
    einer und oder aber nicht kein keine ist sind bin bist sein haben habe hast wird werden mit von
    zu auf für aus bei nach über wie wo wer wann warum auch noch schon nur wenn dass doch sehr zum
    zur vom beim ja nein bitte""",
    "en": """i you he she we they him her us them my your his our their the and or but not is are
    were be been have has had do does did will would can could should with of from to for at by how
    where who what when why this that these those very please yes there here it's don't i'm""",
    "fr": """je il elle nous vous ils elles moi toi lui leur mon ma mes ton ta tes sa ses notre
    votre le la les un une et ou mais ne pas est sont suis êtes être avoir ai avez dans avec sur
    sans chez où qui que quoi quand pourquoi comment cette ces très aussi oui non c'est j'ai s'il
    qu'il""",
}
_WORDS = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_SCRIPTS = {
    "zh": "\u3400-\u4dbf\u4e00-\u9fff",
    "Japanese": "\u3040-\u30ff",
    "Korean": "\u1100-\u11ff\uac00-\ud7af",
    "Cyrillic": "\u0400-\u052f",
    "Greek": "\u0370-\u03ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f",
    "Hebrew": "\u0590-\u05ff",
    "Devanagari": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
}
_LETTERS = {script: re.compile(f"[{letters}]") for script, letters in _SCRIPTS.items()}
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NAMES = {"de": "German", "en": "English", "fr": "French", "zh": "Chinese"}
LANGUAGES = tuple(_NAMES)
_RATIO = 3
_KANA = 5  # Japanese has more than one kana for so many Chinese characters
_READ = 500  # characters of a text, of which the first tell enough
_LOOKED_AT = 100  # texts of a list


def language_of(text):
    """The language of a text, where it is plain.

    By the script that most letters are of; in Latin script by words like "der", "the" and "les": at
    least two of one language, and more than three times as many as of any other. Only the first 500
    characters are read.

    Args:
        text: str.

    Returns:
        "de", "en", "fr" or "zh"; "Japanese" or "Korean", or another script by its name, such as
        "Cyrillic"; None where it is not plain.
    """
    text = text[:_READ]
    counts = {script: len(letters.findall(text)) for script, letters in _LETTERS.items()}
    most = max(counts, key=counts.get)
    if counts[most] > len(_LATIN.findall(text)):
        mixed = most == "zh" and _KANA * counts["Japanese"] > counts["zh"]
        return "Japanese" if mixed else most
    words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    hits = {language: sum(word in known for word in words) for language, known in _WORDS.items()}
    second, first = sorted(hits.values())[-2:]
    return max(hits, key=hits.get) if first >= 2 and first > _RATIO * second else None


def checked_code(name, code, codes):
    """The code of a language, which must be one of `codes`.

    Raises:
        ValueError: it is not; the message has those that are near, or all where none is.
    """
    if code in codes:
        return code
    asked, codes = str(code).lower(), sorted(codes)
    near = [known for known in codes if len(asked) > 1 and known.lower().startswith(asked[:3])]
    near = dict.fromkeys([*near, *difflib.get_close_matches(str(code), codes, 5, 0.5)])
    few = f"such as {', '.join(near)}" if near else f"one of {', '.join(codes)}"
    raise ValueError(f"{name} must be a language of this model, {few}; got {name}={code!r}.")


def warn_of_another(language, texts, warned=False):
    """Warns of the first text that is in another language than a model reads.

    Args:
        language: one of `LANGUAGES`, or None, which warns of nothing.
        texts: list of str, of which the first hundred are looked at.
        warned: whether that was said before: then nothing is.

    Returns:
        Whether it has now been said.
    """
    if language is None or warned:
        return warned
    for text in itertools.islice(texts, _LOOKED_AT):
        found = language_of(text)
        if found not in (None, language):
            warnings.warn(
                f"inputs must be {_NAMES[language]}, which is all that this model reads; got "
                f"{_NAMES.get(found, found)}: {text!r:.80}. Answers to other languages are "
                "not to be believed.",
                stacklevel=5,
            )
            return True
    return False
