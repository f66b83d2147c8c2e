"""causal_filter against SciPy's FIR filter, and against its own adjoint written out."""

import numpy as np
import pytest
import scipy.signal

from lamina.stats import causal_filter


def correlate_back(outputs, filters):
    """The transpose of causal filtering: what each sample contributed to."""
    recording = np.zeros((len(outputs), filters.shape[2]))
    for lag in range(min(filters.shape[1], len(outputs))):
        recording[: len(outputs) - lag] += outputs[lag:] @ filters[:, lag]
    return recording


@pytest.mark.parametrize(("units", "memory", "channels"), [(1, 1, 1), (2, 50, 1), (3, 40, 4), (5, 400, 2)])
@pytest.mark.parametrize("samples", [3, 999])
def test_inner_products_with_the_adjoint_agree(units, memory, channels, samples):
    rng = np.random.default_rng(memory)
    filters = rng.standard_normal((units, memory, channels))
    recording, outputs = rng.standard_normal((samples, channels)), rng.standard_normal((samples, units))
    forwards = np.vdot(causal_filter(recording, filters), outputs)
    np.testing.assert_allclose(
        forwards, np.vdot(recording, correlate_back(outputs, filters)), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("memory", [3, 60, 1000])
def test_scipy_agrees(memory):
    rng = np.random.default_rng(0)
    filters, recording = rng.standard_normal((2, memory, 2)), rng.standard_normal((3000, 2))
    expected = np.stack(
        [
            sum(scipy.signal.lfilter(unit[:, channel], 1, recording[:, channel]) for channel in (0, 1))
            for unit in filters
        ],
        axis=1,
    )
    np.testing.assert_allclose(causal_filter(recording, filters), expected, atol=1e-10)
