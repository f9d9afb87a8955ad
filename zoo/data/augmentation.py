"""More of the same pairs, as people write them: slips, other names, addresses, two in a line.

Each function returns new pairs that stand beside the old ones in a training set, is the same for
the same arguments, and knows no language but by its tables.
"""

import random
import re

from zoo.data.checks import check

_STOPS = re.compile(r"\s*[.!?。！？]+$")
# Letters that stand beside each other on a keyboard, as slips have them.
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: row[max(0, i - 1) : i] + row[i + 1 : i + 2]
    for row in _KEYS
    for i, letter in enumerate(row)
}
_PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
)

_NAMES = """Anna Lena Julia Sarah Laura Emma Mia Sofia Clara Ida Nora Eva Petra Sabine Monika Ute
Heike Fatima Aylin Olga Irina Chloé Amélie Camille Lucie Zoé Giulia Elena Carmen Ines Yuki Mei
Priya Aisha Emily Olivia Grace Rachel Susan Karen Linda Lisa Lukas Jonas Leon Felix Paul Max Moritz
Jan Tim Stefan Andreas Jürgen Klaus Uwe Dieter Ali Mehmet Ivan Dmitri Pierre Louis Hugo Mathieu
Luca Marco Pablo Diego Kenji Wei Raj Omar Ahmed David Daniel Michael Peter James Robert William
George Charlie Oliver Harry Steve Brian Kevin Müller Schmidt Schneider Fischer Weber Meyer Wagner
Becker Hoffmann Dupont Martin Bernard Rossi García Novak Kowalski Yilmaz Nguyen Tanaka Smith Jones
Brown Taylor Wilson Clark""".split()
_PLACES = """Berlin Hamburg Leipzig Dresden Frankfurt Stuttgart Bremen Bonn Kiel Salzburg Bern Basel
Paris Lyon Marseille Bordeaux London Oxford Dublin Chicago Seattle Toronto Madrid Lissabon Oslo
Helsinki Amsterdam Budapest Istanbul Tokio Singapur Sydney""".split()

