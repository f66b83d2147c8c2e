"""What a run leaves in its folder: figures, a report, its numbers and claims, all of them or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.io import atomic_folder, save

if TYPE_CHECKING:
    from lamina.experiments.registry import Experiment

REPORT, METRICS, CLAIMS, FIGURES = "report.html", "metrics.json", "claims.json", "figures"
"""Names within the folder."""


def write_folder(
    experiment: Experiment,
    result: Any,
    out: Path,
    *,
    seconds: float | None = None,
    mark: str = "",
    given: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run as a folder, whole or not at all.

    Parameters
    ----------
    experiment
        Which experiment.
    result
        A run of it.
    out
        The folder; one of an earlier run is replaced.
    seconds
        How long the run took.
    mark
        What the run depends on, from `lamina.experiments.fingerprint`.
    given
        What was given beside the settings, such as a folder of images.

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
        pictures = folder / FIGURES
        pictures.mkdir()
        drawn = experiment.draw(result, pictures)
        experiment.compose(result, drawn, folder / REPORT)
        _write_json(folder / METRICS, experiment.metrics(result))
        summary = summary_of(experiment, result, seconds=seconds, mark=mark, given=given)
        _write_json(folder / CLAIMS, summary)
        for name, model in (experiment.models(result) if experiment.models else {}).items():
            save(model, folder / f"{name}.safetensors")
    return out / REPORT


def summary_of(
    experiment: Experiment,
    result: Any,
    *,
    seconds: float | None = None,
    mark: str = "",
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what the joint report and the documentation need to know of a run, ready for JSON."""
    return {
        "experiment": experiment.name,
        "title": experiment.title,
        "summary": experiment.summary,
        "source": experiment.source,
        "fingerprint": mark,
        "seconds": None if seconds is None else round(seconds, 1),
        "given": {name: str(value) for name, value in (given or {}).items()},
        "config": json.loads(json.dumps(asdict(result.config))),
        "claims": [claim._asdict() for claim in experiment.claims(result)],
        "panels": [panel._asdict() for panel in experiment.panels],
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(f"{json.dumps(content, indent=1, allow_nan=False)}\n", encoding="utf-8")
