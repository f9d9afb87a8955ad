"""The page of `zoo serve` in a browser without a window, with small functions as models."""

import json
import urllib.error
import urllib.request

import browser
import pytest
import tensorflow as tf

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
from PIL import Image  # noqa: E402
from recordings import tone, wav  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.routing import Mount  # noqa: E402
from test_serving_rest import call, run_app, serving  # noqa: E402

from zoo.audio import frames_of_files  # noqa: E402
from zoo.lite import audio  # noqa: E402
from zoo.serving.app import Server  # noqa: E402
from zoo.serving.servable import Models  # noqa: E402

pytestmark = pytest.mark.skipif(not browser.PATH, reason="there is no Chromium")

EVIL = '<img src=x onerror="window.hurt = 1"><script>window.hurt = 1</script>'
CHANGED = "$('model').dispatchEvent(new Event('change'))"
RANKS = "[...$('ranks').querySelectorAll('button')]"
FILMS = ["Heat (1995)", EVIL, "Casino (1995)"]


def strings(name):
    return tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, name)])


class Toy(tf.Module):
    @strings("text")
    def echo(self, text):
        """Attends to the first of three tokens, and to the end."""
        rows = tf.size(text)
        tokens = tf.stack([text, tf.fill([rows], "b"), tf.fill([rows], "</s>")], axis=1)
        weights = tf.tile(tf.constant([[[0.5, 0.25, 0.25]]]), [rows, 3, 1])
        return {
            "text": text,
            "source_tokens": tokens,
            "target_tokens": tokens,
            "attention": weights,
        }

    @strings("image_bytes")
    def picture(self, image_bytes):
        """Attends to one of two times three places."""
        rows = tf.size(image_bytes)
        return {
            "text": tf.fill([rows], "a picture"),
            "target_tokens": tf.fill([rows, 1], "a"),
            "attention": tf.tile(tf.constant([[[0.0, 0, 0, 0, 0, 1]]]), [rows, 1, 1]),
        }

    @strings("text")
    def labels(self, text):
        rows = tf.size(text)
        return {
            "label": tf.tile(tf.constant([["good", EVIL]]), [rows, 1]),
            "probability": tf.tile(tf.constant([[0.75, 0.25]]), [rows, 1]),
        }

    @strings("history")
    def next_film(self, history):
        """What was seen last, and another one; attends to the last of the lines."""
        lines = tf.strings.split(history, "\n").to_tensor()
        rows, count = tf.size(history), tf.shape(lines)[1]
        found = tf.stack(["again " + lines[:, -1], tf.fill([rows], FILMS[1])], axis=1)
        return {
            "item": found,
            "score": tf.tile(tf.constant([[-0.5, -1.0]]), [rows, 1]),
            "text": found[:, 0],
            "source_tokens": lines,
            "target_tokens": found[:, :1],
            "attention": tf.one_hot(tf.fill([rows, 1], count - 1), count),
        }

    @tf.function(
        autograph=False,
        input_signature=[tf.TensorSpec([None], tf.int32, name) for name in ("digit", "seed")],
    )
    def draws(self, digit, seed):
        """A grey picture, whose four cells look at the next one; none of a digit above 9."""
        shade = tf.cast(tf.reshape(digit + seed, [-1, 1, 1, 1]), tf.uint8)
        files = tf.map_fn(
            lambda one: tf.io.encode_png(tf.tile(one, [2, 2, 1])),
            shade,
            fn_output_signature="string",
        )
        looks = tf.tile(tf.roll(tf.eye(4), 1, axis=1)[None], [tf.size(digit), 1, 1])
        return {"image_bytes": tf.where(digit > 9, "", files), "attention": looks}

    @strings("audio_bytes")
    def hears(self, audio_bytes):
        """How many frames of a recording there are."""
        frames = frames_of_files(audio_bytes)[:, :, 0]
        count = tf.reduce_sum(tf.cast(frames > audio.EMPTY, tf.int32), axis=1)
        return {"text": tf.strings.as_string(count) + " frames"}

    @strings("text")
    def broken(self, text):
        with tf.control_dependencies([tf.debugging.Assert(False, [text])]):
            return {"text": tf.identity(text)}


def save(folder, name, function, signature="serving_default", **more):
    tf.saved_model.save(tf.Module(), str(folder / name / "1"), {signature: function, **more})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, toy = tmp_path_factory.mktemp("served"), Toy()
    save(folder, "echo", toy.echo, "attention")
    save(folder, "labels", toy.labels)
    save(folder, "chat_toy", toy.echo, "attention")
    save(folder, "picture", toy.picture, "attention")
    save(folder, "draws", toy.draws, "attention")
    save(folder, "hears", toy.hears)
    save(folder, "broken", toy.broken)
    save(folder, "films", toy.next_film, "attention")
    (folder / "films" / "1" / "assets.extra").mkdir()
    (folder / "films" / "1" / "assets.extra" / "choices.json").write_text(json.dumps(FILMS))
    save(folder, "writes", toy.echo, "attention", sample=toy.echo)
    (folder / "echo" / "README.md").write_text(f"# echo\n\nIt says {EVIL}\nwhat you say.\n\nMore.")
    lines = [{"input": EVIL}, {"input": "hello"}, {"input": "x" * 500}, {"input": "  "}, {}, 7]
    text = "\n".join([*map(json.dumps, lines), "no JSON"])
    (folder / "echo" / "examples.jsonl").write_text(text)
    return folder


