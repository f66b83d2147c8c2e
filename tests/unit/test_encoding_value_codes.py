"""Codes that turn each sample into a train: against other libraries, their bounds, and their edges."""

import warnings

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from lamina.encoding.burst_code import BurstCode, longest_burst
from lamina.encoding.latency_code import LatencyCode
from lamina.encoding.phase_code import PhaseCode
from lamina.encoding.rate_code import RateCode
from lamina.encoding.scaling import Scaling
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, OutOfRangeWarning

UNIT = Scaling(minimum=0.0, maximum=1.0)
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
CODES = pytest.mark.parametrize(
    "code",
    [
        RateCode(),
        RateCode(method="poisson", seed=0),
        LatencyCode(),
        LatencyCode(method="log"),
        PhaseCode(),
        BurstCode(),
    ],
    ids=["rate", "poisson", "latency", "latency-log", "phase", "burst"],
)


def values(dtype="float64"):
    """Values of [0, 1] all over it, with its ends, and where codes change their mind."""
    fractions = np.concatenate([np.arange(n + 1) / n for n in (5, 7, 10, 18, 256)])
    near = np.clip([np.nextafter(fractions, 0), np.nextafter(fractions, 1)], 0, 1).ravel()
    drawn = np.random.default_rng(0).random(2000)
    return np.unique(np.concatenate([fractions, near, drawn]).astype(dtype))


def trains(code, signal, scaling=UNIT):
    return code.encode(signal, scaling=scaling).reshape(len(signal), code.steps_per_sample)


def decoded(code, signal):
    return code.decode(code.encode(signal, scaling=UNIT), scaling=UNIT)


@pytest.fixture(scope="module")
def snntorch():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("snntorch.spikegen")


@pytest.fixture(scope="module")
def spikingjelly():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("spikingjelly.activation_based.encoding")


# -- all of them -----------------------------------------------------------------------------------------


@CODES
@DTYPES
def test_samples_do_not_meet(code, dtype):
    """The train of a sample is at its own steps and depends on nothing else."""
    if code.random:
        pytest.skip("draws differ")
    signal = values(dtype)[::7]
    together = trains(code, signal)
    for t in (0, 1, len(signal) - 1):
        np.testing.assert_array_equal(trains(code, signal[t : t + 1])[0], together[t])


@CODES
def test_beyond_the_range_is_its_end(code):
    with pytest.warns(OutOfRangeWarning):
        beyond = code.encode(np.array([-1e300, 1e300, 0.0, 1.0]), scaling=UNIT).reshape(4, -1)
    if not code.random:
        np.testing.assert_array_equal(beyond[0], beyond[2])
        np.testing.assert_array_equal(beyond[1], beyond[3])
    assert set(np.unique(beyond)) <= {0, 1}


@CODES
def test_units_of_the_signal_come_back(code):
    signal = np.random.default_rng(1).random((2, 500)) * [[3.0], [400.0]] - [[1.0], [0.0]]
    spikes = code.encode(signal)
    unit = (signal - signal.min(axis=1, keepdims=True)) / np.ptp(signal, axis=1, keepdims=True)
    expected = code.decode(spikes, scaling=UNIT)
    assert np.sqrt(np.mean((expected - unit) ** 2)) < 0.2
    np.testing.assert_allclose(
        code.decode(spikes),
        signal.min(axis=1, keepdims=True) + expected * np.ptp(signal, axis=1, keepdims=True),
        rtol=1e-12,
        atol=1e-12,
    )


@CODES
def test_spikes_that_are_no_whole_samples_are_refused(code):
    with pytest.raises(DataError, match="spikes"):
        code.decode(np.zeros(code.steps_per_sample + 1), scaling=UNIT)


# -- rate ------------------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("steps", [1, 2, 9, 100])
@pytest.mark.parametrize("most", [1.0, 0.35])
def test_even_trains_err_by_half_a_spike_at_most(steps, most, dtype):
    signal = values(dtype)
    code = RateCode(n_steps=steps, max_rate=most)
    assert not code.random
    error = np.abs(decoded(code, signal) - signal).max()
    assert error <= 0.5 / (steps * most) * (1 + 1e-5)
    assert most < 1 or error > 0.4 / steps


