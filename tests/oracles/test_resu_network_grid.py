"""ReSUNetwork on a grid of pixels, against loops over positions and windows that share no code with it."""

import numpy as np
import pytest
import torch

import lamina
from lamina.errors import ArgumentError, ShapeError
from lamina.io import load, save
from lamina.io.networks import describe_network, rebuild_network
from lamina.io.records import NotInOrderError
from lamina.resu import ReSULayer


def movie(seed, time=220, height=5, width=6):
    """A pattern that drifts to the right and down, with noise."""
    rng = np.random.default_rng(seed)
    pattern = np.convolve(rng.standard_normal(time + 60), np.ones(6) / 2, mode="same")
    t, i, j = np.ogrid[:time, :height, :width]
    return pattern[t - 2 * i - 3 * j + 40] + 0.3 * rng.standard_normal((time, height, width)) + 0.5


def root(c):
    values, vectors = np.linalg.eigh(c)
    return vectors @ np.diag(values**-0.5) @ vectors.T


def explicit_fit(trials, memory, horizon, gap, rank, center):
    past, future = [], []
    for y in trials:
        for t in range(memory - 1, len(y) - gap - horizon + 1):
            if not np.isnan(y[t - memory + 1 : t + gap + horizon]).any():
                past.append(y[t - memory + 1 : t + 1][::-1].ravel())
                future.append(y[t + gap : t + gap + horizon].ravel())
    past, future = np.array(past), np.array(future)
    mu = past.mean(0) * center
    p, f = past - mu, future - future.mean(0) * center
    n = len(p) - center
    _, s, vt = np.linalg.svd(root(f.T @ f / n) @ (f.T @ p / n) @ root(p.T @ p / n))
    psi = vt[:rank] @ root(p.T @ p / n)
    psi *= np.sign(np.take_along_axis(psi, np.abs(psi).argmax(1)[:, None], 1))
    return psi.reshape(rank, memory, -1), mu.reshape(memory, -1), s[:rank]


def explicit_apply(y, psi, mu):
    units, memory, _ = psi.shape
    z = np.zeros((len(y), units))
    for t in range(len(y)):
        for lag in range(min(memory, t + 1)):
            z[t] += psi[:, lag, :] @ (y[t - lag] - mu[lag])
    return z


FIRST = {"memory": 4, "horizon": 3, "rank": 2, "gap": 1, "center": True}
SECOND = {"memory": 1, "horizon": 1, "rank": 3, "gap": 2, "center": False}

FIELDS = {
    "square": ({"width": 2}, [(0, 0), (0, 1), (1, 0), (1, 1)]),
    "cross": ({"width": 3, "field": "cross"}, [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)]),
    "oblong": ({"width": (1, 3), "spacing": (1, 2)}, [(0, 0), (0, 2), (0, 4)]),
    "apart": ({"width": (2, 2), "spacing": (3, 1)}, [(0, 0), (0, 1), (3, 0), (3, 1)]),
    "unequal cross": (
        {"width": (3, 5), "field": "cross"},
        [(0, 2), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 2)],
    ),
}


@pytest.fixture(scope="module")
def movies():
    one, two = movie(0), movie(1, time=160, height=6, width=5)
    one[60:62, 2, 4] = np.nan
    return [one, two]


@pytest.mark.parametrize("name", FIELDS)
def test_two_layers(movies, name):
    changes, places = FIELDS[name]
    pixels = [m[:, [i], j] for m in movies for i in range(m.shape[1]) for j in range(m.shape[2])]
    psi, mu, sigma = explicit_fit(pixels, **FIRST)
    below = []
    for m in movies:
        outputs = np.zeros((*m.shape, 3))
        for i in range(m.shape[1]):
            for j in range(m.shape[2]):
                z = explicit_apply(m[:, [i], j], psi, mu)
                outputs[:, i, j] = np.stack([z[:, 0], np.maximum(z[:, 1], 0), np.maximum(-z[:, 1], 0)], -1)
        below.append(outputs)
    inputs = [0, 2]
    span = np.max(places, axis=0)
    fields = [
        [
            [np.concatenate([b[:, i + di, j + dj][:, inputs] for di, dj in places], 1)
             for j in range(b.shape[2] - span[1])]
            for i in range(b.shape[1] - span[0])
        ]
        for b in below
    ]  # fmt: skip
    trials = [field[FIRST["memory"] - 1 :] for grid in fields for row in grid for field in row]
    psi_2, mu_2, sigma_2 = explicit_fit(trials, **SECOND)

    plan = [
        ReSULayer(**FIRST, rectify=["none", "split"]),
        ReSULayer(**SECOND, rectify="on", inputs=inputs, **changes),
    ]
    assert plan[1].offsets(axes=2) == places
    network = lamina.ReSUNetwork(plan).fit(movies)
    np.testing.assert_allclose(network.layers_[0].canonical_correlations_, sigma, atol=1e-9)
    np.testing.assert_allclose(network.layers_[1].canonical_correlations_, sigma_2, atol=1e-9)
    np.testing.assert_allclose(network.layers_[1].filters_, psi_2, atol=1e-6)
    for m, b, grid in zip(movies, below, fields, strict=True):
        np.testing.assert_allclose(network.transform(m, layer=0), b, atol=1e-6)
        expected = np.array(
            [[np.maximum(explicit_apply(field, psi_2, mu_2), 0) for field in row] for row in grid]
        )
        top = network.transform(m)
        np.testing.assert_allclose(top, np.moveaxis(expected, 2, 0), atol=1e-6)
        assert [top.shape[1:3]] == network.positions(m.shape[1:])[1:]


