"""Other packages with the same operation: neuraloperator, ptwt and performer-pytorch."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from parts.layers_cases import BATCH, HEADS, HIDDEN, LENGTH
from parts.layers_speed import forward, timed, training
from parts.tables import Table

MODES, LEVELS, FEATURES = 16, 3, 64


class _Wavelets(torch.nn.Module):
    """There and back: the two functions of a wavelet transform."""

    def __init__(self, there: Callable[[Any], Any], back: Callable[[Any], Any]) -> None:
        super().__init__()
        self.there, self.back = there, back

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.back(self.there(x))


def _convolutions() -> tuple[Any, Any, torch.Tensor]:
    from neuralop.layers.spectral_convolution import SpectralConv

    from lamina.layers import SpectralConv1d

    ours = SpectralConv1d(HIDDEN, HIDDEN, MODES)
    # it keeps n_modes // 2 + 1 frequencies of a real signal
    theirs = SpectralConv(HIDDEN, HIDDEN, n_modes=(2 * (MODES - 1),), bias=False)
    with torch.no_grad():
        weights = theirs.weight
        ours.weights.copy_(weights.to_tensor() if hasattr(weights, "to_tensor") else weights)
    return ours, theirs, torch.randn(BATCH, HIDDEN, LENGTH)


def _wavelets() -> tuple[Any, Any, torch.Tensor]:
    import ptwt

    from lamina.transforms import wavedec, waverec

    ours = _Wavelets(
        lambda x: wavedec(x, "db4", level=LEVELS, dim=1), lambda parts: waverec(parts, "db4", dim=1)
    )
    theirs = _Wavelets(
        lambda x: ptwt.wavedec(x, "db4", mode="symmetric", level=LEVELS, axis=1),
        lambda parts: ptwt.waverec(parts, "db4", axis=1),
    )
    return ours, theirs, torch.randn(BATCH, LENGTH, HIDDEN)


def _performers(generalized: bool) -> tuple[Any, Any, torch.Tensor]:
    from performer_pytorch import SelfAttention

    from lamina.layers import PerformerAttention

    ours = PerformerAttention(HIDDEN, HEADS, num_features=FEATURES, generalized=generalized)
    theirs = SelfAttention(
        HIDDEN,
        heads=HEADS,
        dim_head=HIDDEN // HEADS,
        nb_features=FEATURES,
        generalized_attention=generalized,
        qkv_bias=True,
    )
    return ours.eval(), theirs.eval(), torch.randn(BATCH, LENGTH, HIDDEN)


PEERS: dict[str, tuple[str, Callable[[], tuple[Any, Any, torch.Tensor]], bool]] = {
    f"spectral convolution, {MODES} modes": ("neuraloperator 2.0.0, SpectralConv", _convolutions, True),
    f"wavedec and waverec, db4, {LEVELS} levels": ("ptwt 1.0.1, wavedec and waverec", _wavelets, True),
    f"FAVOR+, {FEATURES} features": (
        "performer-pytorch 1.1.4, SelfAttention",
        lambda: _performers(False),
        False,
    ),
    f"ReLU features, {FEATURES}": (
        "performer-pytorch 1.1.4, SelfAttention",
        lambda: _performers(True),
        False,
    ),
}


def peers_table(clock: Callable[[], float], *, quick: bool) -> Table:
    table = Table(
        "layers peers",
        f"({BATCH}, {LENGTH}, {HIDDEN}), float32, two threads: beside other packages",
        [
            "operation",
            "of",
            "forward",
            "lamina",
            "ratio",
            "forward + backward",
            "lamina",
            "ratio",
            "difference",
        ],
        remark="Best of interleaved runs, ms; a ratio above 1 says that lamina is quicker. Difference: the "
        "largest one of the outputs, over the largest output, with the same weights; the random features of "
        "the two Performers differ.",
    )
    for name, (of, make, comparable) in PEERS.items():
        try:
            with _quiet():
                ours, theirs, x = make()
        except ImportError as error:
            table.add(name, of, f"left out: {error}", *["–"] * 6)
            continue
        cells = []
        for way, rounds in ((forward, 15), (training, 8)):
            with _quiet():
                taken = timed({"ours": way(ours, x), "theirs": way(theirs, x)}, 2 if quick else rounds, clock)
            own, other = taken["ours"].shortest, taken["theirs"].shortest
            cells += [f"{1e3 * other:.3g}", f"{1e3 * own:.3g}", f"{other / own:.2f}×"]
        difference = "–"
        if comparable:
            with torch.no_grad():
                mine, their = ours(x), theirs(x)
            difference = f"{((mine - their).abs().max() / their.abs().max()).item():.1g}"
        table.add(name, of, *cells, difference)
    return table


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the peers' prints and warnings off the terminal."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
