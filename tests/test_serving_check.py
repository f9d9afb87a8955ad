import pytest
import tensorflow as tf

from zoo.cli import main
from zoo.serving.check import SERVERS, check


def saved(folder, function, spec):
    module = tf.Module()
    module.function = tf.function(function, input_signature=[spec])
    tf.saved_model.save(module, str(folder), {"serving_default": module.function})
    return folder


NUMBERS = tf.TensorSpec([None], tf.float32, name="x")


def test_export_of_ours_runs_in_every_server(exported, capsys):
    version = exported / "copy" / "1"
    found = check(version)
    assert found.servers == SERVERS and found.problems == []
    assert {"SentencepieceTokenizeOp", "While", "MatMul"} <= found.operations.keys()
    assert main(["check-export", str(version)]) == 0
    assert capsys.readouterr().out.endswith("operations; TF Serving: 2.19, 2.20\n")


def test_operation_that_came_later_runs_in_newer_servers_only(tmp_path):
    strings = tf.TensorSpec([None], tf.string, name="x")
    webp = getattr(tf.raw_ops, "DecodeWebP", None)
    if webp is None:
        pytest.skip("this TensorFlow is too old to have a newer operation")

    def size(text):
        return tf.size(webp(contents=text))

    def sizes(x):
        return {"y": tf.map_fn(size, x, fn_output_signature=tf.int32)}

    assert check(saved(tmp_path, sizes, strings)).servers == ("2.20",)


def test_python_in_the_graph_runs_in_no_server(tmp_path, capsys):
    def function(x):
        return {"y": tf.ensure_shape(tf.numpy_function(lambda x: x, [x], tf.float32), [None])}

    found = check(saved(tmp_path, function, NUMBERS))
    assert found.servers == () and any("needs Python" in problem for problem in found.problems)
    assert main(["check-export", str(tmp_path)]) == 1
    assert "problem: " in capsys.readouterr().out


def test_xla_in_the_graph_runs_in_no_server(tmp_path):
    compiled = tf.function(lambda x: x * 2, jit_compile=True)
    found = check(saved(tmp_path, lambda x: {"y": compiled(x)}, NUMBERS))
    assert any("must be compiled by XLA" in problem for problem in found.problems)


@pytest.mark.parametrize(
    "function", [lambda x: {"y": tf.reduce_sum(x)}, lambda x: {"y": tf.reshape(x[:2], [2])}]
)
def test_output_without_a_free_batch_dimension_is_a_problem(function, tmp_path):
    found = check(saved(tmp_path, function, NUMBERS))
    assert any("y of serving_default must have a free batch" in p for p in found.problems)


def test_folder_without_a_model_is_named(tmp_path, capsys):
    assert main(["check-export", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
