"""Small checkpoints of random weights, by transformers, and what transformers makes of them.

    pip install torch transformers safetensors
    python scripts/write_reference_checkpoint.py        # to tests/checkpoints

Each folder holds what a public checkpoint holds, and `expected.json` and `expected.npz`: the ids of
texts, the logits of a batch, the answers by greedy search and by beams. `tests/test_pretrained.py`
compares.
"""

import io
import json
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "tests" / "checkpoints"
LINES = (ROOT / "zoo" / "evaluation" / "as_typed.de-en.tsv").read_text("utf-8").splitlines()
HARD = [
    "3,14 € für 1.000 Stück!",
    "😀 Привет мир 你好",
    "foo(bar)[0] = 12345;",
    "שלום עולם",
    "zwei   Leerzeichen\tund ein Tabulator",
    "a" * 60,
]
NEW_TOKENS = 12


def subwords(lines, size, file):
    """Trains a vocabulary with Marian's special tokens; returns its other pieces."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=size,
        normalization_rule_name="identity",  # the rules of NFKC alone would take 240 kB
        hard_vocab_limit=False,
        minloglevel=2,
    )
    file.write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [processor.id_to_piece(i) for i in range(3, processor.vocab_size())]


def marian(folder, languages=()):
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(zip(*(line.split("\t")[-2:] for line in LINES), strict=True))
    pieces = [
        piece
        for lines, side in zip(columns, ("source", "target"), strict=True)
        for piece in subwords(lines, 160, folder / f"{side}.spm")
    ]
    # As in public checkpoints, some pieces of the two models are not in the joint vocabulary.
    lacking = [piece for i, piece in enumerate(dict.fromkeys(pieces)) if i % 29 == 7]
    pieces = [piece for piece in dict.fromkeys(pieces) if piece not in lacking]
    vocabulary = {name: i for i, name in enumerate(["</s>", "<unk>", *languages, *pieces, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    size = len(vocabulary)
    config = MarianConfig(
        vocab_size=size,
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        scale_embedding=True,
        pad_token_id=size - 1,
        decoder_start_token_id=size - 1,
        eos_token_id=0,
        bos_token_id=0,
        forced_eos_token_id=0,
        max_position_embeddings=512,
        init_std=0.8,  # large, so that every input matters
    )
    torch.manual_seed(0)
    model = MarianMTModel(config).eval()
    with torch.no_grad():
        model.final_logits_bias.normal_(0, 0.5)
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.1)
    own = {"num_beams": 4, "max_length": 512, "bad_words_ids": [[size - 1]]}
    model.generation_config.update(**own)
    model.save_pretrained(folder)
    files = (str(folder / name) for name in ("source.spm", "target.spm", "vocab.json"))
    tokenizer = MarianTokenizer(*files)
    prefix = f"{languages[-1]} " if languages else ""
    texts = [line.split("\t")[-2] for line in LINES]
    batch = tokenizer(texts[:4], return_tensors="pt", padding=True)
    target = torch.randint(2, size - 1, (4, 7))
    start = torch.full((4, 1), size - 1)
    with torch.no_grad():
        logits = model(**batch, decoder_input_ids=torch.cat([start, target[:, :-1]], 1)).logits
    np.savez_compressed(folder / "expected.npz", target=target.numpy(), logits=logits.numpy())
    answers = {}
    for beams in (1, 4):
        answers[beams] = []
        for text in texts:
            with torch.no_grad():
                ids = model.generate(
                    **tokenizer(prefix + text, return_tensors="pt"),
                    num_beams=beams,
                    max_new_tokens=NEW_TOKENS,
                    suppress_tokens=[1],  # the zoo never writes an unknown token
                    forced_eos_token_id=None,
                )
            answers[beams] += tokenizer.batch_decode(ids, skip_special_tokens=True)
    expected = {
        "new_tokens": NEW_TOKENS,
        "lacking": lacking,
        "texts": texts + HARD,
        "ids": [tokenizer(prefix + text)["input_ids"] for text in texts + HARD],
        "answers": answers,
    }
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    marian(OUT / "marian")
    marian(OUT / "marian_multilingual", [">>fra<<", ">>eng<<"])
