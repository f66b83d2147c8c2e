"""Ranges and thresholds from environments: exact ones where the environment's play is known."""

import math
from typing import ClassVar

import numpy as np
import pytest

from lamina.encoding.converters import ChangeConverter, ConverterFactory
from lamina.encoding.scalers import ObservationScaler, ScalerFactory
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError

gymnasium = pytest.importorskip("gymnasium")

FLOAT_MAX = float(np.finfo(np.float32).max)
PATH = np.array([[0.0, 1.0, 0.5, 0.0], [-3.0, 2.0, 0.5, 0.0], [2.0, 2.5, 0.5, 0.0], [1.0, 1.5, 0.5, 0.0]])


class Scripted(gymnasium.Env):
    """Walks down a path of observations whatever is done, and counts how often it is played."""

    action_space = gymnasium.spaces.Discrete(2)
    metadata = {"render_modes": ["human"], "render_fps": 30}  # noqa: RUF012 -- gymnasium's own habit
    # of all that were made, copies included
    seeds: ClassVar[list] = []
    modes: ClassVar[list] = []

    def __init__(self, low=-np.inf, high=np.inf, path=PATH, endless=False, lock=None, render_mode=None):
        self.render_mode = render_mode
        self.modes.append(render_mode)
        self.path = np.asarray(path, dtype=np.float64)
        n_features = self.path.shape[1]
        low, high = np.broadcast_to(low, n_features), np.broadcast_to(high, n_features)
        self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float64)
        self.endless = endless
        self.lock = lock
        self.played = 0
        self.closed = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seeds.append(seed)
        self.played += 1
        self.at = 0
        return self.path[0], {}

    def step(self, action):
        self.played += 1
        self.at += 1
        over = not self.endless and self.at == len(self.path) - 1
        return self.path[self.at % len(self.path)], 0.0, over, False, {}

    def close(self):
        self.closed += 1


def test_infinite_bounds_are_as_far_as_play_went_on_either_side():
    env = Scripted()
    scaler = ScalerFactory.from_env(env, rollouts=2)
    np.testing.assert_array_equal(scaler.maximum, [3.0, 2.5, 0.5, 1.0])
    np.testing.assert_array_equal(scaler.minimum, [-3.0, -2.5, -0.5, -1.0])
    assert (env.played, env.closed) == (0, 0)


@pytest.mark.parametrize("none", [np.inf, FLOAT_MAX, 1e10])
def test_bounds_that_bound_nothing_count_as_infinite(none):
    scaler = ScalerFactory.from_env(Scripted(low=[-none, -5, -none, -2], high=[none, 5, 8, 2]))
    np.testing.assert_array_equal(scaler.minimum, [-3.0, -5.0, -0.5, -2.0])
    np.testing.assert_array_equal(scaler.maximum, [3.0, 5.0, 8.0, 2.0])


def test_half_open_ranges_are_never_empty():
    path = [[0.0, 4.0], [0.0, 4.0]]
    scaler = ScalerFactory.from_env(Scripted(low=[0, 4], high=[np.inf, np.inf], path=path))
    np.testing.assert_array_equal([scaler.minimum, scaler.maximum], [[0, 4], [1, 5]])
    scaler = ScalerFactory.from_env(Scripted(low=[-np.inf, -9], high=[-4, np.inf], path=np.negative(path)))
    np.testing.assert_array_equal([scaler.minimum, scaler.maximum], [[-5, -9], [-4, 4]])


def test_finite_bounds_are_taken_as_they_are_and_nothing_is_played():
    env = gymnasium.make("Pendulum-v1")
    scaler = ScalerFactory.from_env(env)
    np.testing.assert_array_equal([scaler.minimum, scaler.maximum], [[-1, -1, -8], [1, 1, 8]])
    with pytest.raises(DataError, match=r"-1 to -1 for feature 0|maximum"):
        ScalerFactory.from_env(Scripted(low=-1, high=-1))


