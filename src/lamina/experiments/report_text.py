"""Plain text as HTML: everything is escaped, and three marks are understood."""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata

_CODE = re.compile(r"`([^`]+)`")
_STRONG = re.compile(r"(?<![\w*])\*\*(?=\S)(.+?)(?<=\S)\*\*(?![\w*])")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![\w*])")
# what neither HTML nor XML allows in text
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Return text with a replacement character for each that no page may hold."""
    return _CONTROLS.sub("\ufffd", text)


def escape(text: str) -> str:
    """Return text that means itself in HTML, between tags and inside quoted attributes."""
    return html.escape(printable(text), quote=True)


def inline(text: str) -> str:
    """Return escaped text with `code`, **strong** and *emphasis* as elements."""
    pieces = _CODE.split(text)
    for index, piece in enumerate(pieces):
        escaped = escape(piece)
        if index % 2:
            pieces[index] = f"<code>{escaped}</code>"
        else:
            strong = _STRONG.sub(r"<strong>\1</strong>", escaped)
            pieces[index] = _EMPHASIS.sub(r"<em>\1</em>", strong)
    return "".join(pieces)


def blocks(text: str) -> str:
    """Return paragraphs, parted by blank lines; a block whose lines begin with "- " is a list."""
    made: list[str] = []
    for block in re.split(r"\n\s*\n", textwrap.dedent(text).strip()):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        if lines and lines[0].startswith("- "):
            items = re.split(r"(?:^|\n)- ", "\n".join(lines))[1:]
            made.append("<ul>" + "".join(f"<li>{inline(' '.join(i.split()))}</li>" for i in items) + "</ul>")
        elif lines:
            made.append(f"<p>{inline(' '.join(lines))}</p>")
    return "\n".join(made)


def anchor(title: str, taken: set[str]) -> str:
    """Return an identifier made from a title that is not among those ``taken``, and add it to them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "section"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}-{count}"
    taken.add(name)
    return name
