"""A claim of the paper with its number beside ours, and whether ours lies within a stated tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from lamina.experiments.report import Mark, Report


class Claim(NamedTuple):
    """One claim, the paper's number and ours.

    Parameters
    ----------
    source
        Where it stands: "Fig. 2B", "Specification", "Issue" for a bar of our own, or "beyond the paper".
    statement
        What is claimed, in one line.
    paper
        The paper's (or the specification's) number, as text; empty if it gives none.
    ours
        Our number, as text, with its spread where there is one.
    bar
        What ours has to be, as text; empty where it is only reported.
    holds
        Whether it is; None where it is only reported.
    why
        Why it does not hold, or what to know of it; needed where ``holds`` is False.

    Examples
    --------
    >>> claim = Claim("Fig. 2B", "first canonical correlation", "0.3757", "0.3757", "± 0.0001", True)
    >>> claim.holds, claim.why
    (True, '')
    """

    source: str
    statement: str
    paper: str
    ours: str
    bar: str
    holds: bool | None
    why: str = ""


def near(
    source: str,
    statement: str,
    expected: float,
    ours: float,
    tolerance: float,
    *,
    digits: int = 3,
    why: str = "",
) -> Claim:
    """Return a claim that a number lies within ``tolerance`` of what is expected.

    Parameters
    ----------
    source, statement, why
        As for `Claim`.
    expected, ours
        The two numbers.
    tolerance
        Largest absolute difference, at least 0.
    digits
        Decimal places to show.

    Returns
    -------
    Claim
        It holds if the difference is at most ``tolerance``; not if ours is NaN.

    Examples
    --------
    >>> near("Fig. 2C", "σ₂", 0.51, 0.5104, 0.001).holds
    True
    """
    holds = bool(abs(ours - expected) <= tolerance)
    paper, here = (f"{value:.{digits}f}" for value in (expected, ours))
    return Claim(source, statement, paper, here, f"± {tolerance:g}", holds, why)


def at_least(source: str, statement: str, limit: float, ours: float, **more: Any) -> Claim:
    """Return a claim that a number is at least ``limit``.

    Parameters
    ----------
    source, statement
        As for `Claim`.
    limit, ours
        The two numbers.
    **more
        ``paper``, ``why`` as for `Claim`; ``spread``, text after our number; ``digits``, 3 by default.

    Returns
    -------
    Claim
        It does not hold if ours is NaN.

    Examples
    --------
    >>> at_least("Fig. 4", "σ₁", 0.99, 0.9984, digits=4)[3:6]
    ('0.9984', '≥ 0.99', True)
    """
    return _bounded(source, statement, f"≥ {limit:g}", ours, bool(ours >= limit), **more)


def at_most(source: str, statement: str, limit: float, ours: float, **more: Any) -> Claim:
    """Return a claim that a number is at most ``limit``.

    Parameters
    ----------
    source, statement
        As for `Claim`.
    limit, ours
        The two numbers.
    **more
        As for `at_least`.

    Returns
    -------
    Claim
        It does not hold if ours is NaN.

    Examples
    --------
    >>> at_most("Fig. 4", "plateau of L1", 0.15, 0.2, why="the row is short").holds
    False
    """
    return _bounded(source, statement, f"≤ {limit:g}", ours, bool(ours <= limit), **more)


def reported(source: str, statement: str, ours: str, *, paper: str = "", why: str = "") -> Claim:
    """Return a number that is reported and not judged.

    Parameters
    ----------
    source, statement, ours, paper, why
        As for `Claim`.

    Returns
    -------
    Claim
        Neither met nor missed.

    Examples
    --------
    >>> reported("Fig. 5B", "index of the second direction", "0.21", paper="0.33").holds is None
    True
    """
    return Claim(source, statement, paper, ours, "", None, why)


def claims_table(report: Report, claims: Sequence[Claim], *, caption: str = "", by: bool = True) -> Report:
    """Add claims to a report as one table, and say below it why those that do not hold do not.

    Parameters
    ----------
    report
        A report, changed in place.
    claims
        At least one.
    caption
        What the table shows.
    by
        Whether to name the source of each claim.

    Returns
    -------
    Report
        The report.
    """
    header = [*(["Source"] if by else []), "Claim", "Paper", "Here", "Bar", ""]
    rows = [
        [*([claim.source] if by else []), claim.statement, claim.paper or None, claim.ours, claim.bar or None,
         Mark(claim.holds, "reported" if claim.holds is None else "")]
        for claim in claims
    ]  # fmt: skip
    report.table(header, rows, caption=caption)
    notes = [f"- **{claim.statement}**: {claim.why}" for claim in claims if claim.why]
    if notes:
        report.text("\n".join(notes))
    return report


def _bounded(
    source: str,
    statement: str,
    bar: str,
    ours: float,
    holds: bool,
    *,
    paper: str = "",
    why: str = "",
    spread: str = "",
    digits: int = 3,
) -> Claim:
    shown = "NaN" if math.isnan(ours) else f"{ours:.{digits}f}"
    return Claim(source, statement, paper, shown + spread, bar, holds, why)
