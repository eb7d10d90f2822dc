"""What the site needs beside ready-made extensions: formulas as MathML, and docstrings that are read as plain text."""

import re
from pathlib import Path

import latex2mathml.converter
from docutils import nodes


def inline_math(translator, node):
    """Write a formula in a line."""
    translator.body.append(latex2mathml.converter.convert(node.astext()))
    raise nodes.SkipNode


def display_math(translator, node):
    """Write a formula in a line of its own."""
    formula = latex2mathml.converter.convert(node.astext(), display="block")
    translator.body.append(f'<div class="math" role="math" tabindex="0">{formula}</div>')
    raise nodes.SkipNode


MARKED = re.compile(r"(``.+?``|`[^`]+`)")
"""Text between backticks, which keeps its signs."""


SECTION = re.compile(r"(Parameters|Attributes|Raises|Warns|Yields|Returns|Other Parameters)$")
FIELD = re.compile(r"(\*{0,2}\w[\w., *]*) : (.+)$")


def described(lines):
    """Return the lines of a docstring with what stands behind "name : " set below the name.

    The habit here is "name : what it is", and numpydoc would show the first line of that as the type.
    """
    made, inside = [], False
    for place, line in enumerate(lines):
        if place + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[place + 1]):
            inside = bool(SECTION.match(line))
        field = FIELD.match(line) if inside else None
        made += [field[1], f"    {field[2]}"] if field else [line]
    return made


def plain_text(app, what, name, obj, options, lines):
    """Take "|x|" and "X_" in a docstring for what they say, not for marks of reStructuredText.

    Docstrings here are prose with backticks, and are read in a terminal more often than on a page.
    """
    lines[:] = described(lines)
    for place, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...", ".. ")):
            continue
        parts = MARKED.split(line)
        parts[::2] = [re.sub(r"\||(?<=\w)_(?!\w)", lambda sign: "\\" + sign[0], part) for part in parts[::2]]
        lines[place] = "".join(parts)


def from_elsewhere(app, what, name, obj, skip, options):
    """Leave out methods that scikit-learn or Python give to a class: their own pages describe them."""
    function = getattr(obj, "fget", obj)
    module = getattr(function, "__module__", None) or getattr(getattr(function, "__objclass__", None), "__module__", "")
    return skip or (callable(obj) and not str(module).startswith("spectral_ph")) or None


MENDED = (
    (re.compile(r"<pre(?! tabindex)"), '<pre tabindex="0"'),  # can be scrolled by the keyboard
    (
        re.compile(r'<div class="pst-scrollable-table-container">'),
        '<div class="pst-scrollable-table-container" tabindex="0">',
    ),
    (re.compile(r"<summary>(?=<span class=\"toctree-toggle)"), '<summary aria-label="Pages below this one">'),
    (re.compile(r'(<button type="button" class="btn search-button-field[^>]*?) aria-label="Search"'), r"\1"),
)
"""What axe-core finds serious in the pages of the theme, and what is written instead."""


def mend(app, failure):
    """Mend the pages so that a keyboard and a screen reader reach all that they hold; a second time changes nothing."""
    if failure is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        before = text = path.read_text(encoding="utf-8")
        for wrong, right in MENDED:
            text = wrong.sub(right, text)
        if text != before:
            path.write_text(text, encoding="utf-8")


def setup(app):
    """Tell Sphinx."""
    app.add_html_math_renderer("mathml", (inline_math, None), (display_math, None))
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # before numpydoc's own
    app.connect("build-finished", mend)
    app.connect("autodoc-skip-member", from_elsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
