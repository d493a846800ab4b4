"""A Matplotlib figure whose parts are seen at some steps and not at others, as one SVG that plays.

Repository pages, JupyterLab and browsers play it as any picture. What cannot play it, and readers
who asked their system for less motion, see the last step, which is also where it comes to rest.
"""

import io
import itertools
import re
from collections.abc import Iterable, Sequence
from html import escape

from matplotlib.artist import Artist
from matplotlib.figure import Figure

Drawn = tuple[Figure, Sequence[float], str]  # the seconds of each step, and a title
ROUNDS = 4  # then it rests
_MARK = re.compile(r'<g id="shown([\d-]+)">')
_COORDINATES = re.compile(r'(?: d| x| y|translate)(?:="|\()[^")]*')
_BOX = re.compile(r"M (\S+) (\S+) \nL (\S+) \2 \nL \3 (\S+) \nL \1 \4 \nz\n")
_LONG = re.compile(r"-?\d+\.\d{3,}")


def shown(artist: Artist, steps: Iterable[int]) -> Artist:
    """Let an artist be seen at some steps, counted from 0, and return it."""
    artist.set_gid("shown" + "".join(f"-{step}" for step in steps))
    return artist


def moving(fig: Figure, seconds: Sequence[float], title: str) -> str:
    """Return the figure as an SVG that shows step i for `seconds[i]`; the same gives the same."""
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None}, facecolor="white")
    svg = _COORDINATES.sub(lambda part: _LONG.sub(_short, part[0]), buffer.getvalue())
    svg = _BOX.sub(r"M\1 \2H\3V\4H\1z\n", svg)  # half as long
    last, sets = len(seconds) - 1, {}

    def classed(mark: re.Match) -> str:
        steps = {int(number) for number in mark[1].split("-")[1:]}
        name = sets.setdefault(frozenset(steps), f"s{'-'.join(map(str, sorted(steps)))}")
        return f'<g class="{name}"' + (">" if last in steps else ' visibility="hidden">')

    svg = _MARK.sub(classed, svg)
    style = "".join(_rule(name, steps, seconds) for steps, name in sets.items())
    still = "@media (prefers-reduced-motion:reduce){g{animation:none!important}}\n"
    head = f"<title>{escape(title)}</title>\n<style>\n{style}{still}</style>\n"
    start = svg.index(">", svg.index("<svg ")) + 2
    return svg[:start] + head + svg[start:]


def headings(fig: Figure, texts: Sequence[str]) -> None:
    """Say above the figure what each step shows."""
    fig.get_layout_engine().set(rect=(0, 0, 1, 0.92))
    for step, text in enumerate(texts):
        shown(fig.text(0.02, 0.955, text, fontsize=15, va="center", weight="bold"), [step])


def _short(number: re.Match) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _rule(name: str, steps: frozenset[int], seconds: Sequence[float]) -> str:
    """Write the style of what is seen at these steps."""
    starts = [0, *itertools.accumulate(seconds)]
    frames = "".join(
        f"{100 * starts[i] / starts[-1]:.2f}%{{visibility:{'visible' if i in steps else 'hidden'}}}"
        for i in range(len(seconds))
        if i == 0 or (i in steps) != (i - 1 in steps)
    )
    return (
        f".{name}{{animation:{name} {starts[-1]:g}s step-end {ROUNDS}}}\n"
        f"@keyframes {name}{{{frames}}}\n"
    )
