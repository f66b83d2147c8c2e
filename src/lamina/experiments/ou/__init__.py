r"""A process whose answer is known: three hidden states, seen through noise.

A linear system that white noise drives, partly observed,

.. math:: x_{t+1} = A x_t + B w_t, \qquad y_t = C x_t + v_t, \qquad
          R_k = C A^k P C^\top + [k = 0]\, r, \qquad P = A P A^\top + B B^\top,

has a past and a future that are tied by its states alone: it has as many canonical correlations above 0 as it
has states, and they follow from its matrices. Fits to recordings of 1000 to a million samples are set beside
them. Their errors should fall as :math:`T^{-1/2}` with a factor that Bartlett's formula gives, their bias as
:math:`T^{-1}`, and what the three units span should become what the Kalman filter of the system spans.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.ou.config import OUConfig
from lamina.experiments.ou.run import OUResult, run
from lamina.experiments.ou.summary import claims, metrics
from lamina.experiments.registry import Experiment, Panel


def _draw(result: OUResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.ou.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: OUResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.ou.report import write_report

    return write_report(result, figures, path)


OU = Experiment(
    name="ou",
    title="A process whose answer is known",
    summary="fits to a partly observed OU process converge to its population at theory's rate (Fig. 2B)",
    source="Fig. 2B",
    config=OUConfig(),
    quick=OUConfig(n_seeds=8, lengths=(1000, 3162, 10_000, 31_623, 100_000, 316_228), n_draws=100),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "population",
            "A recording, the past filters, canonical correlations and information, of the population and of "
            "fits to as many samples as the paper's.",
            "Three correlations stand out in the population; fits agree, and add a floor of spurious ones.",
        ),
        Panel(
            "convergence",
            "Errors of fits against the length of the recording, with theory as lines; fitted correlations; "
            "their bias; and the angles to the Kalman predictor of the states.",
            "Errors fall as one over the root of the length, along theory's lines.",
        ),
    ),
    seconds=11.0,
)

__all__ = ["OU", "OUConfig", "OUResult", "run"]
