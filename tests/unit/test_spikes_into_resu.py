"""The study of spikes as the past of a ReSU: measures against closed forms, spikes against the clock."""

import csv
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from lamina.encoding import Scaling, StepForwardConverter
from lamina.encoding.registry import CODES, code_named

SCRIPT = Path(__file__).parents[2] / "examples" / "spikes_into_resu.py"
SCALING = Scaling(minimum=-3.0, maximum=3.0, change_mean=0.0, change_deviation=0.3)


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("spikes_into_resu", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # what dataclasses and tuples with names look their module up by
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def walk(seed, rows=3, time=200):
    noise = np.random.default_rng(seed).standard_normal((rows, time))
    return np.clip(lfilter([0.3], [1, -0.95], noise, axis=1), -3, 3)


def test_every_code_has_a_sweep_and_a_panel(study):
    names = {kind.name for kind in CODES}
    assert names <= set(study.SWEEPS)
    assert names <= {name for family in study.FAMILIES.values() for name in family}


@pytest.mark.parametrize("name", sorted(kind.name for kind in CODES))
def test_no_spike_knows_what_comes_later(study, name):
    """Also those of codes that look ahead, which are delayed: else they would tell the future for nothing."""
    setting = dict(study.SWEEPS[name][0])
    stride = int(setting.pop("stride", 1))
    code = code_named(name)(**setting)
    signal = walk(1)
    spikes = study.encode(code, signal, SCALING, stride)
    for moment in (37, 120):
        other = signal.copy()
        other[:, moment:] = walk(2)[:, moment:]
        changed = study.encode(code, other, SCALING, stride)
        np.testing.assert_array_equal(changed[:, :moment], spikes[:, :moment])
        assert (changed != spikes).any()
    if code.causal:
        assert np.count_nonzero(spikes) == np.count_nonzero(
            code.encode(signal[:, ::stride].copy(), scaling=SCALING)
        )


def test_bsa_is_delayed_by_no_more_and_no_less_than_it_looks_ahead(study):
    """One sample is changed; the earliest spike that knows of it is that of the same sample, once delayed."""
    code, moment = code_named("bsa")(threshold=0.05), 60
    signal = np.clip(2 * np.random.default_rng(1).standard_normal((4000, 100)), -3, 3)
    other = signal.copy()
    other[:, moment] = -signal[:, moment]
    early, late = (
        np.flatnonzero(
            (
                study.encode(code, signal, SCALING, late=late)
                != study.encode(code, other, SCALING, late=late)
            ).any((0, 2))
        )
        for late in (False, True)
    )
    assert early[0] == moment - study.look_ahead(code)
    assert late[0] == moment


def test_steps_of_a_sample_become_its_channels(study):
    signal = walk(3, rows=2, time=21)
    code = code_named("phase")(n_phases=4)
    spikes = study.encode(code, signal, SCALING, stride=5)
    assert spikes.shape == (2, 21, 4)
    for row in range(2):
        for t in range(21):
            value = min(int((signal[row, t] + 3) / 6 * 16), 15) if t % 5 == 0 else 0
            assert list(spikes[row, t]) == [value >> 3 & 1, value >> 2 & 1, value >> 1 & 1, value & 1]


def test_polarities_become_channels(study):
    signal = walk(4)
    up, down = StepForwardConverter(threshold=0.2).encode(signal)
    spikes = study.encode(StepForwardConverter(threshold=0.2), signal, SCALING)
    np.testing.assert_array_equal(spikes, np.stack([up, down], axis=2))


def test_traces_are_leaky_sums(study):
    spikes = np.random.default_rng(5).integers(0, 2, (3, 80, 2)).astype(float)
    expected = lfilter([1], [1, -np.exp(-1 / 7)], spikes, axis=1)
    found = study.traced(spikes, decay_samples=7)
    np.testing.assert_array_equal(found[..., :2], spikes)
    np.testing.assert_allclose(found[..., 2:], expected, rtol=1e-12)


def test_measures_have_the_values_of_a_known_process(study):
    """AR(1) of coefficient a: −½ ln(1 − a²) nats, and a forecast of a^k x whose R² is the mean of a^2k."""
    a, length = 0.9, study.HORIZON
    noise = np.random.default_rng(6).standard_normal((2, 20, 2500))
    train, test = lfilter([1], [1, -a], noise, axis=2)
    nats, explained = study.measure((train[..., None], train), (test[..., None], test))
    assert nats == pytest.approx(-0.5 * np.log(1 - a**2), rel=0.03)
    assert explained == pytest.approx(np.mean([a ** (2 * k) for k in range(1, length + 1)]), abs=0.02)
    straight, trees = study.one_step((train[..., None], train), (test[..., None], test), 3000, 20)
    assert straight == pytest.approx(a**2, abs=0.03)
    assert 0.5 < trees < straight


def test_trees_find_what_least_squares_cannot(study):
    """Two channels whose product is the future."""
    rng = np.random.default_rng(7)
    signs = rng.choice([-1.0, 1.0], (2, 4, 800, 2))
    future = np.roll(signs.prod(axis=3), 1, axis=2)
    straight, trees = study.one_step((signs[0], future[0]), (signs[1], future[1]), 3000, 60)
    assert straight < 0.05
    assert trees > 0.6


def test_r_squared_is_that_of_plain_loops(study):
    rng = np.random.default_rng(8)
    signal, forecast = rng.standard_normal((2, 60)), rng.standard_normal((2, 60, study.HORIZON))
    errors, targets = [], []
    for row in range(2):
        for t in range(study.MEMORY - 1, 60 - study.HORIZON):
            for ahead in range(study.HORIZON):
                targets.append(signal[row, t + 1 + ahead])
                errors.append(targets[-1] - forecast[row, t, ahead])
    assert study.r_squared(forecast, signal) == pytest.approx(
        1 - np.mean(np.square(errors)) / np.var(targets)
    )


def test_rates_between_settings_are_interpolated_and_none_beyond(study):
    rows = np.array([[0.1, 0.2], [0.4, 0.6]])
    assert study.at_rate(rows, 0.2, 1) == pytest.approx(0.4)
    assert study.at_rate(rows, 0.1, 1) == pytest.approx(0.2)
    assert np.isnan(study.at_rate(rows, 0.05, 1))
    assert np.isnan(study.at_rate(rows, 0.5, 1))


def test_the_quick_run_keeps_its_promises(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, "--quick", "--out", str(tmp_path / "new" / "folder")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "new" / "folder"
    assert {path.name for path in folder.iterdir()} == {
        f"spikes_into_resu.{kind}" for kind in ("csv", "png", "svg")
    }
    with (folder / "spikes_into_resu.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    most = {
        code: max(float(row["share"]) for row in rows if row["code"] == code)
        for code in {r["code"] for r in rows}
    }
    assert {kind.name for kind in CODES} <= set(most)
    assert most["analogue"] == 1.0
    assert most["sf, shuffled"] < 0.02
    assert all(-0.01 < share < 1.02 for share in most.values())
    assert most["phase"] > most["lif"] > most["sf"] > most["sf, shuffled"]
    assert most["sf"] > most["poisson"]
    for kind in CODES:
        assert f"| {kind.name} |" in done.stdout
