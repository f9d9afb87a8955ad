"""Small checkpoints of random weights, by transformers, and what transformers makes of them.

    pip install torch transformers safetensors
    python scripts/write_reference_checkpoint.py        # to tests/checkpoints

Each folder holds what a public checkpoint holds, and `expected.json` and `expected.npz`: the ids of
texts, the logits of a batch, the answers by greedy search and by beams. `tests/test_pretrained.py`
compares.
"""

import io
import json
import tempfile
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaTokenizer,
    M2M100Config,
    M2M100ForConditionalGeneration,
    M2M100Tokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    NllbTokenizer,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
)

from zoo.lite.byte_pairs import PATTERNS

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
HARDER = [
    "def f(x):\n    return {'a': [1, 2]}\n\n\tif x:  # ok",
    "it's DON'T we'LL",
    "1234567890 3.14",
]
HARDER += [
    "你好，世界。",
    "نص عربي 123",
    "👩‍👩‍👧 e\u0301",
    "a \n b\r\n\r\n  c",
    "\u00a0x \u2003y\0",
]
ADDED = "x<|end|> y<|user|>\nz"
SPACED = ["", " ", "a", " a", "  a", "▁a", "<s>a", "</s> a</s>b  <s>", "a<s>", *HARD, *HARDER]
NEW_TOKENS = 12
# As those of Qwen2.5 and SmolLM2, of Llama 3 and of Llama 2, with the special tokens from here.
TEMPLATES = {
    "qwen2": """{% for message in messages %}
{% if loop.first and message['role'] != 'system' %}
{{ '<|user|>system\nSei nett.<|end|>\n' }}{% endif %}
{{ '<|user|>' + message['role'] + '\n' + message['content'] + '<|end|>\n' }}{% endfor %}
{% if add_generation_prompt %}{{ '<|user|>assistant\n' }}{% endif %}""",
    "llama3": """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system, messages = messages[0]['content'] | trim, messages[1:] %}
{%- endif %}
{{- '<|user|>system\n\n' }}{% if tools is not none %}{{- 'Werkzeuge' }}{% endif %}
{{- (system or '') + '<|end|>' }}
{%- for message in messages %}
    {{- '<|user|>' + message['role'] + '\n\n' + message['content'] | trim + '<|end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|user|>assistant\n\n' }}{%- endif %}""",
    "llama2": """{% if messages[0]['role'] == 'system' %}
{% set first = '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' %}
{% set messages = messages[1:] %}{% else %}{% set first = '' %}{% endif %}
{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
{{ raise_exception('Roles must alternate') }}{% endif %}{% if message['role'] == 'user' %}
{{ bos_token + '[INST] ' + (first if loop.first else '') + message['content'] | trim + ' [/INST]' }}
{%- else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}""",
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}

# Of the llama3 checkpoint with 128 positions, of which the last three have seen 32 in training.
SCALINGS = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "dynamic": {"rope_type": "dynamic", "factor": 4.0},
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32},
    "yarn of other numbers": {
        "rope_type": "yarn",
        "factor": 3.0,
        "original_max_position_embeddings": 32,
        "beta_fast": 4.0,
        "beta_slow": 0.5,
        "mscale": 1.3,
        "mscale_all_dim": 0.6,
        "truncate": False,
    },
    "longrope": {
        "rope_type": "longrope",
        "factor": 4.0,
        "short_factor": [1.5, 2.0],
        "long_factor": [3.0, 5.0],
        "original_max_position_embeddings": 32,
    },
}


