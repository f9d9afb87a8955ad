"""BLEU and chrF of a whole corpus, each with the signature that says how it was counted."""

from typing import NamedTuple

from sacrebleu.metrics import BLEU, CHRF
from sacremoses import MosesPunctNormalizer, MosesTokenizer


class Score(NamedTuple):
    """A corpus score from 0 to 100 and the sacreBLEU signature that makes it comparable."""

    score: float
    signature: str


def bleu(hypotheses, references):
    """Cased BLEU of detokenised text; sacreBLEU tokenises both sides (`13a`).

    Args:
        hypotheses: list of str, the translations.
        references: list of str, one for each hypothesis.

    Returns:
        `Score`.

    Raises:
        TypeError: an argument is one string.
        ValueError: the lists are empty or differ in length.

    Reference:
        Post (2018), A Call for Clarity in Reporting BLEU Scores.
    """
    return _score(BLEU(), hypotheses, references)


def chrf(hypotheses, references):
    """Cased chrF2: the F-score of character n-grams up to 6; called as `bleu`.

    Reference:
        Popović (2015), chrF: character n-gram F-score for automatic MT evaluation.
    """
    return _score(CHRF(), hypotheses, references)


def literature_bleu(hypotheses, tokenized_references, language):
    """BLEU as papers on Multi30k report it: on lower-cased Moses tokens.

    The hypotheses are brought to the form of `multi30k/tok`; the references are in it.

    Args:
        hypotheses: list of str, cased and detokenised.
        tokenized_references: list of str, from `zoo.data.multi30k_tokenized`.
        language: language of both, `"en"`, `"de"` or `"fr"`.

    Returns:
        `Score`; its signature says `case:mixed` because lower-casing comes before sacreBLEU.

    Raises:
        TypeError, ValueError: as for `bleu`.
    """
    # `force`: sacreBLEU would warn that the text looks tokenised, as it is meant to be.
    metric = BLEU(tokenize="none", force=True)
    return _score(metric, moses_tokenize(hypotheses, language), tokenized_references)


def moses_tokenize(texts, language):
    """Texts as in `multi30k/tok`: lower-cased, punctuation normalised, Moses tokens and escapes.

    The Multi30k files come out again on all English lines, and on all but 3 of the 4,028 German
    and French ones.

    Returns:
        list of str, tokens parted by single spaces.
    """
    normalizer, tokenizer = MosesPunctNormalizer(language), MosesTokenizer(language)
    return [
        tokenizer.tokenize(normalizer.normalize(text.lower()), return_str=True) for text in texts
    ]


def _score(metric, hypotheses, references):
    for name, texts in (("hypotheses", hypotheses), ("references", references)):
        if isinstance(texts, str):
            raise TypeError(f"{name} must be a list of str; got {name}={texts!r:.80}.")
    if not hypotheses or len(hypotheses) != len(references):
        raise ValueError(
            "hypotheses and references must be equally many and at least one; "
            f"got {len(hypotheses)} hypotheses, {len(references)} references."
        )
    result = metric.corpus_score(list(hypotheses), [list(references)])
    return Score(float(result.score), str(metric.get_signature()))
