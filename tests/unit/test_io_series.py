"""Features of series and what reads them out come back from a file bit by bit, or are refused by name."""

import copy
import json

import numpy as np
import pytest

import lamina
from lamina.errors import FileError, StateError
from lamina.io.container import read_container, write_container
from lamina.resu.features.classifier import ReSUClassifier
from lamina.resu.features.regressor import ReSURegressor
from lamina.resu.features.transformer import ReSUFeatures

SMALL = {"n_features": 250, "memories": (2, 5), "rank": 3}
SERIES = np.random.default_rng(0).standard_normal((24, 2, 50)).cumsum(axis=2)
LABELS = np.arange(24) % 3
TARGETS = SERIES.std(axis=2)

FEATURES = ReSUFeatures(**SMALL).fit(SERIES)
CLASSIFIER = ReSUClassifier(**SMALL).fit(SERIES, LABELS)
REGRESSOR = ReSURegressor(**SMALL).fit(SERIES, TARGETS)
MODELS = {"features": FEATURES, "classifier": CLASSIFIER, "regressor": REGRESSOR}


def again(model, folder):
    path = folder / "model.safetensors"
    lamina.save(model, path)
    return lamina.load(path)


def outputs(model, series=SERIES):
    if isinstance(model, ReSUFeatures):
        return [model.transform(series)]
    if isinstance(model, ReSURegressor):
        return [model.predict(series), model.left_out_predictions_]
    return [model.predict_proba(series), model.decision_function(series), model.left_out_scores_]


def same_state(one, other):
    """Compare all that two fitted models hold."""
    assert set(vars(one)) == set(vars(other))
    for name, value in vars(one).items():
        found = vars(other)[name]
        if isinstance(value, ReSUFeatures):
            same_state(value, found)
        elif name == "units_":
            for left, right in zip(value, found, strict=True):
                assert left.name == right.name
                assert left.filter.dtype == right.filter.dtype
                np.testing.assert_array_equal(left.filter, right.filter)
                np.testing.assert_array_equal(left.thresholds, right.thresholds)
                assert left.canonical_correlation == right.canonical_correlation
        elif isinstance(value, np.ndarray):
            assert value.dtype == found.dtype
            np.testing.assert_array_equal(value, found)
        else:
            assert value == found, name


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_round_trip(model, tmp_path):
    loaded = again(model, tmp_path)
    assert type(loaded) is type(model)
    same_state(model, loaded)
    for before, after in zip(outputs(model), outputs(loaded), strict=True):
        np.testing.assert_array_equal(before, after)
    same_state(loaded, again(loaded, tmp_path))


@pytest.mark.parametrize(
    "model",
    [
        ReSUFeatures(**SMALL).fit(SERIES[:, 0]),
        ReSUFeatures(60, memories=[3], dilations=range(1, 3), horizon=2, views=["raw"], n_jobs=2).fit(SERIES),
        ReSUFeatures(200, memories=np.array([2, 4]), thresholds=3, ridge=np.float32(0.1)).fit(SERIES),
        ReSUFeatures(levels=False).fit(SERIES[:, :, :2]),
        ReSUFeatures(**SMALL, views=("raw", "difference", "standardised")).fit(SERIES),
        ReSURegressor(**SMALL).fit(SERIES, TARGETS[:, 0]),
        ReSURegressor(**SMALL, alphas=[1, 10]).fit(SERIES, TARGETS[:, :1]),
        ReSUClassifier(**SMALL, alphas=np.array([0.5]), class_weight="balanced").fit(SERIES, LABELS),
        ReSUClassifier(**SMALL, class_weight={0: 2, 1: 0.5}).fit(SERIES, LABELS),
        ReSUClassifier(**SMALL, class_weight={"a": 2.0}).fit(SERIES, np.array(["a", "b", "c"])[LABELS]),
    ],
    ids=[
        "table",
        "sequences",
        "numpy",
        "short",
        "views",
        "one target",
        "column",
        "balanced",
        "weights",
        "named",
    ],
)
def test_round_trip_of_all_settings(model, tmp_path):
    loaded = again(model, tmp_path)
    series = SERIES if getattr(model, "features_", model).n_channels_ == 2 else SERIES[:, 0]
    for before, after in zip(outputs(model, series), outputs(loaded, series), strict=True):
        np.testing.assert_array_equal(before, after)
    for name, value in model.get_params().items():
        found = getattr(loaded, name)
        assert (dict(found) if isinstance(found, dict) else np.array(found).tolist()) == (
            dict(value) if isinstance(value, dict) else np.array(value).tolist()
        )


