"""Groups of units that compete for what they learn from: each keeps to what it forecasts best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from array_api_compat import is_torch_array
from scipy.signal import lfilter

from lamina._checks import check_integer, check_real, check_seed, check_trials
from lamina.errors import DataError, ShapeError
from lamina.stats import truncated_cca
from lamina.typing import Objective

_FLOOR = 1e-3  # of the mean error: where nothing moves, the groups' errors are rounding and decide nothing

_LEAST = 0.02
"""Of an equal share: a group with less has lost."""


@dataclass(frozen=True, eq=False)
class Competition:
    """What competing groups have learned, each from the windows that it won.

    Parameters
    ----------
    filters
        ``(groups, directions, channels)`` canonical directions of the present, strongest first.
    canonical_correlations
        ``(groups, directions)``.
    forecasts
        ``(groups, channels, channels)``: what each group expects ``gap`` samples later is its matrix times
        the present.
    error_variances
        ``(channels,)`` of the winners' forecasts, the unit in which errors are compared.
    gap
        Samples from the present to the future.
    leak
        Samples over which the score is remembered.
    shares
        ``(groups,)`` of the windows that each won.
    changed
        For each round the share of the windows that changed hands.

    Notes
    -----
    Made by `compete`.

    Examples
    --------
    See `compete`.

    >>> nothing = np.zeros((2, 1, 1))
    >>> one = Competition(nothing, nothing[:, 0], nothing, np.ones(1), 1, 0.0, np.full(2, 0.5), (0.1, 0.0))
    >>> one.n_rounds
    2
    """

    filters: np.ndarray
    canonical_correlations: np.ndarray
    forecasts: np.ndarray
    error_variances: np.ndarray
    gap: int
    leak: float
    shares: np.ndarray
    changed: tuple[float, ...]

    @property
    def n_rounds(self) -> int:
        """Rounds until nearly nothing changed hands any more."""
        return len(self.changed)

    def winners(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Tell which group forecasts best, at every sample that has a future.

        Parameters
        ----------
        recordings
            ``(time, channels)`` each.

        Returns
        -------
        list[numpy.ndarray]
            ``(time - gap,)`` integers each, from 0.

        Raises
        ------
        ShapeError, DataError
            As `compete`.
        """
        present, future, ends = _windows(recordings, self.gap, self.forecasts.shape[-1])
        errors = _errors(present, future, self.forecasts, self.error_variances)
        return np.split(_best(errors, ends, self.leak), ends)


def compete(
    recordings: Sequence[np.ndarray],
    *,
    n_groups: int = 2,
    gap: int = 1,
    leak: float = 100.0,
    block: int = 50,
    max_rounds: int = 20,
    tolerance: float = 1e-3,
    ridge: float = 1e-4,
    objective: Objective = "cca",
    seed: int = 0,
) -> Competition:
    r"""Let groups of units compete for windows, and find the canonical directions of what each has won.

    Every group forecasts the future from the present by what it has learned so far, and a leaky memory keeps
    how well it did beside the others. A window teaches the group that is ahead, and no other:

    .. math:: q_k = \sum_c \frac{(f - A_k p)_c^2}{s_c^2}, \qquad
              r_k = -\frac{q_k}{\sum_j q_j}, \qquad
              \bar r_k \leftarrow e^{-1/\ell}\, \bar r_k + (1 - e^{-1/\ell})\, r_k

    with :math:`A_k = C_{fp} C_{pp}^{-1}` from the windows of group k, and :math:`s_c^2` the variance of the
    winners' errors. Errors are compared as shares, so that windows of much contrast count no more than
    others. It starts from blocks given to groups at random and goes on until nearly nothing changes hands. A
    group that loses nearly all takes half of the blocks of the largest, at random.

    Parameters
    ----------
    recordings
        ``(time, channels)`` each, finite, longer than ``gap``; a list, or one array.
    n_groups
        At least 2: as many as there are kinds of dynamics to tell apart.
    gap
        Samples from the present to the future, at least 1.
    leak
        Time constant of the score in samples, at least 0 (0: each window for itself).
    block
        Samples of the blocks that are given out at random to begin with, at least 1.
    max_rounds
        Rounds at most, at least 0; with 0 the groups keep the random blocks.
    tolerance
        The competition ends when at most this share of the windows changes hands, from 0 to 1.
    ridge
        Enlarges the second moment of each channel by this share before forecasts are computed, above 0.
    objective
        "cca", or "rrr" or "pca" to compare; see `lamina.stats.truncated_cca`.
    seed
        Draws the first blocks.

    Returns
    -------
    Competition
        What the groups have learned.

    Raises
    ------
    ShapeError
        If the recordings differ in channels, or none is longer than ``gap``.
    DataError
        If a value is not finite, or a group has lost too many windows to learn from.
    ArgumentError
        If a number is out of range.

    Notes
    -----
    Moments are about zero, and present and future one sample each, as in the second layer of Qin et al.
    (2025). They speculate that T4 cells could tell directions of motion apart by plasticity that is gated by
    the cell's own output; this gate is ours.

    Examples
    --------
    Two ways to turn in a plane, mixed in one recording and never labelled:

    >>> rng = np.random.default_rng(0)
    >>> turns = [np.exp(1j * (sign * np.arange(500) / 5 + rng.uniform(0, 6))) for sign in (1, -1, -1, 1)]
    >>> movies = [np.stack([z.real, z.imag], axis=1) + 0.1 * rng.standard_normal((500, 2)) for z in turns]
    >>> groups = compete(movies, gap=3, leak=20)
    >>> first, second, third, last = (won[50:].mean() for won in groups.winners(movies))
    >>> bool(first == last != second == third)
    True
    """
    count = check_integer("n_groups", n_groups, minimum=2)
    gap = check_integer("gap", gap, minimum=1)
    leak = check_real("leak", leak, minimum=0.0)
    block = check_integer("block", block, minimum=1)
    rounds = check_integer("max_rounds", max_rounds, minimum=0)
    tolerance = check_real("tolerance", tolerance, minimum=0.0, maximum=1.0)
    ridge = check_real("ridge", ridge, above=0.0)
    rng = check_seed("seed", seed)
    present, future, ends = _windows(recordings, gap, None)
    lengths = np.diff(ends, prepend=0, append=len(present))
    won = _random_blocks(lengths, block, count, rng)
    changed: list[float] = []
    forecasts, variances = _learn(present, future, won, count, ridge)
    for _ in range(rounds):
        new = _best(_errors(present, future, forecasts, variances), ends, leak)
        new = _revive(new, count, lambda: _random_blocks(lengths, block, 2, rng))
        changed.append(float(np.mean(new != won)))
        won = new
        forecasts, variances = _learn(present, future, won, count, ridge)
        if changed[-1] <= tolerance:
            break
    directions = [
        truncated_cca(*_moments(present[won == group], future[won == group]), objective=objective)
        for group in range(count)
    ]
    # a group whose channels depend on each other has fewer directions; all keep as many as each has
    kept = min(found.past_filters.shape[0] for found in directions)
    return Competition(
        np.array([found.past_filters[:kept] for found in directions]),
        np.array([found.canonical_correlations[:kept] for found in directions]),
        forecasts,
        variances,
        gap,
        leak,
        np.bincount(won, minlength=count) / len(won),
        tuple(changed),
    )


