"""Read and write notebook files, and clean their outputs before they are written."""

import base64
import io
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image, ImageChops

VIEW = "application/vnd.jupyter.widget-view+json"
# A palette is taken if no channel of any pixel moves further than this, of 255: not seen
# on a projector. Photographs and smooth colour maps may need more, and stay as they are.
LARGEST_SHIFT = 16


def load_raw(path: Path) -> dict | None:
    """Read a notebook's JSON as it stands; None for a missing or broken file."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return raw if isinstance(raw, dict) and raw.get("nbformat") == 4 else None


def load(path: Path) -> NotebookNode | None:
    """Read a notebook without repairing it, its lines joined; None if there is none."""
    raw = load_raw(path)
    if raw is None:
        return None
    return nbformat.v4.reads_json(json.dumps(raw))


def write(path: Path, notebook: NotebookNode) -> bool:
    """Write a valid notebook in one step; return False if the file was the same already."""
    nbformat.validate(notebook)
    text = nbformat.v4.writes_json(notebook, sort_keys=True).rstrip("\n") + "\n"
    new = text.encode("utf-8")
    if path.exists() and path.read_bytes() == new:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")  # in the same folder, so that replace is atomic
    part.write_bytes(new)
    part.replace(path)
    return True


def clean_outputs(notebook: NotebookNode) -> None:
    """Take from the outputs, in place, what must not be committed and what makes them large."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = _joined(cell.outputs)
        for output in cell.outputs:
            data = output.get("data", {})
            if VIEW in data and "image/png" in data:
                del data[VIEW]
            if "image/png" in data:
                data["image/png"] = _smaller_base64(data["image/png"])


def without_outputs(notebook: NotebookNode) -> None:
    """Leave, in place, the notebook as nobody has run it."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring prints: how a kernel cuts a stream depends on its timing."""
    joined = []
    for output in outputs:
        stream = output.get("name")  # streams alone have a name
        if stream and joined and joined[-1].get("name") == stream:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _smaller_base64(text: str) -> str:
    return base64.b64encode(smaller_png(base64.b64decode(text))).decode("ascii")


def smaller_png(png: bytes) -> bytes:
    """Write a PNG with a palette of 256 colours where the eye cannot tell, else without loss.

    The result depends on the pixels alone; a second call changes nothing.
    """
    image = Image.open(io.BytesIO(png))
    if image.mode == "P":
        return png
    if image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
        palette = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        if _largest_shift(image, palette.convert("RGB")) <= LARGEST_SHIFT:
            image = palette
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return min(buffer.getvalue(), png, key=len)


def _largest_shift(a: Image.Image, b: Image.Image) -> int:
    return max(high for _, high in ImageChops.difference(a, b).getextrema())
