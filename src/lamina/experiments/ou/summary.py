"""The numbers of the OU experiment, as JSON and as claims."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.claims import Claim, at_most, near, reported
from lamina.experiments.convergence import convergence_metrics, length_text, named, slope_claim
from lamina.experiments.ou.config import (
    ALLOWANCE,
    CORRELATIONS,
    INFORMATION,
    LEADING,
    LONG_FIT,
    ROUNDING,
    STANDARD_ERRORS,
    STATES,
    ZERO,
)
from lamina.experiments.ou.run import OUResult
from lamina.stats import predictive_information

_SUBSCRIPTS = "₁₂₃₄"


def windows(result: OUResult) -> np.ndarray:
    """Return the windows of each length."""
    return result.sweep.lengths - 2 * result.config.memory + 1


def informations(result: OUResult, rank: int) -> np.ndarray:
    """Return the information of the first directions of every fit in nats, (seeds, lengths)."""
    return np.array(
        [[predictive_information(each[:rank]) for each in row] for row in result.sweep.correlations]
    )


def scatter_ratio(result: OUResult, unit: int) -> tuple[float, float]:
    """Return measured over theory's scatter of one correlation around theory's mean, and its standard error.

    The root mean square over seeds and all lengths together, each error as a share of theory's there.
    """
    found = named(result.convergences, f"correlation {unit + 1}")
    shares = found.errors / found.theory
    return float(np.sqrt(np.mean(shares**2))), float(1 / np.sqrt(2 * shares.size))


def metrics(result: OUResult) -> dict[str, Any]:
    """Collect every number, ready for JSON.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    dict
        Population, theory, and what was measured at each length.
    """
    sweep, population, theory = result.sweep, result.population, result.theory
    first = sweep.correlations[:, :, : STATES + 2]
    return {
        "config": asdict(result.config),
        "population": {
            "canonical_correlations": population.correlations.tolist(),
            "information_nats": predictive_information(population.correlations),
            "filters": population.filters.tolist(),
            "cosines_with_kalman_predictor": result.observer_cosines.tolist(),
            "sines_with_kalman_predictor_of_the_window": result.observer_sines.tolist(),
        },
        "theory_for_one_window": {
            "correlation_sd": theory.correlation_sd.tolist(),
            "correlation_bias": result.bias.tolist(),
            "filter_error": theory.filter_error.tolist(),
            "moment_error": theory.moment_error,
            "spurious_correlations": theory.spurious.mean(axis=0).tolist(),
        },
        "fits": {
            "lengths": sweep.lengths.tolist(),
            "canonical_correlations": first.tolist(),
            "mean": first.mean(axis=0).tolist(),
            "standard_deviation": first.std(axis=0).tolist(),
            "information_nats_three_directions": informations(result, STATES).mean(axis=0).tolist(),
            "information_nats_all_directions": informations(result, result.config.memory)
            .mean(axis=0)
            .tolist(),
            "cosines_with_kalman_predictor": result.state_cosines.mean(axis=0).tolist(),
        },
        "convergence": convergence_metrics(result.convergences),
    }


def claims(result: OUResult) -> list[Claim]:
    """Set the specification's numbers, and what theory says of fits, beside what was found.

    Parameters
    ----------
    result
        A run.

    Returns
    -------
    list[Claim]
        Population, fits of the paper's length, convergence, and the observer.
    """
    return [*_population(result), *_fits(result), *_convergence(result), *_observer(result)]


def _population(result: OUResult) -> list[Claim]:
    found = result.population.correlations
    return [
        *(
            near(
                "Fig. 2B", f"canonical correlation σ{_SUBSCRIPTS[i]} of the population", CORRELATIONS[i],
                float(found[i]), ROUNDING, digits=4,
            )
            for i in range(STATES)
        ),
        Claim(
            "Fig. 2B", "the next one: as many directions as hidden states", "0", f"{found[STATES]:.0e}",
            f"≤ {ZERO:g}", bool(found[STATES] <= ZERO),
        ),
        near(
            "Fig. 2B", "information of the past about the future (nats)", INFORMATION,
            predictive_information(found), ROUNDING, digits=4,
        ),
    ]  # fmt: skip


def _fits(result: OUResult) -> list[Claim]:
    sweep, length = result.sweep, result.config.length
    at, count = list(sweep.lengths).index(length), len(sweep.correlations)
    made = [
        _mean_claim(result, i, at)
        for i in range(LEADING)
    ]  # fmt: skip
    made.append(_mean_claim(result, STATES - 1, len(sweep.lengths) - 1))
    for i in range(LEADING):
        ratio, error = scatter_ratio(result, i)
        tolerance = ALLOWANCE + STANDARD_ERRORS * error
        made.append(
            Claim(
                "Issue", f"error of σ{_SUBSCRIPTS[i]} of fits, as a share of theory's SD, all T", "1",
                f"{ratio:.3f} ± {error:.3f}",
                f"± {tolerance:.3f} ({ALLOWANCE:g} and {STANDARD_ERRORS:g} standard errors)",
                bool(abs(ratio - 1) <= tolerance),
            )
        )  # fmt: skip
    long, published = LONG_FIT
    scores = _distance(result, np.array(published), long)
    made.append(
        at_most(
            "Specification", f"its fit at T = {length_text(long)}: largest distance from theory in SD", 2.0,
            float(scores.max()), paper=", ".join(f"{each:g}" for each in published), digits=2,
        )
    )  # fmt: skip
    third = sweep.correlations[:, at, STATES - 1]
    made.append(
        reported(
            "Fig. 2B", f"σ₃ of fits at T = {length_text(length)}", _spread(third),
            paper=f"{CORRELATIONS[-1]:g}",
            why=f"The spurious correlations behind it reach {_spurious(result, length):.3f} at this length.",
        )
    )  # fmt: skip
    for rank in (STATES, result.config.memory):
        nats = informations(result, rank)[:, at]
        made.append(
            reported(
                "Fig. 2B", f"information of fits at T = {length_text(length)}, {rank} directions (nats)",
                _spread(nats), paper=f"{INFORMATION:g}",
            )
        )  # fmt: skip
    fourth = sweep.correlations[:, at, STATES]
    expected = _spurious(result, length)
    tolerance = ALLOWANCE * expected + STANDARD_ERRORS * result.theory.spurious[:, 0].std() / np.sqrt(
        count * windows(result)[at]
    )
    made.append(
        Claim(
            "Issue", f"σ₄ of fits at T = {length_text(length)}, spurious; expected: random Hankel matrix",
            f"{expected:.4f}", _spread(fourth), f"± {tolerance:.4f}",
            bool(abs(fourth.mean() - expected) <= tolerance),
        )
    )  # fmt: skip
    return made


def _convergence(result: OUResult) -> list[Claim]:
    names = {
        "moments": "whitened covariances: slope of log error against log T",
        "correlations": "σ₁, σ₂ less theory's bias: slope of log error against log T",
        "filters": "filters 1, 2: slope of log error against log T",
    }
    return [
        slope_claim("Issue", statement, named(result.convergences, name)) for name, statement in names.items()
    ]


def _observer(result: OUResult) -> list[Claim]:
    last = result.state_cosines[:, -1]
    longest = length_text(int(result.sweep.lengths[-1]))
    return [
        Claim(
            "Fig. 2B", "filters span what the Kalman predictor of the same window does: largest sine",
            "same subspace", f"{result.observer_sines.max():.0e}", f"≤ {ZERO:g}",
            bool(result.observer_sines.max() <= ZERO),
        ),
        reported(
            "Fig. 2B", "and the steady Kalman predictor, of an endless past: least cosine",
            f"{result.observer_cosines.min():.7f}", paper="same subspace",
        ),
        reported(
            "beyond the paper", f"fits and the Kalman predictor: cosines, T = {longest}",
            ", ".join(f"{each:.4f}" for each in last.mean(axis=0)),
        ),
    ]  # fmt: skip


def _mean_claim(result: OUResult, unit: int, at: int) -> Claim:
    found = result.sweep.correlations[:, at, unit]
    expected, sd = _expected(result, unit, int(result.sweep.lengths[at]))
    tolerance = STANDARD_ERRORS * sd / np.sqrt(len(found))
    length = length_text(int(result.sweep.lengths[at]))
    return Claim(
        "Specification",
        f"mean σ{_SUBSCRIPTS[unit]} of fits at T = {length}; expected: theory with bias",
        f"{expected:.4f}",
        _spread(found),
        f"± {tolerance:.4f} ({STANDARD_ERRORS:g} standard errors, theory)",
        bool(abs(found.mean() - expected) <= tolerance),
    )


def _expected(result: OUResult, unit: int, length: int) -> tuple[float, float]:
    """Return theory's mean and standard deviation of one fitted correlation."""
    count = length - 2 * result.config.memory + 1
    mean = result.population.correlations[unit] + result.bias[unit] / count
    return float(mean), float(result.theory.correlation_sd[unit] / np.sqrt(count))


def _spread(values: np.ndarray) -> str:
    """Return mean and standard deviation over seeds as text; one seed has no spread."""
    return f"{values.mean():.4f}" + (f" ± {values.std():.4f}" if len(values) > 1 else "")


def _distance(result: OUResult, correlations: np.ndarray, length: int) -> np.ndarray:
    expected = np.array([_expected(result, unit, length) for unit in range(len(correlations))])
    return np.abs(correlations - expected[:, 0]) / expected[:, 1]


def _spurious(result: OUResult, length: int) -> float:
    count = length - 2 * result.config.memory + 1
    return float(result.theory.spurious[:, 0].mean() / np.sqrt(count))
