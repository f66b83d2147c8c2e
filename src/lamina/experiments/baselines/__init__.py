r"""Canonical correlation keeps more about the future than other ways of choosing filters, unit by unit.

With past :math:`p`, future :math:`f` and outputs :math:`z = \Psi p` of r filters, what the outputs tell about
the future is

.. math:: I(z; f) = -\tfrac12 \ln \det\!\left(I - C_{zz}^{-1/2} C_{zf} C_{ff}^{-1} C_{fz}
          C_{zz}^{-1/2}\right).

CCA makes it largest for every r; reduced-rank regression makes the squared error of the forecast smallest.
Both stand here beside the singular vectors of the cross-covariance (the "pca" of the paper's code), ridge
regression and slow features, on a linear system and a Gaussian process, in closed form and from recordings,
and on photographs that drift past a photoreceptor.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.baselines.config import BaselinesConfig
from lamina.experiments.baselines.run import BaselinesResult, run
from lamina.experiments.baselines.summary import claims, metrics
from lamina.experiments.registry import Experiment, Panel


def _draw(result: BaselinesResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.baselines.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: BaselinesResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.baselines.report import write_report

    return write_report(result, figures, path)


BASELINES = Experiment(
    name="baselines",
    title="What canonical correlation keeps that others lose",
    summary="information and forecast error of CCA, reduced-rank regression, PCA, ridge and slow features",
    source="Paper's code",
    config=BaselinesConfig(),
    quick=BaselinesConfig(n_seeds=1, lengths=(1_000, 10_000), row_step=8),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "ranks",
            "Information about the future (top) and forecast error (bottom) against the number of units, on "
            "recordings not learned from.",
            "Information and forecast error of the five methods against the number of units.",
        ),
    ),
    seconds=14.0,
)

__all__ = ["BASELINES", "BaselinesConfig", "BaselinesResult", "run"]
