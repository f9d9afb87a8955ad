"""Photographs to Chinese: the architecture of `caption_en`, on the Chinese captions of Flickr8k."""

from zoo.models import CaptionTransformer
from zoo.recipes.captioning import CaptioningRecipe

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
        dropout=0.1,
        token_dropout=0.1,
    ),
    steps=1086,  # 3 passes over the images, each with five captions
    max_length=16,
    # Chosen on 300 images of the validation split, by BLEU-4 and CIDEr-D.
    decoding={
        "num_beams": 5,
        "length_penalty": 0.7,
        "no_repeat_ngram_size": 3,
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
    "minutes": 20,
    "machine": "a quarter of one core of an AMD EPYC, beside other work; the features of the "
    "photographs were computed before, in 8 minutes",
    "published": [
        {
            "system": "CS-NIC, LSTM on GoogLeNet",
            "corpus": "flickr8k test zh",
            "measure": "bleu_1",
            "score": 0.611,
            "origin": "Li et al. 2016, table 3",
        },
        {
            "system": "CS-NIC, LSTM on GoogLeNet",
            "corpus": "flickr8k test zh",
            "measure": "bleu_2",
            "score": 0.401,
            "origin": "Li et al. 2016, table 3",
        },
        {
            "system": "CS-NIC, LSTM on GoogLeNet",
            "corpus": "flickr8k test zh",
            "measure": "bleu_3",
            "score": 0.213,
            "origin": "Li et al. 2016, table 3",
        },
    ],
    "faults": [
        "What its data does not show it does not know: the cat becomes a child that lies on the "
        "ground, the cup of coffee a dog that eats.",
        "Four of five captions stand word for word in the training set: it prefers the short and "
        "the common. BLEU-1 stays below what was aimed at (0.62).",
        "It was trained for three passes over the photographs, which is short: the "
        "validation loss was still falling.",
    ],
}
