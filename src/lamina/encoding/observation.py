"""Environments whose observations are spikes, one at a time or many side by side.

The classes here are gymnasium's own kind of wrapper, so that this module, alone in its room, needs gymnasium
to be imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.encoding.converters import ChangeConverter, ConverterFactory, Scaler
from lamina.encoding.gymnasium_encoder import GymnasiumEncoder
from lamina.encoding.rates import RateMethod
from lamina.encoding.rollouts import observation_box
from lamina.encoding.scalers import ScalerFactory
from lamina.errors import ArgumentError, MissingDependencyError
from lamina.typing import Array, Seed

try:
    import gymnasium
    from gymnasium.spaces import Box
    from gymnasium.vector import AutoresetMode, VectorEnv, VectorObservationWrapper
    from gymnasium.vector.utils import batch_space
except ImportError as error:
    raise MissingDependencyError(
        'SpikeObservation needs gymnasium. Install it with: pip install "lamina[gym]"'
    ) from error


class SpikeObservation(gymnasium.ObservationWrapper, gymnasium.utils.RecordConstructorArgs):
    """An environment that shows its observations as spike trains.

    It is a ``gymnasium.ObservationWrapper`` around a `GymnasiumEncoder`: actions, rewards, rendering and
    everything else pass through. Observations are float32 arrays ``(seq_length, n_trains)`` of 0 and 1, in a
    ``Box`` of these bounds. ``reset(seed=...)`` begins the environment and the random draws of the spikes
    anew; ``reset()`` lets both go on, and the first observation of an episode counts as unchanged.

    Parameters
    ----------
    env
        A ``gymnasium.Env`` whose observations are a one-dimensional ``Box``.
    seq_length
        Steps of each train, at least 1.
    scaler
        What maps observations to [0, 1]; default: ``ScalerFactory.from_env(env)``.
    converter_th, converter
        What ``step_coder`` needs; without either, ``ConverterFactory(env, scaler).generate()``.
    rate_coder, step_coder, split_exc_inh, spike_train_conversion_method, add_inverted_inputs, max_firing_rate
        As in `GymnasiumEncoder`.
    seed
        Of the random draws until ``reset`` is given one.

    Attributes
    ----------
    encoder
        The `GymnasiumEncoder` at work.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        As `GymnasiumEncoder`, `ScalerFactory.from_env` and `ConverterFactory`.
    MissingDependencyError
        On import, if gymnasium is not installed.

    Examples
    --------
    >>> env = SpikeObservation(gymnasium.make("CartPole-v1"), seq_length=16)
    >>> env.observation_space.shape
    (16, 8)
    >>> spikes, _ = env.reset(seed=0)
    >>> spikes, reward, terminated, truncated, _ = env.step(1)
    >>> spikes.sum(axis=0).astype(int)  # position, velocity, angle, its velocity; then their negatives
    array([0, 1, 0, 0, 0, 0, 2, 2])
    """

    def __init__(
        self,
        env: gymnasium.Env,
        seq_length: int = 16,
        scaler: Scaler | None = None,
        converter_th: Array | None = None,
        converter: ChangeConverter | None = None,
        rate_coder: bool = True,
        step_coder: bool = False,
        split_exc_inh: bool = True,
        spike_train_conversion_method: RateMethod = "deterministic",
        add_inverted_inputs: bool = False,
        max_firing_rate: float = 1.0,
        seed: Seed | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "rate_coder": rate_coder,
            "step_coder": step_coder,
            "split_exc_inh": split_exc_inh,
            "spike_train_conversion_method": spike_train_conversion_method,
            "add_inverted_inputs": add_inverted_inputs,
            "max_firing_rate": max_firing_rate,
            "seed": seed,
        }
        # so that env.spec, and with it gymnasium.make(env.spec), knows of the wrapper
        gymnasium.utils.RecordConstructorArgs.__init__(
            self,
            seq_length=seq_length,
            scaler=scaler,
            converter_th=converter_th,
            converter=converter,
            **options,
        )
        n_features = observation_box(env).shape[0]
        gymnasium.ObservationWrapper.__init__(self, env)
        if scaler is None:
            scaler = ScalerFactory.from_env(env)
        if step_coder and converter is None:
            known = converter_th is not None
            converter = (
                ChangeConverter(converter_th) if known else ConverterFactory(env, scaler).generate()[0]
            )
        self.encoder = GymnasiumEncoder(n_features, 1, seq_length, scaler, converter_th, converter, **options)
        self.observation_space = _space_of(self.encoder)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode.

        Parameters
        ----------
        seed
            Of the environment and of the spikes; None lets both go on.
        options
            For the environment.

        Returns
        -------
        spikes : numpy.ndarray
            ``(seq_length, n_trains)``, float32.
        info : dict
            From the environment.
        """
        observation, info = self.env.reset(seed=seed, options=options)
        self.encoder.reset(seed=seed)
        return self.observation(observation), info

    def observation(self, observation: np.ndarray) -> np.ndarray:
        """Encode one observation ``(features,)`` as ``(seq_length, n_trains)`` of float32."""
        return self.encoder.encode(observation)[:, 0].astype(np.float32)