def subwords(lines, size, file, kind="unigram"):
    """Trains a vocabulary with Marian's special tokens; returns its other pieces."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=size,
        model_type=kind,
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


def m2m100(folder, tokenizer, size, target_language):
    """Writes a model of many languages, and its answers.

    Args:
        folder: with the files of the tokenizer.
        tokenizer: `text -> ids` of a source, and `ids -> text` of an answer.
        size: rows of the embedding.
        target_language: the number of the language to write.
    """
    encode, decode = tokenizer
    config = M2M100Config(
        vocab_size=size,
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=512,
        init_std=0.8,
    )
    torch.manual_seed(0)
    model = M2M100ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.1)
            elif weight.dim() == 1:
                weight.normal_(1, 0.2)
    model.generation_config.update(num_beams=4, max_length=200)
    model.save_pretrained(folder)
    texts = [line.split("\t")[-2] for line in LINES]
    target = torch.randint(4, size, (4, 7))
    start = torch.full((4, 1), 2)
    sources = [torch.tensor(encode(text)) for text in texts[:4]]
    source = torch.nn.utils.rnn.pad_sequence(sources, batch_first=True, padding_value=1)
    with torch.no_grad():
        logits = model(
            input_ids=source,
            attention_mask=source.ne(1),
            decoder_input_ids=torch.cat([start, target[:, :-1]], 1),
        ).logits
    np.savez_compressed(folder / "expected.npz", target=target.numpy(), logits=logits.numpy())
    answers = {}
    for beams in (1, 4):
        answers[beams] = []
        for text in texts:
            source = torch.tensor([encode(text)])
            with torch.no_grad():
                ids = model.generate(
                    input_ids=source,
                    attention_mask=torch.ones_like(source),
                    num_beams=beams,
                    max_new_tokens=NEW_TOKENS,
                    forced_bos_token_id=target_language,
                    suppress_tokens=[1, 3],  # the zoo never writes padding or an unknown token
                )
            answers[beams].append(decode(ids[0].tolist()))
    expected = {
        "new_tokens": NEW_TOKENS,
        "texts": texts + HARD,
        "ids": [encode(text) for text in texts + HARD],
        "answers": answers,
    }
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False), "utf-8")


def m2m100_100(folder):
    """M2M-100 with its 100 languages, which the tokenizer of transformers reads."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [text for line in LINES for text in line.split("\t")[-2:]]
    pieces = subwords(lines, 240, folder / "sentencepiece.bpe.model", "bpe")
    # As in public checkpoints, the numbers are others than the model's, and some pieces have none.
    kept = [piece for i, piece in enumerate(sorted(pieces)) if i % 29 != 7]
    vocabulary = {name: i for i, name in enumerate(["<s>", "<pad>", "</s>", "<unk>", *kept])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    files = (str(folder / name) for name in ("vocab.json", "sentencepiece.bpe.model"))
    tokenizer = M2M100Tokenizer(*files, src_lang="de")
    languages = [f"__{code}__" for code in tokenizer.lang_code_to_id]
    special = json.dumps({"additional_special_tokens": languages})
    (folder / "special_tokens_map.json").write_text(special, encoding="utf-8")

    def decode(ids):  # languages, and the rows behind them, have no text
        ids = [i for i in ids if i < len(vocabulary)]
        return tokenizer.decode(ids, skip_special_tokens=True)

    both = (lambda text: tokenizer(text)["input_ids"], decode)
    size = len(vocabulary) + len(languages) + tokenizer.num_madeup_words
    m2m100(folder, both, size, tokenizer.get_lang_id("fr"))


def nllb(folder):
    """NLLB-200 with three languages.

    Its folders hold the SentencePiece model that it was trained with, in fairseq's numbers. The
    tokenizer of transformers 5, made of that model, cuts as it does where spaces are single.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = [text for line in LINES for text in line.split("\t")[-2:]]
    file = folder / "sentencepiece.bpe.model"
    count = len(subwords(lines, 240, file, "bpe"))
    languages = ["deu_Latn", "eng_Latn", "fra_Latn"]
    special = {"additional_special_tokens": languages, "mask_token": "<mask>"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special), encoding="utf-8")
    processor = sentencepiece.SentencePieceProcessor(model_file=str(file))
    german, english, french = range(4 + count, 7 + count)

    def encode(text):
        pieces = processor.encode(text)  # 0 is unknown
        return [german, *(i + 1 if i else 3 for i in pieces), 2]

    def decode(ids):
        return processor.decode([i - 1 for i in ids if 3 < i < german])

    theirs = NllbTokenizer.from_pretrained(folder)
    for text in {" ".join(line.split()) for line in lines}:
        found = theirs(text, add_special_tokens=False)["input_ids"]
        assert found == encode(text)[1:-1], text
    m2m100(folder, (encode, decode), french + 4, french)  # the mask, and two that are none


def byte_pairs(folder, pattern, start=None, nfc=False, digits=False, size=400, lacking=""):
    """Trains a byte-level vocabulary without some bytes and writes its `tokenizer.json`."""
    tokenizer = Tokenizer(models.BPE())
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    own = pattern == "gpt2"
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=own)
    first = [pre_tokenizers.Digits(individual_digits=True)] if digits else []
    if not own:
        first.append(pre_tokenizers.Split(Regex(PATTERNS[pattern].regex), "isolated"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*first, level]) if first else level
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=[*([start] if start else []), "<|end|>", "<|user|>"],
        initial_alphabet=[c for c in pre_tokenizers.ByteLevel.alphabet() if c not in lacking],
        show_progress=False,
    )
    tokenizer.train_from_iterator([text for line in LINES for text in line.split("\t")], trainer)
    if start:
        tokenizer.post_processor = TemplateProcessing(
            single=f"{start} $A", special_tokens=[(start, tokenizer.token_to_id(start))]
        )
    found = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=start or "<|end|>", eos_token="<|end|>"
    )
    found.save_pretrained(folder)
    return found


def spaced_pairs(folder, size=330):
    """Trains a SentencePiece vocabulary as that of Llama 2 and writes its files."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(text for line in LINES for text in line.split("\t")),
        model_writer=model,
        model_type="bpe",
        vocab_size=size,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        character_coverage=0.98,
        minloglevel=2,
    )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tokenizer.model"
    file.write_bytes(model.getvalue())
    found = LlamaTokenizer.from_pretrained(folder, add_bos_token=True)
    found.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    settings |= {"add_bos_token": True, "legacy": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2), "utf-8")
    return LlamaTokenizer.from_pretrained(folder)


