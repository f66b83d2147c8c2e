"""What AdaptiveGlobalFilter adds: a 1/f start, spectral dropout and a penalty, each by itself."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError
from lamina.layers.mixing.adaptive_global_filter import AdaptiveGlobalFilter
from lamina.layers.mixing.global_filter import GlobalFilterMixing


def seeded(kind, *arguments, seed=0, **options):
    return kind(*arguments, **options, generator=torch.Generator().manual_seed(seed))


def passing(p, hidden=6, size=32, **options):
    """A filter that passes all frequencies alike."""
    layer = AdaptiveGlobalFilter(
        hidden, size, "identity", spectral_dropout_p=p, filter_init_std=0.0, dtype=torch.float64, **options
    )
    torch.nn.init.ones_(layer.filter_real)
    return layer


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity"])
@pytest.mark.parametrize("size", [1, 2, 9, 64])
def test_the_response_starts_as_one_over_f(activation, size):
    layer = AdaptiveGlobalFilter(3, size, activation, filter_init_std=0.0, dtype=torch.float64)
    for k, row in enumerate(layer.get_filter_response()):
        expected = 0.5 / (1 + min(k, size - k))
        np.testing.assert_allclose(row.detach().numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity"])
def test_what_is_random_at_the_start_falls_too(activation):
    layer = seeded(AdaptiveGlobalFilter, 4000, 16, activation, filter_init_std=0.1)
    frequency = np.minimum(np.arange(16), 16 - np.arange(16))
    for part in (layer.filter_real, layer.filter_imag):
        np.testing.assert_allclose(part.std(1).detach().numpy(), 0.1 / (1 + frequency), rtol=0.06)
    assert layer.filter_imag.mean(1).abs().max() < 0.01


def test_without_it_the_start_is_that_of_the_plain_filter():
    plain = seeded(GlobalFilterMixing, 4, 16)
    other = seeded(AdaptiveGlobalFilter, 4, 16, adaptive_initialization=False)
    assert torch.equal(plain.filter_real, other.filter_real)
    assert torch.equal(plain.filter_imag, other.filter_imag)
    falling = seeded(AdaptiveGlobalFilter, 4, 16)
    assert not torch.equal(plain.filter_real, falling.filter_real)


@pytest.mark.parametrize("n", [31, 32, 48])
def test_spectral_dropout_takes_whole_frequencies(n):
    layer = passing(0.3)
    x = torch.tensor(np.random.default_rng(0).standard_normal((50, n, 6)))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer(x)
    assert y.dtype == torch.float64
    ratio = np.fft.fft(y.detach().numpy(), axis=1) / np.fft.fft(x.numpy(), axis=1)
    kept = np.abs(ratio) > 0.5
    np.testing.assert_allclose(ratio, np.where(kept, 1 / 0.7, 0), atol=1e-9)
    assert (kept == kept[:, :, :1]).all(), "all channels together"
    np.testing.assert_array_equal(kept[:, 1:], kept[:, 1:][:, ::-1], err_msg="with the mirror image")
    assert 0.25 < 1 - kept[:, : n // 2 + 1].mean() < 0.35
    assert len(np.unique(kept[:, :, 0], axis=0)) > 40, "each sample by itself"


def test_spectral_dropout_of_padded_samples_takes_their_own_frequencies():
    layer = passing(0.5)
    x = torch.tensor(np.random.default_rng(0).standard_normal((40, 16, 6)))
    lengths = torch.tensor([11, 16] * 20)
    mask = torch.arange(16)[None] >= lengths[:, None]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer(x, key_padding_mask=mask)
    for one, out, n in zip(x.numpy(), y.detach().numpy(), lengths.tolist(), strict=True):
        ratio = np.fft.rfft(out[:n], axis=0) / np.fft.rfft(one[:n], axis=0)
        assert np.abs(ratio - np.where(np.abs(ratio) > 1, 2, 0)).max() < 1e-8


def test_spectral_dropout_is_for_training_and_keeps_the_mean():
    layer = passing(0.4, size=8)
    x = torch.ones(20000, 8, 6, dtype=torch.float64)
    x[:, 3] = 2
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert (layer(x).mean(0) - x[0]).abs().max() < 0.05
        never = passing(0.0, size=8).train()
        before = torch.get_rng_state()
        torch.testing.assert_close(layer.eval()(x), x)
        torch.testing.assert_close(never(x), x)
        assert torch.equal(torch.get_rng_state(), before)
    for wrong in (1.0, -0.1):
        with pytest.raises(ArgumentError, match=r"^spectral_dropout_p must be"):
            passing(wrong)


def test_the_penalty_is_the_squared_norm():
    layer = seeded(AdaptiveGlobalFilter, 3, 8, filter_regularization=0.25, dtype=torch.float64)
    real, imag = (part.detach().numpy() for part in (layer.filter_real, layer.filter_imag))
    loss = layer.get_regularization_loss()
    assert loss.shape == ()
    assert loss.item() == pytest.approx(0.25 * sum(np.sum(part**2) for part in (real, imag)), rel=1e-12)
    loss.backward()
    np.testing.assert_allclose(layer.filter_imag.grad, 0.5 * imag, rtol=1e-12)
    assert seeded(AdaptiveGlobalFilter, 3, 8).get_regularization_loss().item() == 0.0
    # squares of many numbers overflow in half precision
    half = seeded(AdaptiveGlobalFilter, 256, 256, filter_init_std=3.0, filter_regularization=1.0).half()
    torch.nn.init.constant_(half.filter_real, 2.0)
    assert torch.isfinite(half.get_regularization_loss())
    with pytest.raises(ArgumentError, match=r"^filter_regularization must be"):
        AdaptiveGlobalFilter(3, 8, filter_regularization=-1.0)


def test_the_penalty_does_not_change_the_output():
    x = torch.randn(2, 8, 3, generator=torch.Generator().manual_seed(1))
    with_penalty, without = (
        seeded(AdaptiveGlobalFilter, 3, 8, filter_regularization=weight) for weight in (5.0, 0.0)
    )
    assert torch.equal(with_penalty(x), without(x))