def _windows(
    recordings: Sequence[np.ndarray], gap: int, channels: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return present and future of every window, (windows, channels), and where recordings end."""
    arrays = [
        np.asarray(each.detach().cpu() if is_torch_array(each) else each, dtype=np.float64)
        for each in check_trials("recordings", recordings, channels=channels)
    ]
    if not all(np.isfinite(each).all() for each in arrays):
        raise DataError(
            "recordings", allowed="finite", got="NaN", remedy="Cut recordings into pieces at their gaps."
        )
    shortest = min(len(each) for each in arrays)
    if shortest <= gap:
        raise ShapeError(
            "recordings",
            allowed=f"longer than the gap of {gap} samples",
            got=f"{shortest} sample(s)",
            remedy="Leave out short recordings, or give a smaller gap.",
        )
    present = np.concatenate([each[:-gap] for each in arrays])
    future = np.concatenate([each[gap:] for each in arrays])
    return present, future, np.cumsum([len(each) - gap for each in arrays])[:-1]


def _random_blocks(lengths: np.ndarray, block: int, count: int, rng: np.random.Generator) -> np.ndarray:
    # a block that is longer than the recording needs no more room than the recording
    parts = [np.repeat(rng.integers(count, size=-(-n // block)), min(block, n))[:n] for n in lengths]
    return np.concatenate(parts)


def _revive(won: np.ndarray, count: int, coin: Callable[[], np.ndarray]) -> np.ndarray:
    """Give a group that has lost nearly all a random half of what the largest has won."""
    for group in range(count):
        shares = np.bincount(won, minlength=count) * count / len(won)
        if shares[group] < _LEAST:
            won = np.where((won == shares.argmax()) & (coin() == 1), group, won)
    return won


def _moments(present: np.ndarray, future: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = len(present)
    return present.T @ present / count, future.T @ future / count, future.T @ present / count


def _learn(
    present: np.ndarray, future: np.ndarray, won: np.ndarray, count: int, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return every group's forecast, and the variance of the winners' errors in each channel."""
    channels = present.shape[1]
    forecasts = np.empty((count, channels, channels))
    squares = np.zeros(channels)
    for group in range(count):
        mine = won == group
        if mine.sum() <= channels:
            raise DataError(
                "recordings",
                allowed=f"long enough for {count} groups to learn {channels} channels from",
                got=f"{int(mine.sum())} window(s) left to one of them",
                remedy="Use longer recordings, or fewer groups.",
            )
        past, ahead, cross = _moments(present[mine], future[mine])
        own = np.diag(past)
        whole = past + np.diag(ridge * np.maximum(own, np.finfo(float).eps * own.max()))
        forecasts[group] = np.linalg.solve(whole, cross.T).T
        gain = forecasts[group]
        # of the errors, without going through the windows again
        squares += mine.sum() * (
            np.diag(ahead) - 2 * (gain * cross).sum(axis=1) + ((gain @ past) * gain).sum(axis=1)
        )
    return forecasts, np.maximum(squares / len(won), np.finfo(float).tiny)


def _errors(
    present: np.ndarray, future: np.ndarray, forecasts: np.ndarray, variances: np.ndarray
) -> np.ndarray:
    """Return the squared errors of every group, (groups, windows), a channel's in units of its variance."""
    units = 1 / np.sqrt(variances)
    scaled = future * units
    misses = (scaled - present @ (gain.T * units) for gain in forecasts)
    return np.array([np.einsum("tc,tc->t", miss, miss) for miss in misses])


def _best(errors: np.ndarray, ends: np.ndarray, leak: float) -> np.ndarray:
    """Return the group that is ahead at every window."""
    total = errors.sum(axis=0)
    scores = -errors / (total + _FLOOR * total.mean() + np.finfo(float).tiny)
    if leak > 0:
        stay = float(np.exp(-1 / leak))
        parts = np.split(scores, ends, axis=1)
        scores = np.concatenate([lfilter([1 - stay], [1, -stay], part, axis=1) for part in parts], axis=1)
    return scores.argmax(axis=0)