@pytest.mark.parametrize(
    "names",
    [
        np.array(["a", "b", "c"]),
        np.array(["a", "b", "c"], dtype=object),
        np.array([1, 5, 9], dtype=np.int8),
        np.array([0.5, 1.0, 2.0]).astype(np.float32) * 2,
        np.array([3, 2**63, 2**64 - 1], dtype=np.uint64),
    ],
    ids=["text", "object", "int8", "float32", "uint64"],
)
def test_labels_come_back_as_they_were(names, tmp_path):
    model = ReSUClassifier(**SMALL).fit(SERIES, names[LABELS])
    loaded = again(model, tmp_path)
    assert loaded.classes_.dtype == names.dtype
    np.testing.assert_array_equal(loaded.predict(SERIES), model.predict(SERIES))


def test_booleans_as_labels(tmp_path):
    loaded = again(ReSUClassifier(**SMALL).fit(SERIES, LABELS > 0), tmp_path)
    assert loaded.classes_.tolist() == [False, True]
    assert loaded.classes_.dtype == bool


def test_names_of_columns(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(SERIES[:, 0]).add_prefix("t")
    for model in (ReSUFeatures(**SMALL).fit(frame), ReSUClassifier(**SMALL).fit(frame, LABELS)):
        loaded = again(model, tmp_path)
        assert loaded.feature_names_in_.tolist() == frame.columns.tolist()
        with pytest.raises(ValueError, match="feature names"):
            (loaded.transform if model is not loaded and hasattr(loaded, "transform") else loaded.predict)(
                frame[frame.columns[::-1]]
            )


@pytest.mark.parametrize("kind", [ReSUFeatures, ReSUClassifier, ReSURegressor])
def test_what_is_not_fitted_is_not_saved(kind, tmp_path):
    with pytest.raises(StateError, match="fit first"):
        lamina.save(kind(), tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    "settings",
    [
        {"n_features": 20},
        {"thresholds": 4},
        {"memories": (1,)},
        {"rank": 1},
        {"views": ("raw",)},
        {"levels": False},
    ],
)
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_what_was_changed_since_the_fit_is_not_saved(model, settings, tmp_path):
    with pytest.raises(StateError, match="since the fit"):
        lamina.save(copy.deepcopy(model).set_params(**settings), tmp_path / "model.safetensors")


def test_threads_may_change_after_the_fit(tmp_path):
    loaded = again(copy.deepcopy(CLASSIFIER).set_params(n_jobs=2), tmp_path)
    assert (loaded.n_jobs, loaded.features_.n_jobs) == (2, 2)


def test_labels_of_other_kinds_are_not_saved(tmp_path):
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[D]")
    model = copy.deepcopy(CLASSIFIER)
    model.classes_ = days
    with pytest.raises(StateError, match="text and numbers"):
        lamina.save(model, tmp_path / "model.safetensors")


# --- hostile files ----------------------------------------------------------------------------------------


def rewritten(model, folder, change):
    path = folder / "model.safetensors"
    lamina.save(model, path)
    description, arrays = read_container(path)
    change(description, arrays)
    write_container(path, description, arrays)
    return path


def put(room, name, value):
    def change(description, arrays):
        inner = description.get("features", description)
        {"top": description, "inner": inner}[room.split(".")[0]][room.split(".")[1]][name] = value

    return change


def array(name, make):
    def change(description, arrays):
        key = name if name in arrays else f"features.{name}"
        arrays[key] = make(arrays[key])

    return change


def scale(name, value):
    def change(description, arrays):
        description.get("features", description)["fitted"]["scales"][0][name] = value

    return change


def first(value):
    def make(found):
        changed = found.copy()
        changed.flat[0] = value
        return changed

    return make


CHANGES = {
    "no parameters": lambda d, a: d.pop("parameters"),
    "no features": lambda d, a: d.get("features", d).pop("fitted"),
    "another parameter": put("top.parameters", "seed", 3),
    "thresholds": put("top.parameters", "thresholds", 6),
    "rank of text": put("inner.parameters", "rank", "many"),
    "memories of nothing": put("inner.parameters", "memories", []),
    "memories of lists": put("inner.parameters", "memories", [[1]]),
    "other statistics": put("inner.fitted", "statistics", ["mean_on"]),
    "statistics of none": put("inner.fitted", "statistics", None),
    "channels": put("inner.fitted", "channels", 3),
    "channels beyond all": put("inner.fitted", "channels", 2**62),
    "table of two channels": put("inner.fitted", "of_table", True),
    "names of channels": put("inner.fitted", "feature_names", ["a", "b"]),
    "columns": put("inner.fitted", "n_features_in", 7),
    "scales of none": put("inner.fitted", "scales", None),
    "no scales": put("inner.fitted", "scales", []),
    "scale of text": scale("memory", "5"),
    "view": scale("view", "cosine"),
    "view of a list": scale("view", []),
    "memory": scale("memory", 4),
    "memory beyond all": scale("memory", 2**62),
    "dilation beyond all": scale("dilation", 2**62),
    "dilation of nothing": scale("dilation", 0),
    "horizon beyond all": scale("horizon", 2**62),
    "scale of a unit": array("scale", first(99.0)),
    "half a scale": array("scale", first(0.5)),
    "negative scale": array("scale", first(-1.0)),
    "index": array("index", first(3.0)),
    "correlation": array("canonical_correlations", first(1.5)),
    "thresholds in disorder": array("thresholds", lambda found: found[:, ::-1]),
    "filters cut short": array("filters", lambda found: found[:-1]),
    "filters of integers": array("filters", lambda found: found.astype(np.float16).astype(np.float32)[None]),
    "levels of none": put("inner.fitted", "levels", None),
    "levels in disorder": put("inner.fitted", "levels", [1, 0]),
    "levels beyond the channels": put("inner.fitted", "levels", [10]),
    "levels of text": put("inner.fitted", "levels", ["mean"]),
    "channels that do not deviate": array("channel_scales", first(0.0)),
    "a unit too few": array("thresholds", lambda found: found[1:]),
    "means": array("channel_means", lambda found: found[:1]),
    "another array": lambda d, a: a.update(more=np.zeros(3)),
    "an array less": lambda d, a: [a.pop(name) for name in list(a) if name.endswith("index")],
}

READOUT_CHANGES = {
    "weights": array("coef", lambda found: found[:, 1:]),
    "weights of one axis": array("coef", lambda found: found[0]),
    "intercept": array("intercept", lambda found: found[:-1]),
    "scale of nothing": array("feature_scales", first(0.0)),
    "penalty of nothing": array("alpha", first(0.0)),
    "negative strength": array("strengths", first(-1.0)),
    "levels that are not read out": put("inner.fitted", "levels", []),
    "no series": array("left_out", lambda found: found[:0]),
    "penalties": put("top.parameters", "alphas", [-1.0]),
    "penalties of text": put("top.parameters", "alphas", "all"),
    "a setting unlike that of the features": put("top.parameters", "ridge", 0.5),
    "features of another class": put("top.features", "parameters", {}),
}

CLASSIFIER_CHANGES = {
    "labels": put("top.fitted", "labels", [0, 1]),
    "labels in disorder": put("top.fitted", "labels", [2, 1, 0]),
    "labels twice": put("top.fitted", "labels", [0, 0, 1]),
    "labels of text": put("top.fitted", "labels", ["0", "1", "2"]),
    "labels mixed": put("top.fitted", "labels", [0, "1", 2]),
    "labels too large": put("top.fitted", "labels", [0, 1, 2**70]),
    "labels of lists": put("top.fitted", "labels", [[0], [1], [2]]),
    "kind": put("top.fitted", "kind", "datetime64[D]"),
    "kind of none": put("top.fitted", "kind", None),
    "sharpness": put("top.fitted", "sharpness", 0.0),
    "sharpness of text": put("top.fitted", "sharpness", "1"),
    "weights of classes": put("top.parameters", "class_weight", {"by_class": [[1]]}),
    "weights of lists": put("top.parameters", "class_weight", {"by_class": [[[1], 2]]}),
    "weights in another room": put("top.parameters", "class_weight", {"other": 1}),
}

CASES = (
    [(FEATURES, name, change) for name, change in CHANGES.items()]
    + [(CLASSIFIER, name, change) for name, change in CHANGES.items()]
    + [(model, name, change) for model in (CLASSIFIER, REGRESSOR) for name, change in READOUT_CHANGES.items()]
    + [(CLASSIFIER, name, change) for name, change in CLASSIFIER_CHANGES.items()]
    + [(REGRESSOR, "one target of two", put("top.fitted", "one_target", True))]
    + [(REGRESSOR, "one target of text", put("top.fitted", "one_target", "yes"))]
)


@pytest.mark.parametrize(
    ("model", "change"),
    [(model, change) for model, _, change in CASES],
    ids=[f"{type(model).__name__}: {name}" for model, name, _ in CASES],
)
def test_parts_that_do_not_go_together(model, change, tmp_path):
    path = rewritten(model, tmp_path, change)
    with pytest.raises(FileError, match="cannot read") as refused:
        lamina.load(path)
    assert len(str(refused.value)) < 600


def places(value, path=()):
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places(value[key], (*path, key))


@pytest.mark.parametrize("model", [CLASSIFIER, REGRESSOR], ids=["classifier", "regressor"])
def test_hostile_descriptions_are_refused_or_load(model, tmp_path):
    path = tmp_path / "model.safetensors"
    lamina.save(model, path)
    description, arrays = read_container(path)
    odd = [None, True, -1, 0, 2**62, 1e308, "text", [], {}, [[]]]
    for k, place in enumerate(places(description)):
        changed = json.loads(json.dumps(description))
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = odd[k % len(odd)]
        write_container(path, changed, arrays)
        try:
            loaded = lamina.load(path)
        except FileError:
            continue
        assert all(np.isfinite(output).all() for output in outputs(loaded)[:1])
