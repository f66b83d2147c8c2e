"""What holds for every test and every example in the documentation.

The shape checks on the pure functions are switched on in pyproject.toml (``--jaxtyping-packages``).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import numpy as np
import pytest

os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(autouse=True)
def _global_generators_untouched() -> Iterator[None]:
    """Fail a test that draws from, or seeds, the generators that a whole process shares."""
    before = _global_generators()
    yield
    after = _global_generators()
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        pytest.fail(f"the global random state of {' and '.join(changed)} changed; pass a seed or a generator")


def _global_generators() -> dict[str, object]:
    _, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 -- looked at, never drawn from
    return {"random": random.getstate(), "numpy.random": (np.asarray(keys).tobytes(), *rest)}
