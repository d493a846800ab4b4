"""Sphinx's settings for the pages; tools/build_site.py puts what they show beside this file."""

import os
import re

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

project = "Pruning neural networks"
author = "The pruning course's authors"
copyright = "the pruning course's authors; text and figures CC BY 4.0, code MIT"
html_title = project
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx_copybutton"]
nb_execution_mode = "off"  # the committed outputs are shown
nb_ipywidgets_js = {}  # no script from elsewhere; sliders are pictures here
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
# Anchors that are HTML are unknown to MyST; a test follows every link of the built pages.
suppress_warnings = ["myst.header", "myst.xref_missing", "mystnb.unknown_mime_type"]

# Docstrings are plain text with single backticks for code and asterisks for stress.
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False

html_theme = "sphinx_book_theme"
html_theme_options = {
    "show_navbar_depth": 1,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": False,
    "navbar_persistent": [],  # the search stands in the sidebar
}
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
mathjax_path = "tex-svg.js"  # one file without fonts, from npm, beside the pages
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

MARKED = re.compile(r"(`[^`]*`|(?<![\w*])\*[A-Za-z][\w ]*\*(?![\w*]))")


def as_plain_text(app, what, name, obj, options, lines: list[str]) -> None:
    """Escape what reStructuredText would read as markup, but for `code` and *stress*.

    A block that is indented is shown as it stands.
    """
    made, block, example = [], False, False
    for line in lines:
        indented = line.startswith(" ")
        if indented and not block and not example and made and not made[-1]:
            made += ["::", ""]
            block = True
        block = block and (indented or not line.strip())
        example = line.startswith(">>>") or (example and bool(line.strip()))
        made.append(line if block or example else _escaped(line))
    lines[:] = made


def _escaped(line: str) -> str:
    parts = MARKED.split(line)
    parts[::2] = [re.sub(r"([*|_\\])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def setup(app) -> None:
    """Let Sphinx call us for each docstring."""
    app.connect("autodoc-process-docstring", as_plain_text)
