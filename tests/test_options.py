"""An option that a verb does not have: the error names the verb, and the nearest option."""

import inspect

import pytest

import zoo
from zoo.lite import readers

VERBS = {
    (zoo.Classifier, "topk"): "classify has no option 'topk': did you mean top_k",
    (zoo.Matcher, "topk"): "match has no option 'topk': did you mean top_k",
    (zoo.Ranker, "topk"): "rank has no option 'topk': did you mean top_k",
    (zoo.Recommender, "topk"): "recommend has no option 'topk': did you mean top_k",
    (zoo.KnowledgeTracer, "retrun_dict"): "trace has no option 'retrun_dict': did you mean return",
    (zoo.ImageGenerator, "sed"): "generate has no option 'sed': did you mean seed",
    (zoo.ImageGenerator, "xyzzy"): "generate has no option 'xyzzy': it has n, seed, digit, return",
    (readers.LiteClassifier, "topk"): "classify has no option 'topk': did you mean top_k",
    (readers.LiteTranslator, "max_length"): "generate has no option 'max_length': did you mean max",
}


@pytest.mark.parametrize(("kind", "option"), VERBS)
def test_the_nearest_option_is_named(kind, option):
    verb = getattr(kind, kind.verb)
    with pytest.raises(TypeError, match=VERBS[kind, option]):
        verb(object(), "x", **{option: 1})  # refused before anything is looked at
    assert next(iter(inspect.signature(verb).parameters)) == "self"
