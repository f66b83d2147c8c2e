r"""Four directions of motion are learned on a grid of photoreceptors, and nobody says which way things move.

Photographs translate over a small eye in all directions. Layer 1 is the paper's: L3, L1 and L2 of every
photoreceptor. Layer 2 sees a photoreceptor and its four neighbours. One linear forecast does not fit all
directions at once, so four groups of units compete: at every position the one that has forecast best of late
learns. The error of group k, :math:`e_k = f - A_k p`, is Gaussian of covariance :math:`s^2 S_k` with an
unknown local contrast s, which leaves

.. math:: \ell_k = -\tfrac d2 \ln \langle e_k^\top S_k^{-1} e_k \rangle - \tfrac12 \ln \det S_k

to be compared. The groups settle on right, left, up and down, on photographs and on dead leaves, which prefer
no orientation: the axes are those of the lattice. A rectified canonical direction of each group, chosen on
training scenes, is a detector like T4a, b, c or d. Their tuning is measured with patterns in 24 directions,
and four of them at every position of a larger grid give local motion on parts of scenes not learned from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.motion_2d.config import Motion2DConfig
from lamina.experiments.motion_2d.run import Motion2DResult, run
from lamina.experiments.motion_2d.summary import claims, metrics
from lamina.experiments.registry import Experiment, Panel


def _draw(result: Motion2DResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.motion_2d.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: Motion2DResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.motion_2d.report import write_report

    return write_report(result, figures, path)


MOTION_2D = Experiment(
    name="motion-2d",
    title="Four directions of motion on a grid of photoreceptors",
    summary="T4a, b, c and d learned from scenes that move in all directions, and local motion on a grid",
    source="beyond the paper",
    config=Motion2DConfig(),
    quick=Motion2DConfig(n_seeds=1, movies=32, every=8, restarts=3, field_movies=2),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "tuning",
            "Peak response to the moving ON/OFF pattern, and the index of each detector beside controls.",
            "Each of the four cells prefers one cardinal direction.",
        ),
        Panel(
            "local_motion",
            "Local motion on parts of photographs not learned from: a whole scene, and a disc before it.",
            "Arrows follow the motion of the scene, and of the disc and its background.",
        ),
    ),
    seconds=105.0,
)

__all__ = ["MOTION_2D", "Motion2DConfig", "Motion2DResult", "run"]
