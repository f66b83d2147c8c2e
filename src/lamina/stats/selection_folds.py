"""How many directions of the past still foretell the future on data that were not fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.errors import DataError
from lamina.linalg import inverse_sqrt
from lamina.linalg.inverse_roots import check_cutoff
from lamina.stats.covariances import LagCovariances
from lamina.stats.moments import LagMoments
from lamina.stats.selection_orders import as_numpy

# of a future direction's variance; less than this counts as this, so that rounding is not taken for surprise
_LEAST_LEFT = 1e-8


def score_ranks_cv(
    folds: Sequence[LagMoments],
    *,
    future_channels: int | None = None,
    center: bool = True,
    ridge: float = 0.0,
    rcond: float | None = None,
) -> np.ndarray:
    r"""Score every rank by blocked cross-validation of the predictive information; the least score wins.

    .. math:: \mathrm{CV}(s) = -\frac1N \sum_{\text{blocks}} \sum_{t} \sum_{i \le s}
              \tfrac12 \left[ \phi_{ti}^2 - \frac{(\phi_{ti} - \sigma_i z_{ti})^2}{1 - \sigma_i^2}
              - \ln(1 - \sigma_i^2) \right]

    with :math:`z = \Psi(p - \mu_p)`, :math:`\phi = \Phi(f - \mu_f)` and :math:`\sigma` learned on all other
    blocks. The bracket is how much better, in nats, the Gaussian forecast of :math:`\phi_i` from :math:`z_i`
    does on a held-out window than no forecast. On the data of the fit it averages
    :math:`-\frac12 \ln(1 - \sigma_i^2)`, the predictive information of the direction. On others a direction
    that exists gains and one that chance made up loses, so that the score has a minimum.

    Parameters
    ----------
    folds
        Moments of contiguous blocks, one each, with ended trials; no window crosses from one to the next, and
        none is in two blocks. At least two of them hold two windows or more. They stay as they are.
    future_channels
        How many of the channels, the last ones, belong to the future and only to it; None for a recording's
        own future.
    center
        Take the means (of the other blocks) out.
    ridge, rcond
        As in `lamina.stats.truncated_cca`.

    Returns
    -------
    numpy.ndarray
        Shape ``(r + 1,)``, nats per window for ranks 0 (which scores 0), 1, …, r, where r directions exist in
        all blocks together.

    Raises
    ------
    ArgumentError
        The folds differ in their parameters, or an argument is outside its range.
    StateError
        A fold's trial is not ended.
    DataError
        Fewer than two folds hold two windows, or nothing varies.

    Notes
    -----
    Blocks instead of single windows, because neighbouring windows share samples: Burman, Chow & Nolan (1994),
    Biometrika 81. Memory must not be chosen by it: the future of another horizon is another question.

    Examples
    --------
    >>> y = np.convolve(np.random.default_rng(1).standard_normal(3000), 0.8 ** np.arange(60), mode="valid")
    >>> folds = [LagMoments(memory=4, horizon=4).update(block).end_trial() for block in np.array_split(y, 5)]
    >>> int(score_ranks_cv(folds).argmin())
    1
    """
    ridge = check_real("ridge", ridge, minimum=0)
    usable = [fold for fold in folds if fold.n_windows >= 2]
    if len(usable) < 2:
        raise DataError(
            "folds",
            allowed="at least two blocks of two windows or more",
            got=f"{len(usable)} such block(s) among {len(folds)}",
            remedy="Give a longer recording, ask for a shorter memory and horizon, or choose by svc or bic.",
        )
    whole = _covariances(_merged(usable), future_channels, center)
    coordinates = _Coordinates.of(whole, ridge, rcond)
    gains = np.zeros(coordinates.directions)
    for held_out in usable:
        trained = _covariances(
            _merged([fold for fold in usable if fold is not held_out]), future_channels, center
        )
        tested = _covariances(held_out, future_channels, center)
        found = _gains(trained, tested, coordinates, ridge, rcond)
        gains[: len(found)] += found[: len(gains)] * held_out.n_windows
    return np.append(0.0, -np.cumsum(gains) / sum(fold.n_windows for fold in usable))


@dataclass(frozen=True)
class _Coordinates:
    """Maps to directions that vary in all blocks together, so that a fold meets no others."""

    past: np.ndarray
    future: np.ndarray

    @property
    def directions(self) -> int:
        return min(self.past.shape[0], self.future.shape[0])

    @classmethod
    def of(cls, covariances: LagCovariances, ridge: float, rcond: float | None) -> _Coordinates:
        maps = []
        for side, mean in (
            (covariances.past, covariances.past_mean),
            (covariances.future, covariances.future_mean),
        ):
            matrix = as_numpy(side)
            if covariances.center:
                # whitening knows no scale: the rounding of a constant channel must not count as a signal
                moving = np.diagonal(matrix) ** 0.5 > 2.0**-48 * np.abs(as_numpy(mean))
                matrix = matrix * moving * moving[:, None]
            mapped, kept = inverse_sqrt(_with_ridge(matrix, ridge), rcond)
            if kept == 0:
                raise DataError(
                    "folds",
                    allowed="of data that vary",
                    got="a constant past or future",
                    remedy="Look at the recording.",
                )
            maps.append(mapped)
        return cls(*maps)


def _gains(
    trained: LagCovariances,
    tested: LagCovariances,
    coordinates: _Coordinates,
    ridge: float,
    rcond: float | None,
) -> np.ndarray:
    """Mean gain in nats of every direction learned on one set of windows, on another."""
    P, F = coordinates.past, coordinates.future
    past_root = _root(P @ _with_ridge(as_numpy(trained.past), ridge) @ P.T, rcond)
    future_root = _root(F @ _with_ridge(as_numpy(trained.future), ridge) @ F.T, rcond)
    if len(past_root) == 0 or len(future_root) == 0:
        return np.zeros(0)
    left, values, right = np.linalg.svd(
        future_root @ (F @ as_numpy(trained.cross) @ P.T) @ past_root.T, full_matrices=False
    )
    psi, phi = right @ past_root @ P, left.T @ future_root @ F
    past_shift = as_numpy(tested.past_mean) - as_numpy(trained.past_mean)
    future_shift = as_numpy(tested.future_mean) - as_numpy(trained.future_mean)
    z_shift, phi_shift = psi @ past_shift, phi @ future_shift
    n = tested.n_windows
    share = (n - 1) / n if tested.center else 1.0
    z_power = share * np.einsum("ij,jk,ik->i", psi, as_numpy(tested.past), psi) + z_shift**2
    phi_power = share * np.einsum("ij,jk,ik->i", phi, as_numpy(tested.future), phi) + phi_shift**2
    together = share * np.einsum("ij,jk,ik->i", phi, as_numpy(tested.cross), psi) + phi_shift * z_shift
    sigma = np.sqrt(np.minimum(values**2, 1 - _LEAST_LEFT))
    remaining = 1 - sigma**2
    missed = phi_power - 2 * sigma * together + sigma**2 * z_power
    return (phi_power - missed / remaining - np.log(remaining)) / 2


def _covariances(moments: LagMoments, future_channels: int | None, center: bool) -> LagCovariances:
    if future_channels is None:
        return moments.covariances(center)
    split = moments.channels - check_integer(
        "future_channels", future_channels, minimum=1, maximum=moments.channels - 1
    )
    return moments.covariances(
        center, past_channels=range(split), future_channels=range(split, moments.channels)
    )


def _merged(folds: Sequence[LagMoments]) -> LagMoments:
    first = folds[0]
    total = LagMoments(first.memory, first.horizon, first.gap, first.channels, half_life=first.half_life)
    for fold in folds:
        total.merge(fold)
    return total


def _with_ridge(matrix: np.ndarray, ridge: float) -> np.ndarray:
    return matrix + ridge * np.trace(matrix) / len(matrix) * np.eye(len(matrix)) if ridge else matrix


def _root(covariance: np.ndarray, rcond: float | None) -> np.ndarray:
    """Whiten, with no weight at all on directions that do not vary.

    `inverse_sqrt` brings every coordinate to unit variance first. Where a channel stands still in these
    blocks and moves in the held-out one, that blows up what little the coordinates share with it.
    """
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    kept = values > check_cutoff(rcond, len(values)) * values[-1]
    return (vectors[:, kept] / np.sqrt(values[kept])).T