def test_cartpole_keeps_its_finite_bounds_and_its_velocities_are_estimated():
    env = gymnasium.make("CartPole-v1")
    space = env.observation_space
    scaler = ScalerFactory.from_env(env, rollouts=30, seed=1)
    known = [0, 2]
    np.testing.assert_array_equal(scaler.maximum[known], space.high[known])
    np.testing.assert_array_equal(scaler.minimum, -scaler.maximum)
    assert 1.0 < scaler.maximum[1] < 4.0
    assert 1.0 < scaler.maximum[3] < 4.0
    again = ScalerFactory.from_env(env, rollouts=30, seed=1)
    np.testing.assert_array_equal(again.maximum, scaler.maximum)
    other = ScalerFactory.from_env(env, rollouts=30, seed=2)
    assert (other.maximum[[1, 3]] != scaler.maximum[[1, 3]]).all()
    # more play with the same seed only goes further
    longer = ScalerFactory.from_env(env, rollouts=60, seed=1)
    assert (longer.maximum >= scaler.maximum).all()


def test_the_environment_at_hand_is_not_touched():
    env, untouched = gymnasium.make("CartPole-v1"), gymnasium.make("CartPole-v1")
    env.reset(seed=5)
    untouched.reset(seed=5)
    ConverterFactory(env, ScalerFactory.from_env(env)).generate()
    np.testing.assert_array_equal(env.reset()[0], untouched.reset()[0])


def test_a_window_is_not_opened_a_second_time(monkeypatch):
    monkeypatch.setattr(Scripted, "modes", [])
    gymnasium.register("lamina/Scripted-v0", entry_point=Scripted)
    try:
        env = gymnasium.make("lamina/Scripted-v0", render_mode="human")
        assert ScalerFactory.from_env(env, rollouts=2).maximum[0] == 3.0
    finally:
        del gymnasium.registry["lamina/Scripted-v0"]
    assert Scripted.modes == ["human", None]
    assert env.unwrapped.played == 0


def test_only_the_first_episode_is_seeded_so_that_they_differ(monkeypatch):
    monkeypatch.setattr(Scripted, "seeds", [])
    ScalerFactory.from_env(Scripted(), rollouts=3, seed=np.random.default_rng(0))
    first, *others = Scripted.seeds
    assert isinstance(first, int)
    assert others == [None, None]


def test_a_wrapper_that_keeps_no_record_is_copied():
    class Doubled(gymnasium.ObservationWrapper):
        def __init__(self, env):
            super().__init__(env)
            self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, shape=(4,))

        def observation(self, observation):
            return 2 * observation

    plain, doubled = gymnasium.make("CartPole-v1"), Doubled(gymnasium.make("CartPole-v1"))
    one, two = ScalerFactory.from_env(plain, 20), ScalerFactory.from_env(doubled, 20)
    np.testing.assert_allclose(two.maximum[[1, 3]], 2 * one.maximum[[1, 3]], rtol=1e-6)


def test_play_that_never_ends_is_cut():
    scaler = ScalerFactory.from_env(Scripted(endless=True), rollouts=2)
    assert scaler.maximum[0] == 3.0


def test_the_scaler_is_that_of_scikit_learn_and_clips():
    from sklearn.preprocessing import MinMaxScaler

    rng = np.random.default_rng(0)
    low, high = np.array([-2.0, 0.0, 1e-3]), np.array([3.0, 1e6, 2e-3])
    values = low + rng.uniform(-0.5, 1.5, (20, 3)) * (high - low)
    ours = ScalerFactory.from_known_values(low, high).transform(values)
    np.testing.assert_allclose(ours, MinMaxScaler(clip=True).fit([low, high]).transform(values), atol=1e-12)
    assert ours.min() == 0.0
    assert ours.max() == 1.0


def test_a_scaler_is_plain_data_that_stays():
    given = np.array([1.0, 2.0])
    scaler = ObservationScaler([0.0, 0.0], given)
    given[0] = 7.0
    assert scaler.maximum.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        scaler.maximum[0] = 3.0


def test_thresholds_are_quantiles_of_the_changes():
    scaler = ScalerFactory.from_known_values([-3.0, 0.0, 0.0, -1.0], [3.0, 5.0, 1.0, 1.0])
    # the changes of PATH over the ranges: 3, 5, 1 of 6, and 1, 0.5, 1 of 5; the others never change
    converter, thresholds = ConverterFactory(Scripted(), scaler, rollouts=3, quantile=1.0).generate()
    np.testing.assert_allclose(thresholds, [5 / 6, 0.2, 1.0, 1.0])
    np.testing.assert_array_equal(converter.threshold, thresholds)
    assert ConverterFactory(Scripted(), scaler, quantile=0.5).generate()[1][0] == pytest.approx(0.5)
    rare = np.zeros((500, 1))
    rare[250:] = 0.3
    scaler = ScalerFactory.from_known_values([0.0], [1.0])
    assert ConverterFactory(Scripted(path=rare), scaler).generate()[1] == pytest.approx(0.3)


