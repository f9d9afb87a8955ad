"""Write `examples.jsonl`, the card and the READMEs' line of shipped models, after `zoo evaluate`.

    python scripts/write_cards.py translate_fr_de translate_zh_en

The examples of a translator are three sentences of each test set, evenly spaced and not chosen,
and the ten everyday sentences; those of other models are `EXAMPLES` of the
recipe. The data is found as `zoo.data.find` says.
"""

import argparse
import re
from pathlib import Path

import keras

import zoo
from zoo import recipes
from zoo.evaluation import CORPORA, PROBE_SENTENCES, write_card, write_examples

_A_CORPUS = 3
COLUMNS = "name", "task", "architecture", "parameters", "MB on disk", "quality"
CHINESE_COLUMNS = "名称", "任务", "结构", "参数量", "文件大小（MB）", "质量"
CHINESE_TASKS = {
    "captioning": "图像描述",
    "classification": "分类",
    "dialogue": "对话",
    "generation": "生成",
    "image generation": "图像生成",
    "knowledge tracing": "知识追踪",
    "matching": "匹配",
    "ranking": "排序",
    "recommendation": "推荐",
    "speech recognition": "语音识别",
    "summarization": "摘要",
    "translation": "翻译",
}


def example_sources(name, recipe):
    """What a model is shown on: the recipe's own inputs, or sentences of its test sets."""
    if hasattr(recipe, "EXAMPLES"):
        return list(recipe.EXAMPLES)
    sources = []
    for corpus in CORPORA[name]:
        pairs = corpus.pairs()
        sources += [source for source, _ in pairs[:: len(pairs) // _A_CORPUS][:_A_CORPUS]]
    return sources + list(PROBE_SENTENCES[CORPORA[name][0].source])


def update_readme(path, columns, tasks):
    """Write the table of all shipped models between the two marks in a README.

    `columns` are its headings, and `tasks` what a task is called where that is not its own name.
    """
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for info in zoo.models():
        name = f"[`{info.name}`](saved_models/{info.name}/README.md)"
        task = tasks.get(info.task, info.task)
        size = f"{info.parameters / 1e6:.1f} M | {info.megabytes:.1f}"
        lines.append(f"| {name} | {task} | {info.architecture} | {size} | {info.quality} |")
    marks = r"(?s)(<!-- models -->\n).*(<!-- /models -->)"
    table = "\n".join(lines)
    text = re.sub(marks, lambda m: f"{m[1]}{table}\n{m[2]}", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")


def main():
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", metavar="NAME", choices=CORPORA)
    parser.add_argument("--models", type=Path, default=Path("saved_models"))
    arguments = parser.parse_args()
    for name in arguments.names:
        directory = arguments.models / name
        model = keras.models.load_model(directory / "model.keras")
        recipe = recipes.recipe(name)
        write_examples(model, directory, example_sources(name, recipe))
        write_card(directory, recipe.CARD)
        print(directory / "README.md")
    update_readme(Path("README.md"), COLUMNS, {})
    update_readme(Path("README.zh.md"), CHINESE_COLUMNS, CHINESE_TASKS)


if __name__ == "__main__":
    main()
