"""Sliders that become a picture wherever nobody can drag them.

`ipywidgets.interact` is not used: in executed notebooks it hangs now and then (nbclient issue 312),
and a reader without a kernel sees nothing but the text `interactive(children=...)`.
"""

import base64
import html
import io
import os
from collections.abc import Callable

import matplotlib.pyplot as plt
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Range = tuple[float, float, float, float]


def slider(draw: Callable[..., Figure | Axes], **ranges: Range) -> None:
    """Show the picture that `draw` makes, with a slider for each of its arguments.

    A range is a tuple `(low, high, step, start)` of numbers. `draw` takes the values by name and
    returns a Matplotlib figure or axes. Sliders appear with COURSE_WIDGETS=1 (`make lab` sets it);
    the picture at the start always does. Raises ValueError for a range of another form, TypeError
    if `draw` returns no figure.

    >>> def line(slope):
    ...     figure, ax = plt.subplots()
    ...     ax.plot([0, 1], [0, slope])
    ...     return figure
    >>> slider(line, slope=(0.0, 2.0, 0.5, 1.0))
    figure at slope=1.0
    """
    if not ranges:
        raise ValueError("slider needs at least one range, as in theta=(0.0, 1.0, 0.1, 0.2).")
    start = {}
    for name, given in ranges.items():
        fits = isinstance(given, tuple) and len(given) == 4
        low, high, step, start[name] = given if fits else (0, 0, 0, 0)
        if not (low <= start[name] <= high and low < high and step > 0):
            raise ValueError(
                f"{name} needs (low, high, step, start) with low <= start <= high and step > 0; "
                f"got {given!r}."
            )
    png = picture(draw, start)
    caption = "figure at " + ", ".join(f"{name}={value}" for name, value in start.items())
    show(png, caption, lambda: _live_view(draw, ranges, png))


def show(png: bytes, caption: str, live: Callable[[], object]) -> None:
    """Show a picture, or what `live` makes where a person looks; outside a notebook, the caption.

    `live` returns a widget; it is called with COURSE_WIDGETS=1 alone, and if there is ipywidgets.

    >>> show(b"", "figure at theta=0.2", object)
    figure at theta=0.2
    """
    shown = {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": caption}
    if os.environ.get("COURSE_WIDGETS") == "1":
        try:
            view = {"version_major": 2, "version_minor": 0, "model_id": live().model_id}
            shown["application/vnd.jupyter.widget-view+json"] = view
        except ImportError:
            alone = "Here is the picture alone: buttons and sliders need ipywidgets"
            print(f"{alone}, which `make lab` installs.")
    if InteractiveShell.initialized():
        display(shown, raw=True)
    else:
        print(caption)


def _live_view(draw: Callable[..., Figure | Axes], ranges: dict[str, Range], png: bytes) -> object:
    """Make the part of the display that a live notebook shows in place of the picture."""
    from ipywidgets import HTML, FloatSlider, Image, IntSlider, VBox

    # Left to itself, a box stretches the picture to the notebook's width.
    natural = {"align_self": "flex-start", "max_width": "100%"}
    image, message = Image(value=png, format="png", layout=natural), HTML()
    controls = {}
    for name, given in ranges.items():
        low, high, step, start = given
        kind = IntSlider if all(isinstance(number, int) for number in given) else FloatSlider
        label = {"description": name, "style": {"description_width": "initial"}}
        controls[name] = kind(value=start, min=low, max=high, step=step, **label)

    def redraw(change: object) -> None:
        # An error here would end in the server's log, where the reader does not look.
        try:
            # 0.30000000000000004 is the browser's way of counting to 0.3.
            values = {name: round(control.value, 9) for name, control in controls.items()}
            image.value = picture(draw, values)
            message.value = ""
        except Exception as error:
            message.value = html.escape(f"{type(error).__name__}: {error}")

    for control in controls.values():
        control.observe(redraw, names="value")
    return VBox([*controls.values(), message, image])


def picture(draw: Callable[..., Figure | Axes], values: dict[str, object]) -> bytes:
    """Draw once and give the figure as PNG; it is closed, so that it is not shown twice.

    Raises TypeError if `draw` returns no figure.

    >>> picture(lambda size: plt.subplots(figsize=(size, size))[1], {"size": 1})[1:4]
    b'PNG'
    """
    drawn = draw(**values)
    figure = drawn.figure if isinstance(drawn, Axes) else drawn
    if not isinstance(figure, Figure):
        raise TypeError(
            f"the function given to slider must return a Matplotlib figure or axes; got {drawn!r}."
        )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.dpi, bbox_inches="tight")
    plt.close(figure)
    return buffer.getvalue()
