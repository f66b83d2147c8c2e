"""The population code: its receptive fields, its decoder against others, its draws and its edges."""

import warnings

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest

from lamina.encoding.population_code import PopulationCode
from lamina.encoding.receptive_fields import field_centres, field_spacing, responses
from lamina.encoding.scaling import Scaling
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, OutOfRangeWarning, ShapeError

UNIT = Scaling(minimum=0.0, maximum=1.0)
METHODS = pytest.mark.parametrize("method", ["rate", "poisson", "latency"])


def values(count=3000):
    return np.concatenate([[0.0, 1.0, 0.5], np.random.default_rng(0).random(count)])


def expected(signal, n, beta=1.5):
    """Responses ``(neurons, values)`` in Bohte's words: centres and widths over a range of 0 to 1."""
    if n == 2:
        centres, width = np.array([0.0, 1.0]), 1 / beta
    else:
        index = np.arange(1, n + 1)
        centres, width = (2 * index - 3) / 2 * (1 - 0) / (n - 2), (1 / beta) * (1 - 0) / (n - 2)
    return np.exp(-((signal - centres[:, None]) ** 2) / (2 * width**2)), centres


def trains(code, signal):
    return code.encode(signal, scaling=UNIT).reshape(code.n_rows, len(signal), code.n_steps)


def error(code, signal):
    back = code.decode(code.encode(signal, scaling=UNIT), scaling=UNIT)
    return float(np.sqrt(np.mean((back - signal) ** 2)))


@pytest.fixture(scope="module")
def spikingjelly():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("spikingjelly.activation_based.encoding")


@pytest.mark.parametrize("n", [2, 3, 8, 50])
def test_rates_are_the_responses_to_half_a_spike(n):
    signal = values()
    found, _ = expected(signal, n)
    spikes = trains(PopulationCode(n, 40), signal)
    assert np.abs(spikes.sum(axis=2) / 40 - found).max() <= 0.5 / 40 + 1e-12


@pytest.mark.parametrize("n", [2, 8])
def test_latencies_are_those_of_the_responses(n):
    signal = values()
    found, _ = expected(signal, n)
    spikes = trains(PopulationCode(n, 11, method="latency", silent_below=0.2), signal)
    np.testing.assert_array_equal(spikes.any(axis=2), found >= 0.2)
    assert (spikes.sum(axis=2) <= 1).all()
    fired = found >= 0.2
    assert np.abs(spikes.argmax(axis=2)[fired] - (1 - found[fired]) * 10).max() <= 0.5 + 1e-12


def test_normalised_responses_sum_to_one():
    signal = values()
    found = responses(signal[None], field_centres(6), np.array([0.2]), True)
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-12)
    counts = trains(PopulationCode(6, 1000, normalise=True), signal).sum(axis=2)
    assert np.abs(counts.sum(axis=0) - 1000).max() <= 3


def test_neighbouring_fields_cross_where_beta_says():
    # halfway between two centres, both respond by exp(-beta^2 / 8)
    for n in (2, 3, 9):
        middle = (field_centres(n)[0] + field_centres(n)[1]) / 2
        found = responses(np.array([[middle]]), field_centres(n), np.array([field_spacing(n) / 1.2]), False)
        np.testing.assert_allclose(found[:2, 0, 0], np.exp(-(1.2**2) / 8), rtol=1e-12)


