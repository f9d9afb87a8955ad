"""Captions without their photographs, as examples for a captioner that is told names."""

import numpy as np

from zoo.data.articles import article
from zoo.data.measure_words import MEASURE_WORDS, kind, measure_word

_SYNONYMS = {
    "bike": "bicycle",
    "tv": "television",
    "plane": "airplane",
    "jet": "airplane",
    "sofa": "couch",
    "phone": "cell phone",
    "cellphone": "cell phone",
    "fridge": "refrigerator",
    "kitten": "cat",
    "puppy": "dog",
    "pony": "horse",
    "bull": "cow",
    "cattle": "cow",
    "lamb": "sheep",
    "burger": "hamburger",
    "ipod": "music player",
    "oven": "stove",
    "stop sign": "street sign",
    "firetruck": "fire truck",
    "coffee": "cup of coffee",
    "soup": "bowl of soup",
    "wine": "glass of wine",
    "beer": "glass of beer",
    "teddy": "teddy bear",
}
# Names that in captions are mostly another word: an orange shirt, a tennis match, who can fly.
_OTHER_WORDS = frozenset(
    "orange can fly flies match matches scale swing swings watch watches".split()
)
# Words for people.
_PEOPLE = {
    "en": frozenset(
        "man men woman women boy boys girl girls child children kid kids baby babies toddler "
        "person people adult adults guy guys lady ladies couple player players someone he she his "
        "her they their".split()
    ),
    "zh": frozenset("人男女孩他她"),
}


