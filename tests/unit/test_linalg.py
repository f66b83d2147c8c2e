"""Inverse roots survive bad scaling and dependent channels; signs follow one rule."""

import array_api_strict
import jaxtyping
import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.linalg import fix_signs, inverse_sqrt


@pytest.fixture
def _as_without_shape_checks(monkeypatch):
    # users run without the tests' shape checks, which would answer before the library does
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def covariance_of(data):
    deviations = data - data.mean(axis=0)
    return deviations.T @ deviations / (len(data) - 1)


@given(
    seed=st.integers(0, 2**32 - 1),
    exponents=st.lists(st.integers(-8, 8), min_size=1, max_size=8),
    copies=st.integers(0, 3),
)
def test_whitening_whitens_and_counts_what_is_independent(seed, exponents, copies):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((200, len(exponents)))
    data = np.column_stack([data, *(data @ rng.standard_normal(len(exponents)) for _ in range(copies))])
    scales = 10.0 ** np.asarray(exponents + [0] * copies)
    covariance = covariance_of(data) * scales[:, None] * scales[None, :]
    whitening, rank = inverse_sqrt(covariance, rcond=1e-11)
    assert rank == len(exponents)
    assert whitening.shape == (rank, len(scales))
    np.testing.assert_allclose(
        whitening @ covariance @ whitening.T, np.eye(rank), atol=1e-5 if copies else 1e-9
    )


def test_whitening_of_unit_diagonal_differs_from_the_symmetric_root_by_a_rotation_only():
    covariance = covariance_of(
        np.random.default_rng(0).standard_normal((50, 4)) @ np.diag([1.0, 2.0, 3.0, 4.0])
    )
    whitening, _ = inverse_sqrt(covariance)
    rotation = whitening @ scipy.linalg.sqrtm(covariance)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(4), atol=1e-12)


def test_a_tiny_channel_beside_a_huge_one_is_kept():
    covariance = np.diag([1e-16, 1e16])
    whitening, rank = inverse_sqrt(covariance)
    assert rank == 2
    np.testing.assert_allclose(np.sort(np.abs(whitening).max(axis=0)), [1e-8, 1e8], rtol=1e-12)


def test_a_constant_channel_is_dropped_and_gets_no_weight():
    whitening, rank = inverse_sqrt(np.diag([2.0, 0.0, 3.0]))
    assert rank == 2
    assert not whitening[:, 1].any()


def test_a_matrix_of_zeros_has_rank_zero():
    whitening, rank = inverse_sqrt(np.zeros((3, 3)))
    assert rank == 0
    assert whitening.shape == (0, 3)


def test_cutoff_is_relative_to_the_largest_eigenvalue():
    correlation = np.array([[1.0, 0.98], [0.98, 1.0]])  # eigenvalues 1.98 and 0.02, a ratio of 1 / 99
    assert inverse_sqrt(correlation, rcond=1 / 100)[1] == 2
    assert inverse_sqrt(correlation, rcond=1 / 98)[1] == 1
    assert inverse_sqrt(correlation * 1e12, rcond=1 / 98)[1] == 1


@pytest.mark.parametrize(("size", "cutoff"), [(2, 12), (4, 12), (12, 12), (13, 13), (40, 40)])
def test_default_cutoff_is_float64_rounding_times_size_and_twelve_at_least(size, cutoff):
    eps = np.finfo(np.float64).eps
    for factor, expected in ((2.0, size), (0.5, 1)):
        # equal channels plus independent noise: eigenvalues d + e once and e otherwise
        matrix = np.ones((size, size)) + factor * cutoff * size * eps * np.eye(size)
        assert inverse_sqrt(matrix)[1] == expected


@pytest.mark.parametrize("library", [array_api_strict, torch])
def test_other_libraries_give_what_numpy_gives(library):
    covariance = covariance_of(np.random.default_rng(1).standard_normal((30, 3)))
    expected, _ = inverse_sqrt(covariance)
    rows = np.array([[1.0, -2.0], [3.0, 1.0]])
    whitening, rank = inverse_sqrt(library.asarray(covariance))
    assert type(whitening) is type(library.asarray(covariance))
    assert rank == 3
    expected, whitening = fix_signs(expected)[0], fix_signs(whitening)[0]
    np.testing.assert_allclose(np.asarray(whitening), expected, atol=1e-12)
    np.testing.assert_array_equal(np.asarray(fix_signs(library.asarray(rows))[0]), [[-1.0, 2.0], [3.0, 1.0]])


def test_inputs_are_not_modified():
    covariance = covariance_of(np.random.default_rng(1).standard_normal((30, 3)))
    rows = -np.abs(covariance)
    before = covariance.copy(), rows.copy()
    inverse_sqrt(covariance)
    fix_signs(rows, rows)
    np.testing.assert_array_equal(covariance, before[0])
    np.testing.assert_array_equal(rows, before[1])


@pytest.mark.usefixtures("_as_without_shape_checks")
@pytest.mark.parametrize(
    ("matrix", "kind", "words"),
    [
        (np.ones((2, 3)), ShapeError, r"covariance must be a square matrix, got shape \(2, 3\)"),
        (np.ones(3), ShapeError, "matrix with at least one row"),
        (np.zeros((0, 0)), ShapeError, "at least one row"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), DataError, "NaN or infinity"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), DataError, "symmetric"),
        (np.diag([1.0, -1.0]), DataError, "negative variance"),
        (np.eye(2) * 1j, ArgumentTypeError, "real numbers"),
        ("text", ArgumentTypeError, "matrix of numbers"),
    ],
)
def test_bad_covariances_are_named(matrix, kind, words):
    with pytest.raises(kind, match=words):
        inverse_sqrt(matrix)


@pytest.mark.usefixtures("_as_without_shape_checks")
@pytest.mark.parametrize("rcond", [-0.1, 1.5, float("nan"), "small"])
def test_bad_cutoffs_are_named(rcond):
    with pytest.raises(ArgumentError, match="rcond must be a finite number from 0 to 1"):
        inverse_sqrt(np.eye(2), rcond)


def test_the_largest_entry_of_every_row_becomes_positive_and_partners_follow():
    rng = np.random.default_rng(3)
    rows, partners = rng.standard_normal((20, 7)), rng.standard_normal((20, 5))
    fixed, followed = fix_signs(rows, partners)
    largest = np.abs(rows).argmax(axis=1)
    assert (fixed[np.arange(20), largest] > 0).all()
    np.testing.assert_array_equal(np.abs(fixed), np.abs(rows))
    np.testing.assert_allclose(fixed.T @ followed, rows.T @ partners, atol=1e-12)


def test_rounding_does_not_choose_between_tied_entries():
    tied = np.array([[0.5, -0.5, 0.1]])
    for wobble in (-1e-12, 0.0, 1e-12):
        fixed, _ = fix_signs(-(tied + np.array([[wobble, 0.0, 0.0]])))
        assert fixed[0, 0] > 0


def test_a_row_of_zeros_stays_as_it_is():
    np.testing.assert_array_equal(fix_signs(np.zeros((1, 3)))[0], np.zeros((1, 3)))


def test_partners_of_another_length_are_refused():
    with pytest.raises(ShapeError, match="follow must be of 2 rows"):
        fix_signs(np.ones((2, 3)), np.ones((3, 3)))
