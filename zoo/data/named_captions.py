"""Captions without their photographs, as examples for a captioner that is told names."""

import numpy as np

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
    Chinese only behind a measure word, which is changed to that of the new name, and an animal only
    in the place of an animal, a vehicle in that of a vehicle, a thing in that of a thing. The
    features are those of a photograph of the name, side by side where there are two, or zeros: then
    the names alone say what to write. Names that are not in the caption come, too.

    Args:
        captions: list of str, in lower case; those without a name are left out.
        names: list of str, which may hold spaces.
        photos: float16 (P, S, C) or (P, side, side, C), features of photographs, of a square grid.
        shown: P numbers of names, one for each photograph.
        num_labels: names of an example, L, at most.
        language: "en" or "zh".
        swapped, hidden, wrong: shares of the captions whose name is put in the place of another, of
            the examples without features, and of those with a wrong name.
        seed: of everything random.
        animals: numbers of the names that are animals.
        balanced: share of the examples for which first a name is drawn, then a caption with it, so
            that rare names come, too.
        plausible: whether a caption with people always comes without features, since a photograph
            of a cup shows nobody who sits at it, and whether in English, too, an animal only comes
            in the place of an animal, and a thing in that of a thing.
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
    ):
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
        self._known = _numbers(self._names, language)
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
        """Whether what stands at i is a word of its own."""
        # A single Chinese character is a word of its own behind a measure word, as in 一只猫; else
        # it may be a part of another word, as in 山地车, a bicycle.
        if self._language == "en" or length > 1:
            return True
        return i > 0 and (words[i - 1] == "的" or words[i - 1] in MEASURE_WORDS)

    def draw(self):
        """One example: the caption, the numbers of its names (L,), and features as of a photo."""
        rng = self._rng
        words, found = self._captions[self._row()]
        place = rng.integers(len(found))
        if rng.random() < self._swapped:
            words, found = self._with_another(words, found, place)
        named = list(dict.fromkeys(number for *_, number in found))
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

    def _with_another(self, words, found, place):
        """The caption with another name at one place."""
        if self._language == "zh":
            return self._with_another_measured(words, found, place)
        begin, end, number = found[place]
        other = self._alike(number)
        words = [*words[:begin], *self._names[other], *words[end:]]
        if begin and words[begin - 1] in ("a", "an"):
            words[begin - 1] = "an" if words[begin][0] in "aeiou" else "a"
        rest = [one for i, one in enumerate(found) if i != place]
        return words, [(begin, begin + 1, other), *rest]

    def _alike(self, number):
        """The number of a name of the same kind."""
        return int(self._rng.choice(self._of_kind[self._kinds[number]]))

    def _with_another_measured(self, words, found, place):
        """The same in Chinese, where the name stands behind a measure word."""
        begin, end, number = found[place]
        if begin < 2 or words[begin - 1] not in MEASURE_WORDS:
            return words, found
        other = self._alike(number)
        measure = self._measures[other]
        if not measure:  # the name brings it along, and the number before it
            if words[begin - 2] != "一":
                return words, found
            before = words[: begin - 2]
        elif words[begin - 1] == "群":
            before = words[:begin]
        else:
            before = [*words[: begin - 1], measure]
        rest = [one for i, one in enumerate(found) if i != place]
        words = [*before, *self._names[other], *words[end:]]
        return words, [(begin, begin + 1, other), *rest]

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
    """Words as they stand in captions, a tuple -> the number of the name."""
    known = {tuple(words): number for number, words in enumerate(names)}
    if language == "en":
        for words, name in _SYNONYMS.items():
            number = known.get(tuple(name.split()))
            if number is not None:
                known.setdefault(tuple(words.split()), number)
        for words, number in list(known.items()):
            for ending in ("s", "es"):
                known.setdefault((*words[:-1], words[-1] + ending), number)
    return known
