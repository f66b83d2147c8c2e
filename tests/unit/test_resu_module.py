"""A unit as a torch module equals `transform`, in a batch and step by step."""

import copy
import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

import lamina
from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError
from lamina.resu.module import ReSUModule
from lamina.resu.module_filtering import convolve, direct_filter, fourier_filter

MODES = ["none", "on", "off", "split"]
NUMPY = {torch.float64: np.float64, torch.float32: np.float32}


def signal(seed, time=300, channels=1):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((time, channels))
    for t in range(2, time):
        y[t] += 0.9 * y[t - 1] - 0.4 * y[t - 2]
    # a trend, so that every lag has a mean of its own
    return y + np.arange(1, channels + 1) + 0.001 * np.arange(time)[:, None]


def fitted(memory=6, channels=1, rectify="none", rank=2, offset=0.0):
    y = signal(0, 3000, channels).astype(np.float32).astype(np.float64) + offset
    return lamina.ReSU(memory, 4, rank, rectify=rectify).fit(y)


UNITS = {
    (memory, channels): fitted(memory, channels, MODES if channels > 1 else "split", 4 if channels > 1 else 1)
    for memory in (2, 6, 150)
    for channels in (1, 2)
}
UNITS[1, 1] = fitted(1, rank=1)


def assert_same(outputs, expected, rtol=1e-12):
    outputs = outputs.detach().to(torch.float64).numpy() if isinstance(outputs, torch.Tensor) else outputs
    np.testing.assert_array_equal(np.isnan(outputs), np.isnan(expected))
    scale = np.nanmax(np.abs(expected), initial=1e-300)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=rtol * scale)