# What is to be kept as it is, in sentences of each language: {} is an address, a number, a time.
_FRAMES = {
    "de": (
        "Meine E-Mail-Adresse ist {}.",
        "Bitte schreiben Sie an {}.",
        "Schicken Sie die Rechnung bitte an {}.",
        "Mehr dazu auf {}.",
        "Die Webseite ist {}.",
        "Besuchen Sie uns auf {}.",
        "Das kostet {}.",
        "Der Gesamtbetrag ist {}.",
        "Meine Bestellnummer ist {}.",
        "Meine Telefonnummer ist {}.",
        "Der Zug fährt um {} ab.",
        "Wir treffen uns um {}.",
        "Der Flug {} hat Verspätung.",
        "{}",
    ),
    "en": (
        "My email address is {}.",
        "Please write to {}.",
        "Please send the invoice to {}.",
        "More about it at {}.",
        "The website is {}.",
        "Visit us at {}.",
        "That costs {}.",
        "The total is {}.",
        "My order number is {}.",
        "My phone number is {}.",
        "The train leaves at {}.",
        "We'll meet at {}.",
        "Flight {} is delayed.",
        "{}",
    ),
    "fr": (
        "Mon adresse e-mail est {}.",
        "Veuillez écrire à {}.",
        "Veuillez envoyer la facture à {}.",
        "Plus d'informations sur {}.",
        "Le site web est {}.",
        "Rendez-nous visite sur {}.",
        "Ça coûte {}.",
        "Le montant total est de {}.",
        "Mon numéro de commande est {}.",
        "Mon numéro de téléphone est {}.",
        "Le train part à {}.",
        "On se retrouve à {}.",
        "Le vol {} est en retard.",
        "{}",
    ),
    "zh": (
        "我的电子邮箱是{}。",
        "请写信到{}。",
        "请把发票寄到{}。",
        "更多信息请看{}。",
        "网址是{}。",
        "请访问{}。",
        "这个要{}。",
        "总共是{}。",
        "我的订单号是{}。",
        "我的电话号码是{}。",
        "火车{}出发。",
        "我们{}见。",
        "{}航班晚点了。",
        "{}",
    ),
}
LANGUAGES = tuple(_FRAMES)
# How people greet, thank and introduce themselves: {0} is a name, {1} a town, {2} Mr or Mrs.
_GREETINGS = {
    "fr": """Bonjour {0} !|Bonjour {2} {0}.|Bonjour, {2}.|Bonjour {2} {0}, comment allez-vous ?
    Bonjour, je m'appelle {0}.|Je m'appelle {0}.|Je m'appelle {0} et j'habite à {1}.
    Salut {0}, ça va ?|Salut {0} !|Salut, moi c'est {0}.|Salut, comment vas-tu, {0} ?
    Bonsoir {0}.|Bonsoir {2} {0}.|Bonsoir {2}.|Au revoir {0} !|Au revoir {2}, à bientôt.
    Bonne nuit {0}.|Bonjour, je voudrais parler à {2} {0}.|Bonjour, c'est {0} à l'appareil.
    Bonjour, avez-vous une table pour deux ?|Bonjour, je voudrais un café, s'il vous plaît.
    Bonjour, je cherche la gare.|Bonjour, pouvez-vous m'aider ?|Bonjour à tous, je suis {0}.
    Bonjour tout le monde, merci d'être venus.|Enchanté, {2} {0}.|Enchantée, je suis {0}.
    Merci beaucoup, {2} {0}.|Merci {0}, c'est très gentil.|Merci beaucoup, {2}.
    Comment vous appelez-vous, {2} ?|Mon fils s'appelle {0}.|Ma fille s'appelle {0}.
    Il s'appelle {0} et il vient de {1}.|Je te présente {0}, mon mari.|Elle s'appelle {0}.
    Salut tout le monde, ça va bien ?|À demain, {0} !|Bon appétit, {2} {0}.
    Bonne journée, {0} !|Bon anniversaire, {0} !|Excusez-moi, {2}, où est la pharmacie ?
    Bienvenue à {1}, {2} {0}.|Bonjour {0}, tu as bien dormi ?|Bonjour, il y a quelqu'un ?
    Bonjour et bienvenue.|Bonjour, comment ça va aujourd'hui ?|Salut, quoi de neuf, {0} ?""",
    "de": """Hallo {0}!|Guten Tag, {2} {0}.|Guten Tag.|Guten Tag, {2} {0}, wie geht es Ihnen?
    Guten Tag, ich heiße {0}.|Ich heiße {0}.|Ich heiße {0} und wohne in {1}.
    Hallo {0}, wie geht's?|Hallo {0}!|Hallo, ich bin {0}.|Hallo, wie geht es dir, {0}?
    Guten Abend, {0}.|Guten Abend, {2} {0}.|Guten Abend.|Auf Wiedersehen, {0}!
    Auf Wiedersehen, bis bald.|Gute Nacht, {0}.|Guten Tag, ich möchte mit {2} {0} sprechen.
    Guten Tag, hier spricht {0}.|Guten Tag, haben Sie einen Tisch für zwei?
    Guten Tag, ich hätte gern einen Kaffee.|Guten Tag, ich suche den Bahnhof.
    Guten Tag, können Sie mir helfen?|Hallo zusammen, ich bin {0}.
    Hallo zusammen, danke, dass ihr gekommen seid.|Sehr erfreut, {2} {0}.
    Freut mich, ich bin {0}.|Vielen Dank, {2} {0}.|Danke, {0}, das ist sehr nett.
    Vielen Dank.|Wie heißen Sie?|Mein Sohn heißt {0}.|Meine Tochter heißt {0}.
    Er heißt {0} und kommt aus {1}.|Das ist {0}, mein Mann.|Sie heißt {0}.
    Hallo zusammen, geht es euch gut?|Bis morgen, {0}!|Guten Appetit, {2} {0}.
    Schönen Tag noch, {0}!|Alles Gute zum Geburtstag, {0}!
    Entschuldigen Sie, wo ist die Apotheke?|Willkommen in {1}, {2} {0}.
    Guten Morgen, {0}, hast du gut geschlafen?|Hallo, ist da jemand?
    Guten Tag und herzlich willkommen.|Guten Tag, wie geht es heute?
    Hallo, was gibt's Neues, {0}?""",
}
_GREETINGS = {
    language: [frame.strip() for line in frames.split("\n") for frame in line.split("|")]
    for language, frames in _GREETINGS.items()
}
_TITLES = {"fr": ("Madame", "Monsieur"), "de": ("Frau", "Herr")}
_KINDS = "email email email url url url price price order phone time time flight any".split()


