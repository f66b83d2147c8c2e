r"""Units that learn by local rules, beside batch CCA: three processes, ten seeds, in the order of time.

Two rules from the literature see one pair of past and future at a time,

.. math:: z = (I + M)^{-1} (W^\top x + V^\top y), \qquad \Delta W = \eta\, x\, (z - \Lambda W^\top x)^\top,

and are compared with the filters that batch CCA finds on the same recording: by the angles between the
subspaces, and unit by unit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.local_learning.config import LocalLearningConfig
from lamina.experiments.local_learning.run import LocalLearningResult, run
from lamina.experiments.local_learning.summary import claims, metrics, table
from lamina.experiments.registry import Experiment, Panel


def _draw(result: LocalLearningResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.local_learning.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: LocalLearningResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.local_learning.report import write_report

    return write_report(result, figures, path)


LOCAL = Experiment(
    name="local",
    title="Units that learn by local rules",
    summary="local rules learn, sample after sample, the filters of batch CCA",
    source="beyond the paper",
    config=LocalLearningConfig(),
    quick=LocalLearningConfig(n_seeds=2, checkpoints=(1_000, 10_000, 100_000)),
    run=run,
    metrics=metrics,
    claims=claims,
    table=table,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "curves",
            "Distance from batch CCA on the same recording, mean over seeds; bands span them. Solid: in the "
            "order of time. Dotted: the same windows shuffled. *Plain*: constant rate, last weights. Dashed: "
            "the aim.",
            "Error falls with steps for the averaged rules and levels off for the plain one.",
        ),
    ),
    seconds=60.0,
)

__all__ = ["LOCAL", "LocalLearningConfig", "LocalLearningResult", "run"]
