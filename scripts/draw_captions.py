"""Draw what a captioner does on photographs that cannot be in the repository.

    python scripts/draw_captions.py caption_en --out demo

Writes NAME_sheet.png, the best, the typical and the worst captions of the test split by CIDEr-D as
`zoo evaluate NAME` noted them in metrics.json; and NAME_01.png to NAME_10.png, the attention on ten
photographs of the test split, evenly spaced and not chosen. Needs ZOO_DATA with flickr8k/.
"""

import argparse
import json
from pathlib import Path

import zoo
from zoo import data
from zoo.evaluation import CORPORA
from zoo.plots.photograph import draw_sheet
from zoo.vision import read

_TEN = 10


def main():
    """Read the command line and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=[name for name in CORPORA if name.startswith("caption")])
    parser.add_argument("--models", type=Path, default=Path("saved_models"))
    parser.add_argument("--out", type=Path, default=Path("demo"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    folder, corpus = arguments.models / arguments.name, CORPORA[arguments.name][0]

    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    groups = [
        (kind, [(read(data.flickr8k_image(s["image"]), (224, 224)), s["caption"]) for s in several])
        for kind, several in metrics["corpora"][corpus.name]["shown"].items()
    ]
    draw_sheet(arguments.out / f"{arguments.name}_sheet.png", groups)

    captioner = zoo.load(folder)
    paths = corpus.read()[0]
    answers = captioner.generate(paths[:: len(paths) // _TEN][:_TEN], return_dict=True)
    for i, answer in enumerate(answers, start=1):
        zoo.plot_attention(answer, arguments.out / f"{arguments.name}_{i:02}.png")
        print(f"{i:2} {answer.text}")


if __name__ == "__main__":
    main()
