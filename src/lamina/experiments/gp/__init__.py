r"""Filters that follow the noise: a Gaussian process with a rational quadratic kernel.

A signal whose correlations fall as a power of the lag, as those of contrast in natural scenes do, is seen
through white noise,

.. math:: k(\tau) = \left(1 + \frac{\tau^2}{2 \alpha \ell^2}\right)^{-\alpha}, \qquad
          R_k = k(k) + [k = 0]\, \sigma^2,

and the covariances of its past and future are blocks of this autocovariance: correlations and filters of the
population need no sample. With noise the correlations fall, and the filters lose lobes and widen. Fits
to recordings of ten thousand to a million samples converge to them as :math:`T^{-1/2}`, with the factor that
Bartlett's formula gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.gp.config import GPConfig
from lamina.experiments.gp.lobes import count_lobes
from lamina.experiments.gp.run import GPResult, run
from lamina.experiments.gp.summary import claims, metrics
from lamina.experiments.registry import Experiment, Panel


def _draw(result: GPResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.gp.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: GPResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.gp.report import write_report

    return write_report(result, figures, path)


GP = Experiment(
    name="gp",
    title="Filters that follow the noise",
    summary="noise takes lobes from the filters of a Gaussian process; fits converge (Figs. 2C, 3A–C)",
    source="Figs. 2C, 3A–C",
    config=GPConfig(),
    quick=GPConfig(n_seeds=6, lengths=(10_000, 31_623, 100_000, 316_228), n_lobe_noises=13),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "filters",
            "The two filters at three noises: lines are the population's, bands span fits. Dotted: what a "
            "lobe has to rise above.",
            "Both filters lose lobes and widen with noise.",
        ),
        Panel(
            "noise",
            "Spectrum and information for three noises, and lobes and width of the filters against noise.",
            "With noise correlations fall, lobes vanish and filters widen.",
        ),
        Panel(
            "convergence",
            "Errors of fits against the length of the recording, with theory as lines.",
            "Errors fall as one over the root of the length, beside theory's lines.",
        ),
    ),
    seconds=22.0,
)

__all__ = ["GP", "GPConfig", "GPResult", "count_lobes", "run"]
