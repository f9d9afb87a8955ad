"""The arrows of ARCHITECTURE.md, read off every import."""

import ast
import configparser
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "zoo"

# part of zoo -> (parts of zoo that it may import, packages that it may import; None: any).
# numpy is what TensorFlow speaks, so it goes where TensorFlow goes.
TENSORFLOW = {"tensorflow", "numpy"}
BELOW_TASKS = {"layers", "models", "training", "decoding", "text", "data", "vision", "lite"}
BELOW_TASKS |= {"audio"}
ANYONE = {"system"}
RULES = {
    "system": (set(), set()),
    "layers": (set(), {"keras"}),
    "models": ({"layers", "registry"}, {"keras"}),  # registry: zoo.models() is its list
    "training": ({"lite"}, {"keras", "numpy", "PIL"}),
    "decoding": (set(), TENSORFLOW),
    "lite": (set(), {"numpy", "sentencepiece", "PIL", "ai_edge_litert"}),
    "text": ({"lite"}, {"keras", "tensorflow_text", "sentencepiece"} | TENSORFLOW),
    "vision": ({"lite"}, {"keras", "PIL"} | TENSORFLOW),
    "audio": ({"lite"}, TENSORFLOW),
    "data": ({"lite"}, TENSORFLOW),
    "tasks": (BELOW_TASKS, {"keras", "h5py", "bm25s"} | TENSORFLOW),
    "pretrained": (
        BELOW_TASKS | {"tasks"},
        {"numpy", "sentencepiece", "safetensors", "torch", "huggingface_hub", "jinja2"},
    ),
    "plots": (set(), {"matplotlib", "numpy"}),
    "evaluation": ({"tasks", "data", "text", "registry"}, None),
    "serving": (BELOW_TASKS | {"tasks"}, None),
    "recipes": (BELOW_TASKS | {"tasks", "evaluation", "registry"}, None),
    "registry": ({"serving"}, {"keras"}),
    "batch": ({"lite", "registry"}, set()),
    "beam": ({"batch"}, {"apache_beam"}),
    "cli": (
        BELOW_TASKS
        | {"tasks", "plots", "evaluation", "serving", "recipes", "registry", "pretrained", "batch"}
        | {"__version__"},
        None,
    ),
}
# A file that needs one more, and only where that is the backend.
MORE = {
    "zoo/layers/products.py": {"tensorflow"},
    "zoo/pretrained/weights.py": {"tensorflow"},
    "zoo/training/devices.py": {"jax"},
}


def imported(source, package):
    """Dotted names that a source text imports, anywhere in it; `package` resolves relative ones."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def files(part):
    module = ZOO / f"{part}.py"
    return [module] if module.exists() else sorted((ZOO / part).rglob("*.py"))


def parts():
    """First level of the package: folders with Python in them, and modules."""
    modules = {path.stem for path in ZOO.glob("*.py")} - {"__init__", "__main__"}
    return modules | {path.parent.name for path in ZOO.glob("*/*.py")}


def offences(part):
    may_know, may_need = RULES[part]
    for path in files(part):
        name_of_file = path.relative_to(ROOT).as_posix()
        package = ".".join(path.parent.relative_to(ROOT).parts)
        for name in imported(path.read_text(encoding="utf-8"), package):
            top, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if top == "zoo":
                allowed = target == part or target in may_know | ANYONE
            else:
                allowed = top in sys.stdlib_module_names or may_need is None or top in may_need
                allowed |= top in MORE.get(name_of_file, ())
            if not allowed:
                yield f"{name_of_file} imports {name}"


def test_imports_are_found_inside_functions_and_behind_dots():
    late = "def f():\n    from zoo import models\n"
    relative = "from . import x\nfrom ..text import y\n"
    found = list(imported("import a.b\n" + late + relative, "zoo.layers"))
    assert found == ["a.b", "zoo.layers.x", "zoo.text.y", "zoo.models"]


@pytest.mark.parametrize("part", sorted(RULES))
def test_part_imports_only_what_its_arrows_allow(part):
    assert list(offences(part)) == []


def test_every_part_has_a_rule():
    assert parts() <= set(RULES)


def test_command_line_is_imported_by_nobody():
    assert not any("cli" in may_know for may_know, _ in RULES.values())


def test_architecture_table_names_the_parts_that_the_rules_name():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `zoo/")}
    assert table == {"zoo/registry.py" if p == "registry" else f"zoo/{p}/" for p in RULES}


def test_wheel_carries_every_folder_of_the_package():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(setup["options"]["packages"].split())
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in ZOO.rglob("*.py")}
    assert folders | {"zoo.plots.fonts"} == listed
