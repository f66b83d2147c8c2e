"""`lamina reproduce` on a registry of its own: the table, the report, and every way to fail."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from lamina import experiments
from lamina.cli import main
from lamina.errors import OutputError
from lamina.experiments.claims import near
from lamina.io import atomic_folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    return tmp_path


def run(capsys, *words):
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@dataclass
class Reproduction:
    metrics: dict
    table: list
    report: Path | None
    claims: list = field(default_factory=list)


@dataclass
class Experiment:
    name: str = "motion"
    summary: str = "Direction selectivity from photographs."
    rows: list = field(default_factory=list)
    metrics: dict = field(default_factory=dict)
    claims: list = field(default_factory=list)
    failure: BaseException | None = None
    seen: dict = field(default_factory=dict)

    def reproduce(self, out, **settings):
        self.seen.update(settings, out=out)
        if settings["progress"] is not None:
            settings["progress"](0.5, "learning")
        report = None
        if out is not None:
            with atomic_folder(out) as partial:
                (partial / "report.html").write_text("<html>")
                if self.failure is not None:
                    raise self.failure
            report = out / "report.html"
        return Reproduction(self.metrics, [("Layer 1", self.rows)], report, self.claims)


@pytest.fixture
def experiment(monkeypatch):
    fake = Experiment(
        rows=[("sigma 1", 0.9961234, 0.99, True), ("[L3] kept", "88 %", None, None)], metrics={"s": 1.0}
    )
    monkeypatch.setattr(
        experiments, "REGISTRY", {"motion": fake, "ou": Experiment("ou", "OU.")}, raising=False
    )
    return fake


def test_reproduce_lists_what_there_is(capsys, experiment):
    code, out, err = run(capsys, "reproduce")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["motion", "ou"]
    assert json.loads(run(capsys, "reproduce", "--json")[1])["experiments"]["motion"] == experiment.summary


def test_reproduce_prints_the_table_and_the_report(capsys, experiment):
    code, out, err = run(capsys, "reproduce", "motion", "--out", "result", "--seed", 3, "--seeds", 2)
    assert (code, err) == (0, "")
    assert re.search(r"^ *sigma 1 +0\.9961 +0\.99 +ok", out, re.MULTILINE)
    assert re.search(r"^ *\[L3\] kept +88 % *$", out, re.MULTILINE)
    assert out.splitlines()[-1] == f"report: {Path('result') / 'report.html'}"
    assert experiment.seen == {
        "out": Path("result"), "seed": 3, "n_seeds": 2, "quick": False, "images": None,
        "field_of_view_deg": None, "progress":
        None,
    }  # fmt: skip


def test_reproduce_without_a_folder(capsys, experiment):
    code, out, _ = run(capsys, "reproduce", "motion")
    assert (code, experiment.seen["out"], experiment.seen["seed"]) == (0, None, 0)
    assert "--out DIR" in out


def test_reproduce_passes_images_on(capsys, experiment):
    assert run(capsys, "reproduce", "motion", "--images", "pictures", "--field-of-view", 60)[0] == 0
    assert (experiment.seen["images"], experiment.seen["field_of_view_deg"]) == (Path("pictures"), 60.0)
    for words in (("--images", "pictures"), ("--field-of-view", 60)):
        code, out, err = run(capsys, "reproduce", "motion", *words)
        assert (code, out) == (2, "")
        assert "must be given together" in err


def test_number_that_is_off(capsys, experiment):
    experiment.rows.append(("sigma 2", 0.5, "0.85", False))
    code, out, err = run(capsys, "reproduce", "motion", "--out", "result")
    assert code == 1
    assert re.search(r"sigma 2 +0\.5 +0\.85 +OFF", out)
    assert err == "lamina: error: 1 checked number is off: sigma 2\n"
    assert Path("result/report.html").exists()
    code, out, err = run(capsys, "reproduce", "motion", "--json")
    assert code == 1
    assert json.loads(out)["off"] == ["sigma 2"]


def test_claims_that_the_table_does_not_show_are_told(capsys, experiment):
    experiment.claims = [
        near("Fig. 5", "index of the second direction", 0.33, 0.08, 0.1, why="L1 adds little"),
        near("Fig. 5", "index of the first direction", 0.0, 0.0, 0.1),
    ]
    code, out, err = run(capsys, "reproduce", "motion", "--out", "result")
    # what the table checks decides the exit code; what it leaves out is not kept back
    assert (code, err) == (0, "")
    assert "1 claim does not hold; the report says why:\n  index of the second direction\n" in out
    assert "first direction" not in out
    printed = json.loads(run(capsys, "reproduce", "motion", "--json")[1])
    assert printed["claims_off"] == ["index of the second direction"]


def test_reproduce_json_is_strict(capsys, experiment):
    experiment.metrics = {
        "a": np.float64(1),
        "b": np.arange(2),
        "c": float("inf"),
        "d": {1: (True, None)},
        "e": np.nan,
    }
    code, out, err = run(capsys, "reproduce", "motion", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["metrics"] == {
        "a": 1.0,
        "b": [0, 1],
        "c": None,
        "d": {"1": [True, None]},
        "e": None,
    }


def test_reproduce_refuses_a_folder_before_it_runs(capsys, experiment):
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("mine")
    for out in ("mine", "no/such/folder"):
        code, printed, err = run(capsys, "reproduce", "motion", "--out", out)
        assert (code, printed) == (1, "")
        assert err.startswith("lamina: error: cannot ")
    assert experiment.seen == {}


def test_unknown_experiment(capsys, experiment):
    assert run(capsys, "reproduce", "motoin") == (
        2,
        "",
        "lamina: error: NAME must be one of motion, ou, all, got 'motoin'. Did you mean 'motion'?\n",
    )


@pytest.mark.parametrize(
    ("failure", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted; nothing is left half written"),
        (
            OSError(28, "No space left on device"),
            1,
            "cannot write result: the disk is full; free some space or .*",
        ),
        (OutputError("cannot\nwrite"), 1, "cannot write"),
        (MemoryError(), 1, "there is not enough memory for this; .*"),
        (RuntimeError("two\nlines"), 1, "unexpected RuntimeError: two lines .*--debug.*"),
        (FileNotFoundError(2, "No such file or directory", "x.png"), 1, r"x\.png: No such file or directory"),
    ],
)
def test_failures_are_one_line_and_leave_nothing(capsys, experiment, failure, code, message):
    experiment.failure = failure
    result, out, err = run(capsys, "reproduce", "motion", "--out", "result")
    assert (result, out) == (code, "")
    assert re.fullmatch(f"lamina: error: {message}\n", err)
    assert list(Path().iterdir()) == []


def test_debug_shows_the_traceback(capsys, experiment):
    experiment.failure = RuntimeError("odd")
    _, _, err = run(capsys, "reproduce", "motion", "--out", "result", "--debug")
    assert err.startswith("Traceback (most recent call last):")
    assert "in reproduce" in err
    assert err.splitlines()[-1].startswith("lamina: error: unexpected RuntimeError: odd")