def other_spacings(folder):
    """What the same vocabulary makes of hard texts where spaces go elsewhere."""
    spacings = {
        "first": {},
        "always": {"legacy": True},
        "never": {"add_prefix_space": False},
        "legacy": {"tokenizer_class": "PreTrainedTokenizerFast"},
    }
    ids = {}
    for name, settings in spacings.items():
        with tempfile.TemporaryDirectory() as path:
            other_spacing(folder, Path(path), settings)
            tokenizer = AutoTokenizer.from_pretrained(path)
            ids[name] = [tokenizer(text)["input_ids"] for text in SPACED]
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    expected |= {"spacings": spacings, "spaced": SPACED, "spaced_ids": ids}
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False), "utf-8")


def other_spacing(folder, path, settings):
    """Writes the files of a tokenizer with other settings; of another class, in the older form."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        content = json.loads((folder / name).read_text("utf-8"))
        if name == "tokenizer_config.json":
            content |= settings
        if name == "tokenizer.json" and "tokenizer_class" in settings:
            parts = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
            tokenizer = Tokenizer.from_str(json.dumps(content | {"pre_tokenizer": None}))
            tokenizer.normalizer = normalizers.Sequence(parts)
            content = json.loads(tokenizer.to_str())
        (path / name).write_text(json.dumps(content), "utf-8")


def causal(folder, model, tokenizer, count):
    """Writes a language model with random weights, and its answers."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.1)
            elif weight.dim() == 1:
                weight.normal_(1, 0.2)
        ends = model.config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        if len(ends) > 1:
            model.get_output_embeddings().weight[ends] *= 1.5  # so that answers end by each
    model.eval().save_pretrained(folder)
    end, start = tokenizer.eos_token_id, tokenizer.bos_token_id
    never = None if start in ends else [start]  # which the zoo does not write
    texts = [text for line in LINES for text in line.split("\t")[-2:]][:count]
    hard = HARD + HARDER + [ADDED]
    tokens = torch.randint(3, model.config.vocab_size, (4, 15))
    with torch.no_grad():
        logits = model(tokens).logits
    np.savez_compressed(folder / "expected.npz", tokens=tokens.numpy(), logits=logits.numpy())
    answers = {}
    for beams in (1, 4):
        answers[beams] = []
        for text in texts:
            prompt = tokenizer(text, return_tensors="pt")["input_ids"]
            with torch.no_grad():
                ids = model.generate(
                    input_ids=prompt,
                    attention_mask=torch.ones_like(prompt),
                    num_beams=beams,
                    do_sample=False,
                    max_new_tokens=NEW_TOKENS,
                    pad_token_id=end,
                    suppress_tokens=never,
                )
            answers[beams].append(ids[0, prompt.shape[1] :].tolist())
    expected = {
        "new_tokens": NEW_TOKENS,
        "texts": texts,
        "hard": hard,
        "ids": [tokenizer(text)["input_ids"] for text in texts + hard],
        "decoded": [
            tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True)
            for text in texts + hard
        ],
        "answers": answers,
    }
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False), "utf-8")


