"""A text cut into its lines and sentences, by rules for German, English, French and Chinese."""

import re
from typing import NamedTuple

_LINE_BREAKS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_CLOSING = "\"'\u2018\u2019\u201c\u201d\u00ab\u00bb\u2039\u203a)\\]"  # ‘’“”«»‹›
_WIDE_CLOSING = "」』”’）"
# The marks that stand together are found from the first one on, so that a long row is read once.
_STOP = re.compile(
    # With a space behind it. French has one in front of a closing guillemet, too: « Bonjour ! » Il
    rf"(?<![.!?…])[.!?…]+[{_CLOSING}]*(?:[ \u00a0\u202f]»(?=\s|$))?(?P<gap>\s+)(?=\S)"
    # Of Chinese, which needs none. What is said goes on behind its quotation marks: “好！”他说。
    r"|(?:(?<![。！？])[。！？]+|(?<![!?])[!?]+(?=[\u4e00-\u9fff]))"
    rf"(?:[{_WIDE_CLOSING}]+(?=[\s「『“‘（]))?(?P<wide>\s*)(?=[^\s，、；：。！？{_WIDE_CLOSING}])"
)
_WIDE_STOPS = ("", *"。！？…", *_WIDE_CLOSING)
_WORD = re.compile(r"[^\W_]")
_OPENING = "\"'„“”‚‘«»›‹(¿¡[—–-"
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+")  # of names, and of "z.B.", "a.m.", "J.-C."
# The 3. of May, section 8.10.6., Louis XIV.
_ORDINAL = re.compile(r"(?<!\d)(?:\d{1,2}\.)+$|^[IVXLC]{2,}\.$")
# Not those that are words, too, such as "est" and "mind".
_ABBREVIATIONS = frozenset(
    f"{word}."
    for word in (
        # German
        "Bhf Chr Dez Dipl Dr Fam Fr Frl Hbf Hr Ing Jh Jhd Mag Mio Mo Mrd MwSt Nr Okt Prof Std Str "
        "Tel Tsd Vgl Ziff allg bes bspw bzgl bzw ca dgl ebd einschl engl entspr etc evtl exkl "
        "franz geb gegr gest ggf ggfs inkl insb jhrl max min mtl resp sog spez str tgl urspr usf "
        "usw verh vgl zw zzgl österr "
        # English
        "Apr Apt Aug Ave Blvd Bros Capt Co Col Corp Dec Dept Esq Est Feb Ft Gen Gov Hon Inc Jan Jr "
        "Jul Jun Lt Ltd Messrs Mr Mrs Ms Mt Nov Oct Ph Pres Rd Rep Rev Sec Sen Sep Sept Sgt Sr St "
        "al approx appt cf dept hr hrs jr misc sr vs "
        # French
        "MM Mgr Mlle Mme Pr Ste St apr av bd boul c.-à-d env ex févr janv juil tél éd"
    ).split()
)
_BEFORE_A_NUMBER = frozenset(
    f"{word}."
    for word in (
        "Abb Abs Art Bd Bl Fig Kap No Nos Rn Tab Vol art ch chap fig no nos pp sept ver vol"
    ).split()
)


# Of lines in capitals, or without one.
_LOWER_ABBREVIATIONS = frozenset(map(str.lower, _ABBREVIATIONS))
_LOWER_BEFORE_A_NUMBER = frozenset(map(str.lower, _BEFORE_A_NUMBER))


class Cut(NamedTuple):
    """The sentences of a text, or other parts of it, and what stands around them.

    `gaps[0] + sentences[0] + gaps[1] + ... + sentences[-1] + gaps[-1]` is the text.

    Attributes:
        sentences: list of str, none of them blank.
        gaps: list of str, one more than there are sentences: white space, or "".
    """

    sentences: list
    gaps: list

    def joined(self, sentences):
        """A text with as many other sentences in the places of these."""
        parts = [part for pair in zip(self.gaps, sentences, strict=False) for part in pair]
        return "".join([*parts, self.gaps[-1]])

    def answered(self, answers):
        """The answer to the text, from answers to its sentences: without white space around it.

        Where sentences follow each other directly, as those of Chinese, answers that do not end so
        are parted by a space.
        """
        inner = [
            gap if gap or answer[-1:] in _WIDE_STOPS else " "
            for gap, answer in zip(self.gaps[1:-1], answers, strict=False)
        ]
        return self._replace(gaps=["", *inner, ""]).joined(answers)


