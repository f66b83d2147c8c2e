"""Worlds with known answers: stochastic processes, and moving patterns as a retina sees them."""

from lamina.simulate.acceptance import blurred_square_wave, blurred_step, sine_attenuation
from lamina.simulate.dead_leaves import dead_leaves, dead_leaves_correlation
from lamina.simulate.gaussian import generate_gp_data
from lamina.simulate.grid_retina import GridRetina
from lamina.simulate.grid_stimuli import drifting_grating_2d, moving_bar_2d, moving_edge_2d
from lamina.simulate.kernels import (
    exponential_kernel,
    matern32_kernel,
    matern52_kernel,
    oscillating_kernel,
    rational_quadratic_kernel,
    squared_exponential_kernel,
)
from lamina.simulate.population import (
    PopulationCovariances,
    population_canonical_correlations,
    population_covariances,
)
from lamina.simulate.processes import (
    OUSystem,
    generate_ou_process,
    ou_autocovariance,
    ou_canonical_correlations,
)
from lamina.simulate.retina import Retina
from lamina.simulate.staircase import luminance_staircase
from lamina.simulate.stimuli import drifting_grating, moving_bar, moving_edge

__all__ = [
    "GridRetina",
    "OUSystem",
    "PopulationCovariances",
    "Retina",
    "blurred_square_wave",
    "blurred_step",
    "dead_leaves",
    "dead_leaves_correlation",
    "drifting_grating",
    "drifting_grating_2d",
    "exponential_kernel",
    "generate_gp_data",
    "generate_ou_process",
    "luminance_staircase",
    "matern32_kernel",
    "matern52_kernel",
    "moving_bar",
    "moving_bar_2d",
    "moving_edge",
    "moving_edge_2d",
    "oscillating_kernel",
    "ou_autocovariance",
    "ou_canonical_correlations",
    "population_canonical_correlations",
    "population_covariances",
    "rational_quadratic_kernel",
    "sine_attenuation",
    "squared_exponential_kernel",
]
