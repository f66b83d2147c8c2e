"""A unit as a module goes through torch.compile, torch.export and ONNX with its numbers unchanged."""

import io
import shutil

import numpy as np
import onnxruntime
import pytest
import torch

import lamina
from lamina.resu.module import ReSUModule

BATCH, TIME = torch.export.Dim("batch"), torch.export.Dim("time")
# lengths and batches of one, shorter and longer than the filters, and unlike the example in every respect
SHAPES = [(1, 1), (3, 7), (1, 500), (4, 2), (2, 33)]

# Each names what torch itself does while it exports or compiles; none can be answered by the caller.
EXPORTING = [
    # torch copies the pytree definition of the arguments, whose old class is deprecated
    "ignore:.*LeafSpec.*is deprecated:FutureWarning",
    # the example's batch axis of x and of the state are one and the same, as they should be
    "ignore:.*axis name. batch will not be used:UserWarning",
]
COMPILING = [
    # torch's compiler imports modules of its own that still use torch.jit
    "ignore:.torch.jit.script.* is deprecated:DeprecationWarning",
    # spectra are complex: the compiler hands them to torch's own kernels, as eager mode does
    "ignore:Torchinductor does not support code generation for complex operators:UserWarning",
]
COMPILES = pytest.mark.skipif(
    shutil.which("gcc") is None and shutil.which("clang") is None and shutil.which("cc") is None,
    reason="torch.compile needs a C++ compiler",
)


def recordings(batch, time, seed=0):
    x = torch.from_numpy(np.random.default_rng(seed).standard_normal((batch, time, 2))).float() + 3.0
    x[0, time // 2, 0] = torch.nan
    return x


def module(method="auto", rectify=("none", "on", "off", "split")):
    y = np.random.default_rng(1).standard_normal((3000, 2)).cumsum(axis=0) * 0.2 + 3.0
    y += np.random.default_rng(2).standard_normal((3000, 2))
    unit = lamina.ReSU(9, 9, 4, rectify=rectify if isinstance(rectify, str) else list(rectify)).fit(y)
    return ReSUModule(unit, dtype=torch.float32, method=method).eval()


def assert_same(outputs, expected):
    outputs = torch.from_numpy(outputs) if isinstance(outputs, np.ndarray) else outputs
    scale = float(expected.nan_to_num().abs().max())
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-6 * max(scale, 1.0), equal_nan=True)


def session(program):
    file = io.BytesIO()
    program.save(file)
    return onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])


@pytest.mark.filterwarnings(*EXPORTING)
@pytest.mark.parametrize("method", ["direct", "fft"])
def test_an_export_serves_any_batch_and_any_time(method):
    unit = module(method)
    shapes = {"x": {0: BATCH, 1: TIME}}
    exported = torch.export.export(unit, (recordings(2, 32),), dynamic_shapes=shapes).module()
    for shape in SHAPES:
        assert_same(exported(recordings(*shape)), unit(recordings(*shape)))
    for nothing in ((2, 0, 2), (0, 5, 2), (0, 0, 2)):
        assert exported(torch.zeros(nothing)).shape == (*nothing[:2], unit.outputs)


@pytest.mark.filterwarnings(*EXPORTING)
def test_a_trainable_export_has_its_weight_as_a_parameter():
    unit = ReSUModule(lamina.ReSU(3, 2, 1).fit(np.sin(np.arange(90.0) ** 1.1)), trainable=True)
    program = torch.export.export(unit, (torch.zeros(2, 8, 1),))
    assert set(program.state_dict) == {"weight", "reference"}
    assert "weight" in dict(program.named_parameters())


@pytest.mark.filterwarnings(*EXPORTING)
@pytest.mark.parametrize("rectify", ["split", ("none", "on", "off", "split")])
def test_onnx_computes_the_same_for_any_batch_and_any_time(rectify):
    unit = module("fft" if rectify == "split" else "auto", rectify)
    shapes = {"x": {0: BATCH, 1: TIME}}
    run = session(
        torch.onnx.export(unit, (recordings(2, 32),), dynamo=True, dynamic_shapes=shapes, verbose=False)
    )
    for shape in SHAPES:
        x = recordings(*shape)
        assert_same(run.run(None, {"x": x.numpy()})[0], unit(x))


@pytest.mark.filterwarnings(*EXPORTING)
@pytest.mark.parametrize("rectify", ["split", ("none", "on", "off", "split")])
def test_onnx_takes_steps(rectify):
    unit = module("auto", rectify)
    x = recordings(3, 30)
    program = torch.onnx.export(
        unit.stepper(),
        (x[:2, 0], unit.initial_state(2)),
        dynamo=True,
        dynamic_shapes={"x": {0: BATCH}, "state": {0: BATCH}},
        verbose=False,
    )
    run, state, outputs = session(program), unit.initial_state(3).numpy(), []
    for t in range(30):
        output, state = run.run(None, {"x": x[:, t].numpy(), "state": state})
        outputs.append(output)
    assert_same(np.stack(outputs, axis=1), unit(x))


def test_the_whole_graph_is_traced():
    # without a compiler behind it, which the slow tests below have
    unit, x = module(), recordings(2, 12)
    torch._dynamo.reset()
    forward = torch.compile(unit, fullgraph=True, backend="eager")
    fourier = torch.compile(module("fft"), fullgraph=True, backend="eager")
    step = torch.compile(unit.step, fullgraph=True, backend="eager")
    assert_same(forward(x), unit(x))
    assert_same(fourier(x), unit(x))
    state = unit.initial_state(2)
    for t in range(12):
        output, state = step(x[:, t], state)
        assert_same(output, unit(x)[:, t])


@COMPILES
@pytest.mark.slow
@pytest.mark.filterwarnings(*COMPILING)
@pytest.mark.parametrize("method", ["direct", "fft"])
def test_compiled_forward_is_one_graph_for_all_lengths(method):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    unit = module(method)
    compiled = torch.compile(unit, fullgraph=True, dynamic=True)
    for shape in [(2, 32), (3, 7), (4, 500), (2, 33), (5, 2)]:
        assert_same(compiled(recordings(*shape)), unit(recordings(*shape)))
    # one for the first shape, one that serves every batch and length of at least two
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 2
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_same(compiled(recordings(2, 32)), unit(recordings(2, 32)))


@COMPILES
@pytest.mark.slow
@pytest.mark.filterwarnings(*COMPILING)
def test_a_compiled_step_is_the_step():
    torch._dynamo.reset()
    unit = module()
    compiled = torch.compile(unit.step, fullgraph=True)
    x, state, expected = recordings(2, 12), unit.initial_state(2), unit(recordings(2, 12))
    for t in range(12):
        output, state = compiled(x[:, t], state)
        assert_same(output, expected[:, t])
