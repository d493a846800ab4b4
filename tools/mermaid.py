"""Render notebooks/figures/*.mmd to SVG files that every viewer shows: python tools/mermaid.py

Needs npm and Chromium (Debian: apt install npm chromium). Only who changes a chart runs it;
the SVG files are committed. Mermaid itself is fetched into a temporary folder at a fixed version.
"""

import argparse
import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import programs

FIGURES = Path(__file__).resolve().parents[1] / "notebooks" / "figures"
VERSION = "11.12.0"
SECONDS = 120
# Without HTML labels there is no foreignObject, which GitHub, Inkscape and LaTeX do not draw.
CONFIG = {
    "startOnLoad": False,
    "htmlLabels": False,
    "deterministicIds": True,
    "handDrawnSeed": 1,  # hexagons are drawn by a sketching library, roughness 0
    "theme": "base",
    "fontFamily": "sans-serif",
    "themeVariables": {
        "fontSize": "17px",
        "primaryColor": "#ffffff",
        "primaryTextColor": "#000000",
        "primaryBorderColor": "#333333",
        "lineColor": "#333333",
        "edgeLabelBackground": "#ffffff",
    },
    # Mermaid's own label ground lets the arrow shine through the word.
    "themeCSS": ".edgeLabel rect, .edgeLabel .background {opacity: 1; fill: #ffffff;}",
    "flowchart": {
        "htmlLabels": False,
        "useMaxWidth": False,
        "wrappingWidth": 300,
        "padding": 10,
        "nodeSpacing": 40,
        "rankSpacing": 36,
    },
}
PAGE = """<!DOCTYPE html><meta charset="utf-8"><script src="mermaid.min.js"></script>
<pre id="out"></pre><script>
const show = text => { document.getElementById("out").textContent = text; };
mermaid.initialize(CONFIG);
mermaid.render("chart", SOURCE).then(made => show(made.svg), error => show("ERROR " + error));
</script>"""
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",  # root has none, as in a container; the page is our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--virtual-time-budget=20000",
    "--dump-dom",
]


def main(arguments: list[str] | None = None) -> int:
    """Render what changed, or everything with --force; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="render what did not change, too")
    chosen = parser.parse_args(arguments)
    charts = sorted(FIGURES.glob("*.mmd")) if chosen.force else stale(FIGURES)
    if not charts:
        print("Every chart is up to date.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fetch_mermaid(Path(folder))
        for chart in charts:
            svg = finish(render(chart.read_text("utf-8"), Path(folder)), digest(chart))
            chart.with_suffix(".svg").write_text(svg, encoding="utf-8", newline="\n")
            print(f"{chart.stem}.svg: written")
    return 0


def digest(chart: Path) -> str:
    """Give the SHA-256 of a chart's source, the same whatever its line ends are."""
    return hashlib.sha256(chart.read_text("utf-8").encode()).hexdigest()


def stale(folder: Path) -> list[Path]:
    """List the charts whose SVG is missing, or was made from another source."""
    return [
        chart
        for chart in sorted(folder.glob("*.mmd"))
        if not chart.with_suffix(".svg").exists()
        or digest(chart) not in chart.with_suffix(".svg").read_text("utf-8")
    ]


def labels(source: str) -> set[str]:
    """Collect the words that a chart shows: in boxes and on arrows, lines joined by a blank."""
    drawn = "\n".join(
        line for line in source.splitlines() if not re.match(r"\s*(acc|class|%%|flowchart)", line)
    )
    boxes = re.findall(r"[\[{]\"?([^\[\]{}\"]+)\"?[\]}]", drawn)
    arrows = re.findall(r"\|\"?([^|\"]+)\"?\|", drawn)
    return {re.sub(r"\s*<br\s*/?>\s*", " ", text) for text in (*boxes, *arrows)}


def fetch_mermaid(folder: Path) -> None:
    """Put mermaid.min.js of the fixed version into `folder`."""
    npm = _found("npm", shutil.which("npm"))
    command = [npm, "pack", f"mermaid@{VERSION}", "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("mermaid-*.tgz"))) as archive:
        script = archive.extractfile("package/dist/mermaid.min.js")
        (folder / "mermaid.min.js").write_bytes(script.read())


def render(source: str, folder: Path) -> str:
    """Have Chromium draw one chart and return the SVG as Mermaid makes it."""
    page = PAGE.replace("CONFIG", json.dumps(CONFIG)).replace("SOURCE", json.dumps(source))
    (folder / "page.html").write_text(page, encoding="utf-8")
    address = (folder / "page.html").as_uri()
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [_found("Chromium", programs.browser()), *CHROMIUM_FLAGS, profile, address]
    done = subprocess.run(command, check=True, timeout=SECONDS, capture_output=True, text=True)
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    text = html.unescape(found[1]) if found else ""
    if not text.startswith("<svg"):
        raise RuntimeError(f"Mermaid drew nothing. It said: {text or done.stdout[:500]!r}")
    return text


def finish(svg: str, source_digest: str) -> str:
    """Give the SVG its natural size, a white ground for dark pages, and its source's digest."""
    box = re.search(r'viewBox="([-\d.]+) ([-\d.]+) ([\d.]+) ([\d.]+)"', svg)
    left, top, width, height = box.groups()
    opening, rest = re.match(r"(<svg[^>]*>)(.*)", svg, re.DOTALL).groups()
    opening = re.sub(r' (?:width|height|style)="[^"]*"', "", opening)
    opening = opening.replace("<svg", f'<svg width="{width}" height="{height}"', 1)
    ground = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#ffffff"/>'
    comment = f"<!-- made by tools/mermaid.py, Mermaid {VERSION}; source: {source_digest} -->"
    return f"{opening}\n{comment}\n{ground}\n{rest}\n"


def _found(name: str, path: str | None) -> str:
    if path is None:
        raise FileNotFoundError(f"{name} is not installed; it is needed to render charts.")
    return path


if __name__ == "__main__":
    sys.exit(main())
