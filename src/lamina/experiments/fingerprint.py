"""What the numbers of a run depend on, as one text: if it is the same, the run need not be repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import lamina
from lamina.experiments.closing import versions

_FRONTS = ("cli",)  # they print what others compute


def fingerprint(name: str, config: Any, given: Mapping[str, Any] | None = None) -> str:
    """Return what a run depends on: settings, images, the library's own code, and the packages' versions.

    Parameters
    ----------
    name
        The experiment.
    config
        Its settings, a frozen dataclass.
    given
        What else was passed, such as a folder of images, whose files count by name, size and date.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    told = {
        "experiment": name,
        "config": asdict(config),
        "given": {key: _described(value) for key, value in (given or {}).items()},
        "code": _code(),
        "versions": versions(),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    folder = Path(lamina.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        place = file.relative_to(folder)
        if place.parts[0] not in _FRONTS:
            digest.update(f"{place.as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _described(value: Any) -> Any:
    if not isinstance(value, (str, Path)) or not Path(value).is_dir():
        return str(value)
    folder = Path(value)
    # where the folder lies is told in the reports, by whatever name it was given
    files = [(file.relative_to(folder), file) for file in sorted(folder.rglob("*")) if file.is_file()]
    found = [(name.as_posix(), file.stat()) for name, file in files]
    return [str(value), [(name, about.st_size, about.st_mtime_ns) for name, about in found]]
