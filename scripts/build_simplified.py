"""Write the table of simplified characters for traditional ones, from OpenCC's dictionaries.

    pip download --no-deps opencc-python-reimplemented==0.1.7; unzip opencc_python*.whl -d opencc
    python scripts/build_simplified.py opencc/opencc/dictionary zoo/text/simplified.tsv

Kept are single characters of the basic plane, with the first choice of OpenCC, its variants of
Taiwan and Hong Kong, and the few words named here. The same input gives the same bytes.
"""

import argparse
from pathlib import Path

# What OpenCC decides by whole words: in ordinary text it is nearly always this.
BY_WORDS = {"著": "着", "擡": "抬", "妳": "你", "祂": "他", "牠": "它", "甚麼": "什么"}
# Everyday words for which the mainland has others.
OF_TAIWAN = dict(
    pair.split(":")
    for pair in """計程車:出租车 腳踏車:自行车 捷運:地铁 公車:公交车 網路:网络 軟體:软件 硬體:硬件
    資訊:信息 簡訊:短信 列印:打印 印表機:打印机 滑鼠:鼠标 螢幕:屏幕 隨身碟:U盘 部落格:博客 冷氣:空调
    原子筆:圆珠笔 馬鈴薯:土豆 鳳梨:菠萝 優酪乳:酸奶 洋芋片:薯片 泡麵:方便面 品質:质量""".split()
)
HEAD = """# Simplified characters for traditional ones, made by scripts/build_simplified.py
# Origin: OpenCC (https://github.com/BYVoid/OpenCC), Apache License 2.0, Copyright 2010-2024
# Carbo Kuo (BYVoid) and contributors; its dictionaries as in opencc-python-reimplemented 0.1.7:
# single characters with their first choice, its variants of Taiwan and Hong Kong, and a few words.
"""


def dictionary(path):
    """A file of OpenCC, as a dict of its keys and their first choices."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    rows = (line.split("\t") for line in lines if line.strip())
    return {key: choices.split()[0] for key, choices in rows}


def build(folder):
    """Dict of what is traditional to what is simplified."""
    simplified = dictionary(folder / "TSCharacters.txt")
    for name in ("TWVariantsRev.txt", "HKVariantsRev.txt"):
        for variant, standard in dictionary(folder / name).items():
            simplified.setdefault(variant, simplified.get(standard, standard))
    simplified |= BY_WORDS | OF_TAIWAN
    usual = set(simplified.values())
    return {
        old: new
        for old, new in sorted(simplified.items())
        if old != new and old not in usual and all(ord(char) < 0x10000 for char in old + new)
    }


def main(arguments=None):
    """Write the table and say how long it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the dictionaries of OpenCC")
    parser.add_argument("out", type=Path, help="the table to be written")
    options = parser.parse_args(arguments)
    table = build(options.folder)
    rows = "".join(f"{old}\t{new}\n" for old, new in table.items())
    options.out.write_text(HEAD + rows, encoding="utf-8")
    print(f"{options.out}: {len(table)} entries")


if __name__ == "__main__":
    main()
