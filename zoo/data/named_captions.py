"""Captions without their photographs, as examples for a captioner that is told names."""

import numpy as np

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


class NamedCaptions:
    """Draws captions with the names that stand in them, and what a classifier might have seen.

    A name in a caption may be put in the place of another, so that any name can come anywhere. The
    features are those of a photograph of the name, side by side where there are two, or zeros: then
    the names alone say what to write. Names that are not in the caption come, too.

    Args:
        captions: list of str, in lower case; those without a name are left out.
        names: list of str, which may hold spaces.
        photos: float16 (P, S, C), features of photographs, of a square grid.
        shown: P numbers of names, one for each photograph.
        num_labels: names of an example, L, at most.
        language: "en" or "zh".
        swapped, hidden, wrong: shares of the captions whose name is put in the place of another, of
            the examples without features, and of those with a wrong name.
        seed: of everything random.
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
    ):
        self._language, self._photos, self._num_labels = language, photos, num_labels
        self._swapped, self._hidden, self._wrong = swapped, hidden, wrong
        self._rng = np.random.default_rng(seed)
        self._photos_of = {}
        for row, number in enumerate(shown):
            self._photos_of.setdefault(int(number), []).append(row)
        self._names = list(map(self._words, names))
        self._known = _numbers(self._names, language)
        self._longest = max(map(len, self._known))
        found = ((words, self._found(words)) for words in map(self._words, captions))
        self._captions = [(words, names) for words, names in found if names]

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
                if number is not None:
                    found.append((i, i + length, number))
                    i += length - 1
                    break
            i += 1
        return found

    def draw(self):
        """One example: the caption, the numbers of its names (L,), and features (S, C)."""
        rng = self._rng
        words, found = self._captions[rng.integers(len(self._captions))]
        place = rng.integers(len(found))
        if rng.random() < self._swapped:
            words, found = self._with_another(words, found, place)
        named = list(dict.fromkeys(number for *_, number in found))
        rng.shuffle(named)
        named = named[: self._num_labels]
        source = np.zeros(self._photos.shape[1:], self._photos.dtype)
        if rng.random() >= self._hidden:
            self._show([number for number in named if number in self._photos_of][:2], source)
        if len(named) < self._num_labels and rng.random() < self._wrong:
            named.insert(rng.integers(1, len(named) + 1), int(rng.integers(len(self._names))))
        labels = np.full(self._num_labels, -1, "int32")
        labels[: len(named)] = named
        return (" " if self._language == "en" else "").join(words), labels, source

    def _with_another(self, words, found, place):
        """The caption with another name at one place."""
        begin, end, _ = found[place]
        other = int(self._rng.integers(len(self._names)))
        words = [*words[:begin], *self._names[other], *words[end:]]
        if self._language == "en" and begin and words[begin - 1] in ("a", "an"):
            words[begin - 1] = "an" if words[begin][0] in "aeiou" else "a"
        rest = [one for i, one in enumerate(found) if i != place]
        return words, [(begin, begin + 1, other), *rest]

    def _show(self, numbers, source):
        """Fills features with the photographs of one or two names, mirrored or not."""
        side = int(len(source) ** 0.5)
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
