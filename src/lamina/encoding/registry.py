"""Every spike code, so that comparisons, the command line and the contract tests forget none."""

from __future__ import annotations

import difflib

from lamina.encoding.code import SpikeCode
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.pulse_width_modulation import PulseWidthModulation
from lamina.encoding.step_forward import StepForwardConverter
from lamina.errors import ArgumentError

CODES: tuple[type[SpikeCode], ...] = (
    StepForwardConverter,
    LIFBasedEncoding,
    PulseWidthModulation,
)


def code_named(name: str) -> type[SpikeCode]:
    """Return the class of the code with a short name; `ArgumentError` if there is none."""
    named = {code.name: code for code in CODES}
    if name in named:
        return named[name]
    near = difflib.get_close_matches(str(name), named, n=1)
    raise ArgumentError(
        "code",
        allowed=f"one of {', '.join(named)}",
        got=repr(name),
        remedy=f"Did you mean {near[0]!r}?" if near else "Choose one of these codes.",
    )
