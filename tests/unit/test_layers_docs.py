"""The guide's tables of the layers say what the contract suite does and what the layers claim."""

import re
import sys
from pathlib import Path

import pytest

from lamina.layers import LAYERS

ROOT = Path(__file__).parents[2]
CLAIMS = ("unitary", "translation_equivariant", "linear", "causal")


def table(heading):
    """Rows under a heading of the guide, as lists of their cells."""
    text = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.fixture(scope="module")
def cases():
    sys.path.insert(0, str(ROOT / "tests" / "contracts"))
    from layer_cases import CASES

    return CASES


def departures(case):
    """What the suite does not ask of an entry, in the words of the guide."""
    if case.sequence_axis is None:
        yield "masks, lengths, `causal`"
    elif not case.maskable:
        yield "masks"
    if case.sequence_axis is not None and case.lengths is not None:
        yield "short sequences"
    if case.prepare is not None:
        yield "ready when built"
    yield from case.exceptions


def test_every_exception_of_the_suite_is_in_the_guide(cases):
    expected = {(f"`{case.kind.__name__}`", what) for case in cases for what in departures(case)}
    told = {(kind, what) for kind, what, reason in table("What is tested, and what does not hold") if reason}
    assert told == expected


def test_the_guide_lists_what_each_layer_claims(cases):
    rows = {name.strip("`"): values for name, *values in table("What each layer claims")}
    assert set(rows) == set(LAYERS)
    for name, values in rows.items():
        case = next(case for case in cases if case.kind.__name__ == name)
        found = case.build().get_spectral_properties()
        assert [value == "yes" for value in values[:-1]] == [found[claim] for claim in CLAIMS], name
        assert values[-1].strip("`") == found["complexity"]
        assert all(re.fullmatch("yes|no", value) for value in values[:-1])
