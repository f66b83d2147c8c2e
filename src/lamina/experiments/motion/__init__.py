"""Figures 4 and 5 of the paper: natural scenes teach two layers the fly's motion pathway.

`run` gives the numbers, `MOTION` is what the command line runs: it also writes report, figures and models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lamina._checks import check_integer
from lamina.experiments.motion.config import EXPECTED, MotionConfig
from lamina.experiments.motion.run import MotionResult, Repetition, run
from lamina.experiments.motion.summary import DETECTORS, metrics, table
from lamina.experiments.registry import Reproduction
from lamina.typing import Progress


@dataclass(frozen=True)
class MotionExperiment:
    """The motion experiment, as the registry knows it."""

    name: str = "motion"
    summary: str = "natural scenes teach two layers the fly's motion detectors T4a and T4b (Figs. 4, 5)"

    def reproduce(
        self,
        out: Path | None,
        *,
        seed: int = 0,
        n_seeds: int | None = None,
        images: Path | None = None,
        field_of_view_deg: float | None = None,
        progress: Progress | None = None,
    ) -> Reproduction:
        """Run the experiment, and write its folder if asked to.

        Parameters
        ----------
        out
            Folder for report.html, figures, metrics.json and the networks; None writes nothing.
        seed
            Seed of everything random, at least 0.
        n_seeds
            Repetitions; ten if not given.
        images, field_of_view_deg
            A folder of images, and the angle that each spans; the bundled photographs if not given.
        progress
            Called now and then with the fraction done and what is being done.

        Returns
        -------
        Reproduction
            Numbers, the table for the terminal, and where the report is.

        Raises
        ------
        ArgumentError, DataError, FileError
            As for `run`.
        OutputError
            If the folder cannot be written; nothing is left of it then.
        """
        config = replace(MotionConfig(), seed=seed)
        if n_seeds is not None:
            check_integer("n_seeds", n_seeds, minimum=1)
            config = replace(config, n_seeds=n_seeds, choice_seeds=min(config.choice_seeds, n_seeds))
        result = run(config, images=images, field_of_view_deg=field_of_view_deg, progress=progress)
        report = None if out is None else write(result, out)
        return Reproduction(metrics(result), table(result), report)


def write(result: MotionResult, out: Path) -> Path:
    """Write a run as a folder, whole or not at all.

    Parameters
    ----------
    result
        A run.
    out
        The folder; one of an earlier run is replaced.

    Returns
    -------
    The report.

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds files that lamina did not write.
    """
    # matplotlib is loaded only now: who wants numbers need not wait for it
    from lamina.experiments.folder import write_folder
    from lamina.experiments.motion.figures import draw_figures
    from lamina.experiments.motion.report import write_report

    cells = result.repetitions[0].cells
    return write_folder(
        out,
        result,
        draw_figures=draw_figures,
        write_report=write_report,
        metrics=metrics(result),
        models={cell.lower(): cells[cell].detector.network for cell in DETECTORS},
    )


MOTION = MotionExperiment()

__all__ = [
    "EXPECTED",
    "MOTION",
    "MotionConfig",
    "MotionExperiment",
    "MotionResult",
    "Repetition",
    "run",
    "write",
]
