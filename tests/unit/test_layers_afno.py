"""AFNO against a naive Fourier transform, its closed form where the MLP does nothing, and samples alone."""

import numpy as np
import pytest
import torch

from lamina import errors
from lamina.layers.mixing.afno import AFNOMixing, AFNOMixingConfig
from lamina.layers.mixing.afno_modes import low_spectrum


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def generic(layer, seed=3):
    layer = layer.double().eval()
    with torch.no_grad():
        for i, parameter in enumerate(layer.parameters()):
            parameter.copy_(0.5 * normal(*parameter.shape, seed=seed + i))
    return layer


def transparent(layer):
    """The layer with an MLP that returns what it gets; its inner size must be its outer one."""
    with torch.no_grad():
        for linear in (layer.mlp[0], layer.mlp[3]):
            linear.weight.copy_(torch.eye(len(linear.weight)))
            linear.bias.zero_()
    return layer


def fourier(n):
    """Unitary Fourier matrix, from its definition."""
    j = np.arange(n)
    return np.exp(-2j * np.pi * np.outer(j, j) / n) / np.sqrt(n)


def frequency(i):
    """The i-th of 0, 1, -1, 2, -2, …"""
    return (i + 1) // 2 if i % 2 else -(i // 2)


def naive(layer, x):
    """The equation on one sample, mode by mode, with dense Fourier matrices."""
    n, d = x.shape
    weight = layer.fourier_weight.detach().numpy()
    (a, b), (c, e) = ([p.detach().numpy() for p in layer.mlp[i].parameters()] for i in (0, 3))
    spectrum = fourier(n) @ x @ fourier(d)
    change = np.zeros((n, d))
    back_n, back_d = fourier(n).conj(), fourier(d).conj()
    for i in range(min(layer.modes_seq, n)):
        z = spectrum[frequency(i) % n, : layer.modes_hidden] * weight[i]
        inner = a @ np.concatenate([z.real, z.imag]) + b
        outer = c @ np.maximum(inner, 0) + e
        outer = np.sign(outer) * np.maximum(np.abs(outer) - layer.sparsity_threshold, 0)
        u = outer[: layer.modes_hidden] + 1j * outer[layer.modes_hidden :]
        rows = np.outer(back_n[frequency(i) % n], u)
        for hidden in range(layer.modes_hidden):
            # a real signal mirrors each frequency but 0 and, for an even d, d/2
            share = 1 if hidden in (0, d / 2) else 2
            change += share * np.outer(rows[:, hidden], back_d[hidden]).real
    return x + change


SIZES = [
    (1, 1, 1, 1),
    (1, 4, 4, 3),
    (2, 5, 3, 2),
    (6, 4, 5, 3),
    (7, 5, 7, 3),
    (8, 6, 8, 4),
    (13, 8, 6, 5),
    (16, 7, 4, 2),
]


