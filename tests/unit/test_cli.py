"""The command line as a user meets it: what it prints, what it returns, and what it leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

import lamina
from lamina.cli import main
from lamina.errors import RankDeficientWarning
from lamina.io import load

posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals and limits of POSIX")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    return tmp_path


def recording(samples=500, channels=1, seed=0):
    noise = np.random.default_rng(seed).standard_normal((samples + 20, channels))
    return np.stack([np.convolve(column, 0.8 ** np.arange(21), "valid") for column in noise.T], axis=1)


def run(capsys, *words):
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def lamina_process(*words, **settings):
    return subprocess.run(
        [sys.executable, "-m", "lamina.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        **settings,
    )


# what it says of itself


@pytest.mark.parametrize(
    "words",
    [(), *((name, "--help") for name in ("fit", "predict", "inspect", "reproduce")), ("transform", "-h")],
)
def test_help_teaches_at_80_columns(capsys, words):
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    # an example stands on one line, so that it can be copied
    assert any(re.match(r"^ *lamina \w+ .*--\w+", line) for line in lines)


def test_help_tells_units(capsys):
    out = run(capsys, "fit", "--help")[1]
    assert "SAMPLES" in out
    assert "HERTZ" in out
    assert "DEGREES" in run(capsys, "reproduce", "--help")[1]


def test_help_loads_nothing_heavy():
    code = """
import sys
from lamina.cli import main
commands = ("fit", "transform", "predict", "inspect", "reproduce")
for words in (["--help"], *([name, "--help"] for name in commands), ["--version"]):
    assert main(words) == 0
heavy = {"numpy", "scipy", "sklearn", "matplotlib", "torch", "PIL", "lamina.resu", "lamina.experiments"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"lamina {lamina.__version__}\n", "")


def test_script_and_module_are_the_same():
    script = Path(sys.executable).with_name("lamina")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout == lamina_process("--version").stdout == f"lamina {lamina.__version__}\n"


# fit and transform


def test_fit_then_transform_is_what_the_library_does(capsys):
    samples = recording(channels=2)
    np.save("x.npy", samples)
    code, out, err = run(
        capsys, "fit", "x.npy", "--memory", 6, "--horizon", 4, "--rank", 2, "--gap", 2, "--rectify", "split",
        "--sampling-rate", 100, "--out", "m.safetensors",
    )  # fmt: skip
    assert (code, err) == (0, "")
    unit = lamina.ReSU(6, 4, 2, gap=2, rectify="split", sampling_rate=100.0).fit(samples)
    for correlation in unit.canonical_correlations_:
        assert f"{correlation:.4f}" in out
    assert "m.safetensors" in out
    assert "490 windows" in out.replace("\N{NO-BREAK SPACE}", " ")
    saved = load("m.safetensors")
    assert saved.get_params() == unit.get_params()
    assert saved.filters_.tobytes() == unit.filters_.tobytes()
    for name in ("z.npy", "z.csv"):
        code, out, err = run(capsys, "transform", "m.safetensors", "x.npy", "--out", name)
        assert (code, err) == (0, "")
        assert out == f"{name}: 500 x 4 (time x outputs)\n"
    np.testing.assert_array_equal(np.load("z.npy"), unit.transform(samples))
    assert Path("z.csv").read_text().splitlines()[0] == ",".join(unit.get_feature_names_out())
    np.testing.assert_array_equal(np.loadtxt("z.csv", delimiter=",", skiprows=1), unit.transform(samples))


def test_what_is_not_given_the_recording_chooses(capsys):
    np.save("x.npy", recording(2000))
    code, out, err = run(capsys, "fit", "x.npy", "--out", "m.safetensors")
    assert (code, err) == (0, "")
    unit = lamina.ReSU().fit(np.load("x.npy"))
    words = " ".join(out.split())
    assert " ".join(str(unit.selection_).split()) in words
    assert f"memory {unit.memory_}, horizon {unit.horizon_}, rank {unit.rank_}" in words
    assert max(map(len, out.splitlines())) <= 80
    assert load("m.safetensors").selection_.order == unit.selection_.order
    result = json.loads(run(capsys, "fit", "x.npy", "--memory", 7, "--rank", "auto", "--json")[1])
    assert (result["parameters"]["memory"], result["parameters"]["horizon"]) == (7, "auto")
    assert result["fitted"]["memory"] == 7
    assert result["selection"]["rank"] >= result["fitted"]["rank"]
    assert result["model"] is None


