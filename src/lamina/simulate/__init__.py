"""Worlds with known answers: stochastic processes, and moving patterns as a retina sees them."""

from lamina.simulate.acceptance import blurred_square_wave, blurred_step, sine_attenuation
from lamina.simulate.retina import Retina
from lamina.simulate.staircase import luminance_staircase
from lamina.simulate.stimuli import drifting_grating, moving_bar, moving_edge

__all__ = [
    "Retina",
    "blurred_square_wave",
    "blurred_step",
    "drifting_grating",
    "luminance_staircase",
    "moving_bar",
    "moving_edge",
    "sine_attenuation",
]
