"""Readers of LiteRT exports: strings or photographs in, answers out, without TensorFlow."""

import functools
import json
import numbers
import random
import warnings
from pathlib import Path

import numpy as np

from zoo.lite import audio, catalogue, pictures, pupils
from zoo.lite.kept import answered, as_it_stands, questions
from zoo.lite.labels import named
from zoo.lite.languages import checked_code, warn_of_another
from zoo.lite.search import LiteBatches
from zoo.lite.sentences import parts_of
from zoo.lite.spaced_pairs import vocabulary
from zoo.lite.subwords import END_ID, continued, prompt_ids
from zoo.lite.turns import encode_turns, filled_parts, joined_turns, newest_turns
from zoo.system import NamesOptions

MANIFEST, MODEL, SOURCE, TARGET = "manifest.json", "model.tflite", "source.model", "target.model"
FORMAT = 2  # of the manifest; 1 had none and is read, too


class LiteModel(NamesOptions):
    """Base of the readers: a folder that `zoo export NAME --format litert` wrote, in memory.

    It needs numpy, sentencepiece and ai-edge-litert, for photographs Pillow, too; a process that
    uses it never imports TensorFlow. Several threads may share a reader.

    Args:
        path: the folder.
        num_threads: how many answers are looked for at a time, each by one thread on a copy of the
            model (with 8-bit weights 20 MB or so), made when it is first needed. A single answer is
            found by one thread. Default: the cores of this process, at most 8.

    Raises:
        FileNotFoundError: `path` is no such folder.
        ValueError: it holds a model of another task, or of a later version of the zoo; or
            `num_threads` is below 1.
        ImportError: ai-edge-litert is not installed.
    """

    task = None  # class in zoo.tasks of the models that it reads
    verb = None  # as of that class
    output = None  # of those of the file, what an answer is made of

    def __init__(self, path, num_threads=None):
        folder = Path(path)
        try:
            self.manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                "path must be a folder that `zoo export NAME --format litert` wrote; "
                f"got path={str(path)!r}."
            ) from None
        if self.manifest["task"] != self.task:
            raise ValueError(
                f"path must hold a {self.task} for {type(self).__name__}; "
                f"got a {self.manifest['task']} in {str(path)!r}."
            )
        made = self.manifest.get("format", 1)
        if made > FORMAT:
            raise ValueError(
                f"path must hold a format of {FORMAT} or less for this version of the zoo; "
                f"got {made} in {str(path)!r}."
            )
        rows = self.manifest["rows"]
        self._batches = LiteBatches(str(folder / MODEL), rows, num_threads, self.output)

    def ask(self, inputs, **options):
        """What the verb of the task answers."""
        return getattr(self, self.verb)(inputs, **options)


class LiteWriter(LiteModel):
    """Base of the readers of models that write text; see `LiteModel`."""

    verb, output = "generate", ("ids", "score")

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        self._target = vocabulary((Path(path) / TARGET).read_bytes())

    def scored(self, inputs, max_new_tokens=None):
        """The answers to a list of inputs, as of the verb, and their scores.

        Returns:
            list of str, and float32 numpy array (B,), natural-log probabilities; those of the parts
            of a text together.
        """
        raise NotImplementedError

    def _decoded(self, sources, max_new_tokens, *how, **inputs):
        """The texts of the answers to a list of sources, and their scores; see `LiteBatches`."""
        kept = self.manifest["decoding"]["max_new_tokens"]
        limit = kept if max_new_tokens is None else max_new_tokens
        if isinstance(limit, bool) or not isinstance(limit, numbers.Integral):
            raise TypeError(f"max_new_tokens must be an int; got {limit!r}.")
        if limit < 1:
            raise ValueError(f"max_new_tokens must be >= 1; got max_new_tokens={limit}.")
        limit = min(limit, 2**31 - 1)
        limits = np.full(len(sources), limit, "int32")
        found = self._batches(sources, *how, max_new_tokens=limits, **inputs)
        scores = np.array([score for _, score in found], "float32")
        return self._target.decode([ids for ids, _ in found]), scores


