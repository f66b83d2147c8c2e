"""truncated_cca against known population values and against scikit-learn."""

import numpy as np
import scipy.linalg
from sklearn.cross_decomposition import CCA

from lamina.stats import LagMoments, lag_vectors, predictive_information, truncated_cca

# three latent Ornstein-Uhlenbeck states (ReSU paper, Fig. 2B)
A = np.array([[0.6, 0.6, 0.0], [-0.6, 0.6, 0.0], [0.0, 0.0, 0.4]])
B = np.diag([0.17, -0.15, 0.28])
C = np.array([0.78, 0.53, 1.0])
NOISE = 0.1
MEMORY = HORIZON = 25


def autocovariance(lags):
    """Of the observed signal, from the Lyapunov equation of the states."""
    states = scipy.linalg.solve_discrete_lyapunov(A, B @ B.T)
    values = [C @ np.linalg.matrix_power(A, lag) @ states @ C for lag in range(lags)]
    values[0] += NOISE
    return np.array(values)


def population():
    values = autocovariance(MEMORY + HORIZON)
    toeplitz = scipy.linalg.toeplitz(values[:MEMORY])
    cross = np.array([[values[ahead + 1 + back] for back in range(MEMORY)] for ahead in range(HORIZON)])
    return toeplitz, toeplitz, cross


def simulated(samples, seed):
    rng = np.random.default_rng(seed)
    burn_in = 200
    kicks = rng.standard_normal((samples + burn_in, 3)) @ B.T
    states = np.zeros((samples + burn_in, 3))
    for t in range(1, samples + burn_in):
        states[t] = A @ states[t - 1] + kicks[t]
    return states[burn_in:] @ C + np.sqrt(NOISE) * rng.standard_normal(samples)


def test_population_values_of_the_published_process():
    found = truncated_cca(*population())
    np.testing.assert_allclose(found.canonical_correlations[:3], [0.3757, 0.2214, 0.0485], atol=5e-5)
    # three states can hold no more than three directions
    np.testing.assert_allclose(found.canonical_correlations[3:], 0, atol=1e-9)
    np.testing.assert_allclose(predictive_information(found.canonical_correlations), 0.1024, atol=5e-5)


def test_a_fit_approaches_the_population_within_sampling_error():
    samples = 100_000
    exact = truncated_cca(*population(), 3).canonical_correlations
    moments = LagMoments(MEMORY, HORIZON).update(simulated(samples, 0)).covariances()
    found = truncated_cca(moments.past, moments.future, moments.cross, 3).canonical_correlations
    # a sample correlation has standard deviation (1 - s^2) / sqrt(T): windows overlap, but each has one new
    # sample; choosing the best of 25 directions inflates its square by about 25 / T
    deviations = (1 - exact**2) / np.sqrt(samples)
    inflated = np.sqrt(exact**2 + MEMORY / samples)
    assert (np.abs(found[:2] - inflated[:2]) <= 4 * deviations[:2]).all()
    # directions at the noise floor come out as the largest of many spurious ones
    assert exact[2] - 4 * deviations[2] <= found[2] <= inflated[2] + 6 * deviations[2]


def test_the_first_filter_is_the_populations():
    exact = truncated_cca(*population(), 1).past_filters[0]
    moments = LagMoments(MEMORY, HORIZON).update(simulated(100_000, 1)).covariances()
    found = truncated_cca(moments.past, moments.future, moments.cross, 1).past_filters[0]
    covariance = population()[0]
    cosine = found @ covariance @ exact / np.sqrt((found @ covariance @ found) * (exact @ covariance @ exact))
    assert cosine >= 0.99


def test_scikit_learn_finds_the_same_directions():
    rng = np.random.default_rng(2)
    signal = rng.standard_normal((3000, 2))
    for t in range(1, 3000):
        signal[t] += np.array([[0.7, 0.3], [-0.3, 0.5]]) @ signal[t - 1]
    past, future = lag_vectors(signal, 3, 2)
    moments = LagMoments(3, 2, channels=2).update(signal).covariances()
    found = truncated_cca(moments.past, moments.future, moments.cross, 2)
    theirs = CCA(n_components=2, scale=False, max_iter=10_000, tol=1e-14).fit(past, future)
    scores = theirs.transform(past, future)
    for index in range(2):
        ours = past @ found.past_filters[index], future @ found.future_filters[index]
        for mine, yours in zip(ours, (score[:, index] for score in scores), strict=True):
            np.testing.assert_allclose(abs(np.corrcoef(mine, yours)[0, 1]), 1, atol=1e-8)
        expected = np.corrcoef(*(score[:, index] for score in scores))[0, 1]
        np.testing.assert_allclose(found.canonical_correlations[index], expected, rtol=1e-8)
