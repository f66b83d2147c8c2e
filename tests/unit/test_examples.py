"""Every script in examples/ runs, and says what it promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / script, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run_here():
    # spikes_into_resu.py has tests of its own, in test_spikes_into_resu.py; those of the layers are in
    # test_layers_classification.py, test_layers_heat.py and test_layers_retrieval.py
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "classify_series.py",
        "explain_series.py",
        "heat_semigroup.py",
        "long_range_retrieval.py",
        "motion_detector.py",
        "replace_self_attention.py",
        "sounds.py",
        "spikes_into_resu.py",
        "spiking_cartpole.py",
        "spiking_pendulum.py",
    }


def test_motion_detectors_prefer_opposite_ways(tmp_path):
    said = run("motion_detector.py", str(tmp_path / "drawn.png"))
    found = re.findall(r"(T4[ab]) prefers motion to the (\w+): .* index ([\d.]+)", said)
    assert [name for name, _, _ in found] == ["T4a", "T4b"]
    assert {way for _, way, _ in found} == {"right", "left"}
    assert min(float(index) for *_, index in found) > 0.6
    assert (tmp_path / "drawn.png").stat().st_size > 10_000


def test_explanations_point_at_what_was_planted(tmp_path):
    said = run("explain_series.py", "--output", str(tmp_path), "--features", "300", "--asked", "8")
    row = re.search(r"planted shapes \| ([\d.]+) ± [\d.]+ \|.*\| (-?[\d.]+) ±", said)
    assert row, said
    assert float(row[1]) > 2 * float(row[2])
    assert re.search(r"([\d.]+) of the waves", said)[1] == "1.00"
    assert len(list(tmp_path.glob("*.png"))) == 4


def test_wood_is_told_from_metal(tmp_path):
    said = run("sounds.py", "--plot", str(tmp_path / "drawn.png"))
    right = {name.strip(): float(share) for name, share in re.findall(r"\| ([^|]+?) \| (0\.\d+)", said)}
    assert right["ReSUClassifier"] > 0.75
    assert right["ReSUClassifier"] > right["ridge on the spectrum"] + 0.05
    assert (tmp_path / "drawn.png").stat().st_size > 10_000


def returns(said):
    """Mean returns of the random policy and of the one that was trained on spikes."""
    return [float(part) for part in re.findall(r"(?:policy|on spikes) (-?[\d.]+)", said)]


def test_a_pole_is_balanced_on_spikes(tmp_path):
    chance, trained = returns(run("spiking_cartpole.py", "--plot", str(tmp_path / "learned.png")))
    assert chance < 50, "the random policy is better than it can be"
    assert trained > 10 * chance
    assert (tmp_path / "learned.png").stat().st_size > 10_000


@pytest.mark.slow
def test_a_pendulum_is_swung_up_on_spikes():
    chance, trained = returns(run("spiking_pendulum.py"))
    assert chance < -900
    assert trained > -400
