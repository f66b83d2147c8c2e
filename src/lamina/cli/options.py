"""The options that several commands share, with one wording each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, TypeAlias

import typer

Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", metavar=" ", help="Print nothing but errors and warnings.")
]

Json: TypeAlias = Annotated[
    bool, typer.Option("--json", metavar=" ", help="Print the result as one JSON object and nothing else.")
]

Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", metavar=" ", help="Show where an error arose (a traceback).")
]


def whole_or_auto(text: str | int) -> str | int:
    """Read a whole number, or the word auto.

    Parameters
    ----------
    text
        As written on the command line.

    Returns
    -------
    int or "auto"
        The range of numbers is not checked.

    Raises
    ------
    typer.BadParameter
        If it is neither.

    Examples
    --------
    >>> whole_or_auto("50"), whole_or_auto("auto")
    (50, 'auto')
    """
    if isinstance(text, int) or text == "auto":
        return text
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text) is None:
        raise typer.BadParameter(f"{text[:40]!r} is neither a whole number nor 'auto'.")
    return int(text)


@contextmanager
def spelt_as_options(*names: str) -> Iterator[None]:
    """Let errors about parameters of the library speak of the options that set them.

    Parameters
    ----------
    *names
        Parameters whose options are spelt otherwise.
    """
    from lamina.errors import ArgumentError

    try:
        yield
    except ArgumentError as error:
        if error.argument not in names:
            raise
        said = [error.argument, error.allowed, error.got, error.remedy]
        for name in names:
            option = "--" + name.removeprefix("n_").replace("_", "-")
            said = [re.sub(rf"\b{name}\b", option, part) for part in said]
        argument, allowed, got, remedy = said
        raise type(error)(argument, allowed=allowed, got=got, remedy=remedy) from error


def paragraphs(text: str) -> str:
    r"""Join the lines of every paragraph, for the terminal to break them as wide as it is.

    Parameters
    ----------
    text
        Paragraphs, with empty lines between them.

    Returns
    -------
    str
        One line per paragraph, with empty lines between them.

    Examples
    --------
    >>> paragraphs("one\ntwo\n\nthree")
    'one two\n\nthree'
    """
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text.strip())
