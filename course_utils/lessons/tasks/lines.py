"""Prose or code? Lines of Python's own standard library, labelled by Python itself.

Prose is a line of a comment, or of a docstring; code is a line that holds neither, nor any part of
a string of several lines. What would give the answer away is taken off: the number sign, quotation
marks around a docstring, and the space before a line.
"""

import ast
import io
import re
import sysconfig
import tokenize
from pathlib import Path

CODE, PROSE = 0, 1
_NO_CODE = (
    tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
    tokenize.COMMENT,
)  # fmt: skip
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_RULE = re.compile(r"[^\w\s]{4}")  # such as ---- or ====, which belong to neither


def library() -> list[Path]:
    """Return the modules of this interpreter's standard library that are one file, by name.

    Raises FileNotFoundError where it is not kept as files.

    >>> "tokenize.py" in [path.name for path in library()]
    True
    """
    folder = Path(sysconfig.get_path("stdlib"))
    if found := sorted(folder.glob("*.py")):
        return found
    raise FileNotFoundError(
        f"the standard library of this Python is not kept as .py files in {folder}. Take an "
        "interpreter that was installed with its sources."
    )


def labelled(source: str) -> list[tuple[str, int]]:
    """Return (line, CODE or PROSE) for the lines of a Python source that are one or the other.

    Raises SyntaxError for what this version of Python cannot read.

    >>> labelled('def area(r):\\n    "Return the area."\\n    # pi times r squared\\n    return r')
    [('def area(r):', 0), ('return r', 0), ('pi times r squared', 1), ('Return the area.', 1)]
    """
    docstrings = [  # as expressions, which know their lines
        node.body[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None
    ]
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    other = {row for node in docstrings for row in range(node.lineno, node.end_lineno + 1)}
    code: set[int] = set()  # rows with code on them, counted from 1; those with nothing else count
    for token in tokens:
        first, last = token.start[0], token.end[0]
        if token.type == tokenize.COMMENT or (last > first and token.type not in _NO_CODE):
            other.update(range(first, last + 1))
        elif token.type not in _NO_CODE:
            code.add(first)
    lines = source.splitlines()
    found = [(lines[row - 1].strip(), CODE) for row in sorted(code - other)]
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    found += [(c.lstrip("#:").strip(), PROSE) for c in comments if not c.startswith("#!")]
    for paragraph in "\n\n".join(node.value.value for node in docstrings).split("\n\n"):
        if ">>>" not in paragraph:  # an example, which a person would call code
            found += [(line.strip(), PROSE) for line in paragraph.splitlines()]
    return [(line, label) for line, label in found if line and not _RULE.search(line)]