def test_random_trains_are_binomial():
    code = RateCode(n_steps=20, method="poisson", max_rate=0.8, seed=5)
    assert code.random
    for value in (0.0, 0.03, 0.5, 1.0):
        spikes = code.encode(np.full((3, 4000), value), scaling=UNIT)
        assert binomtest(int(spikes.sum()), spikes.size, 0.8 * value).pvalue > 1e-3
        assert np.mean(code.decode(spikes, scaling=UNIT)) == pytest.approx(value, abs=0.01)
        for row in spikes:
            assert binomtest(int(row.sum()), row.size, 0.8 * value).pvalue > 1e-4
        # neither neighbours in time nor channels know of each other
        both = int((spikes[:, 1:] * spikes[:, :-1]).sum()), int((spikes[0] * spikes[1]).sum())
        assert binomtest(both[0], spikes[:, 1:].size, (0.8 * value) ** 2).pvalue > 1e-4
        assert binomtest(both[1], spikes[0].size, (0.8 * value) ** 2).pvalue > 1e-4


def test_random_trains_repeat_by_seed_and_go_on_by_generator():
    signal = np.random.default_rng(0).random((2, 50))
    code = RateCode(method="poisson", seed=3)
    first = code.encode(signal)
    np.testing.assert_array_equal(code.encode(signal), first)
    np.testing.assert_array_equal(RateCode(method="poisson", seed=3).encode(signal), first)
    assert (RateCode(method="poisson", seed=4).encode(signal) != first).any()
    going = RateCode(method="poisson", seed=np.random.default_rng(3))
    assert (going.encode(signal) != going.encode(signal)).any()
    unseeded = RateCode(method="poisson")
    assert (unseeded.encode(signal) != unseeded.encode(signal)).any()


