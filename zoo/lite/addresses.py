"""E-mail addresses and URLs, which a translator takes over as they are: numbers stand for them."""

import re

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
# Those that are hardly a word behind a stop, where somebody forgot the space.
_DOMAINS = "com|org|net|info|edu|gov|io|eu|de|at|ch|fr|uk|cn|app|dev"
# It ends before what ends a sentence.
_PATH = r"(?::\d+)?(?:/(?:[\w./?=&%#~+:@,;!$'*-]*[\w/=&#])?)?"
_ADDRESS = re.compile(
    r"(?<![\w@/.+-])(?:"
    rf"[\w.+-]*[\w+]@{_HOST}[A-Za-z]{{2,}}"
    rf"|(?:https?://|www\.)[\w.-]*\w{_PATH}"
    rf"|{_HOST}(?:{_DOMAINS})(?![\w@-])(?!\.[a-z]){_PATH}"
    r")",
    re.ASCII,  # in Chinese, no space stands around it
)
# Translators copy a number of four digits that is no year and no round one.
_STAND_INS = ("2839", "5926", "3417")


def covered(text):
    """A text with numbers in the place of its addresses.

    Args:
        text: str.

    Returns:
        The text, and a dict from a number to the address that it stands for, of at most three
        different ones. Further addresses stay, and so does a number that the text has itself.
    """
    free = [number for number in _STAND_INS if number not in text]
    numbers = {}

    def cover(match):
        address = match[0]
        if address not in numbers and free:
            numbers[address] = free.pop(0)
        return numbers.get(address, address)

    return _ADDRESS.sub(cover, text), {number: address for address, number in numbers.items()}


def uncovered(answer, addresses):
    """The answer to a text from `covered`, with its addresses.

    Args:
        answer: str.
        addresses: dict from `covered`.

    Returns:
        str; or None where one of the numbers is not in the answer.
    """
    for number, address in addresses.items():
        # An answer may part the thousands.
        found = re.compile(rf"(?<!\d){number[0]}[.,'’ \u00a0]?{number[1:]}(?!\d)")
        if not found.search(answer):
            return None
        answer = found.sub(lambda match, address=address: address, answer)
    return answer
