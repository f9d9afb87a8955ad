"""German to English: a Transformer on everyday sentences, conversations, chats and captions."""

import functools

from zoo import data
from zoo.models import Transformer
from zoo.recipes.procedure import muon
from zoo.recipes.translation import TranslationRecipe


def pairs(data_dir):
    """The mixture, with nothing of any evaluation split in it; what was left out is printed."""
    held_out = data.evaluation_pairs(data_dir)

    def cleaned(pairs):
        return data.clean(pairs, held_out=held_out, report=print)

    everyday = cleaned(data.tatoeba("train", "de", "en", data_dir))
    captions = cleaned(data.multi30k("train", "de", "en", data_dir))
    conversations = cleaned(data.xdailydialog("train", "de", "en", data_dir))
    conversations += cleaned(data.bcontrast("train", "de", "en", data_dir=data_dir))
    spoken = everyday + conversations
    train = everyday + 2 * captions + 3 * conversations
    train += data.renamed(everyday, share=0.5)
    train += data.typed(spoken, share=0.25)
    train += data.joined_in_pairs(spoken, share=0.1)
    train += data.addresses(4000, "de", "en")
    valid = data.tatoeba("val", "de", "en", data_dir) + data.multi30k("val", "de", "en", data_dir)
    valid += data.xdailydialog("val", "de", "en", data_dir)[:1000]
    return train, valid + data.bcontrast("val", "de", "en", "customer", data_dir)


model = functools.partial(
    Transformer,
    num_encoder_layers=4,
    num_decoder_layers=3,
    model_dim=256,
    num_heads=4,
    ff_dim=1024,
    dropout=0.1,
    share_embeddings=True,
)


def optimizer(peak, warmup, steps):
    return muon(peak, warmup, steps, decay_steps=1600)


RECIPE = TranslationRecipe(
    pairs=pairs,
    source_language="de",
    vocab_size=8000,  # one for both languages
    model=model,
    batch_tokens=4096,
    optimizer=optimizer,
    peak=2e-3,
    warmup=200,
    subword_sampling=0.1,
    steps=20000,
    interval=200,
)

# What it took and what it reached is said here when it is shipped.
CARD = {
    "title": "German to English, Transformer encoder-decoder, everyday language",
    "purpose": "For everyday sentences, conversations, customers' chats and photo captions; not "
    "for documents, nor for anything that matters.",
    "data": {
        "tatoeba": "training split, German-English",
        "xdailydialog": "training split, German-English, three times",
        "bcontrast": "training split, both directions, three times",
        "multi30k": "training split, German-English, twice",
    },
    "command": "zoo train translate_de_en_everyday",
}
