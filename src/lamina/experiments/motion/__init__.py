r"""Natural scenes teach two layers the fly's motion pathway, layer 1 its lamina cells and layer 2 T4 and T5.

Photographs drift past three photoreceptors. Layer 1 looks at one of them: its first canonical direction is
L3, the halves of its second are L1 and L2. Layer 2 looks at L1 and L3 of all three, without memory of its
own, so that its filters are six weights. It is trained on motion one way, and tested on patterns and on
rows of the photographs that it has not seen. How much more a unit answers one way is its direction
selectivity index,

.. math:: \mathrm{DSI} = \frac{P - N}{P + N},

of its peak responses :math:`P` to the preferred and :math:`N` to the null direction of a pattern with as
many ON as OFF edges.

Two kinds of units are looked at. The *second direction* is the paper's T4: it prefers the motion that it
was trained on, but only a little, and its weights correlate with the connectome's, as the paper says, though
six weights whose sign is free do so by chance not rarely. The *chosen* units are those of twelve half
directions that are most selective on the training scenes; they answer one direction and not the other,
prefer the motion opposite to training, and are unlike the connectome's T4. Both owe to L1 what they have:
L3 is not rectified, and drives them alike both ways. Beside them stand thresholds, gratings, edges and bars
over speed, inputs silenced one by one, an exact permutation test of the weights, every setting varied, each
image left out, and controls that are chosen by the same rule.
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
        Panel(
            "responses",
            "The paper's Fig. 5B. A: the ON/OFF pattern as three pixels see it. B and C: the first two "
            "directions of the network with the paper's settings. D: the second, rectified, with the "
            "threshold that silences the null direction. E and F: the unit chosen here, before and after "
            "rectification.",
            "Responses over time in the preferred and in the null direction, of three units.",
        ),
        Panel(
            "weights",
            "The paper's Fig. 5D. Weights of each unit, each cell type scaled to length 1; dots are "
            "repetitions. Hatched: the connectome's feed-forward weights onto T4a, mirrored for T4b. p: "
            "share of all orders of the six weights that correlate as much, with one sign or the other.",
            "Bars of six weights for each unit, beside the connectome's.",
        ),
        Panel(
            "robustness",
            "Index and responses of T4a and T4b as one setting at a time is varied, as images are left "
            "out, and over repetitions. Grey bar: the setting used; dashed: the index to reach.",
            "Curves of the index over spacing, gap, memory and noise.",
        ),
    ),
    seconds=150.0,
    takes_images=True,
)

__all__ = ["EXPECTED", "MOTION", "MotionConfig", "MotionResult", "Repetition", "run"]
