"""Spike codes: signals to spikes and back, for whole signals and for streams."""

from lamina.encoding.code import SpikeCode
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.pulse_width_modulation import PulseWidthModulation
from lamina.encoding.registry import CODES
from lamina.encoding.scaling import Scaling
from lamina.encoding.step_forward import StepForwardConverter
from lamina.encoding.streaming import StreamState

__all__ = [
    "CODES",
    "LIFBasedEncoding",
    "PulseWidthModulation",
    "Scaling",
    "SpikeCode",
    "StepForwardConverter",
    "StreamState",
]
