"""`lamina encode` and `lamina decode` as a user meets them."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

import lamina
from lamina.cli import main
from lamina.encoding import CODES, StepForwardConverter
from lamina.io.signals import LazySignal
from lamina.io.spikes import read_spikes

NAMES = ("left", "right")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    t = np.arange(2000) / 1000
    signal = np.stack([np.sin(2 * np.pi * 3 * t), 5 + np.cos(2 * np.pi * 2 * t)], axis=1)
    np.savetxt("two.csv", signal, delimiter=",", header=",".join(NAMES), comments="")
    np.save("two.npy", signal)
    wavfile.write("one.wav", 1000, (signal[:, 0] * 20_000).astype(np.int16))
    return tmp_path


def run(capsys, *words):
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_sound_goes_to_spikes_and_back(capsys, here):
    code, out, err = run(
        capsys, "encode", "one.wav", "--code", "sf", "--threshold", 0.02, "--out", "s.safetensors"
    )
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "2\N{NO-BREAK SPACE}000 samples (2 s at 1000 Hz), 1 channel" in out
    held = read_spikes("s.safetensors")
    rate, sound = wavfile.read("one.wav")
    signal = sound / 2**15
    expected = StepForwardConverter(0.02).encode(signal)
    np.testing.assert_array_equal(held.spikes, expected)
    assert held.sampling_rate == 1000.0
    code, out, err = run(capsys, "decode", "s.safetensors", "--out", "back.wav", "--against", "one.wav")
    assert (code, err) == (0, "")
    rate, back = wavfile.read("back.wav")
    assert (rate, back.dtype, back.shape) == (1000, np.float32, (2000,))
    # the baseline stays within a threshold of a signal this slow
    assert np.abs(back - signal).max() <= 0.0201
    error = np.sqrt(np.mean((back - signal) ** 2))
    assert f"RMSE {error:.4g}" in out


def test_what_is_printed_is_what_was_encoded(capsys):
    words = ("encode", "two.csv", "--code", "sf", "--set", "threshold=0.1,0.2", "--sampling-rate", 1000)
    code, out, err = run(capsys, *words, "--out", "s.safetensors", "--json")
    assert (code, err) == (0, "")
    result = json.loads(out)
    signal = np.load("two.npy")
    spikes = StepForwardConverter([0.1, 0.2]).encode(signal, 0)
    counts = np.abs(spikes).sum(axis=(0, 1))
    assert result["channel_names"] == list(NAMES)
    assert result["spikes"] == counts.tolist()
    np.testing.assert_allclose(result["spikes_per_second"], counts / 2)
    np.testing.assert_allclose(result["sparsity"], 1 - counts / 2000)
    steps = np.array([0.1, 0.2]) * spikes.sum(axis=0)
    decoded = signal[0] + np.cumsum(steps, axis=0)
    error = ((signal - decoded) ** 2).mean(axis=0)
    np.testing.assert_allclose(result["rmse"], np.sqrt(error), rtol=1e-9)
    np.testing.assert_allclose(result["snr_db"], 10 * np.log10(signal.var(axis=0) / error), rtol=1e-9)
    np.testing.assert_allclose(result["r_squared"], 1 - error / signal.var(axis=0), rtol=1e-9)
    assert run(capsys, "decode", "s.safetensors", "-o", "back.csv", "-q") == (0, "", "")
    assert Path("back.csv").read_text().startswith(",".join(NAMES) + "\n")
    np.testing.assert_allclose(np.loadtxt("back.csv", delimiter=",", skiprows=1), decoded, rtol=1e-12)


@pytest.mark.parametrize("kind", CODES, ids=[code.name for code in CODES])
def test_every_code_by_its_name(capsys, kind):
    code, out, err = run(capsys, "encode", "two.csv", "--code", kind.name, "--out", "s.safetensors")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert ("RMSE" in out) == kind.invertible
    held = read_spikes("s.safetensors")
    assert type(held.code) is kind
    code, out, err = run(capsys, "decode", "s.safetensors", "--out", "back.npy")
    if kind.invertible:
        expected = held.code.decode(held.spikes, held.dim)
        assert np.load("back.npy").tobytes() == np.ascontiguousarray(expected).tobytes()
        assert expected.shape == (2000, 2)
    else:
        assert code == 1
        assert err.count("\n") == 1


def test_poor_settings_are_said_with_what_to_do(capsys):
    """The default threshold is half of full scale, which is much for a sound; a constant loses nothing."""
    np.save("faint.npy", np.load("two.npy") / 1000)
    np.save("still.npy", np.ones(50))
    np.save("half.npy", np.stack([np.ones(50), np.sin(np.arange(50))], axis=1))
    end = ("-o", "s.safetensors")
    for words, last in (
        (("one.wav",), "hint: this setting loses much; --optimize 100 looks for a better one"),
        (("faint.npy",), "hint: nothing crosses the threshold; --optimize 100 looks for a better one"),
        (("one.wav", "--optimize", 5), None),
        (("one.wav", "--threshold", 0.02), None),
        (("one.wav", "--code", "rate"), None),
        (("still.npy",), None),
    ):
        code, out, err = run(capsys, "encode", *words, *end)
        assert (code, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 80
        assert out.splitlines()[-1] == last if last else "hint" not in out, words
    # a channel that is constant has no share in the means
    out = run(capsys, "encode", "half.npy", "--threshold", 0.1, *end)[1]
    assert "nan" not in out.split("channel ")[0]
    result = json.loads(run(capsys, "encode", "half.npy", "--threshold", 0.1, *end, "--json")[1])
    assert f"R² {result['r_squared'][1]:.4f} (means); worst in ch1" in out


def test_optimize_finds_what_fit_finds(capsys):
    words = ("--code", "sf", "--optimize", 8, "--seed", 3, "--out", "s.safetensors")
    code, out, err = run(capsys, "encode", "two.csv", *words)
    assert (code, err) == (0, "")
    expected = StepForwardConverter().fit(np.load("two.npy"), 0, trials=8, seed=3)
    held = read_spikes("s.safetensors")
    np.testing.assert_array_equal(held.code.parameters_["threshold"], expected.parameters_["threshold"])
    least, most = (float(end(expected.parameters_["threshold"])) for end in (np.min, np.max))
    found = f"found: threshold from {least:.4g} to {most:.4g}, a value for each channel"
    assert found in out.splitlines()
    assert found in run(capsys, "inspect", "s.safetensors")[1].splitlines()


def test_saved_codes_and_their_scaling_are_used(capsys):
    signal = np.load("two.npy")
    code = next(kind for kind in CODES if kind.name == "lif")(0.3, 0.5).fit(2 * signal - [0, 5], 0, trials=0)
    lamina.save(code, "code.safetensors")
    assert run(capsys, "encode", "two.npy", "--code", "code.safetensors", "-o", "s.safetensors", "-q")[0] == 0
    np.testing.assert_array_equal(read_spikes("s.safetensors").spikes, code.encode(signal, 0))
    code, _, err = run(
        capsys,
        "encode",
        "two.npy",
        "--code",
        "code.safetensors",
        "--set",
        "threshold=1",
        "-o",
        "s.safetensors",
    )
    assert code == 2
    assert err.startswith("lamina: error: --set must be left out")


@pytest.mark.parametrize("name", ["sf", "lif", "sigma-delta"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_pieces_make_the_spikes_of_the_whole(capsys, monkeypatch, name, dtype):
    np.save("long.npy", np.round(np.load("two.npy") * 50).astype(dtype))
    words = ("encode", "long.npy", "--code", name, "--threshold", 2, "--out")
    whole = json.loads(run(capsys, *words, "whole.safetensors", "--json")[1])
    monkeypatch.setattr("lamina.cli.recordings.IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(LazySignal.blocks, "__defaults__", (1000,))
    code, out, err = run(capsys, *words, "pieces.safetensors")
    assert (code, err) == (0, "")
    assert "not compared (read and encoded in pieces)" in out
    one, other = read_spikes("whole.safetensors"), read_spikes("pieces.safetensors")
    assert sum(whole["spikes"]) == len(one.events) > 0
    assert one.spikes.tobytes() == other.spikes.tobytes()
    assert one.dtype == other.dtype
    for part in ("minimum", "maximum", "initial"):
        expected, found = (getattr(held.code.scaling_, part) for held in (one, other))
        np.testing.assert_array_equal(expected, found)


def test_long_recordings_take_the_memory_of_their_spikes(monkeypatch):
    import tracemalloc

    from lamina.cli.encoding_pieces import encode_in_pieces
    from lamina.io import open_signal

    np.save("long.npy", np.zeros((3_000_000, 2), np.float32) + np.arange(3_000_000)[:, None] // 10_000)
    code = StepForwardConverter(0.5)
    code.encode(np.zeros(3, np.float32))
    with open_signal(Path("long.npy")) as recording:
        tracemalloc.start()
        events = encode_in_pieces(code, recording, None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # all steps but the last, which is not above the threshold
    assert len(events) == 2 * (2 * 299 - 1)
    # less than the spikes of all samples at once, which are four times the recording
    assert peak < 0.5 * Path("long.npy").stat().st_size * 4


def test_events_for_other_programs(capsys):
    assert run(capsys, "encode", "two.csv", "--threshold", 0.1, "--out", "events.csv", "-q") == (0, "", "")
    table = np.loadtxt("events.csv", delimiter=",", skiprows=1, dtype=int)
    up, down = StepForwardConverter(0.1).encode(np.load("two.npy"), 0)
    dense = np.zeros((2000, 2))
    dense[table[:, 0], table[:, 1]] = table[:, 2]
    np.testing.assert_array_equal(dense, up + down)
    assert run(capsys, "encode", "one.wav", "--threshold", 0.1, "--out", "events.npz", "-q")[0] == 0
    with np.load("events.npz") as archive:
        assert archive["sampling_rate"] == 1000.0


def test_inspect_says_what_is_in_such_files(capsys):
    run(capsys, "encode", "one.wav", "--threshold", 0.1, "--out", "s.safetensors", "-q")
    code, out, err = run(capsys, "inspect", "s.safetensors")
    assert (code, err) == (0, "")
    assert "spikes, written by lamina" in out
    assert "(2 s at 1000 Hz)" in out
    result = json.loads(run(capsys, "inspect", "s.safetensors", "--json")[1])
    assert (result["kind"], result["n_spikes"]) == ("spikes", len(read_spikes("s.safetensors").events))
    lamina.save(StepForwardConverter(0.25).fit(np.load("two.npy"), 0, trials=0), "code.safetensors")
    code, out, err = run(capsys, "inspect", "code.safetensors")
    assert (code, err) == (0, "")
    assert "StepForwardConverter(threshold=0.25, down_spike=True)" in out
    assert "fitted to values from -1 to 6" in out
    assert json.loads(run(capsys, "inspect", "code.safetensors", "--json")[1])["kind"] == "code"


def write_gap():
    signal = np.load("two.npy")
    signal[7, 1] = np.nan
    np.save("gap.npy", signal)
    np.save("constant.npy", np.ones((50, 2)))
    np.save("wide.npy", np.zeros((3, 5)))
    noise = np.random.default_rng(1).standard_normal((200, 2))
    lamina.save(lamina.ReSU(2, 2, 1).fit(noise), "model.safetensors")
    lamina.save(StepForwardConverter(), "code.safetensors")


WRONG = [
    (("two.csv", "--code", "step", "-o", "s.safetensors"), 2, "--code must be one of sf, lif, "),
    (("two.csv", "--set", "gain=1", "-o", "s.safetensors"), 2, "--set must be NAME=VALUE"),
    (("two.csv", "--set", "threshold", "-o", "s.safetensors"), 2, "--set must be NAME=VALUE"),
    (("two.csv", "--threshold", -1, "-o", "s.safetensors"), 2, "--threshold must be a finite number above 0"),
    (("two.csv", "--threshold", "high", "-o", "s.safetensors"), 2, "--threshold must be"),
    (("two.csv", "--threshold", "1,2,3", "-o", "s.safetensors"), 1, "--threshold must be one number"),
    (("two.csv", "--optimize", -1, "-o", "s.safetensors"), 2, "--optimize must be an integer of at least 0"),
    (("two.csv", "--sampling-rate", 0, "-o", "s.safetensors"), 2, "--sampling-rate must be"),
    (("two.csv", "--seed", -1, "--optimize", 2, "-o", "s.safetensors"), 2, "--seed must be"),
    (("two.csv", "-o", "s.txt"), 2, "--out must be a .safetensors or .csv or .npz file"),
    (("two.csv", "-o", "two.csv"), 1, "it is one of the inputs"),
    (("two.csv", "-o", "no/s.safetensors"), 1, "folder does not exist"),
    (("none.csv", "-o", "s.safetensors"), 1, "no such file"),
    (("gap.npy", "-o", "s.safetensors"), 1, "gap.npy must be finite, got 1 value(s) of NaN in channel 1"),
    (("constant.npy", "--code", "lif", "-o", "s.safetensors"), 1, "constant.npy must be of a range above 0"),
    (("wide.npy", "-o", "s.safetensors"), 1, "transpose"),
    (("two.csv", "--code", "model.safetensors", "-o", "s.safetensors"), 1, "it holds a ReSU"),
    (("two.csv",), 2, "Missing option"),
]


@pytest.mark.parametrize(("words", "expected", "message"), WRONG, ids=map(str, range(len(WRONG))))
def test_wrong_words_for_encode_are_one_line_and_write_nothing(capsys, here, words, expected, message):
    write_gap()
    before = sorted(here.iterdir())
    code, out, err = run(capsys, "encode", *words)
    assert (code, out) == (expected, "")
    assert err.startswith("lamina: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(here.iterdir()) == before


def test_gaps_are_named_in_long_recordings_too(capsys, monkeypatch):
    write_gap()
    monkeypatch.setattr("lamina.cli.recordings.IN_MEMORY_BYTES", 0)
    code, _, err = run(capsys, "encode", "gap.npy", "-o", "s.safetensors")
    assert code == 1
    assert "gap.npy must be finite, got a value of NaN or infinity in sample 7" in err


def test_wrong_words_for_decode(capsys, here):
    write_gap()
    run(capsys, "encode", "two.csv", "-o", "s.safetensors", "-q")
    before = sorted(here.iterdir())
    for words, expected, message in (
        (("two.csv", "-o", "b.npy"), 1, "cannot read two.csv"),
        (("model.safetensors", "-o", "b.npy"), 1, "holds no spikes, but a 'ReSU'"),
        (("code.safetensors", "-o", "b.npy"), 1, "holds no spikes, but a 'StepForwardConverter'"),
        (("s.safetensors", "-o", "b.mp3"), 2, "--out must be a .wav or .npy or .csv file"),
        (("s.safetensors", "-o", "b.npy", "--against", "b.npy"), 1, "it is one of the inputs"),
        (("s.safetensors", "-o", "b.wav"), 2, "--sampling-rate must be given for a .wav file"),
        (("s.safetensors", "-o", "b.wav", "--sampling-rate", 0.5), 2, "--sampling-rate must be"),
        (
            ("s.safetensors", "-o", "b.wav", "--sampling-rate", 10.5),
            2,
            "--sampling-rate must be a whole number",
        ),
        (
            ("s.safetensors", "-o", "b.npy", "--against", "one.wav"),
            1,
            "one.wav must be the recording that was",
        ),
    ):
        code, out, err = run(capsys, "decode", *words)
        assert (code, out, message in err) == (expected, "", True), err
        assert err.count("\n") == 1
    assert sorted(here.iterdir()) == before


def test_codes_are_no_models(capsys):
    write_gap()
    for command, more in (("transform", ("-o", "z.npy")), ("predict", ("-o", "z.npy"))):
        code, _, err = run(capsys, command, "code.safetensors", "two.npy", *more)
        assert code == 1
        assert "it holds the spike code StepForwardConverter" in err


def test_help_of_both_teaches_at_80_columns(capsys):
    for command in ("encode", "decode"):
        code, out, err = run(capsys, command, "--help")
        assert (code, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 80
    out = " ".join(run(capsys, "encode", "--help")[1].split())
    # every code is named there, and none that is not
    said = out[out.index("Codes: ") + 7 : out.index("; lamina compare")].replace(" and", ",")
    assert {name.strip() for name in said.split(",")} - {""} == {code.name for code in CODES}
