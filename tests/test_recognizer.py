"""`Recognizer`: recordings of any kind in, words out; training, files, exports, data, measures."""

import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from recordings import tone, wav

import zoo
from zoo import data
from zoo.cli import main
from zoo.data.speech import SpokenDigit
from zoo.evaluation.speech import SpeechCorpus, edits, measure_speech
from zoo.lite import audio
from zoo.models import SpeechTransformer
from zoo.serving import LiteRecognizer, export_litert
from zoo.text import SentencePieceTokenizer

PITCH = {"low": 300, "high": 1500}
TEXTS = ["low", "high", "low high", "high low", "high high", "low low"] * 3


def say(text, seed=0):
    """A tone for each word, float32 (samples,), with some noise."""
    rng = np.random.default_rng(seed)
    parts = [tone(0.2, pitch=PITCH[word]) for word in text.split()]
    pause = np.zeros(400)
    sound = np.concatenate([pause, *itertools.chain(*((part, pause) for part in parts))])
    return (sound + 0.01 * rng.standard_normal(len(sound))).clip(-1, 1).astype("float32")


RECORDINGS = [say(text, seed) for seed, text in enumerate(TEXTS)]


def make():
    keras.utils.set_random_seed(1)
    tokenizer = SentencePieceTokenizer.train(TEXTS, 300)
    size = {"model_dim": 32, "num_heads": 2, "ff_dim": 32, "dropout": 0.0}
    size |= {"num_encoder_layers": 1, "num_decoder_layers": 1}
    model = SpeechTransformer(audio.BANDS, tokenizer.vocab_size, **size)
    recognizer = zoo.Recognizer(model, tokenizer, {"max_new_tokens": 12})
    recognizer.compile(keras.optimizers.Adam(0.005), label_smoothing=0.0)
    return recognizer


@pytest.fixture(scope="module")
def trained():
    recognizer = make()
    recognizer.fit(RECORDINGS, TEXTS, epochs=60, batch_size=6, verbose=0)
    return recognizer


def test_training_on_recordings_and_texts_learns_both(trained):
    assert trained.transcribe(RECORDINGS[:6]) == TEXTS[:6]
    new = [say(text, seed) for seed, text in enumerate(TEXTS[:6], 100)]
    assert trained.transcribe(new) == TEXTS[:6]
    assert trained.score(new[0], "low") > trained.score(new[0], "high")


def test_every_kind_of_recording_gives_the_same_text(trained, tmp_path):
    path, sound = tmp_path / "said.wav", say("high low", 50)
    path.write_bytes(wav(sound))
    stereo = np.stack([sound, sound], axis=1)
    kinds = [path, str(path), path.read_bytes(), sound, stereo, wav(sound, bits=24)]
    kinds.append(np.round(sound * 32767).astype("int16"))
    assert trained.transcribe(kinds) == ["high low"] * len(kinds)
    assert trained.generate(path) == trained.ask(path) == "high low"
    faster = np.interp(np.arange(0, len(sound), 0.5), np.arange(len(sound)), sound)
    assert trained.transcribe(faster, rate=16000) == "high low"
    assert list(trained.predict(kinds, verbose=0)) == ["high low"] * len(kinds)
    files = tf.data.Dataset.from_tensors([wav(sound)] * 2)
    assert list(trained.predict(files, verbose=0)) == ["high low"] * 2


