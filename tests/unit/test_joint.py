"""All experiments in one go: nothing is run twice, nothing stops the others, one report holds all claims."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from experiment_cases import Config, made
from PIL import Image
from threadpoolctl import threadpool_limits

from lamina.errors import ArgumentError, DataError, FileError, LaminaError, OutputError
from lamina.experiments import REGISTRY, joint
from lamina.experiments.fingerprint import fingerprint
from lamina.experiments.joint import run_all
from lamina.experiments.workers import cores


def scenes_in(folder, name):
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.tile(np.arange(0, 160, 10, dtype=np.uint8), (8, 1))).save(folder / name)
    return folder


@pytest.fixture
def runs():
    return []


@pytest.fixture
def pair(runs):
    return {name: made(name, runs) for name in ("one", "two")}


def test_each_has_its_folder_and_the_report_has_all(pair, tmp_path):
    result = run_all(pair, tmp_path / "all", jobs=1)
    assert [outcome.name for outcome in result.outcomes] == ["one", "two"]
    page = (tmp_path / "all" / "report.html").read_text(encoding="utf-8")
    for name in pair:
        folder = tmp_path / "all" / name
        assert (folder / "report.html").is_file()
        assert (folder / "figures" / "values.png").is_file()
        for text in (f"Title of {name}", f"mean of {name}", f"Values of {name}.", f"what {name} shows"):
            assert text in page
    assert page.count("<svg") == 2
    assert page.count("<strong>1</strong> of its claims does not hold") == 2
    assert page.count("it is near 0") == 4  # among what does not hold, and below each table
    assert result.off == ["one: big in one", "two: big in two"]
    stored = json.loads((tmp_path / "all" / "metrics.json").read_text(encoding="utf-8"))
    mean = np.random.default_rng([0, 3]).standard_normal(100).mean()
    assert stored["two"]["metrics"] == {"mean": mean}
    assert [claim["holds"] for claim in stored["one"]["claims"]] == [True, False]


def test_a_source_is_told_once(runs, tmp_path):
    one = {"one": made("one", runs, summary="what it shows (Fig. 9)")}
    page = run_all(one, tmp_path / "all", jobs=1).report.read_text(encoding="utf-8")
    assert "(Fig. 9): what it shows. The whole" in page
    assert "what it shows (Fig. 9)" not in page


def test_nothing_is_run_twice(pair, runs, tmp_path):
    run_all(pair, tmp_path / "all", jobs=1)
    again = run_all(pair, tmp_path / "all", jobs=1)
    assert [name for name, _, _ in runs] == ["one", "two"]
    assert [outcome.repeated for outcome in again.outcomes] == [False, False]
    assert again.off == ["one: big in one", "two: big in two"]


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"quick": True}, {"fresh": True}], ids=["seed", "quick", "fresh"]
)
def test_other_settings_are_run(pair, runs, tmp_path, change):
    run_all(pair, tmp_path / "all", jobs=1)
    run_all(pair, tmp_path / "all", jobs=1, **change)
    assert len(runs) == 4


DAMAGES = [
    ("figures/values.svg", None),
    ("figures/values.png", None),
    ("report.html", None),
    ("metrics.json", None),
    ("metrics.json", "{"),
    ("claims.json", None),
    ("claims.json", "[]"),
    ("claims.json", "{"),
    ("claims.json", '{"fingerprint": 3}'),
]


@pytest.mark.parametrize(("name", "content"), DAMAGES)
def test_what_is_damaged_is_run_again(pair, runs, tmp_path, name, content):
    run_all(pair, tmp_path / "all", jobs=1)
    file = tmp_path / "all" / "two" / name
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    run_all(pair, tmp_path / "all", jobs=1)
    assert [name for name, _, _ in runs] == ["one", "two", "two"]
    assert file.is_file()


def test_a_change_during_a_run_is_not_taken_for_what_ran(pair, runs, tmp_path, monkeypatch):
    code = ["before"]
    monkeypatch.setattr("lamina.experiments.fingerprint._code", lambda: code[0])

    def run(config, **more):
        code[0] = "after"
        return pair["one"].run(config, **more)

    edited = {"one": replace(pair["one"], run=run)}
    run_all(edited, tmp_path / "all", jobs=1)
    run_all(edited, tmp_path / "all", jobs=1)
    assert len(runs) == 2


def test_another_code_is_run_again(pair, runs, tmp_path, monkeypatch):
    run_all(pair, tmp_path / "all", jobs=1)
    monkeypatch.setattr("lamina.experiments.fingerprint._code", lambda: "changed")
    run_all(pair, tmp_path / "all", jobs=1)
    assert len(runs) == 4


def test_a_single_run_counts_too(pair, runs, tmp_path):
    (tmp_path / "all").mkdir()
    pair["one"].reproduce(tmp_path / "all" / "one")
    run_all(pair, tmp_path / "all", jobs=1)
    assert [name for name, _, _ in runs] == ["one", "two"]


def test_one_that_fails_does_not_stop_the_others(runs, tmp_path):
    both = {
        "bad": made("bad", runs, failure=ValueError("no such thing")),
        "worse": made("worse", runs, failure=DataError("rows", allowed="many", got="few", remedy="More.")),
        "good": made("good", runs),
    }
    result = run_all(both, tmp_path / "all", jobs=1)
    assert result.off[0] == "bad: unexpected ValueError: no such thing"
    assert result.off[1].startswith("worse: ")
    assert "few" in result.off[1]
    assert result.off[2:] == ["good: big in good"]
    page = (tmp_path / "all" / "report.html").read_text(encoding="utf-8")
    assert page.count("<strong>did not finish</strong>") == 2
    assert not (tmp_path / "all" / "bad").exists()
    # and is tried again
    run_all(both, tmp_path / "all", jobs=1)
    assert [name for name, _, _ in runs].count("bad") == 2
    assert [name for name, _, _ in runs].count("good") == 1


def test_images_go_to_those_that_take_them(runs, tmp_path):
    pictures = scenes_in(tmp_path / "pictures", "first.png")
    both = {"one": made("one", runs), "two": made("two", runs, takes_images=True)}
    run_all(both, tmp_path / "all", jobs=1, images=pictures, field_of_view_deg=90.0)
    given = {name: given for name, _, given in runs}
    assert given == {"one": {}, "two": {"images": pictures, "field_of_view_deg": 90.0}}
    run_all(both, tmp_path / "all", jobs=1, images=pictures, field_of_view_deg=90.0)
    assert len(runs) == 2
    page = (tmp_path / "all" / "report.html").read_text(encoding="utf-8")
    assert "published run in: <code>two</code>." in page
    assert page.count("--field-of-view 90") == 2  # of all of them, and of the one that takes images
    claims = [json.loads((tmp_path / "all" / name / "claims.json").read_text("utf-8")) for name in both]
    assert [each["given"] for each in claims] == [
        {},
        {"images": str(pictures), "field_of_view_deg": "90.0"},
    ]
    scenes_in(pictures, "second.png")
    run_all(both, tmp_path / "all", jobs=1, images=pictures, field_of_view_deg=90.0)
    assert [name for name, _, _ in runs] == ["one", "two", "two"]


def test_images_that_cannot_be_used_are_told_before_any_work(runs, tmp_path):
    both = {"one": made("one", runs), "two": made("two", runs, takes_images=True)}
    pictures = scenes_in(tmp_path / "pictures", "first.png")
    (pictures / "second.png").write_bytes(b"no image")
    with pytest.raises(FileError, match=r"second\.png"):
        run_all(both, tmp_path / "all", jobs=1, images=pictures, field_of_view_deg=90.0)
    with pytest.raises(FileError, match="nowhere"):
        run_all(both, tmp_path / "all", jobs=1, images=tmp_path / "nowhere", field_of_view_deg=90.0)
    with pytest.raises(ArgumentError, match="field_of_view_deg"):
        run_all(both, tmp_path / "all", jobs=1, images=pictures, field_of_view_deg=361.0)
    assert not runs
    assert not (tmp_path / "all").exists()


def test_progress_never_goes_back(pair, tmp_path):
    told = []
    run_all(pair, tmp_path / "all", jobs=1, progress=lambda done, text: told.append((done, text)))
    fractions = [done for done, _ in told]
    assert fractions == sorted(fractions)
    assert {text for _, text in told} == {"one: half of it", "two: half of it"}


def test_a_folder_of_somebody_else_is_left_alone(pair, runs, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "report.html").write_text("mine")
    with pytest.raises(OutputError, match=r"holds 'report.html', which a run of all"):
        run_all(pair, theirs, jobs=1)
    with pytest.raises(OutputError, match="its folder does not exist"):
        run_all(pair, tmp_path / "no" / "such", jobs=1)
    (tmp_path / "mixed" / "one").mkdir(parents=True)
    (tmp_path / "mixed" / "one" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        run_all(pair, tmp_path / "mixed", jobs=1)
    assert not runs
    assert (theirs / "report.html").read_text() == "mine"


def test_the_report_of_one_experiment_is_left_alone(pair, runs, tmp_path):
    pair["one"].reproduce(tmp_path / "one")
    before = (tmp_path / "one" / "report.html").read_bytes()
    with pytest.raises(OutputError, match=r"holds 'report.html', which a run of all"):
        run_all(pair, tmp_path / "one", jobs=1)
    assert (tmp_path / "one" / "report.html").read_bytes() == before
    # and the other way round
    run_all(pair, tmp_path / "all", jobs=1)
    with pytest.raises(OutputError, match="which lamina did not write"):
        pair["one"].reproduce(tmp_path / "all")


def test_a_run_can_go_on_after_its_numbers_could_not_be_written(pair, runs, tmp_path, monkeypatch):
    def full(outcomes):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(joint, "_numbers", full)
        with pytest.raises(OSError, match="No space"):
            run_all(pair, tmp_path / "all", jobs=1)
    assert run_all(pair, tmp_path / "all", jobs=1).report.is_file()
    assert len(runs) == 2


def test_a_link_to_a_folder_that_is_not_there_yet(pair, tmp_path):
    (tmp_path / "all").symlink_to(tmp_path / "elsewhere")
    run_all(pair, tmp_path / "all", jobs=1)
    assert (tmp_path / "elsewhere" / "one" / "report.html").is_file()
    assert (tmp_path / "all").is_symlink()


def test_a_report_on_nothing_that_finished_claims_nothing(runs, tmp_path):
    bad = {name: made(name, runs, failure=ValueError("<b>odd</b>")) for name in ("one", "two")}
    page = run_all(bad, tmp_path / "all", jobs=1).report.read_text(encoding="utf-8")
    assert "No experiment finished" in page
    assert "judged holds" not in page
    assert "experiments that did not finish" in page
    assert "&lt;b&gt;odd" in page
    silent = {"one": made("one", runs, failure=LaminaError())}
    assert run_all(silent, tmp_path / "silent", jobs=1).off == ["one: LaminaError"]


def test_a_count_of_processes_is_checked(pair, tmp_path):
    with pytest.raises(ArgumentError, match="jobs"):
        run_all(pair, tmp_path / "all", jobs=0)


def test_two_processes_give_what_one_gives(tmp_path):
    short = {name: REGISTRY[name] for name in ("adaptation", "local")}
    told = []
    result = run_all(
        short, tmp_path / "two", quick=True, jobs=2, progress=lambda done, text: told.append(text)
    )
    assert not any(outcome.error for outcome in result.outcomes)
    assert any(text.startswith("adaptation: noise") for text in told)
    # the last digits depend on how many threads share a product of matrices
    with threadpool_limits(max(1, cores() // 2)):
        here = REGISTRY["adaptation"].reproduce(None, quick=True)
    stored = json.loads((tmp_path / "two" / "metrics.json").read_text(encoding="utf-8"))
    assert stored["adaptation"]["metrics"] == json.loads(json.dumps(here.metrics))


def test_a_process_that_breaks_is_named(tmp_path, pair):
    # the processes look their experiment up in the registry, which does not have these
    result = run_all(pair, tmp_path / "all", jobs=2)
    assert [outcome.error for outcome in result.outcomes] == [
        "unexpected KeyError: 'one'",
        "unexpected KeyError: 'two'",
    ]


def test_fingerprints_tell_settings_apart():
    first = fingerprint("one", Config())
    assert first == fingerprint("one", Config())
    others = [
        fingerprint("two", Config()),
        fingerprint("one", Config(seed=1)),
        fingerprint("one", Config(), {"images": Path("elsewhere")}),
    ]
    assert len({first, *others}) == 4


def test_settings_of_an_experiment():
    one = made()
    assert one.settings(seed=3, quick=True) == Config(seed=3, count=10)
    assert one.settings(n_seeds=5) == Config(n_seeds=5)
    with pytest.raises(ArgumentError, match="seed"):
        one.settings(seed=-1)
    with pytest.raises(ArgumentError, match="n_seeds"):
        one.settings(n_seeds=0)

    @dataclass(frozen=True)
    class Single:
        seed: int = 0

    with pytest.raises(ArgumentError, match="has no repetitions"):
        replace(one, config=Single(), quick=Single()).settings(n_seeds=2)
    with pytest.raises(ArgumentError, match="makes its own data"):
        one.reproduce(None, images=Path("x"), field_of_view_deg=3.0)


def test_cores_are_counted():
    assert cores() >= 1
