"""Every script in examples/ runs, and says what it promises."""

import re
import subprocess
import sys
from pathlib import Path

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
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"motion_detector.py"}


def test_motion_detectors_prefer_opposite_ways(tmp_path):
    said = run("motion_detector.py", str(tmp_path / "drawn.png"))
    found = re.findall(r"(T4[ab]) prefers motion to the (\w+): .* index ([\d.]+)", said)
    assert [name for name, _, _ in found] == ["T4a", "T4b"]
    assert {way for _, way, _ in found} == {"right", "left"}
    assert min(float(index) for *_, index in found) > 0.6
    assert (tmp_path / "drawn.png").stat().st_size > 10_000
