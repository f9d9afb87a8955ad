"""Data sets: found, downloaded, checked, read, cleaned."""

import gzip
import hashlib
import http.server
import io
import os
import sys
import threading

import pytest

from zoo import data
from zoo.data.sources import DATASETS, DatasetInfo, File

TEXT = "Ein Hund.\nZwei Männer.\n".encode()
PATH = "multi30k/val.de"

needs_data = pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="ZOO_DATA does not name the data directory"
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no data directory."""
    monkeypatch.delenv("ZOO_DATA", raising=False)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def publish(monkeypatch):
    """Make a URL the public origin of PATH, whose content is TEXT."""

    def publish(url):
        file = File(hashlib.sha256(TEXT).hexdigest(), url)
        source = DatasetInfo(
            "Multi30k", "https://the.origin", "the terms", "the paper", {PATH: file}
        )
        monkeypatch.setitem(DATASETS, "multi30k", source)

    return publish


@pytest.fixture
def serve():
    """Serve bytes from localhost, announced as longer than they are by `missing` bytes."""
    servers = []

    def serve(body, missing=0, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + missing))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/val.de.gz"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


# Finding


def test_data_dir_goes_before_the_environment(tmp_path, monkeypatch):
    for name in ("given", "environment"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").touch()
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "environment"))
    assert data.find("a.txt") == tmp_path / "environment" / "a.txt"
    assert data.find("a.txt", tmp_path / "given") == tmp_path / "given" / "a.txt"


def test_a_missing_file_is_one_error_that_names_folder_origin_terms_and_remedy(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        data.multi30k("val", data_dir=tmp_path)
    message = str(error.value)
    for part in (PATH, str(tmp_path), "github.com/multi30k/dataset", "non-commercial", "ZOO_DATA"):
        assert part in message


def test_a_set_without_a_public_file_says_where_its_texts_come_from(cache):
    with pytest.raises(FileNotFoundError, match="no public file.*LibreOffice 7.4.*Set ZOO_DATA"):
        data.docs_fr_de("val")
    with pytest.raises(FileNotFoundError, match="no public file.*tatoeba.org.*CC-BY 2.0 FR"):
        data.tatoeba_zh_en("val")


def test_a_damaged_file_in_the_data_directory_is_a_value_error(tmp_path):
    (tmp_path / "multi30k").mkdir()
    (tmp_path / PATH).write_bytes(TEXT)
    with pytest.raises(ValueError, match=r"val\.de is damaged or another version.*non-commercial"):
        data.multi30k("val", data_dir=tmp_path)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: data.multi30k("test"), "split must be one of train, val, test_2016_flickr; got"),
        (lambda: data.multi30k("val", "es"), "source must be one of en, de, fr; got source='es'"),
        (lambda: data.multi30k("val", "de", "de"), "target must be one of en, fr; got target='de'"),
        (lambda: data.multi30k_tokenized("train", "en"), "split must be one of val, test_2016_fl"),
        (lambda: data.multi30k_tokenized("val", "es"), "language must be one of en, de, fr; got"),
        (lambda: data.three_am("test"), "split must be one of train, val; got split='test'"),
        (lambda: data.docs_zh_en("test"), "split must be one of train, val; got split='test'"),
    ],
)
def test_an_unknown_split_or_language_names_the_argument_the_rule_and_the_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Downloading


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_download_is_unpacked_normalised_and_kept(cache, publish, tmp_path, line_end):
    origin = tmp_path / "val.de.gz"
    origin.write_bytes(gzip.compress(TEXT.replace(b"\n", line_end)))
    publish(origin.as_uri())
    assert data.find(PATH) == cache / PATH
    assert files_below(cache) == [cache / PATH]
    assert (cache / PATH).read_bytes() == TEXT
    origin.unlink()
    assert data.find(PATH) == cache / PATH  # without its origin: no second download


def test_a_download_without_gz_is_taken_as_it_is(cache, publish, tmp_path):
    (tmp_path / "val.de").write_bytes(TEXT)
    publish((tmp_path / "val.de").as_uri())
    assert data.find(PATH).read_bytes() == TEXT


def test_nothing_is_downloaded_where_a_data_directory_is_set(cache, publish, tmp_path):
    (tmp_path / "val.de").write_bytes(TEXT)
    publish((tmp_path / "val.de").as_uri())
    with pytest.raises(FileNotFoundError, match="must exist below data_dir"):
        data.find(PATH, tmp_path / "empty")


@pytest.mark.parametrize(
    "answer, error, message",
    [
        ({"body": gzip.compress(b"Ein Wolf.\n")}, ValueError, "its SHA-256 must be"),
        ({"body": gzip.compress(TEXT)[:-9]}, ValueError, "must be a whole gzip file"),
        ({"body": b"<html>sign in</html>"}, ValueError, "must be a whole gzip file"),
        ({"body": gzip.compress(TEXT), "missing": 5}, FileNotFoundError, "connection ended after"),
        ({"body": b"", "status": 404}, FileNotFoundError, "404"),
    ],
    ids=["other content", "cut gzip", "not gzip", "cut connection", "404"],
)
def test_a_failed_download_is_one_clear_error_and_leaves_nothing(
    cache, publish, serve, answer, error, message
):
    publish(serve(**answer))
    with pytest.raises(error, match=message) as caught:
        data.find(PATH)
    for part in ("val.de", "https://the.origin", "the terms", "Set ZOO_DATA or data_dir"):
        assert part in str(caught.value)
    assert files_below(cache) == []


def test_an_origin_that_does_not_answer_is_a_file_not_found_error(cache, publish):
    publish("http://127.0.0.1:9/val.de.gz")  # discard port: nobody listens
    with pytest.raises(FileNotFoundError, match="could not be downloaded from http://127.0.0.1:9/"):
        data.find(PATH)


def test_a_write_that_fails_leaves_nothing(cache, publish, serve, monkeypatch):
    def fail(source, target):
        raise OSError("disk full")

    publish(serve(gzip.compress(TEXT)))
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        data.find(PATH)
    assert files_below(cache) == []


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_alone(cache, publish, serve, monkeypatch, terminal):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stream)
    publish(serve(gzip.compress(TEXT)))
    data.find(PATH)
    bar = f"\rval.de.gz [{'#' * 30}] 100%\n"
    assert stream.getvalue() == (bar if terminal else "")


# Your own pairs


def test_read_pairs_takes_two_columns_and_ignores_the_rest(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_bytes("\ufeffun chien\t ein Hund \r\n\nça va\twie geht’s\tnote\tx\n".encode())
    assert data.inspect_pairs(path).pairs == [("un chien", "ein Hund"), ("ça va", "wie geht’s")]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "own.tsv: the file must hold at least one pair; got 0 bytes"),
        (b"\n \n", "own.tsv: the file must hold at least one pair; got 3 bytes"),
        (b"a\tb\n\nalone\n", "own.tsv, line 3: a line must be source TAB target; got 1 column"),
        (b"a\tb\n \tb\n", "own.tsv, line 2: source and target must not be empty"),
        (b"a\tb\nc\t\xff\n", "own.tsv, line 2: text must be UTF-8; got byte 0xff after 2 bytes"),
    ],
)
def test_read_pairs_names_the_file_and_the_line(tmp_path, content, message):
    path = tmp_path / "own.tsv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        data.read_pairs(path)


def test_read_pairs_names_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="path must be an existing file; got path='none'"):
        data.read_pairs("none")
    with pytest.raises(FileNotFoundError, match="path must be an existing file"):
        data.read_pairs(tmp_path)


# Cleaning

GOOD = [("ein Hund", "a dog"), ("zwei Katzen", "two cats"), ("drei Vögel", "three birds")]


@pytest.mark.parametrize(
    "junk",
    [
        ("@@", "a whole sentence"),
        ("", "a dog"),
        ("Dialog OK", "dialog ok"),
        ("ein Wolf\x89", "a wolf"),
        ("ein W\ufffdlf", "a wolf"),
        ("ein Hund", "a dog"),
        ("Hund", "a dog that runs over the beach"),
        ("ein Hund, der am Strand läuft", "a dog"),
        ("lange " * 6, "long " * 6),
    ],
)
def test_clean_drops_junk_and_keeps_the_order_of_the_rest(junk):
    assert data.clean([*GOOD, junk], max_chars=30) == GOOD


def test_clean_measures_length_ratios_against_the_usual_one_of_the_set():
    chinese = [("一只狗在跑", "one dog running"), ("两只猫", "two cats."), ("三只鸟", "3 birds..")]
    assert data.clean(chinese, max_ratio=1.1) == chinese
    assert data.clean([*chinese, ("三只鸟", "3 b")], max_ratio=2.9) == chinese  # 3 times off
    assert len(data.clean([*chinese, ("三只鸟", "3 b")], max_ratio=3.1)) == 4


def test_clean_keeps_held_out_sentences_out_on_either_side():
    held_out = [("ein Hund", "one dog"), ("zwei Kater", "two cats")]
    assert data.clean(GOOD, held_out=held_out) == GOOD[2:]


def test_clean_keeps_tabs_and_no_break_spaces():
    pairs = [("ein\u00a0Hund", "a\tdog")]
    assert data.clean(pairs) == pairs
    assert data.clean([]) == []


@pytest.mark.parametrize("name, value", [("max_chars", 0), ("max_ratio", 0.5)])
def test_clean_names_a_limit_that_is_too_small(name, value):
    with pytest.raises(ValueError, match=f"{name} must be >= 1; got {name}={value}"):
        data.clean(GOOD, **{name: value})


# The sets themselves

SPLITS = [
    (data.multi30k, "train", 29_000),
    (data.multi30k, "val", 1_014),
    (data.multi30k, "test_2016_flickr", 1_000),
    (data.three_am, "train", 23_931),
    (data.three_am, "val", 1_000),
    (data.tatoeba_zh_en, "train", 27_155),
    (data.tatoeba_zh_en, "val", 1_000),
    (data.docs_zh_en, "train", 52_544),
    (data.docs_zh_en, "val", 604),
    (data.docs_fr_de, "train", 65_577),
    (data.docs_fr_de, "val", 354),
]


@needs_data
@pytest.mark.parametrize("loader, split, count", SPLITS)
def test_a_split_has_its_published_number_of_whole_stripped_pairs(loader, split, count):
    pairs = loader(split)
    assert len(pairs) == count
    assert all(side and side == side.strip() for pair in pairs for side in pair)


@needs_data
def test_multi30k_is_aligned_in_every_direction():
    assert data.multi30k("val")[2] == (
        "Ein Junge mit Kopfhörern sitzt auf den Schultern einer Frau.",
        "A boy wearing headphones sits on a woman's shoulders.",
    )
    german_english, french_german, french_english = (
        data.multi30k("val", *languages) for languages in (("de", "en"), ("fr", "de"), ("fr", "en"))
    )
    assert [pair[0] for pair in german_english] == [pair[1] for pair in french_german]
    assert [pair[1] for pair in german_english] == [pair[1] for pair in french_english]


@needs_data
def test_tokenized_captions_are_those_of_the_raw_split():
    tokens = data.multi30k_tokenized("val", "de")
    assert len(tokens) == 1_014
    assert len(data.multi30k_tokenized("test_2016_flickr", "fr")) == 1_000
    assert tokens[2] == "ein junge mit kopfhörern sitzt auf den schultern einer frau ."


@needs_data
def test_documents_can_be_taken_by_origin():
    assert len(data.docs_zh_en("train", origin="hsk")) == 3_814
    assert len(data.docs_fr_de("val", origin="handbook")) == 28
    with pytest.raises(ValueError, match="origin must be one of gnomehelp, handbook, lohelp, loui"):
        data.docs_fr_de("train", origin="hsk")


@needs_data
@pytest.mark.parametrize(
    "loader, languages, split, sources, targets",
    [
        (data.multi30k, ("de", "en"), "val", 1, 1),
        (data.multi30k, ("de", "en"), "test_2016_flickr", 0, 0),
        (data.multi30k, ("fr", "de"), "val", 3, 1),
        (data.multi30k, ("fr", "de"), "test_2016_flickr", 0, 0),
        (data.three_am, (), "val", 1, 3),
        (data.tatoeba_zh_en, (), "val", 0, 0),
        (data.docs_zh_en, (), "val", 0, 0),
        (data.docs_fr_de, (), "val", 0, 0),
    ],
)
def test_no_evaluation_pair_is_in_its_training_set(loader, languages, split, sources, targets):
    train, held_out = loader("train", *languages), loader(split, *languages)
    assert not set(train) & set(held_out)
    shared = [len({p[side] for p in train} & {p[side] for p in held_out}) for side in (0, 1)]
    assert shared == [sources, targets]  # one sentence, said of two pictures


@needs_data
def test_documents_share_two_pairs_with_tatoeba_until_held_out():
    train, held_out = data.docs_zh_en("train"), data.tatoeba_zh_en("val")
    assert len(set(train) & set(held_out)) == 2
    assert not set(data.clean(train, held_out=held_out)) & set(held_out)


@needs_data
@pytest.mark.parametrize(
    "loader, languages, count",
    [
        (data.multi30k, ("de", "en"), 28_995),
        (data.multi30k, ("fr", "de"), 28_992),
        (data.three_am, (), 23_900),
        (data.tatoeba_zh_en, (), 27_046),
        (data.docs_zh_en, (), 52_392),
        (data.docs_fr_de, (), 65_064),
    ],
)
def test_clean_keeps_almost_all_of_a_training_set(loader, languages, count):
    assert len(data.clean(loader("train", *languages))) == count


@needs_data
def test_multi30k_loses_only_repeats_and_two_empty_captions_to_clean():
    train = data.multi30k("train")
    assert set(train) - set(data.clean(train)) == {pair for pair in train if "@@" in pair}


# Texts


@needs_data
def test_texts_have_their_published_sizes():
    (train,), (valid,) = data.tiny_shakespeare("train"), data.tiny_shakespeare("val")
    assert (len(train), len(valid)) == (1_003_854, 111_540)
    assert train.startswith("First Citizen:\nBefore we proceed") and valid.endswith("\n")
    splits = {split: data.quatrains(split) for split in ("train", "val", "test")}
    assert {split: len(poems) for split, poems in splits.items()} == {
        "train": 80_551,
        "val": 824,
        "test": 823,
    }
    assert [len(data.scifi(split)) for split in ("train", "val", "test")] == [7, 7, 1]
    assert data.scifi("test")[0].startswith("The Time Machine\nAn Invention\n")


@needs_data
def test_no_line_of_a_held_out_poem_is_in_training():
    seen = {line for poem in data.quatrains("train") for line in data.poem_lines(poem)}
    held_out = data.quatrains("val") + data.quatrains("test")
    assert not any(line in seen for poem in held_out for line in data.poem_lines(poem))


@needs_data
def test_no_novel_is_in_two_splits():
    train = "\n".join(data.scifi("train"))
    assert "Time Traveller" not in train
    for end in data.scifi("val"):
        assert end not in train


def test_a_poem_is_cut_at_its_marks():
    assert data.poem_lines("一二三，四五六。") == ["一二三", "四五六"]


@pytest.mark.parametrize("loader", [data.tiny_shakespeare, data.quatrains, data.scifi])
def test_an_unknown_split_of_a_text_is_an_error(loader):
    with pytest.raises(ValueError, match="split must be one of train, val.*; got split='dev'"):
        loader("dev")
