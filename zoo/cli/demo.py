"""`make demo`: what the trained models do, on real input.

Translates a few sentences by every translator of `zoo.models()`, prints them, and writes pictures
of what attended to what to `demo/`.
"""

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
        "Deux enfants jouent au football dans un parc.",
        "Une femme lit un livre à côté de la fenêtre.",
        "Un vieil homme vend des fruits au marché.",
    ],
    "zh": [
        "一个男孩在公园里踢足球。",
        "我想喝一杯热咖啡。",
        "你明天有时间吗?",
        "这本书对我很有帮助。",
    ],
    "de": [
        "Ein Hund rennt über den Strand.",
        "Zwei Kinder spielen Fußball in einem Park.",
        "Eine Frau liest ein Buch neben dem Fenster.",
        "Ein alter Mann verkauft Obst auf dem Markt.",
    ],
}


def main(folder="demo"):
    """Run the demo.

    Args:
        folder: where the pictures go; it is made if missing.

    Returns:
        The exit status: 0, or 1 where there is no translator to show.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    translators = [
        (info, SENTENCES[language])
        for info in registry.models()
        for language in info.name.split("_")[1:2]
        if info.task == "translation" and language in SENTENCES
    ]
    if not translators:
        print(
            "There is no translator in saved_models/ to show; make one: zoo train NAME",
            file=sys.stderr,
        )
        return 1
    Path(folder).mkdir(parents=True, exist_ok=True)
    console = Console(markup=False, highlight=False)
    for info, sentences in translators:
        _show(info, sentences, Path(folder) / f"{info.name}.png", console)
    return 0


def _show(info, sentences, picture, console):
    from zoo.plots import plot_attention

    with quiet():
        translator = registry.load(info.path)
    begin = time.perf_counter()
    answers = translator.generate(sentences, return_dict=True)
    seconds = time.perf_counter() - begin
    plot_attention(answers[0], picture)

    about = ", ".join(filter(None, (info.architecture, info.quality)))
    console.print(f"{info.name} ({about})", style="bold")
    table = Table("source", "translation")
    for sentence, answer in zip(sentences, answers, strict=True):
        table.add_row(sentence, answer.text)
    console.print(table)
    console.print(f"{seconds:.1f} s with the first compilation; attention: {picture}\n")


if __name__ == "__main__":
    sys.exit(main())
