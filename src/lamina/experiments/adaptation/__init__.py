r"""Noise changes at once, and the filter follows.

Sensory neurons change their temporal filters with the signal-to-noise ratio. Here the noise of a signal
changes from one sample to the next, and the covariances forget exponentially,

.. math:: C_{t+1} = \lambda C_t + w_{t+1} w_{t+1}^\top,

so that the filter that is computed from them is on its way to the one that belongs to the new noise. How far
it has come is the cosine with the filter of the population, which the kernel gives in closed form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.adaptation.config import AdaptationConfig
from lamina.experiments.adaptation.run import AdaptationResult, run
from lamina.experiments.adaptation.summary import claims, metrics, table
from lamina.experiments.registry import Experiment, Panel


def _draw(result: AdaptationResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.adaptation.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: AdaptationResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.adaptation.report import write_report

    return write_report(result, figures, path)


ADAPTATION = Experiment(
    name="adaptation",
    title="How fast a filter follows a change of noise",
    summary="after an abrupt change of noise the filter follows within ten lag vectors (Fig. S2)",
    source="Fig. S2",
    config=AdaptationConfig(),
    quick=AdaptationConfig(n_seeds=4, after=12, local_before=20, local_checkpoints=(1, 10)),
    run=run,
    metrics=metrics,
    claims=claims,
    table=table,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "forgetting",
            "Cosine with the new filter against time since the change. Mean over seeds, bands span them; "
            "dotted: the old filter; dashed: the aim, and ten lag vectors.",
            "From ten photoreceptors the new filter is reached in time; from one, too roughly.",
        ),
    ),
    seconds=25.0,
)

__all__ = ["ADAPTATION", "AdaptationConfig", "AdaptationResult", "run"]
