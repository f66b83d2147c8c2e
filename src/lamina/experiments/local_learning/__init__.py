"""Units that learn by local rules, beside batch CCA: three processes, ten seeds, in the order of time.

`run` gives the numbers, `LOCAL` is what the command line runs: it also writes report and figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lamina._checks import check_integer
from lamina.experiments.local_learning.config import LocalLearningConfig
from lamina.experiments.local_learning.run import LocalLearningResult, run
from lamina.experiments.local_learning.summary import metrics, table
from lamina.experiments.registry import Reproduction, refuse_images
from lamina.typing import Progress


@dataclass(frozen=True)
class LocalLearningExperiment:
    """The experiment on local learning, as the registry knows it."""

    name: str = "local"
    summary: str = "local rules learn, sample after sample, the filters of batch CCA"

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
            Folder for report.html, figures and metrics.json; None writes nothing.
        seed
            Seed of everything random, at least 0.
        n_seeds
            Repetitions; ten if not given.
        images, field_of_view_deg
            Not for this experiment, which makes its own data.
        progress
            Called now and then with the fraction done and what is being done.

        Returns
        -------
        Reproduction
            Numbers, the table for the terminal, and where the report is.

        Raises
        ------
        ArgumentError
            If a setting cannot be, or images are given.
        OutputError
            If the folder cannot be written; nothing is left of it then.
        """
        refuse_images(self.name, images, field_of_view_deg)
        config = replace(LocalLearningConfig(), seed=seed)
        if n_seeds is not None:
            config = replace(config, n_seeds=check_integer("n_seeds", n_seeds, minimum=1))
        result = run(config, progress=progress)
        report = None if out is None else write(result, out)
        return Reproduction(metrics(result), table(result), report)


def write(result: LocalLearningResult, out: Path) -> Path:
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
    from lamina.experiments.local_learning.figures import draw_figures
    from lamina.experiments.local_learning.report import write_report

    return write_folder(
        out, result, draw_figures=draw_figures, write_report=write_report, metrics=metrics(result)
    )


LOCAL = LocalLearningExperiment()

__all__ = [
    "LOCAL",
    "LocalLearningConfig",
    "LocalLearningExperiment",
    "LocalLearningResult",
    "run",
    "write",
]
