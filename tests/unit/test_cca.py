"""truncated_cca meets its identities on anything that is a covariance, and says what it cannot do."""

import array_api_strict
import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, RankDeficientWarning, ShapeError
from lamina.stats import LagMoments, predictive_information, projection_information, truncated_cca


def joint_moments(rng, past, future, samples=400):
    """Covariances of correlated random variables."""
    data = rng.standard_normal((samples, past + future)) @ rng.standard_normal((past + future, past + future))
    joint = np.cov(data, rowvar=False)
    return joint[:past, :past], joint[past:, past:], joint[past:, :past]


def assert_identities(found, past, future, cross, tolerance):
    psi, phi, sigma = found.past_filters, found.future_filters, found.singular_values
    identity = np.eye(len(sigma))
    np.testing.assert_allclose(psi @ past @ psi.T, identity, atol=tolerance)
    np.testing.assert_allclose(phi @ future @ phi.T, identity, atol=tolerance)
    np.testing.assert_allclose(phi @ cross @ psi.T, np.diag(sigma), atol=tolerance)
    assert (np.diff(sigma) <= 0).all()
    assert (sigma >= 0).all()
    assert (sigma <= 1).all()
    largest = np.abs(psi).argmax(axis=1)
    assert (psi[np.arange(len(psi)), largest] > 0).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 8),
    memory=st.integers(1, 4),
    horizon=st.integers(1, 4),
    exponents=st.lists(st.integers(-8, 8), min_size=8, max_size=8),
    rank=st.integers(1, 32),
)
def test_identities_hold_at_any_scale(seed, channels, memory, horizon, exponents, rank):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((600, channels)).cumsum(axis=0) + 3 * rng.standard_normal((600, channels))
    signal = (signal @ rng.standard_normal((channels, channels))) * 10.0 ** np.array(exponents[:channels])
    moments = LagMoments(memory, horizon, channels=channels).update(signal).covariances()
    # an ill-conditioned mixture carries rounding into the identities; that is the data's doing
    scales = np.sqrt(np.diag(moments.past))
    assume(np.linalg.cond(moments.past / np.outer(scales, scales)) < 1e7)
    rank = min(rank, channels * min(memory, horizon))
    found = truncated_cca(moments.past, moments.future, moments.cross, rank)
    assert found.singular_values.shape == (rank,)
    assert_identities(found, moments.past, moments.future, moments.cross, 1e-7)


@given(seed=st.integers(0, 2**32 - 1), channels=st.integers(1, 5), dependent=st.integers(1, 3))
def test_dependent_channels_add_no_direction(seed, channels, dependent):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((500, channels)).cumsum(axis=0) + rng.standard_normal((500, channels))
    copies = signal[:, rng.integers(0, channels, dependent)] * 10.0 ** rng.integers(-8, 9, dependent)
    doubled = np.hstack([signal, copies])
    alone = LagMoments(3, 2, channels=channels).update(signal).covariances()
    both = LagMoments(3, 2, channels=channels + dependent).update(doubled).covariances()
    found = truncated_cca(both.past, both.future, both.cross)
    expected = truncated_cca(alone.past, alone.future, alone.cross)
    assert (found.past_rank, found.future_rank) == (3 * channels, 2 * channels)
    np.testing.assert_allclose(found.singular_values, expected.singular_values, atol=1e-8)
    scales = np.sqrt(np.diag(both.past))
    psi = found.past_filters * scales
    np.testing.assert_allclose(
        psi @ (both.past / np.outer(scales, scales)) @ psi.T, np.eye(2 * channels), atol=1e-6
    )


@given(seed=st.integers(0, 2**32 - 1), past=st.integers(1, 6), future=st.integers(1, 6))
def test_correlations_do_not_depend_on_the_basis(seed, past, future):
    rng = np.random.default_rng(seed)
    C_pp, C_ff, C_fp = joint_moments(rng, past, future)
    A, B = (rng.standard_normal((size, size)) + 3 * np.eye(size) for size in (past, future))
    assume(max(np.linalg.cond(matrix) for matrix in (A, B, C_pp, C_ff)) < 1e5)
    plain = truncated_cca(C_pp, C_ff, C_fp)
    mixed = truncated_cca(A @ C_pp @ A.T, B @ C_ff @ B.T, B @ C_fp @ A.T)
    np.testing.assert_allclose(mixed.canonical_correlations, plain.canonical_correlations, atol=1e-6)


