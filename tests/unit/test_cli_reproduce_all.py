"""`lamina reproduce all`: one line per experiment, every claim that does not hold, and the exit code."""

import json
from pathlib import Path

import pytest
from experiment_cases import made

from lamina import experiments
from lamina.cli import main
from lamina.experiments.claims import near


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


def well(name, runs):
    return made(
        name, runs, claims=lambda result: [near("Fig. 9", "mean", 0.0, float(result.values.mean()), 10.0)]
    )


@pytest.fixture
def runs(monkeypatch):
    done = []
    both = {"one": well("one", done), "two": well("two", done)}
    monkeypatch.setattr(experiments, "REGISTRY", both)
    return done


def test_all_are_run_and_shown(capsys, runs):
    code, out, err = run(capsys, "reproduce", "all", "--out", "everything", "--jobs", 1, "--seed", 4)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert [line[:4] for line in lines if line and line[0] in ("one", "two")] == [
        ["one", "1", "0", "0"],
        ["two", "1", "0", "0"],
    ]
    assert out.splitlines()[-1] == f"report: {Path('everything') / 'report.html'}"
    assert [(name, config.seed, config.count) for name, config, _ in runs] == [
        ("one", 4, 100),
        ("two", 4, 100),
    ]
    assert max(map(len, out.splitlines())) <= 80
    # what is there is kept
    assert "kept" in run(capsys, "reproduce", "all", "--out", "everything", "--jobs", 1, "--seed", 4)[1]
    assert len(runs) == 2
    assert run(capsys, "reproduce", "all", "--out", "everything", "--jobs", 1, "--seed", 4, "--fresh")[0] == 0
    assert len(runs) == 4


def test_quick_without_a_folder(capsys, runs, here):
    code, out, _ = run(capsys, "reproduce", "all", "--quick", "--jobs", 1)
    assert code == 0
    assert "--out DIR" in out
    assert [config.count for _, config, _ in runs] == [10, 10]
    assert list(here.iterdir()) == []


def test_a_claim_that_does_not_hold(capsys, runs, monkeypatch):
    monkeypatch.setitem(experiments.REGISTRY, "two", made("two", runs))
    code, out, err = run(capsys, "reproduce", "all", "--jobs", 1)
    assert code == 1
    assert err == "lamina: error: 1 checked number is off: two: big in two\n"
    assert [line.split()[-1] for line in out.splitlines() if line[:3] in ("one", "two")] == ["ok", "OFF"]


def test_one_that_fails(capsys, runs, monkeypatch):
    monkeypatch.setitem(experiments.REGISTRY, "two", made("two", runs, failure=ValueError("odd")))
    code, out, err = run(capsys, "reproduce", "all", "--jobs", 1, "--json")
    assert code == 1
    assert err == "lamina: error: 1 experiment did not finish: two: unexpected ValueError: odd\n"
    printed = json.loads(out)
    assert printed["experiments"]["two"] == {"error": "unexpected ValueError: odd"}
    assert printed["experiments"]["one"]["claims"][0]["holds"] is True
    assert "FAILED" in run(capsys, "reproduce", "all", "--jobs", 1)[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("all", "--seeds", 2), "--seeds must be left out with all"),
        (("one", "--jobs", 2), "--jobs and --fresh must be given with all"),
        (("one", "--fresh"), "--jobs and --fresh must be given with all"),
        (("all", "--jobs", 0), "Invalid value for '--jobs'"),
        (("all", "--images", "x"), "must be given together"),
    ],
    ids=["seeds", "jobs of one", "fresh of one", "no jobs", "images alone"],
)
def test_bad_words(capsys, runs, words, message):
    code, out, err = run(capsys, "reproduce", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert runs == []


def test_an_interrupt_leaves_no_half(capsys, runs, monkeypatch, here):
    monkeypatch.setitem(experiments.REGISTRY, "two", made("two", runs, failure=KeyboardInterrupt()))
    code, _, err = run(capsys, "reproduce", "all", "--jobs", 1, "--out", "everything")
    assert code == 130
    assert "interrupted; nothing is left half written" in err
    # what was done is kept for the next time, and is whole
    assert sorted(path.name for path in (here / "everything").iterdir()) == ["one"]
    assert (here / "everything" / "one" / "report.html").is_file()


def test_an_interrupt_without_a_folder_keeps_nothing(capsys, runs, monkeypatch, here):
    monkeypatch.setitem(experiments.REGISTRY, "two", made("two", runs, failure=KeyboardInterrupt()))
    assert run(capsys, "reproduce", "all", "--jobs", 1)[0] == 130
    assert "interrupted; nothing is left half written" in run(capsys, "reproduce", "all", "--jobs", 1)[2]
    assert list(here.iterdir()) == []


def test_images_that_are_not_there_are_told_once_and_at_once(capsys, runs, here):
    words = ("reproduce", "all", "--images", "nowhere", "--field-of-view", 90, "--out", "everything")
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert err.count("nowhere") == 1
    assert runs == []
    assert list(here.iterdir()) == []
