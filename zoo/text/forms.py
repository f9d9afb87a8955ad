"""The form of a poem: how many lines, how long, and what stands after each."""

import dataclasses
import re
from typing import NamedTuple

import numpy as np

from zoo.text.sentencepiece import END_ID, PAD_ID


class FormTables(NamedTuple):
    """A form as tables for `zoo.decoding.allowed_tokens` and `force_tokens`.

    Attributes:
        classes: int32 (B, L), the class of each token to come, the end token included; -1 after it.
        masks: bool (C, V), the tokens of each class.
        ids: int32 (B, L), the tokens that are given; padding where they are not.
    """

    classes: np.ndarray
    masks: np.ndarray
    ids: np.ndarray


@dataclasses.dataclass(frozen=True)
class Form:
    """Lines of equally many characters, with a mark after each. A character is a letter or 漢字.

    Args:
        line_length: int, the characters of a line.
        marks: str, the mark after each line; as many lines as marks.

    Raises:
        ValueError: an empty line, no lines, or a letter as a mark.
    """

    line_length: int = 7
    marks: str = "，。，。"

    def __post_init__(self):
        if self.line_length < 1:
            raise ValueError(f"line_length must be >= 1; got line_length={self.line_length}.")
        if not self.marks or any(map(_is_character, self.marks)):
            raise ValueError(
                f"marks must be one or more signs that are no letters; got marks={self.marks!r}."
            )

    @property
    def length(self):
        """The characters of a whole poem, marks included."""
        return len(self.marks) * (self.line_length + 1)

    def matches(self, text):
        """Whether `text` is a whole poem of this form and nothing else."""
        return len(text) == self.length and self._first_fault(text) is None

    def lines(self, text):
        """A poem, or the beginning of one, as the list of its lines, each with its mark."""
        return lines(text, self.marks)

    def tables(self, tokenizer, prompts, acrostics=None):
        """What holds the continuations of prompts to this form, each up to its end token.

        Args:
            tokenizer: a `zoo.text.SentencePieceTokenizer` of single characters (`model_type="char"`
                and `lossless=True`).
            prompts: list of B str, how each poem begins: "" or up to a whole poem.
            acrostics: list of B str, the first characters of the lines of each poem (藏頭詩): ""
                or as many as there are lines at most.

        Returns:
            `FormTables`.

        Raises:
            ValueError: what cannot be met: a prompt that is no beginning of such a poem or does not
                agree with its acrostic, an acrostic longer than the poem, a character of an
                acrostic or a mark that the vocabulary lacks.
        """
        ids = self._vocabulary(tokenizer)
        characters = [number for piece, number in ids.items() if _is_character(piece)]
        kinds = sorted(set(self.marks))
        masks = np.zeros((len(kinds) + 2, tokenizer.vocab_size), bool)
        masks[0, characters] = True
        for kind, mark in enumerate(kinds, 1):
            masks[kind, ids[mark]] = True
        masks[-1, END_ID] = True
        whole = [kinds.index(mark) + 1 if mark else 0 for mark in self._places]
        whole.append(len(kinds) + 1)

        acrostics = [""] * len(prompts) if acrostics is None else acrostics
        shape = len(prompts), len(whole)
        tables = FormTables(np.full(shape, -1, "int32"), masks, np.full(shape, PAD_ID, "int32"))
        for row, (prompt, acrostic) in enumerate(zip(prompts, acrostics, strict=True)):
            self._check(prompt, acrostic, ids)
            given = [PAD_ID] * len(whole)
            for line, character in enumerate(acrostic):
                given[line * (self.line_length + 1)] = ids[character]
            rest = len(whole) - len(prompt)
            tables.classes[row, :rest] = whole[len(prompt) :]
            tables.ids[row, :rest] = given[len(prompt) :]
        return tables

    @property
    def _places(self):
        """The mark at each place of a poem; "" where a character stands."""
        return [place for mark in self.marks for place in [""] * self.line_length + [mark]]

    def _first_fault(self, text):
        """The first place at which `text` is no beginning of such a poem; None if it is one."""
        for i, (sign, mark) in enumerate(zip(text, self._places, strict=False)):
            if sign != mark if mark else not _is_character(sign):
                return i
        return self.length if len(text) > self.length else None

    def _vocabulary(self, tokenizer):
        """The single characters among the tokens: dict from str to id."""
        pieces = tokenizer.pieces(range(tokenizer.vocab_size))
        ids = {piece: i for i, piece in enumerate(pieces) if i > END_ID and len(piece) == 1}
        missing = "".join(mark for mark in self.marks if mark not in ids)
        if missing or len(tokenizer.encode([self.marks])[0]) != len(self.marks):
            raise ValueError(
                f"tokenizer must have each of marks={self.marks!r} as one token of its own; "
                f"got {tokenizer.vocab_size} tokens without {missing or 'such text'!r}."
            )
        return ids

    def _check(self, prompt, acrostic, ids):
        fault = self._first_fault(prompt)
        if fault is not None:
            raise ValueError(
                f"a prompt must begin a poem of {len(self.marks)} lines of {self.line_length} "
                f"characters with {self.marks!r} after them; got {prompt!r}, which does not at "
                f"place {fault + 1}."
            )
        if len(acrostic) > len(self.marks):
            raise ValueError(
                f"an acrostic must have at most a character a line, {len(self.marks)}; "
                f"got {len(acrostic)}: {acrostic!r}."
            )
        unknown = [c for c in acrostic if c not in ids or not _is_character(c)]
        if unknown:
            raise ValueError(
                "an acrostic must consist of characters of the vocabulary; "
                f"got {acrostic!r}, with {''.join(unknown)!r}."
            )
        for wanted, got in zip(acrostic, prompt[:: self.line_length + 1], strict=False):
            if wanted != got:
                raise ValueError(
                    f"a prompt must agree with its acrostic {acrostic!r}; got {prompt!r}, "
                    f"with {got!r} in the place of {wanted!r}."
                )


def lines(text, marks="，。"):
    """Text -> list of its lines, each up to one of the marks that end it."""
    ends = re.escape("".join(dict.fromkeys(marks)))
    return re.findall(f"[^{ends}]*[{ends}]|[^{ends}]+", text)


def _is_character(sign):
    return sign.isalpha()
