r"""From padded batches to past-future filters, and filtering with them.

.. math:: C_{ff}^{-1/2} C_{fp} C_{pp}^{-1/2} = U \Sigma V^\top, \qquad \Psi = V_r^\top C_{pp}^{-1/2}

Source: Qin et al. 2025, arXiv:2512.23146, Eqs. 3 to 7; moments and directions are those of `lamina.stats`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad

from lamina.errors import DataError, FewWindowsWarning, LaminaWarning, RankDeficientWarning
from lamina.stats import LagMoments, truncated_cca


class GroupFilters(NamedTuple):
    """Filters of one group of w channels: r units that see m samples.

    Attributes
    ----------
    filters
        Ψ, (r, m, w), newest lag first.
    past_mean
        Mean of the past, (m, w); zero when it is not centred.
    correlations
        Canonical correlations, (r,), descending.
    """

    filters: np.ndarray
    past_mean: np.ndarray
    correlations: np.ndarray


def gather(moments: Sequence[LagMoments], x: Tensor, lengths: Tensor | None) -> None:
    """Add a batch to the moments of each group; each sample is a recording of its own, and NaN is a gap.

    Parameters
    ----------
    moments
        One for each group of neighbouring channels.
    x
        (batch, sequence, hidden).
    lengths
        (batch,) numbers of positions that count; None for all.

    Raises
    ------
    lamina.errors.DataError
        When a position that counts holds infinity; nothing has been added then.
    """
    values = x.detach().to("cpu", torch.float64).numpy()
    batch, sequence, _ = values.shape
    counts = np.full(batch, sequence) if lengths is None else lengths.cpu().numpy()
    # a gap between samples, which no window crosses, makes one recording of them all
    joined = np.full((batch, sequence + 1, values.shape[2]), np.nan)
    joined[:, :sequence] = values
    joined[:, :sequence][np.arange(sequence) >= counts[:, None]] = np.nan
    if np.isinf(joined).any():
        raise DataError("x", allowed="finite", got="infinity", remedy="Scale the values, or mask them.")
    width = moments[0].channels
    for group, one in enumerate(moments):
        one.update(joined[..., group * width : (group + 1) * width].reshape(-1, width)).end_trial()


def solve(moments: Sequence[LagMoments], rank: int, *, center: bool, ridge: float) -> list[GroupFilters]:
    """Find the filters of every group; those that a group has no directions for are zero.

    Parameters
    ----------
    moments
        Of each group.
    rank
        Units of a group.
    center, ridge
        As in `ReSUMixing`.

    Returns
    -------
    list of GroupFilters
        In float64.

    Raises
    ------
    lamina.errors.DataError
        When there are fewer than two windows, or no group varies.

    Warns
    -----
    RankDeficientWarning, FewWindowsWarning
        Once for all groups.
    """
    first = moments[0]
    if first.n_windows < 2:
        window = first.memory + first.gap + first.horizon - 1
        raise DataError(
            "x",
            allowed=f"long enough for two windows of {window} positions (memory + gap + horizon - 1)",
            got=f"{first.n_windows} window(s) in all samples",
            remedy="Fit on longer sequences, or ask for a shorter memory, horizon or gap.",
        )
    found, short, few = [], 0, 0
    for one in moments:
        filters, kept, overfitted = _solve(one, rank, center, ridge)
        found.append(filters)
        short += kept < rank
        few += overfitted
    if not any(group.filters.any() for group in found):
        raise DataError(
            "x",
            allowed="data that vary",
            got="constants",
            remedy="Look at what reaches this layer; a constant has nothing to predict.",
        )
    groups = f"of {len(moments)} group(s)"
    if few:
        _warn(
            f"{first.n_windows} windows are too few for the directions of past and future in {few} {groups}: "
            "correlations near 1 say nothing about the data. Fit on more data, or with a shorter memory and "
            "horizon, more groups, or a ridge.",
            FewWindowsWarning,
        )
    if short:
        _warn(
            f"rank {rank} was asked for, but {short} {groups} hold fewer directions; "
            "the units that are missing are zero.",
            RankDeficientWarning,
        )
    return found


def _warn(text: str, kind: type[LaminaWarning]) -> None:
    # solve is called by the layer, and that by the user
    warnings.warn(text, kind, stacklevel=5)


def _solve(moments: LagMoments, rank: int, center: bool, ridge: float) -> tuple[GroupFilters, int, bool]:
    """Return the filters of one group, how many there are, and whether windows are too few."""
    memory, channels = moments.memory, moments.channels
    filters, correlations = np.zeros((rank, memory, channels)), np.zeros(rank)
    centred = moments.covariances()
    past, future = (
        _varying(np.asarray(covariance), np.asarray(mean))
        for covariance, mean in ((centred.past, centred.past_mean), (centred.future, centred.future_mean))
    )
    covariances = centred if center else moments.covariances(center=False)
    mean = np.asarray(covariances.past_mean).reshape(memory, channels)
    if not (past.any() and future.any()):
        return GroupFilters(filters, np.zeros_like(mean), correlations), 0, False
    if not center:
        past, future = np.ones_like(past), np.ones_like(future)
    with warnings.catch_warnings():
        # told once for all groups
        warnings.simplefilter("ignore", RankDeficientWarning)
        directions = truncated_cca(
            np.asarray(covariances.past) * np.outer(past, past),
            np.asarray(covariances.future) * np.outer(future, future),
            np.asarray(covariances.cross) * np.outer(future, past),
            rank,
            ridge=ridge,
        )
    kept = directions.past_filters.shape[0]
    filters[:kept] = np.asarray(directions.past_filters).reshape(kept, memory, channels)
    correlations[:kept] = np.asarray(directions.canonical_correlations)
    few = ridge == 0 and moments.n_windows - center < directions.past_rank + directions.future_rank
    return GroupFilters(filters, mean, correlations), kept, few


def _varying(covariance: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Say which entries vary by more than the rounding of a constant: whitening would make a signal of it."""
    return np.sqrt(np.diagonal(covariance)) > 16 * np.finfo(np.float64).eps * np.abs(mean)


