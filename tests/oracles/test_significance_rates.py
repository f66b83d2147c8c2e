"""How often chance is called significant, and how often structure is found, over hundreds of recordings.

A rate of 5 % over 300 recordings is known to within 1.3 percentage points (one standard error); bounds are
5 % and two and a half of these.
"""

import numpy as np
import pytest
from scipy.signal import lfilter

from lamina.resu.significance import assess

RUNS = 300
MOST = 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / RUNS)


def autoregressive(rng, time, coefficients, channels=1):
    driven = rng.standard_normal((time + 400, channels))
    return lfilter([1.0], [1.0, *(-np.asarray(coefficients))], driven, axis=0)[400:]


def moving_average(rng):
    """No relation at all between past and future, four samples apart."""
    noise = rng.standard_normal((1504, 1))
    return noise[4:] + noise[3:-1] + noise[2:-2] + noise[1:-3]


def with_gaps(rng):
    y = autoregressive(rng, 2000, [0.8])
    y[rng.integers(0, 2000, 15)] = np.nan
    return y


# what is recorded, how it is assessed, and the components that it really has
NULLS = {
    "white noise": (lambda rng: [rng.standard_normal((2000, 1))], {"memory": 10, "horizon": 10}, 0),
    "a short piece of white noise": (
        lambda rng: [rng.standard_normal((500, 1))], {"memory": 10, "horizon": 10}, 0,
    ),
    "three channels": (lambda rng: [rng.standard_normal((1500, 3))], {"memory": 5, "horizon": 5}, 0),
    "slow stimulus, slow response": (
        lambda rng: [autoregressive(rng, 2000, [0.95], 2)],
        {"memory": 10, "horizon": 5, "future_channels": 1}, 0,
    ),
    "moving average beyond its reach": (
        lambda rng: [moving_average(rng)], {"memory": 8, "horizon": 8, "gap": 4}, 0,
    ),
    "trials of white noise": (
        lambda rng: [rng.standard_normal((rng.integers(80, 160), 1)) for _ in range(20)],
        {"memory": 8, "horizon": 8}, 0,
    ),
    "one component": (lambda rng: [autoregressive(rng, 1500, [0.8])], {"memory": 8, "horizon": 8}, 1),
    "one slow component": (lambda rng: [autoregressive(rng, 1500, [0.95])], {"memory": 8, "horizon": 8}, 1),
    "one component, gaps": (lambda rng: [with_gaps(rng)], {"memory": 8, "horizon": 8}, 1),
    "one component, few trials": (
        lambda rng: [autoregressive(rng, 400, [0.8]) for _ in range(4)], {"memory": 8, "horizon": 8}, 1,
    ),
    "two components": (lambda rng: [autoregressive(rng, 1000, [1.2, -0.5])], {"memory": 8, "horizon": 8}, 2),
}  # fmt: skip


def found(make, settings, runs):
    counts = [
        assess(make(np.random.default_rng([seed, 7])), rank=3, n_surrogates=99, seed=seed, **settings)
        for seed in range(runs)
    ]
    return np.array([each.n_significant for each in counts])


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_one_unit_too_many_is_found_in_a_twentieth_of_the_recordings(name):
    make, settings, real = NULLS[name]
    counts = found(make, settings, RUNS)
    assert np.mean(counts > real) <= MOST
    if real:
        assert np.mean(counts >= real) > 0.97


def two_states_in_noise(rng):
    y = autoregressive(rng, 3000, [1.2, -0.5])
    return [y + rng.standard_normal(y.shape)]


@pytest.mark.slow
def test_two_states_behind_noise_are_found():
    assert np.mean(found(two_states_in_noise, {"memory": 8, "horizon": 8}, 100) >= 2) > 0.9


@pytest.mark.parametrize("name", ["white noise", "one component"])
def test_a_few_recordings_show_no_more_than_they_hold(name):
    """The same in small: with 5 % of false positives, 5 or more of 24 have a chance of 0.6 %."""
    make, settings, real = NULLS[name]
    counts = found(make, settings, 24)
    assert np.all(counts >= real)
    assert np.sum(counts > real) <= 4
