"""Evaluation: exact scores, the loss, the files, the card."""

import json
import math
import os
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from zoo import data
from zoo.decoding import Decoding
from zoo.evaluation import (
    CORPORA,
    PROBE_SENTENCES,
    Card,
    Corpus,
    bleu,
    chrf,
    compare_litert,
    evaluate,
    evaluate_pairs,
    literature_bleu,
    read_examples,
    render_card,
    replay,
    write_card,
    write_examples,
)
from zoo.evaluation.files import write_atomically
from zoo.evaluation.scores import moses_tokenize

needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="ZOO_DATA does not name the data directory"
)

# Long to short, so that decoding in order of length must be undone.
PAIRS = [
    ("un chien noir court vite", "Ein schwarzer Hund rennt schnell."),
    ("un chat dort", "Eine Katze schläft jetzt hier."),
    ("bonjour", "Guten Tag!"),
]
TOKENIZED = [
    "ein schwarzer hund rennt schnell .",
    "eine katze schläft jetzt hier .",
    "guten tag !",
]


class LookupTranslator:
    """Knows `pairs` by heart; a target of n words and the end has log-probability -n²."""

    decoding = Decoding(num_beams=3)
    target_tokenizer = SimpleNamespace(encode=lambda texts: [text.split() for text in texts])

    def __init__(self, pairs=PAIRS):
        """Learn by heart."""
        self.answers = dict(pairs)
        self.batches, self.options = [], {}

    def generate(self, sources, **options):
        """Look each source up."""
        self.batches.append(sources)
        self.options = options
        return [self.answers[source] for source in sources]

    def score(self, sources, targets):
        """Check that targets belong to sources, and score them by length."""
        assert [self.answers[source] for source in sources] == targets
        return np.array([-float(len(text.split()) ** 2) for text in targets], "float32")

    def count_params(self):
        """Some number."""
        return 1234567

    verb = "generate"

    def ask(self, sources, **options):
        """As of `zoo.tasks.Task`."""
        return self.generate(sources, **options)

    def settings(self):
        """As of `zoo.tasks.SearchTask`."""
        return {"decoding": self.decoding.to_dict()}


@pytest.fixture
def tiny_multi30k(monkeypatch):
    """French is measured on captions, each split of which is PAIRS, and on a pair of documents."""
    splits = (("multi30k", "test_2016_flickr"), ("multi30k", "val"), ("docs_fr_de", "val"))
    corpora = tuple(Corpus(name, split, "fr", "de") for name, split in splits)
    monkeypatch.setitem(CORPORA, "translate_fr_de", corpora)
    monkeypatch.setattr(data, "multi30k", lambda split, source, target, data_dir: PAIRS)
    monkeypatch.setattr(data, "multi30k_tokenized", lambda split, language, data_dir: TOKENIZED)
    monkeypatch.setattr(data, "docs_fr_de", lambda split, data_dir: PAIRS[:1])


# Scores


def test_bleu_is_the_geometric_mean_of_the_ngram_precisions():
    score, signature = bleu(["the cat sat on the mat"], ["the cat sat on a mat"])
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert score == pytest.approx(expected, rel=1e-6)  # sacreBLEU adds up logarithms
    assert signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")


def test_bleu_minds_case_but_not_the_space_before_a_full_stop():
    reference = ["The cat sat on a mat."]
    assert bleu(["The cat sat on a mat ."], reference).score == pytest.approx(100)
    assert bleu(["the cat sat on a mat."], reference).score < 90


def test_chrf_averages_character_ngrams():
    score, signature = chrf(["abc"], ["abd"])
    # Two of three letters and one of two pairs agree; there are no longer n-grams than three.
    assert score == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3, rel=1e-6)  # as above
    assert signature.startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:")


def test_literature_bleu_lowers_and_tokenises_the_hypotheses_alone():
    hypotheses = ["L’Homme court, « vite »."]
    assert moses_tokenize(hypotheses, "fr") == ["l&apos; homme court , &quot; vite &quot; ."]
    exact = literature_bleu(hypotheses, ["l&apos; homme court , &quot; vite &quot; ."], "fr")
    assert exact.score == pytest.approx(100)
    assert "|tok:none|" in exact.signature
    raw = literature_bleu(hypotheses, ["L’Homme court, « vite »."], "fr")
    assert raw.score < 20


