"""Observations as spikes: rates and trains by hand for every setting, memory, seeds, and what is refused."""

import itertools
import math

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler

from lamina.encoding.converters import ChangeConverter
from lamina.encoding.gymnasium_encoder import GymnasiumEncoder
from lamina.encoding.scalers import ScalerFactory
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError

gymnasium = pytest.importorskip("gymnasium")

FLAGS = [
    {"rate_coder": rate, "step_coder": step, "split_exc_inh": split, "add_inverted_inputs": inverted}
    for rate, step, split, inverted in itertools.product([True, False], repeat=4)
    if rate or step
]


def label(flags):
    return "-".join(name for name, on in flags.items() if on)


def observations_of(name, n_envs, n_steps):
    """Play at random in gymnasium's own environments, ``(time, batch, features)``."""
    envs = [gymnasium.make(name) for _ in range(n_envs)]
    seen = [[env.reset(seed=seed)[0] for seed, env in enumerate(envs)]]
    for seed, env in enumerate(envs):
        env.action_space.seed(seed)
    for _ in range(n_steps - 1):
        seen.append([env.step(env.action_space.sample())[0] for env in envs])
    for env in envs:
        env.close()
    return np.array(seen)


BOUNDS = {
    "CartPole-v1": ([-0.2, -1.0, -0.2, -1.0], [0.1, 1.0, 0.2, 2.0]),
    "Pendulum-v1": ([-1.0, -1.0, -2.0], [1.0, 1.0, 8.0]),
}


def rates_by_hand(row, last, bounds, thresholds, flags, most):
    """One observation, one number at a time, in the order that the specification gives."""
    low, high = bounds
    scaled = [min(max((x - a) / (b - a), 0.0), 1.0) for x, a, b in zip(row, low, high, strict=True)]
    before = [min(max((x - a) / (b - a), 0.0), 1.0) for x, a, b in zip(last, low, high, strict=True)]
    values = []
    if flags["rate_coder"]:
        values += scaled
    if flags["step_coder"]:
        for now, then, threshold in zip(scaled, before, thresholds, strict=True):
            values.append(min(max((now - then) / threshold / 2 + 0.5, 0.0), 1.0))
    if flags["split_exc_inh"]:
        values = [max(2 * v - 1, 0) for v in values] + [max(1 - 2 * v, 0) for v in values]
    rates = [most * v for v in values]
    if flags["add_inverted_inputs"]:
        rates += [most - rate for rate in rates]
    return rates


