"""Spike codes as graphs of NIR, the neuromorphic intermediate representation, where NIR can express them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._checks import check_choice, check_integer, check_real
from lamina.encoding.code import SpikeCode
from lamina.encoding.delta_modulation import DeltaModulation
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.sigma_delta import SigmaDelta
from lamina.encoding.step_forward import StepForwardConverter
from lamina.encoding.threshold_based_representation import ThresholdBasedRepresentation, _thresholds
from lamina.errors import ArgumentTypeError, MissingDependencyError, StateError

if TYPE_CHECKING:
    from nir import NIRGraph

Nodes = dict[str, Any]
Edges = list[tuple[str, str]]

_REASONS = {
    "pwm": "its carrier is a clock, and NIR has no source of time",
    "bsa": "it looks at samples that come later, which no network of neurons sees",
    "mw": "its mean takes fewer samples at the start than later, and no node of NIR changes with time",
    "send-on-delta": "its reference takes the signal's value at a spike, and NIR multiplies no two signals",
    "rate": "each sample becomes a train of several steps, and no node of NIR holds a sample for them",
    "latency": "each sample becomes a train of several steps, and no node of NIR holds a sample for them",
    "phase": "each sample becomes a train of several steps, and no node of NIR holds a sample for them",
    "burst": "each sample becomes a train of several steps, and no node of NIR holds a sample for them",
    "population": "its responses are Gaussian, and NIR has no node for them",
}


def to_nir(code: SpikeCode, n_channels: int, dt_s: float, *, discretization: str = "euler") -> NIRGraph:
    r"""Give a code as a graph of `NIR <https://neuroir.org>`_, which simulators and neuromorphic chips read.

    The graph has the node ``input``, which takes the ``n_channels`` values of a sample, and the outputs
    ``output`` (up spikes) and, for codes with down spikes, ``output_down``, whose spikes are 1. It gives the
    code's spikes in steps of ``dt_s``, where in each step every node takes its inputs of this step, sums
    them, and then gives its output; a ``Delay`` of ``dt_s`` gives the input of the step before, and
    everything starts from zero. Equal they are in exact arithmetic; a sum that rounds to another side of a
    threshold moves a spike.

    =====================================  ==================================================================
    code                                   graph, and what it is to be fed with
    =====================================  ==================================================================
    ``LIFBasedEncoding``, one-sided        Affine, LIF (IF if λ = 1); the samples from the second on, since
    (``down_spike=False``,                 the code passes over the first. With
    ``baseline="zero"``)                   :math:`\lambda v + s` per sample: see ``discretization``
    ``SigmaDelta``                         Affine, I, Threshold, and back by Delay and Scale; the signal
    ``StepForwardConverter``               Threshold, and back by Delay, Scale and I; the signal minus its
                                           first sample, since no node of NIR starts from a sample
    ``DeltaModulation``,                   Delay, Scale, Threshold; the signal minus its first sample
    ``ThresholdBasedRepresentation``
    =====================================  ==================================================================

    The graph of LIF runs in Norse 1.1, and in snnTorch 1.0 and SpikingJelly 2.0 if all channels have the same
    parameters (snnTorch: and a leak). The other graphs are for readers that know ``Threshold``, ``Delay`` and
    ``I``; these three refuse them.

    A code that was fitted maps its range by the Affine node (a diagonal matrix); one that was not is fed with
    values already in its interval.

    Parameters
    ----------
    code
        With parameters for ``n_channels`` channels, or one for all.
    n_channels
        Channels, at least 1.
    dt_s
        Time between two samples, in seconds, above 0. (snnTorch assumes 1e-4 when it imports a graph.)
    discretization
        How the reader of the graph solves :math:`\tau \dot v = -v + R\,I`. ``"euler"``, as snnTorch,
        Norse and SpikingJelly do: :math:`\tau = \Delta t / (1 - \lambda)`. ``"exponential"``, exact for an
        input that is held for a step: :math:`\tau = -\Delta t / \ln \lambda`, of
        :math:`v_t = e^{-\Delta t/\tau} v_{t-1} + (1 - e^{-\Delta t/\tau}) R\,I_t`.
        In both, :math:`R = 1`, and the voltage and its threshold are
        those of the code times :math:`1 - \lambda`. For LIF only.

    Returns
    -------
    nir.NIRGraph
        ``nir.write`` saves it.

    Raises
    ------
    MissingDependencyError
        If nir is not installed.
    ArgumentTypeError, ArgumentError, ShapeError
        If the code is none, the numbers are out of range, or its parameters are of other channels.
    StateError
        If NIR cannot express the code; the message says why. If the threshold of a
        `ThresholdBasedRepresentation` is not known, since it is not fitted.

    Examples
    --------
    >>> from lamina.encoding import LIFBasedEncoding
    >>> code = LIFBasedEncoding(0.5, membrane_constant=0.9, down_spike=False, baseline="zero")
    >>> graph = to_nir(code, n_channels=2, dt_s=1e-3)
    >>> list(graph.nodes), graph.nodes["up"].tau.round(6)
    (['input', 'up', 'output'], array([0.01, 0.01]))
    >>> to_nir(LIFBasedEncoding(), n_channels=2, dt_s=1e-3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.StateError: NIR cannot express LIFBasedEncoding(...): down spikes clear the voltage ...
    """
    nir = _nir()
    if not isinstance(code, SpikeCode):
        raise ArgumentTypeError(
            "code", allowed="a spike code", got=f"a {type(code).__name__}", remedy="Pass a code, such as LIF."
        )
    channels = check_integer("n_channels", n_channels, minimum=1)
    dt = check_real("dt_s", dt_s, above=0.0)
    check_choice("discretization", discretization, ("euler", "exponential"))
    # parameters of other channels are refused by name here
    values = code._values((channels,))
    one = np.ones(channels)
    if isinstance(code, LIFBasedEncoding):
        nodes, edges = _leaky(nir, code, values, dt, discretization)
    elif isinstance(code, SigmaDelta):
        nodes, edges = _sigma_delta(nir, code, values["threshold"], dt)
    elif isinstance(code, StepForwardConverter):
        nodes, edges = _step_forward(nir, code.down_spike, values["threshold"], dt)
    elif isinstance(code, DeltaModulation):
        nodes, edges = _changes(nir, code.down_spike, values["threshold"], dt)
    elif isinstance(code, ThresholdBasedRepresentation):
        ranges = None if code.scaling is None else code.scaling.per_channel((channels,))
        nodes, edges = _changes(nir, code.down_spike, one * _thresholds(values["factor"], ranges), dt)
    else:
        reason = _REASONS.get(code.name, "lamina knows no graph for it")
        raise StateError(f"NIR cannot express {code!r}: {reason}.")
    if code.interval is not None and code.scaling_ is not None:
        gain, offset = _to_interval(code, channels)
        first = [target for source, target in edges if source == "input"]
        nodes["scaled"] = nir.Affine(weight=np.diag(gain), bias=offset)
        edges = [("input", "scaled"), *(("scaled", target) for target in first)] + [
            edge for edge in edges if edge[0] != "input"
        ]
    shape = np.array([channels])
    ends: Nodes = {"output": nir.Output(shape)}
    edges = [*edges, ("up", "output")]
    if "down" in nodes:
        ends["output_down"] = nir.Output(shape)
        edges.append(("down", "output_down"))
    return nir.NIRGraph(nodes={"input": nir.Input(shape), **nodes, **ends}, edges=edges)


def _leaky(
    nir: Any, code: LIFBasedEncoding, values: dict[str, np.ndarray], dt: float, discretization: str
) -> tuple[Nodes, Edges]:
    kept, threshold = values["membrane_constant"], values["threshold"]
    reason = ""
    if code.down_spike:
        reason = "down spikes clear the voltage that up spikes come from, and its LIF has one threshold"
    elif code.baseline == "first":
        reason = "baseline='first' is the voltage at the second sample, and no node remembers it"
    elif (kept == 1).any() and not (kept == 1).all():
        reason = "channels without a leak need an IF, and those with one a LIF: split them"
    elif discretization == "exponential" and (kept == 0).any():
        reason = "a voltage that forgets all in one sample has no time constant; take discretization='euler'"
    if reason:
        raise StateError(f"NIR cannot express {code!r}: {reason}.")
    zero = np.zeros_like(kept)
    if (kept == 1).all():
        neuron = nir.IF(r=np.full_like(kept, 1 / dt), v_threshold=threshold, v_reset=zero)
    else:
        tau = dt / (1 - kept) if discretization == "euler" else -dt / np.log(kept)
        # the voltage in units in which R is 1, the only one that Norse reads
        scaled = threshold * (1 - kept)
        neuron = nir.LIF(tau=tau, r=np.ones_like(kept), v_leak=zero, v_threshold=scaled, v_reset=zero)
    return {"up": neuron}, [("input", "up")]


def _sigma_delta(nir: Any, code: SigmaDelta, threshold: np.ndarray, dt: float) -> tuple[Nodes, Edges]:
    # the code spikes at the threshold, and NIR above it
    below = np.nextafter(threshold, -np.inf)
    one = np.ones_like(threshold)
    nodes: Nodes = {
        "potential": nir.I(r=one / dt),
        "up": nir.Threshold(threshold=below),
        "up_before": nir.Delay(delay=one * dt),
        "up_taken": nir.Scale(scale=-threshold),
    }
    edges = [("input", "potential"), ("potential", "up")]
    edges += [("up", "up_before"), ("up_before", "up_taken"), ("up_taken", "potential")]
    if code.down_spike:
        nodes |= {
            "negative": nir.Scale(scale=-one),
            "down": nir.Threshold(threshold=below),
            "down_before": nir.Delay(delay=one * dt),
            "down_given": nir.Scale(scale=threshold),
        }
        edges += [("potential", "negative"), ("negative", "down"), ("down", "down_before")]
        edges += [("down_before", "down_given"), ("down_given", "potential")]
    return nodes, edges


def _step_forward(nir: Any, down_spike: bool, threshold: np.ndarray, dt: float) -> tuple[Nodes, Edges]:
    one = np.ones_like(threshold)
    nodes: Nodes = {
        "up": nir.Threshold(threshold=threshold),
        "up_before": nir.Delay(delay=one * dt),
        "baseline": nir.I(r=threshold / dt),
        "baseline_taken": nir.Scale(scale=-one),
    }
    edges = [("input", "up"), ("up", "up_before"), ("up_before", "baseline")]
    edges += [("baseline", "baseline_taken"), ("baseline_taken", "up")]
    if down_spike:
        nodes |= {
            "negative": nir.Scale(scale=-one),
            "down": nir.Threshold(threshold=threshold),
            "down_before": nir.Delay(delay=one * dt),
            "down_taken": nir.Scale(scale=-one),
        }
        edges += [("input", "negative"), ("negative", "down"), ("baseline", "down")]
        edges += [("down", "down_before"), ("down_before", "down_taken"), ("down_taken", "baseline")]
    return nodes, edges


def _changes(nir: Any, down_spike: bool, threshold: np.ndarray, dt: float) -> tuple[Nodes, Edges]:
    one = np.ones_like(threshold)
    nodes: Nodes = {
        "before": nir.Delay(delay=one * dt),
        "before_taken": nir.Scale(scale=-one),
        "up": nir.Threshold(threshold=threshold),
    }
    edges = [("input", "before"), ("before", "before_taken"), ("input", "up"), ("before_taken", "up")]
    if down_spike:
        nodes |= {"negative": nir.Scale(scale=-one), "down": nir.Threshold(threshold=threshold)}
        edges += [("input", "negative"), ("negative", "down"), ("before", "down")]
    return nodes, edges


def _to_interval(code: SpikeCode, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return gain and offset that map the fitted range to the code's interval."""
    assert code.scaling_ is not None
    assert code.interval is not None
    ranges = code.scaling_.per_channel((channels,))
    ranges.check_spread("scaling", np.dtype(np.float64))
    low, high = code.interval
    if isinstance(code, SigmaDelta) and not code.down_spike:
        low = 0.0
    gain = (high - low) / (ranges.maximum - ranges.minimum)
    return gain, low - ranges.minimum * gain


def _nir() -> Any:
    try:
        import nir
    except ImportError as error:
        raise MissingDependencyError(
            "graphs of NIR need the package nir: pip install 'lamina[events]'"
        ) from error
    return nir