@needs_data
@pytest.mark.parametrize("split, wrong", [("val", 2), ("test_2016_flickr", 1)])
def test_moses_tokens_are_those_of_the_published_references(split, wrong):
    differing = 0
    for language in ("en", "de", "fr"):
        other = "de" if language == "en" else "en"
        texts = [text for text, _ in data.multi30k(split, language, other)]
        tokens = moses_tokenize(texts, language)
        published = data.multi30k_tokenized(split, language)
        differing += sum(ours != theirs for ours, theirs in zip(tokens, published, strict=True))
    # Full stops beside quotation marks, where the Perl scripts of 2016 disagree with sacremoses.
    assert differing <= wrong


@pytest.mark.parametrize("hypotheses, references", [([], []), (["a"], ["a", "b"])])
def test_scores_need_as_many_references_as_hypotheses(hypotheses, references):
    with pytest.raises(ValueError, match=f"got {len(hypotheses)} hypotheses, {len(references)} re"):
        bleu(hypotheses, references)


def test_scores_refuse_one_string():
    with pytest.raises(TypeError, match="references must be a list of str; got references='a b'"):
        chrf(["a b"], "a b")


# Measuring


def test_loss_is_the_sum_of_log_probabilities_over_the_number_of_tokens():
    result = evaluate_pairs(LookupTranslator(), PAIRS)
    assert result["tokens"] == 6 + 6 + 3  # the words and an end each
    assert result["loss"] == pytest.approx((25 + 25 + 4) / 15)  # not the mean of the sentences'
    assert result["perplexity"] == pytest.approx(math.exp(54 / 15))


def test_answers_return_to_the_order_of_the_pairs(monkeypatch):
    monkeypatch.setattr("zoo.evaluation.translation._BATCH", 2)
    model = LookupTranslator()
    assert evaluate_pairs(model, PAIRS)["bleu"]["score"] == pytest.approx(100)
    assert model.batches == [["bonjour", "un chat dort"], ["un chien noir court vite"]]


def test_decoding_options_are_used_and_recorded():
    model = LookupTranslator()
    result = evaluate_pairs(model, PAIRS, length_penalty=0.5)
    assert model.options == {"length_penalty": 0.5}
    assert (result["decoding"]["num_beams"], result["decoding"]["length_penalty"]) == (3, 0.5)


def test_a_progress_bar_is_drawn_on_a_terminal_alone(monkeypatch, capsys):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    evaluate_pairs(LookupTranslator(), PAIRS)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any stream for a terminal
    evaluate_pairs(LookupTranslator(), PAIRS)
    out, err = capsys.readouterr()
    assert (out, "100%" in err) == ("", True)


def test_evaluate_writes_what_it_returns(tiny_multi30k, tmp_path):
    model = keras.Sequential([keras.layers.Dense(2)])
    model.build((None, 3))
    model.save(tmp_path / "model.keras")
    metrics = evaluate(LookupTranslator(), "translate_fr_de", out=tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text("utf-8")) == metrics
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.json", "model.keras"]
    assert (metrics["model"], metrics["partial"]) == ("translate_fr_de", False)
    size = (tmp_path / "model.keras").stat().st_size
    assert (metrics["parameters"], metrics["bytes"]) == (1234567, size)
    assert metrics["bits_per_weight"] == 32
    assert metrics["decoding"]["num_beams"] == 3
    assert metrics["versions"]["keras"].startswith("3.")
    assert list(metrics["corpora"]) == [
        "multi30k test_2016_flickr fr-de",
        "multi30k val fr-de",
        "docs_fr_de val fr-de",
    ]
    test, _, docs = metrics["corpora"].values()
    assert test["literature_bleu"]["score"] == pytest.approx(100)
    assert "literature_bleu" not in docs
    assert (test["sentences"], docs["sentences"]) == (3, 1)


def test_readers_of_litert_files_are_compared_with_their_model(tiny_multi30k, tmp_path):
    model, reader = LookupTranslator(), LookupTranslator()
    reader.answers = {**model.answers, PAIRS[0][0]: "something else"}
    metrics = evaluate(model, "translate_fr_de", out=tmp_path)
    readers = {"float32": model, "int8": reader}
    found = compare_litert(model, "translate_fr_de", readers, out=tmp_path)
    written = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert written == {**metrics, "litert": found}
    assert (found["corpus"], found["inputs"]) == ("multi30k val fr-de", 3)
    assert found["float32"] == {"equal": 1.0, "score": pytest.approx(100)}
    assert found["int8"]["equal"] == pytest.approx(2 / 3)
    assert found["int8"]["score"] < 90


