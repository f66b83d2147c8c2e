"""From the scores of normal samples to the score that few of them exceed."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, get_args

import numpy as np
from jaxtyping import Float

from lamina._checks import check_choice, check_real
from lamina.errors import DataError
from lamina.typing import Array

ThresholdRule: TypeAlias = Literal["pareto", "empirical", "chi2"]

# scores above this share of all count as the tail, and at most 3 √n of them
_TAIL = 0.1
_FEWEST = 20


def surprise_threshold(
    scores: Float[Array, " samples"], false_alarm_rate: float, rule: ThresholdRule = "pareto"
) -> float:
    r"""Score that a normal sample exceeds with a given probability, from the scores of normal samples.

    - "empirical": the k-th smallest of n scores, :math:`k = \lceil (n + 1)(1 - \alpha) \rceil`, which a
      further score of the same distribution exceeds with probability at most α, whatever the distribution.
    - "chi2": :math:`g \chi^2_\nu` with the mean and the variance of the scores (Box 1954), as for a Gaussian
      signal.
    - "pareto": the empirical one within the scores; in the largest of them, and beyond, the generalised
      Pareto distribution :math:`u + \frac{\beta}{\xi} ((\alpha n / k)^{-\xi} - 1)` fitted to the k scores
      above u (k is a tenth of all, at most 3 √n), which allows for heavy tails. With fewer than 200 scores
      there is no tail to fit: "chi2" is taken.

    Parameters
    ----------
    scores
        (samples,), ≥ 0; NaN are left out.
    false_alarm_rate
        α, above 0 and below 1: share of normal samples above the threshold.
    rule
        "pareto", "empirical" or "chi2".

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        A rate or rule that cannot be.
    DataError
        Fewer than two scores; for "empirical", fewer than 1/α − 1 of them.

    References
    ----------
    Siffer et al. 2017, "Anomaly detection in streams with extreme value theory", Eq. 1; Zhang and Stephens
    2009, "A new and efficient estimation method for the generalized Pareto distribution"; Box 1954, "Some
    theorems on quadratic forms applied in the study of analysis of variance problems".

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.random.default_rng(0).chisquare(4, size=50_000)
    >>> rules = ("pareto", "empirical", "chi2")
    >>> found = [surprise_threshold(scores, 0.001, rule) for rule in rules]
    >>> bool(np.allclose(found, 18.47, rtol=0.05))  # the quantile of the distribution
    True
    """
    check_choice("rule", rule, get_args(ThresholdRule))
    rate = check_real("false_alarm_rate", false_alarm_rate, above=0.0, maximum=1.0 - 1e-12)
    values = np.sort(np.asarray(scores, dtype=np.float64).ravel())
    values = values[: len(values) - int(np.isnan(values).sum())]
    needed = max(2, math.ceil(1 / rate - 1)) if rule == "empirical" else 2
    if len(values) < needed:
        raise DataError(
            "scores",
            allowed=f"at least {needed} for the rule {rule!r} at a rate of {rate:g}",
            got=str(len(values)),
            remedy="Give more scores, a higher false_alarm_rate, or rule='chi2'.",
        )
    if rule == "chi2" or (rule == "pareto" and len(values) < _FEWEST / _TAIL):
        return _matched_chi2(values, rate)
    if rule == "pareto":
        tail = min(int(_TAIL * len(values)), int(3 * math.sqrt(len(values))))
        if rate * len(values) < tail:
            return _pareto(values, tail, rate)
    return float(values[min(len(values), math.ceil((len(values) + 1) * (1 - rate))) - 1])


def _matched_chi2(values: np.ndarray, rate: float) -> float:
    from scipy.special import chdtri

    mean, variance = float(values.mean()), float(values.var())
    if variance == 0:
        return mean
    return variance / (2 * mean) * float(chdtri(2 * mean**2 / variance, rate))


def _pareto(values: np.ndarray, tail: int, rate: float) -> float:
    start = values[-tail - 1]
    shape, scale = fit_pareto(values[-tail:] - start)
    ratio = rate * len(values) / tail
    growth = -math.log(ratio) if abs(shape) < 1e-9 else (ratio**-shape - 1) / shape
    return float(start + scale * growth)


def fit_pareto(excesses: np.ndarray) -> tuple[float, float]:
    """Fit the generalised Pareto distribution, with survival (1 + ξ x / β)^(−1/ξ), by Zhang and Stephens.

    θ = −ξ/β is averaged over its profile likelihood under their weak prior, on a grid of 20 + √n points.

    Parameters
    ----------
    excesses
        (n,), ascending, ≥ 0.

    Returns
    -------
    shape, scale
        ξ and β.
    """
    largest, count = float(excesses[-1]), len(excesses)
    if largest == 0:
        return 0.0, 0.0
    quartile = max(float(excesses[int(count / 4 + 0.5) - 1]), 1e-12 * largest)
    points = 20 + int(math.sqrt(count))
    steps = np.arange(1, points + 1)
    theta = 1 / largest + (1 - np.sqrt(points / (steps - 0.5))) / (3 * quartile)
    # the profile likelihood of θ: k(θ) = −mean log(1 − θ x), l(θ) = n (log(θ/k) + k − 1), with k = −ξ
    k = -np.mean(np.log1p(-theta[:, None] * excesses), axis=1)
    likelihood = count * (np.log(theta / k) + k - 1)
    weights = np.exp(likelihood - likelihood.max())
    best = float(np.sum(theta * weights) / np.sum(weights))
    shape = float(np.mean(np.log1p(-best * excesses)))
    return shape, -shape / best if best else float(np.mean(excesses))