@given(seed=st.integers(0, 2**32 - 1), ridge=st.floats(1e-6, 10))
def test_with_ridge_the_identities_hold_for_the_regularised_covariances(seed, ridge):
    C_pp, C_ff, C_fp = joint_moments(np.random.default_rng(seed), 4, 3)
    found = truncated_cca(C_pp, C_ff, C_fp, ridge=ridge)
    C_pp = C_pp + ridge * np.trace(C_pp) / 4 * np.eye(4)
    C_ff = C_ff + ridge * np.trace(C_ff) / 3 * np.eye(3)
    assert_identities(found, C_pp, C_ff, C_fp, 1e-7)


def test_reduced_rank_regression_is_the_best_forecast_of_its_rank():
    rng = np.random.default_rng(0)
    C_pp, C_ff, C_fp = joint_moments(rng, 5, 4)

    def forecast_error(psi):
        gain = C_fp @ psi.T @ np.linalg.inv(psi @ C_pp @ psi.T)
        return np.trace(C_ff - gain @ psi @ C_fp.T)

    for rank in (1, 2, 3):
        best = truncated_cca(C_pp, C_ff, C_fp, rank, objective="rrr")
        least = forecast_error(best.past_filters)
        # sum of squared singular values is the variance that the forecast explains
        np.testing.assert_allclose(np.trace(C_ff) - least, (best.singular_values**2).sum(), rtol=1e-10)
        assert least <= forecast_error(truncated_cca(C_pp, C_ff, C_fp, rank).past_filters) + 1e-9
        for _ in range(20):
            assert least <= forecast_error(best.past_filters + 0.1 * rng.standard_normal((rank, 5)))


