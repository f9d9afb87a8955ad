"""Keras layers of attention, written in `keras.ops` alone."""

from zoo.layers import masks
from zoo.layers.adapted import Adaptable
from zoo.layers.additive_attention import AdditiveAttention
from zoo.layers.attention import Attention
from zoo.layers.attention_pooling import AttentionPooling
from zoo.layers.blocks import DecoderBlock, EncoderBlock, FeedForward
from zoo.layers.copy_distribution import CopyDistribution
from zoo.layers.dot_product_attention import DotProductAttention
from zoo.layers.embedding import TokenEmbedding
from zoo.layers.monotonic_attention import MonotonicAttention
from zoo.layers.multi_head_attention import MultiHeadAttention
from zoo.layers.naive_bayes import NaiveBayes
from zoo.layers.positions import LearnedPositions, SinusoidalPositions
from zoo.layers.self_attention_2d import SelfAttention2D

__all__ = [
    "Adaptable",
    "AdditiveAttention",
    "Attention",
    "AttentionPooling",
    "CopyDistribution",
    "DecoderBlock",
    "DotProductAttention",
    "EncoderBlock",
    "FeedForward",
    "LearnedPositions",
    "MonotonicAttention",
    "MultiHeadAttention",
    "SelfAttention2D",
    "NaiveBayes",
    "SinusoidalPositions",
    "TokenEmbedding",
    "masks",
]
