"""The benchmark harness: turns, medians, ratios, missing peers; peers give the zoo's tokens."""

import importlib.util
import os

import pytest

from benchmarks import systems
from benchmarks.__main__ import decoders
from benchmarks.harness import System, measure, summary, table
from benchmarks.systems import zoo_decode


def test_two_processes_are_asked_in_turn():
    sleepers = [System(name, "tests.test_benchmarks:sleeper") for name in "ab"]
    found = measure(sleepers, rounds=3, threads=1, warm=1)
    asked = sorted((began, name) for name in found for began in found[name]["began"])
    assert [name for _, name in asked] == ["a", "b"] * 3


def sleeper():
    import time

    return lambda: time.sleep(0.01)


def times(wall, tokens=None):
    return {"wall": wall, "cpu": [1.0], "tokens": [tokens]}


def test_ratio_is_of_medians_and_the_spread_is_least_to_most():
    zoo, peer = summary({"zoo": times([1.0, 2.0, 4.0]), "peer": times([4.0, 4.0, 9.0])}, units=8)
    assert (zoo["median"], zoo["least"], zoo["most"], zoo["ratio"]) == (4, 2, 8, 1)
    assert (peer["median"], peer["ratio"], peer["cpu_ratio"]) == (2, 2, 1)
    assert "| w | peer | 2 | 0.8889..2 | 2.00 | 1.00 |  |" in table({"w": [zoo, peer]}, "tokens/s")


def test_share_of_tokens_that_are_the_zoos():
    found = {"zoo": times([1.0], [[5, 6], [7, 8]]), "peer": times([1.0], [[5, 6], [7, 9]])}
    zoo, peer = summary(found)
    assert (zoo["same"], peer["same"]) == (1, 0.75)
    assert table({"w": [peer]}, "tokens/s").endswith("| 75% |")


@pytest.mark.process
@pytest.mark.parametrize(
    ("kind", "beams", "name"),
    [
        ("tiny encoder-decoder", 1, "zoo, LiteRT float32"),
        ("tiny encoder-decoder", 4, "CTranslate2 float32"),
        ("tiny encoder-decoder", 4, "HF Pegasus"),
        ("tiny decoder-only", 1, "CTranslate2 float32"),
        ("tiny decoder-only", 1, "HF GPT-NeoX"),
    ],
)
def test_a_peer_with_the_zoos_weights_gives_the_zoos_tokens(kind, beams, name):
    systems = {s.name: s for s in decoders({"kind": kind, "batch": 3, "beams": beams})}
    peer = systems[name]
    for package in peer.needs:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    tokens = zoo_decode(kind, 3, beams)()
    assert len({token for row in tokens for token in row}) > 4  # else equal ones would prove little
    found = measure([peer], rounds=1, threads=1, warm=0)
    assert found[name]["tokens"] == [tokens]


def test_on_two_threads_ctranslate2_is_also_asked_with_two_workers():
    same = {"kind": "tiny encoder-decoder", "batch": 3, "beams": 1}
    one, two = ({s.name: s.options for s in decoders(same, threads)} for threads in (1, 2))
    more = {name: two[name]["workers"] for name in two.keys() - one.keys()}
    assert more == {f"CTranslate2 {kind}, 2 workers": True for kind in ("float32", "int8")}


def test_a_missing_peer_is_skipped_by_name(capsys):
    peer = System("Peer", "nowhere:build", needs=("no_such_package",))
    assert measure([peer], rounds=1, threads=1) == {}
    assert capsys.readouterr().out == "skipped Peer: no_such_package not installed\n"


def test_a_worker_that_dies_is_an_error_with_its_name():
    with pytest.raises(RuntimeError, match="Broken ended"):
        measure([System("Broken", "json:no_such")], rounds=1, threads=1)


def test_a_round_of_recommendations_runs():
    assert systems.recommend(fast=False, films=3)() is None


@pytest.mark.skipif(not os.environ.get("ZOO_DATA"), reason="needs ZOO_DATA with documents/")
@pytest.mark.parametrize("candidates", [0, 10])
def test_a_round_of_queries_runs(candidates):
    assert systems.rank(candidates=candidates, queries=2)() is None
