"""`RankIndex`: documents made ready for many queries, in memory or in a folder that is mapped."""

import contextlib
import hashlib
import json
import logging
from pathlib import Path

import numpy as np

from zoo.lite.catalogue import checked_ids
from zoo.system import advising, new_folder, put_folder
from zoo.text import words

_FORMAT = 1
_K1, _B = 1.2, 0.75  # of BM25, the usual values
_META, _DOCUMENTS, _VECTORS = "index.json", "documents.jsonl", "vectors.npy"
_PIECES, _STARTS, _LINES, _BM25 = "pieces.npy", "starts.npy", "lines.npy", "bm25"
_CHUNK = 256  # documents that are encoded together
_NONE = "attentionzoononeatall"  # stands for a document without words, which BM25 cannot hold


class RankIndex:
    """The documents that a `zoo.Ranker` ranks: their words, for BM25, and their vectors.

    `zoo.Ranker.index` makes it, `RankIndex.load` reads one that was saved. Vectors and texts of a
    saved one stay on the disk until they are asked for.

    Attributes:
        ids: list of str, of the documents.
        model: str, what tells the model that made the vectors from others.
    """

    def __init__(self, ids, model, bm25, vectors, pieces, starts, texts):
        self.ids, self.model = ids, model
        self._bm25, self._vectors, self._pieces = bm25, vectors, pieces
        self._starts, self._texts = starts, texts

    def __len__(self):
        return len(self.ids)

    def text(self, number):
        """The text of a document."""
        return self._texts[number]

    def bm25(self, query):
        """BM25 of all documents for the words of a query: float32 (N,)."""
        return _scores(self._bm25, query, len(self))

    def vectors(self, number):
        """The vectors of the tokens of a document, float16 (S, D), and the tokens, int32 (S,)."""
        part = slice(self._starts[number], self._starts[number + 1])
        return self._vectors[part], self._pieces[part]

    def late(self, query, weights, numbers):
        """The score of late interaction of some documents.

        Args:
            query: float32 (Q, D), unit vectors.
            weights: float32 (Q,), of the tokens of the query.
            numbers: int (N,), of documents.

        Returns:
            float32 (N,), 0 for a document without tokens.
        """
        starts = self._starts
        sizes = starts[numbers + 1] - starts[numbers]
        rows = [self._vectors[starts[n] : starts[n + 1]] for n in numbers[sizes > 0]]
        found = np.zeros(len(numbers), "float32")
        if rows:
            alike = np.concatenate(rows).astype("float32") @ query.T
            first = np.concatenate([[0], np.cumsum(sizes[sizes > 0])[:-1]])
            found[sizes > 0] = np.maximum.reduceat(alike, first, axis=0) @ weights
        return found

    def save(self, folder):
        """Writes the index into a folder, whole or not at all.

        Returns:
            `pathlib.Path` of the folder.
        """
        folder = Path(folder)
        with new_folder(folder.parent) as beside:
            self._bm25.save(str(beside / _BM25), show_progress=False)
            np.save(beside / _VECTORS, self._vectors)
            np.save(beside / _PIECES, self._pieces)
            np.save(beside / _STARTS, self._starts)
            lines = [_packed(text) + b"\n" for text in self._texts]
            np.save(beside / _LINES, np.cumsum([0, *map(len, lines)], dtype="int64"))
            (beside / _DOCUMENTS).write_bytes(b"".join(lines))
            meta = {"format": _FORMAT, "model": self.model, "ids": self.ids}
            meta["width"] = self._vectors.shape[1]
            (beside / _META).write_bytes(_packed(meta))
            put_folder(beside, folder)
        return folder

    @classmethod
    def load(cls, folder):
        """Reads a saved index; vectors and texts are mapped, not read.

        Raises:
            FileNotFoundError: the folder holds none.
            ValueError: it is damaged, or of a later version.
        """
        folder = Path(folder)
        if not (folder / _META).is_file():
            raise FileNotFoundError(
                f"index must be a folder that RankIndex.save wrote; got {str(folder)!r}."
            )
        with _refusing_damage(folder):
            meta = json.loads((folder / _META).read_bytes())
            _check(isinstance(meta, dict), _META, meta)
        if meta.get("format") != _FORMAT:
            raise ValueError(
                f"{folder} must be an index of format {_FORMAT}; got {meta.get('format')!r:.80}."
            )
        library = _library()
        with _refusing_damage(folder):
            ids, model = meta["ids"], meta["model"]
            _check(isinstance(ids, list) and all(isinstance(one, str) for one in ids), _META, ids)
            _check(isinstance(model, str), _META, model)
            vectors = _mapped(folder / _VECTORS, "float16", 2)
            # An index of an earlier version does not say how wide its vectors are.
            _check(meta.get("width", vectors.shape[1]) == vectors.shape[1], _VECTORS, vectors.shape)
            pieces = _mapped(folder / _PIECES, "int32", 1)
            _check(len(pieces) == len(vectors), _PIECES, pieces.shape)
            starts = _mapped(folder / _STARTS, "int64", 1)
            _check(_are_bounds(starts, len(ids), len(pieces)), _STARTS, starts)
            texts = np.memmap(folder / _DOCUMENTS, "uint8", "r")
            lines = _mapped(folder / _LINES, "int64", 1)
            _check(_are_bounds(lines, len(ids), len(texts)), _LINES, lines)
            bm25 = library.BM25.load(str(folder / _BM25), mmap=True, show_progress=False)
            _check(_is_whole(bm25, len(ids)), _BM25, "parts of other sizes")
        return cls(ids, model, bm25, vectors, pieces, starts, _Lines(texts, lines))


