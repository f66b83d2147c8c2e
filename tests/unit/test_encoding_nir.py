"""Codes as graphs of NIR: read by their equations, step by step, they give the code's spikes."""

import warnings

import nir
import numpy as np
import pytest

from lamina.encoding import CODES, Scaling
from lamina.encoding.delta_modulation import DeltaModulation
from lamina.encoding.lif_based_encoding import LIFBasedEncoding
from lamina.encoding.nir_graph import to_nir
from lamina.encoding.sigma_delta import SigmaDelta
from lamina.encoding.step_forward import StepForwardConverter
from lamina.encoding.threshold_based_representation import ThresholdBasedRepresentation
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    MissingDependencyError,
    ShapeError,
    StateError,
)

DT = 1e-3


def order_of(graph):
    """Nodes such that each comes after those that it reads in the same step; delays read the step before."""
    left, done = list(graph.nodes), []
    while left:
        ready = [
            name
            for name in left
            if all(
                source in done or isinstance(graph.nodes[source], nir.Delay)
                for source, target in graph.edges
                if target == name
            )
        ]
        assert ready, "a loop without a delay"
        done += ready
        left = [name for name in left if name not in ready]
    return done


def simulate(graph, signal, dt=DT, exact=False):
    """Read a graph by NIR's equations, in steps of ``dt``: ``signal`` is (channels, time)."""
    zero = np.zeros(len(signal))
    state = dict.fromkeys(graph.nodes, zero)
    delayed = {name: zero for name, node in graph.nodes.items() if isinstance(node, nir.Delay)}
    order, spikes = order_of(graph), []
    for sample in signal.T:
        out = dict(delayed)
        taken = {}
        for name in order:
            node = graph.nodes[name]
            drive = sum((out[source] for source, target in graph.edges if target == name), zero)
            taken[name] = drive
            if isinstance(node, nir.Input):
                out[name] = sample
            elif isinstance(node, nir.Output):
                out[name] = drive
            elif isinstance(node, nir.Affine):
                out[name] = node.weight @ drive + node.bias
            elif isinstance(node, nir.Scale):
                out[name] = node.scale * drive
            elif isinstance(node, nir.Threshold):
                out[name] = (drive > node.threshold).astype(float)
            elif isinstance(node, nir.I):
                state[name] = state[name] + dt * node.r * drive
                out[name] = state[name]
            elif isinstance(node, nir.IF):
                v = state[name] + dt * node.r * drive
                out[name] = (v > node.v_threshold).astype(float)
                state[name] = np.where(v > node.v_threshold, node.v_reset, v)
            elif isinstance(node, nir.LIF):
                if exact:
                    alpha = np.exp(-dt / node.tau)
                    v = alpha * state[name] + (1 - alpha) * (node.v_leak + node.r * drive)
                else:
                    v = state[name] + dt / node.tau * (node.v_leak - state[name] + node.r * drive)
                out[name] = (v > node.v_threshold).astype(float)
                state[name] = np.where(v > node.v_threshold, node.v_reset, v)
            else:
                assert isinstance(node, nir.Delay)
                assert np.array_equal(node.delay, np.full(len(signal), dt))
        for name in delayed:
            delayed[name] = sum((out[source] for source, target in graph.edges if target == name), zero)
        spikes.append([out["output"], -out["output_down"] if "output_down" in out else zero])
    return np.array(spikes).transpose(1, 2, 0)


def walk(channels=3, samples=400, seed=0):
    """Multiples of 1/64, on which sums and differences are exact."""
    steps = np.random.default_rng(seed).standard_normal((channels, samples)).cumsum(axis=1)
    return np.round(steps * 16) / 64


def through_files(graph, folder):
    nir.write(folder / "graph.nir", graph)
    return nir.read(folder / "graph.nir")


def assert_same(spikes, expected, least=20):
    assert np.abs(expected).sum() >= least
    np.testing.assert_array_equal(spikes, expected)