class LiteTranslator(LiteWriter):
    """Translates as the `zoo.Translator` that was exported; see `LiteModel`."""

    task = "Translator"

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        proto = (Path(path) / SOURCE).read_bytes()
        self._source = self._target if proto == self._target.proto else vocabulary(proto)
        self._prefix = self.manifest.get("source_prefix", [])
        self._language_warned = False  # whether another language was warned of

    def generate(self, inputs, max_new_tokens=None):
        """Translates a str, or each of a list of str; blank text gives blank text.

        A text of several lines or sentences is cut as by `zoo.Translator`, whose settings are kept.
        """
        return self._translated(inputs, max_new_tokens, self._prefix)

    def _translated(self, inputs, max_new_tokens, prefix):
        several, texts = _listed_texts(inputs)
        self._language_warned = warn_of_another(
            self.manifest.get("source_language"), texts, self._language_warned
        )
        answers, _ = self._scored(texts, max_new_tokens, prefix)
        return answers if several else answers[0]

    def scored(self, inputs, max_new_tokens=None):
        return self._scored(inputs, max_new_tokens, self._prefix)

    def _scored(self, texts, max_new_tokens, prefix):
        # A file of before there were these settings is read as it was.
        most = self.manifest.get("max_sentence_length")
        cuts = [
            parts_of(text, most, lambda line: len(self._ids_of([line], prefix)[0]))
            for text in texts
        ]
        language = self.manifest.get("source_language")
        asked = [
            [as_it_stands(part)] if most is None else questions(part, language)
            for cut in cuts
            for part in cut.sentences
        ]

        def ask(_, asking):
            texts_ = [question.text for question in asking]
            found = self._parts_scored(texts_, max_new_tokens, prefix)
            return [functools.partial(_shown, *answer) for answer in zip(*found, strict=True)]

        found = answered(asked, ask)
        answers = [text for text, _ in found]
        scores = np.array([score for _, score in found], "float32")
        return _joined(cuts, answers, scores)

    def _parts_scored(self, parts, max_new_tokens, prefix):
        """The answers to parts, a list of str, and their scores; blank ones have blank ones."""
        sources = self._ids_of(parts, prefix)
        blank = len(prefix) + 1
        places = [i for i, ids in enumerate(sources) if len(ids) > blank]
        found, sure = self._decoded([sources[i] for i in places], max_new_tokens)
        answers, scores = [""] * len(sources), np.zeros(len(sources), "float32")
        for i, text, score in zip(places, found, sure, strict=True):
            answers[i], scores[i] = text, score
        return answers, scores

    def _ids_of(self, texts, prefix):
        room = self.manifest["longest_source"] - len(prefix) - 1
        return [[*prefix, *ids[:room], END_ID] for ids in self._source.encode(texts)]


class LiteMultilingualTranslator(LiteTranslator):
    """Translates as the `zoo.MultilingualTranslator` that was exported; see `LiteModel`."""

    task = "MultilingualTranslator"

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        self._language_warned = True  # a text may be in any language
        self._prefix = self._prefix_of()

    def generate(self, inputs, max_new_tokens=None, source_language=None, target_language=None):
        """As `LiteTranslator.generate`, between two languages by their codes.

        Default: those of the translator that was exported.
        """
        prefix = self._prefix_of(source_language, target_language)
        return self._translated(inputs, max_new_tokens, prefix)

    def _prefix_of(self, source_language=None, target_language=None):
        asked = {"target_language": target_language, "source_language": source_language}
        prefix = []
        for name, code in asked.items():
            tokens = self.manifest[f"{name}s"]
            code = self.manifest[name] if code is None else code
            prefix.append(tokens[checked_code(name, code, tokens)])
        return prefix


class LiteConversation(LiteWriter):
    """Base of the readers of models that read conversations; see `LiteModel`."""

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        proto = (Path(path) / SOURCE).read_bytes()
        self._source = self._target if proto == self._target.proto else vocabulary(proto)

    def _replied(self, conversations, max_new_tokens):
        """Lists of turns, each a list of ids -> texts and scores."""
        sources = [joined_turns(turns) + [END_ID] for turns in conversations]
        return self._decoded(sources, max_new_tokens)


class LiteChatBot(LiteConversation):
    """Replies as the `zoo.ChatBot` that was exported; see `LiteModel`.

    The reply is the likeliest that its search finds: there are no draws and no choice of the least
    dull one here.
    """

    task, verb = "ChatBot", "reply"

    def reply(self, turns, max_new_tokens=None):
        """Says the next turn of a conversation, a list of str, or of each of a list of those."""
        several = bool(turns) and not isinstance(turns, str) and not isinstance(turns[0], str)
        rows = turns if several else [turns.split("\n") if isinstance(turns, str) else turns]
        rows = ["\n".join(" ".join(turn.split()) for turn in row) for row in rows]
        answers, _ = self.scored(rows, max_new_tokens)
        return answers if several else answers[0]

    def ask(self, inputs, **options):
        """As `zoo.ChatBot.ask`."""
        several, texts = _listed_texts(inputs)
        answers, _ = self.scored(texts, **options)
        return answers if several else answers[0]

    def scored(self, inputs, max_new_tokens=None):
        room, most = self.manifest["longest_source"], self.manifest["max_turns"]
        found = [newest_turns(row[-most:], room) for row in encode_turns(self._source, inputs)]
        return self._replied(found, max_new_tokens)