@pytest.mark.parametrize(("n", "hidden", "modes_seq", "modes_hidden"), SIZES)
def test_the_layer_is_its_equation(n, hidden, modes_seq, modes_hidden):
    layer = AFNOMixing(
        hidden, 16, modes_seq, modes_hidden, mlp_ratio=1.5, activation="relu", sparsity_threshold=0.3
    )
    layer, x = generic(layer), normal(2, n, hidden)
    expected = np.stack([naive(layer, sample) for sample in x.numpy()])
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(("n", "hidden"), [(6, 4), (7, 5), (8, 5), (5, 8)])
def test_without_network_it_is_a_circular_convolution(n, hidden):
    layer = AFNOMixing(
        hidden, n, n, hidden // 2 + 1, mlp_ratio=1, activation="identity", sparsity_threshold=0
    )
    layer = transparent(generic(layer))
    # a kernel over both axes: its spectrum is the weight, and what a real signal needs beside it
    whole = np.zeros((n, hidden), complex)
    weight = layer.fourier_weight.detach().numpy()
    for i in range(n):
        whole[frequency(i) % n, : hidden // 2 + 1] = weight[i]
    for k in range(n):
        for m in range(hidden):
            if m > hidden // 2:
                whole[k, m] = whole[-k % n, hidden - m].conj()
    edge = [0, hidden // 2] if hidden % 2 == 0 else [0]
    mirrored = whole[-np.arange(n) % n].conj()
    whole[:, edge] = (whole[:, edge] + mirrored[:, edge]) / 2
    kernel = (fourier(n).conj() @ whole @ fourier(hidden).conj()).real / np.sqrt(n * hidden)
    x = normal(1, n, hidden)
    expected = x[0].numpy().copy()
    for j in range(n):
        for m in range(hidden):
            expected += kernel[j, m] * np.roll(x[0].numpy(), (j, m), axis=(0, 1))
    np.testing.assert_allclose(layer(x)[0].detach().numpy(), expected, atol=1e-12)


def test_with_weights_of_one_and_no_network_the_input_is_doubled():
    layer = AFNOMixing(6, 9, 9, 4, mlp_ratio=1, activation="identity", sparsity_threshold=0).double()
    with torch.no_grad():
        transparent(layer).fourier_weight.fill_(1)
    x = normal(2, 9, 6)
    assert torch.allclose(layer(x), 2 * x, atol=1e-12)


def test_a_high_threshold_leaves_the_input():
    layer, x = generic(AFNOMixing(6, 9, sparsity_threshold=1e3)), normal(2, 9, 6)
    assert torch.equal(layer(x), x)


def test_defaults_and_count_at_the_documented_size():
    layer = AFNOMixing(hidden_dim=768, max_sequence_length=512, device="meta")
    assert (layer.modes_seq, layer.modes_hidden) == (256, 384)
    assert sum(value.numel() for value in layer.parameters()) == 2_558_208
    assert AFNOMixingConfig(hidden_dim=1, max_sequence_length=1).kept_modes() == (1, 1)
    assert AFNOMixing(8, 16, modes_seq=5).fourier_weight.shape == (5, 4)


@pytest.mark.parametrize("modes_seq", [1, 6, 7, 16])
def test_a_masked_sample_is_as_if_alone(modes_seq):
    layer = generic(AFNOMixing(5, 16, modes_seq, activation="relu"))
    lengths = [16, 1, 2, 5, 6, 0, 13]
    x = normal(len(lengths), 16, 5)
    mask = torch.arange(16)[None] >= torch.tensor(lengths)[:, None]
    dirty = torch.where(mask[..., None], torch.nan, x)
    y = layer(dirty, key_padding_mask=mask).detach().numpy()
    for i, length in enumerate(lengths):
        assert not y[i, length:].any()
        if length:
            np.testing.assert_allclose(y[i, :length], naive(layer, x[i, :length].numpy()), atol=1e-11)


def test_modes_that_a_sample_lacks_are_zero():
    x = normal(2, 8, 4)
    spectrum = low_spectrum(torch.where(torch.arange(8)[:, None] < 5, x, 0), 8, 3, torch.tensor([5, 5]))
    assert spectrum[:, :5].abs().min() > 0
    assert not spectrum[:, 5:].any()


def test_longer_than_the_maximum_is_an_error():
    layer = AFNOMixing(4, 8)
    with pytest.raises(errors.ShapeError, match="at most max_sequence_length = 8 tokens long, got 9 tokens"):
        layer(torch.zeros(1, 9, 4))


def test_wrong_arguments_are_errors():
    with pytest.raises(
        errors.ArgumentError, match="modes_seq must be at most max_sequence_length = 8, got 9"
    ):
        AFNOMixing(4, 8, modes_seq=9)
    with pytest.raises(
        errors.ArgumentError, match=r"modes_hidden must be at most hidden_dim // 2 .* = 3, got 4"
    ):
        AFNOMixing(4, 8, modes_hidden=4)
    for name, wrong in (
        ("max_sequence_length", 0),
        ("modes_seq", 0),
        ("modes_hidden", 1.5),
        ("mlp_ratio", 0),
        ("activation", "swish"),
        ("sparsity_threshold", -0.1),
        ("sparsity_threshold", float("nan")),
    ):
        with pytest.raises(errors.ArgumentError, match=rf"^{name} must be"):
            AFNOMixing(**{"hidden_dim": 4, "max_sequence_length": 8, name: wrong})


def test_the_weight_is_a_view():
    layer = AFNOMixing(6, 8)
    with torch.no_grad():
        layer.fourier_weight[1, 2] = 2 - 3j
    assert layer.fourier_weight_pairs[1, 2].tolist() == [2, -3]
    assert layer.half().fourier_weight.dtype == torch.complex64


def test_masks_compile_with_lengths_that_change():
    layer = AFNOMixing(6, 12, generator=seeded()).eval()
    torch.compiler.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    x = normal(3, 12, 6).float()
    for lengths in ([12, 5, 1], [3, 0, 7]):
        mask = torch.arange(12)[None] >= torch.tensor(lengths)[:, None]
        found, expected = compiled(x, key_padding_mask=mask), layer(x, key_padding_mask=mask)
        assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("lengths", [None, [7, 4]])
def test_second_derivatives_are_right(lengths):
    layer = generic(AFNOMixing(4, 7, 5, activation="tanh"))
    mask = None if lengths is None else torch.arange(7)[None] >= torch.tensor(lengths)[:, None]
    x = normal(2, 7, 4).requires_grad_()
    torch.autograd.gradgradcheck(lambda x: layer(x, key_padding_mask=mask), (x,), fast_mode=True)