def test_activities_are_those_of_spikingjelly(spikingjelly):
    n, steps = 7, 30
    centres, width = field_centres(n), field_spacing(n) / 1.5
    signal = values(300)
    arguments = (1, n, steps, (centres[0], centres[-1]), width)
    tensor = torch.from_numpy(signal.astype(np.float32))[:, None]
    with torch.no_grad():
        theirs = spikingjelly.PopEncoder(*arguments)(tensor)[0].numpy().T
        counts = spikingjelly.PopSpikeEncoderDeterministic(*arguments)(tensor).sum(0).numpy().T
    ours = responses(signal[None], centres, np.array([width]), False)[:, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    # theirs integrate and fire, and so are late by what is left in the unit
    assert np.abs(trains(PopulationCode(n, steps), signal).sum(axis=2) - counts).max() <= 1


@METHODS
@pytest.mark.parametrize(("n", "gain"), [(8, 1.2), (2, 3.0)])
def test_decoding_beats_the_centre_of_mass(method, n, gain):
    signal = values()
    code = PopulationCode(n, 10, method=method, seed=0)
    spikes = trains(code, signal)
    read = spikes.mean(axis=2)
    if method == "latency":
        read = np.where(spikes.any(axis=2), 1 - spikes.argmax(axis=2) / 9, 0)
    _, centres = expected(signal, n)
    mass = np.clip((centres @ read) / np.maximum(read.sum(axis=0), 1e-9), 0, 1)
    by_mass = np.sqrt(np.mean((mass - signal) ** 2))
    gain = 1 + (gain - 1) / 8 if method == "poisson" else gain
    assert error(code, signal) * gain < by_mass


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("method", ["rate", "latency"])
def test_decoding_finds_the_least_squares(method, normalise):
    signal = np.linspace(0, 1, 101)
    code = PopulationCode(5, 20, method=method, normalise=normalise)
    spikes = trains(code, signal)
    read = spikes.mean(axis=2)
    if method == "latency":
        read = np.where(spikes.any(axis=2), 1 - spikes.argmax(axis=2) / 19, 0)
    back = code.decode(code.encode(signal, scaling=UNIT), scaling=UNIT)

    def squares(value, t):
        found, _ = expected(np.array([value]), 5)
        found = found / found.sum() if normalise else found
        return float(((read[:, t] - found[:, 0]) ** 2).sum())

    for t in range(101):
        near = (max(back[t] - 0.1, 0), min(back[t] + 0.1, 1))
        best = minimize_scalar(squares, args=(t,), bounds=near, method="bounded", options={"xatol": 1e-9})
        assert abs(best.x - back[t]) < 2e-3
        assert squares(back[t], t) <= best.fun * 1.001 + 1e-9


def test_random_decoding_finds_the_greatest_likelihood():
    signal = np.random.default_rng(3).random(60)
    code = PopulationCode(6, 200, method="poisson", seed=1)
    counts = trains(code, signal).sum(axis=2)
    back = code.decode(code.encode(signal, scaling=UNIT), scaling=UNIT)
    grid = np.linspace(0, 1, 20_001)
    found = np.clip(expected(grid, 6)[0], 1e-12, 1 - 1e-12)
    likelihood = counts.T @ np.log(found) + (200 - counts).T @ np.log1p(-found)
    assert np.abs(grid[likelihood.argmax(axis=1)] - back).max() < 2e-3


@METHODS
@pytest.mark.parametrize(
    ("n", "steps", "beta"),
    [(8, 50, 0.25), (8, 50, 0.5), (8, 50, 1.0), (8, 10, 0.5), (20, 10, 1.0), (4, 100, 3.0), (2, 50, 5.0)],
)
def test_broad_and_narrow_fields_decode_as_well_as_a_search_over_all_values(method, n, steps, beta):
    signal = np.random.default_rng(0).random(1000)
    code = PopulationCode(n, steps, beta, method=method, seed=0)
    spikes = trains(code, signal)
    read = spikes.mean(axis=2)
    if method == "latency":
        read = np.where(spikes.any(axis=2), 1 - spikes.argmax(axis=2) / (steps - 1), 0)
    grid = np.linspace(0, 1, 2001)
    found = expected(grid, n, beta)[0]
    if method == "poisson":
        sure = np.clip(found, 1e-12, 1 - 1e-12)
        worth = read.T @ np.log(sure) + (1 - read).T @ np.log1p(-sure)
    else:
        worth = 2 * read.T @ found - (found * found).sum(axis=0)
    best = grid[worth.argmax(axis=1)]
    off = code.decode(code.encode(signal, scaling=UNIT), scaling=UNIT) - signal
    assert np.sqrt(np.mean(off**2)) < 1.05 * np.sqrt(np.mean((best - signal) ** 2)) + 2e-4
    assert (np.abs(off) > 0.2).sum() <= (np.abs(best - signal) > 0.2).sum()


@METHODS
def test_more_neurons_and_more_steps_err_less(method):
    signal = values()
    more_steps = [
        error(PopulationCode(8, steps, method=method, seed=0), signal) for steps in (3, 10, 40, 160)
    ]
    more_neurons = [error(PopulationCode(n, 20, method=method, seed=0), signal) for n in (2, 4, 8, 16)]
    assert more_steps == sorted(more_steps, reverse=True)
    assert more_neurons == sorted(more_neurons, reverse=True)


@METHODS
@pytest.mark.parametrize("n", [2, 3, 8])
@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("beta", [1e-6, 0.05, 1.5, 50.0])
def test_extremes_stay_within_the_range(method, n, steps, beta):
    for normalise in (False, True):
        code = PopulationCode(n, steps, beta, method=method, normalise=normalise, seed=0)
        back = code.decode(code.encode(values(200), scaling=UNIT), scaling=UNIT)
        assert (back >= 0).all()
        assert (back <= 1).all()


def test_silence_is_the_middle_of_the_range():
    code = PopulationCode(4, 5)
    silent = code.decode(np.zeros((4, 10)), scaling=Scaling(minimum=2.0, maximum=4.0))
    assert silent.tolist() == [3, 3]
    tensor = code._decode_tensor(torch.zeros((4, 1, 10)), code._values((1,)), None, None)
    assert tensor.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_draws_are_binomial_and_independent(value):
    code = PopulationCode(4, 25, method="poisson", seed=2)
    assert code.random
    assert not PopulationCode().random
    spikes = trains(code, np.full(3000, value))
    found, _ = expected(np.array([value]), 4)
    for i, own in enumerate(spikes):
        rate = float(found[i, 0])
        assert binomtest(int(own.sum()), own.size, rate).pvalue > 1e-3
        other = spikes[(i + 1) % 4]
        both = rate * float(found[(i + 1) % 4, 0])
        assert binomtest(int((own * other).sum()), own.size, both).pvalue > 1e-3


@pytest.mark.parametrize("channels", [(), (3,)], ids=str)
def test_random_streams_use_the_draws_of_the_whole(channels):
    signal = np.random.default_rng(0).random((*channels, 1500)).astype(np.float32)
    code = PopulationCode(method="poisson", seed=3).fit(signal, trials=0)
    whole = code.encode(signal)
    np.testing.assert_array_equal(code.encode(signal), whole)
    state, parts = None, []
    for chunk in np.split(signal, [1, 2, 40, 1401], axis=-1):
        spikes, state = code.advance(chunk, state)
        parts.append(spikes)
    np.testing.assert_array_equal(np.concatenate(parts, axis=-1), whole)
    going = PopulationCode(method="poisson", seed=np.random.default_rng(3)).fit(signal, trials=0)
    assert (going.encode(signal) != going.encode(signal)).any()


@METHODS
@pytest.mark.parametrize("normalise", [False, True])
def test_tensors_on_other_devices(method, normalise):
    signal = np.random.default_rng(0).random((2, 400))
    code = PopulationCode(5, 12, np.array([1.0, 2.0]), method=method, normalise=normalise, seed=0)
    ranges, given = UNIT.per_channel((2,)), code._values((2,))
    spikes = code._encode(signal, given, ranges, code._start(2, signal.dtype))
    tensor = code._encode_tensor(torch.from_numpy(signal), given, ranges)
    if method == "poisson":
        found = responses(signal, field_centres(5), field_spacing(5) / np.array([1.0, 2.0]), normalise)
        assert binomtest(int(tensor.sum()), tensor.numel(), float(found.mean())).pvalue > 1e-3
    else:
        np.testing.assert_array_equal(tensor.numpy(), spikes)
    back = code._decode_tensor(torch.from_numpy(spikes), given, ranges, None)
    np.testing.assert_allclose(back.numpy(), code._decode(spikes, given, ranges, None), rtol=0, atol=1e-12)


def test_a_width_for_each_channel():
    signal = np.random.default_rng(0).random((2, 50))
    both = PopulationCode(beta=[1.0, 2.0]).encode(signal, scaling=UNIT)
    for channel, beta in enumerate((1.0, 2.0)):
        alone = PopulationCode(beta=beta).encode(signal[channel], scaling=UNIT)
        np.testing.assert_array_equal(both[:, channel], alone)


def test_beyond_the_range_is_its_end():
    code = PopulationCode()
    with pytest.warns(OutOfRangeWarning):
        spikes = trains(code, np.array([-5.0, 7.0, 0.0, 1.0]))
    np.testing.assert_array_equal(spikes[:, :2], spikes[:, 2:])


def test_spikes_of_other_settings_are_refused():
    with pytest.raises(DataError, match="whole samples of 10 steps"):
        PopulationCode().decode(np.zeros((8, 15)))
    with pytest.raises(ShapeError, match="spikes"):
        PopulationCode().decode(np.zeros((7, 20)))


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"n_neurons": 1}, ArgumentError),
        ({"n_neurons": 4.0}, ArgumentTypeError),
        ({"n_steps": 0}, ArgumentError),
        ({"beta": 0.0}, ArgumentError),
        ({"beta": 51.0}, ArgumentError),
        ({"method": "latancy"}, ArgumentError),
        ({"normalise": "no"}, ArgumentTypeError),
        ({"silent_below": 1.1}, ArgumentError),
        ({"seed": -3}, ArgumentError),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value.__name__,
)
def test_wrong_arguments_are_named(arguments, kind):
    with pytest.raises(kind, match=next(iter(arguments))):
        PopulationCode(**arguments)
