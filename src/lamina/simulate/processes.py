"""A hidden Ornstein-Uhlenbeck process, partly observed: the linear system whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from lamina._checks import check_integer, check_real, check_seed
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.simulate.population import population_canonical_correlations
from lamina.typing import Seed

_PUBLISHED_TRANSITION = ((0.6, 0.6, 0.0), (-0.6, 0.6, 0.0), (0.0, 0.0, 0.4))
_PUBLISHED_DRIVE = ((0.17, 0.0, 0.0), (0.0, -0.15, 0.0), (0.0, 0.0, 0.28))
_PUBLISHED_READOUT = (0.78, 0.53, 1.0)


@dataclass(frozen=True, eq=False)
class OUSystem:
    r"""A stable linear system driven by white noise and observed through white noise.

    .. math:: x_{t+1} = A x_t + B w_t, \quad y_t = C x_t + \sqrt{r}\, v_t, \quad w_t, v_t \sim N(0, I)

    The defaults are the three-state system of Qin et al. (2025), Fig. 2B.

    Parameters
    ----------
    transition
        :math:`A`, ``(states, states)``, all eigenvalues inside the unit circle.
    drive
        :math:`B`, ``(states, inputs)``.
    readout
        :math:`C`, ``(states,)`` for a recording ``(time,)``, or ``(channels, states)`` for ``(time,
        channels)``.
    observation_variance
        :math:`r`, at least 0.

    Raises
    ------
    ArgumentError
        If the system is unstable, or the variance out of range.
    ArgumentTypeError
        If a matrix does not hold real numbers.
    ShapeError
        If the matrices do not fit each other.
    DataError
        If a matrix holds NaN or infinity.

    Notes
    -----
    Qin et al. (2025), Eqs. 1 and 2.

    Examples
    --------
    >>> round(OUSystem().spectral_radius, 4)
    0.8485
    """

    transition: Any = _PUBLISHED_TRANSITION
    drive: Any = _PUBLISHED_DRIVE
    readout: Any = _PUBLISHED_READOUT
    observation_variance: float = 0.1

    def __post_init__(self) -> None:
        transition = _check_matrix("transition", self.transition, (2,))
        n_states = transition.shape[0]
        drive = _check_matrix("drive", self.drive, (2,))
        readout = _check_matrix("readout", self.readout, (1, 2))
        for name, length in (
            ("transition", transition.shape[1]),
            ("drive", drive.shape[0]),
            ("readout", readout.shape[-1]),
        ):
            if length != n_states:
                raise ShapeError(
                    name,
                    allowed=f"made for {n_states} states, the rows of transition",
                    got=f"{length}",
                    remedy="Give matrices (states, states), (states, inputs) and (channels, states).",
                )
        variance = check_real("observation_variance", self.observation_variance, minimum=0.0)
        object.__setattr__(self, "transition", transition)
        object.__setattr__(self, "drive", drive)
        object.__setattr__(self, "readout", readout)
        object.__setattr__(self, "observation_variance", variance)
        if self.spectral_radius >= 1:
            raise ArgumentError(
                "transition",
                allowed="stable, with all eigenvalues inside the unit circle",
                got=f"a spectral radius of {self.spectral_radius:.6g}",
                remedy="Scale it down; without stability there is no stationary distribution to start from.",
            )

    @property
    def spectral_radius(self) -> float:
        """Largest magnitude of an eigenvalue of the transition matrix."""
        return float(np.max(np.abs(np.linalg.eigvals(self.transition))))

    @property
    def stationary_covariance(self) -> np.ndarray:
        """``P`` with ``P = A P A' + B B'``, the covariance of the states, ``(states, states)``."""
        covariance = solve_discrete_lyapunov(self.transition, self.drive @ self.drive.T)
        return (covariance + covariance.T) / 2


def generate_ou_process(n_samples: int, system: OUSystem | None = None, *, seed: Seed = 0) -> np.ndarray:
    r"""Record a partly observed Ornstein-Uhlenbeck process from its stationary start on.

    .. math:: x_0 \sim \mathcal N(0, P), \qquad x_{t+1} = A x_t + B w_t, \qquad y_t = C x_t + \sqrt{r}\, v_t

    Parameters
    ----------
    n_samples
        Length of the recording, at least 1.
    system
        The system; by default the three-state system of Qin et al. (2025), Fig. 2B.
    seed
        An integer or a ``numpy.random.Generator``.

    Returns
    -------
    numpy.ndarray
        ``(time,)`` float64, or ``(time, channels)`` where the readout is a matrix.

    Raises
    ------
    ArgumentError
        If ``n_samples`` is below 1 (and `OUSystem` for an unstable system).
    ArgumentTypeError
        If ``system`` is not an `OUSystem`.

    Examples
    --------
    >>> y = generate_ou_process(100_000, seed=0)
    >>> y.shape, float(y.var().round(2))
    ((100000,), 0.28)
    """
    length = check_integer("n_samples", n_samples, minimum=1)
    chosen = _check_system(system)
    generator = check_seed("seed", seed)
    n_states, n_inputs = chosen.drive.shape
    # the covariance may be singular (a state that nothing drives), so no Cholesky factor
    variances, axes = np.linalg.eigh(chosen.stationary_covariance)
    start = axes @ (np.sqrt(np.maximum(variances, 0.0)) * generator.standard_normal(n_states))
    states = np.empty((length, n_states))
    states[0] = start
    states[1:] = generator.standard_normal((length - 1, n_inputs)) @ chosen.drive.T
    _accumulate(states, chosen.transition)
    recording = states @ chosen.readout.T
    return recording + np.sqrt(chosen.observation_variance) * generator.standard_normal(recording.shape)


def ou_autocovariance(n_lags: int, system: OUSystem | None = None) -> np.ndarray:
    r"""Return the autocovariance of a partly observed Ornstein-Uhlenbeck process, in closed form.

    .. math:: R_k = C A^k P C^\top + [k = 0]\, r I, \qquad P = A P A^\top + B B^\top

    Parameters
    ----------
    n_lags
        Number of lags, from 0 on, at least 1.
    system
        The system; by default the three-state system of Qin et al. (2025), Fig. 2B.

    Returns
    -------
    numpy.ndarray
        ``(lags,)`` float64, or ``(lags, channels, channels)`` where the readout is a matrix.

    Raises
    ------
    ArgumentError
        If ``n_lags`` is below 1.
    ArgumentTypeError
        If ``system`` is not an `OUSystem`.

    Examples
    --------
    >>> ou_autocovariance(3).round(4)
    array([0.2744, 0.0846, 0.0133])
    """
    count = check_integer("n_lags", n_lags, minimum=1)
    chosen = _check_system(system)
    readout = np.atleast_2d(chosen.readout)
    moved = chosen.stationary_covariance @ readout.T
    lagged = np.empty((count, len(readout), len(readout)))
    for lag in range(count):
        lagged[lag] = readout @ moved
        moved = chosen.transition @ moved
    lagged[0] += chosen.observation_variance * np.eye(len(readout))
    return lagged[:, 0, 0] if chosen.readout.ndim == 1 else lagged


def ou_canonical_correlations(
    memory: int, horizon: int, gap: int = 1, system: OUSystem | None = None
) -> np.ndarray:
    r"""Return the canonical correlations between past and future that infinitely much data would give.

    Parameters
    ----------
    memory
        Number of past samples, at least 1.
    horizon
        Number of future samples, at least 1.
    gap
        Samples from the newest past to the nearest future one, at least 1.
    system
        The system; by default the three-state system of Qin et al. (2025), Fig. 2B.

    Returns
    -------
    numpy.ndarray
        ``(min(memory, horizon) * channels,)`` float64, descending. At most as many differ from 0 as there are
        states.

    Raises
    ------
    ArgumentError
        If ``memory``, ``horizon`` or ``gap`` is below 1.
    ArgumentTypeError
        If ``system`` is not an `OUSystem`.

    Notes
    -----
    Equations: `ou_autocovariance`, then `population_canonical_correlations`.

    Examples
    --------
    >>> ou_canonical_correlations(memory=25, horizon=25)[:4].round(4)
    array([0.3757, 0.2214, 0.0485, 0.    ])
    """
    m = check_integer("memory", memory, minimum=1)
    h = check_integer("horizon", horizon, minimum=1)
    g = check_integer("gap", gap, minimum=1)
    return population_canonical_correlations(ou_autocovariance(m + h + g - 1, system), m, h, g)


def _accumulate(states: np.ndarray, transition: np.ndarray) -> None:
    """Turn each row into the sum of it and its predecessors, moved on, in place: x_t = sum_k A^k u_{t-k}.

    By doubling: after j passes the sum holds the last 2^j terms. A stable system forgets, so few passes are
    needed however long the recording is.
    """
    power, reach = transition.copy(), 1
    while reach < len(states) and np.max(np.abs(power)) > 1e-30:
        states[reach:] += states[:-reach] @ power.T
        power, reach = power @ power, 2 * reach


def _check_system(system: OUSystem | None) -> OUSystem:
    if system is None:
        return OUSystem()
    if not isinstance(system, OUSystem):
        raise ArgumentTypeError(
            "system",
            allowed="an OUSystem",
            got=type(system).__name__,
            remedy="Make one with OUSystem(transition, drive, readout, observation_variance).",
        )
    return system


def _check_matrix(name: str, value: Any, axes: tuple[int, ...]) -> np.ndarray:
    try:
        matrix = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            name, allowed="a matrix of real numbers", got=str(error), remedy="Pass a NumPy array."
        ) from error
    if matrix.ndim not in axes or matrix.size == 0:
        raise ShapeError(
            name,
            allowed="an array of " + " or ".join(str(n) for n in axes) + " axes, none empty",
            got=f"shape {matrix.shape}",
            remedy="Give matrices (states, states), (states, inputs) and (channels, states).",
        )
    if not np.isfinite(matrix).all():
        raise DataError(name, allowed="finite", got="NaN or infinity", remedy="Give numbers only.")
    matrix.flags.writeable = False
    return matrix