def test_pca_rows_are_singular_vectors_of_the_cross_covariance():
    C_pp, C_ff, C_fp = joint_moments(np.random.default_rng(1), 5, 3)
    found = truncated_cca(C_pp, C_ff, C_fp, 2, objective="pca")
    np.testing.assert_allclose(found.past_filters @ found.past_filters.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(
        C_fp @ found.past_filters.T, found.future_filters.T * found.singular_values, atol=1e-10
    )
    np.testing.assert_allclose(found.singular_values, np.linalg.svd(C_fp, compute_uv=False)[:2], rtol=1e-12)


@pytest.mark.parametrize("objective", ["cca", "rrr", "pca"])
@pytest.mark.parametrize("rank", [1, 2, 4])
def test_correlations_carry_the_information_of_the_projection(objective, rank):
    C_pp, C_ff, C_fp = joint_moments(np.random.default_rng(2), 6, 4)
    found = truncated_cca(C_pp, C_ff, C_fp, rank, objective=objective)
    psi = found.past_filters
    C_zf = psi @ C_fp.T
    # differential entropies of jointly Gaussian z and f
    joint = np.block([[psi @ C_pp @ psi.T, C_zf], [C_zf.T, C_ff]])
    entropies = [np.linalg.slogdet(block)[1] for block in (psi @ C_pp @ psi.T, C_ff, joint)]
    expected = 0.5 * (entropies[0] + entropies[1] - entropies[2])
    np.testing.assert_allclose(predictive_information(found.canonical_correlations), expected, rtol=1e-9)
    np.testing.assert_allclose(projection_information(psi @ C_pp @ psi.T, C_zf, C_ff), expected, rtol=1e-9)
    assert found.canonical_correlations.shape == (rank,)


@pytest.mark.parametrize("objective", ["cca", "rrr", "pca"])
def test_cca_keeps_the_most_information(objective):
    C_pp, C_ff, C_fp = joint_moments(np.random.default_rng(3), 6, 4)
    best = predictive_information(truncated_cca(C_pp, C_ff, C_fp, 2).canonical_correlations)
    found = truncated_cca(C_pp, C_ff, C_fp, 2, objective=objective)
    assert predictive_information(found.canonical_correlations) <= best + 1e-12


def test_fewer_directions_than_asked_for_are_kept_and_both_numbers_told():
    past = np.ones((3, 3))
    with pytest.warns(RankDeficientWarning, match=r"rank 2 was asked for, but only 1 direction\(s\) exist"):
        found = truncated_cca(past, np.eye(3), np.full((3, 3), 0.1), 2)
    assert found.past_filters.shape == (1, 3)
    assert (found.past_rank, found.future_rank) == (1, 3)


def test_pca_of_an_exact_product_has_its_rank():
    cross = np.outer([1.0, 2.0], [0.1, 0.2, 0.3])
    with pytest.warns(RankDeficientWarning, match="only 1 direction"):
        found = truncated_cca(np.eye(3), np.eye(2) * 9, cross, 2, objective="pca")
    assert found.singular_values.shape == (1,)


def test_without_a_rank_all_directions_come_without_a_warning():
    assert truncated_cca(np.ones((3, 3)), np.eye(3), np.full((3, 3), 0.1)).singular_values.shape == (1,)


@pytest.mark.parametrize("objective", ["cca", "rrr", "pca"])
def test_rounding_does_not_lift_a_correlation_above_one(objective):
    found = truncated_cca(np.eye(2), np.eye(2), (1 + 1e-9) * np.eye(2), objective=objective)
    np.testing.assert_array_equal(found.canonical_correlations, [1, 1])


def test_a_predictable_signal_has_correlations_of_one():
    signal = np.sin(np.arange(500) / 7)
    moments = LagMoments(20, 20).update(signal).covariances()
    found = truncated_cca(moments.past, moments.future, moments.cross)
    assert found.past_rank == 2
    np.testing.assert_allclose(found.singular_values, [1, 1], atol=1e-6)
    assert (found.singular_values <= 1).all()


@pytest.mark.parametrize("library", [array_api_strict, torch])
@pytest.mark.parametrize("objective", ["cca", "rrr", "pca"])
def test_other_libraries_give_what_numpy_gives(library, objective):
    matrices = joint_moments(np.random.default_rng(4), 4, 3)
    expected = truncated_cca(*matrices, 2, objective=objective, ridge=0.01)
    found = truncated_cca(
        *(library.asarray(matrix) for matrix in matrices), 2, objective=objective, ridge=0.01
    )
    for name in ("past_filters", "future_filters", "singular_values", "canonical_correlations"):
        assert type(getattr(found, name)) is type(library.asarray(matrices[0]))
        np.testing.assert_allclose(np.asarray(getattr(found, name)), getattr(expected, name), atol=1e-9)


E2, E3 = np.eye(2), np.eye(3)


@pytest.mark.parametrize(
    ("matrices", "options", "kind", "words"),
    [
        (
            (E2, E3, np.zeros((2, 3))),
            {},
            ShapeError,
            r"cross_cov must be of shape \(future, past\) = \(3, 2\)",
        ),
        ((E2[:1], E3, np.zeros((3, 2))), {}, ShapeError, "past_cov must be a square"),
        ((E2, E3 * np.nan, np.zeros((3, 2))), {}, DataError, "future_cov"),
        ((E2, E3, np.full((3, 2), np.inf)), {}, DataError, "cross_cov"),
        ((-E2, E3, np.zeros((3, 2))), {}, DataError, "negative variance"),
        ((0 * E2, E3, np.zeros((3, 2))), {}, DataError, r"effective ranks 0 \(past\) and 3 \(future\)"),
        ((E2, E3, np.zeros((3, 2))), {"objective": "pca"}, DataError, "vary"),
        ((E2, E3, np.zeros((3, 2))), {"rank": 3}, ArgumentError, "rank must be at most 2.*got 3"),
        ((E2, E3, np.zeros((3, 2))), {"rank": 0}, ArgumentError, "rank"),
        ((E2, E3, np.zeros((3, 2))), {"rank": 1.0}, ArgumentTypeError, "rank"),
        ((E2, E3, np.zeros((3, 2))), {"objective": "ccc"}, ArgumentError, "Did you mean 'cca'"),
        ((E2, E3, np.zeros((3, 2))), {"ridge": -1}, ArgumentError, "ridge"),
        ((1e3 * E2, E3, np.ones((3, 2))), {"ridge": 1e306}, ArgumentError, "ridge must be so small"),
        ((E2, E3, np.ones((3, 2))), {"rcond": 1.0}, DataError, "rcond leaves nothing"),
        ((E2, E3, np.zeros((3, 2))), {"rcond": 2}, ArgumentError, "rcond"),
        ((E2, torch.eye(3), np.zeros((3, 2))), {}, ArgumentTypeError, "one library"),
    ],
)
def test_bad_input_is_named(matrices, options, kind, words, monkeypatch):
    # users run without the tests' shape checks, which would answer before the library does
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(kind, match=words):
        truncated_cca(*matrices, **options)
