"""Forecasters and detectors of anomalies come back from a file bit by bit, or are refused by name."""

import copy
import json

import numpy as np
import pytest

import lamina
from lamina.errors import FileError, StateError
from lamina.io.container import read_container, write_container
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.resu.anomaly.stream import SurpriseStream
from lamina.resu.forecasting import ReSUForecaster

WALK = np.random.default_rng(0).standard_normal((150, 2)).cumsum(axis=0)
GAPS = WALK.copy()
GAPS[[40, 100, 149], 1] = np.nan
SMALL = {"horizon": 3, "memory": 4, "difference": 1}

FORECASTERS = {
    "all left open": ReSUForecaster(horizon=4, period=6).fit(WALK[:, 0]),
    "given": ReSUForecaster(2, 3, 2, difference=0, ridge=np.float64(0.1), objective="cca").fit(WALK),
    "gaps": ReSUForecaster(**SMALL).fit(GAPS),
    "log": ReSUForecaster(horizon=2, transformation="log").fit(np.exp(WALK / 10)),
    "chunks": ReSUForecaster(**SMALL).fit(WALK[:80]).partial_fit(WALK[80:]).end_trial(),
    "too short to hold out": ReSUForecaster(horizon=5).fit(np.arange(8.0) ** 1.5),
}

NOISE = np.random.default_rng(1).standard_normal((600, 2))
DETECTORS = {
    "default": ReSUAnomaly(criterion="bic").fit(WALK[:, 0]),
    "sample": ReSUAnomaly(4, 3, 2, gap=2, statistic="sample", false_alarm_rate=0.01).fit(NOISE),
    "two-sided": ReSUAnomaly(4, 3, 2, two_sided=True, sampling_rate=100).fit(NOISE),
    "contaminated": ReSUAnomaly(3, 2, 1, contamination=0.1, threshold_rule="chi2").fit(NOISE[:, 0]),
    "one channel silent": ReSUAnomaly(3, 2, 1).fit(NOISE * [1.0, 0.0]),
}


def again(model, folder):
    path = folder / "model.safetensors"
    lamina.save(model, path)
    return lamina.load(path)


