"""Memory, horizon and rank from the data: what "auto" does, given ways to gather moments."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lamina._checks import check_choice
from lamina.errors import DataError, UnpredictableWarning
from lamina.stats import LagCovariances, LagMoments, truncated_cca
from lamina.stats.selection import Selection
from lamina.stats.selection_folds import score_ranks_cv
from lamina.stats.selection_orders import as_numpy, effective_samples, largest_order, score_orders
from lamina.stats.selection_ranks import score_ranks_bic, score_ranks_svc

Gather: TypeAlias = Callable[[int, int, int], LagCovariances]
GatherFolds: TypeAlias = Callable[[int, int, int, int], Sequence[LagMoments]]

FOLDS = 5
# windows for every entry of a lag vector that is chosen here; with few, chance correlations are large
_WINDOWS_PER_ENTRY = 10
# short trials lose most of their samples to long windows
_SAMPLES_PER_WINDOW = 4
_SHRINK = 0.75


def select(
    gather: Gather,
    gather_folds: GatherFolds,
    *,
    memory: int | None,
    horizon: int | None,
    rank: int | None,
    gap: int = 1,
    criterion: str = "svc",
    channels: int = 1,
    future_channels: int | None = None,
    n_samples: int,
    evenness: float = 1.0,
    half_life: float | None = None,
    center: bool = True,
    ridge: float = 0.0,
    rcond: float | None = None,
) -> Selection:
    """Choose what is None among memory, horizon and rank.

    memory = horizon = 2 p, where p is the order that AIC prefers among 0 … `largest_order`; at most so long
    that there are ten windows for every entry of a lag vector, a window for every fourth sample (of short
    trials), and, for "cv", that a block is two windows long. The rank is the one with the least of the
    criterion's scores. Where p or that rank is 0, what was open becomes 1 and the result is not
    ``predictable``. Scores count on the samples that lie in windows: T, for one recording without a gap.

    Parameters
    ----------
    gather
        ``(memory, horizon, gap)`` → moments of all the data, as `LagCovariances`; it may raise `DataError`
        where a window is longer than the trials. Called once for the order, and once for the memory and
        horizon that are returned (not on noise); more often for short trials.
    gather_folds
        ``(memory, horizon, gap, folds)`` → moments of as many contiguous blocks, without the windows across
        their borders; called once, for "cv" alone.
    memory, horizon, rank
        At least 1, or None for what is to be chosen.
    gap
        At least 1. The order is that of gap 1, or, for the future of another recording, that of this gap.
    criterion
        "svc", "bic" or "cv".
    channels, future_channels
        Channels of the past; and of the other recording, whose future is to be predicted, if there is one.
    n_samples
        Samples of all trials together, missing ones excepted.
    evenness
        Share of these that count, above 0 and at most 1: less where trials have different weights.
    half_life
        Samples after which a sample counts half; then no more samples count than that leaves.
    center, ridge, rcond
        Those of the unit. Scores are those of canonical correlations, whatever the unit's objective.

    Returns
    -------
    Selection

    Raises
    ------
    DataError
        Too short to choose, or constant.

    Warns
    -----
    UnpredictableWarning
        Nothing in the past stands out from chance.

    References
    ----------
    Bauer 2001, Automatica 37, 1561–1573.
    """
    check_choice("criterion", criterion, ("svc", "bic", "cv"))
    data = _Data(
        channels, channels if future_channels is None else future_channels, n_samples, half_life, evenness
    )
    asked = _Asked(memory, horizon, rank)
    order = order_scores = None
    m, h = memory or 1, horizon or 1
    if asked.window_open:
        order_scores = _score_orders(gather, 1 if future_channels is None else gap, data)
        order = int(np.argmin(order_scores))
        longest = data.longest_for_folds(gap) if criterion == "cv" and rank is None else math.inf
        m, h = _window_sizes(order, asked, data, gap, longest)
    best, units = rank, rank or 1
    rank_scores = correlations = None
    counted = data.counted
    if rank is not None and order:
        _, m, h = _gather_enough(gather, m, h, gap, asked, data)
    if rank is None:
        covariances, m, h = _gather_enough(gather, m, h, gap, asked, data)
        cca = truncated_cca(covariances.past, covariances.future, covariances.cross, ridge=ridge, rcond=rcond)
        in_windows = min(n_samples, covariances.n_windows + m + gap + h - 2)
        counted = data.effective(in_windows)
        correlations = as_numpy(cca.canonical_correlations)
        regularised = {"ridge": ridge, "rcond": rcond}
        if criterion == "svc":
            rank_scores = score_ranks_svc(correlations, counted, channels, data.width)
        elif criterion == "bic":
            rank_scores = score_ranks_bic(covariances, channels, data.width, n_samples=counted, **regularised)
        else:
            folds = gather_folds(m, h, gap, FOLDS)
            if sum(fold.n_windows >= 2 for fold in folds) < 2:
                raise _too_short_for_folds(m, h, gap, data)
            rank_scores = score_ranks_cv(folds, future_channels=future_channels, center=center, **regularised)
        best = int(np.argmin(rank_scores))
        units = max(best, 1)
    predictable = order != 0 and best != 0
    if not predictable:
        m, h = _window_sizes(0, asked, data, gap, math.inf)
        units = rank or 1
    selection = Selection(
        criterion=criterion,
        memory=m,
        horizon=h,
        rank=units,
        predictable=predictable,
        order=order,
        orders=None if order_scores is None else np.arange(len(order_scores)),
        order_scores=order_scores,
        ranks=None if rank_scores is None else np.arange(len(rank_scores)),
        rank_scores=rank_scores,
        canonical_correlations=correlations,
        n_samples=round(counted),
    )
    if not predictable:
        # called by Readings.choose, that by fit_recordings, that by fit, and that by the user
        warnings.warn(_why_unpredictable(selection), UnpredictableWarning, stacklevel=5)
    return selection


@dataclass(frozen=True)
class _Asked:
    """What the user gave; None is open."""

    memory: int | None
    horizon: int | None
    rank: int | None

    @property
    def window_open(self) -> bool:
        return self.memory is None or self.horizon is None

    def shortest(self, channels: int) -> int:
        """Lags that hold as many directions as units were asked for."""
        return math.ceil((self.rank or 1) / channels)


@dataclass(frozen=True)
class _Data:
    """Channels of past and future, and how much there is."""

    channels: int
    width: int
    n_samples: int
    half_life: float | None
    evenness: float

    @property
    def counted(self) -> float:
        return self.effective(self.n_samples)

    def effective(self, n_samples: int) -> float:
        """Return the samples of equal weight that tell as much."""
        return max(effective_samples(n_samples, self.half_life) * self.evenness, 2.0)

    def longest_for_folds(self, gap: int) -> float:
        """Memory and horizon of which a block holds two windows one after the other."""
        return (self.n_samples / (2 * FOLDS) - gap) / 2


def _score_orders(gather: Gather, gap: int, data: _Data) -> np.ndarray:
    """AIC of all orders for which the trials are long enough."""
    highest = largest_order(data.counted, data.channels)
    while True:
        # with fewer windows than this the residuals of order 1 have no room to vary in
        needed = data.channels + data.width + 2
        if highest > 1:
            needed = max(needed, 5 * highest * data.channels)
        n_windows, covariances = 0, None
        try:
            covariances = gather(highest, 1, gap)
            n_windows = covariances.n_windows
        except DataError:
            # long enough, so that something else is wrong with them
            if highest == 1 and data.n_samples >= needed + gap:
                raise
        if covariances is not None and n_windows >= needed:
            return score_orders(covariances, data.channels, n_samples=data.effective(n_windows))
        if highest == 1:
            raise _too_short("memory and horizon", needed, gap + 1, n_windows)
        highest //= 2


def _window_sizes(order: int, asked: _Asked, data: _Data, gap: int, longest: float) -> tuple[int, int]:
    """Twice the order, no more than the recording allows, and no less than a given rank needs."""

    def size(given: int | None, channels: int) -> int:
        if given is not None:
            return given
        # a recording of T samples has T - m - h - g + 2 windows
        most = min((data.counted - gap + 2) / (_WINDOWS_PER_ENTRY * channels + 2), longest)
        return max(asked.shortest(channels), min(2 * order, math.floor(most)))

    return size(asked.memory, data.channels), size(asked.horizon, data.width)


def _gather_enough(
    gather: Gather, m: int, h: int, gap: int, asked: _Asked, data: _Data
) -> tuple[LagCovariances, int, int]:
    """Gather at these sizes, or at shorter ones where trials hold too few windows of them."""
    while True:
        shorter_m = max(asked.shortest(data.channels), int(m * _SHRINK)) if asked.memory is None else m
        shorter_h = max(asked.shortest(data.width), int(h * _SHRINK)) if asked.horizon is None else h
        shortest = (shorter_m, shorter_h) == (m, h)
        # with as many entries as windows every sample correlation is 1
        needed = m * data.channels + h * data.width + 2
        if not shortest:
            open_sizes = (
                0 if asked.memory else m * data.channels,
                0 if asked.horizon else h * data.width,
            )
            needed = max(needed, _WINDOWS_PER_ENTRY * max(open_sizes), data.n_samples // _SAMPLES_PER_WINDOW)
        try:
            covariances = gather(m, h, gap)
        except DataError:
            if shortest:
                raise
        else:
            if covariances.n_windows >= needed or (shortest and asked.rank is not None):
                return covariances, m, h
            if shortest:
                raise _too_short("rank", needed, m + gap + h - 1, covariances.n_windows)
        m, h = shorter_m, shorter_h


def _too_short(what: str, windows: int, window: int, got: int) -> DataError:
    return DataError(
        "X",
        allowed=f"long enough to choose {what} ('auto'): {windows} windows of {window} samples without a gap",
        got=f"{got}",
        remedy="Give a longer recording, or memory, horizon and rank as numbers.",
    )


def _too_short_for_folds(m: int, h: int, gap: int, data: _Data) -> DataError:
    return DataError(
        "X",
        allowed=f"long enough for criterion 'cv': two windows of {m + gap + h - 1} samples without a gap "
        f"in at least two of {FOLDS} blocks",
        got=f"{data.n_samples} samples in all",
        remedy="Give a longer recording, a shorter memory and horizon, or criterion='svc' or 'bic'.",
    )


def _why_unpredictable(selection: Selection) -> str:
    reasons = []
    if selection.order == 0 and selection.orders is not None:
        reasons.append(f"AIC prefers order 0 among 0 to {selection.orders[-1]}")
    scores = selection.rank_scores
    if scores is not None and scores.argmin() == 0:
        reasons.append(f"{selection.criterion} prefers rank 0 among 0 to {len(scores) - 1}")
    return (
        f"Nothing that the past says about the future stands out from chance ({' and '.join(reasons)}); "
        f"fitting {selection.rank} unit(s) with memory {selection.memory} and horizon {selection.horizon}. "
        "See selection_; a longer recording may show more."
    )
