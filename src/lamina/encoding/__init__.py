"""Spike codes: signals to spikes and back, for whole signals and for streams."""

from lamina.encoding.code import SpikeCode
from lamina.encoding.registry import CODES
from lamina.encoding.scaling import Scaling
from lamina.encoding.step_forward import StepForwardConverter
from lamina.encoding.streaming import StreamState

__all__ = ["CODES", "Scaling", "SpikeCode", "StepForwardConverter", "StreamState"]
