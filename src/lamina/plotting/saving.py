"""Figures as files: the same figure gives the same bytes."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina._checks import check_integer
from lamina.errors import ArgumentError, ArgumentTypeError, OutputError

# no date, no program version and no link, so that equal figures are equal files
_NO_METADATA: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
_SAVING: dict[Any, Any] = {
    "svg.hashsalt": "lamina",
    "svg.fonttype": "path",
    "svg.image_inline": True,
    "path.simplify": True,
    # hinted text is wider at one resolution than at another, and one layout has to do for all of them
    "text.hinting": "none",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def save_figure(
    figure: Figure | Axes, folder: str | os.PathLike[str], name: str, *, dpi: int = 200
) -> tuple[Path, Path]:
    """Write a figure as ``NAME.png`` and as ``NAME.svg``; equal figures give equal bytes.

    The SVG stands alone: its text is drawn as outlines, its images are inside. Each file is written whole or
    not at all.

    Parameters
    ----------
    figure
        A figure, or axes of it.
    folder
        Where to write; must exist.
    name
        File name without its ending: letters, digits, ``.``, ``_`` and ``-``.
    dpi
        Pixels per inch of the PNG, 50 to 1200.

    Returns
    -------
    tuple[Path, Path]
        png, svg : pathlib.Path

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If ``figure`` is none, or the name or the resolution cannot be.
    OutputError
        If the folder is missing, or cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from lamina.plotting import plot_canonical_correlations
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = save_figure(plot_canonical_correlations([0.9, 0.5]), folder, "correlations")
    ...     print([file.name for file in files])
    ['correlations.png', 'correlations.svg']
    """
    drawn = figure.figure if isinstance(figure, Axes) else figure
    if not isinstance(drawn, Figure):
        raise ArgumentTypeError(
            "figure", allowed="a matplotlib Figure or Axes", got=repr(figure), remedy="Pass what was drawn."
        )
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ArgumentError(
            "name",
            allowed="letters, digits, '.', '_' and '-', beginning with a letter or digit",
            got=repr(name),
            remedy="Give the folder separately and leave the ending out.",
        )
    resolution = check_integer("dpi", dpi, minimum=50, maximum=1200)
    target = Path(folder)
    if not target.is_dir():
        raise OutputError(
            f"cannot write {target / name}: its folder does not exist; make it with: mkdir -p {target}"
        )
    with matplotlib.rc_context(_SAVING), _settled(drawn):
        # both are drawn before either is written
        png = _drawn(drawn, "png", resolution, {"Software": None})
        svg = _drawn(drawn, "svg", resolution, _NO_METADATA)
    return _write(target / f"{name}.png", png), _write(target / f"{name}.svg", svg)


@contextmanager
def _settled(figure: Figure) -> Iterator[None]:
    """Lay a figure out once for all that is drawn of it; a layout costs as much as a drawing."""
    engine = figure.get_layout_engine()
    if engine is None:
        yield
        return
    # begun from the bare grid, a layout of the same figure comes out the same
    for ax in figure.axes:
        place = ax.get_subplotspec()
        if place is not None and ax.get_in_layout():
            ax.set_subplotspec(place)
    # it measures twice, which is enough where axes fill their place; a picture of fixed aspect takes
    # its place only when it is laid out, and is laid out once more
    for _ in range(1 if all(ax.get_aspect() == "auto" for ax in figure.axes) else 2):
        engine.execute(figure)
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def _drawn(figure: Figure, kind: str, dpi: int, metadata: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> Path:
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}; write elsewhere") from error
    return path
