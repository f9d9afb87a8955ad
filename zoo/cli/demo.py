"""`make demo`: what the trained models do, on real input.

Lets every model of `zoo.models()` that it knows an input for do its work, prints what came out,
and writes pictures of what attended to what to `demo/`.
"""

import functools
import math
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zoo import registry
from zoo.cli.quiet import quiet

# By source language, which a model's name says: translate_fr_de.
SENTENCES = {
    "fr": [
        "Un chien court sur la plage.",
        "Où est la gare ?",
        "Je voudrais un café, s'il vous plaît.",
        "À quelle heure part le prochain train ?",
    ],
    "zh": [
        "一个男孩在公园里踢足球。",
        "我想喝一杯热咖啡。",
        "你明天有时间吗?",
        "今天天气真好，我们去公园吧。",
    ],
    "de": [
        "Ein Hund rennt über den Strand.",
        "Wo ist der Bahnhof?",
        "Ich hätte gern einen Kaffee, bitte.",
        "Können wir uns morgen um 15:30 treffen?",
    ],
}

# By model: what it goes on from, and the options.
PROMPTS = {
    "generate_shakespeare": ("ROMEO:\n", {"max_new_tokens": 300, "seed": 2}),
    "generate_tang": ("", {"acrostic": "春夏秋冬", "seed": 1}),
    "generate_scifi": ("The machine", {"max_new_tokens": 80, "seed": 1}),
}
# By model: what it names the class of.
TEXTS = {
    "classify_questions_en": [
        "Who wrote Hamlet?",
        "How far is the moon?",
        "Where do penguins live?",
    ],
    "classify_sentiment_en": [
        "A moving film with a wonderful cast.",
        "Two hours of my life that I will never get back.",
    ],
    "classify_reviews_zh": [
        "质量很好，下次还会买。",
        "快递太慢，衣服还有破洞，不推荐。",
        "酒店房间干净，早餐也不错。",
    ],
    "classify_goods_zh": [
        "质量很好，穿着很舒服。",
        "房间干净，早餐也不错。",
        "很甜，很新鲜，就是个头小。",
    ],
}
# By model: a question, and sentences of which one answers it.
QUESTIONS = {
    "match_answers": (
        "how many legs does a spider have",
        ["Insects have six legs.", "A spider has eight legs.", "Most spiders make webs."],
    ),
    "match_questions_zh": ("花呗怎么还款", ["如何还花呗", "花呗额度怎么提高", "借呗怎么还款"]),
}
# By model: what somebody saw.
HISTORIES = {
    "recommend_films": ["Toy Story (1995)", "Aladdin (1992)", "Lion King, The (1994)"],
}
# By model: what a pupil answered, and the skill that is asked next.
ANSWERS = {
    "trace_learners": (
        [("Circumference", False), ("Circumference", True), ("Circumference", True)],
        "Circumference",
    ),
}
# By model: what a person says to it, one turn after the other.
TURNS = {
    "chat_en": [
        "Shall we go to the cinema tonight?",
        "A film about a dog. Do you like dogs?",
        "Good. When shall we meet?",
    ],
}
# By model: a conversation, a turn on each line.
TALKS = {
    "summarize_dialogue": "Marek: I've lost my wallet! I think I left it on the bus.\n"
    "Salma: Oh no. Have you called the bus company?\n"
    "Marek: Not yet. Do you have their number?\n"
    "Salma: Let me look it up for you.",
}
PHOTOS = Path("examples/photos")
RECORDINGS = Path("examples/recordings")
_PICTURED_TOKENS = 24  # of a continuation, so that its picture can be read


