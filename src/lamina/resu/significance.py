"""Which correlations between past and future are more than finite data invent, and how sure each one is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from array_api_compat import is_torch_array, to_device

from lamina._checks import check_integer, check_real, check_seed
from lamina.errors import DataError
from lamina.linalg import inverse_sqrt
from lamina.resu.gathering import covariances_of
from lamina.resu.jackknife import block_edges, leave_one_out
from lamina.resu.settings import Settings, check_settings
from lamina.resu.surrogates import WindowRows, circular_scatters, shuffled_scatters, window_rows
from lamina.stats import LagCovariances, LagMoments
from lamina.typing import Array, Objective

# circular shifts stay this many windows away from no shift at all
GUARD_WINDOWS = 2

# trials from which on they are shuffled: with fewer there are too few ways to do it
FEWEST_TRIALS = 8

# share of the windows that must find a partner at the same time in another trial
_LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Significance:
    r"""Singular values of a fit beside those of surrogates that have no relation of past and future.

    Parameters
    ----------
    method
        "circular shift" or "shuffled trials".
    singular_values
        (units,), of the objective: for "cca" the canonical correlations.
    null
        (n_surrogates, units). Column k holds the largest singular value of each surrogate in what units
        1 … k−1 leave over of past and future: what unit k is to be compared with.
    p_values
        (units,), in (0, 1], never falling from one unit to the next: the k-th is the
        evidence against "at most k − 1 units are real".
    threshold
        (units,). A singular value above it has, before the p-values are made not to fall, p ≤ ``level``.
    standard_errors
        (units,), delete-a-block jackknife.
    n_significant
        Leading units with p ≤ ``level``.
    level
        Rate of false positives that ``threshold`` and ``n_significant`` allow.
    seed
        That the surrogates were drawn with; None for a generator.
    """

    method: Literal["circular shift", "shuffled trials"]
    singular_values: np.ndarray
    null: np.ndarray
    p_values: np.ndarray
    threshold: np.ndarray
    standard_errors: np.ndarray
    n_significant: int
    level: float
    seed: int | None


def assess(
    trials: Sequence[Array],
    *,
    memory: int,
    horizon: int,
    rank: int,
    gap: int = 1,
    center: bool = True,
    objective: Objective = "cca",
    ridge: float = 0.0,
    rcond: float | None = None,
    future_channels: int | None = None,
    n_surrogates: int = 200,
    seed: Any = 0,
    level: float = 0.05,
) -> Significance:
    r"""Compare the units of a fit with surrogates in which the past meets the future of another time.

    One recording: row t of the lag vectors is paired with the future of row (t + s) mod N, at random shifts s
    at least two windows away from 0. From eight trials on (if half of the windows keep a partner): the past
    of each trial is paired with the future of another at the same time in the trial, so that what is locked
    to the beginning of a trial belongs to the null. Both keep the autocorrelation of the past and that of
    the future.

    Units are tested one after the other. With Ψ and Φ complete bases of canonical directions, and C_s the
    cross-covariance of surrogate s,

    .. math:: A_s = \Phi C_s \Psi^\top, \qquad
              p_k = \max_{i \le k} \frac{c + \#\{s : \|A_s[i{:}, i{:}]\|_2 \ge \sigma_i\}}{c + S}

    that is, the first i − 1 canonical pairs are taken out of past and future before the largest remaining
    singular value is compared. Comparing σ_i with the i-th of each surrogate would call noise significant
    behind any real unit. c is 1, or S · window / N where that is more: N rows hold no more than N / window
    independent shifts, however many surrogates S are drawn.

    Parameters
    ----------
    trials
        (time, channels) each, of any library; NaN marks a gap.
    memory, horizon, rank, gap, center, objective, ridge, rcond
        Of the unit, see `lamina.ReSU`. With fewer directions in the data, fewer units are assessed.
    future_channels
        The last so many channels are the partner's, whose future was predicted; None without a partner.
    n_surrogates
        S, at least 1 / level − 1; no p-value is less than 1 / (1 + S).
    seed
        Of the surrogates: an integer, or a generator.
    level
        Allowed rate of false positives, above 0 and below 1.

    Returns
    -------
    Significance
        NumPy arrays in float64.

    Raises
    ------
    ArgumentError
        A parameter cannot be; too few surrogates for the level.
    DataError
        Too few windows to be shifted: 1 / level − 1 windows' length is the least, and every shift counts
        once; nothing varies.

    Notes
    -----
    A component that never loses its phase (a mains hum, the seasons) relates the past to the future of every
    other time as well. It lifts the null nearly to its own value, and p says little about it: take it out
    first. Standard errors come from leaving out one
    block of the data at a time (Künsch 1989); they mean little for a correlation that is not significant.

    References
    ----------
    Winkler, Renaud, Smith & Nichols 2020, NeuroImage 220:117065 (stepwise permutation of CCA); Phipson &
    Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9:39 (the p-value); Künsch 1989,
    Annals of Statistics 17:1217 (the jackknife of blocks).

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal(3000)
    >>> signal = np.convolve(noise, 0.8 ** np.arange(40))[:3000]  # one state
    >>> found = assess([signal[:, None]], memory=4, horizon=4, rank=3)
    >>> found.method, found.n_significant, float(found.p_values[0].round(3))
    ('circular shift', 1, 0.005)
    """
    settings = check_settings(
        memory=memory, horizon=horizon, rank=rank, gap=gap, center=center, objective=objective, ridge=ridge,
        rcond=rcond,
    )  # fmt: skip
    level = check_real("level", level, above=0.0, maximum=1.0)
    wanted = check_integer("n_surrogates", n_surrogates, minimum=max(1, math.ceil(1 / level - 1e-9) - 1))
    generator = check_seed("seed", seed)
    arrays = [_numpy(trial) for trial in trials]
    rows = window_rows(arrays, memory, horizon, gap, future_channels=future_channels, center=center)
    shuffled = len(rows.per_trial()) >= FEWEST_TRIALS and rows.shared() >= _LEAST_OVERLAP
    shifts = [] if shuffled else _draw_shifts(rows, wanted, level, generator)
    edges = block_edges(rows, by_trials=shuffled, channels=arrays[0].shape[1])
    moments, others = leave_one_out(rows, arrays, edges)
    covariances = covariances_of(settings, moments, future_channels)
    values, left, right = _complete_bases(covariances, settings)
    values = values[:rank]
    means = (
        np.reshape(covariances.past_mean, (memory, -1)) - rows.past_origin,
        np.reshape(covariances.future_mean, (horizon, -1)) - rows.future_origin,
    )
    scatters: Iterable[tuple[np.ndarray, int]] = (
        shuffled_scatters(rows, wanted, *means, generator)
        if shuffled
        else ((scatter, rows.total) for scatter in circular_scatters(rows, np.asarray(shifts), *means))
    )
    null = np.asarray(
        [_leading(left @ scatter @ right.T, len(values)) / _freedom(rows.total, pairs, center)
         for scatter, pairs in scatters]
    )  # fmt: skip
    # shifts that differ by less than a window give much the same surrogate: of N rows, N / window are
    # independent, and the data themselves count as one of these
    own = 1.0 if shuffled else max(1.0, wanted * rows.window / rows.total)
    p_values = _p_values(values, null, own)
    return Significance(
        method="shuffled trials" if shuffled else "circular shift",
        singular_values=values,
        null=null,
        p_values=p_values,
        threshold=_threshold(null, level, own),
        standard_errors=_standard_errors(others, settings, future_channels, len(values)),
        n_significant=int(np.sum(p_values <= level)),
        level=level,
        seed=None if isinstance(seed, np.random.Generator) else int(seed),
    )


def _numpy(trial: Array) -> np.ndarray:
    if is_torch_array(trial):
        trial = trial.detach()
    array = np.asarray(to_device(trial, "cpu"), dtype=np.float64)
    return array if array.ndim == 2 else array[:, None]


def _draw_shifts(rows: WindowRows, wanted: int, level: float, generator: np.random.Generator) -> np.ndarray:
    """Draw different shifts of the rows, away from 0 in both directions."""
    guard = GUARD_WINDOWS * rows.window
    possible = rows.total - 2 * guard + 1
    needed = max(2 * guard + wanted - 1, math.ceil(rows.window * (1 / level - 1)))
    if rows.total < needed:
        raise DataError(
            "X",
            allowed=f"long enough for {wanted} circular shifts: {needed} windows of {rows.window} samples "
            "(memory + gap + horizon - 1)",
            got=f"{rows.total} window(s)",
            remedy="Give a longer recording or more trials, or ask for a shorter memory or horizon.",
        )
    return guard + generator.choice(possible, size=wanted, replace=False)


def _complete_bases(
    covariances: LagCovariances, settings: Settings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Singular values of the objective, and all directions of future and past, not only the paired ones."""
    left, core, right = _factors(covariances, settings)
    u, values, vt = np.linalg.svd(core)
    return (
        _clipped(values, settings),
        u.T if left is None else u.T @ left,
        vt if right is None else vt @ right,
    )


def _factors(
    covariances: LagCovariances, settings: Settings
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray | None]:
    """Whitening of the future and of the past, None where there is none, and what lies between them."""
    left = right = None
    core = covariances.cross
    if settings.objective in ("cca", "rrr"):
        right, _ = inverse_sqrt(_with_ridge(covariances.past, settings.ridge), settings.rcond)
        core = core @ right.T
    if settings.objective == "cca":
        left, _ = inverse_sqrt(_with_ridge(covariances.future, settings.ridge), settings.rcond)
        core = left @ core
    return left, core, right


def _with_ridge(covariance: np.ndarray, ridge: float) -> np.ndarray:
    return covariance + ridge * np.trace(covariance) / len(covariance) * np.eye(len(covariance))


def _clipped(values: np.ndarray, settings: Settings) -> np.ndarray:
    return np.clip(values, 0.0, 1.0) if settings.objective == "cca" else values


def _leading(products: np.ndarray, units: int) -> np.ndarray:
    """Largest singular value of what is left when the first 0, 1, … directions are taken out."""
    return np.asarray([np.linalg.norm(products[unit:, unit:], 2) for unit in range(units)])


def _freedom(rows: int, pairs: int, center: bool) -> float:
    """Return what to divide a scatter by, so that a surrogate of fewer pairs scatters as much as the data."""
    return (rows - 1 if center else rows) * math.sqrt(pairs / rows)


def _p_values(values: np.ndarray, null: np.ndarray, own: float) -> np.ndarray:
    each = (own + np.sum(null >= values, axis=0)) / (own + len(null))
    # a unit counts only if those before it do, which keeps the rate of any false claim at the level
    return np.maximum.accumulate(each)


def _threshold(null: np.ndarray, level: float, own: float) -> np.ndarray:
    allowed = math.floor(level * (own + len(null)) - own + 1e-9) + 1
    return np.sort(null, axis=0)[-allowed]


def _standard_errors(
    others: Iterator[LagMoments], settings: Settings, future_channels: int | None, units: int
) -> np.ndarray:
    """Delete-a-block jackknife, (B − 1)/B · Σ (σ₍ᵦ₎ − mean)², square root taken."""
    estimates: list[np.ndarray] = []
    for moments in others:
        values = np.zeros(units)
        # without the one block that varies nothing does, and nothing is correlated
        with suppress(DataError):
            _, core, _ = _factors(covariances_of(settings, moments, future_channels), settings)
            found = _clipped(np.linalg.svd(core, compute_uv=False), settings)[:units]
            values[: len(found)] = found
        estimates.append(values)
    table = np.asarray(estimates)
    return np.sqrt((len(table) - 1) * np.var(table, axis=0))