@DTYPES
@pytest.mark.parametrize("channels", [(), (3,)], ids=str)
def test_random_streams_use_the_draws_of_the_whole(channels, dtype):
    # so long that the whole is drawn in several parts
    signal = np.random.default_rng(0).random((*channels, 5000)).astype(dtype)
    code = RateCode(method="poisson", seed=3).fit(signal)
    whole = code.encode(signal)
    state, parts = None, []
    for chunk in np.split(signal, [1, 2, 40, 4001], axis=-1):
        spikes, state = code.advance(chunk, state)
        parts.append(spikes)
    np.testing.assert_array_equal(np.concatenate(parts, axis=-1), whole)
    generator = RateCode(method="poisson", seed=np.random.default_rng(0)).fit(signal)
    _, state = generator.advance(signal[..., :10])
    again = [generator.advance(signal[..., 10:20], state)[0] for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_random_trains_on_other_devices_are_seeded():
    signal = torch.full((2, 4000), 0.3)
    code = RateCode(method="poisson", seed=3)
    ranges = UNIT.per_channel((2,))
    first, again = (code._encode_tensor(signal, code._values((2,)), ranges) for _ in range(2))
    assert torch.equal(first, again)
    assert binomtest(int(first.sum()), first.numel(), 0.3).pvalue > 1e-3


# -- latency ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [2, 10, 33])
def test_linear_latency_is_that_of_spikingjelly(spikingjelly, steps):
    signal = values("float32")
    theirs = spikingjelly.LatencyEncoder(steps).single_step_encode(torch.from_numpy(signal))
    np.testing.assert_array_equal(trains(LatencyCode(n_steps=steps), signal), theirs.numpy().T)


@pytest.mark.parametrize("steps", [2, 10, 33])
@pytest.mark.parametrize("clip", [False, True])
def test_linear_latency_is_that_of_snntorch(snntorch, steps, clip):
    signal = values("float32")
    theirs = snntorch.latency(
        torch.from_numpy(signal), num_steps=steps, normalize=True, linear=True, clip=clip, threshold=0.01
    )
    code = LatencyCode(n_steps=steps, below="silent" if clip else "last", threshold=0.01)
    np.testing.assert_array_equal(trains(code, signal), theirs.numpy().T)


def test_logarithmic_latency_is_that_of_snntorch(snntorch):
    # it drops what comes after the last step, as a unit does that does not reach its threshold in time;
    # values within rounding of the limit between two steps may fall on either side of it
    signal = np.random.default_rng(0).random(5000).astype(np.float32)
    theirs = snntorch.latency(
        torch.from_numpy(signal), num_steps=20, tau=8.0, threshold=0.2, clip=True, bypass=True
    )
    ours = trains(LatencyCode(n_steps=20, method="log", tau=8.0, threshold=0.2, below="silent"), signal)
    differ = (ours != theirs.numpy().T).any(axis=1)
    times = 8 * np.log(signal[differ] / (signal[differ] - np.float64(0.2)))
    assert differ.mean() < 1e-3
    np.testing.assert_allclose(np.abs(times % 1 - 0.5), 0, atol=1e-4)


@DTYPES
@pytest.mark.parametrize("steps", [2, 10, 1000])
def test_linear_latency_errs_by_half_a_step_at_most(steps, dtype):
    signal = values(dtype)
    error = np.abs(decoded(LatencyCode(n_steps=steps), signal) - signal)
    assert error.max() <= 0.5 / (steps - 1) * (1 + 1e-3)
    assert error[0] == error[-1] == 0


@DTYPES
@pytest.mark.parametrize("below", ["last", "silent"])
@pytest.mark.parametrize(("threshold", "tau"), [(0.01, "balanced"), (0.3, 2.0), (0.05, 100.0)], ids=str)
def test_logarithmic_latency_decodes_to_the_middle_of_what_spikes_there(threshold, tau, below, dtype):
    code = LatencyCode(n_steps=12, method="log", threshold=threshold, tau=tau, below=below)
    signal = np.linspace(0, 1, 200_001).astype(dtype)
    spikes, back = trains(code, signal), decoded(code, signal)
    times = np.where(spikes.any(axis=1), spikes.argmax(axis=1), 12)
    assert (np.diff(times) <= 0).all()
    for time in np.unique(times):
        own = signal[times == time]
        middle = 0 if time == 12 else (own[0] + own[-1]) / 2
        np.testing.assert_allclose(back[times == time], middle, rtol=0, atol=1e-5)
    assert (12 in times) == (below == "silent")


def test_the_balanced_constant_is_nearly_the_best():
    signal = np.random.default_rng(0).random(20_000)
    for steps in (10, 100):
        balanced = LatencyCode(n_steps=steps, method="log")
        tried = [LatencyCode(n_steps=steps, method="log", tau=f * balanced.tau) for f in (0.25, 0.5, 1, 2, 4)]
        errors = [np.mean((decoded(code, signal) - signal) ** 2) for code in tried]
        assert np.argmin(errors) == 2


def test_the_first_spike_counts_and_silence_is_zero():
    code = LatencyCode(n_steps=5)
    assert code.decode(np.array([0, 1, 0, 1, 1, 0, 0, 0, 0, 0.0]), scaling=UNIT).tolist() == [0.75, 0]


def test_only_the_logarithmic_latency_has_something_to_tune():
    assert LatencyCode().tuned == ()
    assert LatencyCode(method="log").tuned == ("threshold", "tau")


@pytest.mark.parametrize("below", ["last", "silent"])
def test_optimize_finds_the_best_logarithmic_latency(below):
    generator = np.random.default_rng(4)
    signal = np.stack([generator.random(500), generator.exponential(size=500), np.sin(np.arange(500) / 9)])

    def errors(code):
        return ((code.decode(code.encode(signal)) - signal) ** 2).mean(axis=1)

    code = LatencyCode(method="log", below=below)
    before = errors(code)
    threshold, tau = code.optimize(signal, trials=100, seed=0)
    assert threshold.shape == tau.shape == (3,)
    after = errors(code)
    # the parameters that are reported are those in use
    np.testing.assert_array_equal(
        after, errors(LatencyCode(method="log", below=below, threshold=threshold, tau=tau))
    )
    grid = [
        errors(LatencyCode(method="log", below=below, threshold=one, tau=other))
        for one in np.geomspace(2e-3, 0.5, 12)
        for other in np.geomspace(1, 1000, 16)
    ]
    assert (after < 0.95 * before).all()
    assert (after <= 1.1 * np.min(grid, axis=0)).all()


# -- phase -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phases", [1, 8, 16])
def test_phases_are_those_of_spikingjelly(spikingjelly, phases):
    signal = values("float32")
    signal = signal[signal <= 1 - 2.0**-phases]
    theirs = spikingjelly.WeightedPhaseEncoder(phases).single_step_encode(torch.from_numpy(signal))
    np.testing.assert_array_equal(trains(PhaseCode(phases), signal), theirs.numpy().T)


@pytest.mark.parametrize(
    ("phases", "dtype"), [(1, "float32"), (8, "float32"), (24, "float32"), (52, "float64")]
)
def test_phases_lack_at_most_the_last_digit(phases, dtype):
    signal = values(dtype)
    lack = signal - decoded(PhaseCode(phases), signal)
    assert lack.min() >= 0
    assert lack[:-1].max() < 2.0**-phases
    assert lack[-1] == 2.0**-phases


# -- burst -----------------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize(
    ("n_max", "t_min", "t_max"), [(5, 2, 6), (1, 1, 1), (2, 1, 9), (6, 4, 4), (9, 1, 40)]
)
def test_bursts_are_as_published_and_err_within_their_bound(n_max, t_min, t_max, dtype):
    signal = values(dtype)
    code = BurstCode(n_max, t_min, t_max)
    spikes, back = trains(code, signal), decoded(code, signal)
    counts = spikes.sum(axis=1)
    np.testing.assert_array_equal(counts, np.ceil(signal.dtype.type(n_max) * signal))
    slope = t_max - t_min
    for i in np.flatnonzero(counts > 1):
        gaps = np.diff(np.flatnonzero(spikes[i]))
        interval = np.ceil(signal.dtype.type(t_max) - signal.dtype.type(slope) * signal[i])
        assert set(gaps) == {interval}
    assert (spikes[counts > 0, 0] == 1).all()
    bound = np.where(counts == 0, 0, 0.5 / n_max)
    if slope:
        bound = np.where(counts > 1, np.minimum(bound, 0.5 / slope), bound)
    assert (np.abs(back - signal) <= bound + 1e-6).all()
    assert back[0] == 0
    exact = n_max > 1 and slope > 0
    assert back[-1] == 1 if exact else back[-1] == pytest.approx(1 - 0.5 / n_max)


