"""Models made of `zoo.layers`, one file each. `zoo.models()` lists the trained ones."""

import sys
import types

from zoo.models.akt import AKT
from zoo.models.caption_transformer import CaptionTransformer
from zoo.models.compare_aggregate import CompareAggregate
from zoo.models.dkt import DKT
from zoo.models.ensemble import Ensemble
from zoo.models.labelled_caption_transformer import LabelledCaptionTransformer
from zoo.models.language_model import TransformerLM
from zoo.models.late_interaction import LateInteraction
from zoo.models.lstm_generator import LSTMGenerator
from zoo.models.lstm_language_model import LSTMLanguageModel
from zoo.models.pointer_generator import PointerGenerator
from zoo.models.rnn import RNNSearch
from zoo.models.sasrec import SASRec
from zoo.models.show_attend_tell import ShowAttendTell
from zoo.models.speech_transformer import SpeechTransformer
from zoo.models.text_classifier import TextClassifier
from zoo.models.transformer import Transformer
from zoo.models.vae_gan import VAEGAN
from zoo.models.vision_encoder_decoder import VisionEncoderDecoder

__all__ = [
    "AKT",
    "CaptionTransformer",
    "DKT",
    "CompareAggregate",
    "Ensemble",
    "LSTMGenerator",
    "LSTMLanguageModel",
    "LabelledCaptionTransformer",
    "LateInteraction",
    "PointerGenerator",
    "RNNSearch",
    "SASRec",
    "ShowAttendTell",
    "SpeechTransformer",
    "TextClassifier",
    "Transformer",
    "TransformerLM",
    "VAEGAN",
    "VisionEncoderDecoder",
]


class _Models(types.ModuleType):
    """A package that is also the function `zoo.models()`: the two share a name."""

    def __call__(self):
        from zoo.registry import models

        return models()


sys.modules[__name__].__class__ = _Models
