"""Which layers are measured, with what settings, and the specification's bars for them.

A class is looked up in `lamina.layers` when it is needed; one that is not there is left out, with a note.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

HIDDEN, HEADS, BATCH, LENGTH, LONG = 256, 8, 8, 512, 4096
# how the values lie: (batch, sequence, hidden), channels first, or images of as many values
SEQUENCE, CHANNELS_FIRST, IMAGE = "sequence", "channels first", "image"


@dataclass(frozen=True)
class LayerToTime:
    """A layer with settings, its bar on (8, 512, 256), and which of the general bars apply.

    ``bar``: forward, as a share of attention's time; None where the specification has none. ``training``:
    forward and backward no slower than attention's. ``long``: at most a quarter of its time at 4096.
    ``grows``: doubling the sequence at most multiplies the time by 2.6.
    """

    family: str
    name: str
    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)
    bar: float | None = None
    training: bool = True
    long: bool = True
    grows: bool = True
    layout: str = SEQUENCE
    # constructor arguments that depend on the length of the sequence
    by_length: Callable[[int], dict[str, Any]] = lambda length: {}
    hidden: str | None = "hidden_dim"
    # the longest sequence whose scores fit into the memory of a small machine
    longest: int | None = None

    def build(self, length: int = LENGTH) -> Any:
        import torch

        import lamina.layers

        kind = getattr(lamina.layers, self.kind, None)
        if kind is None:
            raise NotExportedError(f"{self.kind} is not in lamina.layers")
        given = {self.hidden: HIDDEN} if self.hidden else {}
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return kind(**given, **self.arguments, **self.by_length(length)).eval()

    def input(self, batch: int = BATCH, length: int = LENGTH) -> Any:
        import torch

        rows = 1 << math.ceil(math.log2(length) / 2)
        shape = {
            SEQUENCE: (batch, length, HIDDEN),
            CHANNELS_FIRST: (batch, HIDDEN, length),
            IMAGE: (batch, HIDDEN, rows, length // rows),
        }[self.layout]
        return torch.randn(shape, generator=torch.Generator().manual_seed(0))


class NotExportedError(Exception):
    """A layer that `lamina.layers` does not offer."""


def attention() -> Any:
    """What everything is held against."""
    import torch

    torch.manual_seed(0)
    return torch.nn.MultiheadAttention(HIDDEN, HEADS, batch_first=True).eval()


def attend(layer: Any, x: Any) -> Any:
    return layer(x, x, x, need_weights=False)[0]


def _filter(length: int) -> dict[str, Any]:
    return {"sequence_length": length}


def _linear(kind: str, name: str, **arguments: Any) -> Iterator[LayerToTime]:
    family = "linear attention"
    yield LayerToTime(family, f"{name}, 64 features", kind, {"num_features": 64, **arguments}, bar=0.6)
    # only layers with 64 features have a bar at 4096
    yield LayerToTime(family, f"{name}, {HIDDEN} features", kind, arguments, bar=1.8, long=False)


CASES = [
    *(
        LayerToTime("Fourier", kind, kind, bar=0.15)
        for kind in ("FourierMixing", "FourierMixing1D", "RealFourierMixing", "SeparableFourierMixing")
    ),
    *(
        LayerToTime("global filter", kind, kind, bar=0.5, by_length=_filter)
        for kind in ("GlobalFilterMixing", "GlobalFilterMixing2D", "AdaptiveGlobalFilter")
    ),
    LayerToTime(
        "global filter",
        "GlobalFilterMixing, causal",
        "GlobalFilterMixing",
        {"causal": True},
        bar=0.5,
        by_length=_filter,
    ),
    LayerToTime(
        "AFNO", "AFNOMixing", "AFNOMixing", bar=0.5, by_length=lambda length: {"max_sequence_length": length}
    ),
    LayerToTime(
        "FNO",
        "SpectralConv1d, 16 modes",
        "SpectralConv1d",
        {"in_channels": HIDDEN, "out_channels": HIDDEN, "modes": 16},
        bar=0.5,
        layout=CHANNELS_FIRST,
        hidden=None,
    ),
    LayerToTime(
        "FNO",
        "SpectralConv2d, 4 x 4 modes",
        "SpectralConv2d",
        {"in_channels": HIDDEN, "out_channels": HIDDEN, "modes": (4, 4)},
        bar=0.5,
        layout=IMAGE,
        hidden=None,
    ),
    LayerToTime("FNO", "FourierNeuralOperator", "FourierNeuralOperator", bar=0.5),
    LayerToTime("FNO", "FNOBlock", "FNOBlock", bar=0.5),
    LayerToTime("wavelet", "WaveletMixing, pointwise", "WaveletMixing", bar=0.6),
    LayerToTime("wavelet", "WaveletMixing, channel", "WaveletMixing", {"mixing_mode": "channel"}, bar=0.6),
    LayerToTime(
        "wavelet",
        "WaveletMixing, level",
        "WaveletMixing",
        {"mixing_mode": "level"},
        bar=2.0,
        training=False,
        long=False,
        grows=False,
    ),
    LayerToTime(
        "wavelet",
        "WaveletMixing2D, subband, 1 level",
        "WaveletMixing2D",
        {"channels": HIDDEN, "levels": 1},
        layout=IMAGE,
        hidden=None,
        long=False,
    ),
    LayerToTime("transform attention", "LSTAttention", "LSTAttention", bar=0.9),
    LayerToTime("transform attention", "DCTAttention", "DCTAttention", bar=0.9),
    LayerToTime("transform attention", "HadamardAttention", "HadamardAttention", bar=0.9),
    LayerToTime(
        "transform attention",
        "MixedSpectralAttention",
        "MixedSpectralAttention",
        {"num_heads": HEADS},
        bar=0.9,
    ),
    *_linear("SpectralAttention", "SpectralAttention"),
    *_linear("PerformerAttention", "PerformerAttention"),
    *_linear("PerformerAttention", "PerformerAttention, generalized", generalized=True),
    *_linear("KernelAttention", "KernelAttention, gaussian"),
    LayerToTime(
        "linear attention",
        "KernelAttention, polynomial",
        "KernelAttention",
        {"kernel_type": "polynomial"},
        training=False,
        long=False,
        grows=False,
        longest=4096,
    ),
    LayerToTime(
        "linear attention",
        "KernelAttention, spectral",
        "KernelAttention",
        {"kernel_type": "spectral"},
        long=False,
    ),
    *(
        LayerToTime(
            "linear attention, causal",
            f"{kind}, causal, 64 features",
            kind,
            {"num_features": 64, "causal": True},
            # the bars are for attention to both sides; prefix sums cost more
            training=False,
            long=False,
        )
        for kind in ("SpectralAttention", "PerformerAttention")
    ),
]


def offered() -> tuple[list[LayerToTime], list[str]]:
    """Layers that can be built, and notes about the others."""
    able, notes = [], []
    for case in CASES:
        try:
            case.build()
        except NotExportedError as error:
            notes.append(str(error))
        else:
            able.append(case)
    return able, sorted(set(notes))
