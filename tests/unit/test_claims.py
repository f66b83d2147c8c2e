"""Claims: what holds, what does not, and what is only reported."""

import math

import pytest

from lamina.experiments.claims import Claim, at_least, at_most, claims_table, near, reported
from lamina.experiments.registry import Row, claim_rows
from lamina.experiments.report import Report


def test_a_tolerance_is_a_largest_difference():
    assert near("a", "b", 0.5, 0.51, 0.0101).holds is True
    assert near("a", "b", 0.5, 0.51, 0.0099).holds is False
    assert near("a", "b", 0.5, 0.49, 0.0099).holds is False
    assert near("Fig. 2B", "σ₁", 0.3757, 0.37561, 1e-4, digits=4)[2:5] == ("0.3757", "0.3756", "± 0.0001")


@pytest.mark.parametrize(("make", "value"), [(at_least, 0.6), (at_most, 0.6)], ids=["at least", "at most"])
def test_a_bound_includes_itself(make, value):
    assert make("a", "b", 0.6, value).holds is True


def test_bounds_tell_their_sides_apart():
    assert at_least("a", "b", 0.6, 0.59).holds is False
    assert at_most("a", "b", 0.6, 0.61).holds is False
    assert at_least("a", "b", 0.6, 0.7).bar == "≥ 0.6"
    assert at_most("a", "b", 0.6, 0.5, spread=" ± 0.1", paper="0.33")[2:5] == ("0.33", "0.500 ± 0.1", "≤ 0.6")


@pytest.mark.parametrize("make", [at_least, at_most, lambda *words: near(*words, 0.1)], ids=["≥", "≤", "±"])
def test_nan_never_holds(make):
    assert make("a", "b", 0.5, math.nan).holds is False


def test_what_is_reported_is_not_judged():
    claim = reported("Fig. 5", "index of the second direction", "0.2", paper="0.33")
    assert claim.holds is None
    assert claim.bar == ""


def test_the_table_says_why():
    claims = [
        near("Fig. 2", "σ₁", 0.5, 0.4, 0.01, why="the recording is short"),
        reported("Fig. 3", "lobes", "3"),
        at_least("Fig. 4", "σ₂", 0.85, 0.9),
    ]
    page = claims_table(Report("Claims"), claims, caption="All of them.").html()
    assert page.count("missed") == page.count("reported") == page.count("reached") == 1
    assert "<li><strong>σ₁</strong>: the recording is short</li>" in page
    assert "Fig. 2" not in claims_table(Report("Claims"), claims, by=False).html()


def test_rows_for_the_terminal_are_grouped_by_source():
    claims = [
        Claim("Fig. 2", "one", "1", "1.0", "± 0.1", True),
        Claim("beyond the paper", "two", "", "2", "", None),
        Claim("Fig. 2", "three", "3", "4", "", None),
    ]
    assert claim_rows(claims) == [
        ("Fig. 2", [Row("one", "1.0", "± 0.1", True), Row("three", "4", "3", None)]),
        ("beyond the paper", [Row("two", "2", "", None)]),
    ]
