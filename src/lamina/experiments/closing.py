"""What stands at the end of every report: numbers as text, settings, and the versions that made it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from lamina.experiments.report import Report

PACKAGES = ("lamina", "numpy", "scipy", "scikit-learn", "numba", "matplotlib", "pillow")
"""What the numbers of an experiment may depend on."""


def details_section(report: Report, config: Any, **more: Mapping[str, Any]) -> Report:
    """Add a section with every setting and every version.

    Parameters
    ----------
    report
        A report, changed in place.
    config
        A frozen dataclass.
    **more
        Other blocks by their title.

    Returns
    -------
    Report
        The report.
    """
    report.section("Details")
    for title, content in more.items():
        report.details(title, content)
    report.details("Settings", asdict(config))
    report.details("Versions", versions())
    return report


def footer(name: str) -> str:
    """Return the last line of a report: what made it."""
    return f"Made by `lamina reproduce {name}`, version {version('lamina')}."


def versions() -> dict[str, str]:
    """Return the versions of Python and of what the numbers may depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
