"""Answers to the lines of a PCollection, on whatever engine runs the pipeline."""

import apache_beam as beam
from apache_beam.utils.shared import Shared

from zoo.batch import Answerer, check_options

FAILED = "failed"


class Generate(beam.PTransform):
    """Answers texts as `zoo batch` does: by LiteRT with 8 bits, or by TensorFlow.

        found = lines | zoo.beam.Generate("translate_fr_de")
        found.answers | ...
        found.failed | ...

    The texts come with a key, such as the number of a line or the name of its record: a PCollection
    has no order, and an engine may run a step twice and keep one result, so that a key is what says
    which answer is whose. A worker reads the model once, whichever of its threads is first, and
    texts are answered together in batches, whose size Beam finds.

    Elements: pairs (key, str). Returns what `with_outputs` does, two PCollections:

    - `answers`: pairs (key, str), as a line of `zoo batch`, without line ends.
    - `failed`: triples (key, str, str), of a text that cannot be answered and the reason.

    Args:
        name: of a model that is on each worker, see `zoo.registry.find`. Its fast form is made
            on a worker that has none: in about a second from a graph file beside the model, else
            with TensorFlow in some 20 s; the path of a folder that each worker has, and that
            `zoo export NAME --format litert` wrote, needs neither.
        exact: whether TensorFlow answers, with the weights of the file.
        max_batch_size: texts that are answered together, at most.
        num_threads: how many answers a worker looks for at a time: 1 where an engine runs a process
            for each core, as most do.
        **options: of the verb of the task; see `zoo.batch.check_options`. What a model draws
            depends on which texts it is asked together, as an engine has them.

    Raises:
        ValueError, FileNotFoundError: as of `zoo.batch.check_options`, when the pipeline is made.
    """

    def __init__(self, name, exact=False, max_batch_size=256, num_threads=1, **options):
        super().__init__()
        check_options(name, exact, **options)
        self._answer = _Answer(name, exact, num_threads, options)
        self._max_batch_size = max_batch_size

    def expand(self, texts):
        return (
            texts
            | beam.BatchElements(min_batch_size=1, max_batch_size=self._max_batch_size)
            | beam.ParDo(self._answer).with_outputs(FAILED, main="answers")
        )


class _Answer(beam.DoFn):
    def __init__(self, name, exact, num_threads, options):
        self._arguments, self._options = (name, exact, num_threads), options
        self._shared = Shared()  # the same in each copy of this on a worker

    def setup(self):
        self._answerer = self._shared.acquire(lambda: Answerer(*self._arguments, **self._options))

    def process(self, pairs):
        keys, texts = zip(*pairs, strict=True)
        answers = (pair for some in self._answerer(list(texts)) for pair in some)
        for key, text, (answer, error) in zip(keys, texts, answers, strict=True):
            if error is None:
                yield key, answer
            else:
                yield beam.pvalue.TaggedOutput(FAILED, (key, text, error))
