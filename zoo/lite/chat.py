"""Turns of a conversation as the prompt of a language model that was trained for it."""

from typing import NamedTuple


class Chat(NamedTuple):
    """What stands around the messages of a conversation between a user and an assistant.

    They are written without the white space around them, as most templates do.

    Attributes:
        first: str, in front of the user's first message, where there is no system message.
        answered: str, between a message of the user and the assistant's.
        reply: str, behind the newest message of the user, where the assistant's is to be written.
        then: str, between a message of the assistant and the user's next one.
        system: two str, in front of a system message, and between it and the user's first one; or
            None where there is no place for a system message.
    """

    first: str
    answered: str
    reply: str
    then: str
    system: tuple | None

    def prompt(self, turns, system=None):
        """What the assistant's next message is written after.

        Args:
            turns: list of str, an odd number: the user's, the assistant's, and so on.
            system: str, the system message, or None.

        Raises:
            ValueError: a number of turns that is even, or a system message without a place.
        """
        if len(turns) % 2 == 0:
            raise ValueError(
                "turns must be the user's and the assistant's in turn, first and last the user's; "
                f"got {len(turns)} turns."
            )
        if system is not None and self.system is None:
            raise ValueError(
                f"persona must be empty: the model has no place for it; got {system!r:.80}."
            )
        opening = self.first
        if system is not None:
            opening = system.strip().join(self.system)
        between = [self.answered, self.then] * (len(turns) // 2) + [self.reply]
        pairs = zip(turns, between, strict=True)
        return opening + "".join(turn.strip() + text for turn, text in pairs)
