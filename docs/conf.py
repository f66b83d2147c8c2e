"""Sphinx configuration. The reference pages are written here: one for each room, one for the command line."""

import importlib
import inspect
import re
import sys
from pathlib import Path

import typer
from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging
from typer.cli import get_docs_for_click

import lamina
import lamina.encoding
from lamina.cli.app import app
from lamina.experiments import REGISTRY

sys.path.insert(0, str(Path(__file__).parent))
from experiment_pages import write_pages

# The public rooms, from the parts down to the ground; a room without public names gets no page.
ROOMS = [
    "resu",
    "encoding",
    "encoding.metrics",
    "layers",
    "transforms",
    "stats",
    "linalg",
    "simulate",
    "datasets",
    "circuits",
    "experiments",
    "plotting",
    "io",
    "errors",
    "typing",
]

project = "lamina"
author = "The lamina developers"
copyright = "the lamina developers, MIT licence"
version = release = lamina.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

# `name` in a docstring links to the name where it has a page, and is set as code where it has none
default_role = "py:obj"
autosummary_generate = False
autodoc_member_order = "bysource"
# shapes and ranges stand in the docstrings, where they can be read
autodoc_typehints = "none"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_attr_annotations = False
napoleon_use_ivar = True

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# MathML is drawn by the browser itself: the pages need no network and no script to show an equation
html_math_renderer = "mathml"
# "--memory" is an option and not a dash
smartquotes = False
html_theme = "furo"
html_title = f"lamina {release}"
html_show_sphinx = False


def public_names(module):
    """Names in ``__all__``, or else everything public that the module itself defines."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    names = [name for name in vars(module) if not name.startswith("_")]
    own = [name for name in names if getattr(getattr(module, name), "__module__", None) == module.__name__]
    return own or [name for name in names if name[:1].isupper()]


def room_page(room):
    """Return the page of ``lamina.room``, or nothing when it has no public names yet."""
    module = importlib.import_module(f"lamina.{room}")
    names = [name for name in public_names(module) if not inspect.ismodule(getattr(module, name))]
    if not names:
        return ""
    title = f"lamina.{room}"
    lines = [title, "=" * len(title), "", f".. automodule:: {title}", "", f".. currentmodule:: {title}", ""]
    lines += [".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in names), ""]
    for name in names:
        thing = getattr(module, name)
        lines += [name, "-" * len(name), ""]
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            lines += [f".. autoexception:: {name}", "   :show-inheritance:", ""]
        elif inspect.isclass(thing):
            # scikit-learn makes methods like set_fit_request, whose text refers to its own documentation
            made = ", ".join(member for member in dir(thing) if member.endswith("_request"))
            lines += [f".. autoclass:: {name}", "   :members:", f"   :exclude-members: {made}"]
            # what a code inherits is described once, with the class that it names
            lines += ["   :show-inheritance:", ""] if issubclass(thing, lamina.encoding.SpikeCode) else [""]
        elif callable(thing) and inspect.isroutine(thing):
            lines += [f".. autofunction:: {name}", ""]
        else:
            lines += [f".. autodata:: {name}", "   :no-value:", ""]
    return "\n".join(lines)


def command_line_page():
    """Return the help of every command, one level of headings below the page that includes it."""
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="lamina"), name="lamina")
    text = re.sub(r"\[/?bold\]", "`", text)
    return re.sub("^#", "##", text, flags=re.MULTILINE)


def write_generated_pages():
    folder = Path(__file__).parent / "api" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"lamina.{room}.rst": text for room in ROOMS if (text := room_page(room))}
    pages["command_line.inc"] = command_line_page()
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        # an unchanged page keeps its date, so that a second build is quick
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


write_generated_pages()
write_pages(REGISTRY)


def draw_equation(writer, node):
    block = isinstance(node, nodes.math_block)
    text = node.astext().replace("{aligned}", "{split}").replace(r"\arg", r"\operatorname{arg}")
    if block and r"\\" in text and r"\begin" not in text:
        # a displayed equation of several rows is an alignment, as it is for Sphinx's own renderers
        text = rf"\begin{{split}}{text}\end{{split}}"
    drawn = convert(text, display="block" if block else "inline")
    if "\\" in drawn:
        logging.getLogger(__name__).warning("an unknown TeX command in the equation %s", text, location=node)
    # room for subscripts, without which the theme adds a scroll bar
    writer.body.append(
        f'<div class="math" style="padding: 0.5em 0; overflow-y: hidden">{drawn}</div>' if block else drawn
    )
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (draw_equation, None), (draw_equation, None))
