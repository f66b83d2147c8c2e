"""Every spike code, so that comparisons, the command line and the contract tests forget none."""

from __future__ import annotations

import difflib

from lamina.encoding.bens_spiker_algorithm import BensSpikerAlgorithm
from lamina.encoding.burst_code import BurstCode
from lamina.encoding.code import SpikeCode
from lamina.encoding.delta_modulation import DeltaModulation
from lamina.encoding.latency_code import LatencyCode
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.moving_window import MovingWindow
from lamina.encoding.phase_code import PhaseCode
from lamina.encoding.population_code import PopulationCode
from lamina.encoding.pulse_width_modulation import PulseWidthModulation
from lamina.encoding.rate_code import RateCode
from lamina.encoding.send_on_delta import SendOnDelta
from lamina.encoding.sigma_delta import SigmaDelta
from lamina.encoding.step_forward import StepForwardConverter
from lamina.encoding.threshold_based_representation import ThresholdBasedRepresentation
from lamina.errors import ArgumentError

CODES: tuple[type[SpikeCode], ...] = (
    StepForwardConverter,
    LIFBasedEncoding,
    PulseWidthModulation,
    BensSpikerAlgorithm,
    ThresholdBasedRepresentation,
    MovingWindow,
    DeltaModulation,
    SendOnDelta,
    SigmaDelta,
    RateCode,
    LatencyCode,
    PhaseCode,
    BurstCode,
    PopulationCode,
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