def train_by_hand(rate, n_steps):
    count = round(rate * n_steps)  # Python rounds halves to the even number
    train = [0] * n_steps
    for i in range(count):
        train[-((-(i + 1) * n_steps) // count) - 1] = 1
    return train


def encoder_for(name, batch, n_steps, flags, **more):
    bounds = BOUNDS[name]
    thresholds = np.linspace(0.02, 0.1, len(bounds[0]))
    scaler = ScalerFactory.from_known_values(*bounds)
    converter = ChangeConverter(thresholds)
    return GymnasiumEncoder(
        len(bounds[0]), batch, n_steps, scaler, converter=converter, **flags, **more
    ), thresholds


# the document's example
OBSERVATION = [0.00662101, -0.02290802, -0.00224132, 0.00596699]


def test_the_documents_example():
    # bounds within which each number lies a tenth of the way out, on the side that is shown there
    outwards = np.array([0.1, 0.1, -0.1, 0.1])
    scaler = ScalerFactory.from_known_values(OBSERVATION - outwards - 1, OBSERVATION - outwards + 1)
    encoder = GymnasiumEncoder(4, 1, 10, scaler, rate_coder=True, step_coder=False, split_exc_inh=True)
    spikes = encoder.encode(np.array([OBSERVATION]))
    expected = np.zeros((10, 1, 8))
    expected[-1] = [1, 1, 0, 1, 0, 0, 1, 0]
    np.testing.assert_array_equal(spikes, expected)


def test_numbers_near_the_middle_of_real_bounds_are_rounded_to_silence():
    scaler = ScalerFactory.from_env(gymnasium.make("CartPole-v1"))
    spikes = GymnasiumEncoder(4, 1, 10, scaler).encode(OBSERVATION)
    assert spikes.shape == (10, 1, 8)
    assert not spikes.any()
    # with trains that are long enough, each feature is on its own side, velocity on that of its sign
    longer = GymnasiumEncoder(4, 1, 1000, scaler).encode(OBSERVATION)
    assert (longer.sum(axis=0)[0] > 0).tolist() == [True, False, False, True, False, True, True, False]


@pytest.mark.parametrize("name", sorted(BOUNDS))
@pytest.mark.parametrize("most", [1.0, 0.3])
@pytest.mark.parametrize("flags", FLAGS, ids=label)
def test_trains_are_those_made_by_hand(name, most, flags):
    seen = observations_of(name, 3, 8).astype(np.float64)
    encoder, thresholds = encoder_for(name, 3, 12, flags, max_firing_rate=most)
    coded = len(thresholds) * (flags["rate_coder"] + flags["step_coder"])
    n_trains = coded * 2 ** (flags["split_exc_inh"] + flags["add_inverted_inputs"])
    assert encoder.n_trains == n_trains
    for t, batch in enumerate(seen):
        spikes, rates = encoder.encode(batch, return_norm=True)
        assert spikes.shape == (12, 3, n_trains)
        for b, row in enumerate(batch):
            last = seen[max(t - 1, 0), b]
            expected = rates_by_hand(row, last, BOUNDS[name], thresholds, flags, most)
            np.testing.assert_allclose(rates[b], expected, rtol=0, atol=1e-12)
            np.testing.assert_array_equal(spikes[:, b].T, [train_by_hand(rate, 12) for rate in rates[b]])


def test_rates_are_those_of_the_released_package():
    released = pytest.importorskip("spike_encoding.gymnasium_encoder")
    low, high = BOUNDS["CartPole-v1"]
    scaler = MinMaxScaler(clip=True).fit([low, high])
    seen = observations_of("CartPole-v1", 2, 2).astype(np.float64)
    for split, inverted in itertools.product([True, False], repeat=2):
        flags = {"split_exc_inh": split, "add_inverted_inputs": inverted}
        theirs = released.GymnasiumEncoder(4, 2, 5, scaler, **flags).encode(seen[0], return_norm=True)[1]
        ours = GymnasiumEncoder(4, 2, 5, scaler, **flags).encode(seen[0], return_norm=True)[1]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("split", [True, False])
def test_what_a_scaler_lets_beyond_its_range_is_clipped(split):
    low, high = BOUNDS["Pendulum-v1"]
    beyond = [[-3.0, 0.5, 90.0]]
    theirs = GymnasiumEncoder(3, 1, 9, MinMaxScaler().fit([low, high]), split_exc_inh=split)
    ours = GymnasiumEncoder(3, 1, 9, ScalerFactory.from_known_values(low, high), split_exc_inh=split)
    np.testing.assert_array_equal(theirs.encode(beyond), ours.encode(beyond))
    assert theirs.encode(beyond, return_norm=True)[1].max() == 1.0


def test_poisson_trains_have_the_rates_that_were_asked_for():
    flags = {"rate_coder": True, "step_coder": True, "add_inverted_inputs": True}
    method = {"spike_train_conversion_method": "poisson"}
    encoder, _ = encoder_for("Pendulum-v1", 2, 20_000, flags, **method, max_firing_rate=0.7, seed=2)
    seen = observations_of("Pendulum-v1", 2, 2)
    encoder.encode(seen[0])
    spikes, rates = encoder.encode(seen[1], return_norm=True)
    # five standard errors of a mean over 20 000 independent steps
    np.testing.assert_allclose(spikes.mean(axis=0), rates, atol=5 * 0.5 / math.sqrt(20_000))
    assert set(np.unique(spikes)) == {0.0, 1.0}


def test_draws_go_on_and_can_be_repeated():
    flags = {"spike_train_conversion_method": "poisson", "split_exc_inh": False}
    first, second = (encoder_for("Pendulum-v1", 1, 60, flags, seed=4)[0] for _ in range(2))
    row = [[0.1, 0.2, 3.0]]
    one = first.encode(row)
    first.reset()
    two = first.encode(row)
    assert (one != two).any()
    np.testing.assert_array_equal(second.encode(row), one)
    np.testing.assert_array_equal(second.encode(row), two)
    first.reset(seed=4)
    np.testing.assert_array_equal(first.encode(row), one)


def changes(encoder, batch):
    """What the step coder says of each row of one feature: −1, 0 or 1."""
    return np.sign(encoder.encode(batch).mean(axis=0)[:, 0] - 0.5).tolist()


def test_changes_are_from_the_last_observation_of_the_same_row():
    scaler = ScalerFactory.from_known_values([0.0], [1.0])
    flags = {"rate_coder": False, "step_coder": True, "split_exc_inh": False}
    encoder = GymnasiumEncoder(1, 3, 4, scaler, converter=ChangeConverter(0.1), **flags)
    assert changes(encoder, [[0.1], [0.5], [0.9]]) == [0, 0, 0]
    assert changes(encoder, [[0.3], [0.5], [0.7]]) == [1, 0, -1]
    encoder.reset(rows=[False, False, True])
    assert changes(encoder, [[0.1], [0.9], [0.1]]) == [-1, 1, 0]
    encoder.reset()
    assert changes(encoder, [[0.9], [0.1], [0.9]]) == [0, 0, 0]
    encoder.reset([[0.0], [1.0], [0.9]])
    assert changes(encoder, [[0.9], [0.1], [0.9]]) == [1, -1, 0]
    encoder.reset([[1.0], [1.0], [1.0]], rows=[True, False, False])
    assert changes(encoder, [[0.9], [0.1], [0.9]]) == [-1, 0, 0]


def test_an_observation_that_is_refused_is_not_remembered():
    scaler = ScalerFactory.from_known_values([0.0], [1.0])
    encoder = GymnasiumEncoder(1, 1, 4, scaler, converter=ChangeConverter(0.1), step_coder=True)
    encoder.encode([0.5])
    for wrong in ([math.nan], [0.1, 0.2]):
        with pytest.raises(ArgumentError):
            encoder.encode(wrong)
        with pytest.raises(ArgumentError):
            encoder.reset([wrong])
    assert encoder.encode([0.5]).sum() == 0


def test_thresholds_that_are_given_go_before_those_of_the_converter():
    scaler = ScalerFactory.from_known_values([0.0, 0.0], [1.0, 1.0])
    flags = {"rate_coder": False, "step_coder": True, "split_exc_inh": False}
    encoder = GymnasiumEncoder(2, 1, 8, scaler, [0.4, 0.2], ChangeConverter(0.8), **flags)
    encoder.reset([[0.5, 0.5]])
    assert encoder.encode([0.6, 0.6], return_norm=True)[1][0].tolist() == pytest.approx([0.625, 0.75])


def test_the_observation_may_be_a_tensor_and_is_left_as_it_was():
    torch = pytest.importorskip("torch")
    encoder, _ = encoder_for("Pendulum-v1", 2, 12, {})
    values = np.array([[0.3, -0.4, 7.0], [2.0, 0.0, -1.0]], dtype=np.float32)
    for given in (values, values.astype(np.float64), torch.from_numpy(values.copy())):
        before = np.asarray(given).copy()
        spikes = encoder.encode(given)
        assert isinstance(spikes, type(given))
        assert spikes.dtype == given.dtype
        np.testing.assert_array_equal(np.asarray(spikes), encoder.encode(values.tolist()))
        np.testing.assert_array_equal(np.asarray(given), before)


SCALER = ScalerFactory.from_known_values([0.0, 0.0], [1.0, 1.0])


class Strange:
    """A scaler that gives whatever it was told to."""

    def __init__(self, answer):
        self.answer = answer

    def transform(self, state):
        del state
        return self.answer


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"seq_length": 0}, ArgumentError, "seq_length must be an integer from 1"),
        ({"n_features": 0}, ArgumentError, "n_features"),
        ({"batch_size": 0}, ArgumentError, "batch_size"),
        ({"batch_size": 1.5}, ArgumentTypeError, "batch_size"),
        ({"n_features": 3}, ArgumentError, "scaler must be a fitted scaler of 3 feature"),
        ({"scaler": MinMaxScaler()}, ArgumentError, "a MinMaxScaler that fails .*not fitted"),
        ({"scaler": None}, ArgumentTypeError, "no method transform"),
        ({"scaler": Strange(np.zeros((1, 5)))}, ArgumentError, "scaler must be a fitted scaler of 2"),
        ({"scaler": Strange([[0.0, math.nan]])}, ArgumentError, "nan"),
        ({"rate_coder": False}, ArgumentError, "rate_coder must be True where step_coder is not"),
        ({"step_coder": True}, ArgumentError, "converter must be given with step_coder, got None"),
        ({"step_coder": True, "converter": 3}, ArgumentTypeError, "converter must be a ChangeConverter"),
        ({"step_coder": True, "converter": ChangeConverter([0.1] * 3)}, ShapeError, "converter.threshold"),
        (
            {"converter_th": [0.1, 0.0]},
            DataError,
            "converter_th must be finite and above 0, got 0 for feature",
        ),
        ({"converter_th": [0.1] * 3}, ShapeError, "converter_th"),
        ({"converter_th": [[0.1, 0.1]]}, ShapeError, "converter_th"),
        ({"converter_th": "a"}, ArgumentTypeError, "converter_th"),
        ({"spike_train_conversion_method": "rate"}, ArgumentError, "spike_train_conversion_method"),
        ({"max_firing_rate": 1.2}, ArgumentError, "max_firing_rate"),
        ({"max_firing_rate": 0.0}, ArgumentError, "max_firing_rate"),
        ({"max_firing_rate": math.nan}, ArgumentError, "max_firing_rate"),
        ({"seed": "a"}, ArgumentTypeError, "seed"),
        ({"split_exc_inh": "no"}, ArgumentTypeError, "split_exc_inh must be True or False"),
        ({"add_inverted_inputs": 1.5}, ArgumentTypeError, "add_inverted_inputs"),
    ],
)
def test_arguments_that_cannot_be_are_named(change, error, words):
    arguments = {"n_features": 2, "batch_size": 1, "seq_length": 4, "scaler": SCALER} | change
    with pytest.raises(error, match=words):
        GymnasiumEncoder(**arguments)


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ([[0.1, 0.2]], ShapeError, r"of shape \(2, 2\), got shape \(1, 2\)"),
        ([0.1, 0.2], ShapeError, r"got shape \(2,\)"),
        ([[0.1], [0.2]], ShapeError, r"got shape \(2, 1\)"),
        ([[0.1, 0.2], [0.1, math.nan]], DataError, "nan for feature 1 of observation 1"),
        ([[0.1, -math.inf], [0.1, 0.1]], DataError, "-inf for feature 1 of observation 0"),
        ([["a", "b"], ["c", "d"]], ArgumentTypeError, "array of real numbers"),
        ([[0.1, 0.2], [0.1]], ShapeError, "rows differ in length"),
    ],
)
def test_observations_that_cannot_be_are_named(state, error, words):
    encoder = GymnasiumEncoder(2, 2, 4, SCALER)
    with pytest.raises(error, match=words):
        encoder.encode(state)


@pytest.mark.parametrize("rows", [[0, 1], [True], True, [[True, False]]])
def test_rows_that_cannot_be_are_named(rows):
    with pytest.raises(ArgumentError, match="rows must be 2 boolean"):
        GymnasiumEncoder(2, 2, 4, SCALER).reset(rows=rows)