def test_one_change_in_a_hundred_is_over_the_threshold():
    env = gymnasium.make("CartPole-v1")
    scaler = ScalerFactory.from_env(env)
    converter, thresholds = ConverterFactory(env, scaler, seed=0).generate()
    env.action_space.seed(99)
    changes = []
    last, _ = env.reset(seed=99)
    for _ in range(4000):
        now, _, terminated, truncated, _ = env.step(env.action_space.sample())
        changes.append(np.abs(scaler.transform(now) - scaler.transform(last))[0])
        last = env.reset()[0] if terminated or truncated else now
    over = (np.array(changes) > thresholds).mean(axis=0)
    assert (over < 0.03).all()
    assert over.max() > 0.003
    np.testing.assert_array_equal(ConverterFactory(env, scaler).generate()[1], converter.threshold)


def test_changes_are_divided_and_clipped():
    converter = ChangeConverter([0.1, 0.5])
    now, last = np.array([[0.55, 0.0], [0.5, 0.3]]), np.array([[0.5, 1.0], [0.5, 0.2]])
    np.testing.assert_allclose(converter.convert(now, last), [[0.5, -1.0], [0.0, 0.2]], atol=1e-12)
    np.testing.assert_allclose(converter.convert(now, last, 0.1), [[0.5, -1.0], [0.0, 1.0]], atol=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "error", "words"),
    [
        ([0.0, 1.0], [1.0, 1.0], DataError, "max must be above min .* got 1 to 1 for feature 1"),
        ([0.0], [1.0, 1.0], ShapeError, r"max must be of shape \(1,\), as min"),
        ([0.0, math.nan], [1.0, 1.0], DataError, "nan for feature 1"),
        ([0.0, -math.inf], [1.0, 1.0], DataError, "from_env"),
        ([], [], ShapeError, "at least one feature"),
        (0.0, 1.0, ShapeError, r"of shape \(features,\)"),
        ("low", [1.0], ArgumentTypeError, "min"),
        (None, [1.0], ArgumentTypeError, "min"),
    ],
)
def test_bounds_that_cannot_be_are_named(low, high, error, words):
    with pytest.raises(error, match=words):
        ScalerFactory.from_known_values(low, high)


@pytest.mark.parametrize("state", [[0.5], [0.5, math.nan], [[[0.5, 0.5]]], "a"])
def test_observations_that_cannot_be_scaled_are_named(state):
    with pytest.raises(ArgumentError, match="state must be"):
        ScalerFactory.from_known_values([0, 0], [1, 1]).transform(state)


def test_environments_that_cannot_be_are_named():
    with pytest.raises(ArgumentTypeError, match="env must be a gymnasium environment, got a str"):
        ScalerFactory.from_env("CartPole-v1")
    discrete = gymnasium.make("FrozenLake-v1")
    with pytest.raises(ArgumentError, match="FlattenObservation"):
        ScalerFactory.from_env(discrete)
    with pytest.raises(ArgumentError, match="FlattenObservation"):
        ConverterFactory(discrete, ScalerFactory.from_known_values([0], [1]))
    with pytest.raises(ArgumentError, match="a vector of environments"):
        ScalerFactory.from_env(gymnasium.make_vec("CartPole-v1", num_envs=2))
    with pytest.raises(DataError, match="NaN or infinity for feature 1 in random play"):
        ScalerFactory.from_env(Scripted(path=[[0.0, math.nan], [1.0, 2.0]]))
    with pytest.raises(ArgumentError, match="can be copied"):
        ScalerFactory.from_env(Scripted(lock=(line for line in "text")))
    assert ScalerFactory.from_env(Scripted(low=-1, high=1, lock=(line for line in "text"))).maximum[0] == 1


@pytest.mark.parametrize(
    "change", [{"rollouts": 0}, {"rollouts": 1.5}, {"quantile": 0.0}, {"quantile": 1.1}, {"seed": -1}]
)
def test_numbers_that_cannot_be_are_named(change):
    scaler = ScalerFactory.from_known_values([0] * 4, [1] * 4)
    with pytest.raises(ArgumentError, match=f"{next(iter(change))} must be"):
        ConverterFactory(Scripted(), scaler, **change)
    if "quantile" not in change:
        with pytest.raises(ArgumentError, match=f"{next(iter(change))} must be"):
            ScalerFactory.from_env(Scripted(), **change)
