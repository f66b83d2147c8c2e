"""Every bad input of a user ends in one line, an exit code, and nothing half-written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from lamina.cli import main

GOOD = np.convolve(np.random.default_rng(0).standard_normal(420), 0.8 ** np.arange(21), "valid")

USAGE, FAILURE = 2, 1


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", GOOD)
    assert main(["fit", "x.npy", "--memory", "4", "--rank", "2", "--out", "m.safetensors", "--quiet"]) == 0
    return tmp_path


def replaced(index, value):
    samples = GOOD.copy()
    samples[index] = value
    return samples


RECORDINGS = {
    "infinite": (replaced(7, np.inf), "must be finite"),
    "minus infinite": (replaced(7, -np.inf), "must be finite"),
    "only gaps": (np.full(100, np.nan), "window"),
    "too many gaps": (replaced(slice(None, None, 5), np.nan), "window"),
    "too short": (GOOD[:8], "long enough|samples"),
    "empty": (GOOD[:0], "sample"),
    "constant": (np.full(100, 3.0), "varies"),
    "constant integers": (np.full(100, 3), "varies"),
    "three axes": (GOOD.reshape(20, 10, 2), "shape"),
    "no axis": (np.float64(3.0), "shape"),
    "no channels": (np.zeros((100, 0)), "channel|shape"),
    "swapped axes": (GOOD.reshape(4, 100), "[Tt]ime is the first axis"),
    "complex": (GOOD + 1j, "real numbers"),
    "text": (np.array(["a", "b"]), "real numbers"),
    "objects": (np.array([1, None]), "not a whole .npy file"),
}


def check_one_line(capsys, words, code, message):
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    assert main([str(word) for word in words]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(rf"lamina: error: [^\n]*({message})[^\n]*\n", printed.err), printed.err
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before
    return printed.err


@pytest.mark.parametrize(("samples", "message"), RECORDINGS.values(), ids=RECORDINGS.keys())
def test_fit_refuses_recordings_by_their_name(capsys, samples, message):
    np.save("bad.npy", samples, allow_pickle=True)
    words = ("fit", "bad.npy", "--memory", 4, "--out", "new.safetensors")
    err = check_one_line(capsys, words, FAILURE, message)
    assert "bad.npy" in err


@pytest.mark.parametrize("kind", ["infinite", "empty", "three axes", "swapped axes", "complex", "objects"])
def test_transform_refuses_recordings_by_their_name(capsys, kind):
    samples, message = RECORDINGS[kind]
    np.save("bad.npy", samples, allow_pickle=True)
    err = check_one_line(
        capsys, ("transform", "m.safetensors", "bad.npy", "--out", "z.npy"), FAILURE, message
    )
    assert "bad.npy" in err


def test_error_names_the_trial_that_it_is_about(capsys):
    np.save("bad.npy", replaced(3, np.inf))
    np.save("wide.npy", np.column_stack([GOOD, GOOD]))
    for name in ("bad.npy", "wide.npy"):
        err = check_one_line(capsys, ("fit", "x.npy", name, "--memory", 4), FAILURE, re.escape(name))
        assert "x.npy" not in err


def test_errors_about_all_trials_name_none_of_them(capsys):
    np.save("a.npy", GOOD[:8])
    np.save("b.npy", GOOD[:9])
    words = ("fit", "a.npy", "b.npy", "--memory", 20, "--horizon", 3)
    check_one_line(capsys, words, FAILURE, "the recordings must be")


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_recordings_without_squares_are_named(capsys, scale):
    np.save("a.npy", GOOD * scale)
    check_one_line(capsys, ("fit", "a.npy", "--memory", "4", "--horizon", "3"), FAILURE, "a.npy must be of")


def test_recordings_of_no_samples_are_not_called_swapped(capsys):
    np.save("a.npy", GOOD[:0].reshape(0, 3))
    assert "transpose" not in check_one_line(capsys, ("fit", "a.npy"), FAILURE, "sample")


def test_other_channels_than_in_the_fit(capsys):
    np.save("wide.npy", np.column_stack([GOOD, GOOD]))
    words = ("transform", "m.safetensors", "wide.npy", "--out", "z.npy")
    check_one_line(capsys, words, FAILURE, r"wide\.npy must be of 1 channel")


FILES = {
    "missing.npy": (None, "no such file"),
    "data.pickle": (b"x", "unknown suffix"),
    "noise.npy": (b"\x00" * 100, "not a whole .npy file"),
    "cut.npz": (b"PK\x03\x04", "not a whole .npz file"),
    "words.csv": (b"a,b\nc,d\n", "which is no number"),
    "ragged.csv": (b"1,2\n3\n", "line 2 has 1 cell"),
    "empty.csv": (b"", "no numbers"),
    "binary.txt": (b"\xff\xfe\x00", "UTF-8"),
    "short.wav": (b"RIFF\x00\x00\x00\x00WAVE", "not a whole .wav file"),
}


@pytest.mark.parametrize(("name", "content", "message"), [(name, *rest) for name, rest in FILES.items()])
def test_files_that_cannot_be_read(capsys, name, content, message):
    if content is not None:
        Path(name).write_bytes(content)
    check_one_line(capsys, ("fit", name, "--memory", 4, "--out", "new.safetensors"), FAILURE, message)


PARAMETERS = {
    "memory 0": (("--memory", 0), "memory must be an integer of at least 1"),
    "memory negative": (("--memory", -3), "memory must be"),
    "memory in words": (("--memory", "long"), "Invalid value for '--memory'"),
    "memory with a fraction": (("--memory", 2.5), "Invalid value for '--memory'"),
    "memory beyond all numbers": (("--memory", 10**30), "neither a whole number nor 'auto'"),
    "rank in words": (("--rank", "all"), "Invalid value for '--rank': 'all' is neither a whole number nor"),
    "criterion": (("--criterion", "bci"), "Did you mean 'bic'"),
    "objective": (("--objective", "ccc"), "Did you mean 'cca'"),
    "ridge": (("--ridge", -1), "ridge must be"),
    "half-life": (("--half-life", 0), "--half-life must be"),
    "surrogates": (("--surrogates", -1), "--surrogates must be .* Choose --surrogates "),
    "seed": (("--surrogates", 20, "--seed", -1), "seed must be"),
    "several rectifications": (("--rectify", "on,off"), "rectify must be"),
    "horizon 0": (("--memory", 4, "--horizon", 0), "horizon must be"),
    "rank 0": (("--memory", 4, "--rank", 0), "rank must be"),
    "rank too high": (("--memory", 4, "--rank", 5), "rank must be at most 4"),
    "gap 0": (("--memory", 4, "--gap", 0), "gap must be"),
    "rectify": (("--memory", 4, "--rectify", "splits"), "Did you mean 'split'"),
    "sampling rate 0": (("--memory", 4, "--sampling-rate", 0), "--sampling-rate must be"),
    "sampling rate infinite": (("--memory", 4, "--sampling-rate", "inf"), "--sampling-rate must be"),
    "unknown option": (("--memory", 4, "--memroy", 5), "No such option"),
    "both": (("--half-life", 99, "--surrogates", 50), "--surrogates must be 0 with a --half-life"),
    "suffix": (("--memory", 4, "--out", "x.npy"), r"--out must be a \.safetensors file"),
}


@pytest.mark.parametrize(("words", "message"), PARAMETERS.values(), ids=PARAMETERS.keys())
def test_parameters_that_cannot_be(capsys, words, message):
    check_one_line(capsys, ("fit", "x.npy", *words), USAGE, message)


def test_memory_that_cannot_be_for_this_recording(capsys):
    for memory in (200, 10**6, 10**15):
        check_one_line(capsys, ("fit", "x.npy", "--memory", memory), FAILURE, r"x\.npy must be long enough")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("transform", "m.safetensors", "x.npy"), "Missing option '--out'"),
        (("transform", "m.safetensors", "x.npy", "--out", "z.wav"), r"--out must be a \.npy or \.csv file"),
        (("transform", "m.safetensors"), "Missing argument 'SIGNAL'"),
        (("forecast",), "No such command 'forecast'"),
        (("predict", "m.safetensors", "x.npy"), "--out must be"),
        (("predict", "m.safetensors", "x.npy", "--out", "f.wav"), r"--out must be a \.npy or \.csv file"),
        (("inspect",), "Missing argument 'FILE'"),
        (("reproduce", "motion", "--seed", -1), "Invalid value for '--seed'"),
        (("reproduce", "motion", "--seeds", 0), "Invalid value for '--seeds'"),
    ],
)
def test_command_lines_that_cannot_be(capsys, words, message):
    check_one_line(capsys, words, USAGE, message)


OUTPUTS = {
    "missing folder": ("no/such/folder/{}", "mkdir -p no/such/folder"),
    "file in place of the folder": ("x.npy/{}", "is a file, not a folder"),
}


@pytest.mark.parametrize(("place", "message"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_outputs_that_cannot_be_written(capsys, place, message):
    model, outputs = place.format("new.safetensors"), place.format("z.npy")
    check_one_line(capsys, ("fit", "x.npy", "--memory", 4, "--out", model), FAILURE, message)
    check_one_line(capsys, ("transform", "m.safetensors", "x.npy", "--out", outputs), FAILURE, message)


def test_inputs_are_never_overwritten(capsys):
    Path("link.npy").symlink_to("x.npy")
    for out in ("x.npy", "./x.npy", "link.npy"):
        check_one_line(
            capsys, ("transform", "m.safetensors", "x.npy", "--out", out), FAILURE, "one of the inputs"
        )


def test_a_checkpoint_is_neither_a_recording_nor_the_model(capsys):
    # without this, the advice would be to remove the recording
    words = ("fit", "x.npy", "--memory", 4, "--horizon", 3, "--rank", 1)
    err = check_one_line(capsys, (*words, "--checkpoint", "x.npy"), FAILURE, "one of the inputs")
    assert "remove" not in err
    both = ("--checkpoint", "new.safetensors", "--out", "./new.safetensors")
    check_one_line(capsys, (*words, *both), FAILURE, "both --checkpoint and --out")


@pytest.mark.parametrize("words", [("--last",), ("--out", "f.npy"), ("--out", "f.csv")])
def test_nothing_follows_from_no_samples(capsys, words):
    np.save("a.npy", GOOD[:0])
    check_one_line(
        capsys, ("predict", "m.safetensors", "a.npy", *words), FAILURE, "a.npy must be at least 1 "
    )


def test_models_that_are_none(capsys):
    Path("cut.safetensors").write_bytes(Path("m.safetensors").read_bytes()[:300])
    for name, message in (
        ("missing", "no such file"),
        ("x.npy", "cannot read x.npy"),
        ("cut.safetensors", "cut short"),
    ):
        check_one_line(capsys, ("transform", name, "x.npy", "--out", "z.npy"), FAILURE, message)


def test_transform_keeps_gaps(capsys):
    np.save("gap.npy", replaced(100, np.nan))
    assert main(["transform", "m.safetensors", "gap.npy", "--out", "z.npy"]) == 0
    missing = np.isnan(np.load("z.npy")).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(missing), [100, 101, 102, 103])


@pytest.mark.skipif(os.name != "posix", reason="needs the limits of POSIX")
def test_disk_that_fills_up():
    """A file size limit stands in for a full disk: the kernel refuses the write half-way, as that does."""
    np.save("long.npy", np.random.default_rng(1).standard_normal(20_000).cumsum())
    program = """
