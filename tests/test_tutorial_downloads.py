"""What notebooks fetch where the data are not there: read from files of the origins' layout."""

import ast
import zipfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "tutorials"
FILMS = "7::Heat (1995)::Action\n9::Les Misérables (1995)::Drama\n11::Never Rated (1999)::Drama\n"
RATINGS = "1::9::4::30\n1::7::5::20\n2::7::3::50\n1::7::1::30\n"
TREES = ["(4 (2 It) (3 (4 Works) (2 .)))", "(2 (2 So) (2 what))", "(0 (2 -LRB-) (1 Dull))"]
HEADER = [
    "QuestionID",
    "Question",
    "DocumentID",
    "DocumentTitle",
    "SentenceID",
    "Sentence",
    "Label",
]
QUESTIONS = [
    ["Q1", 'who wrote "Emma"?', "D1", "Emma", "D1-0", "Emma is a novel.", "0"],
    ["Q1", 'who wrote "Emma"?', "D1", "Emma", "D1-1", 'Jane Austen wrote "Emma.', "1"],
]


@pytest.fixture
def packed(tmp_path):
    """`(name of the file, {member: text or bytes}) -> its address`."""

    def pack(name, members):
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for member, content in members.items():
                file.writestr(member, content)
        return (tmp_path / name).as_uri()

    return pack


def download_of(stem):
    """The imports of a notebook, its constants of text and its `download`, run alone."""
    tree = ast.parse((FOLDER / f"{stem}.py").read_text(encoding="utf-8"))

    def wanted(node):
        if isinstance(node, ast.Assign):
            return ast.unparse(node.targets[0]) in ("SITE", "SPLITS")
        return (
            isinstance(node, (ast.Import, ast.ImportFrom))
            or isinstance(node, ast.FunctionDef)
            and node.name == "download"
        )

    tree.body = [node for node in tree.body if wanted(node)]
    namespace = {}
    exec(compile(tree, stem, "exec"), namespace)
    return namespace


def test_films_come_in_the_order_in_which_people_rated_them(packed):
    members = {"ml-1m/movies.dat": FILMS.encode("latin-1"), "ml-1m/ratings.dat": RATINGS}
    download = download_of("12_what_to_watch_next")["download"]
    films, rows = download(packed("ml-1m.zip", members))
    assert films == ["", "Heat (1995)", "Les Misérables (1995)"]
    assert rows == [[1, 2, 1], [1]]


def test_sentences_are_the_words_of_their_trees_without_the_neutral(packed):
    members = {f"trees/{name}.txt": "\n".join(TREES) + "\n" for name in ("train", "dev", "test")}
    download = download_of("13_text_classification")["download"]
    splits = download(packed("trainDevTestTrees_PTB.zip", members))
    assert splits == [[("it works .", "positive"), ("-lrb- dull", "negative")]] * 3


def test_dialogues_are_split_at_their_marks_and_written_as_people_write(packed, tmp_path):
    members = {}
    for name, line in (
        ("train", "Hi , Ann ! __eou__ Hello . __eou__"),
        ("validation", "Yes . __eou__"),
    ):
        packed("inner.zip", {f"{name}/dialogues_{name}.txt": line + "\n"})
        members[f"ijcnlp_dailydialog/{name}.zip"] = (tmp_path / "inner.zip").read_bytes()
    download = download_of("11_chat_partner")["download"]
    assert download(packed("ijcnlp_dailydialog.zip", members)) == [
        [["Hi, Ann!", "Hello."]],
        [["Yes."]],
    ]


def test_questions_have_their_sentences_and_what_answers(packed):
    table = "".join("\t".join(row) + "\n" for row in [HEADER, *QUESTIONS])
    notebook = download_of("18_does_this_answer")
    address = packed("WikiQACorpus.zip", {"WikiQACorpus/WikiQA-dev.tsv": table})
    notebook["SITE"] = address.removesuffix("WikiQACorpus.zip")
    assert notebook["download"]("val") == [
        ('who wrote "emma"?', "emma is a novel.", 0),
        ('who wrote "emma"?', 'jane austen wrote "emma.', 1),
    ]