def test_an_answer_carries_its_attention_over_the_recording(trained, tmp_path):
    out = trained.transcribe(say("low high", 60), return_dict=True)
    positions = -(-len(out.frames) // 4)
    assert out.text == "low high" and out.frames.shape[1] == audio.BANDS
    assert out.attention.shape == (1, 2, len(out.tokens), positions)
    np.testing.assert_allclose(out.attention.sum(-1), 1, atol=1e-5)
    assert out.source_tokens[:2] == ["0.00 s", "0.04 s"] and len(out.source_tokens) == positions
    assert out.score == pytest.approx(trained.score(say("low high", 60), "low high"), abs=1e-4)
    zoo.plot_attention(out, tmp_path / "said.png")
    assert (tmp_path / "said.png").stat().st_size > 5000
    with pytest.raises(ValueError, match="one map for a recording"):
        zoo.plot_attention(out, head="all")


def test_a_row_does_not_depend_on_its_batch(trained):
    sources = [audio.log_mel(say(text, 7))[: 20 + i] for i, text in enumerate(TEXTS[:6])]
    ids = trained.tokenizer.encode(TEXTS[:6])
    together = trained.teacher_forced_scores(sources, ids)[0]
    alone = [
        trained.teacher_forced_scores([s], [i])[0][0] for s, i in zip(sources, ids, strict=True)
    ]
    # 1e-4: sums of float32 over more terms, which are 0, in another order.
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_one_pass_equals_step_by_step(trained):
    out = trained.transcribe(say("low high", 60), num_beams=3, return_dict=True)
    beams = trained.transcribe(say("low high", 60), num_beams=3, num_return_sequences=2)
    assert out.text == beams[0] == "low high" and len(beams) == 2


SERVED = """
import sys
import numpy as np, tensorflow as tf, tensorflow_text
served = tf.saved_model.load(sys.argv[1]).signatures
files = [open(path, "rb").read() for path in sys.argv[2:]]
found = served["serving_default"](audio_bytes=tf.constant(files))
seen = served["attention"](audio_bytes=tf.constant(files))
print([text.decode() for text in found["text"].numpy()])
print(seen["attention"].shape[0], np.isfinite(found["score"].numpy()).all())
print(seen["source_tokens"].numpy()[0, :3], set(seen["source_tokens"].numpy()[1].tolist()))
np.testing.assert_allclose(seen["attention"].numpy()[0, 0].sum(), 1, atol=1e-5)
"""


def test_saved_exported_and_loaded_it_answers_as_before(trained, tmp_path):
    trained.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == trained.get_config()
    assert loaded.transcribe(RECORDINGS[:6]) == TEXTS[:6]
    trained.export(tmp_path / "export")
    paths = [tmp_path / f"{i}.wav" for i in range(3)]
    paths[0].write_bytes(wav(RECORDINGS[2]))
    paths[1].write_bytes(b"no recording")
    high = say("high")
    faster = np.interp(np.arange(0, len(high) - 1, 0.4), range(len(high)), high)
    paths[2].write_bytes(wav(faster, 20000))
    command = [sys.executable, "-c", SERVED, tmp_path / "export", *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        str(["low high", "", "high"]),
        "3 True",
        "[b'0.00 s' b'0.04 s' b'0.08 s'] {b''}",
    ], done.stderr


def test_a_litert_file_answers_the_same(trained, tmp_path):
    folder = export_litert(trained, tmp_path / "lite", weights="float32")
    reader = LiteRecognizer(folder)
    assert reader.transcribe(RECORDINGS[:6]) == TEXTS[:6]
    assert reader.transcribe(wav(RECORDINGS[0])) == reader.ask(RECORDINGS[0]) == "low"
    with pytest.raises(ValueError, match="audio must be a WAV file"):
        reader.transcribe(b"no recording")


def test_wrong_arguments_are_named(trained):
    with pytest.raises(ValueError, match="text must have one text for each recording; got 2 for 1"):
        trained.score([RECORDINGS[0]], ["low", "low"])
    with pytest.raises(TypeError, match=r"recording must be a path.*got recording\[1\]=3"):
        trained.transcribe([RECORDINGS[0], 3])
    with pytest.raises(TypeError, match="must be a path, bytes or an array; got the audio: {"):
        trained.transcribe({})
    with pytest.raises(ValueError, match="y must have one text for each recording"):
        trained.fit(RECORDINGS, TEXTS[:2])
    with pytest.raises(TypeError, match="generate has no option 'beams'"):
        trained.transcribe(RECORDINGS[0], beams=2)
    with pytest.raises(ValueError, match="num_bands must be >= 1; got num_bands=0"):
        SpeechTransformer(0, 9)


def test_a_wrong_one_of_several_is_named_by_its_place(trained):
    sound, broken = RECORDINGS[0], b"no recording"
    with pytest.raises(ValueError, match=r"audio must be a WAV .* got recording\[1\]: something"):
        trained.transcribe([sound, broken])
    with pytest.raises(ValueError, match=r"must be floats .* got inputs\[1\]: float32 from 2"):
        trained.generate([sound, sound * 0 + 2])
    with pytest.raises(ValueError, match=r"audio must be a WAV .* got x\[1\]: something else"):
        trained.fit([sound, broken], ["low", "high"])
    with pytest.raises(ValueError, match=r"audio must be a WAV .* got x\[1\]\[0\]: something else"):
        trained.fit([(sound, "low"), (broken, "high")])
    for call in (trained.transcribe, trained.predict):
        with pytest.raises(TypeError, match=r"got (recording|x)\[0\]=None \(NoneType\)"):
            call(np.array([None]))
    with pytest.raises(TypeError, match=r"inputs must be a path.* got inputs\[1\]=None"):
        trained(["a.wav", None])


def test_arrays_of_files_and_of_whole_numbers_are_recordings(trained, tmp_path):
    path, whole = tmp_path / "said.wav", np.round(say("high low", 50) * 32767).astype("int16")
    path.write_bytes(wav(say("high low", 50)))
    files, data = np.array([str(path)]), np.array([path.read_bytes()], dtype=object)
    for several in (files, data, tf.constant(data)):
        assert trained.transcribe(several) == ["high low"]
        assert list(trained.predict(several, verbose=0)) == ["high low"]
    assert list(trained.predict(whole, verbose=0)) == ["high low"]
    assert list(trained.predict_on_batch(np.stack([whole, whole], axis=1))) == ["high low"]
    waves = tf.data.Dataset.from_tensors(whole)
    assert list(trained.predict(waves, verbose=0)) == ["high low"]
    for inputs in ([path], [bytearray(data[0])], files):
        assert [text.decode() for text in trained(inputs).numpy()] == ["high low"]
    for inputs in (bytearray(data[0]), path):
        assert trained(inputs).numpy().decode() == "high low"


def recordings():
    """Two speakers, who say the same words in other voices."""
    rng = np.random.default_rng(0)
    return [
        SpokenDigit(rng.standard_normal(2000).astype("float32") * 0.2, word, speaker, take)
        for speaker in ("anna", "ben")
        for word in ("one", "two")
        for take in range(2)
    ]


def test_strings_are_the_same_for_the_same_seed_and_of_one_to_ten_digits():
    first, again, other = (
        list(itertools.islice(data.digit_strings(recordings(), seed=seed), 120))
        for seed in (1, 1, 2)
    )
    for (wave, text), (same_wave, same_text) in zip(first, again, strict=True):
        assert text == same_text
        np.testing.assert_array_equal(wave, same_wave)
    assert [text for _, text in first] != [text for _, text in other]
    counts = [len(text.split()) for _, text in first]
    assert set(range(1, 11)) <= set(counts) <= set(range(11))
    assert all(wave.dtype == "float32" and 0.05 < np.abs(wave).max() <= 0.9 for wave, _ in first)


def test_noise_is_as_loud_as_it_says():
    def level(noise):
        strings = data.digit_strings(recordings(), seed=3, noise=noise)
        return [np.median(np.abs(wave)) for wave, text in itertools.islice(strings, 30) if text]

    assert np.mean(level(0)) > 2 * np.mean(level(30))


def test_edits_are_those_of_tensorflow():
    rng = np.random.default_rng(0)
    for _ in range(50):
        pair = [rng.choice(["a", "b", "c"], rng.integers(0, 8)).tolist() for _ in range(2)]
        sparse = [tf.sparse.from_dense([row]) if row else None for row in pair]
        if None in sparse:
            assert edits(*pair) == max(map(len, pair))
        else:
            assert edits(*pair) == tf.edit_distance(*sparse, normalize=False).numpy()[0]


def test_errors_are_counted_by_the_words_that_were_said():
    found = measure_speech(["one two", "six", "", "two"], ["one two", "six six", "one", ""])
    assert found["word_error_rate"] == 3 / 5 and found["texts_right"] == 1 / 4
    assert found["mistakes"][0] == {"said": "six six", "heard": "six"}
    with pytest.raises(ValueError, match="references must hold words"):
        measure_speech(["one"], [""])


def test_the_recordings_are_split_by_take():
    try:
        splits = {split: data.spoken_digits(split) for split in ("train", "val", "test")}
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert [len(rows) for rows in splits.values()] == [2400, 300, 300]
    assert {row.take for row in splits["test"]} == set(range(5))
    assert {row.take for row in splits["val"]} == set(range(5, 10))
    corpus = SpeechCorpus("spoken_digits", "val", noise=10, speaker="theo")
    assert corpus.name == "spoken_digits val strings 10 dB theo"
    assert len(corpus.read()) == 500


def test_the_command_writes_a_line_for_each_file(trained, tmp_path, capsys):
    trained.save(tmp_path / "model.keras")
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    good.write_bytes(wav(RECORDINGS[2]))
    bad.write_bytes(b"no recording")
    model = ["--model", str(tmp_path / "model.keras")]
    assert main(["transcribe", str(good), str(bad), *model]) == 1
    out, err = capsys.readouterr()
    assert out == f"{good}\tlow high\n"
    assert "bad.wav: something else" in err
    assert main(["transcribe", str(bad), *model]) == 2
    assert main(["transcribe", str(tmp_path / "none.wav"), *model]) == 2
    assert main(["transcribe", str(good), *model, "--attend", str(tmp_path / "a.png")]) == 0
    assert (tmp_path / "a.png").exists()
