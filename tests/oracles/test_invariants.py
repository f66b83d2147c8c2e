"""What the filters promise, on odd data, with covariances that the test computes window by window.

Ψ C_pp Ψᵀ = I, Φ C_ff Φᵀ = I, Φ C_fp Ψᵀ = Σ, whatever the units of a channel, its offset, copies of it,
mixtures that depend on one another, or how few windows there are. Nothing here shares code with the library.
"""

import warnings

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import lamina
from lamina.errors import RankDeficientWarning

EPS = np.finfo(np.float64).eps
FEW = settings(derandomize=True, deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))


def explicit_covariances(trials, memory, horizon, gap, center):
    """Second moments of the windows, added up in extended precision where the machine has it."""
    past, future = [], []
    for y in trials:
        for t in range(memory - 1, len(y) - gap - horizon + 1):
            if not np.isnan(y[t - memory + 1 : t + gap + horizon]).any():
                past.append(y[t - memory + 1 : t + 1][::-1].ravel())
                future.append(y[t + gap : t + gap + horizon].ravel())
    p, f = np.array(past, dtype=np.longdouble), np.array(future, dtype=np.longdouble)
    if center:
        p, f = p - p.mean(axis=0), f - f.mean(axis=0)
    count = len(p) - center
    return [m.astype(float) for m in (p.T @ p / count, f.T @ f / count, f.T @ p / count)], len(p)


def unit_diagonal(covariance):
    scales = np.sqrt(np.diag(covariance))
    return covariance / scales[:, None] / scales[None, :], scales


def spectrum(covariance):
    """Eigenvalues of the correlation matrix relative to the largest, and how many are not rounding."""
    values = np.linalg.eigvalsh(unit_diagonal(covariance)[0])[::-1]
    values = values / values[0]
    # between these nobody can say whether a direction is data or rounding; such draws are left out
    assume(not ((values > 0.5 * EPS * 8) & (values < 1e-11)).any())
    return values, int((values > 1e-12).sum())


def signal(rng, samples, channels):
    """Channels that remember, each in its own way, and share something."""
    y = rng.standard_normal((samples + 30, channels))
    memory = rng.uniform(-0.3, 0.95, channels)
    for t in range(1, len(y)):
        y[t] += memory * y[t - 1]
    return y[30:] @ (np.eye(channels) + 0.3 * rng.standard_normal((channels, channels)) / channels**0.5)


def with_dependents(rng, y, kind, count):
    """Put channels that say nothing new among the others."""
    if kind == "copies":
        extra = y[:, rng.integers(0, y.shape[1], count)] * 10.0 ** rng.uniform(-8, 8, count)
    elif kind == "mixtures":
        extra = y @ rng.standard_normal((y.shape[1], count))
    else:
        return y
    return np.column_stack([y, extra])[:, rng.permutation(y.shape[1] + count)]


def assert_promises(unit, covariances, tolerance):
    C_pp, C_ff, C_fp = covariances
    units = len(unit.filters_)
    (R_pp, s_p), (R_ff, s_f) = unit_diagonal(C_pp), unit_diagonal(C_ff)
    psi, phi = unit.filters_.reshape(units, -1), unit.future_filters_.reshape(units, -1)
    white_past = (psi * s_p) @ R_pp @ (psi * s_p).T
    white_future = (phi * s_f) @ R_ff @ (phi * s_f).T
    between = (phi * s_f) @ (C_fp / s_f[:, None] / s_p[None, :]) @ (psi * s_p).T
    np.testing.assert_allclose(white_past, np.eye(units), rtol=0, atol=tolerance)
    np.testing.assert_allclose(white_future, np.eye(units), rtol=0, atol=tolerance)
    np.testing.assert_allclose(between, np.diag(unit.singular_values_), rtol=0, atol=tolerance)
    sigma = unit.canonical_correlations_
    assert (np.diff(sigma) <= 0).all()
    assert (sigma >= 0).all()
    assert (sigma <= 1).all()
    largest = np.abs(psi).argmax(axis=1)
    ties = np.abs(psi) >= (1 - 1e-7) * np.abs(psi).max(axis=1, keepdims=True)
    assert ((psi[np.arange(units), largest] > 0) | (ties.sum(axis=1) > 1)).all()


