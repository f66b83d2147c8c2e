r"""The motion pathway learned by a rule local to its synapses, one sample after another.

Both layers of the motion pathway learn from photographs that drift past three photoreceptors, in the order of
time, by the asymmetric rule of `lamina.resu.LocalReSU`: with past x, future y, a = Wx, b = Vy and
z = (I + M)⁻¹(a + b),

.. math:: \Delta W = \eta\, (z - \Lambda a)\, x^\top, \quad \Delta V = \eta\, (z - \Gamma b)\, y^\top, \quad
          \Delta M = \eta\, \operatorname{tril}(z z^\top, -1).

The lags of a smooth signal are nearly collinear, and such a rule learns directions of small variance slowly.
Here synapses see cosines of the past (and, in layer 2, of the three pixels), each with a gain of its own:
then filters, detectors and their direction selectivity come close to those of batch CCA.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.motion_local.config import MotionLocalConfig
from lamina.experiments.motion_local.run import MotionLocalResult, run
from lamina.experiments.motion_local.summary import claims, metrics
from lamina.experiments.registry import Experiment, Panel


def _draw(result: MotionLocalResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.motion_local.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: MotionLocalResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.motion_local.report import write_report

    return write_report(result, figures, path)


MOTION_LOCAL = Experiment(
    name="motion-local",
    title="The motion pathway, learned one sample after another",
    summary="both layers of the motion pathway by a local rule in the order of time, beside batch CCA",
    source="beyond the paper",
    config=MotionLocalConfig(),
    quick=MotionLocalConfig(
        n_seeds=1, pathways=("T4",), row_step=16, passes=4, passes_2=12, checkpoints=(0.05, 0.3, 1.0, 3.0)
    ),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "learning",
            "How near both layers come to batch CCA as samples come in, and the direction selectivity of the "
            "detectors; open marks: both layers by batch CCA.",
            "Agreement with batch CCA and selectivity against the number of samples learned from.",
        ),
    ),
    seconds=75.0,
)

__all__ = ["MOTION_LOCAL", "MotionLocalConfig", "MotionLocalResult", "run"]
