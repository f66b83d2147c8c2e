"""The sums along the diagonals are those of the definition, for any number of rows at once."""

import numpy as np
import pytest

from lamina.stats import LagMoments
from lamina.stats.diagonals import sum_diagonals


def by_definition(core, head, tail):
    window = len(core)
    gram = np.zeros((window, window))
    for i in range(window):
        for d in range(window - i):
            from_head = sum(head[k] * head[k + d] for k in range(i, window - 1 - d))
            from_tail = sum(tail[k] * tail[k + d] for k in range(i) if k + d < window - 1)
            gram[i, i + d] = core[d] + from_head + from_tail
    return gram


@pytest.mark.parametrize("rows", [1, 4, 100])
@pytest.mark.parametrize("window", [2, 3, 8, 13])
def test_sums_along_diagonals_are_the_definition(window, rows, monkeypatch):
    monkeypatch.setattr("lamina.stats.diagonals._ROWS", rows)
    rng = np.random.default_rng(window)
    core, head, tail = (
        rng.standard_normal(window),
        rng.standard_normal(window - 1),
        rng.standard_normal(window - 1),
    )
    copies = core.copy(), head.copy(), tail.copy()
    found = sum_diagonals(core, head, tail)
    np.testing.assert_allclose(np.triu(found), by_definition(core, head, tail), atol=1e-14)
    assert np.isfinite(found).all()
    for given, before in zip((core, head, tail), copies, strict=True):
        np.testing.assert_array_equal(given, before)


def test_a_recording_with_a_silent_channel_beside_it_has_the_same_moments():
    # two channels are summed a row at a time, one channel many rows at a time
    signal = np.random.default_rng(0).standard_normal(400).cumsum()
    alone = LagMoments(20, 15, gap=3).update(signal).covariances()
    both = LagMoments(20, 15, gap=3, channels=2).update(np.stack([signal, 0 * signal], axis=1))
    beside = both.covariances(past_channels=[0], future_channels=[0])
    for name in ("past", "future", "cross"):
        np.testing.assert_allclose(getattr(alone, name), getattr(beside, name), rtol=1e-12)
