"""What a run leaves in its folder: figures, a report and its numbers, all of them or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lamina.io import atomic_folder, save

Result = TypeVar("Result")


def write_folder(
    out: Path,
    result: Result,
    *,
    draw_figures: Callable[[Result, Path], dict[str, Path]],
    write_report: Callable[[Result, dict[str, Path], Path], Any],
    metrics: Mapping[str, Any],
    models: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run as a folder, whole or not at all.

    Parameters
    ----------
    out
        The folder; one of an earlier run is replaced.
    result
        A run.
    draw_figures
        Draws the figures of a run into a folder, and returns their files by name.
    write_report
        Writes the report of a run and its figures to a file.
    metrics
        Every number, for metrics.json.
    models
        Fitted models by the names of their files.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    OutputError
        The folder cannot be written, or holds files that lamina did not write.
    """
    with atomic_folder(out) as folder:
        pictures = folder / "figures"
        pictures.mkdir()
        drawn = draw_figures(result, pictures)
        write_report(result, drawn, folder / "report.html")
        numbers = json.dumps(dict(metrics), indent=1, allow_nan=False)
        (folder / "metrics.json").write_text(f"{numbers}\n", encoding="utf-8")
        for name, model in (models or {}).items():
            save(model, folder / f"{name}.safetensors")
    return out / "report.html"
