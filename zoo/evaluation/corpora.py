"""What each shipped model is measured on.

A corpus has a `name`, `data` and `split`, `checksums`, a `unit`, and `read(data_dir) -> material`,
`measure(model, material, limit) -> dict`, `summary(dict) -> str`; where its card says more than the
table of all measures does, `section(dict) -> paragraphs`.
"""

from zoo.data import poem_lines
from zoo.evaluation.answers import AnswerCorpus, PairCorpus
from zoo.evaluation.as_typed import AsTyped
from zoo.evaluation.captions import CaptionCorpus
from zoo.evaluation.documents import DocumentCorpus
from zoo.evaluation.labels import LabelCorpus
from zoo.evaluation.language import TextCorpus
from zoo.evaluation.next_items import HistoryCorpus
from zoo.evaluation.pictures import PictureCorpus
from zoo.evaluation.replies import ReplyCorpus
from zoo.evaluation.samples import SampleCorpus
from zoo.evaluation.speech import SpeechCorpus
from zoo.evaluation.summaries import SummaryCorpus
from zoo.evaluation.tracing import LearnerCorpus
from zoo.evaluation.translation import Corpus


def _multi30k(source, target):
    splits = "test_2016_flickr", "val"
    return tuple(Corpus("multi30k", split, source, target) for split in splits)


def _tatoeba(source, target):
    return tuple(Corpus("tatoeba", split, source, target) for split in ("test", "val"))


_GERMAN = (
    *_tatoeba("de", "en"),
    Corpus("xdailydialog", "test", "de", "en"),
    Corpus("bcontrast", "val", "de", "en", options={"speaker": "customer"}),
    *_multi30k("de", "en"),
    AsTyped("de", "en"),
)

_CHAT_EN = (ReplyCorpus("dailydialog", "test", references=True),)
_ENGLISH_CAPTIONS = (CaptionCorpus("test", "en"), CaptionCorpus("val", "en", "coco"))

# A line and its mark begin a sample.
_QUATRAINS = TextCorpus(
    "quatrains", "test", order=6, prompt_length=8, sample_length=40, lines=poem_lines
)

# The first corpus of a model gives the figure by which it is listed.
CORPORA = {
    "translate_fr_de": (
        *_tatoeba("fr", "de"),
        *_multi30k("fr", "de"),
        Corpus("docs_fr_de", "val", "fr", "de"),
        AsTyped("fr", "de"),
    ),
    "translate_zh_en": (
        Corpus("tatoeba_zh_en", "val", "zh", "en"),
        Corpus("xdailydialog", "test", "zh", "en"),
        Corpus("three_am", "val", "zh", "en"),
        Corpus("docs_zh_en", "val", "zh", "en"),
        AsTyped("zh", "en"),
    ),
    "translate_de_en": _GERMAN,
    "translate_de_en_rnn": _GERMAN,
    "generate_shakespeare": (
        TextCorpus("tiny_shakespeare", "val", order=7, prompt_length=40, sample_length=400),
    ),
    "generate_tang": (_QUATRAINS,),
    "generate_tang_gan": (
        _QUATRAINS,
        SampleCorpus("quatrains", "test", beside="generate_tang", order=6, lines=poem_lines),
    ),
    "generate_scifi": (TextCorpus("scifi", "test", order=5, prompt_length=60, sample_length=120),),
    "generate_digits_vaegan": tuple(PictureCorpus("mnist", split) for split in ("test", "val")),
    "caption_en": _ENGLISH_CAPTIONS,
    "caption_en_rnn": _ENGLISH_CAPTIONS,
    "caption_zh": (CaptionCorpus("test", "zh"),),
    "classify_questions_en": tuple(
        LabelCorpus("trec_questions", split) for split in ("test", "val")
    ),
    "classify_sentiment_en": tuple(LabelCorpus("sst2", split) for split in ("test", "val")),
    "classify_reviews_zh": tuple(
        LabelCorpus("shopping_zh", split, "polarity") for split in ("test", "val")
    ),
    "classify_goods_zh": tuple(
        LabelCorpus("shopping_zh", split, "goods") for split in ("test", "val")
    ),
    "chat_en": _CHAT_EN,
    "chat_en_rnn": _CHAT_EN,
    "chat_zh": tuple(ReplyCorpus("chinese", "test", origin) for origin in ("c3", "kdconv")),
    "summarize_dialogue": (
        SummaryCorpus("dialogsum", "test"),
        SummaryCorpus("dialogsum", "val"),
        SummaryCorpus("samsum", "val"),
    ),
    "transcribe_digits": (
        SpeechCorpus("spoken_digits", "test"),
        SpeechCorpus("spoken_digits", "test", strings=False),
        SpeechCorpus("spoken_digits", "test", noise=10),
        SpeechCorpus("spoken_digits", "val"),
    ),
    "recommend_films": tuple(HistoryCorpus("movielens", split) for split in ("test", "val")),
    "trace_learners": tuple(
        LearnerCorpus("learners", split, "assist2009_updated") for split in ("test", "val")
    ),
    "trace_learners_2015": tuple(
        LearnerCorpus("learners", split, "assist2015") for split in ("test", "val")
    ),
    "match_answers": (
        AnswerCorpus("wikiqa", "test"),
        AnswerCorpus("wikiqa", "val"),
        AnswerCorpus("trecqa", "val"),
    ),
    "match_questions_zh": tuple(PairCorpus("atec", split) for split in ("test", "val")),
    "rank_documents": tuple(DocumentCorpus("nfcorpus", split) for split in ("test", "val")),
}