@pytest.mark.parametrize("method", ["direct", "fft"])
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
@pytest.mark.parametrize("key", sorted(UNITS))
def test_forward_equals_transform(key, dtype, rtol, method):
    unit, module = UNITS[key], ReSUModule(UNITS[key], dtype=dtype, method=method)
    for time in (1, 5, 16, 17, 400):
        y = np.stack([signal(1, time, key[1]), signal(2, time, key[1])]).astype(NUMPY[dtype])
        y[1, time // 3, -1] = np.nan
        kept, outputs = y.copy(), module(torch.from_numpy(y))
        np.testing.assert_array_equal(y, kept)
        assert outputs.dtype == dtype
        assert outputs.shape == (2, time, module.outputs)
        for row, recording in zip(outputs, y, strict=True):
            # computed for the same numbers in float64
            assert_same(row, unit.transform(recording.astype(np.float64)), rtol)
        assert_same(module(torch.from_numpy(y[0])), outputs[0].numpy(), rtol)


@pytest.mark.parametrize("method", ["direct", "fft"])
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_an_offset_of_a_million_costs_no_digits(dtype, rtol, method):
    unit = fitted(6, 2, "split", 3, offset=2.0**20)
    y = (signal(3, 200, 2) + 2.0**20).astype(NUMPY[dtype])
    expected = unit.transform(y.astype(np.float64))
    assert_same(ReSUModule(unit, dtype=dtype, method=method)(torch.from_numpy(y)), expected, rtol)
    # a module that was cast is as good as one that was made so, as far as its filters go
    cast = ReSUModule(unit, dtype=torch.float64, method=method).to(dtype)
    assert_same(cast(torch.from_numpy(y)), expected, rtol)


@settings(max_examples=30, deadline=None)
@given(
    key=st.sampled_from(sorted(UNITS)),
    dtype=st.sampled_from([torch.float64, torch.float32]),
    start=st.integers(0, 40),
    gaps=st.lists(st.integers(0, 59), max_size=3),
    batched=st.booleans(),
    method=st.sampled_from(["direct", "fft"]),
)
def test_steps_equal_forward(key, dtype, start, gaps, batched, method):
    module = ReSUModule(UNITS[key], dtype=dtype, method=method)
    y = torch.from_numpy(np.stack([signal(4, 60, key[1]), signal(5, 60, key[1])])).to(dtype)
    y[0, gaps, -1] = torch.nan
    y = y if batched else y[0]
    whole = module(y)
    state = module.initial_state(2 if batched else None)
    if start:
        state = module.final_state(y[..., :start, :])
    outputs = []
    for t in range(start, 60):
        before = state.clone()
        output, after = module.step(y[..., t, :], state)
        torch.testing.assert_close(state, before, rtol=0, atol=0, equal_nan=True)
        outputs.append(output)
        state = after
    assert output.dtype == dtype
    assert_same(
        torch.stack(outputs, dim=-2), whole[..., start:, :].numpy(), 1e-12 if dtype.itemsize == 8 else 2e-6
    )


def test_every_route_is_the_convolution_by_hand():
    generator = torch.Generator().manual_seed(0)
    for memory, channels, units, time in [(1, 1, 1, 1), (3, 2, 4, 50), (40, 1, 2, 33), (40, 3, 2, 130)]:
        rows = torch.randn(2, time, channels, generator=generator, dtype=torch.float64)
        weight = torch.randn(memory, channels, units, generator=generator, dtype=torch.float64)
        expected = torch.zeros(2, time, units, dtype=torch.float64)
        for t in range(time):
            for lag in range(min(memory, t + 1)):
                expected[:, t] += rows[:, t - lag] @ weight[memory - 1 - lag]
        for route in (direct_filter, fourier_filter, convolve):
            torch.testing.assert_close(route(rows, weight), expected, rtol=0, atol=1e-12 * memory)


def test_the_method_goes_by_the_size_of_the_filters():
    assert ReSUModule(UNITS[6, 1]).method == "direct"
    assert ReSUModule(fitted(400, rank=2)).method == "fft"
    assert ReSUModule(UNITS[6, 1], method="fft").method == "fft"


@pytest.mark.parametrize("method", ["direct", "fft"])
def test_no_recording_and_no_sample_give_nothing(method):
    module = ReSUModule(UNITS[6, 2], method=method)
    assert module(torch.zeros(0, 7, 2)).shape == (0, 7, 5)
    assert module(torch.zeros(3, 0, 2)).shape == (3, 0, 5)


def test_infinity_counts_as_a_gap_and_reaches_nothing_else():
    module = ReSUModule(UNITS[6, 2], dtype=torch.float64)
    y, gap = torch.from_numpy(signal(6, 60, 2)), torch.from_numpy(signal(6, 60, 2))
    y[20, 0], gap[20, 0] = -torch.inf, torch.nan
    assert_same(module(y), module(gap).numpy(), 0)
    state, outputs = module.initial_state(), []
    for sample in y:
        output, state = module.step(sample, state)
        outputs.append(output)
    assert_same(torch.stack(outputs), module(gap).numpy())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    module, y = ReSUModule(UNITS[6, 2]), torch.from_numpy(signal(7, 60, 2)).to(dtype)
    outputs, exact = module(y), module(y.to(torch.float32))
    assert outputs.dtype == dtype
    torch.testing.assert_close(outputs, exact.to(dtype), rtol=0, atol=0)
    output, state = module.step(y[0], module.initial_state())
    assert (output.dtype, state.dtype) == (dtype, torch.float32)
    torch.testing.assert_close(output, exact[0].to(dtype))
    # a module that was cast itself still sums in float32
    rough = copy.deepcopy(module).to(dtype)
    assert rough(y).dtype == dtype
    torch.testing.assert_close(rough(y), exact.to(dtype), rtol=0, atol=0.1)
    assert rough.step(y[0], rough.initial_state())[0].dtype == dtype


@pytest.mark.parametrize("method", ["direct", "fft"])
def test_autocast_changes_nothing(method):
    module, y = ReSUModule(UNITS[6, 2], method=method), torch.from_numpy(signal(8, 60, 2)).float()
    exact, step = module(y), module.step(y[0], module.initial_state())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(module(y), exact, rtol=0, atol=0)
        torch.testing.assert_close(module.step(y[0], module.initial_state()), step, rtol=0, atol=0)


@pytest.mark.parametrize("key", [(6, 2), (150, 1)])
def test_the_state_dict_carries_one_unit_into_another_of_its_shape(key):
    unit = UNITS[key]
    other = lamina.ReSU(key[0], 4, unit.rank, rectify=unit.rectify).fit(signal(9, 3000, key[1]) ** 2)
    source, target = ReSUModule(unit, dtype=torch.float64), ReSUModule(other, dtype=torch.float64)
    y = torch.from_numpy(signal(10, 80, key[1]))
    assert not torch.allclose(source(y), target(y))
    file = io.BytesIO()
    torch.save(source.state_dict(), file)
    file.seek(0)
    target.load_state_dict(torch.load(file, weights_only=True), strict=True)
    assert_same(target(y), unit.transform(y.numpy()))
    step, _ = target.step(y[0], target.initial_state())
    assert_same(step, unit.transform(y.numpy())[0])
    assert set(source.state_dict()) == {"weight", "reference"}
    with pytest.raises(RuntimeError, match="size mismatch"):
        ReSUModule(UNITS[2, key[1]]).load_state_dict(source.state_dict())


@pytest.mark.parametrize("method", ["direct", "fft"])
def test_gradients_are_those_of_finite_differences(method):
    module = ReSUModule(fitted(3, 2, MODES, 4), dtype=torch.float64, method=method, trainable=True)
    x = torch.from_numpy(signal(11, 9, 2)).requires_grad_()
    assert torch.autograd.gradcheck(module, (x,))
    state = module.initial_state().requires_grad_()
    assert torch.autograd.gradcheck(module.step, (x[0].detach().requires_grad_(), state))

    def with_weight(weight):
        return torch.func.functional_call(module, {"weight": weight}, (x.detach(),))

    assert torch.autograd.gradcheck(with_weight, (module.weight.detach().clone().requires_grad_(),))


def test_training_works_across_gaps():
    unit = fitted(6, 1, "none", 2)
    module = ReSUModule(unit, trainable=True)
    y = torch.from_numpy(signal(12, 200)).float()
    y[50] = torch.nan
    target = torch.from_numpy(signal(13, 200)).float()
    optimiser, losses = torch.optim.SGD(module.parameters(), lr=0.01), []
    for _ in range(5):
        errors = (module(y) - target) ** 2
        loss = torch.where(errors.isnan(), 0.0, errors).mean()
        optimiser.zero_grad()
        loss.backward()
        assert torch.isfinite(module.weight.grad).all()
        optimiser.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    # the unit that it was made from stays what it was
    assert_same(ReSUModule(unit, dtype=torch.float64).filters, unit.filters_)
    assert dict(ReSUModule(unit).named_parameters()) == {}


def test_vmap_runs_over_one_more_axis():
    module = ReSUModule(UNITS[6, 2], dtype=torch.float64)
    y = torch.from_numpy(np.stack([signal(seed, 40, 2) for seed in range(6)])).reshape(3, 2, 40, 2)
    torch.testing.assert_close(torch.vmap(module)(y), module(y.reshape(6, 40, 2)).reshape(3, 2, 40, -1))


def test_a_copy_has_weights_of_its_own():
    module = ReSUModule(UNITS[6, 1])
    twin = copy.deepcopy(module)
    twin.weight.zero_()
    assert module.weight.abs().sum() > 0


def test_the_printed_form_says_what_it_is():
    words = "channels=2, memory=6, units=4, outputs=5, rectify=('none', 'on', 'off', 'split'), method=direct"
    assert words in repr(ReSUModule(UNITS[6, 2]))
    assert "rectify=split" in repr(ReSUModule(UNITS[6, 1], trainable=True))
    assert "trainable=True" in repr(ReSUModule(UNITS[6, 1], trainable=True))


def test_bad_input_is_named():
    module = ReSUModule(UNITS[6, 2])
    with pytest.raises(NotFittedError):
        ReSUModule(lamina.ReSU(4, 2, 1))
    with pytest.raises(ArgumentError, match="method must be one of 'auto', 'direct', 'fft'"):
        ReSUModule(UNITS[6, 2], method="FFT")
    with pytest.raises(ArgumentTypeError, match="dtype must be a floating torch dtype"):
        ReSUModule(UNITS[6, 2], dtype=torch.int64)
    with pytest.raises(ArgumentTypeError, match="trainable"):
        ReSUModule(UNITS[6, 2], trainable=1)
    with pytest.raises(ShapeError, match=r"\(batch, time, channels\) .* with 2 channel\(s\)"):
        module(torch.zeros(4, 50, 3))
    with pytest.raises(ShapeError, match="Channels are the last axis"):
        module(torch.zeros(50))
    with pytest.raises(ArgumentTypeError, match="x must be a floating torch tensor, got ndarray"):
        module(np.zeros((50, 2)))
    with pytest.raises(ArgumentTypeError, match=r"got dtype torch\.int64"):
        module.step(torch.zeros(2, dtype=torch.int64), module.initial_state())
    with pytest.raises(ShapeError, match=r"state must be of shape \(3, 15\), got shape \(2, 15\)"):
        module.step(torch.zeros(3, 2), module.initial_state(2))
    with pytest.raises(ArgumentError, match="batch_size"):
        module.initial_state(0)


def test_a_unit_fitted_in_torch_becomes_a_module():
    y = torch.from_numpy(signal(14))
    unit = lamina.ReSU(4, 2, 1).fit(y)
    torch.testing.assert_close(
        ReSUModule(unit, dtype=torch.float64)(y), unit.transform(y), rtol=0, atol=1e-12
    )
