"""The wrappers: gymnasium's own checks, the same spikes as an encoder by hand, episodes, seeds, vectors."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from lamina.encoding.converters import ChangeConverter
from lamina.encoding.gymnasium_encoder import GymnasiumEncoder
from lamina.encoding.scalers import ScalerFactory
from lamina.errors import ArgumentError, ArgumentTypeError

gymnasium = pytest.importorskip("gymnasium")
observation = pytest.importorskip("lamina.encoding.observation")
SpikeObservation, VectorSpikeObservation = observation.SpikeObservation, observation.VectorSpikeObservation

POISSON = {"spike_train_conversion_method": "poisson"}
STEPS = {"step_coder": True, "converter": ChangeConverter(0.02), "rate_coder": False, "split_exc_inh": False}
NAMES = ["CartPole-v1", "Pendulum-v1"]
SCALERS = {name: ScalerFactory.from_env(gymnasium.make(name)) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [{}, POISSON, STEPS, {"step_coder": True, "converter_th": 0.1, "add_inverted_inputs": True, **POISSON}],
    ids=["values", "poisson", "changes", "all"],
)
def test_gymnasium_finds_nothing_wrong(name, options):
    from gymnasium.utils.env_checker import check_env

    env = SpikeObservation(gymnasium.make(name), seq_length=8, **options)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_env(env, skip_render_check=True)
    # what it says of every wrapper, and of Pendulum's own actions
    known = ("different from the unwrapped", "symmetric and normalized space")
    assert [str(one.message) for one in said if not any(part in str(one.message) for part in known)] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [{}, STEPS, {"add_inverted_inputs": True, "max_firing_rate": 0.5}],
    ids=["values", "changes", "inverted"],
)
def test_observations_are_those_of_an_encoder_by_hand(name, options):
    scaler = SCALERS[name]
    bare, wrapped = gymnasium.make(name), SpikeObservation(gymnasium.make(name), 8, scaler, **options)
    encoder = GymnasiumEncoder(len(scaler.minimum), 1, 8, scaler, **options)
    wrapped.action_space.seed(0)
    for seed in (3, None, None):
        seen, told = bare.reset(seed=seed)[0], wrapped.reset(seed=seed)[0]
        encoder.reset()
        over = False
        while not over:
            assert told in wrapped.observation_space
            np.testing.assert_array_equal(told, encoder.encode(seen)[:, 0])
            action = wrapped.action_space.sample()
            seen, reward, *ends, _ = bare.step(action)
            told, same_reward, *same_ends, _ = wrapped.step(action)
            assert (reward, ends) == (same_reward, same_ends)
            over = any(ends)


def test_the_space_is_that_of_spikes():
    env = SpikeObservation(gymnasium.make("CartPole-v1"), 12, add_inverted_inputs=True)
    space = env.observation_space
    assert (space.shape, space.dtype, space.low.min(), space.high.max()) == ((12, 16), np.float32, 0, 1)
    assert env.action_space == gymnasium.make("CartPole-v1").action_space


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_begins_the_draws_anew_and_none_lets_them_go_on(name):
    env = SpikeObservation(gymnasium.make(name), 64, SCALERS[name], **POISSON)
    env.action_space.seed(1)
    action = env.action_space.sample()

    def trial(seed):
        return np.stack([env.reset(seed=seed)[0], env.step(action)[0], env.step(action)[0]])

    one, two = trial(11), trial(None)
    assert (one != two).any()
    np.testing.assert_array_equal(trial(11), one)
    np.testing.assert_array_equal(trial(None), two)
    assert (trial(12) != one).any()


def test_the_first_observation_of_an_episode_counts_as_unchanged():
    env = SpikeObservation(gymnasium.make("CartPole-v1"), 10, SCALERS["CartPole-v1"], **STEPS)
    for seed in (0, None):
        first, _ = env.reset(seed=seed)
        assert (first.sum(axis=0) == 5).all()
        second = env.step(1)[0]
        assert second[:, 1].sum() > 5  # pushed to the right, the cart gets faster


def test_what_is_needed_is_found_from_the_environment():
    env = SpikeObservation(gymnasium.make("Pendulum-v1"), 5, step_coder=True)
    np.testing.assert_array_equal(env.encoder.scaler.maximum, [1, 1, 8])
    assert env.encoder.converter.threshold.shape == (3,)
    own = SpikeObservation(gymnasium.make("Pendulum-v1"), 5, step_coder=True, converter_th=0.5)
    assert own.encoder.converter_th == 0.5


def test_the_environment_can_be_made_again_from_its_record():
    env = SpikeObservation(gymnasium.make("CartPole-v1"), 6, max_firing_rate=0.5, **POISSON)
    again = gymnasium.make(env.spec)
    assert isinstance(again, SpikeObservation)
    for one, other in ((env.reset(seed=2), again.reset(seed=2)), (env.step(0), again.step(0))):
        np.testing.assert_array_equal(one[0], other[0])


def test_rendering_and_closing_pass_through():
    env = SpikeObservation(gymnasium.make("CartPole-v1", render_mode="rgb_array"), 4)
    env.reset(seed=0)
    assert env.render_mode == "rgb_array"
    assert env.render().shape == (400, 600, 3)
    assert env.unwrapped.screen is not None
    env.close()
    assert not env.unwrapped.isopen


def test_an_environment_of_other_observations_is_refused():
    with pytest.raises(ArgumentError, match="FlattenObservation"):
        SpikeObservation(gymnasium.make("FrozenLake-v1"))
    with pytest.raises(ArgumentTypeError, match="env must be a gymnasium environment"):
        SpikeObservation("CartPole-v1")
    with pytest.raises(ArgumentError, match="scaler must be a fitted scaler of 4 feature"):
        SpikeObservation(gymnasium.make("CartPole-v1"), scaler=SCALERS["Pendulum-v1"])
    flat = gymnasium.wrappers.FlattenObservation(gymnasium.make("FrozenLake-v1"))
    assert SpikeObservation(flat, 4).reset(seed=0)[0].shape == (4, 32)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, STEPS], ids=["values", "changes"])
def test_environments_side_by_side_show_what_each_shows_alone(name, options):
    scaler = SCALERS[name]
    # of gymnasium's own kind: CartPole has another one, with other random numbers
    made = gymnasium.make_vec(name, num_envs=3, vectorization_mode="sync")
    envs = VectorSpikeObservation(made, 8, scaler, **options)
    single = {"scaler": scaler, "seq_length": 8, **options}
    apart = gymnasium.make_vec(
        name,
        num_envs=3,
        vectorization_mode="sync",
        wrappers=[lambda env: SpikeObservation(env, **single)],
    )
    assert envs.observation_space == apart.observation_space
    assert envs.single_observation_space == apart.single_observation_space
    np.testing.assert_array_equal(envs.reset(seed=4)[0], apart.reset(seed=4)[0])
    envs.action_space.seed(0)
    ended = 0
    for _ in range(230):
        actions = envs.action_space.sample()
        one, other = envs.step(actions), apart.step(actions)
        for mine, theirs in zip(one[:4], other[:4], strict=True):
            np.testing.assert_array_equal(mine, theirs)
        ended += (one[2] | one[3]).sum()
    assert ended >= 3
    assert one[0].dtype == np.float32
    assert one[0] in envs.observation_space


def test_an_environment_that_is_a_vector_by_itself_can_be_wrapped():
    made = gymnasium.make_vec("CartPole-v1", num_envs=3, vectorization_mode="vector_entry_point")
    envs = VectorSpikeObservation(made, 10, SCALERS["CartPole-v1"], **STEPS)
    envs.reset(seed=0)
    ended = np.zeros(3, dtype=bool)
    seen = 0
    for _ in range(60):
        spikes, _, terminated, truncated, _ = envs.step(np.array([1, 1, 1]))
        assert (spikes[ended].sum(axis=1) == 5).all()
        seen += ended.sum()
        ended = terminated | truncated
    assert seen >= 3


def test_a_mask_begins_some_environments_anew_and_leaves_the_others():
    from gymnasium.vector import AutoresetMode

    mode = {"autoreset_mode": AutoresetMode.DISABLED}
    made = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync", vector_kwargs=mode)
    envs = VectorSpikeObservation(made, 10, SCALERS["CartPole-v1"], **STEPS)
    envs.reset(seed=0)
    before = envs.step(np.array([1, 1]))[0]
    assert (before.sum(axis=1)[:, 1] > 5).all()
    shown = before.copy()
    before[:] = 0.5  # what the caller does with it does not matter
    after, _ = envs.reset(options={"reset_mask": np.array([True, False])})
    assert (after[0].sum(axis=0) == 5).all()
    np.testing.assert_array_equal(after[1], shown[1])
    # the push of the second goes on from where it was
    assert (envs.step(np.array([1, 1]))[0].sum(axis=1)[:, 1] > 5).all()


def test_what_a_vector_showed_is_not_written_over():
    envs = VectorSpikeObservation(gymnasium.make_vec("Pendulum-v1", num_envs=2), 16)
    first, _ = envs.reset(seed=0)
    kept = first.copy()
    envs.step(envs.action_space.sample())
    np.testing.assert_array_equal(first, kept)
    first[:] = 0.5  # nor does it matter what the caller does with it
    assert set(np.unique(envs.step(envs.action_space.sample())[0])) <= {0.0, 1.0}


@pytest.mark.parametrize("seed", [9, [1, 2]], ids=str)
def test_seeds_of_a_vector_make_its_spikes_reproducible(seed):
    envs = VectorSpikeObservation(gymnasium.make_vec("Pendulum-v1", num_envs=2), 40, **POISSON)
    actions = np.zeros((2, 1), dtype=np.float32)
    one, two = (np.stack([envs.reset(seed=seed)[0], envs.step(actions)[0]]) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (envs.reset()[0] != one[0]).any()


def test_vectors_that_reset_in_the_same_step_are_refused():
    from gymnasium.vector import AutoresetMode

    mode = {"autoreset_mode": AutoresetMode.SAME_STEP}
    made = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync", vector_kwargs=mode)
    with pytest.raises(ArgumentError, match="SAME_STEP"):
        VectorSpikeObservation(made, 10, SCALERS["CartPole-v1"])
    with pytest.raises(ArgumentError, match="a vector of environments"):
        VectorSpikeObservation(gymnasium.make_vec("CartPole-v1", num_envs=2), 10)


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_only_the_wrappers_need_gymnasium():
    program = """
        import sys
        sys.modules["gymnasium"] = None  # as if it were not installed
        from lamina.encoding.bin_encoder import BinEncoder
        from lamina.encoding.gymnasium_encoder import GymnasiumEncoder
        from lamina.encoding.scalers import ScalerFactory
        from lamina.errors import MissingDependencyError
        scaler = ScalerFactory.from_known_values([-1.0], [1.0])
        print(GymnasiumEncoder(1, 1, 4, scaler).encode([1.0]).sum())
        print(BinEncoder(4, [0], [1]).encode([0.5]).shape)
        try:
            ScalerFactory.from_env("CartPole-v1")
        except MissingDependencyError as error:
            print(error)
        try:
            import lamina.encoding.observation
        except MissingDependencyError as error:
            print(error)
    """
    done = run("\n".join(line[8:] for line in program.splitlines()))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["4.0", "(4, 1, 10)"]
    assert len(lines) == 4
    assert all("lamina[gym]" in line for line in lines[2:])


def test_encoders_do_not_load_gymnasium():
    done = run(
        "import sys, lamina.encoding.gymnasium_encoder, lamina.encoding.bin_encoder\n"
        "import lamina.encoding.scalers, lamina.encoding.converters\n"
        "print('gymnasium' in sys.modules)"
    )
    assert done.stdout.strip() == "False", done.stderr
