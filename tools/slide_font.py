"""Make slides/chinese.woff: the Chinese characters of the decks, so that every machine shows them.

python tools/slide_font.py NotoSansSC_400Regular.ttf

The font is Noto Sans SC (SIL Open Font License, slides/OFL.txt); its file is in the npm package
@expo-google-fonts/noto-sans-sc. Needed anew only when a deck uses a character for the first time.
"""

import re
import sys
from pathlib import Path

from fontTools import subset

import slides

CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


def used() -> set[str]:
    """Return the Chinese characters of all decks, notes included."""
    return set(CHINESE.findall("".join(deck.read_text("utf-8") for deck in slides.decks())))


def make(source: Path) -> None:
    """Write the subset of a font."""
    options = subset.Options(flavor="woff", layout_features=[], hinting=False, notdef_outline=True)
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(used())))
    cutter.subset(font)
    font["head"].modified = font["head"].created  # the same input gives the same file
    subset.save_font(font, str(slides.FONT), options)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
