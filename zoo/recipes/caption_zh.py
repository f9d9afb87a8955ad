"""Photographs to Chinese: the architecture of `caption_en`, on the Chinese captions of Flickr8k."""

from zoo.models import CaptionTransformer
from zoo.recipes.captioning import CaptioningRecipe, figures

RECIPE = CaptioningRecipe(
    language="zh",
    # Characters, and the most frequent words; with more, whole phrases become tokens.
    tokenizer={"vocab_size": 2000, "character_coverage": 0.9995},
    model=lambda cells, width, vocab_size: CaptionTransformer(
        cells,
        width,
        vocab_size,
        num_layers=2,
        model_dim=192,
        num_heads=4,
        ff_dim=384,
        dropout=0.2,
        token_dropout=0.1,
    ),
    steps=3620,  # 10 passes over the images, each with five captions
    max_length=16,
    tuning_steps=1448,  # 8 passes
    reward_steps=1448,  # 4 passes
    # Chosen on 500 images of the validation split, by BLEU-1 and CIDEr-D.
    decoding={
        "num_beams": 5,
        "length_penalty": 0.8,
        "max_new_tokens": 20,
    },
)

EXAMPLES = tuple(
    f"examples/photos/{name}.jpg"
    for name in ("astronaut", "cat", "coffee", "officer", "photographer", "rocket")
)

CARD = {
    "title": "Photographs to Chinese, a Transformer decoder over a grid of features",
    "purpose": "Says in a Chinese sentence what is on a photograph, best of people and dogs "
    "outdoors, which its training data shows. "
    "The encoder is EfficientNet-Lite0 as ImageNet left it; it is in the file.",
    "data": {"flickr8k": "training split, 5,791 photographs with five Chinese captions each"},
    "command": "TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 zoo train caption_zh",
    "minutes": 14,
    "machine": "most of one core of an AMD EPYC, beside other work; the features of the "
    "photographs were computed before, in 8 minutes",
    "published": [
        *figures(
            "CS-NIC, LSTM on GoogLeNet",
            "Li et al. 2016, table 3",
            language="zh",
            bleu_1=0.611,
            bleu_2=0.401,
            bleu_3=0.213,
        ),
    ],
    "faults": [
        "What its data does not show it does not know: the cat becomes a dog with something in its "
        "mouth, the cup of coffee a dog that drinks.",
        "Four of five captions stand word for word in the training set: it prefers the short and "
        "the common. BLEU-1 stays below what was aimed at (0.62): its captions are a word shorter "
        "than those of people, and longer ones, which a higher length penalty gives, are wrong "
        "more often.",
        "Its attention is a hint, no more: on 50 photographs, to cover the fifth of the picture "
        "that a word attends to takes 0.60 nats of the word, and a fifth at random 0.47 "
        "(scripts/check_attention.py).",
    ],
}