def arranged(found: Sequence[GroupFilters], dtype: torch.dtype) -> tuple[np.ndarray, ...]:
    """Arrange what was found as the layer keeps it: filters, reference, offsets, correlations of all groups.

    The reference has few digits, so that the layer's dtype holds it exactly, and float32 in any case: an
    offset of any size then costs none.
    """
    filters = np.stack([group.filters for group in found])
    means = np.stack([group.past_mean for group in found])
    rounded = torch.from_numpy(means.mean(axis=1)).to(torch.float32 if dtype == torch.float64 else dtype)
    reference = rounded.double().numpy()
    offsets = -np.einsum("grmc,gmc->grm", filters, means - reference[:, None])
    return filters, reference.reshape(-1), offsets, np.stack([group.correlations for group in found])


def grouped_filter(rows: Tensor, filters: Tensor) -> Tensor:
    r"""Filter each group of channels causally, :math:`z_t = \sum_i \Psi_i\, x_{t-i}` within each group.

    Parameters
    ----------
    rows
        (batch, sequence, groups · w); what lies before the first position counts as zero.
    filters
        (groups, r, m, w), newest lag first, of the same dtype.

    Returns
    -------
    Tensor
        (batch, sequence, groups, r).

    Examples
    --------
    >>> import torch
    >>> difference = torch.tensor([1.0, -1.0])[None, None, :, None]
    >>> grouped_filter(torch.tensor([1.0, 2.0, 4.0])[None, :, None], difference).flatten().tolist()
    [1.0, 1.0, 2.0]
    """
    groups, units, memory, _ = filters.shape
    weight = filters.flip(2).transpose(2, 3).flatten(0, 1)
    filtered = conv1d(pad(rows.mT, (memory - 1, 0)), weight, groups=groups)
    return filtered.mT.unflatten(2, (groups, units))