def gpt2(folder, count, **settings):
    torch.manual_seed(0)
    tokenizer = byte_pairs(folder, "gpt2")
    config = {
        "vocab_size": len(tokenizer),
        "n_positions": 128,
        "n_embd": 16,
        "n_layer": 2,
        "n_head": 2,
        "initializer_range": 0.5,
        "bos_token_id": tokenizer.eos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    causal(folder, GPT2LMHeadModel(GPT2Config(**config | settings)), tokenizer, count)


def gpt_neox(folder, count, **settings):
    torch.manual_seed(0)
    # As in the public one, no bytes that no text has, and a text that two tokens spell.
    lacking = "".join(map(chr, [0xC0, 0xC1, *range(0xF5, 256)]))
    tokenizer = byte_pairs(folder, "gpt2", nfc=True, lacking=lacking)
    tokenizer.add_tokens([AddedToken(" d", normalized=True)])
    tokenizer.save_pretrained(folder)
    config = {
        "vocab_size": len(tokenizer) + 3,
        "hidden_size": 24,
        "intermediate_size": 20,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "max_position_embeddings": 128,
        "initializer_range": 0.5,
        "rotary_pct": 0.5,
        "bos_token_id": tokenizer.eos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    causal(folder, GPTNeoXForCausalLM(GPTNeoXConfig(**config | settings)), tokenizer, count)


def llama(folder, tokenizer, count, kind=(LlamaConfig, LlamaForCausalLM), **settings):
    torch.manual_seed(0)
    config = {
        "vocab_size": len(tokenizer) + 3,  # as in public checkpoints, some rows have no token
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "initializer_range": 0.5,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": None,
    }
    configuration, model = kind
    causal(folder, model(configuration(**config | settings)), tokenizer, count)


def vision(folder, count):
    """Writes a captioner of random weights, and its captions of random images."""
    torch.manual_seed(0)
    tokenizer = byte_pairs(folder, "gpt2")
    end = tokenizer.eos_token_id
    encoder = ViTConfig(
        hidden_size=12,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=20,
        image_size=32,
        patch_size=8,
        initializer_range=0.5,
    )
    decoder = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=32,
        n_embd=16,
        n_layer=2,
        n_head=2,
        add_cross_attention=True,
        is_decoder=True,
        initializer_range=0.5,
        bos_token_id=end,
        eos_token_id=end,
    )
    both = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    both.decoder_start_token_id = both.pad_token_id = both.eos_token_id = end
    model = VisionEncoderDecoderModel(both).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.1)
            elif weight.dim() == 1:
                weight.normal_(1, 0.2)
            elif name.endswith(("cls_token", "position_embeddings")):
                weight.normal_(0, 0.5)
            elif "crossattention" in name:
                weight *= 2  # so that captions are of their images
    model.generation_config.update(num_beams=4, max_length=NEW_TOKENS)
    model.save_pretrained(folder)
    scaling = {"size": {"height": 32, "width": 32}, "resample": 2}
    scaling |= {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.5, 0.3]}
    (folder / "preprocessor_config.json").write_text(json.dumps(scaling), "utf-8")
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (count, 1, 1, 3)) + draw.integers(-90, 90, (count, 4, 4, 3))
    images = np.clip(images, 0, 255).astype("uint8").repeat(8, axis=1).repeat(8, axis=2)
    pixels = (images / 255 - scaling["image_mean"]) / scaling["image_std"]
    pixels = torch.tensor(pixels.transpose(0, 3, 1, 2), dtype=torch.float32)
    target = torch.randint(2, len(tokenizer), (4, 7))
    start = torch.full((4, 1), end)
    with torch.no_grad():
        given = torch.cat([start, target[:, :-1]], 1)
        logits = model(pixel_values=pixels[:4], decoder_input_ids=given).logits
    arrays = {"images": images[:, ::8, ::8], "target": target.numpy(), "logits": logits.numpy()}
    np.savez_compressed(folder / "expected.npz", **arrays)
    answers = {}
    for beams in (1, 4):
        with torch.no_grad():
            ids = [
                model.generate(pixel_values=one[None], num_beams=beams, max_new_tokens=NEW_TOKENS)
                for one in pixels
            ]
        answers[beams] = [tokenizer.decode(row[0], skip_special_tokens=True) for row in ids]
    expected = {"new_tokens": NEW_TOKENS, "answers": answers}
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False), "utf-8")


