"""Answers of pupils by skill, as numbers and as lines of text."""

import numbers

from zoo.lite.catalogue import Catalogue, decoded, item_lines
from zoo.lite.several import listed, refuse

_SKILL = "a name or a number, or a list with one for each pupil"
_SEQUENCES = "lists of (skill, right)"
_TEXTS = "a str or a list of str"


class Skills(Catalogue):
    """Names of skills, which are numbered from 1, and the answers to questions of theirs.

    An answer is one number: the skill of a wrong one, and as many more as there are skills of a
    right one.

    Args:
        names: list of K different str without `=`.

    Raises:
        ValueError: no name, the same twice, or one with `=`.
    """

    def __init__(self, names):
        if any("=" in name for name in names):
            raise ValueError(f"skills must be without '='; got skills={names!r:.80}.")
        super().__init__(names, range(1, len(names) + 1), "skills")

    def asked(self, answers, skill):
        """What a tracer is asked: answers so far, and the skill that comes next.

        Args:
            answers: list of (skill, right); or a list of such lists, one for each pupil.
            skill: name or number; of several pupils a list, or one for all.

        Returns:
            Whether these are several, and a list of lists of int.

        Raises:
            TypeError, ValueError: something else.
        """
        several = len(answers) > 0 and not is_answer(answers[0])
        sequences = answers if several else [answers]
        if isinstance(skill, (str, numbers.Integral)):
            skills = [skill] * len(sequences)
        else:
            skills = listed("skill", skill, _SKILL)
        if len(skills) != len(sequences):
            raise ValueError(
                f"skill must be one for each pupil; got {len(skills)} for {len(sequences)}."
            )
        rows = [
            [*row, self.number(one, "skill")]
            for row, one in zip(self.rows(sequences, "answers"), skills, strict=True)
        ]
        return several, rows

    def rows(self, sequences, name):
        """Sequences of (skill, right) -> lists of int; errors as of `asked`."""
        found = []
        for i, sequence in enumerate(sequences):
            place = f"{name}[{i}]"
            answers = listed(name, sequence, _SEQUENCES, f"{place}=")
            found.append([self._answer(one, f"{place}[{j}]") for j, one in enumerate(answers)])
        return found

    def _answer(self, answer, place):
        if not is_answer(answer):
            raise TypeError(f"answers must be pairs of (skill, right); got {place}={answer!r:.80}.")
        skill, right = answer
        if getattr(right, "ndim", 0) or right not in (0, 1):
            raise ValueError(
                f"right must be True or False, or 1 or 0; got {place}[1]={right!r:.80}."
            )
        return self.number(skill, f"{place}[0]") + len(self.names) * int(right)


def is_answer(value):
    """Whether this is (skill, right), and no sequence of such pairs."""
    a_pair = isinstance(value, (tuple, list)) or getattr(value, "ndim", 0) == 1
    return a_pair and len(value) == 2 and not isinstance(value[0], (tuple, list))


def parsed(text):
    """Lines of text as an export takes them -> list of (skill, right), and the skill asked.

    Args:
        text: `skill=1` or `skill=0` a line, and on the last line a skill.

    Raises:
        ValueError: another line, or none.
    """
    lines = [line for line in item_lines(text) if line]
    if not lines:
        raise ValueError(f"inputs must end with the skill that is asked; got {text!r:.80}.")
    parts = [[part.strip() for part in line.split("=")] for line in lines]
    for part in parts[:-1]:
        if len(part) != 2 or part[1] not in ("0", "1"):
            raise ValueError(
                f"inputs must have lines of a skill, '=', 1 or 0; got {'='.join(part)!r:.80}."
            )
    return [(skill, int(right)) for skill, right in parts[:-1]], parts[-1][0]


def known_lines(skills, text):
    """Lines of text as an export takes them -> list of int as of `Skills.asked`.

    What `parsed` refuses is passed over, as an export does: lines of unknown skills, and those
    whose mark is not 1 or 0. The last line is the skill that is asked, whatever mark it has.
    """
    lines = [line for line in item_lines(text) if line]
    found = []
    for i, line in enumerate(lines, 1):
        name, _, mark = (part.strip() for part in line.partition("="))
        if name in skills.known and (mark in ("0", "1") or i == len(lines)):
            right = mark == "1" and i < len(lines)
            found.append(skills.known[name] + len(skills.names) * right)
    return found


def ask(trace, inputs, **options):
    """Texts of lines, one or a list, by `trace` of a tracer; see `KnowledgeTracer.ask`."""
    one = isinstance(inputs, (str, bytes))
    texts = [inputs] if one else listed("inputs", inputs, _TEXTS)
    pairs = []
    for i, text in enumerate(map(decoded, texts)):
        if not isinstance(text, str):
            refuse("inputs", text, _TEXTS, f"inputs[{i}]=")
        pairs.append(parsed(text))
    answers, skills = [answers for answers, _ in pairs], [skill for _, skill in pairs]
    found = trace(answers, skills, **options)
    found = found if options.get("return_dict") else [f"{right:.3f}" for right in found]
    return found[0] if one else found
