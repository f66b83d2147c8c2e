"""The projection of every past onto the filters: accuracy, trials, gaps."""

import numpy as np
import pytest
import torch

from lamina.resu.projection import expand, project

RNG = np.random.default_rng(0)


def dyadic(*shape):
    """Random numbers that can be lifted by 2**20 without rounding."""
    return np.round(RNG.standard_normal(shape) * 2**20) / 2**20


def by_hand(stack, filters, mean):
    z = np.zeros((*stack.shape[:2], len(filters)))
    for trial, y in enumerate(stack):
        for t in range(len(y)):
            for lag in range(min(filters.shape[1], t + 1)):
                z[trial, t] += filters[:, lag] @ (y[t - lag] - mean[lag])
            if np.isnan(y[max(0, t - filters.shape[1] + 1) : t + 1]).any():
                z[trial, t] = np.nan
    return z


@pytest.mark.parametrize("time", [1, 3, 4, 40])
@pytest.mark.parametrize("memory", [1, 4])
@pytest.mark.parametrize("trials", [1, 3])
def test_every_trial_begins_at_the_mean(trials, memory, time):
    stack, filters, mean = dyadic(trials, time, 2), dyadic(3, memory, 2), dyadic(memory, 2)
    expected = by_hand(stack, filters, mean)
    np.testing.assert_allclose(project(stack, filters, mean), expected, atol=1e-12)
    tensors = [torch.from_numpy(array) for array in (stack, filters, mean)]
    np.testing.assert_allclose(project(*tensors).numpy(), expected, atol=1e-12)
    stack[0, time // 2, 1] = np.nan
    np.testing.assert_allclose(project(stack, filters, mean), by_hand(stack, filters, mean), atol=1e-12)


@pytest.mark.parametrize("memory", [4, 400])  # short memories are convolved directly, long ones by FFT
def test_an_offset_far_above_the_signal_costs_no_digits(memory):
    stack, filters, mean = dyadic(1, 2000, 2), dyadic(3, memory, 2), dyadic(memory, 2)
    plain = project(stack, filters, mean)
    lifted = project(stack + 2.0**20, filters, mean + 2.0**20)
    # without the offset taken off first, the error is 1e6 times the rounding of a sum
    np.testing.assert_allclose(lifted, plain, rtol=0, atol=1e-12 * memory)


def test_expand_is_the_affine_map():
    z, weights, mean = dyadic(5, 2), dyadic(6, 2), dyadic(3, 2)
    expected = [[mean[lag] + weights[2 * lag : 2 * lag + 2] @ row for lag in range(3)] for row in z]
    np.testing.assert_allclose(expand(z, weights, mean), expected, atol=1e-12)