class LiteSummarizer(LiteConversation):
    """Summarises as the `zoo.Summarizer` that was exported; see `LiteModel`."""

    task, verb = "Summarizer", "summarize"

    def summarize(self, text, max_new_tokens=None):
        """Summarises a conversation, a str with a turn on each line, or each of a list of str."""
        several, texts = _listed_texts(text)
        answers, _ = self.scored(texts, max_new_tokens)
        return answers if several else answers[0]

    def scored(self, inputs, max_new_tokens=None):
        rows = encode_turns(self._source, inputs)
        rows = [filled_parts(row, self.manifest["longest_source"]) for row in rows]
        found = self._replied([part for row in rows for part in row if part], max_new_tokens)
        found = list(zip(*found, strict=True))[::-1]
        answers = [[found.pop() if part else ("", 0.0) for part in row] for row in rows]
        texts = [" ".join(text for text, _ in parts) for parts in answers]
        return texts, np.array([sum(score for _, score in parts) for parts in answers], "float32")


class LiteGenerator(LiteWriter):
    """Goes on with prompts as the `zoo.TextGenerator` that was exported; see `LiteModel`."""

    task = "TextGenerator"

    def generate(self, inputs, max_new_tokens=None, temperature=None, top_p=None, seed=None):
        """Goes on with a str, or with each of a list of str, by sampling.

        Args:
            inputs: the prompts. Of one that is longer than the context the newest part is read.
            max_new_tokens, temperature, top_p: see `zoo.decoding.Decoding`. Default: the setting
                kept with the model.
            seed: int; the same seed gives the same texts. Default: a random one.

        Returns:
            The prompt with its continuation, a str or a list of str.
        """
        kept = self.manifest["decoding"]
        options = {
            "temperature": kept["temperature"] if temperature is None else temperature,
            "top_p": kept["top_p"] if top_p is None else top_p,
        }
        if not 0 < options["temperature"] <= np.finfo("float32").max:
            raise ValueError(
                f"temperature must be > 0 and finite in float32; got temperature={temperature}."
            )
        if not 0 < options["top_p"] <= 1:
            raise ValueError(f"top_p must be > 0 and <= 1; got top_p={top_p}.")
        several, prompts = _listed_texts(inputs)
        seed = random.randrange(2**31) if seed is None else seed
        if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
            raise TypeError(f"seed must be an int or None; got seed={seed!r:.80}.")
        answers, _ = self.scored(
            prompts,
            max_new_tokens,
            seed=[(int(seed) + i) % 2**31 for i in range(len(prompts))],
            **{name: [value] * len(prompts) for name, value in options.items()},
        )
        return answers if several else answers[0]

    def scored(self, inputs, max_new_tokens=None, temperature=None, top_p=None, seed=None):
        """As of `LiteWriter`; each option has a value for each input, which is not checked.

        Without a `seed` each is 0. An input with an option out of its range is answered by itself.
        """
        kept = self.manifest["decoding"]
        room = self.manifest["longest_source"] - 1
        every = self._target.encode(inputs)
        for ids in every:
            if len(ids) > room:
                warnings.warn(
                    f"inputs must have at most {room} tokens to be read whole; got {len(ids)}: "
                    "only the newest are read.",
                    stacklevel=3,
                )
        rows = len(inputs)
        texts, scores = self._decoded(
            [prompt_ids(ids, room, self.manifest.get("start_token", True)) for ids in every],
            max_new_tokens,
            temperature=_column(kept["temperature"] if temperature is None else temperature, rows),
            top_p=_column(kept["top_p"] if top_p is None else top_p, rows),
            seed=_column(0 if seed is None else seed, rows, "int32"),
        )
        adds = self._target.adds_space
        pairs = zip(inputs, texts, strict=True)
        return [continued(*pair, adds) for pair in pairs], scores


