"""Changes of observations over thresholds that random play suggests: what the step coder encodes."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from lamina._checks import as_floating, check_integer, check_real, check_seed
from lamina.encoding.features import as_numpy
from lamina.encoding.rollouts import observation_box, random_rollouts
from lamina.errors import DataError, ShapeError
from lamina.typing import Array, Seed


class Scaler(Protocol):
    """Maps features to [0, 1], as `ObservationScaler` does, or scikit-learn's ``MinMaxScaler``."""

    def transform(self, X: Any, /) -> Any:
        """Scale ``(batch, features)``."""
        ...


class ChangeConverter:
    r"""The change of each feature over its threshold, :math:`(x_t - x_{t-1}) / \theta`, clipped to [−1, 1].

    Parameters
    ----------
    threshold
        θ, the change that counts as full, as a fraction of the feature's range; above 0, ``(features,)`` or
        one number for all.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        If a threshold is no positive finite number.

    Examples
    --------
    >>> converter = ChangeConverter(threshold=[0.1, 0.2])
    >>> converter.convert(np.array([[0.55, 0.1]]), np.array([[0.5, 0.4]])).round(3)
    array([[ 0.5, -1. ]])
    """

    def __init__(self, threshold: Array) -> None:
        self.threshold = check_thresholds("threshold", threshold)

    def convert(self, current: np.ndarray, last: np.ndarray, threshold: Array | None = None) -> np.ndarray:
        """Return the changes from one scaled observation to the next.

        Parameters
        ----------
        current, last
            ``(batch, features)``, scaled to [0, 1].
        threshold
            In place of the converter's own.

        Returns
        -------
        numpy.ndarray
            ``(batch, features)``, in [−1, 1].

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If a threshold is no positive finite number.

        Examples
        --------
        >>> ChangeConverter(0.1).convert(np.array([[0.5]]), np.array([[0.5]]))
        array([[0.]])
        """
        used = self.threshold if threshold is None else check_thresholds("threshold", threshold)
        with np.errstate(over="ignore"):
            return np.clip((current - last) / used, -1.0, 1.0)


class ConverterFactory:
    r"""Makes a `ChangeConverter` with thresholds that suit an environment.

    The threshold of a feature is the ``quantile`` of its absolute changes from step to step in random play:
    by default, 1 change in 100 is larger and counts as full. The largest change itself, quantile 1, never
    saturates, but one rare jump then leaves all others few spikes.

    Parameters
    ----------
    env
        A ``gymnasium.Env`` with a one-dimensional ``Box`` of observations. It is not played; see
        `ScalerFactory.from_env`.
    scaler
        What maps its observations to [0, 1].
    rollouts
        Episodes of random actions, at least 1, each of at most 1000 steps.
    seed
        Of the actions and of the environment.
    quantile
        Above 0 and at most 1.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If this is no environment, its observations are no vectors of numbers, or a number is out of limits.
    MissingDependencyError
        If gymnasium is not installed.

    Examples
    --------
    >>> import gymnasium
    >>> from lamina.encoding import ScalerFactory
    >>> env = gymnasium.make("CartPole-v1")
    >>> converter, converter_th = ConverterFactory(env, ScalerFactory.from_env(env)).generate()
    >>> converter_th.round(3)
    array([0.003, 0.052, 0.049, 0.064])
    """

    def __init__(
        self, env: Any, scaler: Scaler, rollouts: int = 100, seed: Seed = 0, quantile: float = 0.99
    ) -> None:
        observation_box(env)
        self.env = env
        self.scaler = scaler
        self.rollouts = check_integer("rollouts", rollouts, minimum=1)
        check_seed("seed", seed)
        self.seed = seed
        self.quantile = check_real("quantile", quantile, above=0.0, maximum=1.0)

    def generate(self) -> tuple[ChangeConverter, np.ndarray]:
        """Play at random, and choose the thresholds.

        Returns
        -------
        converter : ChangeConverter
            To be given to `GymnasiumEncoder`.
        converter_th : numpy.ndarray
            Its thresholds, ``(features,)``, float64. A feature whose changes are mostly none gets its largest
            change, one that never changes gets 1, its whole range.

        Raises
        ------
        ArgumentError, DataError
            If the environment can neither be made again nor copied, or gives values that are not finite.

        Examples
        --------
        >>> import gymnasium
        >>> from lamina.encoding import ScalerFactory
        >>> env = gymnasium.make("Pendulum-v1")
        >>> factory = ConverterFactory(env, ScalerFactory.from_env(env), rollouts=10)
        >>> factory.generate()[1].shape
        (3,)
        """
        episodes = random_rollouts(self.env, self.rollouts, self.seed)
        scaled = [np.clip(np.asarray(self.scaler.transform(episode)), 0.0, 1.0) for episode in episodes]
        changes = np.concatenate([np.abs(np.diff(episode, axis=0)) for episode in scaled])
        thresholds = np.quantile(changes, self.quantile, axis=0)
        thresholds = np.where(thresholds > 0, thresholds, changes.max(axis=0))
        converter = ChangeConverter(np.where(thresholds > 0, thresholds, 1.0))
        return converter, converter.threshold


def check_thresholds(name: str, value: Any, n_features: int | None = None) -> np.ndarray:
    """Return thresholds as a read-only array of float64, ``()`` or ``(features,)``, above 0."""
    array = np.array(as_numpy(as_floating(name, value, True)), dtype=np.float64)
    if array.ndim > 1 or array.size == 0 or (n_features is not None and array.size not in (1, n_features)):
        wanted = "features" if n_features is None else n_features
        raise ShapeError(
            name,
            allowed=f"one number, or of shape ({wanted},)",
            got=f"shape {array.shape}",
            remedy="Give one threshold for each feature; ConverterFactory(env, scaler).generate() has them.",
        )
    right = np.isfinite(array) & (array > 0)
    if not right.all():
        at = int(np.flatnonzero(~right)[0])
        raise DataError(
            name,
            allowed="finite and above 0",
            got=f"{array.reshape(-1)[at]:g} for feature {at}",
            remedy="Give the change that counts as full, as a fraction of the feature's range.",
        )
    array.setflags(write=False)
    return array