@pytest.mark.parametrize("n_max", range(1, 9))
def test_the_longest_burst_is_that_of_all_values(n_max):
    signal = np.unique(np.concatenate([values(), np.nextafter(np.arange(n_max) / n_max, 2)]))
    for t_min, t_max in ((1, 1), (2, 6), (1, 15), (3, 4)):
        counts = np.ceil(n_max * signal)
        intervals = np.ceil(t_max - (t_max - t_min) * signal)
        longest = int(np.max(np.where(counts > 1, (counts - 1) * intervals, 0))) + 1
        assert longest_burst(n_max, t_min, t_max) == longest


def test_bursts_that_do_not_fit_are_refused():
    assert BurstCode().n_steps == 13
    assert BurstCode(n_steps=20).steps_per_sample == 20
    with pytest.raises(ArgumentError, match=r"n_steps must be at least 13.*n_max=5"):
        BurstCode(n_steps=12)
    with pytest.raises(ArgumentError, match="t_max must be at least t_min"):
        BurstCode(t_min=5, t_max=4)


def test_bursts_that_no_value_has_count_by_their_spikes():
    code = BurstCode(n_max=4, t_min=2, t_max=4)
    for train, value in (
        ([1, 1, 0, 0], 0.375),  # shorter than the shortest interval
        ([1, 0, 0, 0, 0, 0, 0, 1], 0.375),  # longer than the longest
        ([1, 0, 0, 0, 1, 0, 0, 0, 1], 0.625),  # an interval of small values, a count of large ones
        ([1] * 7, 0.875),  # more spikes than any value has
        ([0, 1, 0, 0, 1], 0.5),  # as a value has them, but late
    ):
        spikes = np.zeros(code.n_steps)
        spikes[: len(train)] = train
        assert code.decode(spikes, scaling=UNIT).tolist() == [value]
        tensor = code._decode_tensor(
            torch.from_numpy(spikes)[None], code._values((1,)), UNIT.per_channel((1,)), None
        )
        assert tensor.tolist() == [[value]]


# -- arguments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: RateCode(n_steps=0), ArgumentError, "n_steps"),
        (lambda: RateCode(n_steps=2.5), ArgumentTypeError, "n_steps"),
        (lambda: RateCode(method="rate"), ArgumentError, "method"),
        (lambda: RateCode(max_rate=1.5), ArgumentError, "max_rate"),
        (lambda: RateCode(seed="now"), ArgumentTypeError, "seed"),
        (lambda: LatencyCode(method="logarithmic"), ArgumentError, "method"),
        (lambda: LatencyCode(threshold=0), ArgumentError, "threshold"),
        (lambda: LatencyCode(tau=-1), ArgumentError, "tau"),
        (lambda: LatencyCode(tau="balance"), ArgumentTypeError, "tau"),
        (lambda: LatencyCode(below="none"), ArgumentError, "below"),
        (lambda: PhaseCode(53), ArgumentError, "n_phases"),
        (lambda: PhaseCode(True), ArgumentTypeError, "n_phases"),
        (lambda: BurstCode(n_max=0), ArgumentError, "n_max"),
        (lambda: BurstCode(t_min=0), ArgumentError, "t_min"),
        (lambda: BurstCode(t_max=10**6), ArgumentError, "t_max"),
    ],
    ids=[f"wrong-{i}" for i in range(15)],
)
def test_wrong_arguments_are_named(make, error, name):
    with pytest.raises(error, match=name):
        make()
