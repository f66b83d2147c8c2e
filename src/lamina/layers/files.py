"""Settings in YAML and JSON files, read so that no file can do more than hold settings.

YAML is read with PyYAML's safe loader (no objects of Python), less what makes files surprising: a key given
twice, anchors that multiply (a "billion laughs" file), and nesting without end are errors. Numbers such as
``1e-5``, which YAML 1.1 takes for text, are numbers, as in YAML 1.2.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from lamina._checks import check_path
from lamina.errors import ArgumentError, FileError, OutputError

_LARGEST_BYTES = 2**18
_MOST_VALUES = 10_000


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the floating-point numbers of YAML 1.2."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def read_mapping(path: str | Path) -> dict[str, Any]:
    """Read a YAML or JSON file that holds one mapping with text keys."""
    place, kind = _place(path)
    text = _text(place)
    try:
        held = json.loads(text, object_pairs_hook=_once) if kind == ".json" else _from_yaml(text)
    except RecursionError:
        raise FileError(f"{place} cannot be used: it is nested too deeply for settings") from None
    except (ValueError, yaml.YAMLError) as error:
        raise FileError(f"{place} is not valid {'JSON' if kind == '.json' else 'YAML'}: {error}") from error
    if not isinstance(held, dict) or not all(isinstance(key, str) for key in held):
        got = "nothing" if held is None else f"a {type(held).__name__}"
        got = "keys that are no text" if isinstance(held, dict) else got
        raise FileError(f"{place} must hold one mapping with text keys (layer: ..., ...), but it holds {got}")
    return held


def write_mapping(values: dict[str, Any], path: str | Path) -> None:
    """Write a mapping as YAML or JSON, by the file's ending; nothing is left half-written."""
    place, kind = _place(path)
    if kind == ".json":
        text = json.dumps(values, indent=2, allow_nan=False) + "\n"
    else:
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    target = place.resolve()
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, target)
    except OSError as error:
        raise OutputError(f"cannot write {place}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _place(path: str | Path) -> tuple[Path, str]:
    place = check_path("path", path)
    kind = place.suffix.lower()
    if kind not in (".yaml", ".yml", ".json"):
        raise ArgumentError(
            "path",
            allowed="a .yaml, .yml or .json file",
            got=str(place),
            remedy="Name it after what it holds.",
        )
    return place, kind


def _text(place: Path) -> str:
    try:
        # a pipe or a device may never end
        if place.exists() and not place.is_file():
            raise FileError(f"cannot read {place}: it is no file")
        with place.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot read {place}: {error.strerror or error}") from error
    if len(data) > _LARGEST_BYTES:
        raise FileError(f"{place} cannot be used: it is larger than 256 KiB, which no settings are")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{place} is not text in UTF-8: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _refuse_repeated([key for key, _ in pairs])
    return dict(pairs)


def _refuse_repeated(keys: list[str]) -> None:
    if keys:
        key, times = Counter(keys).most_common(1)[0]
        if times > 1:
            raise ValueError(f"the key {key!r} is given {times} times")


def _from_yaml(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _count(node, {}) > _MOST_VALUES:
            raise ValueError(f"it stands for more than {_MOST_VALUES} values")
        try:
            return loader.construct_document(node)
        except (AttributeError, IndexError, KeyError, OverflowError) as error:
            # how PyYAML fails at `!!bool maybe`, `!!timestamp soon` and the like
            raise ValueError(f"a value does not fit its tag ({type(error).__name__})") from error
    finally:
        loader.dispose()


def _count(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Count the values that a node stands for once every alias is written out."""
    number = id(node)
    if number in known:
        found = known[number]
        if found is None:
            raise ValueError("an anchor holds itself")
        return found
    known[number] = None
    total = 1
    if isinstance(node, yaml.MappingNode):
        _refuse_repeated([key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)])
        total += sum(_count(key, known) + _count(value, known) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        total += sum(_count(one, known) for one in node.value)
    known[number] = total
    return total
