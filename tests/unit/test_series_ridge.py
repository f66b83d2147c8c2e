"""The read-out of many series: memory stays near that of the table, and pieces change nothing."""

import tracemalloc

import numpy as np
import pytest

from lamina.resu.features import ridge
from lamina.resu.features.ridge import Blocks, fit_ridge

ALPHAS = np.logspace(-3, 3, 10)
STRENGTHS = np.array([(1, 0.3, 1), (1, 0.3, 3), (1, 3, 1), (1, 3, 3)])


def problem(n, p, timing, targets=2):
    """A table whose last columns are blocks of ``timing`` and of five, and targets that it half tells."""
    rng = np.random.default_rng(n + p)
    table = rng.standard_normal((n, p), dtype=np.float32)
    wanted = table[:, :targets] + table[:, -targets:] + rng.standard_normal((n, targets))
    return table, wanted, Blocks(np.repeat([0, 1, 2], [p - timing - 5, timing, 5]), STRENGTHS)


def peak(*arguments, **named):
    tracemalloc.start()
    try:
        fit_ridge(*arguments, **named)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_of_more_series_than_features_is_a_few_tables():
    table, targets, blocks = problem(4000, 100, 20)
    assert peak(table, targets, ALPHAS, blocks=blocks) < 5.5 * 8 * table.size


def test_memory_of_fewer_series_does_not_grow_with_penalties():
    table, targets, blocks = problem(400, 600, 100)
    few, many = (
        peak(table, targets, np.logspace(-3, 3, count), blocks=blocks, per_target=True) for count in (5, 50)
    )
    # errors left out are kept, of each choice and penalty; matrices are not
    assert many - few < 6 * 8 * 45 * len(STRENGTHS) * targets.size


@pytest.mark.parametrize("weighted", [False, True])
def test_pieces_of_a_long_table_change_nothing(weighted, monkeypatch):
    table, targets, blocks = problem(301, 60, 12)
    weights = np.random.default_rng(0).uniform(0.5, 2, 301) if weighted else None
    whole = fit_ridge(table, targets, ALPHAS, blocks=blocks, weights=weights)
    monkeypatch.setattr(ridge, "_PIECE", 60 * 50)
    found = fit_ridge(table, targets, ALPHAS, blocks=blocks, weights=weights)
    np.testing.assert_array_equal(found.alpha, whole.alpha)
    np.testing.assert_array_equal(found.strengths, whole.strengths)
    np.testing.assert_allclose(found.coef, whole.coef, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(found.left_out, whole.left_out, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("n", [120, 300])
@pytest.mark.parametrize("most", [0, 10**6])
def test_it_makes_no_difference_which_blocks_are_thin(n, most, monkeypatch):
    table, targets, blocks = problem(n, 400, 40)
    found = fit_ridge(table, targets, ALPHAS, blocks=blocks)
    # none is added to a decomposition, or all are that have no more columns than there are series
    monkeypatch.setattr(ridge, "_FEW", most)
    monkeypatch.setattr(ridge, "_THIN", 1)
    monkeypatch.setattr(ridge, "_THINNER", 10**6)
    again = fit_ridge(table, targets, ALPHAS, blocks=blocks)
    np.testing.assert_array_equal(again.alpha, found.alpha)
    np.testing.assert_array_equal(again.strengths, found.strengths)
    np.testing.assert_allclose(again.coef, found.coef, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(again.left_out, found.left_out, rtol=1e-7, atol=1e-10)