def _packed(value):
    """JSON in UTF-8; `json.loads` reads lone surrogates back, which are none."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@contextlib.contextmanager
def _refusing_damage(folder):
    """One error for whatever a damaged file makes json, numpy and bm25s raise."""
    try:
        yield
    except (ImportError, MemoryError, PermissionError):  # of the computer, not of the file
        raise
    except Exception as error:
        why = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{folder} must be a whole index; got: {str(why):.200}") from error


def _check(right, name, value):
    if not right:
        raise ValueError(f"{name} with {value!r:.80}")


def _mapped(path, dtype, ndim):
    """An array of a file, which is not read."""
    found = np.load(path, mmap_mode="r")
    _check(found.dtype == dtype and found.ndim == ndim, path.name, (found.dtype, found.shape))
    return found


def _are_bounds(places, count, end):
    """Whether these are where `count` parts of something begin, in order, and its end."""
    right = len(places) == count + 1 and places[0] == 0 and places[-1] == end
    return right and bool(np.all(np.diff(places) >= 0))


def _is_whole(bm25, count):
    """Whether the parts of what bm25s read fit together, and are of so many documents."""
    found, vocabulary = bm25.scores, bm25.vocab_dict
    numbers = {number for word, number in vocabulary.items() if word}  # "" stands for no word
    words_ = len(found["indptr"]) - 1
    kinds = [found[name].dtype.kind for name in ("data", "indices", "indptr")]
    return (
        kinds == ["f", "i", "i"]
        and np.dtype(bm25.dtype).kind == "f"
        and np.dtype(bm25.int_dtype).kind == "i"
        and found["num_docs"] == count
        and numbers == set(range(words_))
        and len(found["data"]) == len(found["indices"])
        and _are_bounds(found["indptr"], words_, len(found["data"]))
    )


class _Lines:
    """Texts in a file, a JSON line each, read when asked for."""

    def __init__(self, file, starts):
        self._file, self._starts = file, starts

    def __len__(self):
        return len(self._starts) - 1

    def __getitem__(self, number):
        if not 0 <= number < len(self):
            raise IndexError(number)
        return json.loads(bytes(self._file[self._starts[number] : self._starts[number + 1]]))


def build(documents, ids, model, encode, queries=None):
    """Makes an index.

    Args:
        documents: iterable of str.
        ids: list of int or str, or None for the numbers from 0.
        model: see `RankIndex`.
        encode: list of str -> a list of (tokens int32 (S,), vectors float16 (S, D)) of each.
        queries: dict of an id -> list of str that BM25 reads with the document.

    Raises:
        ValueError: `queries` of an id that no document has.
        ImportError: bm25s is not installed.
    """
    _library()  # whose absence shows before the work
    texts, split, vectors, pieces = [], [], [], []
    chunk = []

    def take():
        for tokens, found in encode(chunk):
            pieces.append(tokens)
            vectors.append(found)
        chunk.clear()

    for text in documents:
        texts.append(text)
        split.append(words(text))
        chunk.append(text)
        if len(chunk) == _CHUNK:
            take()
    take()
    if not texts:
        raise ValueError("documents must hold at least one; got none.")
    names = list(map(str, range(len(texts)) if ids is None else checked_ids(ids)))
    if len(names) != len(texts):
        raise ValueError(f"ids must be one for each document; got {len(names)} for {len(texts)}.")
    for number, asked in places_of(queries or {}, names):
        for query in asked:
            split[number] += words(query)
    bm25 = _indexed(split)
    starts = np.cumsum([0, *map(len, pieces)], dtype="int64")
    return RankIndex(
        names, model, bm25, np.concatenate(vectors), np.concatenate(pieces), starts, texts
    )


def places_of(queries, ids):
    """The (number of the document, its queries) of `queries`; a ValueError of an unknown id."""
    place = {str(name): number for number, name in enumerate(ids)}
    for name in queries:
        if str(name) not in place:
            raise ValueError(f"queries must be of ids of documents; got {name!r:.80}.")
    return [(place[str(name)], asked) for name, asked in queries.items()]


def bm25_of(documents):
    """A function from a query to BM25 of each of some documents, float32 (N,)."""
    split = [words(text) for text in documents]
    library = _indexed(split)
    return lambda query: _scores(library, query, len(split))


def _indexed(split):
    found = _library().BM25(k1=_K1, b=_B, method="lucene")
    found.index([row or [_NONE] for row in split], show_progress=False)
    return found


def _scores(bm25, query, count):
    known = [word for word in words(query) if word in bm25.vocab_dict]
    return bm25.get_scores(known) if known else np.zeros(count, "float32")


def digest(arrays):
    """What tells a model from others: a str, of its weights, of large ones of some rows."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array[:: 1 + array.size // 2**16]).tobytes())
    return found.hexdigest()[:16]


def _library():
    with advising():
        import bm25s
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it tells of each index that it makes
    return bm25s
