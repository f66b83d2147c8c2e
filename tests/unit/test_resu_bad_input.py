"""Every way to misuse ReSU and ReSUNetwork ends in a named error that names the argument: one table each."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.exceptions import NotFittedError

import lamina
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu import ReSULayer

RNG = np.random.default_rng(0)
GOOD = RNG.standard_normal((60, 2))
INFINITE = np.where(np.arange(120).reshape(60, 2) == 7, np.inf, GOOD)
HALF_GAPS = np.where(np.arange(60)[:, None] % 4 == 0, np.nan, GOOD)

PARAMETERS = [
    ("memory", 0, ArgumentError),
    ("memory", 2.5, ArgumentTypeError),
    ("memory", "long", ArgumentTypeError),
    ("memory", True, ArgumentTypeError),
    ("memory", None, ArgumentTypeError),
    ("horizon", -1, ArgumentError),
    ("horizon", "3", ArgumentTypeError),
    ("rank", 0, ArgumentError),
    ("rank", 7, ArgumentError),  # memory 4, horizon 3, channels 2: at most 6
    ("rank", 1.0, ArgumentTypeError),
    ("gap", 0, ArgumentError),
    ("center", "yes", ArgumentTypeError),
    ("center", 1, ArgumentTypeError),
    ("rectify", "of", ArgumentError),
    ("rectify", None, ArgumentTypeError),
    ("rectify", ["on"], ArgumentError),
    ("rectify", ["on", "both"], ArgumentError),
    ("objective", "cca2", ArgumentError),
    ("objective", None, ArgumentError),
    ("ridge", -0.1, ArgumentError),
    ("ridge", np.nan, ArgumentError),
    ("ridge", "small", ArgumentTypeError),
    ("rcond", 1.5, ArgumentError),
    ("rcond", -1e-3, ArgumentError),
    ("half_life", 0, ArgumentError),
    ("half_life", np.inf, ArgumentError),
    ("sampling_rate", 0.0, ArgumentError),
    ("sampling_rate", "100 Hz", ArgumentTypeError),
]

RECORDINGS = [
    pytest.param(INFINITE, DataError, "infinity", id="infinity"),
    pytest.param(-INFINITE, DataError, "infinity", id="minus infinity"),
    pytest.param(np.full((60, 2), np.nan), DataError, "0 window", id="all NaN"),
    pytest.param(HALF_GAPS, DataError, "fewer gaps", id="no window between the gaps"),
    pytest.param(np.full((60, 2), 3.3), DataError, "varies", id="constant"),
    pytest.param(np.full((60, 2), 1e8 / 3), DataError, "varies", id="constant far from zero"),
    pytest.param(
        np.where(np.arange(60) % 2, 0.3, 0.1 * 3), DataError, "varies", id="constant but for rounding"
    ),
    pytest.param(np.zeros((60, 2), dtype=np.int64), DataError, "varies", id="zeros"),
    pytest.param(np.array([[1e300, -1e300]] * 60), DataError, "varies", id="huge constant"),
    pytest.param(GOOD[:6], DataError, "memory", id="too short for a window"),
    pytest.param(GOOD[:7], DataError, "memory", id="one window only"),
    pytest.param(GOOD[:0], DataError, r"0 sample", id="no samples"),
    pytest.param([], DataError, "empty", id="empty list"),
    pytest.param(GOOD[:, :0], ShapeError, "channel", id="no channels"),
    pytest.param(GOOD[None], ShapeError, "3 axes", id="three axes"),
    pytest.param(np.float64(3.0), ShapeError, "0 axes", id="a number"),
    pytest.param([GOOD, GOOD[:, :1]], ShapeError, r"X\[1\]", id="trials of different channels"),
    pytest.param([GOOD, INFINITE], DataError, r"X\[1\]", id="infinity in the second trial"),
    pytest.param([[1.0, 2.0], [3.0]], ShapeError, "differ", id="ragged list"),
    pytest.param(GOOD + 1j, ArgumentTypeError, "real", id="complex"),
    pytest.param(np.array([["a", "b"]] * 60), ArgumentTypeError, "real", id="text"),
    pytest.param(scipy.sparse.csr_array(GOOD), ArgumentTypeError, "dense", id="sparse"),
    pytest.param(None, ArgumentTypeError, "X", id="None"),
]


def unit(**changes):
    return lamina.ReSU(**{"memory": 4, "horizon": 3, "rank": 2} | changes)


@pytest.mark.parametrize(("name", "value", "error"), PARAMETERS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_parameter_that_cannot_be_is_named(method, name, value, error):
    with pytest.raises(error) as caught:
        getattr(unit(**{name: value}), method)(GOOD)
    assert caught.value.argument.startswith(name)
    assert str(caught.value).startswith(name)


def test_an_impossible_rank_is_refused_at_the_first_chunk_however_short():
    with pytest.raises(ArgumentError, match=r"rank must be at most 6 .*got 7"):
        unit(rank=7).partial_fit(GOOD[:2])


@pytest.mark.parametrize(("recording", "error", "says"), RECORDINGS)
def test_a_recording_that_cannot_be_learned_from(recording, error, says):
    with pytest.raises(error, match=says) as caught:
        unit().fit(recording)
    assert caught.value.argument.startswith("X")


@pytest.mark.parametrize("method", ["transform", "predict", "score"])
@pytest.mark.parametrize(
    ("recording", "error"),
    [
        (INFINITE, DataError),
        (GOOD[:, :1], ShapeError),
        (GOOD[:, 0], ShapeError),
        (GOOD.T, ShapeError),
        (GOOD[None], ShapeError),
        ([GOOD, GOOD[:, :1]], ShapeError),
        (GOOD + 1j, ArgumentTypeError),
    ],
)
def test_other_recordings_after_the_fit(method, recording, error):
    with pytest.raises(error, match="X"):
        getattr(unit().fit(GOOD), method)(recording)


def test_wrong_outputs_to_reconstruct_from():
    fitted = unit(rectify="split").fit(GOOD)
    z = fitted.transform(GOOD)
    with pytest.raises(ShapeError, match="4 column"):
        fitted.inverse_transform(z[:, :3])
    with pytest.raises(DataError, match="Z"):
        fitted.inverse_transform(np.where(z > 1, np.inf, z))


@pytest.mark.parametrize("method", ["transform", "predict", "score", "inverse_transform"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError, match="ReSU"):
        getattr(unit(), method)(GOOD)
    with pytest.raises(NotFittedError):
        unit().get_feature_names_out()
    assert not hasattr(unit(), "filters_")


@pytest.mark.parametrize(
    ("partner", "says"),
    [(GOOD[:-1], "59"), ([GOOD, GOOD], "2 trial"), (INFINITE, "infinity"), (GOOD[None], "axes")],
)
def test_a_partner_that_does_not_belong(partner, says):
    with pytest.raises((ShapeError, DataError), match=says) as caught:
        unit().fit(GOOD, future_of=partner)
    assert caught.value.argument.startswith("future_of")


def test_a_failed_fit_leaves_the_fitted_filters():
    fitted = unit().fit(GOOD)
    before = fitted.filters_.copy()
    with pytest.raises(DataError):
        fitted.fit(np.ones((60, 2)))
    np.testing.assert_array_equal(fitted.filters_, before)


@pytest.mark.parametrize("recording", [np.ones((60, 3)), [np.ones((60, 3))], np.ones((4, 3))])
def test_a_failed_fit_leaves_the_channels_of_the_filters(recording):
    fitted = unit().fit(GOOD)
    before = fitted.transform(GOOD)
    with pytest.raises(DataError):
        fitted.fit(recording)
    np.testing.assert_array_equal(fitted.transform(GOOD), before)
    with pytest.raises(ShapeError, match="X has 3 features, but ReSU is expecting 2"):
        fitted.transform(np.ones((60, 3)))


LAYERS = [
    ({"memory": 0}, "memory"),
    ({"rank": 1.5}, "rank"),
    ({"rectify": "up"}, "rectify"),
    ({"width": 0}, "width"),
    ({"spacing": 0}, "spacing"),
    ({"inputs": ()}, "inputs"),
    ({"inputs": (0, 0)}, "inputs"),
    ({"inputs": (-1,)}, r"inputs\[0\]"),
    ({"inputs": 0}, "inputs"),
    ({"inputs": "0"}, "inputs"),
    ({"gap": 0}, "gap"),
    ({"center": None}, "center"),
]


@pytest.mark.parametrize(("changes", "says"), LAYERS)
def test_a_layer_that_cannot_be(changes, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        ReSULayer(**{"memory": 3, "horizon": 2, "rank": 2} | changes)


FIRST = ReSULayer(memory=3, horizon=2, rank=2)
MOVIE = RNG.standard_normal((50, 6))


@pytest.mark.parametrize(
    ("layers", "movie", "error", "says"),
    [
        ([], MOVIE, ArgumentError, "layers"),
        (FIRST, MOVIE, ArgumentError, "layers"),
        ([FIRST, "second"], MOVIE, ArgumentError, r"layers\[1\]"),
        ([ReSULayer(3, 2, 3)], MOVIE, ArgumentError, "rank"),
        ([FIRST, ReSULayer(1, 1, 3)], MOVIE, ArgumentError, "rank"),
        ([FIRST, ReSULayer(1, 1, 1, inputs=(2,))], MOVIE, ArgumentError, "inputs"),
        ([ReSULayer(3, 2, 1, inputs=(1,))], MOVIE, ArgumentError, "inputs"),
        ([FIRST, ReSULayer(1, 1, 1, width=3, spacing=3)], MOVIE, ShapeError, "movies.*7 pixels"),
        ([FIRST], MOVIE[None, None], ShapeError, "movies.*height"),
        ([FIRST], MOVIE[:, :0, None], ShapeError, "movies"),
        ([FIRST], [MOVIE, MOVIE[:, :, None]], ShapeError, r"movies\[1\]"),
        ([FIRST], np.where(MOVIE > 2, np.inf, MOVIE), DataError, "movies"),
        ([FIRST], np.ones((50, 6)), DataError, "movies.*layer 0"),
        ([FIRST], MOVIE[:4], DataError, "movies.*layer 0"),
        ([FIRST, ReSULayer(3, 40, 1)], MOVIE[:43], DataError, "movies.*layer 1"),
        ([FIRST], [], DataError, "movies"),
        ([FIRST], "movie", ArgumentTypeError, "movies"),
    ],
)
def test_a_network_that_cannot_be(layers, movie, error, says):
    with pytest.raises(error, match=f"^{says}"):
        lamina.ReSUNetwork(layers).fit(movie)


def test_a_fitted_network_asked_for_what_it_has_not():
    network = lamina.ReSUNetwork([FIRST, ReSULayer(1, 1, 1, width=3)])
    with pytest.raises(NotFittedError):
        network.transform(MOVIE)
    network.fit(MOVIE)
    for layer in (2, -3, 0.5):
        with pytest.raises(ArgumentError, match="layer"):
            network.transform(MOVIE, layer=layer)
    with pytest.raises(ShapeError, match=r"movies.*3 pixels.*2 pixel"):
        network.transform(MOVIE[:, :2])
    with pytest.raises(ShapeError, match=r"below.*3 position.*2 position"):
        network.layers[1].receptive_fields(np.zeros((2, 50, 2)))
    with pytest.raises(ShapeError, match="3 pixels"):
        network.positions(2)


@pytest.mark.parametrize("layers", [[FIRST], [FIRST, ReSULayer(1, 1, 1, width=2, spacing=2)]])
def test_layers_that_were_changed_after_the_fit_change_no_output(layers):
    network = lamina.ReSUNetwork([FIRST, ReSULayer(1, 1, 1, width=2)]).fit(MOVIE)
    before = network.transform(MOVIE)
    network.set_params(layers=layers)
    np.testing.assert_array_equal(network.transform(MOVIE), before)


@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
def test_results_that_the_type_of_the_recording_cannot_hold_are_named(library):
    y = np.random.default_rng(1).standard_normal((60, 2))
    faint = lamina.ReSU(memory=3, horizon=2, rank=2).fit(library(y * 1e-30))
    single = library((y * 1e20).astype(np.float32))
    with pytest.raises(DataError, match=r"finite in float32, got an overflow.*float64"):
        faint.transform(single)
    assert np.isfinite(np.asarray(faint.transform(library(y * 1e20)))).all()
    # what comes back is on the scale of the recording: only sums of its largest values overflow
    loud = lamina.ReSU(memory=3, horizon=2, rank=2).fit(library(y * 1e100))
    with pytest.raises(DataError, match=r"Z must be .* finite in float32, got an overflow"):
        loud.inverse_transform(library(np.ones((5, 2), dtype=np.float32)))
    with pytest.raises(DataError, match=r"X must be .* finite in float32, got an overflow"):
        loud.predict(single)