def test_a_grid_of_one_row_is_a_row(movies):
    flat = [m[:, 0, :] for m in movies]
    layers = [ReSULayer(**FIRST, rectify="split"), ReSULayer(**SECOND, width=3, spacing=2)]
    oblong = [layers[0], ReSULayer(**SECOND, width=(1, 3), spacing=(1, 2))]
    row = lamina.ReSUNetwork(layers).fit(flat)
    grid = lamina.ReSUNetwork(oblong).fit([m[:, None, :] for m in flat])
    for m in flat:
        np.testing.assert_array_equal(grid.transform(m[:, None, :])[:, 0], row.transform(m))


def test_rows_and_columns_change_places_with_the_movie(movies):
    plan = ReSULayer(**FIRST), ReSULayer(**SECOND, width=(2, 1), spacing=(2, 1))
    turned = ReSULayer(**FIRST), ReSULayer(**SECOND, width=(1, 2), spacing=(1, 2))
    one = lamina.ReSUNetwork(plan).fit(movies[1]).transform(movies[1])
    other = movies[1].swapaxes(1, 2)
    found = lamina.ReSUNetwork(turned).fit(other).transform(other)
    np.testing.assert_allclose(found.swapaxes(1, 2), one, atol=1e-8)


def test_a_gap_reaches_exactly_the_positions_that_see_it(movies):
    network = lamina.ReSUNetwork([ReSULayer(4, 3, 1), ReSULayer(1, 1, 1, width=3, field="cross")])
    gone = np.isnan(network.fit(movies).transform(movies[0])).any(-1)
    expected = np.zeros_like(gone)
    # pixel (2, 4) is the middle of (1, 3), right of (1, 2), up of (2, 3) and down of (0, 3)
    for i, j in ((1, 3), (1, 2), (2, 3), (0, 3)):
        expected[60:65, i, j] = True
    np.testing.assert_array_equal(gone, expected)


def test_lists_torch_and_single_precision(movies):
    plan = [ReSULayer(**FIRST, rectify="split"), ReSULayer(**SECOND, width=3, field="cross")]
    network = lamina.ReSUNetwork(plan).fit(movies)
    answers = network.transform(movies)
    for answer, m in zip(answers, movies, strict=True):
        np.testing.assert_array_equal(answer, network.transform(m))
    tensors = [torch.from_numpy(m) for m in movies]
    top = lamina.ReSUNetwork(plan).fit(tensors).transform(tensors[1])
    assert isinstance(top, torch.Tensor)
    np.testing.assert_allclose(top.numpy(), answers[1], atol=1e-7)
    assert network.transform(movies[1].astype(np.float32)).dtype == np.float32


def test_saved_and_loaded(movies, tmp_path):
    for number, (changes, _) in enumerate(FIELDS.values()):
        plan = [ReSULayer(**FIRST, rectify="split"), ReSULayer(**SECOND, **changes)]
        network = lamina.ReSUNetwork(plan).fit(movies)
        path = tmp_path / f"{number}.safetensors"
        save(network, path)
        again = load(path)
        assert again.plan_[1].field == plan[1].field
        np.testing.assert_array_equal(again.transform(movies[1]), network.transform(movies[1]))
        with pytest.raises(ShapeError, match=r"movies.*\(time, height, width\).*\(time, pixels\)"):
            again.transform(movies[1][:, 0])


