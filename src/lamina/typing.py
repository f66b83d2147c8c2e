"""Shape-carrying names for the arrays that cross lamina's borders.

An array is anything of the array API standard; NumPy and torch are tested. The strings are jaxtyping shapes:
they are documentation to a reader, and assertions when the tests switch the shape checks on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from jaxtyping import Float, Shaped

Array: TypeAlias = Any
"""An array of the array API standard (NumPy, torch)."""

Recording: TypeAlias = Shaped[Any, " time *channels"]
"""``(time,)`` or ``(time, channels)``."""

Trials: TypeAlias = Recording | Sequence[Recording]
"""One recording, or several that windows never cross."""

LagVectors: TypeAlias = Float[Any, "samples _lags"]
"""``(samples, memory * channels)``, newest lag first, channels fastest (futures: ``horizon * channels``)."""

Filters: TypeAlias = Float[Any, "units memory channels"]
"""``(units, memory, channels)``, newest lag first."""

Covariance: TypeAlias = Float[Any, "d d"]
"""A symmetric matrix of second moments."""

Scene: TypeAlias = Float[Any, "rows columns"]
"""A still image, ``(rows, columns)``."""

Movie: TypeAlias = Float[Any, "time pixels"]
"""What a one-dimensional retina sees, ``(time, pixels)``."""

GridMovie: TypeAlias = Float[Any, "time rows columns"]
"""What a two-dimensional retina sees, ``(time, rows, columns)``, rows from the top."""

Objective: TypeAlias = Literal["cca", "rrr", "pca"]
Criterion: TypeAlias = Literal["svc", "bic", "cv"]
Rectify: TypeAlias = Literal["none", "on", "off", "split"]
InformationUnit: TypeAlias = Literal["nats", "bits"]

Seed: TypeAlias = int | Any
"""An integer, or a ``numpy.random.Generator``."""

Progress: TypeAlias = Callable[[float, str], None]
"""Called now and then with the fraction done (0 to 1) and what is being done."""