def scaled(folder):
    """The logits of a checkpoint whose rotary positions are scaled in other ways."""
    random, found = np.random.default_rng(0), {}
    for name, scaling in SCALINGS.items():
        config = LlamaConfig.from_pretrained(folder)
        config.rope_parameters = {"rope_theta": 500.0, **scaling}
        model = LlamaForCausalLM.from_pretrained(folder, config=config).eval()
        tokens = random.integers(3, config.vocab_size, (1, 20))
        with torch.no_grad():
            logits = model(torch.tensor(tokens)).logits
        found |= {f"{name}/tokens": tokens, f"{name}/logits": logits.numpy()}
    np.savez_compressed(folder / "scaled.npz", **found)
    (folder / "scalings.json").write_text(json.dumps(SCALINGS, indent=1), "utf-8")


def chats(folder, template):
    """A chat template, and what some conversations are as tokens by it."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    turns = ["Hallo!", "Was gibt's?", "Zwei  Fragen:\n1. 你好?", "Ja.", "<|end|> </s>"]
    found = []
    for count in (1, 3, 5):
        for system in (None, "Sei kurz."):
            roles = ("user", "assistant", "user", "assistant", "user")
            messages = [{"role": "system", "content": system}] if system else []
            messages += [
                {"role": role, "content": turn}
                for role, turn in zip(roles, turns[:count], strict=False)
            ]
            ids = tokenizer.apply_chat_template(
                messages, chat_template=template, add_generation_prompt=True, return_dict=False
            )
            found.append({"turns": turns[:count], "system": system, "ids": ids})
    return {"template": template, "conversations": found}


def main():
    marian(OUT / "marian")
    marian(OUT / "marian_multilingual", [">>fra<<", ">>eng<<"])
    m2m100_100(OUT / "m2m100")
    nllb(OUT / "nllb")
    gpt2(OUT / "gpt2", 40)
    folder = OUT / "llama3"
    tokenizer = byte_pairs(folder, "llama3", "<|begin|>")
    ends = tokenizer.convert_tokens_to_ids(["<|user|>", "<|end|>", "er"])
    llama(folder, tokenizer, 40, rope_parameters=LLAMA3, eos_token_id=ends)
    scaled(folder)
    folder, kind = OUT / "qwen2", (Qwen2Config, Qwen2ForCausalLM)
    tokenizer = byte_pairs(folder, "qwen2", nfc=True)
    start, end = tokenizer.convert_tokens_to_ids(["<|user|>", "<|end|>"])  # that starts ends, too
    ends = {"bos_token_id": start, "eos_token_id": [end, start]}
    llama(folder, tokenizer, 40, kind, tie_word_embeddings=True, **ends)
    folder, kind = OUT / "qwen3", (Qwen3Config, Qwen3ForCausalLM)
    tokenizer = byte_pairs(folder, "qwen2", nfc=True)
    llama(folder, tokenizer, 40, kind, tie_word_embeddings=True, head_dim=6)
    folder = OUT / "llama2"
    llama(folder, spaced_pairs(folder), 40, head_dim=6)
    other_spacings(folder)
    gpt_neox(OUT / "gpt_neox", 40)
    vision(OUT / "vit_gpt2", 40)
    found = {name: chats(OUT / name, template) for name, template in TEMPLATES.items()}
    (OUT / "chats.json").write_text(json.dumps(found, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
