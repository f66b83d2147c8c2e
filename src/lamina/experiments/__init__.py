"""The paper's experiments: each a frozen config, a run that gives numbers, and what they should be."""

from lamina.experiments.adaptation import ADAPTATION
from lamina.experiments.claims import Claim
from lamina.experiments.local_learning import LOCAL
from lamina.experiments.motion import MOTION
from lamina.experiments.registry import Experiment, Panel, Reproduction, Row

REGISTRY: dict[str, Experiment] = {each.name: each for each in (ADAPTATION, MOTION, LOCAL)}
"""Every experiment that the command line can run, by name."""

__all__ = ["REGISTRY", "Claim", "Experiment", "Panel", "Reproduction", "Row"]
