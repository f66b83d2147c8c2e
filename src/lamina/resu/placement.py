"""Arrays of one library and device put where others are."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array, to_device

from lamina.typing import Array


def like(array: Array, reference: Array) -> Array:
    """Return ``array`` in float64, in the library and on the device of ``reference``."""
    xp = array_namespace(reference)
    if is_torch_array(array):
        array = array.detach()
    if array_namespace(array) is xp:
        return xp.astype(to_device(array, device(reference)), xp.float64)
    return xp.asarray(np.asarray(to_device(array, "cpu")), dtype=xp.float64, device=device(reference))
