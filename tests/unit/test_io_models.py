"""A saved model comes back whole, or not at all with a named error; nothing in a file is ever run."""

import copy
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import lamina
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    OutputError,
    RankDeficientWarning,
    StateError,
)
from lamina.io import load, save
from lamina.resu import ReSULayer, ReSUNetwork


def recording(samples=600, channels=2, seed=0):
    noise = np.random.default_rng(seed).standard_normal((samples + 40, channels))
    kernel = 0.9 ** np.arange(40)
    return np.stack([np.convolve(column, kernel, "valid")[:samples] for column in noise.T], axis=1)


UNIT = lamina.ReSU(4, 3, 3, gap=2, rectify=["none", "on", "split"], sampling_rate=50.0).fit(recording())
MOVIE = recording(channels=5, seed=1)
NETWORK = ReSUNetwork(
    [
        ReSULayer(5, 4, 2, rectify=("none", "split")),
        ReSULayer(1, 1, 2, gap=3, width=2, spacing=2, inputs=[1, 2], center=False, rectify="split"),
    ]
).fit(MOVIE)

ODD = lamina.ReSU(3, 2, 1, rcond=1e-9, ridge=0.1, half_life=500.0, center=False, objective="rrr")
UNITS = {
    "plain": UNIT,
    "every parameter another": ODD.fit(recording() * 1e-9),
    "stimulus to response": lamina.ReSU(4, 3, 2).fit(recording(), future_of=recording(channels=3, seed=5)),
    "open trial": lamina.ReSU(4, 3, 2).partial_fit(recording()[:300]),
    "fraction": lamina.ReSU(4, 3, 2, sampling_rate=Fraction(1, 2)).fit(recording()),
    "trials": lamina.ReSU(np.int64(4), 3, 2).fit([recording(50), recording(70, seed=2)]),
}


def written(model, folder):
    path = folder / "model.safetensors"
    save(model, path)
    return path


def assert_same_state(first, second):
    assert vars(first).keys() == vars(second).keys()
    for name, value in vars(first).items():
        if isinstance(value, np.ndarray):
            assert value.dtype == vars(second)[name].dtype
            assert value.tobytes() == vars(second)[name].tobytes(), name
        elif name == "moments_":
            mine, theirs = value.state(), vars(second)[name].state()
            assert mine.keys() == theirs.keys()
            for key in mine:
                np.testing.assert_array_equal(mine[key], theirs[key], err_msg=key)
        elif name == "layers_":
            for unit, again in zip(value, vars(second)[name], strict=True):
                assert_same_state(unit, again)
        elif name not in ("rectify", "layers", "plan_"):
            assert value == vars(second)[name], name


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_unit_comes_back_to_the_bit(tmp_path, unit):
    again = load(written(unit, tmp_path))
    assert type(again) is lamina.ReSU
    assert_same_state(unit, again)
    test = recording(100, seed=3)
    assert again.transform(test).tobytes() == unit.transform(test).tobytes()
    assert again.transform(test.astype(np.float32)).dtype == np.float32
    assert again.predict(test).tobytes() == unit.predict(test).tobytes()
    assert list(again.get_feature_names_out()) == list(unit.get_feature_names_out())


def test_loaded_unit_learns_on_where_the_saved_one_stopped(tmp_path):
    whole = recording(1000)
    unit = lamina.ReSU(4, 3, 2).partial_fit(whole[:500])
    again = load(written(unit, tmp_path))
    again.partial_fit(whole[500:])
    unit.partial_fit(whole[500:])
    assert_same_state(unit, again)
    # 7 samples make a window, 500 + 500 make 994, of which 6 cross the border
    assert again.n_windows_ == 994
    assert again.score(whole) == unit.score(whole)


def test_network_comes_back_to_the_bit(tmp_path):
    again = load(written(NETWORK, tmp_path))
    assert type(again) is ReSUNetwork
    assert_same_state(NETWORK, again)
    movie = recording(80, channels=7, seed=4)
    for layer in (0, 1):
        assert (
            again.transform(movie, layer=layer).tobytes() == NETWORK.transform(movie, layer=layer).tobytes()
        )
    assert again.layers[0] == NETWORK.layers[0]
    assert again.layers[1].inputs == (1, 2)


def test_fewer_units_than_asked_for(tmp_path):
    noise = recording(channels=1)
    with pytest.warns(RankDeficientWarning):
        unit = lamina.ReSU(1, 1, 2, rectify=["on", "split"]).fit(np.hstack([noise, noise]))
    again = load(written(unit, tmp_path))
    assert_same_state(unit, again)
    assert (again.rank, len(again.filters_), again.modes_) == (2, 1, ("on",))


def test_torch_models_come_back_as_numpy(tmp_path):
    torch = pytest.importorskip("torch")
    unit = lamina.ReSU(4, 3, 2).fit(torch.asarray(recording()))
    again = load(written(unit, tmp_path))
    assert isinstance(again.filters_, np.ndarray)
    np.testing.assert_array_equal(again.filters_, unit.filters_.numpy())


def test_data_frame_names_are_kept(tmp_path):
    unit = copy.deepcopy(UNIT)
    unit.feature_names_in_ = np.array(["left", "right"], dtype=object)
    assert load(written(unit, tmp_path)).feature_names_in_.tolist() == ["left", "right"]


def test_any_safetensors_reader_reads_it(tmp_path):
    path = written(UNIT, tmp_path)
    np.testing.assert_array_equal(safetensors.numpy.load_file(path)["filters"], UNIT.filters_)
    with safetensors.safe_open(path, "np") as file:
        description = json.loads(file.metadata()["lamina"])
    assert description["format"] == 1
    assert description["lamina"] == lamina.__version__
    assert description["class"] == "ReSU"
    assert description["parameters"]["memory"] == 4
    assert description["units"]["sampling_rate"] == "hertz"
    assert description["fitted"]["n_windows"] == UNIT.n_windows_
    assert description["fitted"]["n_trials"] == 1


def test_what_cannot_be_saved(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(StateError, match="Call fit first"):
        save(lamina.ReSU(2, 2, 1), path)
    with pytest.raises(StateError, match="Call fit first"):
        save(ReSUNetwork([ReSULayer(2, 2, 1)]), path)
    for changed in ({"memory": 5}, {"gap": 7}, {"rectify": "on"}, {"rank": 1}, {"half_life": 3.0}):
        with pytest.raises(StateError, match="changed since the fit"):
            save(copy.deepcopy(UNIT).set_params(**changed), path)
    network = ReSUNetwork([ReSULayer(2, 2, 1), ReSULayer(1, 1, 1)]).fit(recording())
    for layers in ([ReSULayer(2, 2, 1)], [ReSULayer(2, 2, 1), ReSULayer(1, 1, 1, spacing=2)]):
        with pytest.raises(StateError, match="changed since the fit"):
            save(copy.deepcopy(network).set_params(layers=layers), path)
    with pytest.raises(ArgumentTypeError, match="a ReSU or a ReSUNetwork, got dict"):
        save({}, path)
    with pytest.raises(ArgumentError, match=r"\.safetensors"):
        save(UNIT, tmp_path / "a.npy")
    with pytest.raises(OutputError, match="mkdir -p"):
        save(UNIT, tmp_path / "no" / "a.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_half_written_files_never_take_the_place_of_whole_ones(tmp_path, monkeypatch):
    path = written(UNIT, tmp_path)
    before = path.read_bytes()

    def broken(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OutputError, match="disk is full"):
        save(UNIT, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