def test_what_is_given_is_not_said_to_be_chosen(capsys):
    np.save("x.npy", recording())
    for option, other in (("memory", "horizon"), ("horizon", "memory")):
        words = " ".join(run(capsys, "fit", "x.npy", f"--{option}", 9)[1].split())
        assert re.search(
            rf"chosen by the recording: {option} 9 as given, {other} (\d+): twice the order", words
        )


def test_every_parameter_arrives(capsys):
    np.save("x.npy", recording(channels=2))
    words = "--memory 4 --horizon 3 --rank 2 --criterion bic --objective rrr --no-center --ridge 0.1"
    words += " --surrogates 19 --seed 3 --json"
    code, out, _ = run(capsys, "fit", "x.npy", *words.split())
    assert code == 0
    result = json.loads(out)
    given = {"memory": 4, "horizon": 3, "rank": 2, "criterion": "bic", "objective": "rrr", "center": False}
    given |= {"ridge": 0.1, "n_surrogates": 19, "seed": 3}
    assert {name: result["parameters"][name] for name in given} == given
    assert result["significance"]["n_surrogates"] == 19
    assert len(result["significance"]["p_values"]) == 2


def test_a_half_life_arrives_and_has_no_surrogates(capsys):
    np.save("x.npy", recording())
    words = ("--memory", 4, "--horizon", 3, "--rank", 2, "--half-life", 300)
    code, out, _ = run(capsys, "fit", "x.npy", *words, "--json")
    assert code == 0
    assert json.loads(out)["parameters"]["half_life"] == 300.0
    code, _, err = run(capsys, "fit", "x.npy", *words, "--surrogates", 19)
    assert code == 2
    assert "--surrogates must be 0 with a --half-life" in err


def test_surrogates_add_p_values_to_the_table(capsys):
    np.save("x.npy", recording(1000))
    words = ("--memory", 3, "--horizon", 3, "--rank", 2, "--surrogates", 39, "--out", "m.safetensors")
    out = run(capsys, "fit", "x.npy", *words)[1]
    significance = load("m.safetensors").significance_
    assert "standard error" in out
    assert f"{significance.p_values[0]:.3g}" in out
    assert f"{significance.n_significant} of 2 units significant at 0.05 (circular shift, 39 surrog" in out


def test_several_recordings_are_trials(capsys):
    np.save("a.npy", recording(300))
    np.savetxt("b.csv", recording(200, seed=1))
    code, out, _ = run(capsys, "fit", "a.npy", "b.csv", "--memory", 3, "--horizon", 2, "--json")
    assert code == 0
    assert json.loads(out)["n_windows"] == 300 - 4 + 200 - 4


def test_sound_brings_its_sampling_rate(capsys):
    wavfile.write("a.wav", 8000, (recording()[:, 0] * 1000).astype(np.int16))
    assert (
        json.loads(run(capsys, "fit", "a.wav", "--memory", 40, "--json")[1])["parameters"]["sampling_rate"]
        == 8000
    )
    assert "memory 40 (0.005 s)" in run(capsys, "fit", "a.wav", "--memory", 40)[1]
    given = run(capsys, "fit", "a.wav", "--memory", 4, "--sampling-rate", 50, "--json")[1]
    assert json.loads(given)["parameters"]["sampling_rate"] == 50
    wavfile.write("b.wav", 16_000, (recording()[:, 0] * 1000).astype(np.int16))
    code, _, err = run(capsys, "fit", "a.wav", "b.wav", "--memory", 4)
    assert code == 2
    assert "8000 Hz, 16000 Hz" in err


