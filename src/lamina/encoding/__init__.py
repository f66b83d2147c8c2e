"""Spike codes: signals to spikes and back, for whole signals and for streams; and where spikes go from there.

`CODES` has every code; `compare` tries them all on a signal. What reads no spike code of its own, such as
`SpikeObservation` for gymnasium, loads its package when it is asked for.
"""

from typing import TYPE_CHECKING, Any

from lamina.encoding import metrics
from lamina.encoding.bens_spiker_algorithm import BensSpikerAlgorithm
from lamina.encoding.bin_encoder import BinEncoder
from lamina.encoding.burst_code import BurstCode
from lamina.encoding.code import SpikeCode
from lamina.encoding.comparing import compare
from lamina.encoding.comparison import CodeResult, Comparison, Curve
from lamina.encoding.converters import ChangeConverter, ConverterFactory
from lamina.encoding.delta_modulation import DeltaModulation
from lamina.encoding.events import SpikeEvents, from_events, to_events
from lamina.encoding.frames import from_frames, to_frames
from lamina.encoding.gymnasium_encoder import GymnasiumEncoder
from lamina.encoding.latency_code import LatencyCode
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.moving_window import MovingWindow
from lamina.encoding.neo_trains import from_neo, to_neo
from lamina.encoding.nir_graph import to_nir
from lamina.encoding.phase_code import PhaseCode
from lamina.encoding.population_code import PopulationCode
from lamina.encoding.pulse_width_modulation import PulseWidthModulation
from lamina.encoding.rate_code import RateCode
from lamina.encoding.rates import rates_to_spikes
from lamina.encoding.registry import CODES
from lamina.encoding.scalers import ObservationScaler, ScalerFactory
from lamina.encoding.scaling import Scaling
from lamina.encoding.send_on_delta import SendOnDelta
from lamina.encoding.sigma_delta import SigmaDelta
from lamina.encoding.sparse import from_sparse, to_sparse
from lamina.encoding.step_forward import StepForwardConverter
from lamina.encoding.streaming import StreamState
from lamina.encoding.threshold_based_representation import ThresholdBasedRepresentation

if TYPE_CHECKING:
    from lamina.encoding.observation import SpikeObservation as SpikeObservation
    from lamina.encoding.observation import VectorSpikeObservation as VectorSpikeObservation

__all__ = [
    "CODES",
    "BensSpikerAlgorithm",
    "BinEncoder",
    "BurstCode",
    "ChangeConverter",
    "CodeResult",
    "Comparison",
    "ConverterFactory",
    "Curve",
    "DeltaModulation",
    "GymnasiumEncoder",
    "LIFBasedEncoding",
    "LatencyCode",
    "MovingWindow",
    "ObservationScaler",
    "PhaseCode",
    "PopulationCode",
    "PulseWidthModulation",
    "RateCode",
    "ScalerFactory",
    "Scaling",
    "SendOnDelta",
    "SigmaDelta",
    "SpikeCode",
    "SpikeEvents",
    "SpikeObservation",
    "StepForwardConverter",
    "StreamState",
    "ThresholdBasedRepresentation",
    "VectorSpikeObservation",
    "compare",
    "from_events",
    "from_frames",
    "from_neo",
    "from_sparse",
    "metrics",
    "rates_to_spikes",
    "to_events",
    "to_frames",
    "to_neo",
    "to_nir",
    "to_sparse",
]


def __getattr__(name: str) -> Any:
    # gymnasium is loaded by those who wrap an environment
    if name in {"SpikeObservation", "VectorSpikeObservation"}:
        from lamina.encoding import observation

        return getattr(observation, name)
    raise AttributeError(f"module 'lamina.encoding' has no attribute {name!r}")
