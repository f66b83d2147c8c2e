"""The command line on files of every kind, on files too large to read whole, and what it says of a file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina.cli import main, recordings
from lamina.io import load, save, write_signal
from lamina.io.container import read_container, write_container
from lamina.io.signals import LazySignal
from lamina.resu import ReSULayer, ReSUNetwork
from lamina.resu.local import LocalReSU

WORDS = ("--memory", "6", "--horizon", "4", "--rank", "2")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def recording(samples=400, channels=2, seed=0):
    noise = np.random.default_rng(seed).standard_normal((samples + 20, channels))
    return np.stack([np.convolve(column, 0.8 ** np.arange(21), "valid") for column in noise.T], axis=1)


def run(capsys, *words):
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def result_of(capsys, *words):
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def write_everywhere(samples):
    """Write one recording in every kind of file that keeps float64, and name them."""
    h5py, zarr = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    pandas = pytest.importorskip("pandas")
    np.save("a.npy", samples)
    np.savez("a.npz", left=samples, right=samples[:3])
    write_signal("a.csv", samples)
    pandas.DataFrame(samples, columns=["l", "r"]).to_parquet("a.parquet")
    with h5py.File("a.h5", "w") as file:
        file["trials/left"], file["trials/right"] = samples, samples[:3]
    group = zarr.open_group("a.zarr", mode="w")
    group.create_array("x", shape=samples.shape, dtype=samples.dtype, chunks=(64, 1))[:] = samples
    return "a.npy", "a.npz:left", "a.csv", "a.parquet", "a.h5:trials/left", "a.zarr"


def test_every_format_gives_the_same_fit(capsys):
    samples = recording()
    expected = lamina.ReSU(6, 4, 2).fit(samples).canonical_correlations_.tolist()
    for name in write_everywhere(samples):
        assert result_of(capsys, "fit", name, *WORDS)["canonical_correlations"] == expected, name


def test_what_does_not_fit_into_memory_is_read_piece_by_piece(capsys, monkeypatch):
    samples = recording(3000)
    samples[700:705, 1] = np.nan
    names = write_everywhere(samples)
    unit = lamina.ReSU(6, 4, 2, rectify=["none", "on"]).fit(samples)
    save(unit, "m.safetensors")
    monkeypatch.setattr(recordings, "IN_MEMORY_BYTES", 1000)
    # blocks of 250 samples, so that there are seams
    monkeypatch.setattr(LazySignal.blocks, "__defaults__", (4000,))
    for name in names:
        fitted = result_of(capsys, "fit", name, *WORDS)
        np.testing.assert_allclose(fitted["canonical_correlations"], unit.canonical_correlations_, rtol=1e-10)
    for name in ("a.npy", "a.h5:trials/left", "a.parquet"):
        assert result_of(capsys, "transform", "m.safetensors", name, "--out", "z.npy")["shape"] == [3000, 2]
        np.testing.assert_allclose(np.load("z.npy"), unit.transform(samples), atol=1e-12)
    assert run(capsys, "transform", "m.safetensors", "a.npy", "--out", "z.csv")[0] == 0
    assert Path("z.csv").read_text().startswith("resu0,resu1_on\n")
    table = np.genfromtxt("z.csv", delimiter=",", skip_header=1)
    np.testing.assert_allclose(table, unit.transform(samples), atol=1e-12)


def test_large_recordings_take_little_memory():
    """An eighth of a gigabyte, most of it holes in the file, in a process that may take half of that."""
    program = """
