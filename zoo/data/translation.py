"""Loaders for the translation sets: each gives `(source, target)` pairs of stripped text.

Pairs with an empty side are dropped from training splits alone, so that evaluation splits stay
aligned, line by line, with other people's outputs.
"""

from zoo.data.checks import check
from zoo.data.files import read_lines

_LANGUAGES = ("en", "de", "fr")


def multi30k(split, source="de", target="en", data_dir=None):
    """Photo captions in English, German and French: 29,000, 1,014 and 1,000 pairs.

    Args:
        split: `"train"`, `"val"` or `"test_2016_flickr"`.
        source, target: two of `"en"`, `"de"`, `"fr"`.
        data_dir: folder that holds `multi30k/`; by default as `find` says.

    Returns:
        list of `(source, target)`, cased and detokenised.

    Raises:
        ValueError: an unknown split or language, or a damaged file.
        FileNotFoundError: the set is neither here nor to be downloaded.

    Reference:
        Elliott et al. (2016), Multi30K: Multilingual English-German Image Descriptions.
    """
    check("split", split, ("train", "val", "test_2016_flickr"))
    check("source", source, _LANGUAGES)
    check("target", target, [language for language in _LANGUAGES if language != source])
    return _aligned(f"multi30k/{split}.{source}", f"multi30k/{split}.{target}", split, data_dir)


def multi30k_tokenized(split, language, data_dir=None):
    """Captions as the literature scores them: lower-cased, normalised, tokenised by Moses.

    Args:
        split: `"val"` or `"test_2016_flickr"`.
        language: `"en"`, `"de"` or `"fr"`.
        data_dir: as for `multi30k`.

    Returns:
        list of str, tokens parted by single spaces; line n belongs to pair n of `multi30k`.
    """
    check("split", split, ("val", "test_2016_flickr"))
    check("language", language, _LANGUAGES)
    return read_lines(f"multi30k/tok/{split}.lc.norm.tok.{language}", data_dir)


def three_am(split, data_dir=None):
    """Simplified Chinese to English photo captions, chosen to be ambiguous: 23,931 and 1,000 pairs.

    Args:
        split: `"train"` or `"val"`.
        data_dir: as for `multi30k`.

    Returns:
        list of `(chinese, english)`.

    Reference:
        Ma et al. (2024), 3AM: An Ambiguity-Aware Multi-Modal Machine Translation Dataset.
    """
    check("split", split, ("train", "val"))
    return _aligned(f"zh_en/3am.{split}.zh", f"zh_en/3am.{split}.en", split, data_dir)


def tatoeba_zh_en(split, data_dir=None):
    """Everyday sentences, Chinese to English: 27,155 and 1,000 pairs; called as `three_am`."""
    return _columns("zh_en/tatoeba", split, None, data_dir)


def docs_zh_en(split, origin=None, data_dir=None):
    """Software documentation and HSK examples, Chinese to English: 52,544 and 604 pairs.

    Args:
        split: `"train"` or `"val"`.
        origin: keep one alone: `"lohelp"`, `"loui"`, `"gnomehelp"`, `"handbook"`, `"hsk"`.
        data_dir: as for `multi30k`.

    Returns:
        list of `(chinese, english)`.
    """
    return _columns("zh_en/docs", split, origin, data_dir)


def docs_fr_de(split, origin=None, data_dir=None):
    """Software documentation, French to German: 65,577 and 354 pairs; called as `docs_zh_en`."""
    return _columns("fr_de/docs", split, origin, data_dir)


def _aligned(source_path, target_path, split, data_dir):
    """Pairs from two files with a sentence a line."""
    sides = read_lines(source_path, data_dir), read_lines(target_path, data_dir)
    return pairs_of(zip(*sides, strict=True), split)


def _columns(name, split, origin, data_dir):
    """Pairs from one file of `source TAB target TAB origin`, of one origin where it is named."""
    check("split", split, ("train", "val"))
    rows = [line.split("\t") for line in read_lines(f"{name}.{split}.tsv", data_dir)]
    if origin is not None:
        check("origin", origin, sorted({row[2] for row in rows}))
        rows = [row for row in rows if row[2] == origin]
    return pairs_of((row[:2] for row in rows), split)


def pairs_of(rows, split):
    """Stripped pairs; of a training split those alone that have two sides."""
    pairs = [(source.strip(), target.strip()) for source, target in rows]
    return [pair for pair in pairs if all(pair)] if split == "train" else pairs