def test_gaps_and_integers_are_read_as_they_are_meant(capsys):
    Path("x.csv").write_text("\n".join("" if i == 50 else str(i * i % 17) for i in range(100)) + "\n")
    result = json.loads(run(capsys, "fit", "x.csv", "--memory", 3, "--horizon", 2, "--json")[1])
    # windows of 5 samples, in a run of 50 and one of 49
    assert result["n_windows"] == 46 + 45


def test_quiet_and_json(capsys):
    np.save("x.npy", recording())
    words = ("fit", "x.npy", "--memory", 4, "--horizon", 4, "--rank", 1, "--out", "m.safetensors")
    assert run(capsys, *words, "--quiet") == (0, "", "")
    code, out, err = run(capsys, *words, "--json", "--quiet")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    result = json.loads(out)
    assert result["signals"] == ["x.npy"]
    assert (result["n_samples"], result["n_windows"], result["model"]) == (500, 493, "m.safetensors")
    assert result["canonical_correlations"] == load("m.safetensors").canonical_correlations_.tolist()
    assert run(capsys, "transform", "m.safetensors", "x.npy", "--out", "z.npy", "--quiet") == (0, "", "")
    result = json.loads(run(capsys, "transform", "m.safetensors", "x.npy", "--out", "z.npy", "--json")[1])
    assert result == {"model": "m.safetensors", "signal": "x.npy", "out": "z.npy", "shape": [500, 1]}


def test_warnings_are_one_line():
    np.save("x.npy", np.repeat(recording(), 2, axis=1))
    done = lamina_process("fit", "x.npy", "--memory", 1, "--rank", 2)
    assert done.returncode == 0
    assert re.fullmatch(r"lamina: warning: [^\n]*rank[^\n]*\n", done.stderr)


def test_outputs_without_unicode(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    np.save("\N{GREEK SMALL LETTER PSI}.npy", recording(3000))
    done = lamina_process("fit", "\N{GREEK SMALL LETTER PSI}.npy", "--memory", 4)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("?.npy: 3?000 samples")


def test_warning_settings_of_the_caller_hold(capsys):
    np.save("x.npy", np.repeat(recording(), 2, axis=1))
    with pytest.warns(RankDeficientWarning):
        lamina.ReSU(1, 1, 2).fit(np.load("x.npy"))
    assert run(capsys, "fit", "x.npy", "--memory", 1, "--rank", 2)[0] == 0


# in a terminal, in a pipe, and when it is stopped


def in_a_terminal(*words):
    """Run with the standard error in a terminal; return what the output and the terminal showed."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "lamina.cli", *words],
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
        check=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        # a terminal whose other end is closed reads as an error on Linux
        pass
    os.close(ours)
    return done.stdout.decode(), shown.decode()


def test_progress_shows_in_a_terminal_only():
    np.save("x.npy", recording())
    out, shown = in_a_terminal("fit", "x.npy", "--memory", "4", "--json")
    json.loads(out)
    assert "fitting" in shown
    assert in_a_terminal("fit", "x.npy", "--memory", "4", "--quiet") == ("", "")


@posix
def test_broken_pipe_is_quiet():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "lamina.cli", "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("words", [("--version",), ("reproduce",), ("reproduce", "--json")])
def test_full_standard_output_is_one_line(words):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lamina.cli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    named = "" if words == ("--version",) else "cannot write to the standard output: "
    assert re.fullmatch(rf"lamina: error: [^\n]*{named}No space left on device\n", done.stderr)


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_leaves_nothing_half_written(number, code):
    # whoever runs the tests in the background may have them ignore SIGINT, and processes inherit that
    program = """
import signal, sys, time
from types import SimpleNamespace
from lamina import experiments
from lamina.cli import main
from lamina.io import atomic_folder

signal.signal(signal.SIGINT, signal.default_int_handler)

def reproduce(out, **_):
    with atomic_folder(out) as partial:
        (partial / "half").write_text("half")
        print("ready", flush=True)
        time.sleep(60)

experiments.REGISTRY = {"slow": SimpleNamespace(name="slow", summary="", reproduce=reproduce)}
sys.exit(main(["reproduce", "slow", "--out", "result"]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err.count("\n") == (1 if number == signal.SIGINT else 0)
    assert list(Path().iterdir()) == []
