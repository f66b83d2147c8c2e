"""Recordings and units of kinds that look like what is wanted and are not, or hold gaps of their own kind."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import StandardScaler

import lamina
from lamina.errors import ArgumentTypeError, MissingDependencyError
from lamina.linalg import inverse_sqrt
from lamina.resu import LocalReSU, ReSULayer, ReSUModule, ReSUStream
from lamina.stats import LagMoments, causal_filter, lag_vectors

RECORDING = np.random.default_rng(0).standard_normal((80, 2))

UNREADABLE = [
    pytest.param(torch.from_numpy(RECORDING).to_sparse(), "sparse_coo.*to_dense", id="sparse"),
    pytest.param(
        torch.from_numpy(RECORDING).to(torch.float32).to_mkldnn(), "_mkldnn.*to_dense", id="blocked"
    ),
    pytest.param(torch.zeros((80, 2), device="meta"), "values.*'meta'", id="without values"),
    pytest.param(
        torch.nested.nested_tensor([torch.zeros(3, 2), torch.zeros(5, 2)], layout=torch.jagged),
        "nested.*unbind",
        id="nested",
    ),
]

FIRST_USES = {
    "fit": lambda x: unit().fit(x),
    "partial_fit": lambda x: unit().partial_fit(x),
    "a trial of several": lambda x: unit().fit([RECORDING, x]),
    "a partner": lambda x: unit().fit(torch.from_numpy(RECORDING), future_of=x),
    "transform": lambda x: unit().fit(RECORDING).transform(x),
    "moments": lambda x: LagMoments(3, 2, channels=2).update(x),
    "lag vectors": lambda x: lag_vectors(x, 3, 2),
    "a network": lambda x: lamina.ReSUNetwork([ReSULayer(3, 2, 1)]).fit(x),
    "a filter": lambda x: causal_filter(x, np.ones((1, 3, 2))),
}


def unit():
    return lamina.ReSU(memory=3, horizon=2, rank=1)


class Table:
    """A data frame that tells its shape and not its axes, as those of polars do."""

    def __init__(self, values):
        self.values, self.shape = values, values.shape

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)


class Column:
    """A column that tells its length only, as those of Arrow do."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)


@pytest.mark.parametrize("use", FIRST_USES.values(), ids=FIRST_USES)
@pytest.mark.parametrize(("tensor", "says"), UNREADABLE)
def test_a_tensor_whose_values_do_not_lie_in_memory_is_refused_with_the_way_out(use, tensor, says):
    with pytest.raises(ArgumentTypeError, match=says):
        use(tensor)


@pytest.mark.parametrize(("tensor", "says"), UNREADABLE[:3])
def test_so_are_filters_and_covariances(tensor, says):
    with pytest.raises(ArgumentTypeError, match=f"filters.*{says}"):
        causal_filter(RECORDING, tensor)
    with pytest.raises(ArgumentTypeError, match=f"covariance.*{says}"):
        inverse_sqrt(tensor)


def nullable(missing):
    left = pd.array([*RECORDING[:, 0]], dtype="Float64")
    counts = np.random.default_rng(1).integers(0, 9, 80)
    right = pd.array([*counts], dtype="Int64")
    left[missing], right[missing + 30] = pd.NA, pd.NA
    expected = np.stack([RECORDING[:, 0], counts.astype(float)], axis=1)
    expected[missing, 0] = expected[missing + 30, 1] = np.nan
    return pd.DataFrame({"left": left, "right": right}), expected


def test_what_is_missing_from_a_nullable_column_is_a_gap():
    frame, expected = nullable(20)
    before = frame.copy()
    with_gaps, right = unit().fit(frame), unit().fit(expected)
    np.testing.assert_array_equal(with_gaps.filters_, right.filters_)
    assert vars(with_gaps)["feature_names_in_"].tolist() == ["left", "right"]
    assert with_gaps.n_windows_ == right.n_windows_ < 76
    np.testing.assert_array_equal(with_gaps.transform(frame), right.transform(expected))
    moments = LagMoments(3, 2, channels=2).update(frame)
    np.testing.assert_array_equal(
        moments.covariances().past, LagMoments(3, 2, channels=2).update(expected).covariances().past
    )
    trials = [unit().fit([frame, frame]), unit().fit([expected, expected])]
    np.testing.assert_array_equal(trials[0].filters_, trials[1].filters_)
    pd.testing.assert_frame_equal(frame, before)


def test_words_and_dates_beside_numbers_stay_refused():
    frame, _ = nullable(20)
    for other in (["a"] * 80, pd.date_range("2020-01-01", periods=80)):
        with pytest.raises(ArgumentTypeError, match="real numbers"):
            unit().fit(frame.assign(other=other))


@pytest.mark.parametrize("container", [list, tuple])
def test_frames_that_tell_no_axes_are_trials_all_the_same(container):
    trials = [RECORDING, RECORDING[:50] ** 2]
    tables = container(Table(trial) for trial in trials)
    expected = unit().fit(trials)
    found = unit().fit(tables)
    np.testing.assert_array_equal(found.filters_, expected.filters_)
    assert found.moments_.n_trials == 2
    outputs = found.transform(tables)
    assert [z.shape for z in outputs] == [(80, 1), (50, 1)]
    np.testing.assert_array_equal(outputs[1], expected.transform(trials)[1])
    np.testing.assert_array_equal(lag_vectors(tables, 3, 2)[0], lag_vectors(trials, 3, 2)[0])
    np.testing.assert_array_equal(
        unit().fit(RECORDING, future_of=Table(RECORDING)).filters_, unit().fit(RECORDING).filters_
    )


@pytest.mark.parametrize("kind", [Column, lambda values: Table(np.asarray(values))])
def test_columns_are_trials_of_one_channel_and_numbers_are_none(kind):
    series = [*RECORDING[:, 0]]
    found = unit().fit([kind(series), kind(series[:40])])
    assert (found.n_features_in_, found.moments_.n_trials) == (1, 2)
    assert unit().fit(series).moments_.n_trials == 1


@pytest.mark.parametrize("wanting", [ReSUStream, ReSUModule])
@pytest.mark.parametrize(
    "unit",
    [
        None,
        lamina.ReSU,
        StandardScaler().fit(RECORDING),
        lamina.ReSUNetwork([ReSULayer(3, 2, 1)]).fit(RECORDING),
    ],
    ids=["None", "a class", "a scaler", "a network"],
)
def test_streams_and_modules_are_of_fitted_units(wanting, unit):
    with pytest.raises(ArgumentTypeError, match=r"unit must be a fitted ReSU, got (a|the class) "):
        wanting(unit)


def test_a_local_unit_has_no_forecast_to_stream():
    with pytest.raises(ArgumentTypeError, match="unit must be a fitted ReSU, got a LocalReSU"):
        ReSUStream(LocalReSU(3, 2, 1).fit(RECORDING))


@pytest.mark.parametrize(("missing", "named"), [("torch", True), ("torch._numpy_missing", False)])
def test_only_a_missing_torch_is_called_a_missing_torch(missing, named, monkeypatch):
    fitted = unit().fit(RECORDING)

    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "lamina.resu.module":
                raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.delitem(sys.modules, "lamina.resu.module", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    kind, says = (MissingDependencyError, r"lamina\[torch\]") if named else (ModuleNotFoundError, missing)
    with pytest.raises(kind, match=says) as caught:
        fitted.to_module()
    assert isinstance(caught.value, MissingDependencyError) == named
