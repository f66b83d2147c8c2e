"""Causal global filters: the sum written out, steps, and nothing from the future."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentTypeError, ShapeError
from lamina.layers.mixing.causal_filtering import FilterState
from lamina.layers.mixing.global_filter import GlobalFilterMixing


def generic(hidden=3, size=8, dtype=torch.float64, **options):
    layer = GlobalFilterMixing(
        hidden,
        size,
        "identity",
        filter_init_std=1.0,
        causal=True,
        generator=torch.Generator().manual_seed(0),
        dtype=dtype,
        **options,
    )
    return layer.eval()


def white(shape, seed=1):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def taps_of(layer):
    return np.fft.ifft(layer.get_filter_response().detach().numpy(), axis=0).real


def summed(x, taps):
    y = np.zeros_like(x)
    for t in range(x.shape[1]):
        for i in range(min(t, len(taps) - 1) + 1):
            y[:, t] += taps[i] * x[:, t - i]
    return y


@pytest.mark.parametrize("size", [1, 2, 7, 8, 20])
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 33])
def test_forward_is_the_sum_over_the_past(size, n):
    layer, x = generic(size=size), white((2, n, 3))
    np.testing.assert_allclose(layer(x).detach(), summed(x.numpy(), taps_of(layer)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("norm", ["backward", "forward"])
def test_activations_and_norms(activation, norm):
    layer = GlobalFilterMixing(3, 8, activation, causal=True, fft_norm=norm, dtype=torch.float64)
    x = white((2, 11, 3))
    np.testing.assert_allclose(layer(x).detach(), summed(x.numpy(), taps_of(layer)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 8])
def test_steps_equal_forward(size):
    layer, x = generic(size=size), white((2, 19, 3))
    expected, state = layer(x), None
    for t in range(19):
        y, state = layer.step(x[:, t], state)
        assert isinstance(state, FilterState)
        assert state.past.shape == (2, size - 1, 3)
        np.testing.assert_allclose(y.detach(), expected[:, t].detach(), rtol=0, atol=1e-12)


def test_steps_have_the_gradients_of_forward():
    layer, x = generic(size=4), white((2, 6, 3))
    grads = []
    for way in (lambda: layer(x), lambda: stepped(layer, x)):
        layer.zero_grad()
        way().square().sum().backward()
        grads.append(torch.stack([layer.filter_real.grad, layer.filter_imag.grad]))
    torch.testing.assert_close(*grads)


def stepped(layer, x):
    state, found = None, []
    for t in range(x.shape[1]):
        y, state = layer.step(x[:, t], state)
        found.append(y)
    return torch.stack(found, dim=1)


def test_a_stream_keeps_the_filter_it_began_with():
    layer, x = generic(), white((2, 3, 3))
    _, state = layer.step(x[:, 0])
    expected, _ = layer.step(x[:, 1], state)
    torch.nn.init.zeros_(layer.filter_real)
    torch.nn.init.zeros_(layer.filter_imag)
    found, _ = layer.step(x[:, 1], state)
    assert torch.equal(found, expected)
    assert not layer.step(x[:, 1])[0].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_steps_keep_the_dtype_and_remember_more(dtype):
    layer, x = generic(dtype=torch.float32).to(dtype), white((2, 12, 3)).to(dtype)
    y, state = layer.step(x[:, 0])
    assert (y.dtype, state.past.dtype, state.taps.dtype) == (dtype, torch.float32, torch.float32)
    assert stepped(layer, x).dtype == dtype
    limit = {torch.float16: 1e-2, torch.bfloat16: 8e-2, torch.float32: 1e-5}[dtype]
    assert (stepped(layer, x) - layer(x)).abs().max() < limit


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("loudness", [1.0, 1e6])
def test_the_future_reaches_an_output_by_rounding_alone(dtype, loudness):
    layer, x = generic(hidden=4, size=64, dtype=dtype), white((2, 200, 4)).to(dtype)
    later = x.clone()
    later[:, 120:] = loudness * white((2, 80, 4), seed=5).to(dtype)
    moved = (layer(later) - layer(x))[:, :120].abs().amax(1)
    norms = later.norm(dim=1) * torch.tensor(taps_of(layer)).norm(dim=0)
    assert (moved <= 4 * torch.finfo(dtype).eps * norms).all()
    # what does change is far above this bound
    changed = (layer(later) - layer(x))[:, 120:].abs().amax(1)
    assert (changed > 1e3 * torch.finfo(dtype).eps * norms).all()


def test_steps_do_not_know_the_future_at_all():
    layer, x = generic(dtype=torch.float32), white((2, 10, 3)).float()
    later = x.clone()
    later[:, 6:] = torch.nan
    assert torch.equal(stepped(layer, later)[:, :6], stepped(layer, x)[:, :6])


def test_nan_in_padding_goes_nowhere():
    layer, x = generic(), white((3, 10, 3))
    expected = layer(x).detach()
    lengths = (10, 4, 0)
    mask = torch.arange(10)[None] >= torch.tensor(lengths)[:, None]
    for garbage in (torch.nan, torch.inf, 1e30):
        padded = x.clone()
        padded[mask] = garbage
        y = layer(padded, key_padding_mask=mask)
        for out, one, length in zip(y, expected, lengths, strict=True):
            assert not out[length:].any()
            np.testing.assert_allclose(out[:length].detach(), one[:length], rtol=0, atol=1e-12)


def test_nothing_is_dropped_in_a_step():
    layer, x = generic(dropout=0.5).train(), white((2, 3))
    expected, _ = generic().step(x)
    assert torch.equal(layer.step(x)[0], expected)


def test_claims():
    causal = generic().get_spectral_properties()
    assert (causal["causal"], causal["translation_equivariant"]) == (True, False)
    circular = GlobalFilterMixing(3, 8).get_spectral_properties()
    assert (circular["causal"], circular["translation_equivariant"]) == (False, True)


def test_wrong_steps_are_errors():
    layer = generic()
    for wrong in (torch.zeros(2, 1, 3), torch.zeros(3), torch.zeros(2, 4)):
        with pytest.raises(ShapeError, match=r"^x_t must be of shape \(batch, 3\)"):
            layer.step(wrong)
    for wrong in ([[0.0] * 3], torch.zeros(2, 3, dtype=torch.int64), None):
        with pytest.raises(ArgumentTypeError, match=r"^x_t must be"):
            layer.step(wrong)