class LiteCaptioner(LiteWriter):
    """Captions photographs as the `zoo.ImageCaptioner` that was exported; see `LiteModel`."""

    task = "ImageCaptioner"

    def generate(self, inputs, max_new_tokens=None):
        """Captions an image, or each of a list: a path, the bytes of a file, or a PIL image."""
        several = isinstance(inputs, (list, tuple))
        texts, _ = self.scored(list(inputs) if several else [inputs], max_new_tokens)
        return texts if several else texts[0]

    def scored(self, inputs, max_new_tokens=None):
        texts, scores = self._decoded(inputs, max_new_tokens, lambda _: 0, self._pixels)
        if not self.manifest["spaces"]:
            texts = [text.replace(" ", "") for text in texts]
        return texts, scores

    def _pixels(self, images):
        from zoo.lite.images import read  # Pillow is not loaded for texts

        return np.stack([read(image, self.manifest["image_size"]) for image in images])


class LiteRecognizer(LiteWriter):
    """Transcribes recordings as the `zoo.Recognizer` that was exported; see `LiteModel`."""

    task, verb = "Recognizer", "transcribe"

    def transcribe(self, recording, rate=audio.RATE, max_new_tokens=None):
        """As `zoo.Recognizer.transcribe`, without its other options."""
        several = isinstance(recording, (list, tuple))
        recordings = recording if several else [recording]
        texts, _ = self.scored([audio.read(one, rate) for one in recordings], max_new_tokens)
        return texts if several else texts[0]

    def scored(self, inputs, max_new_tokens=None):
        """As of `LiteWriter`; the inputs are waves, as of `zoo.lite.audio.read`."""
        return self._decoded(list(map(audio.log_mel, inputs)), max_new_tokens, len, np.stack)


class LiteClassifier(LiteModel):
    """Names the class of texts as the `zoo.Classifier` that was exported; see `LiteModel`."""

    task = "Classifier"
    verb, output = "classify", "probability"

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        self._source = vocabulary((Path(path) / SOURCE).read_bytes())

    def classify(self, texts, top_k=None):
        """As `zoo.Classifier.classify`, without `return_dict`."""
        several, texts = _listed_texts(texts)
        labels = self.manifest["labels"]
        room = self.manifest["longest_source"] - 1
        found = self._batches([[*ids[:room], END_ID] for ids in self._source.encode(texts)])
        answers = [named(row, labels, top_k) for row in found]
        return answers if several else answers[0]


class LiteRecommender(LiteModel):
    """Names what comes next as the `zoo.Recommender` that was exported; see `LiteModel`."""

    task = "Recommender"
    verb, output = "recommend", "score"

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        self.catalogue = catalogue.Catalogue(self.manifest["items"], self.manifest["ids"])
        self._popular = catalogue.popularity_scores(self.manifest["popularity"])

    def recommend(self, history, top_k=10):
        """As `zoo.Recommender.recommend`, without `return_dict`."""
        top_k = catalogue.checked_top_k(top_k)
        several, rows = self.catalogue.histories(history)
        answers = [[name for name, _ in row] for row in self.scored(rows, top_k)]
        return answers if several else answers[0]

    def scored(self, rows, top_k):
        """Histories as lists of numbers -> for each the best items, with natural-log probabilities.

        Returns:
            list of lists of `(str, float)`, at most `top_k` of them, best first.
        """
        newest = [row[-self.manifest["longest_source"] :] for row in rows if row]
        found = iter(self._batches(newest))
        every = [catalogue.unseen(next(found) if row else self._popular, row) for row in rows]
        return [catalogue.ranked(scores, self.catalogue.names, top_k) for scores in every]

    def ask(self, inputs, **options):
        """As `zoo.Recommender.ask`."""
        if isinstance(inputs, str):
            return self.recommend(inputs, **options)
        split = [catalogue.item_lines(row) if isinstance(row, str) else row for row in inputs]
        return self.recommend(split, **options)


class LiteKnowledgeTracer(LiteModel):
    """Traces as the `zoo.KnowledgeTracer` that was exported; see `LiteModel`."""

    task = "KnowledgeTracer"
    verb, output = "trace", "probability"

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        self.skills = pupils.Skills(self.manifest["skills"])

    def trace(self, answers, skill):
        """As `zoo.KnowledgeTracer.trace`, without `return_dict`."""
        several, rows = self.skills.asked(answers, skill)
        found = self.right(rows)
        return found if several else found[0]

    def right(self, rows):
        """Answers and what is asked, as of `Skills.asked` -> the probabilities, list of float."""
        found = self._batches([row[-self.manifest["longest_source"] :] for row in rows])
        return [float(right[-1]) for right in found]

    def ask(self, inputs):
        """As `zoo.KnowledgeTracer.ask`."""
        return pupils.ask(self.trace, inputs)


