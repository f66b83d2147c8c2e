"""A comparison against what each code does by itself, and against a toy code whose numbers are known."""

import itertools
import math
import sys

import numpy as np
import pytest

from lamina.encoding import StepForwardConverter, comparing, sweeping
from lamina.encoding.code import SpikeCode
from lamina.encoding.comparing import compare
from lamina.encoding.comparison import MEASURES, CodeResult, Comparison
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.metrics import rmse
from lamina.encoding.rate_code import RateCode
from lamina.encoding.registry import CODES
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, MissingDependencyError, StateError


def walks(seed=0, shape=(2, 400)):
    return np.cumsum(np.random.default_rng(seed).standard_normal(shape), axis=-1)


class Majority(SpikeCode):
    """Four steps per sample, all of which fire above the middle of the range; decoded to the ends."""

    name = "majority"
    source = "this test"
    arguments = ("noise", "seed")
    rows = None
    interval = (0.0, 1.0)
    random = True

    def __init__(self, noise=0.0, seed=None):
        self.noise, self.seed = noise, seed
        super().__init__()

    @property
    def steps_per_sample(self):
        return 4

    def _encode(self, signal, values, ranges, carry):
        middle = (ranges.minimum + ranges.maximum)[:, None] / 2
        fired = np.repeat((signal > middle).astype(signal.dtype), 4, axis=1)
        flipped = np.random.default_rng(self.seed).random(fired.shape) < self.noise
        return np.where(flipped, 1 - fired, fired)

    def _encode_tensor(self, signal, values, ranges):
        raise AssertionError

    def _decode(self, spikes, values, ranges, initial):
        share = spikes.reshape(len(spikes), -1, 4).mean(axis=2)
        return ranges.minimum[:, None] + share * (ranges.maximum - ranges.minimum)[:, None]


class OneWay(Majority):
    """A code without a way back."""

    name = "one-way"
    invertible = False


def test_measures_are_those_of_the_fitted_code():
    signal = walks()
    found = compare(signal, codes=["sf"], trials=20)["sf"]
    alone = StepForwardConverter().fit(signal, trials=20, seed=0)
    np.testing.assert_array_equal(found.parameters["threshold"], alone.parameters_["threshold"])
    spikes = alone.encode(signal)
    wrong = signal - alone.decode(spikes)
    counts = np.abs(spikes).sum(axis=(0, -1))
    expected = {
        "rmse": np.sqrt((wrong**2).mean(axis=-1)),
        "snr_db": 10 * np.log10(signal.var(axis=-1) / (wrong**2).mean(axis=-1)),
        "r_squared": 1 - (wrong**2).mean(axis=-1) / signal.var(axis=-1),
        "spike_rate": counts / 400,
        "sparsity": 1 - counts / 400,
        "fit_per_spike": (1 - (wrong**2).mean(axis=-1) / signal.var(axis=-1)) / counts,
    }
    assert set(found.measures) == set(MEASURES)
    for name, value in expected.items():
        np.testing.assert_allclose(found.measures[name], value, rtol=1e-9, err_msg=name)
        assert found.mean(name) == pytest.approx(value.mean(), rel=1e-9)
    # ready to use
    np.testing.assert_array_equal(found.code.encode(signal), spikes)
    assert found.seconds > 0


def test_no_point_of_the_curve_is_beaten_by_any_setting():
    signal = walks(1, (600,))
    curve = compare(signal, codes=["sf"], trials=30)["sf"].curve
    assert (np.diff(curve.spike_rate) > 0).all()
    assert (np.diff(curve.error) < 0).all()

    def tried(threshold):
        code = StepForwardConverter(threshold)
        spikes = code.encode(signal)
        wrong = signal - code.decode(spikes, initial_value=signal[0])
        return np.abs(spikes).sum() / 600, np.sqrt((wrong**2).mean()) / signal.std()

    for point in zip(curve.spike_rate, curve.error, curve.parameters["threshold"], strict=True):
        np.testing.assert_allclose(tried(point[2]), point[:2], rtol=1e-9)
    # the settings that are tried: 30 middles of equal parts of the logarithm of the threshold, up to the
    # range of the signal, which is beyond those that the search looks at
    span, low = signal.max() - signal.min(), 0.02 * np.abs(np.diff(signal)).max()
    assert curve.spike_rate[0] < 0.02
    for place in (np.arange(30) + 0.5) / 30:
        rate, error = tried(low * (span / low) ** place)
        assert not ((curve.spike_rate > rate + 1e-9) & (curve.error > error + 1e-9)).any()
        assert ((curve.spike_rate <= rate + 1e-9) & (curve.error <= error + 1e-9)).any()


def test_several_parameters_are_spread_in_a_latin_hypercube():
    design = sweeping._design(12, 3, seed=5)
    np.testing.assert_allclose(np.sort(design, axis=0), (np.arange(12)[:, None] + 0.5) / 12 * np.ones(3))
    assert (design == sweeping._design(12, 3, seed=5)).all()
    curve = compare(walks(shape=(300,)), codes=[LIFBasedEncoding], trials=10)["lif"].curve
    assert curve.parameters["membrane_constant"].shape == curve.error.shape


