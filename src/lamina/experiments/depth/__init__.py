r"""Whether depth helps: networks of one to four layers beside one layer of as many units.

Rows of photographs drift past nine photoreceptors, each movie at a velocity of its own, with noise.
Networks of one to four layers see them through the same window in space and time, the deeper ones in
smaller steps: their widths and memories add up,

.. math:: \sum_l (w_l - 1) = P - 1, \qquad \sum_l (m_l - 1) = m - 1, \qquad
          g_l = 1 + \sum_{k < l} (m_k - 1),

with gaps that keep past and future of every layer apart. The stack is set beside one layer of as many units
as its top has, and beside one layer of as many units as it has in all; further beside networks that are not
rectified within, have random weights, look as far ahead with one layer, take principal components, or see
more the deeper they are. On rows that none has learned from it is measured how much the top tells about the
photoreceptors' future by a linear forecast, and how well a linear read-out of its averaged outputs finds
speed and signed velocity.

What can be expected: among linear maps of one window, canonical directions keep the most information about
the next samples, so linear layers can only lose some of it (data-processing inequality); rectified ones
might gain, for drifting scenes are not Gaussian. And a stack that has learned from movies and their mirror
images alike has units that are even or odd in space. For these the mean of ON less OFF,

.. math:: \mathrm{E}[z \mid v] = \sum_i w_i \, \mathrm{E}[x_i \mid v] = 0 \quad \text{(odd units)},

carries no direction, at any depth: the means of lower units are the same for v and −v, and the weights of
an odd unit cancel them. So signed velocity is asked of networks that have learned from motion one way, as
the paper's T4a and T4b have, and speed of those that have learned from motion either way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.depth.config import DepthConfig
from lamina.experiments.depth.run import DepthResult, run
from lamina.experiments.depth.summary import claims, metrics
from lamina.experiments.registry import Experiment, Panel


def _draw(result: DepthResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.depth.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: DepthResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.depth.report import write_report

    return write_report(result, figures, path)


DEPTH = Experiment(
    name="depth",
    title="Does depth help?",
    summary="information and velocity against the number of layers, with window and units matched",
    source="beyond the paper",
    config=DepthConfig(),
    quick=DepthConfig(n_seeds=2, depths=(1, 4), units=3, row_step=24, noises=(0.05,)),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "depth",
            "What the top of a stack keeps of the future, and the speed and velocity that can be read from "
            "it, on held-out rows, against its number of layers; beside it, one layer of as many units in "
            "all, and other controls. Bars: standard error over repetitions.",
            "Curves against depth of the stack, of one layer of as many units, and of controls.",
        ),
    ),
    seconds=110.0,
)

__all__ = ["DEPTH", "DepthConfig", "DepthResult", "run"]