class NamedCaptions:
    """Draws captions with the names that stand in them, and what a classifier might have seen.

    A name in a caption may be put in the place of another, so that any name can come anywhere; in
    English with its article, and not in the place of a plural or of what only says more of the next
    noun, as the train of a train station; in Chinese only behind a measure word, which is changed
    to that of the new name, and an animal only in the place of an animal, a vehicle in that of a
    vehicle, a thing in that of a thing. The features are those of a photograph of the name, side by
    side where there are two, or zeros: then the names alone say what to write. Names that are not
    in the caption come, too.

    Args:
        captions: list of str, in lower case; those without a name are left out.
        names: list of str, which may hold spaces.
        photos: float16 (P, S, C) or (P, side, side, C), features of photographs, of a square grid.
        shown: P numbers of names, one for each photograph.
        num_labels: names of an example, L, at most.
        language: "en" or "zh".
        swapped, hidden, wrong: shares of the captions of which a name is put in the place of
            another, where there is one that may be, of the examples without features, and of those
            with a wrong name.
        seed: of everything random.
        animals: numbers of the names that are animals.
        balanced: share of the examples for which first a name is drawn, then a caption with it, so
            that rare names come, too.
        plausible: whether a caption with people always comes without features, since a photograph
            of a cup shows nobody who sits at it, and whether in English, too, an animal only comes
            in the place of an animal, and a thing in that of a thing.
        heads: words of which a name in front only says more; in English.
    """

    def __init__(
        self,
        captions,
        names,
        photos,
        shown,
        num_labels,
        language="en",
        swapped=0.4,
        hidden=0.4,
        wrong=0.3,
        seed=0,
        *,
        animals=(),
        balanced=0.0,
        plausible=False,
        heads=frozenset(),
    ):
        self._heads = heads
        self._language, self._photos, self._num_labels = language, photos, num_labels
        self._swapped, self._hidden, self._wrong = swapped, hidden, wrong
        self._balanced, self._unseen = balanced, _PEOPLE[language] if plausible else frozenset()
        nouns = [(name, number in animals) for number, name in enumerate(names)]
        self._measures = [measure_word(*noun) for noun in nouns]
        kinds = plausible or language == "zh"
        self._kinds = [kind(*noun) if kinds else "any" for noun in nouns]
        self._of_kind = {}
        for number, found in enumerate(self._kinds):
            self._of_kind.setdefault(found, []).append(number)
        self._rng = np.random.default_rng(seed)
        self._photos_of = {}
        for row, number in enumerate(shown):
            self._photos_of.setdefault(int(number), []).append(row)
        self._names = list(map(self._words, names))
        self._articles = list(map(article, names))
        self._known, self._plurals = _numbers(self._names, language)
        self._longest = max(map(len, self._known))
        found = ((words, self._found(words)) for words in map(self._words, captions))
        self._captions = [(words, names) for words, names in found if names]
        self._captions_of = {}
        for row, (_, names) in enumerate(self._captions):
            for *_, number in names:
                self._captions_of.setdefault(number, []).append(row)
        self._numbers = sorted(self._captions_of)

    def __len__(self):
        """Captions with a name."""
        return len(self._captions)

    def _words(self, text):
        return text.split() if self._language == "en" else list(text.replace(" ", ""))

    def _found(self, words):
        """The names in a caption: triples of begin, end and number, the longest at each place."""
        found, i = [], 0
        while i < len(words):
            for length in range(min(self._longest, len(words) - i), 0, -1):
                number = self._known.get(tuple(words[i : i + length]))
                if number is not None and self._is_name(words, i, length):
                    found.append((i, i + length, number))
                    i += length - 1
                    break
            i += 1
        return found

    def _is_name(self, words, i, length):
        """Whether what stands at i is a name, and not another word or a part of one."""
        if self._language == "en":
            alone = words[i] not in _OTHER_WORDS or length > 1
            number = self._known[tuple(words[i : i + length])]
            # A coffee table is no cup of coffee.
            itself = words[i : i + length] == self._names[number]
            return alone and (itself or not self._says_more(words, i + length))
        # A single Chinese character is a word of its own behind a measure word, as in 一只猫; else
        # it may be a part of another word, as in 山地车, a bicycle.
        if length > 1:
            return True
        return i > 0 and (words[i - 1] == "的" or words[i - 1] in MEASURE_WORDS)

    def _says_more(self, words, end):
        return end < len(words) and words[end] in self._heads

    def draw(self):
        """One example: the caption, the numbers of its names (L,), and features as of a photo."""
        rng = self._rng
        words, found = self._captions[self._row()]
        named = [number for *_, number in found]
        if rng.random() < self._swapped:
            for place in rng.permutation(len(found)):
                other = int(rng.choice(self._of_kind[self._kinds[named[place]]]))
                changed = self._with_another(words, *found[place][:2], other)
                if changed:
                    words, named[place] = changed, other
                    break
        named = list(dict.fromkeys(named))
        rng.shuffle(named)
        named = named[: self._num_labels]
        source = np.zeros(self._photos.shape[1:], self._photos.dtype)
        if rng.random() >= self._hidden and not self._unseen.intersection(words):
            self._show([number for number in named if number in self._photos_of][:2], source)
        if len(named) < self._num_labels and rng.random() < self._wrong:
            named.insert(rng.integers(1, len(named) + 1), int(rng.integers(len(self._names))))
        labels = np.full(self._num_labels, -1, "int32")
        labels[: len(named)] = named
        return (" " if self._language == "en" else "").join(words), labels, source

    def _row(self):
        """The number of a caption."""
        rng = self._rng
        if self._balanced and rng.random() < self._balanced:
            return rng.choice(self._captions_of[rng.choice(self._numbers)])
        return rng.integers(len(self._captions))

    def _with_another(self, words, begin, end, other):
        """The words of a caption with another name in the place of one; None where it can't be."""
        if self._language == "en":
            if tuple(words[begin:end]) in self._plurals or self._says_more(words, end):
                return None
            before = words[:begin]
            if begin and before[-1] in ("a", "an"):
                before[-1] = self._articles[other]
        else:
            if begin < 2 or words[begin - 1] not in MEASURE_WORDS:
                return None
            measure = self._measures[other]
            if not measure and words[begin - 2] != "一":
                return None
            if not measure:  # the name brings it along, and the number before it
                before = words[: begin - 2]
            elif words[begin - 1] == "群":
                before = words[:begin]
            else:
                before = [*words[: begin - 1], measure]
        return [*before, *self._names[other], *words[end:]]

    def _show(self, numbers, source):
        """Fills features with the photographs of one or two names, mirrored or not."""
        side = int((source.size // source.shape[-1]) ** 0.5)
        grid = source.reshape(side, side, -1)
        cut = side
        if len(numbers) == 2:
            cut = int(self._rng.integers(side // 4 + 1, side - side // 4))
        for number, part in zip(numbers, (slice(0, cut), slice(cut, side)), strict=False):
            row = self._rng.choice(self._photos_of[number])
            photo = self._photos[row].reshape(side, side, -1)
            grid[:, part] = photo[:, :: self._rng.choice([-1, 1])][:, part]


def _numbers(names, language):
    """Words as they stand in captions, a tuple -> the number of the name; and those in the plural.

    A name that is a plural itself is none of those.
    """
    known, plurals = {tuple(words): number for number, words in enumerate(names)}, set()
    if language == "en":
        for words, name in _SYNONYMS.items():
            number = known.get(tuple(name.split()))
            if number is not None:
                known.setdefault(tuple(words.split()), number)
        for words, number in list(known.items()):
            for ending in ("s", "es"):
                several = (*words[:-1], words[-1] + ending)
                if several not in known:
                    known[several] = number
                    plurals.add(several)
    return known, plurals
