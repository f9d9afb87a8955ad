"""German to English: a Transformer on everyday sentences, conversations, chats and captions."""

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


def model(source, target):
    return Transformer(
        source,
        target,
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
    subword_sampling=0.1,
    steps=20000,
    interval=400,
)

CARD = {
    "title": "German to English, Transformer encoder-decoder",
    "purpose": "For sentences that describe photographs, which is what it was trained on; for "
    "learning, comparing and testing. Not for news, letters or anything that matters.",
    "data": {
        "multi30k": "training split, 29,000 pairs, both languages",
        "flickr8k": "27,275 English captions of the training split, translated to German by a "
        "model of the other direction (`zoo train translate_de_en --reverse`, trained on the same "
        "pairs); photographs that Multi30k evaluates on are left out",
    },
    "command": "zoo train translate_de_en --pack DIR; KERAS_BACKEND=jax python -m zoo.training "
    "DIR; zoo train translate_de_en --weights DIR",
    "minutes": 4.4,
    "machine": "one NVIDIA H200, shared with six other trainings, Keras on JAX",
    "published": [
        {
            "system": "Transformer, 9.0 M parameters",
            "corpus": "multi30k test_2016_flickr de-en",
            "measure": "literature_bleu",
            "score": 36.5,
            "origin": "bentrevett/pytorch-seq2seq (lower-cased tokens by spaCy)",
        },
    ],
    "helped": [
        "Figures are BLEU on the validation split, cased, by beam search. Ten passes with Muon: "
        "41.0. 45 passes with Adam, dropout 0.3 and subword sampling: 43.6. Besides, captions "
        "translated back: 43.9, and the loss fell from 1.44 to 1.34 nats. R-Drop (its weight 2.5, "
        "dropout 0.2, 3,500 steps), by greedy search: 41.9, where dropout 0.3 alone in the same "
        "time had 42.2.",
    ],
    "faults": [
        "Everyday language: there is none in its training data. `Ich habe gestern meinen Schlüssel "
        "im Büro vergessen.` becomes `It has a bowl in the office.`, and so fluently that it may "
        "be believed.",
        "Rare words are replaced by common ones or spelled into words that do not exist: cotton "
        "(*Baumwolle*) becomes trees.",
        "A relative clause comes apart: a child that holds up something the people in the picture "
        "are proud of `holds up something to people on the image`.",
    ],
}
