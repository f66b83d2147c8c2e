"""The table that the transforms' contract suite is run over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from lamina.transforms.cosine import DCT
from lamina.transforms.fourier import FFT1D, RFFT
from lamina.transforms.fourier2d import FFT2D, RFFT2D
from lamina.transforms.hadamard import Hadamard
from lamina.transforms.sine import DST
from lamina.transforms.stft import STFT
from lamina.transforms.transform import Transform
from lamina.transforms.wavelet import DWT1D
from lamina.transforms.wavelet2d import DWT2D


@dataclass(frozen=True)
class TransformCase:
    """A transform with settings, and what is expected of it.

    ``place``: where the axis of n values lies, "middle" of three axes, "last" of three, or "two" of them, of
    n and n + 1 ("double": of n and 2n). ``length``: how inverse and adjoint learn the signal's length: not at
    all (None), in the "constructor", by "call", or a "pair" by call. ``orthonormal``: whether the matrix is
    orthonormal for signals of n values.
    """

    name: str
    kind: type[Transform]
    arguments: Mapping[str, Any]
    orthonormal: Callable[[int], bool] = lambda n: False
    place: str = "middle"
    length: str | None = None
    least: int = 1
    complex_too: bool = False

    def sizes(self) -> tuple[int, ...]:
        return tuple(n for n in (1, 2, 3, 7, 8, 13, 16, 31, 50) if n >= self.least)

    def build(self, n: int = 8) -> Transform:
        return self.kind(**self.arguments, **({"n": n} if self.length == "constructor" else {}))

    def input(
        self, n: int = 8, *, batch: int = 2, seed: int = 0, dtype: torch.dtype = torch.float64
    ) -> torch.Tensor:
        two = {"two": (batch, n, n + 1), "double": (batch, n, 2 * n)}
        shape = {"middle": (batch, n, 3), "last": (batch, 3, n), **two}[self.place]
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(
            dtype
        )

    def returning(self, n: int) -> dict[str, Any]:
        """What inverse and adjoint are told besides the coefficients."""
        if self.length == "pair":
            return {"n": tuple(self.input(n).shape[1:])}
        if self.length == "call":
            return {"n": n + 1 if self.place == "two" else n}
        return {}

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def leaves(y: Any) -> list[torch.Tensor]:
    """Tensors of a result, which may be a list of them."""
    return pytree.tree_leaves(y)


def coefficients_like(y: Any, seed: int = 1) -> Any:
    """Noise of the shapes and dtypes of a result."""
    generator = torch.Generator().manual_seed(seed)
    return pytree.tree_map(lambda one: torch.randn(one.shape, generator=generator, dtype=one.dtype), y)


def flat(y: Any) -> torch.Tensor:
    """All numbers of a result in one row, complex ones as pairs."""
    parts = [torch.view_as_real(one) if one.is_complex() else one for one in leaves(y)]
    return torch.cat([one.flatten() for one in parts])


ALWAYS, NEVER = (lambda n: True), (lambda n: False)
TRIGONOMETRIC = [
    TransformCase(
        f"{kind.__name__}-{'I' * number if number < 4 else 'IV'} {norm}",
        kind,
        {"type": number, "dim": 1, "norm": norm},
        orthonormal=ALWAYS if norm == "ortho" else NEVER,
        least=2 if kind is DCT and number == 1 else 1,
    )
    for kind in (DCT, DST)
    for number in (2, 1, 3, 4)
    for norm in ("ortho", "backward", "forward")
]
CASES = [
    *(
        TransformCase(
            f"FFT1D {norm}",
            FFT1D,
            {"dim": 1, "norm": norm},
            orthonormal=ALWAYS if norm == "ortho" else NEVER,
            complex_too=True,
        )
        for norm in ("ortho", "backward", "forward")
    ),
    *(
        TransformCase(
            f"FFT2D {norm}",
            FFT2D,
            {"norm": norm},
            orthonormal=ALWAYS if norm == "ortho" else NEVER,
            place="two",
            complex_too=True,
        )
        for norm in ("ortho", "backward", "forward")
    ),
    *(
        TransformCase(f"RFFT {norm}", RFFT, {"dim": 1, "norm": norm}, length="call")
        for norm in ("ortho", "backward", "forward")
    ),
    *(
        TransformCase(f"RFFT2D {norm}", RFFT2D, {"norm": norm}, place="two", length="call")
        for norm in ("ortho", "backward", "forward")
    ),
    *TRIGONOMETRIC,
    *(
        TransformCase(
            f"Hadamard {norm}",
            Hadamard,
            {"dim": 1, "norm": norm},
            # an isometry into a longer space where n is no power of two
            orthonormal=ALWAYS if norm == "ortho" else NEVER,
            length="constructor",
        )
        for norm in ("ortho", "backward", "forward")
    ),
    TransformCase(
        "DWT1D db2 periodization",
        DWT1D,
        {"wavelet": "db2", "levels": 2, "mode": "periodization", "dim": 1},
        orthonormal=lambda n: n % 4 == 0,
        length="call",
    ),
    TransformCase("DWT1D db4 symmetric", DWT1D, {"dim": 1}, length="call"),
    TransformCase("DWT1D sym3 symmetric", DWT1D, {"wavelet": "sym3", "levels": 2, "dim": 1}, length="call"),
    TransformCase(
        "DWT1D bior2.2 periodization",
        DWT1D,
        {"wavelet": "bior2.2", "levels": 1, "mode": "periodization", "dim": 1},
        length="call",
    ),
    TransformCase(
        "DWT2D haar periodization",
        DWT2D,
        {"wavelet": "haar", "levels": 1, "mode": "periodization"},
        orthonormal=lambda n: n % 2 == 0,
        place="double",
        length="pair",
    ),
    TransformCase("DWT2D db2 symmetric", DWT2D, {"wavelet": "db2", "levels": 2}, place="two", length="pair"),
    TransformCase("STFT 8", STFT, {"size": 8}, place="last", length="call"),
    TransformCase(
        "STFT 7 by 3", STFT, {"size": 7, "hop": 3, "norm": "backward"}, place="last", length="call"
    ),
]

# the first entry of each class stands for it where a check takes long
FIRST = list({case.kind: case for case in reversed(CASES)}.values())[::-1]
