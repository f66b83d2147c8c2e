"""Natural scenes teach two layers the fly's motion pathway, layer 1 its lamina cells and layer 2 T4 and T5.

Photographs drift past three photoreceptors. Layer 1 looks at one of them: its first canonical direction is
L3, the halves of its second are L1 and L2. Layer 2 looks at L1 and L3 of all three, without memory of its
own, so that its filters are six weights. It is trained on motion one way, and tested on patterns that it has
not seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.experiments.motion.config import EXPECTED, MotionConfig
from lamina.experiments.motion.paper_claims import claims
from lamina.experiments.motion.run import MotionResult, Repetition, run
from lamina.experiments.motion.summary import DETECTORS, metrics, table
from lamina.experiments.registry import Experiment, Panel


def _draw(result: MotionResult, folder: Path) -> dict[str, Path]:
    from lamina.experiments.motion.figures import draw_figures

    return draw_figures(result, folder)


def _compose(result: MotionResult, figures: dict[str, Path], path: Path) -> Any:
    from lamina.experiments.motion.report import write_report

    return write_report(result, figures, path)


def _models(result: MotionResult) -> dict[str, Any]:
    cells = result.repetitions[0].cells
    return {cell.lower(): cells[cell].detector.network for cell in DETECTORS}


MOTION = Experiment(
    name="motion",
    title="How a fly could learn to see motion",
    summary="natural scenes teach two layers the fly's motion detectors T4a and T4b (Figs. 4, 5)",
    source="Fig. 5",
    config=MotionConfig(),
    quick=MotionConfig(n_seeds=1, choice_seeds=1, n_untrained=50, row_step=8, level_step=20),
    run=run,
    metrics=metrics,
    claims=claims,
    table=table,
    draw=_draw,
    compose=_compose,
    models=_models,
    panels=(
        Panel(
            "overview",
            "What three photoreceptors see, the filters that layer 1 learns, how layer 2 answers edges "
            "that move either way, and the index of its detectors beside the controls.",
            "Filters, responses, indices: the detectors answer one direction of motion.",
        ),
    ),
    seconds=200.0,
    takes_images=True,
)

__all__ = ["EXPECTED", "MOTION", "MotionConfig", "MotionResult", "Repetition", "run"]