def typed(pairs, share, seed=0):
    """Copies whose source is written as people type: the target stays as it is.

    A copy has one of these: lower case, no stop at the end, both, all capitals, one or two slips
    of the keyboard, or ae, oe, ue, ss for the German letters where the source has some.

    Args:
        pairs: list of `(source, target)`.
        share: float in [0, 1], of the pairs that are copied.
        seed: of the choice.

    Returns:
        list of `(source, target)`, `share` as long as `pairs`; a pair that no slip changes is left
        out.

    Raises:
        ValueError: a share outside [0, 1].
    """
    _check_share(share)
    rng = random.Random(seed)
    ways = (
        str.lower,
        without_stop,
        lambda text: without_stop(text.lower()),
        str.upper,
        lambda text: slips(text, rng),
        lambda text: slips(text, rng),
        lambda text: text.translate(_PLAIN),
    )
    copies = []
    for source, target in rng.sample(pairs, round(share * len(pairs))):
        written = rng.choice(ways)(source)
        if written != source:
            copies.append((written, target))
    return copies


def without_stop(text):
    """A sentence without the stop at its end."""
    return _STOPS.sub("", text) or text


def slips(text, rng):
    """A text with one or two typing errors in words of four letters or more.

    Args:
        text: str.
        rng: a `random.Random`.
    """
    words = [match.span() for match in re.finditer(r"[^\W\d_]{4,}", text)]
    for start, end in sorted(rng.sample(words, min(len(words), rng.choice((1, 1, 2)))))[::-1]:
        at = rng.randrange(start + 1, end - 1)
        here, following = text[at], text[at + 1]
        beside = rng.choice(_BESIDE.get(here.lower()) or here)
        put = rng.choice((following + here, following, here * 2 + following, beside + following))
        text = text[:at] + put + text[at + 2 :]
    return text


def renamed(pairs, share, names=("Tom", "Mary", "Maria"), places=("Boston",), seed=0):
    """Copies of the pairs about a few people and places, with the names of others.

    In everyday sentences of Tatoeba every third person is called Tom; a translator that has seen no
    other name writes Tom for all of them.

    Args:
        pairs: list of `(source, target)`.
        share: float in [0, 1], of the pairs with such a name that are copied.
        names, places: what is replaced, where both sides have it as a word.
        seed: of the choice.

    Returns:
        list of `(source, target)`.

    Raises:
        ValueError: a share outside [0, 1].
    """
    _check_share(share)
    rng = random.Random(seed)
    old = re.compile(rf"\b({'|'.join((*names, *places))})\b")

    def of(text):
        return set(old.findall(text))

    known = [pair for pair in pairs if of(pair[0]) and of(pair[0]) == of(pair[1])]
    copies = []
    for pair in rng.sample(known, round(share * len(known))):
        new = {
            name: rng.choice(_PLACES if name in places else _NAMES) for name in sorted(of(pair[0]))
        }
        copies.append(tuple(old.sub(lambda match, new=new: new[match[0]], side) for side in pair))
    return copies


