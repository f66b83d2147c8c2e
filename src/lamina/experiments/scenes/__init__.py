r"""Scanned natural scenes teach single photoreceptors L1, L2 and L3, and noise widens their filters.

An eye that turns at constant velocity sees the contrast along a row of the scene go by. Past and future of
this signal, with photoreceptor noise added,

.. math:: y_t = \frac{c(x_0 - v t) - \bar c}{\operatorname{std} c} + \sigma \varepsilon_t,

have two canonical directions of note. The first is a low-pass filter, which follows a staircase of luminance
as L3 does; the second a smoothed derivative, whose two halves answer steps up and down as L1 and L2 do. Both
depend on the autocovariance alone. Noise hides all frequencies above the one at which the scan is as weak as
the noise, :math:`S(f_c) = \sigma^2`, and the first lobe of a filter is a fixed fraction of
:math:`1 / f_c` long: this is why filters widen with noise. Beside photographs stand dead leaves, opaque discs
of all sizes, whose autocovariance and so filters are known in closed form; scenes without any structure; and
an eye that does not blur.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.registry import Experiment, Panel
from lamina.experiments.scenes.config import ScenesConfig
from lamina.experiments.scenes.run import ScenesResult, run
from lamina.experiments.scenes.statements import claims
from lamina.experiments.scenes.summary import metrics


def _draw(result: ScenesResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.scenes.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: ScenesResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.scenes.report import write_report

    return write_report(result, figures, path)


SCENES = Experiment(
    name="scenes",
    title="What one photoreceptor learns from scanned scenes",
    summary="scanned scenes teach L1, L2 and L3, and noise widens their filters (Figs. 2D, 4)",
    source="Figs. 2D, 4",
    config=ScenesConfig(),
    quick=ScenesConfig(n_seeds=1, n_levels=5),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "filters",
            "The first two filters at three noise levels, learned from photographs and from dead leaves. "
            "Dashed: what the closed form of the dead-leaves model predicts.",
            "A low-pass filter and a smoothed derivative; both widen as noise grows, and theory lies on top.",
        ),
        Panel(
            "staircase",
            "Answers to a staircase of luminance: L3 follows, L1 answers steps up, L2 steps down.",
            "L3 climbs and descends with the luminance; L1 and L2 answer each step briefly.",
        ),
    ),
    seconds=30.0,
    takes_images=True,
)

__all__ = ["SCENES", "ScenesConfig", "ScenesResult", "run"]
