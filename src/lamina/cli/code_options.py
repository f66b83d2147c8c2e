"""The spike code that a command line asks for: by name with settings, or from a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.encoding.code import SpikeCode

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_WORDS = {"true": True, "yes": True, "false": False, "no": False, "none": None}


def code_from(code: str, settings: Sequence[str], sampling_rate: float | None) -> SpikeCode:
    """Make the code that the options describe, or load it.

    Parameters
    ----------
    code
        Short name, or the path of a code that `lamina.save` wrote (``.safetensors``).
    settings
        Texts ``name=value``, which set arguments of a code that was named.
    sampling_rate
        Of the recording, for codes that take one and were not given another; hertz.

    Returns
    -------
    SpikeCode
        As it was saved, or new.

    Raises
    ------
    FileError
        If the file cannot be read, or holds no code.
    ArgumentError
        If there is no such code, or an argument is none of its, or cannot be.
    """
    from lamina.encoding.registry import code_named
    from lamina.errors import ArgumentError

    if code.lower().endswith(".safetensors"):
        if settings:
            raise ArgumentError(
                "--set",
                allowed="left out where --code is a file, which has its own settings",
                got=settings[0],
                remedy="Give the code by its name to choose its settings.",
            )
        return _loaded(Path(code))
    kind = code_named(code)
    arguments: dict[str, Any] = {}
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator or name not in kind.arguments:
            raise ArgumentError(
                "--set",
                allowed=f"NAME=VALUE, where the code {kind.name} has {', '.join(kind.arguments)}",
                got=repr(setting)[:60],
                remedy="Set one of these, once for each: --set NAME=VALUE.",
            )
        arguments[name] = value_of(text)
    if "sampling_rate" in kind.arguments and sampling_rate is not None:
        arguments.setdefault("sampling_rate", sampling_rate)
    return kind(**arguments)


def value_of(text: str) -> Any:
    """Read the value of a setting: a number, true, false, none, a word, or numbers with commas between.

    Parameters
    ----------
    text
        As written on the command line.

    Returns
    -------
    int, float, bool, None, str or list
        What the text says.

    Examples
    --------
    >>> value_of("0.5"), value_of("10"), value_of("no"), value_of("zero"), value_of("0.1,0.2")
    (0.5, 10, False, 'zero', [0.1, 0.2])
    """
    if "," in text:
        return [value_of(part.strip()) for part in text.split(",")]
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _loaded(file: Path) -> SpikeCode:
    from lamina.encoding.code import SpikeCode
    from lamina.errors import FileError
    from lamina.io import load

    found = load(file)
    if not isinstance(found, SpikeCode):
        raise FileError(
            f"cannot use {file}: it holds a {type(found).__name__}, and --code needs a spike code"
        )
    return found