def test_codes_without_a_search_vary_their_steps():
    signal = walks(4, (150,))
    curve = compare(signal, codes=[RateCode(max_rate=0.9)], trials=1).results[0].curve
    tried = {}
    for steps in (1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64):
        code = RateCode(n_steps=steps, max_rate=0.9)
        spikes = code.encode(signal)
        wrong = signal - code.decode(spikes)
        tried[spikes.sum() / 150] = np.sqrt((wrong**2).mean()) / signal.std()
    for rate, error in zip(curve.spike_rate, curve.error, strict=True):
        assert tried[rate] == pytest.approx(error, rel=1e-9)
    assert curve.error[-1] == pytest.approx(min(tried.values()), rel=1e-9)
    assert len(curve.error) > 5


def test_steps_of_a_sample_are_counted_together():
    signal = np.array([0.0, 0.0, 0.0, 1.0])
    found = compare(signal, codes=[Majority()], sampling_rate=50.0).results[0]
    # one sample in four has four spikes, and decoding is exact
    assert found.mean("spike_rate") == 50.0
    assert found.mean("rmse") == 0.0
    assert found.mean("snr_db") == math.inf
    assert found.mean("bits_per_sample") == pytest.approx(4 * (0.25 * math.log2(4) + 0.75 * math.log2(4 / 3)))
    assert (found.curve.spike_rate.tolist(), found.curve.error.tolist()) == ([50.0], [0.0])


def test_random_codes_draw_from_the_seed():
    signal = walks(2, (200,))
    assert compare(signal, codes=[Majority], seed=3)["majority"].code.seed == 3
    noisy = [compare(signal, codes=[Majority(noise=0.2, seed=s)])["majority"].mean("rmse") for s in (1, 1, 2)]
    assert noisy[0] == noisy[1] != noisy[2]
    drawn = [
        compare(signal, codes=[Majority], seed=np.random.default_rng(0)).results[0].code.seed for _ in "ab"
    ]
    assert drawn[0] == drawn[1]


def test_all_codes_with_a_way_back_are_compared(monkeypatch):
    monkeypatch.setattr(comparing, "CODES", (StepForwardConverter, OneWay, Majority))
    found = compare(walks(shape=(100,)), trials=5)
    assert [result.name for result in found.results] == ["sf", "majority"]
    # what is asked for by name says why not
    named = compare(walks(shape=(100,)), codes=[OneWay, "sf"], trials=5)
    assert "cannot be decoded" in named["one-way"].reason
    assert named.best().name == "sf"


def test_every_code_of_the_registry_comes_through():
    signal = walks(3, (300,))
    found = compare(signal, trials=4)
    assert [result.name for result in found.results] == [code.name for code in CODES if code.invertible]
    assert {result.name: result.reason for result in found.results if result.reason} == {}
    for result in found.results:
        decoded = result.code.decode(result.code.encode(signal))
        if not result.code.random:
            assert result.mean("rmse") == pytest.approx(float(rmse(signal, decoded)), rel=1e-6)
    assert max(map(len, str(found).splitlines())) <= 80


def test_a_code_that_cannot_encode_is_listed_with_its_reason():
    signal = walks()
    signal[1] = 3.0
    found = compare(signal, codes=["sf", LIFBasedEncoding], trials=5)
    assert "constant (3 to 3) in channel 1" in found["lif"].reason
    assert math.isnan(found["lif"].mean("rmse"))
    assert found["lif"].curve is None
    assert found.best().name == "sf"
    # the curve is that of the channel that varies
    assert np.isfinite(found["sf"].curve.error).all()
    shown = str(found)
    assert "could not encode this signal:" in shown
    assert max(map(len, shown.splitlines())) <= 80
    # and so are the means of what a constant channel does not have
    for name in ("r_squared", "snr_db", "fit_per_spike"):
        assert found["sf"].mean(name) == found["sf"].measures[name][0]
    assert found.best("r_squared").name == "sf"
    # one reason is said once
    several = str(compare(signal, codes=["sf", "lif", "pwm"], trials=1))
    assert several.count("Leave this channel out") == 1
    assert "  lif, pwm: signal must be of a range above 0" in several
    nothing = compare(np.full(50, 2.0), codes=[LIFBasedEncoding], trials=5)
    with pytest.raises(StateError, match="none could encode"):
        nothing.best()
    assert "best parameters" not in str(nothing)


def test_nothing_passed_is_changed_and_libraries_agree():
    import torch

    signal, code = walks().astype(np.float32), StepForwardConverter(threshold=0.3, down_spike=False)
    before, state = signal.copy(), {key: value for key, value in vars(code).items() if key != "threshold"}
    found = compare(signal, codes=[code], trials=5)
    np.testing.assert_array_equal(signal, before)
    assert {key: value for key, value in vars(code).items() if key != "threshold"} == state
    assert found["sf"].code.down_spike is False
    again = compare(torch.from_numpy(signal.T.copy()), codes=[code], trials=5, dim=0)
    for name in MEASURES:
        np.testing.assert_array_equal(again["sf"].measures[name], found["sf"].measures[name])


