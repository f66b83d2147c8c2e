"""Circuits composed of rectified spectral units; so far the fly's motion pathway."""

from lamina.circuits.competition import Competition, compete
from lamina.circuits.detector import MotionDetector, choose_detector, detector_inputs
from lamina.circuits.motion import fit_motion_network, learn_motion_detector, motion_layers
from lamina.circuits.selectivity import direction_selectivity_index, peak_response

__all__ = [
    "Competition",
    "MotionDetector",
    "choose_detector",
    "compete",
    "detector_inputs",
    "direction_selectivity_index",
    "fit_motion_network",
    "learn_motion_detector",
    "motion_layers",
    "peak_response",
]
