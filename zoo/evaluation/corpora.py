"""What each shipped model is measured on."""

import re
from typing import NamedTuple

from zoo import data


class Corpus(NamedTuple):
    """One split of one data set, in one direction.

    Attributes:
        data: key of `zoo.data.SOURCES`, which is also the name of its loader.
        split: split of the set.
        source, target: languages.
    """

    data: str
    split: str
    source: str
    target: str

    @property
    def name(self):
        """Readable and unique: `"multi30k test_2016_flickr fr-de"`."""
        return f"{self.data} {self.split} {self.source}-{self.target}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        names = rf"\b{self.split}\.({self.source}|(lc\.norm\.tok\.)?{self.target}|tsv)$"
        files = data.SOURCES[self.data].files
        return {path: file.sha256 for path, file in files.items() if re.search(names, path)}

    def pairs(self, data_dir=None):
        """List of `(source, target)`; errors as of the loaders of `zoo.data`."""
        directions = [self.source, self.target] if self.data == "multi30k" else []
        return getattr(data, self.data)(self.split, *directions, data_dir=data_dir)

    def tokenized(self, data_dir=None):
        """Read the references as the literature scores them, or `None` where the set has none."""
        if self.data != "multi30k":
            return None
        return data.multi30k_tokenized(self.split, self.target, data_dir)


def _multi30k(source, target):
    splits = "test_2016_flickr", "val"
    return tuple(Corpus("multi30k", split, source, target) for split in splits)


# The first corpus of a model gives the figure by which it is listed.
CORPORA = {
    "translate_fr_de": (*_multi30k("fr", "de"), Corpus("docs_fr_de", "val", "fr", "de")),
    "translate_zh_en": tuple(
        Corpus(name, "val", "zh", "en") for name in ("tatoeba_zh_en", "three_am", "docs_zh_en")
    ),
    "translate_de_en": _multi30k("de", "en"),
    "translate_de_en_rnn": _multi30k("de", "en"),
}