@pytest.fixture(scope="module")
def served(folder):
    with serving(folder) as ours:
        yield ours


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser.opened(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def page(served, tab):
    tab.open(f"{served.url}/")
    choose(tab, "echo")
    yield tab
    assert tab.value("window.hurt") is None
    assert tab.problems == []


def choose(tab, model):
    tab.wait("$('model').options.length")
    tab.value(f"$('model').value = '{model}', {CHANGED}")


def write(tab, text):
    tab.value(f"$('text').value = {json.dumps(text)}, $('text').dispatchEvent(new Event('input'))")


def shown(tab):
    return tab.wait("!$('result').hidden && $('answer').textContent || $('error').textContent")


def test_what_can_be_chosen_is_offered_and_added_and_so_is_what_is_recommended(page):
    assert page.value("$('pick-box').hidden")
    choose(page, "films")
    page.wait("$('choices').options.length")
    assert page.value("[...$('choices').options].map(o => o.value)") == FILMS
    page.click("$('pick')")
    page.type("Casino")
    assert page.value("$('text').value") == ""  # of no film the whole name
    page.type(" (1995)")
    page.wait("$('answer').textContent === 'again Casino (1995)'")
    assert page.value("[$('text').value, $('pick').value]") == ["Casino (1995)", ""]
    assert page.value(f"{RANKS}.length") == 2
    page.click(f"{RANKS}[1]")
    page.wait(
        "$('text').value.endsWith('script>') && $('answer').textContent.startsWith('again <')"
    )
    assert page.value("$('text').value").splitlines() == ["Casino (1995)", EVIL]
    assert page.value("[...$('source').children].length") == 2  # what the answer rests on
    choose(page, "echo")
    assert page.value("$('pick-box').hidden")


def test_choices_of_a_model_that_is_not_there_are_not_found(served):
    assert call(f"{served.url}/page/choices/films") == (200, FILMS)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{served.url}/page/choices/nobody")


def test_what_a_client_writes_is_shown_and_never_run(page):
    write(page, EVIL)
    page.click("$('go')")
    assert shown(page) == EVIL
    assert page.value("$('target').children[0].textContent") == EVIL
    assert page.value("$('answer').children.length + $('target').children[0].children.length") == 0
    choose(page, "labels")
    write(page, "x")
    page.click("$('go')")
    page.wait("$('ranks').children.length")
    ranks = page.value("[...$('ranks').children].map(e => e.textContent)")
    assert ranks == ["good", "0.750", EVIL, "0.250"]


def test_a_link_with_markup_in_it_runs_nothing(page, served):
    link = f"{served.url}/?model=__proto__&text=%3Cimg%20src=x%20onerror=alert(1)%3E"
    page.open(link)
    page.wait("$('model').options.length")
    assert page.value("$('model').value") == "broken"  # the first one
    assert "<img src=x onerror=alert(1)>" in shown(page)
    page.problems.clear()


def test_a_recording_is_taken_from_a_file_and_from_the_microphone(page, tmp_path):
    choose(page, "hears")
    assert page.value("$('what').textContent") == "recording"
    (tmp_path / "tone.wav").write_bytes(wav(tone(0.5)))
    page.choose_file("#file", tmp_path / "tone.wav")
    assert shown(page) == "48 frames"
    page.click("$('record')")
    page.wait("$('record').textContent === 'Stop and answer'")
    page.value("new Promise(done => setTimeout(done, 1200))", wait=True)
    page.click("$('record')")
    page.wait("$('answer').textContent !== '48 frames'")
    assert 50 < int(page.value("$('answer').textContent").split()[0]) < 1000


def test_an_error_of_the_server_is_shown_as_text(page):
    choose(page, "broken")
    write(page, EVIL)
    page.click("$('go')")
    assert "assertion" in shown(page).lower()
    assert page.value("$('result').hidden")
    page.problems.clear()  # the browser notes each answer that is not 200


def test_model_and_examples_are_introduced_and_an_example_is_asked_by_a_click(page):
    assert page.value("$('about').textContent") == f"It says {EVIL} what you say."
    assert page.value("[...$('examples').children].map(e => e.textContent)") == [EVIL, "hello"]
    page.click("$('examples').children[1]")
    assert shown(page) == "hello" and page.value("$('text').value") == "hello"
    choose(page, "labels")
    assert page.value("$('try').hidden") and page.value("$('about').textContent") == ""


def test_a_drawn_picture_is_shown_and_where_its_cells_looked(page):
    choose(page, "draws")
    assert page.value("[...document.querySelectorAll('textarea')].map(e => e.value)") == ["1", "1"]
    page.click("$('go')")
    page.wait("!$('result').hidden && $('picture').naturalWidth === 2")
    assert page.value("$('picture').src.startsWith('data:image/png;base64,')")
    # The last of the four cells looked at the first.
    page.value(
        "(r => $('photo').onclick({clientX: r.right - 1, clientY: r.bottom - 1}))"
        "($('heat').getBoundingClientRect())"
    )
    lit = (
        "[...$('heat').getContext('2d').getImageData(0, 0, 2, 2).data].filter((_, i) => i % 4 == 3)"
    )
    assert [alpha > 0 for alpha in page.value(lit)] == [True, False, False, False]
    write(page, "10")
    page.click("$('go')")
    assert shown(page) == "The model cannot draw this."
    write(page, "one")
    page.click("$('go')")
    assert page.wait("$('error').textContent.includes('whole') && $('error').textContent") == (
        "Type a whole number as digit."
    )


def test_each_model_keeps_its_own_text(page):
    write(page, "for echo")
    choose(page, "labels")
    assert page.value("$('text').value") == ""
    write(page, "for labels")
    choose(page, "echo")
    assert page.value("$('text').value") == "for echo"
    choose(page, "labels")
    assert page.value("$('text').value") == "for labels"


def test_an_empty_text_is_asked_of_a_model_that_writes_alone(page):
    write(page, "   ")
    page.click("$('go')")
    assert shown(page) == "Type a text first, or choose an example."
    assert page.value("$('result').hidden")
    choose(page, "writes")
    page.click("$('go')")
    assert shown(page) == "The model has no answer to this."


def test_a_conversation_goes_on_below_the_reply(page):
    assert not page.value("$('talk-box').offsetParent !== null")
    choose(page, "chat_toy")
    write(page, "hello")
    page.click("$('go')")
    page.wait("$('text').value === 'hello\\nhello\\n'")
    page.value("$('talk').checked = false")
    page.click("$('go')")
    page.wait("$('answer').textContent.startsWith('hello\\nhello')")
    assert page.value("$('text').value") == "hello\nhello\n"


def test_the_ends_of_a_text_are_no_tokens_and_what_they_are_given_is_said(page):
    write(page, "a")
    page.click("$('go')")
    shown(page)
    for box in ("target", "source"):
        assert page.value(f"[...$('{box}').children].map(e => e.textContent)") == ["a", "b"]
    assert page.value("[...$('source').children].map(e => e.title)") == ["50.0 %", "25.0 %"]
    assert page.value("$('end').textContent") == "(25 % to where the text begins or ends)"


@pytest.mark.parametrize(("size", "grid"), [((300, 200), [3, 2]), ((200, 300), [2, 3])])
def test_heat_lies_on_a_grid_in_the_shape_of_the_photograph(page, tmp_path, size, grid):
    Image.new("RGB", size, (9, 9, 9)).save(tmp_path / "grey.png")
    choose(page, "picture")
    page.drop("$('drop')", tmp_path / "grey.png")
    assert shown(page) == "a picture"
    page.wait(f"$('heat').width === {grid[0]} && $('heat').height === {grid[1]}")


def test_work_is_seen_and_can_be_stopped(page):
    page.value("window.fetch = (url, { signal }) => new Promise((_, no) => signal.onabort = no)")
    write(page, "a")
    page.click("$('go')")
    page.wait("$('clock').textContent.startsWith('working, 0.3')")
    assert page.value("$('go').disabled")
    page.click("$('stop')")
    assert page.value("$('busy').hidden && !$('go').disabled")
    assert page.value("$('result').hidden && !$('error').textContent")


def test_a_server_that_is_gone_is_said(page):
    page.value("window.fetch = () => Promise.reject(new TypeError('gone'))")
    write(page, "a")
    page.click("$('go')")
    assert shown(page) == "The server does not answer."


@pytest.mark.parametrize("end", ["/zoo/", "/zoo"])
def test_the_page_works_behind_a_prefix(folder, tab, end):
    server = Server(Models(folder, ["echo"]), threads=1)
    outer = Starlette(
        routes=[Mount("/zoo", server.app)], lifespan=server.app.router.lifespan_context
    )
    with run_app(outer) as port:
        tab.open(f"http://127.0.0.1:{port}/zoo/")
        tab.value(f"history.replaceState(null, '', '{end}')")
        tab.wait("$('model').options.length")
        write(tab, "a")
        tab.click("$('go')")
        assert shown(tab) == "a"
        assert call(f"http://127.0.0.1:{port}/zoo/v1/models/echo")[0] == 200
        assert call(f"http://127.0.0.1:{port}/zoo/v1/models/no")[0] == 404
