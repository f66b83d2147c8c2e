"""The numbers of the GP experiment, as JSON and as claims."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.claims import Claim, near, reported
from lamina.experiments.convergence import convergence_metrics, length_text, named, slope_claim
from lamina.experiments.gp.config import ALLOWANCE, CORRELATIONS, LOBES, RANK, ROUNDING, STANDARD_ERRORS
from lamina.experiments.gp.lobes import LOBE_THRESHOLD, count_lobes
from lamina.experiments.gp.run import GPResult
from lamina.stats import predictive_information

ORDINALS = ("first", "second")


def fitted_lobes(result: GPResult, noise: float) -> np.ndarray:
    """Return the lobes of every fitted filter, (seeds, lengths, 2)."""
    filters = result.noises[noise].sweep.filters
    counted = [count_lobes(each) for each in filters.reshape(-1, filters.shape[-1])]
    return np.array(counted).reshape(filters.shape[:-1])


def single_lobed_from(result: GPResult) -> float | None:
    """Return the least noise of those looked at from which on the first filter has one lobe; None if none."""
    single = np.logical_and.accumulate((result.lobes[:, 0] == 1)[::-1])[::-1]
    return float(result.lobe_noises[np.argmax(single)]) if single.any() else None


def metrics(result: GPResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Population, theory and fits by noise, and lobes of the population against noise.
    """
    return {
        "config": asdict(result.config),
        "lobe_threshold": LOBE_THRESHOLD,
        "noises": {f"{noise:g}": _noise_metrics(result, noise) for noise in result.noises},
        "against_noise": {
            "noise": result.lobe_noises.tolist(),
            "lobes": result.lobes.tolist(),
            "centroid_samples": result.centroids.tolist(),
            "first_filter_single_lobed_from": single_lobed_from(result),
        },
    }


def claims(result: GPResult) -> list[Claim]:
    """Set the specification's numbers, and what theory says of fits, beside what was found.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        Population and lobes, then convergence, noise by noise.
    """
    made: list[Claim] = []
    for noise in result.noises:
        made += _population(result, noise)
    made += _single_lobe(result)
    for noise in result.noises:
        made += _fits(result, noise)
    return made


def _noise_metrics(result: GPResult, noise: float) -> dict[str, Any]:
    found = result.noises[noise]
    fitted, correlations = fitted_lobes(result, noise), found.sweep.correlations[:, :, : RANK + 1]
    return {
        "population": {
            "canonical_correlations": found.population.correlations.tolist(),
            "information_nats": predictive_information(found.population.correlations),
            "filters": found.population.filters.tolist(),
            "lobes": [count_lobes(each) for each in found.population.filters],
        },
        "theory_for_one_window": {
            "correlation_sd": found.theory.correlation_sd.tolist(),
            "filter_error": found.theory.filter_error.tolist(),
            "moment_error": found.theory.moment_error,
        },
        "fits": {
            "lengths": found.sweep.lengths.tolist(),
            "canonical_correlations_mean": correlations.mean(axis=0).tolist(),
            "canonical_correlations_standard_deviation": correlations.std(axis=0).tolist(),
            "lobes_mean": fitted.mean(axis=0).tolist(),
            "share_with_lobes_of_population": _agreement(result, noise).tolist(),
        },
        "latent_covariance": found.latent_covariance.tolist(),
        "convergence": convergence_metrics(found.convergences),
    }


def _agreement(result: GPResult, noise: float) -> np.ndarray:
    expected = [count_lobes(each) for each in result.noises[noise].population.filters]
    return (fitted_lobes(result, noise) == expected).mean(axis=0)


def _population(result: GPResult, noise: float) -> list[Claim]:
    population = result.noises[noise].population
    made: list[Claim] = []
    if noise in CORRELATIONS:
        made += [
            near(
                "Fig. 2C",
                f"noise {noise:g}: σ{'₁₂₃'[i]} of the population",
                expected,
                float(population.correlations[i]),
                ROUNDING,
            )
            for i, expected in enumerate(CORRELATIONS[noise])
        ]
    else:
        shown = ", ".join(f"{each:.3f}" for each in population.correlations[:3])
        made.append(reported("Fig. 2C", f"noise {noise:g}: σ₁, σ₂, σ₃ of the population", shown))
    counted = [count_lobes(each) for each in population.filters]
    for unit, count in enumerate(counted):
        statement = f"noise {noise:g}: lobes of the {ORDINALS[unit]} filter"
        if noise in LOBES:
            expected = LOBES[noise][unit]
            made.append(Claim("Fig. 3C", statement, str(expected), str(count), "equal", count == expected))
        else:
            made.append(reported("Fig. 3C", statement, str(count)))
    return made


def _single_lobe(result: GPResult) -> list[Claim]:
    last, since = int(result.lobes[-1, 0]), single_lobed_from(result)
    return [
        Claim(
            "Fig. 3C",
            f"lobes of the first filter with much noise ({result.lobe_noises[-1]:g})",
            "1",
            f"{last}" + ("" if since is None else f", from noise {since:.2g} on"),
            "equal",
            last == 1,
        )
    ]


def _fits(result: GPResult, noise: float) -> list[Claim]:
    found, made = result.noises[noise], []
    longest = length_text(int(found.sweep.lengths[-1]))
    for name, label in (
        ("moments", "whitened covariances"),
        ("correlations", "σ₁, σ₂"),
        ("filters", "filters"),
    ):
        each = named(found.convergences, name)
        made.append(slope_claim("Issue", f"noise {noise:g}, {label}: slope of log error against log T", each))
        if name == "moments":
            continue
        tolerance = ALLOWANCE + STANDARD_ERRORS * each.relative_error
        made.append(
            Claim(
                "Issue",
                f"noise {noise:g}, {label}: error at T = {longest}, as a share of theory's",
                "1",
                f"{each.ratio:.3f} ± {each.relative_error:.3f}",
                f"± {tolerance:.3f} ({ALLOWANCE:g} and {STANDARD_ERRORS:g} standard errors)",
                bool(abs(each.ratio - 1) <= tolerance),
            )
        )
    shares = ", ".join(f"{each:.0%}" for each in _agreement(result, noise)[-1])
    made.append(
        reported(
            "Fig. 3C",
            f"noise {noise:g}: fits at T = {longest} with as many lobes (filter 1, 2)",
            shares,
        )
    )
    return made
