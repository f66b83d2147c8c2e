"""What holds for every test and every example in the documentation.

The shape checks on the pure functions are switched on in pyproject.toml (``--jaxtyping-packages``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(autouse=True)
def _global_generator_untouched() -> Iterator[None]:
    """Fail a test that draws from, or seeds, the NumPy generator that a whole process shares.

    Python's own is not watched, since beartype draws from it; no module of the library imports it.
    """
    before = _global_generator()
    yield
    if _global_generator() != before:
        pytest.fail("NumPy's global random state changed; pass a seed or a generator")


def _global_generator() -> tuple[object, ...]:
    _, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 -- looked at, never drawn from
    return (np.asarray(keys).tobytes(), *rest)
