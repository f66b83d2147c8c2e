"""Random play in a copy of an environment, from which ranges and typical changes are learned."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_seed
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, MissingDependencyError
from lamina.typing import Seed

# an environment that never ends must not keep a factory for ever
_MOST_STEPS = 1000


def observation_box(env: Any) -> Any:
    """Return the ``Box`` of one observation ``(features,)`` of an environment, or say what it is instead."""
    gymnasium = _gymnasium()
    if isinstance(env, gymnasium.vector.VectorEnv):
        space = env.single_observation_space
    elif isinstance(env, gymnasium.Env):
        space = env.observation_space
    else:
        raise ArgumentTypeError(
            "env",
            allowed="a gymnasium environment",
            got=f"a {type(env).__name__}",
            remedy="Make one: gymnasium.make('CartPole-v1').",
        )
    if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
        raise ArgumentError(
            "env",
            allowed="an environment whose observations are vectors of numbers (a Box with one axis)",
            got=f"{space}",
            remedy="Wrap it in gymnasium.wrappers.FlattenObservation first.",
        )
    return space


def random_rollouts(env: Any, rollouts: int, seed: Seed) -> list[np.ndarray]:
    """Play episodes of random actions in a copy of ``env``; ``(time, features)`` of float64 for each."""
    gymnasium = _gymnasium()
    count = check_integer("rollouts", rollouts, minimum=1)
    generator = check_seed("seed", seed)
    if isinstance(env, gymnasium.vector.VectorEnv):
        raise ArgumentError(
            "env",
            allowed="a single environment where random play is needed",
            got="a vector of environments",
            remedy="Give one of them, gymnasium.make(...), to ScalerFactory.from_env or ConverterFactory, "
            "and pass what comes out as scaler or converter.",
        )
    own = _copied(env, gymnasium)
    try:
        own.action_space.seed(int(generator.integers(2**31)))
        start: int | None = int(generator.integers(2**31))
        episodes: list[np.ndarray] = []
        for _ in range(count):
            episodes.append(_episode(own, start))
            start = None  # the first reset seeds the environment, the others go on from there
        return episodes
    finally:
        own.close()


def _episode(env: Any, seed: int | None) -> np.ndarray:
    observation, _ = env.reset(seed=seed)
    seen = [np.array(observation, dtype=np.float64)]
    for _ in range(_MOST_STEPS):
        observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
        seen.append(np.array(observation, dtype=np.float64))
        if terminated or truncated:
            break
    episode = np.stack(seen)
    if not np.isfinite(episode).all():
        feature = int(np.flatnonzero(~np.isfinite(episode).all(axis=0))[0])
        raise DataError(
            "env",
            allowed="an environment with finite observations",
            got=f"NaN or infinity for feature {feature} in random play",
            remedy="Give the bounds: ScalerFactory.from_known_values(minima, maxima).",
        )
    return episode


def _copied(env: Any, gymnasium: Any) -> Any:
    """Make the environment a second time, without a window, so that the caller's is not played."""
    if env.spec is not None:
        try:
            spec = copy.deepcopy(env.spec)
            spec.kwargs.pop("render_mode", None)
            return gymnasium.make(spec)
        except (gymnasium.error.Error, ImportError, TypeError, ValueError):
            pass  # wrapped in something that keeps no record of how it was made
    try:
        return copy.deepcopy(env)
    except Exception as error:  # copying runs whatever the environment is made of
        raise ArgumentError(
            "env",
            allowed="an environment that gymnasium.make can make again, or that can be copied",
            got=f"{env} ({error})",
            remedy="Register it, or give the bounds: ScalerFactory.from_known_values(minima, maxima).",
        ) from error


def _gymnasium() -> Any:
    try:
        import gymnasium
    except ImportError as error:
        raise MissingDependencyError(
            'Environments need gymnasium. Install it with: pip install "lamina[gym]"'
        ) from error
    return gymnasium