def fitted(trials, memory, horizon, rank, **parameters):
    """Fit, and return the unit with the rank-deficiency warnings it gave."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unit = lamina.ReSU(memory, horizon, rank, **parameters).fit(trials)
    return unit, [str(w.message) for w in caught if issubclass(w.category, RankDeficientWarning)]


def assert_deficiency_is_told(told, asked, past_rank, future_rank):
    found = min(past_rank, future_rank, asked)
    assert len(told) == (found < asked)
    for words in told:
        assert f"rank {asked} was asked for, but only {found} direction(s)" in words
        assert f"{past_rank} of the past, {future_rank} of the future" in words


@FEW
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.one_of(st.integers(1, 4), st.integers(1, 32)),
    memory=st.integers(1, 6),
    horizon=st.integers(1, 6),
    gap=st.integers(1, 4),
    windows=st.one_of(st.integers(2, 12), st.integers(60, 300)),
    exponents=st.lists(st.floats(-8, 8), min_size=32, max_size=32),
    offset=st.sampled_from([0.0, 1.0, 1e3, 1e6]),
    dependents=st.sampled_from(["none", "none", "copies", "mixtures"]),
    gaps=st.integers(0, 2),
    center=st.booleans(),
)
def test_identities_hold_with_covariances_of_explicit_windows(
    seed, channels, memory, horizon, gap, windows, exponents, offset, dependents, gaps, center
):
    rng = np.random.default_rng(seed)
    memory, horizon = min(memory, max(1, 48 // channels)), min(horizon, max(1, 48 // channels))
    length = memory + gap + horizon - 1
    y = signal(rng, windows + length - 1, channels)
    y = with_dependents(rng, y, dependents, int(rng.integers(1, 3)))
    # about zero a mean of 1e6 deviations leaves 12 digits fewer to the deviations; that is asked for nowhere
    y = y + (offset if center else min(offset, 1.0)) * y.std(axis=0) * rng.choice([-1, 1], y.shape[1])
    y = y * 10.0 ** np.resize(exponents, y.shape[1])
    if windows > 50:
        y[rng.integers(0, len(y), gaps), rng.integers(0, y.shape[1], gaps)] = np.nan
    trials = [y] if seed % 2 else [y[: len(y) // 2], y[len(y) // 2 :]] if windows > 50 else [y, y + 0]
    covariances, count = explicit_covariances(trials, memory, horizon, gap, center)
    past_values, past_rank = spectrum(covariances[0])
    future_values, future_rank = spectrum(covariances[1])

    asked = min(memory, horizon) * y.shape[1]
    unit, told = fitted(trials, memory, horizon, asked, gap=gap, center=center)
    found = min(past_rank, future_rank)
    assert unit.n_windows_ == count
    assert len(unit.filters_) == found
    assert_deficiency_is_told(told, asked, past_rank, future_rank)
    # a relative error of eps * d in a covariance is that times the condition number after whitening
    condition = 1 / min(past_values[past_rank - 1], future_values[future_rank - 1])
    assert_promises(unit, covariances, 20 * EPS * len(past_values) * condition + 1e-13)


@FEW
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 6),
    windows=st.one_of(st.integers(2, 8), st.integers(100, 300)),
    exponents=st.lists(st.floats(-3, 3), min_size=6, max_size=6),
    dependents=st.sampled_from(["none", "copies", "mixtures"]),
    ridge=st.floats(1e-4, 10.0),
    center=st.booleans(),
)
def test_with_ridge_they_hold_for_the_regularised_covariances(
    seed, channels, windows, exponents, dependents, ridge, center
):
    rng = np.random.default_rng(seed)
    y = with_dependents(rng, signal(rng, windows + 6, channels), dependents, 1) + 1.0
    y = y * 10.0 ** np.resize(exponents, y.shape[1])
    (C_pp, C_ff, C_fp), _ = explicit_covariances([y], 3, 3, 2, center)
    size = len(C_pp)
    C_pp = C_pp + ridge * np.trace(C_pp) / size * np.eye(size)
    C_ff = C_ff + ridge * np.trace(C_ff) / size * np.eye(size)
    unit, told = fitted([y], 3, 3, size, gap=2, ridge=ridge, center=center)
    assert told == []
    assert len(unit.filters_) == size
    condition = max(np.linalg.cond(unit_diagonal(C)[0]) for C in (C_pp, C_ff))
    assert_promises(unit, (C_pp, C_ff, C_fp), 20 * EPS * size * condition)


@FEW
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 3),
    dependents=st.sampled_from(["copies", "mixtures"]),
    count=st.integers(1, 3),
    memory=st.integers(1, 3),
    offset=st.sampled_from([0.0, 10.0, 1e6]),
)
def test_dependent_channels_add_no_direction_however_long_the_recording(
    seed, channels, dependents, count, memory, offset
):
    # with few dimensions and many samples the rounding of a covariance is several times eps * d
    rng = np.random.default_rng(seed)
    alone = signal(rng, 5000, channels) + 3 * rng.standard_normal(channels)
    both = with_dependents(rng, alone, dependents, count)
    both = both + offset * both.std(axis=0)
    asked = memory * both.shape[1]
    unit, told = fitted(both, memory, memory, asked)
    assert_deficiency_is_told(told, asked, memory * channels, memory * channels)
    expected, _ = fitted(alone, memory, memory, memory * channels)
    np.testing.assert_allclose(
        unit.canonical_correlations_, expected.canonical_correlations_, rtol=0, atol=1e-8 * (1 + offset)
    )


def test_a_copy_that_rounding_alone_tells_apart_is_a_copy():
    # one channel and two scaled copies: one unit each time, and never a second one that learned the rounding
    rng = np.random.default_rng(7)
    for samples in (300, 5000):
        for _ in range(50):
            one = signal(rng, samples, 1)
            both = np.column_stack([one, one * rng.uniform(0.1, 10), one * rng.uniform(-10, -0.1)])
            unit, told = fitted(both + rng.choice([0.0, 10.0, 1e6]), 1, 1, 3)
            assert len(unit.filters_) == 1
            assert len(told) == 1


def test_constant_channels_carry_no_weight():
    rng = np.random.default_rng(8)
    y = signal(rng, 300, 3) * [1e-6, 1.0, 1e6]
    for constant in (0.0, 1e-30, 0.1, 1e12):
        both = np.insert(y, 1, constant, axis=1)
        unit, told = fitted(both, 3, 2, 8)
        assert_deficiency_is_told(told, 8, 9, 6)
        assert (unit.filters_[:, :, 1] == 0).all()
        covariances, _ = explicit_covariances([y], 3, 2, 1, True)
        unit.filters_ = np.delete(unit.filters_, 1, axis=2)
        unit.future_filters_ = np.delete(unit.future_filters_, 1, axis=2)
        assert_promises(unit, covariances, 1e-10)