class LiteMatcher(LiteModel):
    """Orders sentences as the `zoo.Matcher` that was exported; see `LiteModel`."""

    task = "Matcher"
    verb, output = "match", "score"

    def __init__(self, path, num_threads=None):
        super().__init__(path, num_threads)
        self._source = vocabulary((Path(path) / SOURCE).read_bytes())

    def ask(self, inputs):
        """As `zoo.Matcher.ask`, without `return_dict`."""
        several, inputs = _listed_texts(inputs)
        lines = [text.split("\n") for text in inputs]
        answers = [self.match(question, rest, top_k=1)[0][0] for question, *rest in lines]
        return answers if several else answers[0]

    def match(self, question, sentences, top_k=None):
        """As `zoo.Matcher.match` with a question, without `return_dict`."""
        several, sentences = _listed_texts(sentences)
        room = self.manifest["longest_source"]
        (query,), rows = self._source.encode([question]), self._source.encode(sentences)
        query = np.tile(np.array(query[:room] or [0], "int32"), (len(rows), 1))
        found = self._batches([ids[:room] or [0] for ids in rows], query=query)
        scores = [float(score) for score in found]
        if not several:
            return scores[0]
        order = np.argsort(-np.array(scores), kind="stable")[:top_k]
        return [(sentences[i], scores[i]) for i in order]


class LiteImageGenerator(LiteModel):
    """Draws as the `zoo.ImageGenerator` that was exported; see `LiteModel`."""

    task = "ImageGenerator"
    verb, output = "generate", "pixels"

    def generate(self, n=1, seed=None, digit=None):
        """As `zoo.ImageGenerator.generate`, without `return_dict`."""
        rows = pictures.rows(n, seed, digit, self.manifest["num_classes"])
        found = self._batches(list(rows), len, lambda several: np.stack(several))
        return np.array(found, "uint8")

    def ask(self, inputs, seed=1):
        """As `zoo.ImageGenerator.ask`, without `return_dict`."""
        return pictures.ask(self.generate, inputs, seed, self.manifest["num_classes"])


def _readers(base):
    """Task -> reader, of all classes below `base`."""
    found = {base.task: base} if base.task else {}
    for reader in base.__subclasses__():
        found |= _readers(reader)
    return found


READERS = _readers(LiteModel)


def open_litert(path, num_threads=None):
    """The reader that fits a folder, by its manifest; arguments and errors as of `LiteModel`."""
    try:
        task = json.loads((Path(path) / MANIFEST).read_text(encoding="utf-8"))["task"]
    except OSError:
        task = LiteTranslator.task  # whose error says what is missing
    return READERS[task](path, num_threads)


def _listed_texts(inputs):
    """Whether it is a list, and the texts as one."""
    if isinstance(inputs, str):
        return False, [inputs]
    if not isinstance(inputs, (list, tuple)) and getattr(inputs, "ndim", 0) != 1:
        raise TypeError(f"inputs must be a str or a list of str; got {inputs!r:.80}.")
    for i, text in enumerate(inputs):
        if not isinstance(text, str):
            raise TypeError(f"inputs must be a str or a list of str; got inputs[{i}]={text!r:.80}.")
    return True, [str(text) for text in inputs]


def _column(values, rows, dtype="float32"):
    """A value for each row, of a list of them or of one for all."""
    return np.broadcast_to(np.asarray(values, dtype), rows)


def _shown(text, score, question):
    """An answer to a `Question` and its score; None where it has lost something."""
    text = question.shown(text)
    return None if text is None else (text, score)


def _joined(cuts, texts, scores):
    """The answers to texts from those to their parts, and the sums of their scores.

    Args:
        cuts: list of `Cut`.
        texts: list of str, for the sentences of all of them.
        scores: numpy array, likewise.
    """
    answers, sums, start = [], np.zeros(len(cuts), "float32"), 0
    for i, cut in enumerate(cuts):
        part = slice(start, start + len(cut.sentences))
        answers.append(cut.answered(texts[part]))
        sums[i] = scores[part].sum()
        start = part.stop
    return answers, sums
