r"""How much there is to predict: canonical correlations of the common kernels.

For a Gaussian process the canonical correlations of past and future follow from its kernel alone. A kernel of
the form

.. math:: k(\tau) = C A^\tau P C^\top

with r states has exactly r of them above 0, with noise or without: the exponential kernel one,
:math:`e^{-g/\ell}` at gap g, Matérn kernels two or three, a damped cosine two, in closed form. Others have
infinitely many. The paper says that for most kernels they decay rapidly, and for complicated ones, such as
oscillatory ones, they do not, and gives no number: five kernels that do not oscillate stand beside five that
do, and the fifth correlation of each is reported. A cosine that is damped exponentially has two correlations
however slowly it is damped, and no third: what the paper says takes many oscillations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.kernels.config import KernelsConfig
from lamina.experiments.kernels.run import KernelsResult, run
from lamina.experiments.kernels.summary import claims, metrics
from lamina.experiments.registry import Experiment, Panel


def _draw(result: KernelsResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.kernels.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: KernelsResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.kernels.report import write_report

    return write_report(result, figures, path)


KERNELS = Experiment(
    name="kernels",
    title="How much there is to predict",
    summary="canonical correlations of ten kernels, with closed forms and what makes them many (Supplement)",
    source="Supplement",
    config=KernelsConfig(),
    quick=KernelsConfig(noises=(0.0, 0.1, 1.0), dampings=7, n_samples=20_000),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "spectra",
            "Kernels, their canonical correlations, and the share of the information that the first "
            "directions hold: left without oscillations, right with them.",
            "Without oscillation correlations fall steeply; with many oscillations they stay high.",
        ),
    ),
    seconds=3.0,
)

__all__ = ["KERNELS", "KernelsConfig", "KernelsResult", "run"]
