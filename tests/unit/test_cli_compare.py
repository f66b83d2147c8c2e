"""``lamina compare`` as a user meets it."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from PIL import Image
from scipy.io import wavfile

from lamina.cli import compare, main
from lamina.encoding import StepForwardConverter
from lamina.encoding.comparing import compare as compare_codes
from lamina.encoding.comparison import MEASURES


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    return tmp_path


def walk(samples=300, channels=2, seed=0):
    return np.cumsum(np.random.default_rng(seed).standard_normal((samples, channels)), axis=0)


def run(capsys, *words):
    code = main(["compare", *map(str, words)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_table_is_that_of_the_library_at_80_columns(capsys, here):
    np.save(here / "x.npy", walk())
    code, out, err = run(capsys, "x.npy", "--codes", "sf, lif", "--trials", "8")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "x.npy: all 300 samples"
    assert max(map(len, lines)) <= 80
    alone = str(compare_codes(walk().T, codes=["sf", "lif"], trials=8)).splitlines()
    # all but the seconds
    assert [line.split()[:-1] for line in lines[1:6]] == [line.split()[:-1] for line in alone[:5]]


def test_json_holds_every_channel_and_the_curve(capsys, here):
    np.save(here / "x.npy", walk())
    code, out, err = run(capsys, "x.npy", "--codes", "sf", "--trials", "8", "--sampling-rate", "50", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    expected = compare_codes(walk().T, codes=["sf"], trials=8, sampling_rate=50.0)["sf"]
    (row,) = found["codes"]
    for name in MEASURES:
        np.testing.assert_allclose(row[name], expected.measures[name])
    np.testing.assert_allclose(row["parameters"]["threshold"], expected.parameters["threshold"])
    np.testing.assert_allclose(row["curve"]["error"], expected.curve.error)
    assert (found["first_sample"], found["n_samples"], found["channels"]) == (0, 300, ["ch0", "ch1"])


def test_table_and_picture_are_written(capsys, here):
    (here / "x.csv").write_text("left,right\n" + "\n".join(f"{a},{b}" for a, b in walk().tolist()))
    words = ("x.csv", "--codes", "sf,pwm", "--trials", "8", "--out", "c.csv", "--plot")
    code, out, err = run(capsys, *words, "c.png")
    assert (code, err) == (0, "")
    assert out.splitlines()[-2:] == ["table: c.csv", "picture: c.png"]
    with (here / "c.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["code"], row["channel"]) for row in rows] == [
        ("sf", "left"),
        ("sf", "right"),
        ("pwm", "left"),
        ("pwm", "right"),
    ]
    # the numbers can be used: the threshold of the file gives the error of the file
    signal = walk()[:, 1]
    sf = StepForwardConverter(float(rows[1]["parameters"].removeprefix("threshold=")))
    decoded = sf.decode(sf.encode(signal), initial_value=signal[0])
    assert float(rows[1]["rmse"]) == pytest.approx(np.sqrt(np.mean((decoded - signal) ** 2)), rel=1e-9)
    with Image.open(here / "c.png") as picture:
        assert picture.size[0] > 500
    assert run(capsys, *words, "c.svg")[0] == 0
    assert (here / "c.svg").read_text().startswith("<?xml")
    assert sorted(path.name for path in here.iterdir()) == ["c.csv", "c.png", "c.svg", "x.csv"]


def test_what_is_taken_of_a_long_recording_is_said(capsys, here):
    np.save(here / "x.npy", walk(10_050, 10))
    out = run(capsys, "x.npy", "--codes", "sf", "--trials", "1")[1]
    assert out.splitlines()[0] == "x.npy: samples 0 to 9999 of 10050, the first 8 channels of 10"


def test_channel_and_time_are_taken(capsys, here):
    wavfile.write(here / "x.wav", 1000, walk(5000).astype(np.float32))
    words = ("x.wav", "--codes", "sf", "--trials", "8", "--channel", "1", "--json")
    found = json.loads(run(capsys, *words, "--seconds", "1..1.5")[1])
    assert (found["first_sample"], found["n_samples"], found["sampling_rate"]) == (1000, 500, 1000)
    signal = walk(5000).astype(np.float32)[1000:1500, 1]
    expected = compare_codes(signal[None], codes=["sf"], trials=8, sampling_rate=1000.0)["sf"]
    np.testing.assert_allclose(found["codes"][0]["rmse"], expected.measures["rmse"])
    by_samples = json.loads(run(capsys, *words, "--samples", "1000..1500")[1])
    assert by_samples["codes"][0]["rmse"] == found["codes"][0]["rmse"]
    said = run(capsys, *words[:-1], "--samples", "4990..")[1].splitlines()[0]
    assert said == "x.wav: samples 4990 to 4999 of 5000 (4.99 to 5 s), channel ch1 of 2"


def test_a_code_that_cannot_encode_is_said_with_its_reason(capsys, here):
    np.save(here / "x.npy", np.ones(50))
    code, out, err = run(capsys, "x.npy", "--codes", "lif", "--trials", "2", "--out", "c.csv")
    assert (code, err) == (0, "")
    assert "could not encode this signal:" in out
    assert "a constant (1 to 1)" in (here / "c.csv").read_text()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("x.npy", "--codes", "sg"), 2, "--codes must be one of sf"),
        (("x.npy", "--codes", ","), 2, "--codes must be a sequence of names"),
        (("x.npy", "--codes", "sf,sf"), 2, "--codes must be of each code one"),
        (("x.npy", "--trials", "0"), 2, "--trials must be"),
        (("x.npy", "--seed", "-1"), 2, "--seed must be"),
        (("x.npy", "--sampling-rate", "0"), 2, "--sampling-rate must be"),
        (("x.npy", "--channel", "2"), 2, "--channel must be a name or a number from 0 to 1"),
        (("x.npy", "--seconds", "1..2"), 2, "x.npy, which does not say it"),
        (("x.npy", "--seconds", "1..2", "--samples", "1..2"), 2, "--samples as well"),
        (("x.npy", "--samples", "400..500"), 2, "--samples must be a range within the recording, 0..300"),
        (("x.npy", "--samples", "20..10"), 2, "--samples must be a range within the recording, 0..300"),
        (("x.npy", "--samples", "ten"), 2, "'ten' is no range such as 5..15"),
        (("x.npy", "--out", "c.txt"), 2, "--out must be a .csv file"),
        (("x.npy", "--plot", "c.pdf"), 2, "--plot must be a .png or .svg file"),
        (("x.npy", "--plot", "missing/c.png"), 1, "missing"),
        (("none.npy",), 1, "none.npy"),
        (("gap.npy",), 1, "gap.npy must be finite, got 1 value(s) of NaN in channel 1"),
        (("empty.npy",), 1, "empty.npy must be at least 1 sample(s) long"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_mistakes_cost_one_line(capsys, here, words, code, message):
    np.save(here / "x.npy", walk())
    gap = walk()
    gap[3, 1] = np.nan
    np.save(here / "gap.npy", gap)
    np.save(here / "empty.npy", np.zeros(0))
    found, out, err = run(capsys, *words)
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["empty.npy", "gap.npy", "x.npy"]


def test_help_teaches_at_80_columns(capsys):
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "lamina compare recording.wav --plot comparison.png" in out


def test_nothing_is_printed_when_quiet(capsys, here):
    np.save(here / "x.npy", walk())
    assert run(capsys, "x.npy", "--codes", "sf", "--trials", "2", "--quiet") == (0, "", "")


def test_ranges_are_read_and_refused():
    assert compare.span("3..4.5") == (3.0, 4.5)
    assert compare.span("..") == (None, None)
    for wrong in ("3", "3...4", "-1..2", "nan..2", "1..inf"):
        with pytest.raises(typer.BadParameter):
            compare.span(wrong)


def test_a_name_of_a_channel_comes_before_its_number():
    trial = SimpleNamespace(samples=np.zeros((5, 2)), channel_names=("1", "0"))
    assert compare._channels(trial, "1") == ([0], ["1"])
