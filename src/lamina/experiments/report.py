"""A result as one HTML file that needs nothing else: no network, no other file, no script."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from lamina._checks import check_integer
from lamina.errors import ArgumentError, ArgumentTypeError, StateError
from lamina.experiments.report_figures import picture
from lamina.experiments.report_style import STYLE_SHEET
from lamina.experiments.report_tables import Mark, number, settings_table, table
from lamina.experiments.report_text import anchor, blocks, escape, inline
from lamina.io import atomic_file

__all__ = ["Mark", "Report"]

# a second lock on "self-contained": a browser loads nothing from anywhere, even if something asked for it
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Report:
    """A page that is written from top to bottom, section by section, and saved as one self-contained file.

    Every text is escaped. Of markup, texts may hold `code` in back quotes, ``**strong**`` and ``*emphasis*``;
    blank lines part paragraphs, and lines that begin with ``- `` are a list.

    Parameters
    ----------
    title
        Of the page, not empty.
    lead
        What the page says, in a sentence or two.
    footer
        What stands at the end, such as how the page was made.

    Raises
    ------
    ArgumentError
        If the title is empty.

    Examples
    --------
    >>> report = Report("Two numbers", "How a page is made.", footer="Made by hand.")
    >>> report = report.section("Result").text("Both are **large**.")
    >>> report = report.table(["Name", "Value", "Goal"], [["a", 3.14159, True], ["b", 2.0, False]])
    >>> page = report.html()
    >>> "<strong>large</strong>" in page, '<td class="number">3.14</td>' in page, "://" in page
    (True, True, False)
    """

    def __init__(self, title: str, lead: str = "", *, footer: str = "") -> None:
        self._title = _text("title", title)
        self._lead = lead
        self._footer = footer
        self._body: list[str] = []
        self._sections: list[tuple[str, str]] = []
        self._anchors: set[str] = {"top"}
        self._figures = 0
        self._tables = 0

    def section(self, title: str) -> Self:
        """Begin a section, which the table of contents lists."""
        name = anchor(_text("title", title), self._anchors)
        self._sections.append((name, title))
        self._body.append(f'<h2 id="{name}">{inline(title)}</h2>')
        return self

    def subsection(self, title: str) -> Self:
        """Begin a part of a section, which the table of contents leaves out."""
        name = anchor(_text("title", title), self._anchors)
        self._body.append(f'<h3 id="{name}">{inline(title)}</h3>')
        return self

    def text(self, text: str) -> Self:
        """Add paragraphs and lists."""
        self._body.append(blocks(_text("text", text)))
        return self

    def note(self, text: str) -> Self:
        """Add paragraphs that stand apart, such as a caveat."""
        self._body.append(f'<aside class="note">{blocks(_text("text", text))}</aside>')
        return self

    def numbers(self, items: Sequence[tuple[Any, ...]], *, digits: int = 3) -> Self:
        """Add a few numbers in large type.

        Parameters
        ----------
        items
            (name, value) or (name, value, remark) each; values are numbers or text.
        digits
            Decimal places of the numbers, 0 to 12.

        Returns
        -------
        Report
            Itself.

        Raises
        ------
        ArgumentError
            If there are no items, or one is not of this form.
        """
        places = check_integer("digits", digits, minimum=0, maximum=12)
        shown: list[str] = []
        for item in items:
            if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
                raise ArgumentTypeError(
                    "items",
                    allowed="(name, value) or (name, value, remark) each",
                    got=repr(item),
                    remedy="Add both.",
                )
            value = inline(item[1]) if isinstance(item[1], str) else number(item[1], places)
            remark = f"<dd>{inline(str(item[2]))}</dd>" if len(item) == 3 else ""
            shown.append(f"<div><dt>{inline(str(item[0]))}</dt><dd>{value}</dd>{remark}</div>")
        if not shown:
            raise ArgumentError(
                "items", allowed="at least one item", got="none", remedy="Leave the call out."
            )
        self._body.append(f'<dl class="key">{"".join(shown)}</dl>')
        return self

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[Any]], *, caption: str = "", digits: int = 2
    ) -> Self:
        """Add a table; columns that hold only numbers are right-aligned.

        Parameters
        ----------
        header
            Name of each column.
        rows
            As many cells each: text, numbers, None (–), and True, False or a `Mark` for goals met or missed.
        caption
            What the table shows; "Table 1" and so on is put before it.
        digits
            Decimal places of floating point numbers, 0 to 12; numbers that would round to zero keep two
            figures. Pass text to format otherwise: "0.72 ± 0.03" still counts as a number.

        Returns
        -------
        Report
            Itself.

        Raises
        ------
        ShapeError
            If a row has more or fewer cells than the header.
        """
        places = check_integer("digits", digits, minimum=0, maximum=12)
        if caption:
            self._tables += 1
            caption = f"**Table {self._tables}.** {caption}"
        self._body.append(table(header, rows, caption=caption, digits=places))
        return self

    def figure(self, path: str | os.PathLike[str], caption: str, alt: str, *, wide: bool = False) -> Self:
        """Add a picture, which becomes part of the page.

        Parameters
        ----------
        path
            An SVG or PNG file, as `lamina.plotting.save_figure` writes them. SVG stays sharp when printed.
        caption
            What the picture shows; "Figure 1" and so on is put before it.
        alt
            What a reader who cannot see the picture needs to know of it; not empty.
        wide
            Let the picture be wider than the text.

        Returns
        -------
        Report
            Itself.

        Raises
        ------
        ArgumentError
            If ``alt`` is empty.
        FileError
            If the file cannot be read, or is neither PNG nor SVG.
        """
        described = _text("alt", alt)
        count = self._figures + 1
        element, width = picture(Path(path), alt=described, prefix=f"figure-{count}")
        self._figures = count
        kind = ' class="wide"' if wide else ""
        self._body.append(
            f'<figure{kind}><div class="plate" style="--width: {width:.0f}">{element}</div>\n'
            f"<figcaption><b>Figure {count}.</b> {inline(caption)}</figcaption></figure>"
        )
        return self

    def details(self, summary: str, content: Mapping[str, Any] | str) -> Self:
        """Add a block that a reader may open.

        Parameters
        ----------
        summary
            What the reader sees before opening it.
        content
            Names and values (a configuration, versions; nested ones as ``outer.inner``), or text that is
            shown as it is.

        Returns
        -------
        Report
            Itself.

        Raises
        ------
        ArgumentError
            If the summary is empty.
        """
        heading = inline(_text("summary", summary))
        inside = (
            settings_table(content)
            if isinstance(content, Mapping)
            else f"<pre><code>{escape(content)}</code></pre>"
        )
        self._body.append(f"<details><summary>{heading}</summary>\n{inside}</details>")
        return self

    def html(self) -> str:
        """Return the page as text."""
        lead = f'<div class="lead">{blocks(self._lead)}</div>' if self._lead else ""
        footer = f"<footer>{inline(self._footer)}</footer>" if self._footer else ""
        return "\n".join(
            [
                '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
                f"<title>{escape(self._title)}</title>\n<style>{STYLE_SHEET}</style>\n</head>\n<body>",
                f'<main>\n<h1 id="top">{inline(self._title)}</h1>',
                lead,
                self._contents(),
                *self._body,
                footer,
                "</main>\n</body>\n</html>\n",
            ]
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, whole or not at all (`OutputError`: the folder is missing or not writable)."""
        if not self._body:
            raise StateError("The report is empty. Add a section, text, a table or a figure first.")
        page = self.html()
        with atomic_file(path) as partial:
            partial.write_text(page, encoding="utf-8", newline="\n")
        return Path(path)

    def _contents(self) -> str:
        if len(self._sections) < 2:
            return ""
        items = "".join(f'<li><a href="#{name}">{inline(title)}</a></li>' for name, title in self._sections)
        return f'<nav aria-label="Contents"><ol>{items}</ol></nav>'


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ArgumentTypeError(name, allowed="text", got=repr(value), remedy=f"Pass {name} as a string.")
    if not value.strip():
        raise ArgumentError(name, allowed="text, not empty", got=repr(value), remedy="Write something.")
    return value
