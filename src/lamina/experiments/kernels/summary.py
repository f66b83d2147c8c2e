"""The numbers of the experiment on kernels, as JSON and as claims."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.claims import Claim, near, reported
from lamina.experiments.kernels.config import CLOSED, FIFTH, SHARE, ZERO
from lamina.experiments.kernels.run import KernelsResult, Spectrum


def resolved(result: KernelsResult, name: str, noise: float) -> bool:
    """Return whether every dimension of the past stands out of rounding."""
    return result.spectra[name][noise].resolved == result.config.memory


def directions(spectrum: Spectrum) -> int:
    """Return how many directions hold `SHARE` of the information."""
    return int(np.argmax(spectrum.information >= SHARE * spectrum.information[-1]))


def fifth_share(result: KernelsResult, name: str) -> float:
    """Return the fifth canonical correlation over the first, at the noise of comparison."""
    correlations = result.spectra[name][result.config.noise].correlations
    return float(correlations[FIFTH - 1] / correlations[0])


def rank(spectrum: Spectrum) -> int:
    """Return how many canonical correlations differ from 0."""
    return int(np.count_nonzero(spectrum.correlations > ZERO))


def metrics(result: KernelsResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Spectra by kernel and noise, fits, and what closed forms say.
    """
    return {
        "config": asdict(result.config),
        "kernels": {
            name: {
                "states": None if kernel.states is None else len(kernel.states.readout),
                "oscillates": kernel.oscillates,
                "fitted_correlations": result.fitted[name].tolist(),
                "noises": {f"{noise:g}": _spectrum(each) for noise, each in result.spectra[name].items()},
            }
            for name, kernel in result.kernels.items()
        },
        "exponential_by_gap": {
            str(gap): row[:2].tolist()
            for gap, row in zip(result.config.gaps, result.exponential_by_gap, strict=True)
        },
        "damped_cosine": {
            "length_scales": result.dampings.tolist(),
            "correlations": result.damped.tolist(),
            "closed_form": result.damped_closed.tolist(),
        },
    }


def claims(result: KernelsResult) -> list[Claim]:
    """Set closed forms, and what the paper says in words, beside what was found.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        Closed forms, numbers of states, and how fast correlations decay.
    """
    return [*_closed_forms(result), *_ranks(result), *_decay(result), *_limits(result)]


def _spectrum(each: Spectrum) -> dict[str, Any]:
    return {
        "correlations": each.correlations.tolist(),
        "above_zero": rank(each),
        "information_nats": float(each.information[-1]),
        "directions_for_99_percent": directions(each),
        "resolved_dimensions": each.resolved,
        "correlations_by_states": None if each.by_states is None else each.by_states.tolist(),
    }


def _closed_forms(result: KernelsResult) -> list[Claim]:
    config = result.config
    made = [
        near(
            "Supplement", f"exponential kernel, no noise, gap {gap}: σ₁ is exp(−{gap}/ℓ)",
            math.exp(-gap / config.length_scale), float(row[0]), CLOSED, digits=6,
        )
        for gap, row in zip(config.gaps, result.exponential_by_gap, strict=True)
    ]  # fmt: skip
    second = result.exponential_by_gap[:, 1].max()
    made.append(_small("Supplement", "exponential kernel, no noise: the next one", second, ZERO))
    made.append(
        _small(
            "beyond the paper",
            f"damped cosine, {len(result.dampings)} dampings: largest difference from the closed form",
            np.abs(result.damped - result.damped_closed).max(),
            CLOSED,
        )
    )
    differences = [
        np.abs(each.correlations[: len(each.by_states)] - each.by_states[: len(each.correlations)]).max()
        for spectra in result.spectra.values()
        for each in spectra.values()
        if each.by_states is not None
    ]
    made.append(
        _small(
            "beyond the paper",
            "kernels with states: largest difference from Kalman filters of the states",
            max(differences),
            CLOSED,
        )
    )
    return made


def _ranks(result: KernelsResult) -> list[Claim]:
    made = []
    for name, kernel in result.kernels.items():
        if kernel.states is None:
            continue
        expected = min(len(kernel.states.readout), result.config.memory)
        counted = sorted({rank(each) for each in result.spectra[name].values()})
        made.append(
            Claim(
                "Supplement",
                f"{name}: correlations above 0, at any noise; expected: states",
                str(expected),
                " or ".join(map(str, counted)),
                "equal",
                counted == [expected],
            )
        )
    return made


def _decay(result: KernelsResult) -> list[Claim]:
    noise = result.config.noise
    smooth = [name for name, kernel in result.kernels.items() if not kernel.oscillates]
    made = [
        reported(
            "Supplement",
            f"{name}, noise {noise:g}: σ₅ / σ₁",
            f"{fifth_share(result, name):.3f}",
            paper="does not decay rapidly" if kernel.oscillates else "decays rapidly",
            why=_few(result, name) if kernel.oscillates else "",
        )
        for name, kernel in result.kernels.items()
    ]
    for names, label in (
        (smooth, "do not oscillate"),
        ([n for n in result.kernels if n not in smooth], "oscillate"),
    ):
        counted = ", ".join(str(directions(result.spectra[name][noise])) for name in names)
        made.append(
            reported(
                "Supplement",
                f"directions with {SHARE:.0%} of the information, noise {noise:g}: kernels that {label}",
                counted,
                why=f"In this order: {', '.join(names)}.",
            )
        )  # fmt: skip
    return made


def _few(result: KernelsResult, name: str) -> str:
    """Return what to know of an oscillation that has no fifth direction at all; nothing of any other."""
    states = result.kernels[name].states
    if states is None or len(states.readout) >= FIFTH:
        return ""
    count = len(states.readout)
    high = ", ".join(f"{each:.3f}" for each in result.spectra[name][result.config.noise].correlations[:count])
    return (
        f"It oscillates, and has {count} states, however slowly it is damped: correlations of {high}, and "
        "every other one is exactly 0. By any bar above 0 this is not what the paper says of oscillatory "
        "kernels, which holds for those that have more states."
    )


def _limits(result: KernelsResult) -> list[Claim]:
    config = result.config
    missing = [name for name in result.kernels if not resolved(result, name, 0.0)]
    made = [
        reported(
            "beyond the paper",
            f"no noise, {name}: dimensions of the past above rounding",
            f"{result.spectra[name][0.0].resolved} of {config.memory}",
        )
        for name in missing
    ]
    errors = []
    for name, spectra in result.spectra.items():
        correlations = spectra[config.noise].correlations
        errors.append(np.abs(result.fitted[name] - correlations)[correlations > 0.1].max())
    made.append(
        reported(
            "beyond the paper",
            f"fits to {config.n_samples:g} samples: largest error of correlations above 0.1",
            f"{max(errors):.3f}",
        )
    )
    return made


def _small(source: str, statement: str, ours: float, limit: float) -> Claim:
    return Claim(source, statement, "0", f"{ours:.0e}", f"≤ {limit:g}", bool(ours <= limit))
