"""All experiments in one go: several at a time, each written as soon as it is done, none run twice."""

from __future__ import annotations

import json
import multiprocessing
import os
import queue
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina._checks import check_integer
from lamina.errors import LaminaError, OutputError
from lamina.experiments.fingerprint import fingerprint
from lamina.experiments.folder import CLAIMS, METRICS, REPORT
from lamina.io import atomic_file, check_output_folder
from lamina.typing import Progress

if TYPE_CHECKING:
    from lamina.experiments.registry import Experiment

_MARKER = ".lamina"
_PATIENCE_S = 0.2


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
    """

    name: str
    folder: Path
    summary: dict[str, Any]
    repeated: bool
    error: str = ""

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
    OutputError
        If a folder cannot be written, or holds files that lamina did not write.
    """
    count = _cores() if jobs is None else check_integer("jobs", jobs, minimum=1)
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
        errors = _in_processes(waiting, out, tasks, min(count, len(waiting)), shown)
    outcomes = [
        Outcome(name, out / name, {}, True, errors[name])
        if errors.get(name)
        else Outcome(name, out / name, _read(out / name), name not in good)
        for name in experiments
    ]
    from lamina.experiments.joint_report import write_joint_report

    report = write_joint_report(outcomes, out / REPORT, quick=quick, seed=seed)
    _write_numbers(outcomes, out)
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
        return str(error)
    except Exception as error:  # the others go on, and the report says which one did not
        return f"unexpected {type(error).__name__}: {error}"
    return ""


def _in_processes(
    names: Sequence[str], out: Path, tasks: Mapping[str, Mapping[str, Any]], count: int, shown: _Shown
) -> dict[str, str]:
    # a fresh interpreter each: a fork would copy threads of NumPy's in whatever state they are
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    threads = max(1, _cores() // count)
    pool = ProcessPoolExecutor(count, context, initializer=_prepare, initargs=(told, threads))
    running: dict[Future[str], str] = {}
    errors: dict[str, str] = {}
    try:
        for name in names:
            running[pool.submit(_work, name, out / name, dict(tasks[name]))] = name
        while running:
            done, _ = wait(running, timeout=_PATIENCE_S, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                failure = future.exception()
                errors[name] = (
                    f"unexpected {type(failure).__name__}: {failure}" if failure else future.result()
                )
                shown.tell(name, 1.0, "done")
            _pass_on(told, shown.tell)
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()
    return errors


def _pass_on(told: Any, tell: Callable[[str, float, str], None]) -> None:
    while True:
        try:
            tell(*told.get_nowait())
        except queue.Empty:
            return


_told: Any = None


def _prepare(told: Any, threads: int) -> None:
    """Make a process ready: it tells how far it is, leaves interrupts to its parent, and minds the cores."""
    global _told
    _told = told
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # so that a folder that is half written is removed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    import numpy.linalg
    import scipy.linalg
    from threadpoolctl import threadpool_limits

    del numpy, scipy  # loaded so that there are thread pools to limit
    threadpool_limits(threads)


def _work(name: str, folder: Path, task: Mapping[str, Any]) -> str:
    from lamina.experiments import REGISTRY

    return _attempt(REGISTRY[name], folder, task, lambda fraction, text: _told.put((name, fraction, text)))


def _given(task: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in task.items() if key not in ("seed", "quick") and value is not None}


def _check_place(out: Path, experiments: Mapping[str, Experiment]) -> None:
    """See before any work that everything can be written, and make the folder."""
    if not out.exists():
        check_output_folder(out)
        out.mkdir()
    elif not out.is_dir():
        check_output_folder(out)
    foreign = [name for name in (REPORT, METRICS) if (out / name).exists()]
    if foreign and not (out / _MARKER).exists():
        raise OutputError(
            f"cannot write {out}: it holds {foreign[0]!r}, which a run of all experiments did not write; "
            f"choose another folder"
        )
    for name in experiments:
        check_output_folder(out / name)


def _is_good(folder: Path, mark: str) -> bool:
    try:
        found = _read(folder)
    except (OSError, ValueError):
        return False
    panels = found.get("panels", [])
    pictures = [folder / "figures" / f"{panel['figure']}.svg" for panel in panels]
    return found.get("fingerprint") == mark and all(file.is_file() for file in (*pictures, folder / REPORT))


def _read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / CLAIMS).read_text(encoding="utf-8"))


def _write_numbers(outcomes: Sequence[Outcome], out: Path) -> None:
    numbers = {
        outcome.name: {"error": outcome.error}
        if outcome.error
        else {
            "claims": outcome.claims,
            "metrics": json.loads((outcome.folder / METRICS).read_text(encoding="utf-8")),
        }
        for outcome in outcomes
    }
    for name, content in ((METRICS, numbers), (_MARKER, {"files": [REPORT, METRICS]})):
        with atomic_file(out / name) as partial:
            partial.write_text(f"{json.dumps(content, indent=1, allow_nan=False)}\n", encoding="utf-8")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