@pytest.mark.parametrize("name", ["match_questions_zh", "trace_learners"])
def test_a_model_without_answers_one_by_one_is_not_compared(name):
    with pytest.raises(ValueError, match=f"compared one by one; got '{name}', which is measured"):
        compare_litert(None, name, {})


def test_a_limit_makes_a_partial_result(tiny_multi30k, tmp_path):
    metrics = evaluate(LookupTranslator(), "translate_fr_de", limit=2, out=tmp_path)
    test = metrics["corpora"]["multi30k test_2016_flickr fr-de"]
    assert (metrics["partial"], test["sentences"], test["lines"]) == (True, 2, 3)
    assert test["literature_bleu"]["score"] == pytest.approx(100)


def test_a_partial_result_replaces_a_complete_one_only_when_told(tiny_multi30k, tmp_path):
    model = LookupTranslator()
    evaluate(model, "translate_fr_de", limit=1, out=tmp_path)
    evaluate(model, "translate_fr_de", limit=2, out=tmp_path)  # partial over partial
    evaluate(model, "translate_fr_de", out=tmp_path)
    model.batches.clear()
    with pytest.raises(ValueError, match="limit must be None .* overwrite=True; got limit=1"):
        evaluate(model, "translate_fr_de", limit=1, out=tmp_path)
    assert not model.batches  # refused before any work
    evaluate(model, "translate_fr_de", limit=1, out=tmp_path, overwrite=True)
    assert json.loads((tmp_path / "metrics.json").read_text("utf-8"))["partial"]


def test_evaluate_names_what_is_wrong():
    with pytest.raises(ValueError, match="name must be one of translate_fr_de, .*; got name='x'"):
        evaluate(LookupTranslator(), "x")
    with pytest.raises(ValueError, match="limit must be >= 1; got limit=0"):
        evaluate(LookupTranslator(), "translate_fr_de", limit=0)
    with pytest.raises(ValueError, match="pairs must hold at least one pair"):
        evaluate_pairs(LookupTranslator(), [])


def test_checksums_are_of_the_files_behind_a_corpus():
    paths = {corpus.name: list(corpus.checksums) for name in CORPORA for corpus in CORPORA[name]}
    assert paths["multi30k val de-en"] == [
        "multi30k/val.en",
        "multi30k/val.de",
        "multi30k/tok/val.lc.norm.tok.en",
    ]
    assert paths["three_am val zh-en"] == ["zh_en/3am.val.zh", "zh_en/3am.val.en"]
    assert paths["tatoeba_zh_en val zh-en"] == ["zh_en/tatoeba.val.tsv"]
    assert paths["docs_fr_de val fr-de"] == ["fr_de/docs.val.tsv"]
    assert paths["tatoeba test de-en"] == ["tatoeba/de_en.test.tsv"]
    assert list(Corpus("tatoeba", "val", "de", "fr").checksums) == ["tatoeba/fr_de.val.tsv"]
    assert paths["xdailydialog test de-en"] == ["xdailydialog/test.tsv"]
    assert paths["bcontrast val customer de-en"] == ["bcontrast/val.tsv"]
    assert paths["trec_questions test"] == ["labels/trec_questions.test.tsv"]
    assert paths["trec_questions val"] == ["labels/trec_questions.train.tsv"]  # every tenth of it
    assert all(paths.values())


def test_a_loader_is_told_the_direction_and_the_options_that_it_takes(monkeypatch):
    told = []

    def load(split, source, target, speaker=None, data_dir=None):
        told.append((split, source, target, speaker, data_dir))
        return PAIRS

    monkeypatch.setattr(data, "bcontrast", load)
    monkeypatch.setattr(data, "docs_fr_de", lambda split, data_dir: PAIRS[:1])
    customers = Corpus("bcontrast", "val", "de", "en", options={"speaker": "customer"})
    assert customers.read("here") == (PAIRS, None)
    assert told == [("val", "de", "en", "customer", "here")]
    assert customers._replace(split="train").name == "bcontrast train customer de-en"
    assert Corpus("docs_fr_de", "val", "fr", "de").pairs() == PAIRS[:1]


