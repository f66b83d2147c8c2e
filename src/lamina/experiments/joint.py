"""All experiments in one go: several at a time, each written as soon as it is done, none run twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina._checks import check_integer
from lamina.datasets import image_folder
from lamina.errors import LaminaError, OutputError
from lamina.experiments.fingerprint import fingerprint
from lamina.experiments.folder import CLAIMS, METRICS, REPORT
from lamina.experiments.workers import cores, run_in_processes
from lamina.io import atomic_file, check_output_folder
from lamina.typing import Progress

if TYPE_CHECKING:
    from lamina.experiments.registry import Experiment

_MARKER, _MARKED = ".lamina", {"files": [REPORT, METRICS]}


@dataclass(frozen=True)
class Outcome:
    """What became of one experiment in a joint run.

    Parameters
    ----------
    name
        The experiment.
    folder
        Where its figures, report and numbers are.
    summary
        Its ``claims.json``: title, settings, claims, panels, seconds; empty if it failed.
    repeated
        False if the folder of an earlier run was still good.
    error
        What went wrong; empty if nothing did.
    takes_images
        Whether other images can be given to it.
    """

    name: str
    folder: Path
    summary: dict[str, Any]
    repeated: bool
    error: str = ""
    takes_images: bool = False

    @property
    def claims(self) -> list[dict[str, Any]]:
        """Its claims, as dictionaries."""
        return self.summary.get("claims", [])

    def count(self, holds: bool | None) -> int:
        """Count the claims that hold (True), do not (False), or are only reported (None)."""
        return sum(claim["holds"] is holds for claim in self.claims)


@dataclass(frozen=True)
class Joint:
    """A joint run: what became of every experiment, and the report on all of them."""

    outcomes: list[Outcome]
    report: Path
    quick: bool

    @property
    def off(self) -> list[str]:
        """Claims that do not hold, and experiments that failed."""
        failed = [f"{outcome.name}: {outcome.error}" for outcome in self.outcomes if outcome.error]
        return failed + [
            f"{outcome.name}: {claim['statement']}"
            for outcome in self.outcomes
            for claim in outcome.claims
            if claim["holds"] is False
        ]


def run_all(
    experiments: Mapping[str, Experiment],
    out: Path,
    *,
    seed: int = 0,
    quick: bool = False,
    jobs: int | None = None,
    fresh: bool = False,
    images: Path | None = None,
    field_of_view_deg: float | None = None,
    progress: Progress | None = None,
) -> Joint:
    """Run every experiment, a few at a time, and write one report on all of them.

    Each experiment has a folder of its own within ``out``. One whose folder is there already, made by the
    same code with the same settings and packages, is not run again.

    Parameters
    ----------
    experiments
        By name.
    out
        The folder; it is made if it does not exist.
    seed
        Seed of everything random, at least 0.
    quick
        Runs of some seconds.
    jobs
        How many at once; as many as there are cores by default.
    fresh
        Run all of them, whatever is there.
    images, field_of_view_deg
        A folder of images for those experiments that take some, and the angle that each spans.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    Joint
        What became of each, and the report. An experiment that fails does not stop the others.

    Raises
    ------
    ArgumentError
        If a number cannot be.
    FileError, DataError
        If an image cannot be used.
    OutputError
        If a folder cannot be written, or holds files that lamina did not write.
    StateError
        If no process can be started: a script has to call this under ``if __name__ == "__main__":``.
    """
    count = cores() if jobs is None else check_integer("jobs", jobs, minimum=1)
    if images is not None and field_of_view_deg is not None:
        # a folder that cannot be read is told now, and not once by each experiment
        image_folder(images, field_of_view_deg)
    _check_place(out, experiments)
    tasks: dict[str, dict[str, Any]] = {}
    for name, experiment in experiments.items():
        given = {"images": images, "field_of_view_deg": field_of_view_deg} if experiment.takes_images else {}
        tasks[name] = {"seed": seed, "quick": quick, **given}
    marks = {
        name: fingerprint(name, experiment.settings(seed=seed, quick=quick), _given(tasks[name]))
        for name, experiment in experiments.items()
    }
    good = set() if fresh else {name for name in experiments if _is_good(out / name, marks[name])}
    # the long ones first, so that none is left to run alone at the end
    waiting = sorted(
        (name for name in experiments if name not in good), key=lambda name: -experiments[name].seconds
    )
    shown = _Shown(progress, {name: experiments[name].seconds for name in waiting})
    errors: dict[str, str] = {}
    if count == 1 or len(waiting) == 1:
        for name in waiting:
            errors[name] = _attempt(experiments[name], out / name, tasks[name], shown.of(name))
    elif waiting:
        given = {name: (out / name, tasks[name]) for name in waiting}
        errors = run_in_processes(_work, given, min(count, len(waiting)), shown.tell)
    outcomes = [
        Outcome(
            name,
            out / name,
            {} if errors.get(name) else _read(out / name),
            name not in good,
            errors.get(name, ""),
            experiment.takes_images,
        )
        for name, experiment in experiments.items()
    ]
    from lamina.experiments.joint_report import write_joint_report

    # first, so that what a full disk or an interrupt leaves of the rest is known to be lamina's
    _write_json(out / _MARKER, _MARKED)
    report = write_joint_report(
        outcomes, out / REPORT, quick=quick, seed=seed, images=images, field_of_view_deg=field_of_view_deg
    )
    _write_json(out / METRICS, _numbers(outcomes))
    return Joint(outcomes, report, quick)


class _Shown:
    """How far all of them have come, weighed by how long each takes."""

    def __init__(self, progress: Progress | None, seconds: Mapping[str, float]) -> None:
        self.progress = progress
        self.seconds = dict(seconds)
        self.done = dict.fromkeys(seconds, 0.0)

    def tell(self, name: str, fraction: float, text: str) -> None:
        self.done[name] = max(self.done[name], fraction)
        if self.progress is not None:
            whole = sum(self.seconds.values())
            share = sum(self.seconds[each] * done for each, done in self.done.items()) / whole
            self.progress(min(share, 1.0), f"{name}: {text}" if text else name)

    def of(self, name: str) -> Progress:
        return lambda fraction, text: self.tell(name, fraction, text)


def _attempt(experiment: Experiment, folder: Path, task: Mapping[str, Any], progress: Progress) -> str:
    """Run one experiment, and return what went wrong with it, in one line."""
    try:
        experiment.reproduce(folder, progress=progress, **task)
    except LaminaError as error:
        return str(error) or type(error).__name__
    except Exception as error:  # the others go on, and the report says which one did not
        return f"unexpected {type(error).__name__}: {error}"
    return ""


def _work(name: str, folder: Path, task: Mapping[str, Any], progress: Progress) -> str:
    """Run one experiment of the registry, in a process that knows no other."""
    from lamina.experiments import REGISTRY

    if name not in REGISTRY:
        return f"unexpected KeyError: {name!r}"
    return _attempt(REGISTRY[name], folder, task, progress)


def _given(task: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in task.items() if key not in ("seed", "quick") and value is not None}


def _check_place(out: Path, experiments: Mapping[str, Experiment]) -> None:
    """See before any work that everything can be written, and make the folder."""
    if not out.is_dir():
        check_output_folder(out)
        # where a link leads to nothing yet, the folder is made there
        out.resolve().mkdir()
    foreign = [name for name in (REPORT, METRICS) if (out / name).exists()]
    if foreign and not _is_ours(out):
        raise OutputError(
            f"cannot write {out}: it holds {foreign[0]!r}, which a run of all experiments did not write; "
            f"choose another folder"
        )
    for name in experiments:
        check_output_folder(out / name)


def _is_ours(out: Path) -> bool:
    """Say whether a run of all experiments wrote the report of a folder; one on its own lists more files."""
    try:
        return json.loads((out / _MARKER).read_text(encoding="utf-8")) == _MARKED
    except (OSError, ValueError):
        return False


def _is_good(folder: Path, mark: str) -> bool:
    """Say whether a folder holds all that a run with this mark left in it."""
    try:
        found = _read(folder)
        json.loads((folder / METRICS).read_text(encoding="utf-8"))
        written = json.loads((folder / _MARKER).read_text(encoding="utf-8"))["files"]
        return found["fingerprint"] == mark and all((folder / name).is_file() for name in written)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / CLAIMS).read_text(encoding="utf-8"))


def _numbers(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        outcome.name: {"error": outcome.error}
        if outcome.error
        else {
            "claims": outcome.claims,
            "metrics": json.loads((outcome.folder / METRICS).read_text(encoding="utf-8")),
        }
        for outcome in outcomes
    }


def _write_json(path: Path, content: Any) -> None:
    with atomic_file(path) as partial:
        partial.write_text(f"{json.dumps(content, indent=1, allow_nan=False)}\n", encoding="utf-8")
