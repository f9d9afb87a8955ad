"""The page of `zoo serve` in a browser without a window, with two shipped models."""

import base64
import concurrent.futures
import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

import browser
import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
from test_serving_rest import call, serving  # noqa: E402

from zoo import registry  # noqa: E402
from zoo.serving import export  # noqa: E402

pytestmark = pytest.mark.skipif(not browser.PATH, reason="there is no Chromium")

ROOT = Path(__file__).parent.parent
CAT = ROOT / "examples" / "photos" / "cat.jpg"
FRENCH = "Un chien court sur la plage."
CHANGED = "$('model').dispatchEvent(new Event('change'))"
TARGET, SOURCE = "[...$('target').children]", "[...$('source').children]"
# The colour of the heat in each cell of the photograph: red, green, blue, alpha.
CELLS = "[...$('heat').getContext('2d').getImageData(0, 0, $('heat').width, $('heat').height).data]"


@pytest.fixture(scope="module")
def models():
    return {name: registry.load(name) for name in ("translate_fr_de", "caption_en")}


@pytest.fixture(scope="module")
def served(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    for name, model in models.items():
        export(model, folder, name)
    with serving(folder, cards=[ROOT / "saved_models"]) as ours:
        yield ours


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser.opened(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def page(served, tab):
    """The page, with the model that reads French."""
    tab.open(f"{served.url}/")
    choose(tab, "translate_fr_de")
    yield tab
    assert tab.problems == []


def choose(tab, model):
    tab.wait("$('model').options.length")
    tab.value(f"$('model').value = '{model}', {CHANGED}")


def shown(tab):
    """The answer, once it is there; or an error, which is none of the expected answers."""
    return tab.wait("!$('result').hidden && $('answer').textContent || $('error').textContent")


def asked(served, model, value):
    """What the server answers to a program."""
    body = {"signature_name": "attention", "instances": [value]}
    status, answer = call(f"{served.url}/v1/models/{model}:predict", body)
    assert status == 200
    return answer["predictions"][0]


def kept(tokens):
    """The numbers of the tokens that the page shows: not those of the ends of a text."""
    return [i for i, token in enumerate(tokens) if token not in ("", "<s>", "</s>")]


def spaced(tokens):
    return [tokens[i].replace("▁", " ") for i in kept(tokens)]


def maps(answer):
    """Of each token of the answer that is shown, how it attends to the source that is shown."""
    source = kept(answer["source_tokens"])
    return [[answer["attention"][t][s] for s in source] for t in kept(answer["target_tokens"])]


def coloured(tab):
    """The strength of the colour of every source token, and what its tooltip says."""
    strengths = f"{SOURCE}.map(e => +getComputedStyle(e).backgroundColor.match(/([0-9.]+)\\)/)[1])"
    return tab.value(strengths), tab.value(f"{SOURCE}.map(e => e.title)")


def assert_coloured(tab, weights):
    strengths, titles = coloured(tab)
    # A colour has 8 bits; the token that was looked at the most is always as strong.
    np.testing.assert_allclose(strengths, 0.85 * np.array(weights) / max(weights), atol=0.005)
    assert titles == [f"{100 * weight:.1f} %" for weight in weights]


def test_a_sentence_that_is_typed_is_answered_by_button_and_by_key(page, models, monkeypatch):
    page.click("$('text')")
    page.type(FRENCH)
    page.click("$('go')")
    out = models["translate_fr_de"].generate(FRENCH, return_dict=True)
    assert shown(page) == out.text
    assert page.value(f"{TARGET}.map(e => e.textContent)") == spaced(out.tokens)
    assert page.value(f"{SOURCE}.map(e => e.textContent)") == spaced(out.source_tokens)

    page.click("$('text')")
    page.type(" Deux enfants.")  # at the end of the text, where the cursor is
    page.press("Enter", 13, control=True)
    monkeypatch.setattr(models["translate_fr_de"], "max_sentence_length", None)  # as an export
    more = models["translate_fr_de"].generate(page.value("$('text').value"))
    assert more != out.text
    page.wait(f"$('answer').textContent === {json.dumps(more)}")


def test_pointing_at_a_word_shows_what_it_looked_at(page, served):
    page.click("$('text')")
    page.type(FRENCH)
    page.press("Enter", 13, control=True)
    shown(page)
    answer = maps(asked(served, "translate_fr_de", FRENCH))
    assert_coloured(page, answer[0])  # before the mouse is anywhere
    looked = set()
    for t, weights in reversed(list(enumerate(answer))):
        page.point(f"{TARGET}[{t}]")
        assert_coloured(page, weights)
        looked.add(int(np.argmax(weights)))
    assert len(looked) > 3  # a map of this sentence that were always the same would be wrong
    page.value(f"{TARGET}[0].focus()")
    for weights in answer[1:]:
        page.press("Tab", 9)
        assert_coloured(page, weights)


def test_a_link_carries_a_model_and_a_text(tab, served, models):
    query = urllib.parse.urlencode({"model": "translate_fr_de", "text": FRENCH})
    tab.open(f"{served.url}/?{query}")
    out = models["translate_fr_de"].generate(FRENCH, return_dict=True)
    assert shown(tab) == out.text
    assert tab.value("document.querySelectorAll('[tabindex=\"0\"]').length") == len(
        kept(out.tokens)
    )
    # The first token is pointed at from the start: what it attended to is coloured.
    assert len(coloured(tab)[0]) == len(kept(out.source_tokens))
    assert tab.problems == []


def waiting_rows(served):
    with urllib.request.urlopen(f"{served.url}/monitoring/prometheus/metrics") as response:
        return float(re.search(r"(?m)^zoo_waiting_rows (.+)$", response.read().decode())[1])


def test_what_fills_up_a_batch_is_not_shown(page, served):
    """A short text that runs with longer ones comes back with empty tokens at its end."""
    long = [FRENCH[:-1] + " et deux enfants jouent au football."] * 400
    body = {"signature_name": "attention", "inputs": long}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        url = f"{served.url}/v1/models/translate_fr_de:predict"
        flood = pool.submit(call, url, body)
        while waiting_rows(served) < 100:
            assert not flood.done()
        text = "Un chien noir court sur la plage avec un enfant."  # at least half as long
        page.click("$('text')")
        page.type(text)
        page.click("$('go')")
        shown(page)
        assert not flood.done()
        assert flood.result()[0] == 200
    alone = asked(served, "translate_fr_de", text)
    assert page.value(f"{TARGET}.length") == len(kept(alone["target_tokens"]))
    assert page.value(f"{SOURCE}.length") == len(kept(alone["source_tokens"]))


def drawn(tab):
    """The strength of the heat in each cell of the photograph."""
    return np.array(tab.value(CELLS)).reshape(-1, 4)[:, 3] / 255


def assert_heat(tab, weights):
    np.testing.assert_allclose(drawn(tab), 0.7 * np.array(weights) / max(weights), atol=0.005)


def assert_captioned(tab, served, caption):
    """The caption, the photograph, and for each token of it the heat over the photograph."""
    assert shown(tab) == caption
    tab.wait("$('picture').naturalWidth")
    box = "JSON.stringify($('{}').getBoundingClientRect())"
    assert tab.value(box.format("picture")) == tab.value(box.format("heat"))
    answer = asked(served, "caption_en", {"b64": base64.b64encode(CAT.read_bytes()).decode()})
    tab.wait("$('heat').width === 7 && $('heat').height === 7")
    shown_maps = [answer["attention"][t] for t in kept(answer["target_tokens"])]
    assert_heat(tab, shown_maps[0])
    for t, weights in enumerate(shown_maps):
        tab.point(f"{TARGET}[{t}]")
        assert_heat(tab, weights)
    assert len({int(np.argmax(weights)) for weights in shown_maps}) > 1
    assert tab.value("$('source-box').hidden")


def test_a_photograph_that_is_dropped_is_captioned_with_its_heat(page, served, models):
    choose(page, "caption_en")
    page.drop("$('drop')", CAT)
    assert_captioned(page, served, models["caption_en"].generate(CAT))
    choose(page, "translate_fr_de")  # an answer of another model does not stay
    assert page.value("$('result').hidden")


def test_a_photograph_that_is_chosen_is_captioned_with_its_heat(page, served, models):
    choose(page, "caption_en")
    page.choose_file("#file", CAT)
    assert_captioned(page, served, models["caption_en"].generate(CAT))


def test_the_frame_for_a_photograph_covers_nothing(page):
    choose(page, "caption_en")
    top, bottom = page.value("(r => [r.top, r.bottom])($('drop').getBoundingClientRect())")
    assert page.value("$('model').getBoundingClientRect().bottom") <= top
    assert bottom <= page.value("$('go').getBoundingClientRect().top")


def test_on_a_narrow_screen_nothing_is_beside_it(page):
    page.resize(320, 600)
    page.click("$('text')")
    page.type(FRENCH[:-1] + " avec deux enfants qui jouent au ballon.")
    page.click("$('go')")
    shown(page)
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.value(width)
    page.value("$('answer').textContent = 'ROMEO:\\nAy.'")
    assert page.value("$('answer').innerText") == "ROMEO:\nAy."  # a play keeps its lines
    choose(page, "caption_en")
    page.drop("$('drop')", CAT)
    shown(page)
    page.wait("$('picture').naturalWidth")
    assert page.value(width)
    page.resize(1000, 1200)


def test_a_photograph_may_be_dropped_beside_the_frame(page, models):
    """A browser would open the file instead of the page."""
    choose(page, "caption_en")
    page.drop("document.querySelector('h1')", CAT)
    assert shown(page) == models["caption_en"].generate(CAT)


def test_what_cannot_be_captioned_is_said(page, tmp_path):
    choose(page, "caption_en")
    page.click("$('go')")
    assert shown(page) == "Choose a photograph first."
    page.drop("$('drop')", text="no file")
    assert shown(page) == "Choose a photograph first."
    (tmp_path / "notes.jpg").write_text("no photograph")
    page.drop("$('drop')", tmp_path / "notes.jpg")
    page.wait("$('error').textContent === 'The file must be a whole JPEG, PNG, GIF or BMP.'")
    assert page.value("$('result').hidden")


def test_a_photograph_for_a_model_of_texts_is_refused(page):
    page.drop("$('text')", CAT)
    assert shown(page) == "translate_fr_de reads texts, not photographs."
    page.click("$('text')")
    page.drop("$('text')", text="Un chien.")
    page.wait("$('text').value === 'Un chien.'")


def test_an_answer_that_comes_after_another_model_was_chosen_is_not_shown(page):
    page.click("$('text')")
    page.type(FRENCH)
    answered = "performance.getEntriesByType('resource').filter(e => e.name.includes('predict'))"
    page.value(f"$('go').click(), $('model').value = 'caption_en', {CHANGED}")
    page.wait(f"{answered}.length")
    page.wait("!$('go').disabled")
    assert page.value("$('result').hidden")
    assert page.value("$('error').textContent") == ""
