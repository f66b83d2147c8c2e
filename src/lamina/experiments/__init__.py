"""The experiments of the paper and beyond: each a frozen config, a run that gives numbers, and its claims."""

from lamina.experiments.adaptation import ADAPTATION
from lamina.experiments.baselines import BASELINES
from lamina.experiments.claims import Claim
from lamina.experiments.depth import DEPTH
from lamina.experiments.gp import GP
from lamina.experiments.kernels import KERNELS
from lamina.experiments.local_learning import LOCAL
from lamina.experiments.motion import MOTION
from lamina.experiments.motion_2d import MOTION_2D
from lamina.experiments.motion_local import MOTION_LOCAL
from lamina.experiments.ou import OU
from lamina.experiments.registry import Experiment, Panel, Reproduction, Row
from lamina.experiments.scenes import SCENES
from lamina.experiments.three_layers import THREE_LAYERS

REGISTRY: dict[str, Experiment] = {
    each.name: each
    for each in (
        OU,
        GP,
        KERNELS,
        ADAPTATION,
        SCENES,
        MOTION,
        BASELINES,
        LOCAL,
        MOTION_LOCAL,
        THREE_LAYERS,
        MOTION_2D,
        DEPTH,
    )
}
"""Every experiment that the command line can run, by name, in the order of the paper."""

__all__ = ["REGISTRY", "Claim", "Experiment", "Panel", "Reproduction", "Row"]
