"""Surprise of every sample of a recording, and what it is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from array_api_compat import array_namespace, device

from lamina.errors import DataError
from lamina.resu.admission import like
from lamina.resu.anomaly.bank import SurpriseBank
from lamina.resu.projection import project
from lamina.typing import Array

# numbers of residuals that are held at once
_BLOCK = 2**20


def surprise_of(bank: SurpriseBank, trial: Array) -> Array:
    """Return rᵀr of the window that ends in each sample, (time,), of the type of the trial.

    Where the bank knows what is typical, how unlike that it is, see `unlike`.

    Parameters
    ----------
    bank
        Surprise filters.
    trial
        (time, channels), floating; NaN marks a gap.

    Returns
    -------
    Array
        NaN where the window is not whole, or touches a gap.

    Raises
    ------
    DataError
        A score is too large for the type.
    """
    return _answer(bank, trial, lambda r, xp: unlike(bank.typical, xp.sum(r * r, axis=1)))


def unlike(typical: tuple[float, float] | None, score: Array) -> Array:
    """Return 2 log of the likelihood ratio that the residual has another size than usual.

    ν (x − 1 − log x), x = s / mean: for s ~ mean · χ²_ν / ν, against any other mean. It grows on both sides.

    Parameters
    ----------
    typical
        The mean and ν; None leaves scores as they are.
    score
        Scores, ≥ 0 or NaN.

    Returns
    -------
    Array
        ≥ 0.
    """
    if typical is None:
        return score
    xp = array_namespace(score)
    x = score / typical[0]
    # no residual at all is as unusual as one of a millionth of the size
    return typical[1] * (x - 1.0 - xp.log(xp.clip(x, 1e-12, None)))


def retrospective(score: Array, horizon: int) -> Array:
    """Return the mean of the scores of all windows in whose future a sample lies.

    Parameters
    ----------
    score
        (time,), of the window that ends in each sample; NaN is left out of the mean.
    horizon
        Samples of a future: those that end 0 … horizon − 1 later hold the sample.

    Returns
    -------
    Array
        (time,), NaN where no such window has a score.
    """
    xp = array_namespace(score)
    known = ~xp.isnan(score)
    sums = xp.zeros_like(score, dtype=xp.float64)
    counts = xp.zeros_like(sums)
    values = xp.astype(xp.where(known, score, xp.zeros_like(score)), xp.float64)
    for later in range(min(horizon, score.shape[0])):
        end = score.shape[0] - later
        sums[:end] += values[later:]
        counts[:end] += xp.astype(known[later:], xp.float64)
    nothing = xp.full_like(sums, math.nan)
    mean = xp.where(counts > 0, sums / xp.clip(counts, 1.0, None), nothing)
    return xp.astype(mean, score.dtype, copy=False)


def shares_of(bank: SurpriseBank, trial: Array, by: str) -> Array:
    """Return what channels, or units, have to do with the surprise; see `lamina.resu.ReSUAnomaly`.

    Parameters
    ----------
    bank, trial
        As in `surprise_of`.
    by
        "channel" or "unit".

    Returns
    -------
    Array
        (time, channels), or (time, units + 1).
    """
    if by == "unit":
        units = len(bank.canonical_correlations)

        def squares(r: Array, xp: Array) -> Array:
            rest = xp.sum(r[:, units:] ** 2, axis=1)
            return xp.concat([r[:, :units] ** 2, rest[:, None]], axis=1)

        return _answer(bank, trial, squares)
    maps = [_without(bank, channel) for channel in range(bank.channels)]

    def lost(r: Array, xp: Array) -> Array:
        return xp.stack([xp.sum((r @ like(turn, r)) ** 2, axis=1) for turn in maps], axis=1)

    return _answer(bank, trial, lost)


def _without(bank: SurpriseBank, channel: int) -> np.ndarray:
    """Return an orthonormal map of r to that part of the residual that only this channel tells.

    With W_c the columns of the channel and g = W_cᵀ r, the surprise falls by gᵀ (W_cᵀ W_c)⁻¹ g = ‖Qᵀ r‖²
    without the channel, Q an orthonormal basis of the columns.
    """
    columns = bank.whitening[:, channel :: bank.channels]
    left, lengths, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, lengths > 1e-10 * max(lengths.max(initial=0.0), 1e-300)]


def _answer(bank: SurpriseBank, trial: Array, make: Callable[[Array, Array], Array]) -> Array:
    xp = array_namespace(trial)
    pieces: list[Array] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for r in _residuals(bank, trial):
            pieces.append(xp.astype(make(r, xp), trial.dtype, copy=False))
    result = xp.concat(pieces, axis=0) if len(pieces) > 1 else pieces[0]
    if bool(xp.any(xp.isinf(result))):
        raise DataError(
            "X",
            allowed=f"of values whose squares are finite in {str(trial.dtype).removeprefix('torch.')}",
            got="an overflow",
            remedy="Look at the largest values of the recording, or pass it in float64.",
        )
    return result


def _residuals(bank: SurpriseBank, trial: Array) -> Iterator[Array]:
    """Yield r, (rows, outputs), block by block, NaN before the first whole window."""
    xp = array_namespace(trial)
    weights, mean = like(bank.weights, trial), like(bank.mean, trial)
    outputs, window, _ = bank.weights.shape
    rows = max(_BLOCK // outputs, 4 * window)
    for start in range(0, trial.shape[0], rows):
        before = min(start, window - 1)
        block = trial[start - before : start + rows, :]
        r = project(block[None, ...], weights, mean)[0, before:, :]
        if start == 0:
            missing = min(window - 1, r.shape[0])
            none = xp.full((missing, outputs), math.nan, dtype=r.dtype, device=device(r))
            r = xp.concat([none, r[missing:, :]], axis=0)
        yield r
