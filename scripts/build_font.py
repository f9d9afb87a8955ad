"""Cut the Simplified Chinese face of Noto Sans CJK to the characters that the zoo writes.

    python scripts/build_font.py NotoSansCJK-Regular.ttc ZooSansCJK.otf corpus.zh poems.txt

Kept are Latin (ASCII, Latin-1, Extended-A), punctuation, full-width forms, GB2312, and every
character of the text files. Hints, layout tables and vertical metrics are dropped. The same input
gives the same bytes. It needs `fonttools`.
"""

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "Zoo Sans CJK"
POSTSCRIPT_NAME = "ZooSansCJK-Regular"
BLOCKS = (
    (0x0020, 0x017F),  # ASCII, Latin-1, Latin Extended-A
    (0x2000, 0x206F),  # general punctuation
    (0x3000, 0x303F),  # CJK punctuation
    (0xFF00, 0xFFEF),  # half- and full-width forms
)


def gb2312():
    """Return the characters of GB2312, which is a grid of 94 x 94 byte pairs with holes."""
    pairs = (bytes([row, cell]) for row in range(0xA1, 0xFF) for cell in range(0xA1, 0xFF))
    return {ord(char) for pair in pairs for char in pair.decode("gb2312", errors="ignore")}


def rename(font):
    """Name the font `FAMILY` everywhere, so that nobody takes it for the original."""
    names = {
        1: FAMILY,
        2: "Regular",
        3: f"{POSTSCRIPT_NAME};subset of Noto Sans CJK SC 2.004",
        4: FAMILY,
        6: POSTSCRIPT_NAME,
    }
    table = font["name"]
    table.names = [n for n in table.names if n.nameID in (0, 5, 7, 13, 14) and n.langID == 0x409]
    for name_id, text in names.items():
        table.setName(text, name_id, platformID=3, platEncID=1, langID=0x409)
    cff = font["CFF "].cff
    cff.fontNames = [POSTSCRIPT_NAME]
    cff.topDictIndex[0].FullName = cff.topDictIndex[0].FamilyName = FAMILY


def build(source, target, texts, face):
    """Write the subset of `source` to `target`; return its number of characters."""
    font = TTFont(source, fontNumber=face, recalcTimestamp=False)
    chars = gb2312().union(*(range(first, last + 1) for first, last in BLOCKS))
    for text in texts:
        chars.update(map(ord, text.read_text(encoding="utf-8")))
    options = subset.Options(
        hinting=False,
        layout_features=[],
        glyph_names=False,
        notdef_outline=True,
        name_IDs=["*"],
        name_languages=["*"],
    )
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=chars)
    subsetter.subset(font)
    rename(font)
    font.save(target)
    return len(font.getBestCmap())


def main():
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path, help="NotoSansCJK-Regular.ttc")
    parser.add_argument("target", type=Path, help="the .otf to write")
    parser.add_argument("texts", type=Path, nargs="*", help="UTF-8 files whose characters are kept")
    parser.add_argument("--face", type=int, default=2, help="face in the collection; 2 is SC")
    args = parser.parse_args()
    count = build(args.source, args.target, args.texts, args.face)
    print(f"{args.target}: {count} characters, {args.target.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