def result(name, measure):
    nothing = {key: np.array([0.25, 0.75]) for key in MEASURES}
    best = {"threshold": np.array([0.5, 1.5])}
    return CodeResult(name, StepForwardConverter(), best, nothing | {"rmse": np.array(measure)}, 0.5, None)


def test_the_best_is_least_in_error_and_largest_in_fit():
    worse, better = result("worse", [3.0, 4.0]), result("better", [1.0, 2.0])
    better.measures["r_squared"], better.measures["spike_rate"] = np.array([0.9, 0.9]), np.array([2.0, 2.0])
    found = Comparison((worse, better), (2,), 100)
    assert (found.best().name, found.best("r_squared").name) == ("better", "better")
    assert found.best("spike_rate").name == "worse"
    assert [row["code"] for row in found.rows()] == ["better", "worse"]
    with pytest.raises(ArgumentError, match="measure must be"):
        found.best("colour")
    with pytest.raises(ArgumentError, match="name must be one of worse, better"):
        found["sf"]


def test_the_table_holds_the_numbers_at_80_columns():
    found = Comparison((result("send-on-delta", [3.0, 4.0]), result("sf", [1.0, 2.0])), (2,), 100, 10.0)
    lines = str(found).splitlines()
    assert lines[0] == "100 samples, 2 channels; means over the channels"
    assert lines[1] == "rate: spikes per second; silent: share of steps; bits: entropy, per sample"
    assert lines[3].split() == [
        "code",
        "RMSE",
        "SNR/dB",
        "R²",
        "rate",
        "silent",
        "bits",
        "R²/spike",
        "seconds",
    ]
    assert lines[4].split() == ["sf", "1.5", "0.5", "0.5000", "0.5", "0.500", "0.50", "5.0e-01", "0.5"]
    assert lines[5].split()[:2] == ["send-on-delta", "3.5"]
    assert lines[-1].split() == ["send-on-delta", "threshold", "0.5", "to", "1.5"]
    assert max(map(len, lines)) <= 80


def test_numbers_of_any_size_stay_apart():
    huge = result("population", [1.234567e-15, 1.234567e-15])
    huge.measures.update({key: np.array([-1.234567e123]) for key in MEASURES if key != "rmse"})
    lines = str(Comparison((huge,), (), 100)).splitlines()
    assert lines[4].split()[:2] == ["population", "1.235e-15"]
    assert len(lines[4].split()) == 9


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        *((0.0001234, "0.000123"), (0.5, "0.5"), (999.4, "999"), (999.6, "1000"), (2370.2, "2370")),
        *((9999.6, "10k"), (63_930.0, "63.9k"), (999_600.0, "1M"), (2.345e9, "2.35G"), (5e12, "5e+12")),
    ],
    ids=str,
)
def test_rates_are_read_without_powers_of_ten(rate, shown):
    fast = result("phase", [1.0, 2.0])
    fast.measures["spike_rate"] = np.array([rate, rate])
    assert str(Comparison((fast,), (2,), 100)).splitlines()[4].split()[4] == shown


def test_data_frames_hold_the_same(monkeypatch):
    found = Comparison((result("sf", [1.0, 2.0]),), (2,), 100)
    frame = found.to_pandas()
    assert frame.loc["sf", "rmse"] == 1.5
    assert frame.loc["sf", "parameters"]["threshold"].tolist() == [0.5, 1.5]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"lamina\[data\]"):
        found.to_pandas()


def test_progress_rises_from_nothing_to_all():
    heard = []
    compare(walks(), codes=["sf", LIFBasedEncoding], trials=5, progress=lambda *said: heard.append(said))
    done = [fraction for fraction, _ in heard]
    assert (done[0], done[-1]) == (0.0, 1.0)
    assert all(before <= after for before, after in itertools.pairwise(done))
    assert {"sf", "lif"} <= {part for _, part in heard}


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ({"codes": ["sff"]}, ArgumentError, "Did you mean 'sf'"),
        ({"codes": ["sf", StepForwardConverter]}, ArgumentError, "'sf' twice"),
        ({"codes": "sf"}, ArgumentTypeError, "a sequence of names"),
        ({"codes": []}, ArgumentTypeError, "a sequence of names"),
        ({"trials": 0}, ArgumentError, "trials must be"),
        ({"sampling_rate": -1.0}, ArgumentError, "sampling_rate must be"),
        ({"progress": "yes"}, ArgumentTypeError, "progress must be"),
        ({"seed": "x"}, ArgumentError, "seed must be"),
    ],
    ids=lambda value: None if isinstance(value, type) else str(value),
)
def test_arguments_that_cannot_be_are_refused(words, kind, message):
    with pytest.raises(kind, match=message):
        compare(walks(shape=(60,)), **{"trials": 3, **words})


def test_a_signal_that_no_code_can_read_is_refused():
    with pytest.raises(DataError, match="NaN in channel 1"):
        compare([[0.0, 1.0], [0.0, np.nan]], trials=3)