def same(one, other):
    """Compare all that two values hold, arrays bit by bit."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            same(left, right)
    elif hasattr(one, "__dict__") and type(one).__name__ != "LagMoments":
        assert set(vars(one)) == set(vars(other))
        for name, value in vars(one).items():
            # a number of NumPy comes back as one of Python
            if not isinstance(value, np.generic):
                same(value, vars(other)[name])
    elif isinstance(one, float):
        assert one == other or (np.isnan(one) and np.isnan(other))
    elif type(one).__name__ != "LagMoments":
        assert one == other


@pytest.mark.parametrize("model", FORECASTERS.values(), ids=FORECASTERS)
def test_forecasters_come_back(model, tmp_path):
    loaded = again(model, tmp_path)
    same(model, loaded)
    same(model.forecast(), loaded.forecast())
    same(model.forecast_interval(level=0.8), loaded.forecast_interval(level=0.8))
    X = np.exp(WALK / 10)[:, : model.n_features_in_]
    same(model.predict(X), loaded.predict(X))
    assert model.score(X) == loaded.score(X)
    # both go on with the recording alike
    on, same_on = again(model, tmp_path).partial_fit(X[:40]), loaded.partial_fit(X[:40])
    same(on.forecast(), same_on.forecast())


@pytest.mark.parametrize("model", [FORECASTERS["given"], FORECASTERS["gaps"], FORECASTERS["chunks"]])
def test_a_loaded_forecaster_learns_as_the_saved_one_does(model, tmp_path):
    loaded, kept = again(model, tmp_path), copy.deepcopy(model)
    for chunk in (WALK[:30], GAPS[30:60]):
        loaded.partial_fit(chunk)
        kept.partial_fit(chunk)
        np.testing.assert_allclose(loaded.filters_, kept.filters_, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(loaded.forecast(), kept.forecast(), rtol=1e-9)
        np.testing.assert_allclose(loaded.residual_covariance_, kept.residual_covariance_, rtol=1e-9)


@pytest.mark.parametrize("model", DETECTORS.values(), ids=DETECTORS)
def test_detectors_come_back(model, tmp_path):
    loaded = again(model, tmp_path)
    same(model, loaded)
    X = NOISE[:, : model.n_features_in_] * 2
    same(model.surprise(X), loaded.surprise(X))
    same(model.contributions(X), loaded.contributions(X))
    assert model.alarms(X) == loaded.alarms(X)
    one, other = SurpriseStream(model), SurpriseStream(loaded)
    same([one.update(x) for x in X[:50]], [other.update(x) for x in X[:50]])


def test_names_of_channels(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(NOISE, columns=["left", "right"])
    for model in (ReSUForecaster(**SMALL), ReSUAnomaly(3, 2, 1)):
        loaded = again(model.fit(frame), tmp_path)
        assert loaded.feature_names_in_.tolist() == ["left", "right"]


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (ReSUForecaster(**SMALL).fit(WALK), {"horizon": 4}),
        (ReSUForecaster(**SMALL).fit(WALK), {"ridge": 0.5}),
        (ReSUForecaster(**SMALL).fit(WALK), {"objective": "cca"}),
        (ReSUAnomaly(3, 2, 1).fit(NOISE), {"memory": 4}),
        (ReSUAnomaly(3, 2, 1).fit(NOISE), {"gap": 2}),
        (ReSUAnomaly(3, 2, 1).fit(NOISE), {"false_alarm_rate": 0.1}),
        (ReSUAnomaly(3, 2, 1).fit(NOISE), {"two_sided": True}),
        (ReSUAnomaly(3, 2, 1).fit(NOISE), {"statistic": "sample"}),
        (ReSUAnomaly(3, 1, 1).fit(NOISE), {"statistic": "sample"}),
    ],
)
def test_what_was_changed_since_the_fit_is_not_saved(model, changes, tmp_path):
    with pytest.raises(StateError, match="changed since the fit"):
        lamina.save(model.set_params(**changes), tmp_path / "model.safetensors")


@pytest.mark.parametrize("model", [ReSUForecaster(), ReSUAnomaly()])
def test_what_is_not_fitted_is_not_saved(model, tmp_path):
    with pytest.raises(StateError, match="nothing to save"):
        lamina.save(model, tmp_path / "model.safetensors")


def places(value, path=()):
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places(value[key], (*path, key))


@pytest.mark.parametrize(
    "model", [FORECASTERS["chunks"], DETECTORS["two-sided"], DETECTORS["default"]], ids=str
)
def test_hostile_descriptions_are_refused_or_load(model, tmp_path):
    path = tmp_path / "model.safetensors"
    lamina.save(model, path)
    description, arrays = read_container(path)
    odd = [None, True, -1, 0, 2**62, 1e308, "text", [], {}, [[]], 0.5]
    refused = 0
    for k, place in enumerate(places(description)):
        for value in (odd[k % len(odd)], odd[(k + 4) % len(odd)]):
            changed = json.loads(json.dumps(description))
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
            write_container(path, changed, arrays)
            try:
                loaded = lamina.load(path)
            except FileError:
                refused += 1
                continue
            found = loaded.forecast(WALK) if isinstance(loaded, ReSUForecaster) else loaded.threshold_
            assert np.isfinite(found).all()
    assert refused > 20


@pytest.mark.parametrize("model", [FORECASTERS["gaps"], DETECTORS["sample"]], ids=["forecaster", "detector"])
def test_arrays_that_do_not_go_together_are_refused(model, tmp_path):
    path = tmp_path / "model.safetensors"
    lamina.save(model, path)
    description, arrays = read_container(path)
    for name, array in arrays.items():
        for wrong in (array[:-1], array[..., None], array.astype(np.float32), None):
            others = {key: value for key, value in arrays.items() if key != name}
            if wrong is not None:
                others[name] = wrong
            # history and training scores may have any length; the carry of moments any below a window
            free = ("history", "carry", "training_scores")
            if name.endswith(free) and (wrong is None or len(wrong) < len(array)):
                continue
            if name.startswith("moments.") and wrong is not None and wrong.dtype == np.float32:
                continue
            write_container(path, description, others)
            with pytest.raises(FileError, match="cannot read"):
                lamina.load(path)
    write_container(path, description, {**arrays, "more": np.zeros(2)})
    with pytest.raises(FileError, match="arrays"):
        lamina.load(path)
