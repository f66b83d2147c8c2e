r"""Three layers learn from both directions of motion at once, and T4a, T4b, T5a and T5b arise.

The paper trains two layers on motion one way, and mentions three layers that learn from both without
describing them. Here the third layer holds two groups of units that compete. Each forecasts what it will see
next from what it sees now, :math:`\hat f_k = A_k p`, and what is seen teaches only the group whose share of
the error

.. math:: \frac{q_k}{\sum_j q_j}, \qquad q_k = \sum_c \frac{(f - A_k p)_c^2}{s_c^2}

has been smaller of late (`lamina.circuits.competition.compete`). Nobody says which way a scene moves; the
groups come to stand for the two directions. In each, one canonical direction is silent when motion goes as
that group expects, and answers brightening edges with one half and darkening edges with the other when it
goes the other way: T4 and T5. Without the competition every canonical direction is even or odd under
exchange of left and right, and no cell tells directions apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.registry import Experiment, Panel
from lamina.experiments.three_layers.config import ThreeLayersConfig
from lamina.experiments.three_layers.run import ThreeLayersResult, run
from lamina.experiments.three_layers.summary import claims, metrics


def _draw(result: ThreeLayersResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.three_layers.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: ThreeLayersResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.three_layers.report import write_report

    return write_report(result, figures, path)


THREE_LAYERS = Experiment(
    name="three-layers",
    title="Three layers, both directions at once",
    summary="three layers learn from both directions of motion at once: T4a, T4b, T5a and T5b arise",
    source="beyond the paper",
    config=ThreeLayersConfig(),
    quick=ThreeLayersConfig(n_seeds=1, control_seeds=1, n_untrained=10, row_step=16, max_rounds=12),
    run=run,
    metrics=metrics,
    claims=claims,
    draw=_draw,
    compose=_compose,
    panels=(
        Panel(
            "selectivity",
            "A: index of the four cells on held-out scenes, pattern and gratings, a dot for each repetition. "
            "B: mean of the four, with something taken away.",
            "The four cells pass the bar; without competition they do not arise.",
        ),
    ),
    seconds=90.0,
    takes_images=True,
)

__all__ = ["THREE_LAYERS", "ThreeLayersConfig", "ThreeLayersResult", "run"]
