"""How good a model is, in numbers and in sentences, and the card that says so."""

from zoo.evaluation.as_typed import AsTyped as AsTyped
from zoo.evaluation.calibration import answer_quality as answer_quality
from zoo.evaluation.calibration import calibration as calibration
from zoo.evaluation.calibration import write_calibration as write_calibration
from zoo.evaluation.card import Card as Card
from zoo.evaluation.card import Published as Published
from zoo.evaluation.card import render_card as render_card
from zoo.evaluation.card import write_card as write_card
from zoo.evaluation.corpora import CORPORA as CORPORA
from zoo.evaluation.diversity import copied_lines_share as copied_lines_share
from zoo.evaluation.diversity import copied_share as copied_share
from zoo.evaluation.diversity import distinct as distinct
from zoo.evaluation.diversity import self_bleu as self_bleu
from zoo.evaluation.examples import read_examples as read_examples
from zoo.evaluation.examples import replay as replay
from zoo.evaluation.examples import write_examples as write_examples
from zoo.evaluation.kneser_ney import KneserNey as KneserNey
from zoo.evaluation.litert import compare_litert as compare_litert
from zoo.evaluation.measure import evaluate as evaluate
from zoo.evaluation.own_sentences import OWN_SENTENCES as OWN_SENTENCES
from zoo.evaluation.scores import Score as Score
from zoo.evaluation.scores import bleu as bleu
from zoo.evaluation.scores import chrf as chrf
from zoo.evaluation.scores import literature_bleu as literature_bleu
from zoo.evaluation.translation import Corpus as Corpus
from zoo.evaluation.translation import evaluate_pairs as evaluate_pairs
