"""The curve of quality over the score of answers, and where it goes."""

import json

import numpy as np
import pytest

from zoo.evaluation import answer_quality, calibration, write_calibration
from zoo.evaluation.card import _calibration
from zoo.tasks import Generated

FOUND = {
    "a token": np.array([-0.1, -3.0, -0.5, -2.0]),
    "an answer": np.array([-1.0, -3.0, -2.0, -2.0]),
    "chrf": np.array([90.0, 10.0, 60.0, 20.0]),
}


class Guesser:
    """Gives each text back, with two tokens of which each has log-probability -1."""

    def generate(self, sources, return_dict):
        assert return_dict
        return [Generated(text, ["a", "b"][: len(text)], [], -2.0, None) for text in sources]


def test_an_answer_has_the_scores_of_its_tokens_and_characters_and_its_chrf():
    pairs = [("Ein Hund", "Ein Hund"), ("Haus", "xy"), ("", "leer")] * 30
    found = answer_quality(Guesser(), pairs)
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(found, 90)
    assert found["a token"][:3].tolist() == [-1.0, -1.0, -2.0]
    assert found["a character"][:3].tolist() == [-2 / 8, -2 / 4, -2.0]
    assert found["an answer"].tolist() == [-2.0] * 90
    assert found["chrf"][:3] == pytest.approx([100, 0, 0])


def test_real_answers_are_scored_by_the_mean_of_their_tokens(translator, sentences):
    pairs = [(text, text) for text in sentences[:8]]
    found = answer_quality(translator, pairs)
    out = translator.generate(sentences[0], return_dict=True)
    assert out.token_score == pytest.approx(out.score / len(out.tokens))
    assert found["a token"][0] == pytest.approx(out.token_score, rel=1e-4)  # float32
    assert found["chrf"].mean() > 30  # it has learned to copy


def test_the_least_sure_answers_are_compared_with_the_others():
    result = calibration(FOUND)
    assert result["answers"] == 4
    # Ranks 4 1 3 2 by token and by chrF; by answer 4 1 2.5 2.5.
    assert result["rank_correlation"] == pytest.approx({"a token": 1, "an answer": 4.5 / 22.5**0.5})
    points = {point["share"]: point for point in result["curve"]}
    assert points[0.5] == {"share": 0.5, "below": -2.0, "chrf": 15.0, "others": 75.0}
    assert points[0.05] == {"share": 0.05, "below": -3.0, "chrf": 10.0, "others": 170 / 3}
    assert points[1.0] == {"share": 1.0, "below": -0.1, "chrf": 45.0, "others": None}


def test_the_curve_goes_to_the_metrics_and_to_the_card(tmp_path):
    (tmp_path / "metrics.json").write_text('{"model": "m"}', encoding="utf-8")
    result = calibration(FOUND)
    write_calibration(tmp_path, result)
    written = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert written == {"model": "m", "calibration": result}
    sentence, table = _calibration(result)
    assert "on 4 validation sentences" in sentence and "their rank correlation is 1.00." in sentence
    assert "| 50 % | -2.00 | 15.0 | 75.0 |" in table.split("\n")
    assert "| 100 % | -0.10 | 45.0 |  |" in table.split("\n")
    with pytest.raises(FileNotFoundError, match="directory must hold metrics.json"):
        write_calibration(tmp_path / "none", result)