def cut_sentences(text, whole=lambda line: False):
    """Cuts a text at line breaks, and its lines behind . ! ? … 。！？ with what closes a quotation.

    A line is not cut behind abbreviations (`z. B.`, `Dr.`, `Nr.`, `Mr.`, `M.`, `etc.`), initials,
    ordinals (`am 3. Mai`, `Louis XIV.`) and numbers, nor inside of URLs and e-mail addresses; and
    only where a sentence can begin: not before a small letter, unless the line has no capital.

    Args:
        text: str, in a language of the Latin script that ends sentences as German, English and
            French do, or in Chinese.
        whole: `str -> bool`, says of a line, without the white space around it, that it stays in
            one piece.

    Returns:
        `Cut`. Where sentences of Chinese follow each other directly, their gap is "".
    """
    sentences, gaps, start = [], [], 0
    ends = [*((m.start(), m.end()) for m in _LINE_BREAKS.finditer(text)), (len(text), len(text))]
    gap = ""
    for line_end, next_start in ends:
        line = text[start:line_end]
        core = line.strip()
        if core:
            gap += line[: len(line) - len(line.lstrip())]
            pieces = _sentences(core)
            if len(pieces) > 1 and whole(core):
                pieces = [(core, "")]
            for sentence, behind in pieces:
                gaps.append(gap)
                sentences.append(sentence)
                gap = behind
            gap += line[len(line.rstrip()) :]
        else:
            gap += line
        gap += text[line_end:next_start]
        start = next_start
    return Cut(sentences, [*gaps, gap])


def parts_of(text, most, length):
    """The parts of a text that are translated one by one.

    Args:
        text: str.
        most: int >= 0, lines up to this length stay in one piece, longer ones are cut into
            sentences; or None, the whole text is one part.
        length: `str -> int`, the length of a line.

    Returns:
        `Cut`, with at least one part; the text itself where it is the only one.
    """
    if most is not None:
        found = cut_sentences(text, lambda line: most > 0 and length(line) <= most)
        if len(found.sentences) > 1:
            return found
    return Cut([text], ["", ""])


def _sentences(line):
    """The sentences of a line, each with the white space behind it, "" behind the last."""
    small = line == line.lower()  # who writes no capitals begins sentences without one, too
    one_case = small or line == line.upper()
    found, start, word = [], 0, _WORD.search(line)
    for stop in _STOP.finditer(line):
        if word is None:  # what is left is a dash, a smiley
            break
        name = "gap" if stop["gap"] is not None else "wide"
        if name == "wide":  # but not of a number that is written 6。53
            ends = not (line[max(0, stop.start() - 1)].isdigit() and line[stop.end()].isdigit())
        else:
            ends = _is_end(line, start, stop, small, one_case)
        if ends and word.start() < stop.start():
            found.append((line[start : stop.start(name)], stop[name]))
            start = stop.end()
            word = _WORD.search(line, start)
    if found and word is None:
        start -= sum(map(len, found.pop()))
    return [*found, (line[start:], "")]


def _is_end(line, start, stop, small, one_case):
    """Whether a sentence ends at a stop with a space behind it."""
    behind = line[stop.end() : stop.end() + 9].lstrip(_OPENING)[:1]
    if (
        line[max(0, stop.start() - 1)] in "([{"
        or behind in ",;:)]"
        or (behind.islower() and not small)
    ):
        return False
    if line[stop.start()] != "." or line[stop.start() : stop.start() + 2] == "..":
        return True
    *before, word = line[max(start, stop.start() - 30) : stop.start() + 1].split()
    word = word.lstrip(_OPENING)
    if word in _BEFORE_A_NUMBER or (one_case and word.lower() in _LOWER_BEFORE_A_NUMBER):
        return not behind.isdigit()
    if word == "I.":  # of a king, or of who speaks English
        return not (before and before[-1][0].isupper())
    return not (
        word in _ABBREVIATIONS
        or (one_case and word.lower() in _LOWER_ABBREVIATIONS)
        or word.lower().endswith("str.")
        or _ORDINAL.search(word)
        or _INITIALS.fullmatch(word)
    )
