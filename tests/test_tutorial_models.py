"""The models that notebooks build, read from their Python files; nothing is run."""

import ast
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).resolve().parent.parent / "tutorials").glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_model_with_dropout_is_told_that_it_trains(source):
    """`fit` says `training=True` to a model whose `call` has the argument, and to no other."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}

    def is_model(node):
        return any(
            base.attr == "Model" if isinstance(base, ast.Attribute) else is_model(classes[base.id])
            for base in node.bases
            if isinstance(base, ast.Attribute) or base.id in classes
        )

    calls = {
        name: [argument.arg for argument in method.args.args]
        for name, node in classes.items()
        for method in node.body
        if is_model(node) and isinstance(method, ast.FunctionDef) and method.name == "call"
    }
    if "Dropout(" in ast.unparse(tree):
        assert all("training" in arguments for arguments in calls.values()), calls