import resource, sys
import numpy as np
from lamina.cli import main
assert main(["transform", "m.safetensors", "small.npy", "--out", "warm.npy", "--quiet"]) == 0
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert main(["inspect", "large.h5", "--quiet"]) == 0
assert main(["fit", "large.h5", "--memory", "3", "--horizon", "2", "--rank", "1", "--quiet"]) == 0
scale = 1 if sys.platform == "darwin" else 1024
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * scale)
"""
    h5py = pytest.importorskip("h5py")
    save(lamina.ReSU(6, 4, 2).fit(recording()), "m.safetensors")
    np.save("small.npy", recording())
    with h5py.File("large.h5", "w") as file:
        dataset = file.create_dataset("x", shape=(2**24,), dtype="f8", chunks=(2**17,))
        dataset[: 2**18] = recording(2**18, 1)[:, 0]
        dataset[-(2**18) :] = recording(2**18, 1)[:, 0]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) < 2**26


def test_a_fit_goes_on_from_its_checkpoint(capsys, monkeypatch):
    from lamina.io import checkpoints

    asked = []

    class Watched(checkpoints.Checkpoint):
        def load(self):
            asked.append(("load", Path(self.path).name))
            return super().load()

    monkeypatch.setattr(checkpoints, "Checkpoint", Watched)
    samples = recording(3000)
    np.save("a.npy", samples)
    words = ("fit", "a.npy", *WORDS, "--checkpoint", "fit.checkpoint", "--out", "m.safetensors")
    assert run(capsys, *words)[0] == 0
    assert ("load", "fit.checkpoint") in asked
    assert not Path("fit.checkpoint").exists()
    expected = lamina.ReSU(6, 4, 2).fit(samples).filters_
    np.testing.assert_allclose(load("m.safetensors").filters_, expected, rtol=1e-9)
    code, _, err = run(capsys, "fit", "a.npy", *WORDS, "--checkpoint", "no/such/fit.checkpoint")
    assert (code, err.count("\n")) == (1, 1)
    assert "mkdir -p no/such" in err


# predict


def test_forecasts_are_those_of_the_library(capsys):
    samples = recording()
    samples[100] = np.nan
    unit = lamina.ReSU(6, 4, 2, gap=3, sampling_rate=50.0).fit(samples)
    save(unit, "m.safetensors")
    write_signal("x.csv", samples, channel_names=["left", "right"])
    result = result_of(capsys, "predict", "m.safetensors", "x.csv", "--last", "--out", "last.csv")
    assert (result["channels"], result["steps_ahead"]) == (["left", "right"], [3, 4, 5, 6])
    np.testing.assert_allclose(result["forecast"], unit.predict(samples)[-1], rtol=1e-9)
    np.testing.assert_allclose(
        np.loadtxt("last.csv", delimiter=",", skiprows=1), result["forecast"], rtol=1e-15
    )
    assert result_of(capsys, "predict", "m.safetensors", "x.csv", "--out", "f.npy")["shape"] == [400, 4, 2]
    np.testing.assert_allclose(np.load("f.npy"), unit.predict(samples), rtol=1e-9)
    assert run(capsys, "predict", "m.safetensors", "x.csv", "--out", "f.csv")[0] == 0
    header, *rows = Path("f.csv").read_text().splitlines()
    assert header == "left+3,right+3,left+4,right+4,left+5,right+5,left+6,right+6"
    np.testing.assert_array_equal(
        np.array([row.split(",") for row in rows], float).reshape(400, 4, 2), np.load("f.npy")
    )
    code, out, _ = run(capsys, "predict", "m.safetensors", "x.csv", "--last")
    assert code == 0
    assert out.splitlines()[0] == "x.csv: forecast after sample 399, the last"
    assert out.splitlines()[3].split()[:2] == ["3", "0.06"]


def test_forecasts_of_long_recordings_are_joined_without_a_seam(capsys, monkeypatch):
    samples = recording(1000)
    unit = lamina.ReSU(6, 4, 2).fit(samples)
    save(unit, "m.safetensors")
    np.save("x.npy", samples)
    monkeypatch.setattr("lamina.cli.predict._BLOCK_BYTES", 3200)
    assert run(capsys, "predict", "m.safetensors", "x.npy", "--out", "f.npy")[0] == 0
    np.testing.assert_allclose(np.load("f.npy"), unit.predict(samples), atol=1e-12)


def test_forecasts_that_cannot_be(capsys):
    samples = recording()
    save(lamina.ReSU(6, 4, 2).fit(samples), "m.safetensors")
    save(ReSUNetwork([ReSULayer(3, 2, 1)]).fit(samples), "n.safetensors")
    samples[-2, 0] = np.nan
    np.save("x.npy", samples)
    code, out, err = run(capsys, "predict", "m.safetensors", "x.npy", "--last")
    assert (code, out) == (1, "")
    assert err.startswith("lamina: error: x.npy must be without gaps (NaN) among its last 6 samples")
    code, out, err = run(capsys, "predict", "n.safetensors", "x.npy", "--last")
    assert (code, out) == (2, "")
    assert "n.safetensors must be a ReSU, got a ReSUNetwork" in err


def test_another_sampling_rate_is_said(capsys):
    save(lamina.ReSU(6, 4, 2, sampling_rate=50.0).fit(recording()), "m.safetensors")
    h5py = pytest.importorskip("h5py")
    with h5py.File("a.h5", "w") as file:
        file["x"] = recording()
        file["x"].attrs["sampling_rate"] = 100
    done = subprocess.run(
        [sys.executable, "-m", "lamina.cli", "transform", "m.safetensors", "a.h5", "--out", "z.npy"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "lamina: warning: a.h5 has 100 samples per second, and the model learned from 50" in done.stderr


# inspect


def test_inspect_tells_what_a_model_is(capsys):
    unit = lamina.ReSU(rank=2, sampling_rate=50.0, n_surrogates=19).fit(recording(600))
    save(unit, "m.safetensors")
    found = result_of(capsys, "inspect", "m.safetensors")
    assert (found["kind"], found["class"], found["checksum"]) == ("model", "ReSU", "ok")
    assert (found["format"], found["lamina"]) == (2, lamina.__version__)
    assert (found["channels"], found["n_trials"], found["n_windows"]) == (2, 1, unit.n_windows_)
    assert found["parameters"]["memory"] == "auto"
    assert found["fitted"]["memory"] == unit.memory_
    assert found["units"]["sampling_rate"] == "hertz"
    assert found["canonical_correlations"] == unit.canonical_correlations_.tolist()
    assert found["selection"]["order"] == unit.selection_.order
    assert found["significance"]["p_values"] == unit.significance_.p_values.tolist()
    out = run(capsys, "inspect", "m.safetensors")[1]
    assert max(map(len, out.splitlines())) <= 80
    assert "written by lamina" in out
    assert "hertz" in out
    assert "chosen by the recording" in out


def test_inspect_knows_every_model(capsys):
    samples = recording(600)
    save(ReSUNetwork([ReSULayer(3, 2, 1), ReSULayer(1, 1, 1)]).fit(samples), "n.safetensors")
    save(LocalReSU(3, 2, 1).fit(samples), "l.safetensors")
    assert len(result_of(capsys, "inspect", "n.safetensors")["layers"]) == 2
    assert "layer 2" in run(capsys, "inspect", "n.safetensors")[1]
    found = result_of(capsys, "inspect", "l.safetensors")
    assert (found["class"], found["fitted"]["n_samples"]) == ("LocalReSU", 600)
    assert "600 samples" in run(capsys, "inspect", "l.safetensors")[1].replace("\N{NO-BREAK SPACE}", " ")


def test_inspect_tells_what_a_recording_is(capsys, monkeypatch):
    samples = recording(500)
    samples[100:110, 0] = np.nan
    samples[108:120, 1] = np.nan
    samples[-1] = np.nan
    samples[3, 1] = np.inf
    write_signal("x.csv", samples, channel_names=["left", "right"])
    found = result_of(capsys, "inspect", "x.csv")
    assert (found["kind"], found["shape"], found["dtype"]) == ("recording", [500, 2], "float64")
    assert (found["channel_names"], found["sampling_rate"]) == (["left", "right"], None)
    # the two overlap: together with the last sample they make two stretches
    assert (found["gaps"], found["missing"], found["infinite"]) == (2, [11, 13], [0, 1])
    finite = np.where(np.isfinite(samples), samples, np.nan)
    for name, expected in (
        ("least", np.nanmin(finite, axis=0)),
        ("greatest", np.nanmax(finite, axis=0)),
        ("mean", np.nanmean(finite, axis=0)),
        ("deviation", np.nanstd(finite, axis=0)),
    ):
        np.testing.assert_allclose(found[name], expected, rtol=1e-12)
    from lamina.io import signals

    # in blocks of six samples the same
    monkeypatch.setattr(signals.LazySignal.blocks, "__defaults__", (100,))
    again = result_of(capsys, "inspect", "x.csv")
    for name in ("mean", "deviation"):
        np.testing.assert_allclose(again.pop(name), found.pop(name), rtol=1e-12)
    assert again == found
    out = run(capsys, "inspect", "x.csv")[1]
    assert "gaps: 2 stretches, 21 of 500 samples" in out
    assert "infinite: 1 value" in out


def test_names_are_shown_as_they_are(capsys):
    np.savez("a.npz", x=recording(), smile=recording())
    assert run(capsys, "fit", "a.npz:x", *WORDS)[1].startswith("a.npz:x: 400 samples")
    names = "[red]a[/red],:smile:"
    Path("a.csv").write_text("\n".join([names, *(f"{a},{b}" for a, b in recording())]))
    assert set(names.split(",")) <= set(run(capsys, "inspect", "a.csv")[1].split())
    assert run(capsys, "fit", "a.csv", *WORDS, "--out", "m.safetensors", "--quiet")[0] == 0
    assert set(names.split(",")) <= set(run(capsys, "predict", "m.safetensors", "a.csv", "--last")[1].split())


@pytest.mark.parametrize("model", [lamina.ReSU(6, 4, 2), LocalReSU(6, 4, 2)], ids=["batch", "local"])
def test_inspect_takes_nothing_in_a_file_for_granted(capsys, model):
    save(model.fit(recording()), "m.safetensors")
    description, arrays = read_container("m.safetensors")
    for units in (None, [], "x", {"memory": 3, "gap": "\x1b[2J"}):
        write_container("m.safetensors", {**description, "units": units, "lamina": "\x1b[31m" * 99}, arrays)
        code, out, err = run(capsys, "inspect", "m.safetensors")
        assert (code, err) == (0, "")
        assert "\x1b" not in out
        assert max(map(len, out.splitlines())) < 110
    for count in ("x", None, [1], -1):
        described = {**description, "fitted": {**description["fitted"], "n_trials": count}}
        write_container("m.safetensors", described, arrays)
        code, out, err = run(capsys, "inspect", "m.safetensors")
        assert (code, err.count("\n"), "unexpected" in err) == (1, 1, False)


def test_names_move_no_cursor(capsys):
    Path("a.csv").write_text("\n".join(["\x1b[2Ja,b", *(f"{a},{b}" for a, b in recording())]))
    assert run(capsys, "inspect", "a.csv")[1].count("\x1b") == 0
    assert run(capsys, "fit", "a.csv", *WORDS, "--out", "m.safetensors", "--quiet")[0] == 0
    assert "\x1b" not in run(capsys, "predict", "m.safetensors", "a.csv", "--last")[1]


def test_inspect_refuses_what_is_damaged(capsys):
    save(lamina.ReSU(6, 4, 2).fit(recording()), "m.safetensors")
    whole = Path("m.safetensors").read_bytes()
    Path("m.safetensors").write_bytes(whole.replace(b'\\"gap\\": 1', b'\\"gap\\": 2'))
    code, out, err = run(capsys, "inspect", "m.safetensors")
    assert (code, out) == (1, "")
    assert "its content does not go with its checksum" in err
    assert run(capsys, "inspect", "no.flac")[0] == 1