def addresses(count, source, target, seed=0):
    """Sentences with something that is kept as it is: e-mail addresses, URLs, numbers, times.

    Args:
        count: int >= 0, how many.
        source, target: two of `"de"`, `"en"`, `"fr"`, `"zh"`.
        seed: of the choice.

    Returns:
        list of `(source, target)`.

    Raises:
        ValueError: another language, or a count below 0.
    """
    check("source", source, LANGUAGES)
    check("target", target, LANGUAGES)
    if count < 0:
        raise ValueError(f"count must be >= 0; got count={count}.")
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        frame = rng.randrange(len(_KINDS))
        kind = _KINDS[frame] if _KINDS[frame] != "any" else rng.choice(_KINDS[:-1])
        held = _held(kind, rng)
        pairs.append((_FRAMES[source][frame].format(held), _FRAMES[target][frame].format(held)))
    return pairs


def greetings(count, source, target, seed=0):
    """How people greet, thank and introduce themselves, which is in few collections of sentences.

    Args:
        count: int >= 0, how many.
        source, target: two of `"de"`, `"fr"`.
        seed: of the choice.

    Returns:
        list of `(source, target)`.

    Raises:
        ValueError: another language, or a count below 0.
    """
    check("source", source, tuple(_GREETINGS))
    check("target", target, tuple(_GREETINGS))
    if count < 0:
        raise ValueError(f"count must be >= 0; got count={count}.")
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        frame, title = rng.randrange(len(_GREETINGS[source])), rng.randrange(2)
        name, town = rng.choice(_NAMES), rng.choice(_PLACES)
        pairs.append(
            tuple(
                _GREETINGS[language][frame].format(name, town, _TITLES[language][title])
                for language in (source, target)
            )
        )
    return pairs


def _held(kind, rng):
    def digits(count):
        return "".join(rng.choice("0123456789") for _ in range(count))

    def word():
        made = "".join(
            rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3))
        )
        name = rng.choice([name for name in _NAMES if name.isascii()]).lower()
        return rng.choice((made, name, made + rng.choice("nrstlk")))

    domain = (
        f"{word()}{rng.choice(('', '-' + word()))}.{rng.choice('com de org net fr io eu'.split())}"
    )
    if kind == "email":
        first, between, second = word(), rng.choice(("", ".", "_", "-")), word()
        return f"{first}{between}{second}{rng.choice(('', digits(2)))}@{domain}"
    if kind == "url":
        path = rng.choice(("", f"/{word()}", f"/{word()}/{word()}", f"/{word()}.html"))
        return rng.choice(("www.", "https://", "https://www.", "http://")) + domain + path
    if kind == "price":
        whole = rng.choice((digits(1), digits(2), digits(3))).lstrip("0") or "5"
        return rng.choice((f"{whole} €", f"${whole}", f"{whole} $"))
    if kind == "order":
        return rng.choice(("", "A", "DE-", "#")) + digits(rng.randint(4, 9))
    if kind == "phone":
        return rng.choice(("+49 ", "0", "+1 ")) + f"{digits(3)} {digits(rng.randint(4, 7))}"
    if kind == "time":
        return f"{rng.randrange(24)}:{rng.randrange(60):02d}"
    return f"{rng.choice('LH BA AF UA LX'.split())}{digits(rng.randint(3, 4))}"


def joined_in_pairs(pairs, share, seed=0):
    """Lines of two sentences, as people write more than one at a time.

    Args:
        pairs: list of `(source, target)`.
        share: float in [0, 1], how many lines for each pair.
        seed: of the choice.

    Returns:
        list of `(source, target)`, `round(share * len(pairs))` of them.

    Raises:
        ValueError: a share outside [0, 1], or fewer than two pairs to join.
    """
    _check_share(share)
    if share and len(pairs) < 2:
        raise ValueError(f"pairs must hold at least two; got {len(pairs)}.")
    rng = random.Random(seed)
    return [
        tuple(" ".join(sides) for sides in zip(*rng.sample(pairs, 2), strict=True))
        for _ in range(round(share * len(pairs)))
    ]


def _check_share(share):
    if not 0 <= share <= 1:
        raise ValueError(f"share must be >= 0 and <= 1; got share={share}.")
