"""Ranges of observations: known, told by an environment, or estimated from random play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.encoding.features import admit_features, as_numpy, check_bounds
from lamina.encoding.rollouts import observation_box, random_rollouts
from lamina.typing import Array, Seed

# a bound beyond this bounds nothing: some environments write the largest float32 for "none"
_NO_BOUND = 1e9


@dataclass(frozen=True, eq=False)
class ObservationScaler:
    r"""The range of each feature, and the map from it to [0, 1]: :math:`(x - \min) / (\max - \min)`, clipped.

    Parameters
    ----------
    minimum, maximum
        ``(features,)``, in the features' own units; finite, each maximum above its minimum. Kept as float64.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        If the bounds do not belong together, are not finite, or do not enclose a range.

    Examples
    --------
    >>> ObservationScaler(minimum=[-2.0, 0.0], maximum=[2.0, 10.0]).transform([1.0, 12.0])
    array([[0.75, 1.  ]])
    """

    minimum: Array
    maximum: Array

    def __post_init__(self) -> None:
        low, high = check_bounds(self.minimum, self.maximum, ("minimum", "maximum"))
        object.__setattr__(self, "minimum", low)
        object.__setattr__(self, "maximum", high)

    def transform(self, state: Array) -> np.ndarray:
        """Scale observations to [0, 1].

        Parameters
        ----------
        state
            ``(features,)``, or ``(batch, features)``; finite.

        Returns
        -------
        numpy.ndarray
            ``(batch, features)``, float64, in [0, 1].

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If these are no finite numbers, or another number of features.

        Examples
        --------
        >>> ObservationScaler([-1.0], [1.0]).transform([[-1.0], [0.0], [3.0]]).tolist()
        [[0.0], [0.5], [1.0]]
        """
        given = as_numpy(admit_features("state", state, len(self.minimum))).astype(np.float64)
        return (np.clip(given, self.minimum, self.maximum) - self.minimum) / (self.maximum - self.minimum)


class ScalerFactory:
    """Makes an `ObservationScaler` from what is known of the observations.

    Nothing is written to the disk, and the environment that is given is not played.

    Examples
    --------
    >>> ScalerFactory.from_known_values([-2.0, -5.0], [2.0, 5.0]).transform([1.0, 0.0])
    array([[0.75, 0.5 ]])
    """

    @staticmethod
    def from_known_values(min: Array, max: Array) -> ObservationScaler:  # noqa: A002 -- as in the document
        """Take the bounds as given.

        Parameters
        ----------
        min, max
            ``(features,)``, finite, each maximum above its minimum.

        Returns
        -------
        ObservationScaler
            With these bounds.

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If the bounds do not belong together, are not finite, or do not enclose a range.

        Examples
        --------
        >>> ScalerFactory.from_known_values([0.0], [4.0]).transform([1.0])
        array([[0.25]])
        """
        low, high = check_bounds(min, max, ("min", "max"))
        return ObservationScaler(low, high)

    @staticmethod
    def from_env(env: Any, rollouts: int = 100, seed: Seed = 0) -> ObservationScaler:
        r"""Take the bounds of an environment's observations, and estimate those that it does not have.

        Finite bounds are used as they are. An infinite one, or one beyond ±10⁹, becomes
        :math:`\pm\max_t |x_t|` over random play, the same on either side; a feature that never left zero gets
        ±1. A trained policy may leave such bounds: its observations are clipped to them, so that
        `from_known_values` serves better where the range is known.

        Parameters
        ----------
        env
            A ``gymnasium.Env`` with a one-dimensional ``Box`` of observations. It is not played: what it is
            estimated from is a second one, made from its ``spec``, or else a deep copy.
        rollouts
            Episodes of random actions, at least 1, each of at most 1000 steps. None are played if all bounds
            are finite.
        seed
            Of the actions and of the environment.

        Returns
        -------
        ObservationScaler
            With finite bounds for each feature.

        Raises
        ------
        ArgumentTypeError, ArgumentError
            If this is no environment, its observations are no vectors of numbers, or it must be estimated
            and can neither be made again nor copied.
        DataError
            If random play gives values that are not finite.
        MissingDependencyError
            If gymnasium is not installed.

        Examples
        --------
        >>> import gymnasium
        >>> scaler = ScalerFactory.from_env(gymnasium.make("CartPole-v1"))
        >>> scaler.maximum.round(2)
        array([4.8 , 1.91, 0.42, 2.74])
        """
        box = observation_box(env)
        bounds = [np.array(bound, dtype=np.float64) for bound in (box.low, box.high)]
        free = [~(np.abs(bound) < _NO_BOUND) for bound in bounds]
        if free[0].any() or free[1].any():
            seen = np.concatenate(random_rollouts(env, rollouts, seed))
            reach = np.abs(seen).max(axis=0)
            reach[reach == 0] = 1.0
            for bound, unknown, sign in zip(bounds, free, (-1.0, 1.0), strict=True):
                bound[unknown] = sign * reach[unknown]
        low, high = bounds
        # one half-open side whose other bound was as far as anything went
        stuck = high <= low
        low[stuck & free[0]] = high[stuck & free[0]] - 1.0
        high[stuck & free[1]] = low[stuck & free[1]] + 1.0
        return ObservationScaler(low, high)