@pytest.mark.parametrize("down_spike", [True, False])
@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (StepForwardConverter, {"threshold": [0.25, 0.5, 0.125]}),
        (StepForwardConverter, {"threshold": 0.25}),
        (DeltaModulation, {"threshold": [0.25, 0.5, 0.125]}),
        (ThresholdBasedRepresentation, {"factor": [0.5, 1.0, 0.0]}),
    ],
    ids=["sf", "sf with one threshold", "delta", "tbr"],
)
def test_codes_of_change(kind, arguments, down_spike, tmp_path):
    signal = walk()
    code = kind(**arguments, down_spike=down_spike)
    expected = code.encode(signal)
    graph = through_files(to_nir(code, 3, DT), tmp_path)
    assert_same(simulate(graph, signal - signal[:, :1]), expected)


@pytest.mark.parametrize("down_spike", [True, False])
def test_sigma_delta(down_spike, tmp_path):
    signal = walk()
    code = SigmaDelta([1.0, 0.75, 2.0], down_spike=down_spike)
    # a range of a power of two, so that the scaling is exact, and equality with the threshold comes about
    code.scaling_ = Scaling(minimum=-16.0, maximum=16.0)
    expected = code.encode(signal)
    graph = through_files(to_nir(code, 3, DT), tmp_path)
    assert_same(simulate(graph, signal), expected)
    # whatever the floats are, but for spikes that rounding moves by a sample
    code = SigmaDelta(1.0, down_spike=down_spike).fit(signal * 0.7, trials=0)
    found = simulate(to_nir(code, 3, DT), signal * 0.7)
    assert np.abs((found - code.encode(signal * 0.7)).cumsum(axis=-1)).max() <= 1


def test_sigma_delta_spikes_at_the_threshold_itself():
    signal = np.full((1, 12), 0.25)
    code = SigmaDelta(0.5)
    code.scaling_ = Scaling(minimum=-1.0, maximum=1.0)
    expected = code.encode(signal)
    assert expected[0, 0].tolist() == [0, 1] * 6
    np.testing.assert_array_equal(simulate(to_nir(code, 1, DT), signal), expected)


@pytest.mark.parametrize("discretization", ["euler", "exponential"])
@pytest.mark.parametrize("fitted", [True, False])
def test_one_sided_lif(discretization, fitted, tmp_path):
    signal = np.random.default_rng(3).standard_normal((3, 400))
    code = LIFBasedEncoding([0.3, 0.5, 1.0], [0.9, 0.5, 0.99], down_spike=False, baseline="zero")
    scaled = signal / 5
    if fitted:
        code.fit(signal, trials=0)
        expected = code.encode(signal)
    else:
        expected = code.encode(scaled, scaling=Scaling(minimum=-1.0, maximum=1.0))
    graph = through_files(to_nir(code, 3, DT, discretization=discretization), tmp_path)
    assert ("scaled" in graph.nodes) == fitted
    fed = signal if fitted else scaled
    # the code passes over the first sample
    found = simulate(graph, fed[:, 1:], exact=discretization == "exponential")
    assert_same(found, expected[..., 1:])
    # the other reading of the equation is another neuron
    other = simulate(graph, fed[:, 1:], exact=discretization == "euler")
    assert not np.array_equal(other, found)


def test_lif_without_a_leak_and_without_memory():
    signal = np.round(np.random.default_rng(4).uniform(-1, 1, (2, 400)) * 64) / 64
    for kept, kind in ((1.0, nir.IF), (0.0, nir.LIF)):
        code = LIFBasedEncoding(0.25, kept, down_spike=False, baseline="zero")
        graph = to_nir(code, 2, DT)
        assert isinstance(graph.nodes["up"], kind)
        expected = code.encode(signal, scaling=Scaling(minimum=-1.0, maximum=1.0))
        assert_same(simulate(graph, signal[:, 1:]), expected[..., 1:], least=5)


