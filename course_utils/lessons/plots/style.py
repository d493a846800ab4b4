"""The one look of the course's figures: colours, lines, and text that can be read on them."""

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

# Okabe and Ito's palette, told apart by colour-blind readers too, in a fixed order of use.
BLUE, ORANGE, GREEN, PINK, SKY, RED = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
)  # fmt: skip
GREY, LIGHT = "#595959", "#DDDDDD"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))


def use_style() -> None:
    """Set the one style of the course's figures: readable on a projector, small in git."""
    plt.rc("figure", figsize=(7.0, 3.6), dpi=90)
    plt.rc("figure.constrained_layout", use=True)
    plt.rc("font", size=12)
    plt.rc("axes", titlesize=12, prop_cycle=plt.cycler(color=COLOURS))
    plt.rc("axes.spines", top=False, right=False)
    plt.rc("lines", linewidth=2)
    plt.rc("legend", frameon=False)


def line(index: int) -> dict:
    """Return colour and dashes of the line number `index`; 36 lines pass before two are alike.

    >>> line(0) == line(6)
    False
    """
    return {"color": COLOURS[index % 6], "linestyle": _DASHES[(index + index // 6) % 6]}


def ink(background: object) -> str:
    """Return "black" or "white", whichever is read more easily on the background colour.

    The contrast is that of the Web Content Accessibility Guidelines 2, from relative luminance.

    >>> ink("white"), ink(BLUE)
    ('black', 'white')
    """
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(background)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) ** 2 >= 0.05 * 1.05 else "white"