import resource, sys
from lamina.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
sys.exit(main(sys.argv[1:]))
"""
    before = sorted(Path().iterdir())
    for words in (
        ("fit", "long.npy", "--memory", "40", "--out", "new.safetensors"),
        ("transform", "m.safetensors", "long.npy", "--out", "z.npy"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(rf"lamina: error: cannot write {words[-1]}: [^\n]*\n", done.stderr)
        assert sorted(Path().iterdir()) == before


def test_the_real_process_returns_the_code_and_one_line():
    wavfile.write("silent.wav", 8000, np.zeros(1000, dtype=np.int16))
    for words, code in ((("fit", "silent.wav", "--memory", "4"), 1), (("fit", "x.npy", "--memory", "0"), 2)):
        done = subprocess.run(
            [sys.executable, "-m", "lamina.cli", *words], capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stdout) == (code, "")
        assert re.fullmatch(r"lamina: error: [^\n]+\n", done.stderr)


def test_debug_adds_the_traceback(capsys):
    assert main(["fit", "x.npy", "--memory", "0", "--debug"]) == USAGE
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1].startswith("lamina: error: memory must be")


def test_devices_are_not_replaced(capsys):
    Path("z.npy").symlink_to(os.devnull)
    check_one_line(capsys, ("transform", "m.safetensors", "x.npy", "--out", "z.npy"), FAILURE, "a device")
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(os.name != "posix", reason="needs the pipes of POSIX")
def test_pipes_and_devices_are_not_waited_for():
    suffixes = (".csv", ".npy", ".wav", ".h5", ".parquet", ".flac", ".zip", ".safetensors")
    for suffix in suffixes:
        os.mkfifo(f"pipe{suffix}")
        Path(f"device{suffix}").symlink_to("/dev/zero")
    names = [f"{kind}{suffix}" for kind in ("pipe", "device") for suffix in suffixes]
    # in a process of its own, which can be stopped if it waits
    program = """
import sys
from lamina.cli import main
sys.exit(any(main(["inspect", name]) != 1 for name in sys.argv[1:]))
"""
    done = subprocess.run([sys.executable, "-c", program, *names], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert len(re.findall(r"lamina: error: [^\n]* it is a pipe or a device[^\n]*\n", done.stderr)) == len(
        names
    )
