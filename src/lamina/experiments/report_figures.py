"""Picture files as elements of a page: SVG inline, PNG as data, nothing left outside."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

from lamina.errors import FileError
from lamina.experiments.report_text import escape, printable

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_PNG = b"\x89PNG\r\n\x1a\n"
_POINTS_TO_PIXELS = 4 / 3
_CSS_PIXELS_PER_INCH = 96.0
_REFERENCE = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*\)")
_RULE = re.compile(r"([^{}]+)(\{[^{}]*\})")
_ACTIVE = frozenset({"script", "foreignObject", "iframe", "metadata", "animate", "set"})


def picture(path: Path, *, alt: str, prefix: str) -> tuple[str, float]:
    """Return a picture as an element, and its natural width in CSS pixels.

    ``prefix`` begins every identifier, so that pictures on one page do not take each other's parts.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read the figure {path}: {error.strerror or error}; save it first") from error
    if content.startswith(_PNG) and len(content) > 24:
        return _png(content, alt)
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise FileError(f"{path} is neither PNG nor SVG ({error}); pass a file of save_figure") from error
    if root.tag != f"{_SVG}svg":
        raise FileError(f"{path} is neither PNG nor SVG (its root is {root.tag}); pass a file of save_figure")
    return _svg(root, alt, prefix)


def _png(content: bytes, alt: str) -> tuple[str, float]:
    width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    data = base64.b64encode(content).decode("ascii")
    tag = f'<img src="data:image/png;base64,{data}" width="{width}" height="{height}" alt="{escape(alt)}">'
    return tag, width * _CSS_PIXELS_PER_INCH / _pixels_per_inch(content)


def _pixels_per_inch(content: bytes) -> float:
    start = content.find(b"pHYs", 0, content.find(b"IDAT"))
    per_metre = int.from_bytes(content[start + 4 : start + 8], "big") if start > 0 else 0
    return per_metre * 0.0254 or _CSS_PIXELS_PER_INCH


def _svg(root: ElementTree.Element, alt: str, prefix: str) -> tuple[str, float]:
    width, height = (_pixels(root.get(side, "")) for side in ("width", "height"))
    _clean(root, prefix)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    if "viewBox" not in root.attrib and width and height:
        root.set("viewBox", f"0 0 {width:g} {height:g}")
    if not width:
        box = root.get("viewBox", "0 0 640 480").replace(",", " ").split()
        width = float(box[2])
    root.set("id", prefix)
    root.set("role", "img")
    root.set("aria-label", printable(alt))
    return ElementTree.tostring(root, encoding="unicode"), width


def _clean(element: ElementTree.Element, prefix: str) -> None:
    """Drop namespaces, whatever acts or loads, and make identifiers unique; in place, children included."""
    element.tag = element.tag.removeprefix(_SVG)
    element.attrib = {
        name: value
        for name, value in (_attribute(name, value, prefix) for name, value in element.attrib.items())
        if value is not None
    }
    if element.tag == "style":
        element.text = _scoped(element.text or "", prefix)
    for child in list(element):
        plain = child.tag.removeprefix(_SVG) if isinstance(child.tag, str) else "{"
        if plain.startswith("{") or plain in _ACTIVE:
            element.remove(child)
        else:
            _clean(child, prefix)


def _attribute(name: str, value: str, prefix: str) -> tuple[str, str | None]:
    if name in (_XLINK_HREF, "href"):
        if value.startswith("#"):
            return "href", f"#{prefix}-{value[1:]}"
        return "href", value if value.startswith("data:image/") else None
    if name == "id":
        return name, f"{prefix}-{value}"
    if name.startswith("{") or name.lower().startswith("on"):
        return name, None
    return name, _REFERENCE.sub(lambda found: _local(found, prefix), value)


def _local(found: re.Match[str], prefix: str) -> str:
    target = found[2]
    return f"url(#{prefix}-{target[1:]})" if target.startswith("#") else "none"


def _scoped(rules: str, prefix: str) -> str:
    """Keep a picture's style rules from reaching the page around it."""
    kept = re.sub(r"@import[^;]*;|/\*.*?\*/", "", rules, flags=re.DOTALL)
    kept = _REFERENCE.sub(lambda found: _local(found, prefix), kept)
    return _RULE.sub(
        lambda found: ",".join(f"#{prefix} {one.strip()}" for one in found[1].split(",")) + found[2], kept
    )


def _pixels(length: str) -> float:
    found = re.fullmatch(r"\s*([\d.]+)\s*(pt|px|)\s*", length)
    if found is None:
        return 0.0
    return float(found[1]) * (_POINTS_TO_PIXELS if found[2] == "pt" else 1.0)
