"""Results as JSON lines: one measurement a line, appended as soon as it is there; a run can go on later.

A packed file says the same in one line for all resamples of a set and a method, with lists; it is what
the documentation keeps. Both are read alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]
# what a packed line keeps of the resamples; seconds on a busy machine are not worth keeping
KEPT = ("score", "rmse", "n_features", "error")


def read(path: Path) -> Iterator[Record]:
    """All records of a file; none where there is no file yet, and none for a last line that was cut off."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield from _unpacked(json.loads(line))


def append(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as lines:
        # a run that was stopped while it wrote leaves half a line, which must not swallow this one
        if lines.tell():
            lines.seek(0)
            lines.truncate(lines.read().rfind(b"\n") + 1)
        lines.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def done(path: Path, phase: str) -> set[tuple[str, str, int]]:
    """What is there already: (set, method, resample). What failed is not done."""
    return {key for key, record in latest(read(path), phase).items() if "error" not in record}


def latest(records: Iterable[Record], phase: str) -> dict[tuple[str, str, int], Record]:
    """The last record of each set, method and resample."""
    return {
        (record["set"], record["method"], record["resample"]): record
        for record in records
        if record["phase"] == phase
    }


def pack(records: Iterable[Record], path: Path) -> None:
    """Write the last record of each measurement, all resamples of a set and a method in one line."""
    rows: dict[tuple[str, str], Record] = {}
    every = list(records)
    for (name, method, resample), record in sorted(latest(every, "accuracy").items()):
        row = rows.setdefault(
            (name, method), {"phase": "accuracy", "set": name, "method": method, "resample": []}
        )
        row["resample"].append(resample)
        for key in KEPT:
            row.setdefault(key, []).append(record.get(key))
        row.update({key: record[key] for key in ("settings",) if key in record})
    for row in rows.values():
        for key in KEPT:
            if all(value is None for value in row[key]):
                del row[key]
    lines = [*rows.values(), *(record for _, record in sorted(latest(every, "cost").items()))]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def _unpacked(record: Record) -> Iterator[Record]:
    if not isinstance(record["resample"], list):
        yield record
        return
    for place, resample in enumerate(record["resample"]):
        values = {key: record[key][place] for key in KEPT if key in record}
        one = {**record, "resample": resample, **values}
        yield {key: value for key, value in one.items() if not (key in KEPT and value is None)}
