"""Past-future CCA as each library has it: from a signal to the first canonical correlations.

Every function takes a signal of shape (time,), a memory that is the horizon too, and a rank, and does all of
the work: lag vectors, covariances, correlations. Packages are imported when they are first used.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import lamina


def with_lamina(signal: np.ndarray, memory: int, rank: int) -> np.ndarray:
    return lamina.ReSU(memory, memory, rank).fit(signal).canonical_correlations_


def with_pyresu(signal: np.ndarray, memory: int, rank: int) -> np.ndarray:
    """Call what its functions accept; its Quick Start, and centring both at once, fail in 0.1.0."""
    import pyresu

    past, future = pyresu.construct_lag_vectors(signal, memory, memory)
    cell = pyresu.ReSUCell(memory, memory, rank)
    cell.fit(pyresu.center_lag_vectors(past), pyresu.center_lag_vectors(future))
    return cell.canonical_correlations


def with_lag_matrix(signal: np.ndarray, memory: int, rank: int) -> np.ndarray:
    """NumPy alone: copy the windows out, three products with BLAS, whiten, decompose."""
    past, future = lag_matrices(signal, memory)
    past -= past.mean(axis=0)
    future -= future.mean(axis=0)
    return correlations(past.T @ past, future.T @ future, future.T @ past, rank)


def with_deeptime(signal: np.ndarray, memory: int, rank: int) -> np.ndarray:
    """Give VAMP the delay embedding, and let it pair what lies ``memory`` samples apart: past and future."""
    from deeptime.decomposition import VAMP

    embedded = np.ascontiguousarray(sliding_window_view(signal, memory))
    return VAMP(lagtime=memory, dim=rank).fit(embedded).fetch_model().singular_values[:rank]


def with_scikit_learn(signal: np.ndarray, memory: int, rank: int) -> np.ndarray:
    from sklearn.cross_decomposition import CCA

    past, future = lag_matrices(signal, memory)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the power method stopped before it converged: see the errors
        z, w = CCA(n_components=rank).fit(past, future).transform(past, future)
    return np.asarray([np.corrcoef(z[:, unit], w[:, unit])[0, 1] for unit in range(rank)])


def in_extended_precision(signal: np.ndarray, memory: int, rank: int) -> np.ndarray:
    """Reference: the moments of the lag matrix summed in extended precision, then rounded and solved."""
    past, future = (side.astype(np.longdouble) for side in lag_matrices(signal, memory))
    past -= past.mean(axis=0)
    future -= future.mean(axis=0)
    products = (past.T @ past, future.T @ future, future.T @ past)
    return correlations(*(product.astype(np.float64) for product in products), rank)


def lag_matrices(signal: np.ndarray, memory: int) -> tuple[np.ndarray, np.ndarray]:
    windows = sliding_window_view(signal, 2 * memory)
    return windows[:, memory - 1 :: -1].copy(order="C"), windows[:, memory:].copy(order="C")


def correlations(past: np.ndarray, future: np.ndarray, cross: np.ndarray, rank: int) -> np.ndarray:
    roots = []
    for covariance in (past, future):
        values, vectors = np.linalg.eigh(covariance)
        roots.append(vectors / np.sqrt(values) @ vectors.T)
    return np.linalg.svd(roots[1] @ cross @ roots[0], compute_uv=False)[:rank]