def main(folder="demo"):
    """Run the demo.

    Args:
        folder: where the pictures go; it is made if missing.

    Returns:
        The exit status: 0, or 1 where there is no model to show.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    shows = [(info, show) for info in registry.models() if (show := _show(info))]
    if not shows:
        print(
            "There is no model in saved_models/ to show; make one: zoo train NAME",
            file=sys.stderr,
        )
        return 1
    Path(folder).mkdir(parents=True, exist_ok=True)
    console = Console(markup=False, highlight=False)
    for info, show in shows:
        about = ", ".join(filter(None, (info.architecture, info.quality)))
        console.print(f"{info.name} ({about})", style="bold")
        with quiet():
            model = registry.load(info.path)
        begin = time.perf_counter()
        picture = show(model, Path(folder) / f"{info.name}.png", console)
        seconds = time.perf_counter() - begin
        console.print(f"{seconds:.1f} s with the first compilation; attention: {picture}\n")
    return 0


def _show(info):
    """What shows a model: `(model, picture, console) -> picture`; None where there is nothing."""
    if info.task == "translation":
        for language in info.name.split("_")[1:2]:
            if language in SENTENCES:
                return functools.partial(_translate, SENTENCES[language])
    if info.task == "captioning" and PHOTOS.is_dir():
        return _caption
    if info.name in PROMPTS:
        return functools.partial(_write, *PROMPTS[info.name])
    if info.name in TEXTS:
        return functools.partial(_classify, TEXTS[info.name])
    if info.name in QUESTIONS:
        return functools.partial(_match, *QUESTIONS[info.name])
    if info.name in TURNS:
        return functools.partial(_talk, TURNS[info.name])
    if info.name in TALKS:
        return functools.partial(_summarize, TALKS[info.name])
    if info.name in HISTORIES:
        return functools.partial(_recommend, HISTORIES[info.name])
    if info.task == "speech recognition" and RECORDINGS.is_dir():
        return _transcribe
    if info.task == "image generation":
        return _draw_pictures
    if info.name in ANSWERS:
        return functools.partial(_trace, *ANSWERS[info.name])
    return None


def _translate(sentences, translator, picture, console):
    from zoo.plots import plot_attention

    answers = translator.generate(sentences, return_dict=True)
    plot_attention(answers[0], picture)
    table = Table("source", "translation")
    for sentence, answer in zip(sentences, answers, strict=True):
        table.add_row(sentence, answer.text)
    console.print(table)
    return picture


def _classify(texts, classifier, picture, console):
    from zoo.plots import plot_attention

    answers = classifier.classify(texts, return_dict=True)
    plot_attention(answers[0], picture)
    table = Table("text", "label", "probability")
    for text, answer in zip(texts, answers, strict=True):
        table.add_row(text, answer.label, f"{answer.probability:.2f}")
    console.print(table)
    return picture


def _match(question, sentences, matcher, picture, console):
    from zoo.plots import plot_attention

    answers = matcher.match(question, sentences, return_dict=True)
    plot_attention(answers[0], picture)
    table = Table("score", question)
    for answer in answers:
        table.add_row(f"{answer.score:.2f}", answer.text)
    console.print(table)
    return picture


def _talk(said, partner, picture, console):
    from zoo.plots import plot_attention

    turns, table = [], Table("you", "reply")
    for text in said:
        answer = partner.reply([*turns, text], return_dict=True)
        turns += [text, answer.text]
        table.add_row(text, answer.text)
    plot_attention(answer, picture)
    console.print(table)
    return picture


def _summarize(talk, summarizer, picture, console):
    from zoo.plots import plot_attention

    answer = summarizer.summarize(talk, return_dict=True)
    plot_attention(answer, picture)
    table = Table("conversation", "summary")
    table.add_row(talk, answer.text)
    console.print(table)
    return picture


def _recommend(history, recommender, picture, console):
    from zoo.plots import plot_attention

    answer = recommender.recommend(history, top_k=5, return_dict=True)
    plot_attention(answer, picture)
    table = Table("probability", f"after {', '.join(history)}")
    for item, score in zip(answer.items, answer.scores, strict=True):
        table.add_row(f"{math.exp(score):.3f}", item)
    console.print(table)
    return picture


def _transcribe(recognizer, picture, console):
    from zoo.plots import plot_attention

    table = Table("recording", "words")
    for path in sorted(RECORDINGS.glob("*.wav")):
        answer = recognizer.transcribe(path, return_dict=True)
        table.add_row(path.name, answer.text)
    plot_attention(answer, picture)
    console.print(table)
    return picture


def _draw_pictures(generator, picture, console):
    from zoo.plots import plot_attention, plot_pictures

    digits = list(range(10))
    rows = [generator.generate(10, seed=seed, digit=digits) for seed in range(0, 50, 10)]
    plot_pictures(rows, path=picture.with_stem(f"{picture.stem}_samples"))
    answer = generator.generate(3, seed=0, digit=digits[:3], return_dict=True)
    plot_attention(answer, picture)
    console.print(answer.text)
    return picture


def _trace(answers, skill, tracer, picture, console):
    from zoo.plots import plot_attention

    table = Table("answers before", f"next one in {skill} is right")
    for count in range(len(answers) + 1):
        answer = tracer.trace(answers[:count], skill, return_dict=True)
        table.add_row(", ".join(answer.source_tokens[1:]) or "none", f"{answer.probability:.2f}")
    console.print(table)
    plot_attention(answer, picture)
    return picture


def _write(prompt, options, generator, picture, console):
    from zoo.plots import plot_attention

    for piece in generator.stream(prompt, **options):
        console.print(piece, end="", soft_wrap=True)
    console.print("\n")
    options = {**options, "max_new_tokens": _PICTURED_TOKENS}
    options.pop("acrostic", None)  # a form needs all of its tokens
    plot_attention(generator.generate(prompt, return_dict=True, **options), picture)
    return picture


def _caption(captioner, picture, console):
    from zoo.cli.caption import draw

    photos = sorted(PHOTOS.glob("*.jpg"))
    answers = captioner.generate(photos, return_dict=True)
    table = Table("photograph", "caption")
    for photo, answer in zip(photos, answers, strict=True):
        table.add_row(photo.name, answer.text)
    console.print(table)
    for photo, answer in zip(photos, answers, strict=True):
        drawn = picture.with_stem(f"{picture.stem}_{photo.stem}")
        draw(answer, photo, drawn)
    return picture.with_stem(f"{picture.stem}_*")


if __name__ == "__main__":
    sys.exit(main())