def test_single_positions_go_with_either_retina(movies):
    network = lamina.ReSUNetwork([ReSULayer(**FIRST)]).fit(movies)
    np.testing.assert_allclose(
        network.transform(movies[1][:, 2]), network.transform(movies[1])[:, 2], atol=1e-12
    )
    wide = lamina.ReSUNetwork([ReSULayer(**FIRST), ReSULayer(**SECOND, width=3)]).fit(movies[1][:, 0])
    with pytest.raises(ShapeError, match=r"movies.*\(time, pixels\), as in the fit"):
        wide.transform(movies[1])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"width": (3,)}, "width.*rows, columns"),
        ({"width": (3, 0)}, r"width\[1\]"),
        ({"width": "33"}, "width"),
        ({"spacing": (1, 2, 3)}, "spacing"),
        ({"spacing": (1.5, 2)}, r"spacing\[0\]"),
        ({"field": "circle"}, "field"),
        ({"width": 2, "field": "cross"}, "width.*odd"),
        ({"width": (3, 2), "field": "cross"}, "width.*odd"),
    ],
)
def test_a_field_that_cannot_be(changes, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        ReSULayer(**FIRST, **changes)


@pytest.mark.parametrize(
    ("changes", "given", "error", "says"),
    [
        ({"width": (1, 3)}, np.zeros((50, 6)), ArgumentError, "width.*row of pixels"),
        ({"spacing": (1, 3)}, np.zeros((50, 6)), ArgumentError, "spacing.*row of pixels"),
        ({"width": 3, "field": "cross"}, np.zeros((50, 6)), ArgumentError, "field.*row of pixels"),
        ({"width": (3, 7)}, np.zeros((50, 6, 6)), ShapeError, "movies.*3 x 7 pixels.*6 x 6 pixel"),
        ({"width": 3}, np.zeros((50, 2, 6)), ShapeError, "movies.*3 x 3 pixels"),
        ({}, np.full((50, 2, 6), np.inf), lamina.errors.DataError, "movies.*infinity"),
        ({}, np.zeros((50, 0, 6)), ShapeError, "movies"),
        ({}, [np.zeros((50, 2, 6)), np.zeros((50, 6))], ShapeError, r"movies\[1\].*as the first"),
    ],
)
def test_movies_that_do_not_go_with_a_layer(changes, given, error, says):
    with pytest.raises(error, match=f"^{says}"):
        lamina.ReSUNetwork([ReSULayer(**FIRST | {"rank": 1}, **changes)]).fit(given)


def test_positions_of_what_is_no_retina():
    network = lamina.ReSUNetwork([ReSULayer(4, 3, 1, width=3)])
    assert network.positions((5, 7)) == [(3, 5)]
    with pytest.raises(ArgumentError, match="n_pixels"):
        network.positions((5, 7, 9))
    with pytest.raises(ArgumentError, match=r"n_pixels\[0\]"):
        network.positions((0, 7))
    with pytest.raises(ShapeError, match="3 x 3 pixels"):
        network.positions((2, 7))


def test_files_from_before_there_was_a_choice_of_field_are_read(movies):
    row = [m[:, 0] for m in movies]
    network = lamina.ReSUNetwork([ReSULayer(**FIRST), ReSULayer(**SECOND, width=3)]).fit(row)
    description, arrays = describe_network(network)
    for layer in description["layers"]:
        del layer["plan"]["field"]
    again = rebuild_network(description, arrays)
    np.testing.assert_array_equal(again.transform(row[0]), network.transform(row[0]))
    # learned on a row and on a grid at once: no network is
    grid = lamina.ReSUNetwork([ReSULayer(**FIRST), ReSULayer(**SECOND, width=3)]).fit(movies)
    top = lamina.ReSUNetwork([ReSULayer(1, 1, 1, width=2)]).fit(row)
    both, parts = describe_network(grid)
    extra, more = describe_network(top)
    both["layers"].append(extra["layers"][0])
    more = {name.replace("layers.0", "layers.2"): array for name, array in more.items()}
    with pytest.raises(NotInOrderError, match=r"channels|retinas"):
        rebuild_network(both, {**parts, **more})


def test_a_third_layer_learns_from_no_sample_that_depends_on_missing_history(movies):
    memories, horizon = (4, 3, 2), 2
    plan = [ReSULayer(memory, horizon, 1, rectify="split") for memory in memories]
    network = lamina.ReSUNetwork(plan).fit(movies[1])
    assert network.valid_from_ == [3, 5, 6]
    time, height, width = movies[1].shape
    for unit, memory, first in zip(network.layers_, memories, (0, 3, 5), strict=True):
        # windows that begin at or after the first whole sample of the layer below, in every pixel
        assert unit.n_windows_ == height * width * (time - first - memory - horizon + 1)


def test_a_file_with_layers_of_a_row_and_of_a_grid_is_refused(movies):
    plan = [ReSULayer(**FIRST), ReSULayer(**SECOND, width=3), ReSULayer(1, 1, 1, width=2)]
    row, grid = (lamina.ReSUNetwork(plan).fit(each) for each in ([m[:, 0] for m in movies], movies))
    (mixed, parts), (other, more) = describe_network(row), describe_network(grid)
    mixed["layers"][2] = other["layers"][2]
    parts.update({name: array for name, array in more.items() if name.startswith("layers.2.")})
    # each of the layers could be, one by one
    with pytest.raises(NotInOrderError, match="retinas of different dimensions"):
        rebuild_network(mixed, parts)