class VectorSpikeObservation(VectorObservationWrapper):
    """Environments side by side that show their observations as spike trains.

    As `SpikeObservation`, for what ``gymnasium.make_vec`` makes; observations are ``(n_envs, seq_length,
    n_trains)``. One call encodes them all. Where an episode ends, the next observation of that environment is
    the first of a new one and counts as unchanged.

    Parameters
    ----------
    env
        A ``gymnasium.vector.VectorEnv`` that resets at the next step (gymnasium's default) or not by itself,
        and whose single observations are a one-dimensional ``Box``.
    seq_length
        Steps of each train, at least 1.
    scaler
        What maps observations to [0, 1]. Default: the bounds of the observations, which must be finite; where
        they are not, let ``ScalerFactory.from_env`` estimate them from a single environment.
    **options
        More for `GymnasiumEncoder`: ``step_coder`` with its ``converter``, ``seed`` and the rest.

    Attributes
    ----------
    encoder
        The `GymnasiumEncoder` at work.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        As `GymnasiumEncoder` and `ScalerFactory.from_env`; if the environments reset in the same step.

    Examples
    --------
    >>> envs = gymnasium.make_vec("Pendulum-v1", num_envs=3)
    >>> envs = VectorSpikeObservation(envs, seq_length=10, split_exc_inh=False)
    >>> spikes, _ = envs.reset(seed=0)
    >>> spikes.shape
    (3, 10, 3)
    """

    def __init__(
        self, env: VectorEnv, seq_length: int = 16, scaler: Scaler | None = None, **options: Any
    ) -> None:
        n_features = observation_box(env).shape[0]
        if env.metadata.get("autoreset_mode") is AutoresetMode.SAME_STEP:
            raise ArgumentError(
                "env",
                allowed="environments that reset at the next step, or not by themselves",
                got="autoreset_mode SAME_STEP",
                remedy="Make them with vector_kwargs={'autoreset_mode': AutoresetMode.NEXT_STEP}.",
            )
        super().__init__(env)
        used = ScalerFactory.from_env(env) if scaler is None else scaler
        self.encoder = GymnasiumEncoder(n_features, env.num_envs, seq_length, used, **options)
        self.single_observation_space = _space_of(self.encoder)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        self._resets_itself = env.metadata.get("autoreset_mode") is AutoresetMode.NEXT_STEP
        self._ended = np.zeros(env.num_envs, dtype=np.bool_)
        self._spikes = np.zeros(self.observation_space.shape or (), dtype=np.float32)

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin episodes.

        Parameters
        ----------
        seed
            Of the environments and of the spikes: an integer, or one for each environment; None lets all go
            on.
        options
            For the environments. With ``"reset_mask"``, ``(n_envs,)`` of booleans, only some begin anew, and
            the others show what they showed last.

        Returns
        -------
        spikes : numpy.ndarray
            ``(n_envs, seq_length, n_trains)``, float32.
        info : dict
            From the environments.
        """
        # the environments take the mask out of the options
        mask = None if options is None else options.get("reset_mask")
        observations, info = self.env.reset(seed=seed, options=options)
        begun = np.ones(self.num_envs, dtype=np.bool_) if mask is None else np.array(mask, dtype=np.bool_)
        first = seed if seed is None or isinstance(seed, (int, np.integer)) else _one_seed(seed)
        shown = self._spikes
        self.encoder.reset(rows=begun, seed=first)
        self._ended[begun] = False
        fresh = self.observations(observations)
        self._spikes = np.where(begun[:, None, None], fresh, shown)
        return self._spikes.copy(), info

    def step(self, actions: Any) -> tuple[np.ndarray, Any, Any, Any, dict[str, Any]]:
        """Act in every environment.

        Parameters
        ----------
        actions
            One for each environment.

        Returns
        -------
        spikes, rewards, terminated, truncated, info
            As from the environments, with spikes in place of the observations.
        """
        observations, rewards, terminated, truncated, info = self.env.step(actions)
        if self._resets_itself and self._ended.any():
            self.encoder.reset(rows=self._ended)
        self._ended = np.logical_or(terminated, truncated)
        return self.observations(observations), rewards, terminated, truncated, info

    def observations(self, observations: np.ndarray) -> np.ndarray:
        """Encode observations ``(n_envs, features)`` as ``(n_envs, seq_length, n_trains)`` of float32."""
        spikes = self.encoder.encode(observations)
        self._spikes = np.ascontiguousarray(spikes.transpose(1, 0, 2), dtype=np.float32)
        return self._spikes.copy()


def _space_of(encoder: GymnasiumEncoder) -> Box:
    return Box(0.0, 1.0, shape=(encoder.seq_length, encoder.n_trains), dtype=np.float32)


def _one_seed(seeds: Any) -> int | None:
    """Draw one seed from those of all environments; None if none of them has one."""
    known = [int(seed) for seed in seeds if seed is not None]
    return int(np.random.SeedSequence(known).generate_state(1)[0]) if known else None
