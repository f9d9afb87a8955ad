"""The benchmark harness: turns, medians, ratios, missing peers."""

import pytest

from benchmarks.harness import System, measure, summary, table


def test_two_processes_are_asked_in_turn():
    sleepers = [System(name, "tests.test_benchmarks:sleeper") for name in "ab"]
    found = measure(sleepers, rounds=3, threads=1, warm=1)
    asked = sorted((began, name) for name in found for began in found[name]["began"])
    assert [name for _, name in asked] == ["a", "b"] * 3


def sleeper():
    import time

    return lambda: time.sleep(0.01)


def test_ratio_is_of_medians_and_the_spread_is_least_to_most():
    found = {"zoo": {"wall": [1.0, 2.0, 4.0]}, "peer": {"wall": [4.0, 4.0, 9.0]}}
    zoo, peer = summary(found, units=8)
    assert (zoo["median"], zoo["least"], zoo["most"], zoo["ratio"]) == (4, 2, 8, 1)
    assert (peer["median"], peer["ratio"]) == (2, 2)
    assert "| w | peer | 2 | 0.8889..2 | 2.00 |" in table({"w": [zoo, peer]}, "tokens/s")


def test_a_missing_peer_is_skipped_by_name(capsys):
    peer = System("Peer", "nowhere:build", needs=("no_such_package",))
    assert measure([peer], rounds=1, threads=1) == {}
    assert capsys.readouterr().out == "skipped Peer: no_such_package not installed\n"


def test_a_worker_that_dies_is_an_error_with_its_name():
    with pytest.raises(RuntimeError, match="Broken ended"):
        measure([System("Broken", "json:no_such")], rounds=1, threads=1)