@needs_data
def test_german_is_measured_on_what_people_say_first_and_on_captions():
    customers = CORPORA["translate_de_en"][3].pairs()
    assert len(customers) == 862
    assert customers[1][0].startswith("Hallo, ich bin auf der Suche")
    metrics = evaluate(LookupTranslator(known()), "translate_de_en", limit=3)
    assert list(metrics["corpora"])[:6] == [
        "tatoeba test de-en",
        "tatoeba val de-en",
        "xdailydialog test de-en",
        "bcontrast val customer de-en",
        "multi30k test_2016_flickr de-en",
        "multi30k val de-en",
    ]
    sizes = {name: (r["sentences"], r["lines"]) for name, r in metrics["corpora"].items()}
    assert sizes["tatoeba test de-en"] == (3, 15_565)
    scored = [name for name, r in metrics["corpora"].items() if "literature_bleu" in r]
    assert scored == ["multi30k test_2016_flickr de-en", "multi30k val de-en"]
    card = render_card(Card(**{**CARD, "published": []}), {**metrics, "partial": False}, [])
    for name in metrics["corpora"]:
        assert f"| {name} | 3 | 100.0 | 100.0 |" in card


def known():
    """All pairs that German is measured on."""
    return [pair for corpus in CORPORA["translate_de_en"] for pair in corpus.pairs()[:3]]


@needs_data
def test_every_parallel_corpus_is_read_whole():
    lines = {
        corpus.name: (len(corpus.pairs()), len(corpus.tokenized() or []))
        for name in CORPORA
        for corpus in CORPORA[name]
        if isinstance(corpus, Corpus)
    }
    assert lines == {
        "multi30k test_2016_flickr fr-de": (1000, 1000),
        "multi30k val fr-de": (1014, 1014),
        "docs_fr_de val fr-de": (354, 0),
        "tatoeba test fr-de": (10418, 0),
        "tatoeba val fr-de": (1000, 0),
        "tatoeba_zh_en val zh-en": (1000, 0),
        "xdailydialog test zh-en": (5339, 0),
        "three_am val zh-en": (1000, 0),
        "docs_zh_en val zh-en": (604, 0),
        "multi30k test_2016_flickr de-en": (1000, 1000),
        "multi30k val de-en": (1014, 1014),
        "tatoeba test de-en": (15565, 0),
        "tatoeba val de-en": (1000, 0),
        "xdailydialog test de-en": (5339, 0),
        "bcontrast val customer de-en": (862, 0),
    }


# Files


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_atomically(path, "grün\n")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "half a file \ud800")  # a lone surrogate has no UTF-8
    assert path.read_bytes() == "grün\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_examples_are_written_a_line_each_and_replayed(tmp_path):
    model = LookupTranslator([("un\u2028deux", "eins"), ("你好", "hello")])
    write_examples(model, tmp_path, ["un\u2028deux", "你好"])
    written = (tmp_path / "examples.jsonl").read_bytes().decode()
    assert written.split("\n")[1:] == ['{"input": "你好", "output": "hello"}', ""]
    assert read_examples(tmp_path) == [("un\u2028deux", "eins"), ("你好", "hello")]
    assert replay(model, tmp_path) == []
    model.answers["你好"] = "hi"
    assert replay(model, tmp_path) == [("你好", "hello", "hi")]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="directory must hold examples.jsonl; got direct"):
        replay(LookupTranslator(), tmp_path)


@pytest.mark.parametrize("language", ["de", "fr", "zh"])
def test_there_are_ten_own_sentences(language):
    assert len(PROBE_SENTENCES[language]) == 10


@needs_data
def test_own_sentences_are_in_no_training_set():
    trained = [
        *data.multi30k("train", "de", "fr"),
        *data.three_am("train"),
        *data.tatoeba_zh_en("train"),
        *data.docs_zh_en("train"),
        *data.docs_fr_de("train"),
        *data.tatoeba("train"),
        *data.tatoeba("train", "fr", "de"),
        *data.tatoeba("train", "fr", "en"),
        *data.xdailydialog("train", "de", "zh"),
        *data.bcontrast("train"),
    ]
    seen = {side for pair in trained for side in pair}
    assert not seen & {sentence for own in PROBE_SENTENCES.values() for sentence in own}


# The card

CORPUS = "multi30k test_2016_flickr fr-de"
CARD = {
    "title": "French to German, a small Transformer",
    "purpose": "It translates captions.",
    "data": {"multi30k": "train, 29,000 pairs", "docs_fr_de": "train, cleaned"},
    "command": "zoo train translate_fr_de",
    "minutes": 62.5,
    "machine": "2 CPU cores",
    "published": [
        {
            "system": "Marian | 6 M",
            "corpus": CORPUS,
            "measure": "bleu",
            "score": 34.62,
            "origin": "our run of <it>",
        }
    ],
    "limitations": ["Rare words are guessed."],
    "ablations": ["Smoothing: 1 BLEU."],
}