def test_snntorch_runs_the_graph(tmp_path):
    """Its own importer, which takes steps of 1e-4 s, Euler's rule, and one threshold for all neurons."""
    import torch
    from snntorch.import_nir import import_from_nir

    signal = np.random.default_rng(3).uniform(-3, 3, (2, 300)).astype(np.float32)
    code = LIFBasedEncoding(0.5, 0.75, down_spike=False, baseline="zero").fit(signal, trials=0)
    expected = code.encode(signal)[0, :, 1:]
    network = import_from_nir(through_files(to_nir(code, 2, 1e-4), tmp_path))
    state, spikes = None, []
    for sample in torch.from_numpy(signal.T[1:].copy()):
        spike, state = network(sample, state)
        spikes.append(spike.detach().numpy())
    assert_same(np.array(spikes).T, expected)


def run(network, signal):
    """Step through a network that returns spikes and, perhaps, its state."""
    import torch

    state, spikes = None, []
    for sample in torch.from_numpy(signal.T.copy())[:, None]:
        found = network(sample) if state is None else network(sample, state)
        found, state = found if isinstance(found, tuple) else (found, None)
        spikes.append(found.detach().numpy()[0])
    return np.array(spikes).T


NORSE, SPIKINGJELLY = "norse.torch.utils.import_nir", "spikingjelly.activation_based.nir_exchange"


@pytest.mark.parametrize("dt", [1e-4, 1e-2])
@pytest.mark.parametrize(
    ("reader", "kept"),
    [(NORSE, 0.75), (NORSE, [0.75, 0.5]), (NORSE, 1.0), (SPIKINGJELLY, 0.75), (SPIKINGJELLY, 1.0)],
    ids=["norse", "norse, several", "norse, no leak", "spikingjelly", "spikingjelly, no leak"],
)
def test_norse_and_spikingjelly_run_the_graph(reader, kept, dt, tmp_path):
    signal = np.random.default_rng(3).uniform(-3, 3, (2, 300)).astype(np.float32)
    code = LIFBasedEncoding(0.5, kept, down_spike=False, baseline="zero").fit(signal, trials=0)
    graph = through_files(to_nir(code, 2, dt), tmp_path)
    with warnings.catch_warnings():
        # both come with words about what their own libraries are going to change
        warnings.simplefilter("ignore")
        module = pytest.importorskip(reader)
        network = (module.from_nir if reader == NORSE else module.import_from_nir)(graph, dt=dt)
        found = run(network, signal[:, 1:])
    assert_same(found, code.encode(signal)[0, :, 1:], least=10)


def test_what_nir_cannot_express_says_why():
    one_sided = {"down_spike": False, "baseline": "zero"}
    for code, reason in (
        (LIFBasedEncoding(), "one threshold"),
        (LIFBasedEncoding(down_spike=False), "remembers"),
        (LIFBasedEncoding(membrane_constant=[1.0, 0.5], **one_sided), "split them"),
    ):
        with pytest.raises(StateError, match=rf"NIR cannot express LIFBasedEncoding.*{reason}"):
            to_nir(code, 2, DT)
    with pytest.raises(StateError, match="no time constant"):
        to_nir(LIFBasedEncoding(0.5, 0.0, **one_sided), 2, DT, discretization="exponential")
    with pytest.raises(StateError, match=r"(?i)fit"):
        to_nir(ThresholdBasedRepresentation(), 2, DT)
    expressed = {"lif", "sf", "delta", "sigma-delta", "tbr"}
    for kind in CODES:
        if kind.name not in expressed:
            with pytest.raises(StateError, match=f"NIR cannot express {kind.__name__}") as caught:
                to_nir(kind(), 2, DT)
            assert "knows no graph" not in str(caught.value)


def test_bad_arguments():
    code = StepForwardConverter([0.1, 0.2])
    for arguments, error in (
        (("sf", 2, DT), ArgumentTypeError),
        ((code, 0, DT), ArgumentError),
        ((code, 3, DT), ShapeError),
        ((code, 2, 0.0), ArgumentError),
        ((code, 2, np.nan), ArgumentError),
    ):
        with pytest.raises(error):
            to_nir(*arguments)
    with pytest.raises(ArgumentError, match="discretization"):
        to_nir(code, 2, DT, discretization="heun")


def test_nir_missing_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(MissingDependencyError, match=r"lamina\[events\]"):
        to_nir(StepForwardConverter(), 1, DT)
