"""The kernels that are compared, with their states where they have finitely many."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from lamina.experiments.kernels.config import KernelsConfig
from lamina.experiments.kernels.states import States, matern_states, oscillator_states, periodic_weights
from lamina.simulate import (
    exponential_kernel,
    matern32_kernel,
    matern52_kernel,
    oscillating_kernel,
    rational_quadratic_kernel,
    squared_exponential_kernel,
)


class Kernel(NamedTuple):
    """One kernel.

    Parameters
    ----------
    name
        For tables and figures.
    kernel
        Function of lags in samples.
    oscillates
        Whether it rises again and again.
    states
        Its states; None if there are infinitely many.
    """

    name: str
    kernel: Callable[[np.ndarray], np.ndarray]
    oscillates: bool
    states: States | None


def kernels(config: KernelsConfig) -> list[Kernel]:
    """Return the kernels, those that do not oscillate first."""
    scale, slow, turn = config.length_scale, config.slow_length_scale, 2 * math.pi / config.period
    shares = [1 / len(config.periods)] * len(config.periods)
    quasi = oscillator_states(*periodic_weights(config.repeats, config.roughness), slow)
    return [
        Kernel(
            "exponential", partial(exponential_kernel, length_scale=scale), False, matern_states(1, scale)
        ),
        Kernel("Matérn 3/2", partial(matern32_kernel, length_scale=scale), False, matern_states(2, scale)),
        Kernel("Matérn 5/2", partial(matern52_kernel, length_scale=scale), False, matern_states(3, scale)),
        Kernel("rational quadratic", partial(rational_quadratic_kernel, length_scale=scale), False, None),
        Kernel("squared exponential", partial(squared_exponential_kernel, length_scale=scale), False, None),
        Kernel(
            "damped cosine",
            partial(oscillating_kernel, length_scale=scale, period=config.period),
            True,
            oscillator_states([turn], [1.0], scale),
        ),
        Kernel(
            "slowly damped cosine",
            partial(oscillating_kernel, length_scale=slow, period=config.period),
            True,
            oscillator_states([turn], [1.0], slow),
        ),
        Kernel("Gaussian-damped cosine", partial(_gaussian_damped, config), True, None),
        Kernel(
            f"{len(config.periods)} slowly damped cosines",
            partial(_several, config),
            True,
            oscillator_states([2 * math.pi / period for period in config.periods], shares, slow),
        ),
        Kernel("quasi-periodic", partial(_quasi_periodic, config), True, quasi),
    ]


def _gaussian_damped(config: KernelsConfig, lags: np.ndarray) -> np.ndarray:
    return squared_exponential_kernel(lags, config.length_scale) * np.cos(2 * np.pi * lags / config.period)


def _several(config: KernelsConfig, lags: np.ndarray) -> np.ndarray:
    parts = [oscillating_kernel(lags, config.slow_length_scale, period) for period in config.periods]
    return np.mean(parts, axis=0)


def _quasi_periodic(config: KernelsConfig, lags: np.ndarray) -> np.ndarray:
    repeated = np.exp(-2 * np.sin(np.pi * lags / config.repeats) ** 2 / config.roughness**2)
    return repeated * exponential_kernel(lags, config.slow_length_scale)
