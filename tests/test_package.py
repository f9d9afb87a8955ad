from pathlib import Path

import pytest

import zoo


def test_importing_zoo_loads_no_library(fresh_python):
    code = "import sys, zoo; print(sorted({'keras', 'numpy', 'tensorflow'} & set(sys.modules)))"
    assert fresh_python(code) == "[]\n"


def test_waiting_for_keras_leaves_no_trace_in_the_import_system(fresh_python):
    code = """
import sys, zoo
def waiting(): return [type(f).__name__ for f in sys.meta_path if type(f).__module__ == "zoo"]
print(waiting())
import keras
print(waiting(), keras.__spec__.loader is keras.__loader__, type(keras.__loader__).__name__)
print(keras.saving.get_registered_object("zoo>Translator").__name__)
"""
    assert fresh_python(code).splitlines() == [
        "['_RegisterWithKeras']",
        "[] True SourceFileLoader",
        "Translator",
    ]


@pytest.mark.parametrize("part", ["layers", "models", "tasks", "text", "training"])
def test_any_part_can_be_the_first_import(part, fresh_python):
    code = f"""
import zoo.{part}, sys
print(zoo.{part}.__name__, zoo.{part} is sys.modules["zoo.{part}"], zoo.{part}.__spec__.origin)
modules = [name.split(".")[2] for name in sys.modules if name.startswith("zoo.{part}.")]
print(len(modules) > 0, [name for name in modules if not hasattr(zoo.{part}, name)])
import keras
print(keras.saving.get_registered_object("zoo>Translator").__name__)
"""
    origin = Path(zoo.__file__).parent / part / "__init__.py"
    lines = [f"zoo.{part} True {origin}", "True []", "Translator"]
    assert fresh_python(code).splitlines() == lines


@pytest.mark.parametrize("name", zoo.__all__)
def test_public_name_is_there_and_listed(name):
    assert getattr(zoo, name).__name__.rpartition(".")[2] == name
    assert name in dir(zoo)


def test_a_part_that_needs_an_extra_is_an_attribute_all_the_same(fresh_python):
    assert fresh_python("import zoo; print(zoo.batch.Corpus.__name__)") == "Corpus\n"


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'zoo' has no attribute 'Translater'"):
        _ = zoo.Translater


def test_version_is_three_numbers():
    assert [part.isdecimal() for part in zoo.__version__.split(".")] == [True] * 3


def test_tensorflow_may_come_before_keras_and_is_not_started_by_the_import(fresh_python):
    code = """
import sys, zoo, tensorflow as tf
print("zoo.tasks" in sys.modules)
tf.config.threading.set_intra_op_parallelism_threads(1)  # an error once TensorFlow runs
"""
    assert fresh_python(code).split() == ["True"]
