"""Figure S2 of the paper: noise changes at once, and the filter follows.

`run` gives the numbers, `ADAPTATION` is what the command line runs: it also writes report and figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lamina._checks import check_integer
from lamina.experiments.adaptation.config import AdaptationConfig
from lamina.experiments.adaptation.run import AdaptationResult, run
from lamina.experiments.adaptation.summary import metrics, table
from lamina.experiments.registry import Reproduction, refuse_images
from lamina.typing import Progress


@dataclass(frozen=True)
class AdaptationExperiment:
    """The adaptation experiment, as the registry knows it."""

    name: str = "adaptation"
    summary: str = "after an abrupt change of noise the filter follows within ten lag vectors (Fig. S2)"

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
        config = replace(AdaptationConfig(), seed=seed)
        if n_seeds is not None:
            config = replace(config, n_seeds=check_integer("n_seeds", n_seeds, minimum=1))
        result = run(config, progress=progress)
        report = None if out is None else write(result, out)
        return Reproduction(metrics(result), table(result), report)


def write(result: AdaptationResult, out: Path) -> Path:
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
    from lamina.experiments.adaptation.figures import draw_figures
    from lamina.experiments.adaptation.report import write_report
    from lamina.experiments.folder import write_folder

    return write_folder(
        out, result, draw_figures=draw_figures, write_report=write_report, metrics=metrics(result)
    )


ADAPTATION = AdaptationExperiment()

__all__ = [
    "ADAPTATION",
    "AdaptationConfig",
    "AdaptationExperiment",
    "AdaptationResult",
    "run",
    "write",
]