@pytest.fixture
def metrics(tiny_multi30k):
    """Complete metrics of a model that has everything right."""
    return evaluate(LookupTranslator(), "translate_fr_de")


def test_the_card_says_what_was_measured_and_what_is_known(metrics, tmp_path):
    metrics.update(bytes=3 * 2**20, date="2024-05-06T07:08:09+00:00")
    own, meaning = next(iter(PROBE_SENTENCES["fr"].items()))
    examples = [*PAIRS[2:], (own, "Wo ist\nder Bahnhof?")]
    lines = "".join(json.dumps({"input": i, "output": o}) + "\n" for i, o in examples)
    (tmp_path / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    (tmp_path / "examples.jsonl").write_text(lines, "utf-8")
    write_card(tmp_path, CARD)
    card = (tmp_path / "README.md").read_text("utf-8").split("\n")
    assert card[:5] == [
        "# translate_fr_de",
        "",
        "French to German, a small Transformer. It translates captions.",
        "",
        "1,234,567 parameters, 3.0 MiB on disk. The weights are stored in half precision and are "
        "float32 once loaded; all figures are of this file.",
    ]
    assert [line for line in card if line.startswith("#")][1:] == [
        "## Data and terms",
        "## Training",
        "## Quality",
        "### Beside published figures",
        "## What helped: ablations",
        "## Limitations",
        "## Examples",
        "## Everyday sentences, as they come",
    ]
    assert "**Non-commercial use only**: the weights learned from Multi30k." in card
    assert card[card.index("zoo train translate_fr_de") - 1] == "```"
    assert "62.5 minutes on 2 CPU cores." in card
    assert (
        "`zoo evaluate translate_fr_de` gave on 2024-05-06, "
        "with `num_beams=3, length_penalty=1.0, max_new_tokens=128`:"
    ) in card
    # Loss and perplexity of the only pair: 25 nats over 5 words and the end.
    assert "| docs_fr_de val fr-de | 1 | 100.0 | 100.0 |  | 4.167 | 64.50 |" in card
    assert f"| {CORPUS} | 3 | 100.0 | 100.0 | 100.0 | 3.600 | 36.60 |" in card
    ours = card.index(f"| **translate_fr_de** | {CORPUS} | BLEU | **100.0** | above |")
    assert card[ours + 1] == f"| Marian \\| 6 M | {CORPUS} | BLEU | 34.6 | our run of &lt;it> |"
    assert "- Rare words are guessed." in card
    assert "| bonjour | Guten Tag! |" in card
    assert card[-2:] == [f"| {own} | Wo ist der Bahnhof? | {meaning} |", ""]


def test_free_data_is_not_marked_non_commercial(metrics):
    card = Card(**{**CARD, "data": {"docs_fr_de": "train"}})
    assert "Non-commercial" not in render_card(card, metrics, [])


def test_a_card_needs_complete_metrics(metrics):
    with pytest.raises(ValueError, match="metrics must be of whole test sets; got partial=True"):
        render_card(Card(**CARD), {**metrics, "partial": True}, [])


def test_a_card_is_of_corpora_that_are_known(metrics):
    corpora = {"a corpus of nobody": {"sentences": 3, "bleu": {"score": 1.0, "signature": "s"}}}
    with pytest.raises(ValueError, match="metrics must be of corpora of .*; got 'a corpus of no"):
        render_card(Card(**{**CARD, "published": []}), {**metrics, "corpora": corpora}, [])


def test_a_published_figure_needs_one_of_ours(metrics):
    figure = {**CARD["published"][0], "corpus": "multi30k val de-en"}
    with pytest.raises(ValueError, match="got none of .'multi30k val de-en', 'bleu'."):
        render_card(Card(**{**CARD, "published": [figure]}), metrics, [])


def test_a_card_names_its_mistakes():
    with pytest.raises(ValueError, match=r"data must have keys of .*; got \['wmt'\]"):
        Card(**{**CARD, "data": {"wmt": "train"}})
    with pytest.raises(ValueError, match="measure must be one of .*; got measure='rouge'"):
        Card(**{**CARD, "published": [{**CARD["published"][0], "measure": "rouge"}]})
    with pytest.raises(TypeError, match="purpos"):
        Card(**{**CARD, "purpos": "typing mistake"})
