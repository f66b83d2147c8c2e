"""The tables of docs/choosing.md are what benchmarks/selection.py computes, as far as a minute reaches."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from lamina.simulate import ou_autocovariance

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "choosing.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("selection_benchmark", ROOT / "benchmarks" / "selection.py")
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def table(name):
    """Rows of cells below a mark, without the heading."""
    below = PAGE.split(f"<!-- {name} -->")[1].split("<!-- end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in below.splitlines() if line.startswith("|")]
    return [[each.strip(" |") for each in row] for row in rows[2:]]


def test_the_table_of_the_population_is_what_the_script_computes(script):
    below = PAGE.split("<!-- population -->")[1].split("<!-- end -->")[0]
    assert below.strip() == script.population()


@pytest.mark.parametrize(
    ("name", "samples", "column"),
    [
        ("white noise", 500, "svc"),
        ("white noise", 500, "cv"),
        ("AR(1) + noise", 500, "svc"),
        ("AR(2)", 500, "svc"),
        ("AR(2)", 500, "bic"),
        ("ARMA(3,1), weak third mode", 500, "svc"),
    ],
)
def test_documented_rates_are_what_the_script_computes(script, name, samples, column):
    process = next(each for each in script.PROCESSES if each.name == name)
    (row,) = [cells for cells in table("rates") if cells[0] == name and cells[2] == str(samples)]
    assert row[1] == str(process.states)
    documented = row[3 + script.CRITERIA.index(column)]
    assert documented == script.cell(process, samples, column, script.RUNS)


def test_a_documented_rate_at_a_given_memory_is_what_the_script_computes(script):
    (row,) = [cells for cells in table("chance") if cells[:2] == ["20", "500"]]
    assert row[2] == script.chance_cell(20, 500, "svc", script.RUNS)


def test_the_tables_have_every_process_and_length(script):
    expected = [
        [process.name, str(process.states), str(samples)]
        for process in script.PROCESSES
        for samples in (*script.LENGTHS, *script.LONGER.get(process.name, ()))
    ]
    assert [row[:3] for row in table("rates")] == expected
    assert [row[:2] for row in table("chance")] == [[str(m), str(t)] for m, t in script.GIVEN]


def test_what_the_specification_says_of_the_singular_value_criterion_holds():
    said = {"white noise", "AR(1) + noise", "AR(2)"}
    shares = [int(re.match(r"\d+", row[3])[0]) for row in table("rates") if row[0] in said]
    assert len(shares) == 6
    assert min(shares) >= 83


def test_processes_have_the_poles_and_the_zero_that_they_are_named_for(script):
    """The autocovariance in the script's state space against the sum over the impulse response."""
    for name, poles, zero in (
        ("AR(2)", [0.8 * np.exp(0.25j * np.pi)], None),
        ("ARMA(3,1), weak third mode", [0.8 * np.exp(0.25j * np.pi), 0.5], 0.3),
        ("ARMA(3,1), strong third mode", [0.8 * np.exp(0.25j * np.pi), -0.7], 0.5),
    ):
        process = next(each for each in script.PROCESSES if each.name == name)
        roots = np.array([*poles, np.conj(poles[0])])
        coefficients = np.poly(roots).real
        response = np.zeros(400)
        for t in range(400):
            response[t] = (t == 0) - (zero or 0.0) * (t == 1)
            response[t] -= sum(coefficients[k] * response[t - k] for k in range(1, len(roots) + 1) if k <= t)
        expected = [response[: 400 - k] @ response[k:] for k in range(6)]
        np.testing.assert_allclose(ou_autocovariance(6, process.system), expected, rtol=1e-9)
