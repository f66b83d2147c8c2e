"""Transforms of padded samples: each equals that of the sample alone, whatever the padding holds."""

import numpy as np
import pytest
import scipy.fft
import torch

from lamina.errors import ArgumentError
from lamina.transforms.prefix import chirp_dft, prefix_fft, prefix_ifft, turns, within
from lamina.transforms.prefix_cosine import prefix_dct, prefix_dst, prefix_idct, prefix_idst

NORMS = ("ortho", "backward", "forward")
PAIRS = {"dct": (prefix_dct, prefix_idct, scipy.fft.dct), "dst": (prefix_dst, prefix_idst, scipy.fft.dst)}
every = pytest.mark.parametrize("name", PAIRS)
types = pytest.mark.parametrize("kind", [1, 2, 3, 4])
SIZES = (1, 2, 3, 8, 13)


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def samples(n, dtype=torch.float64):
    """One sample of each length from 0 to n, with garbage behind it."""
    lengths = torch.arange(n + 1)
    x = noise(n + 1, n, 3, dtype=dtype)
    garbage = torch.tensor([float("nan"), float("inf"), -float("inf")], dtype=x.real.dtype).to(dtype)
    return torch.where(within(lengths, n)[..., None], x, garbage), lengths


def alone(x, lengths, function):
    """Transform each sample by itself with numpy, and put zeros behind it."""
    results = [
        function(one[:length].numpy()) if length else None for one, length in zip(x, lengths, strict=True)
    ]
    kind = np.result_type(*(result for result in results if result is not None), np.float64)
    y = np.zeros(x.shape, dtype=kind)
    for place, result in enumerate(results):
        if result is not None:
            y[place, : len(result)] = result
    return y


def scipys(name, kind):
    function = PAIRS[name][2]

    def transform(x):
        if (name, kind, len(x)) == ("dct", 1, 1):
            return x
        return function(x, kind, axis=0, norm="ortho")

    return transform


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
def test_fourier_equals_numpy(norm, dtype):
    for n in SIZES:
        x, lengths = samples(n, dtype)
        found = prefix_fft(x, lengths, norm=norm)
        np.testing.assert_allclose(
            found, alone(x, lengths, lambda v: np.fft.fft(v, axis=0, norm=norm)), rtol=0, atol=1e-12
        )
        back = prefix_ifft(x, lengths, norm=norm)
        np.testing.assert_allclose(
            back, alone(x, lengths, lambda v: np.fft.ifft(v, axis=0, norm=norm)), rtol=0, atol=1e-12
        )
        inside = within(lengths, n)[..., None]
        kept = torch.where(inside, x, torch.zeros((), dtype=dtype)).to(torch.complex128)
        torch.testing.assert_close(prefix_ifft(found, lengths, norm=norm), kept)


@every
@types
def test_cosines_and_sines_equal_scipy(name, kind):
    forward, inverse, _ = PAIRS[name]
    for n in SIZES:
        x, lengths = samples(n)
        found = forward(x, lengths, kind)
        np.testing.assert_allclose(found, alone(x, lengths, scipys(name, kind)), rtol=0, atol=1e-12)
        garbage = torch.where(within(lengths, n)[..., None], found, torch.nan)
        kept = torch.where(within(lengths, n)[..., None], x, 0.0)
        torch.testing.assert_close(inverse(garbage, lengths, kind), kept)


def relative(found, expected):
    return np.linalg.norm(found.numpy() - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("length", [8192, 8191, 5000, 4097])
def test_float32_stays_accurate_in_long_samples(length):
    x, lengths = noise(1, 8192, 2, dtype=torch.float32), torch.tensor([length])
    wide = x[0, :length].double().numpy()
    expected = np.fft.fft(wide, axis=0, norm="ortho")
    assert relative(prefix_fft(x, lengths)[0, :length], expected) < 1e-6
    back = prefix_ifft(prefix_fft(x, lengths), lengths)[0, :length]
    assert relative(back.real, wide) < 1e-6
    for name in PAIRS:
        for kind in (1, 2, 3, 4):
            found = PAIRS[name][0](x, lengths, kind)[0, :length]
            assert relative(found, scipys(name, kind)(wide)) < 1e-6


def test_a_period_that_is_not_the_length():
    x, period = noise(3, 2, 7), torch.tensor([1, 5, 40])
    number, wanted = np.arange(7), np.arange(11)
    for sign, inverse in ((-1, False), (1, True)):
        turn = np.exp(sign * 2j * np.pi * wanted[None, :, None] * number / period.numpy()[:, None, None])
        expected = np.einsum("bkj,bcj->bck", turn, x.numpy())
        found = chirp_dft(x, period, outputs=11, inverse=inverse)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_turns_are_reduced_before_they_are_rounded():
    many = torch.tensor([10**15 + 1])
    np.testing.assert_allclose(
        turns(many, torch.tensor([8]), torch.float32), [np.exp(0.25j * np.pi)], rtol=1e-7
    )


def transforms(lengths):
    yield lambda v: prefix_fft(v, lengths)
    yield lambda v: prefix_ifft(v, lengths).real
    for forward, inverse, _ in PAIRS.values():
        for kind in (1, 2, 3, 4):
            yield lambda v, f=forward, k=kind: f(v, lengths, k)
            yield lambda v, f=inverse, k=kind: f(v, lengths, k)


def test_gradients():
    lengths = torch.tensor([5, 0, 1, 2])
    x = noise(4, 5, 2).requires_grad_()
    for transform in transforms(lengths):
        assert torch.autograd.gradcheck(transform, x)


def test_no_gradient_reaches_or_leaves_the_padding():
    x, lengths = samples(4)
    x.requires_grad_()
    for transform in transforms(lengths):
        (grad,) = torch.autograd.grad(transform(x).abs().square().sum(), x)
        inside = within(lengths, 4)[..., None].expand_as(grad)
        assert torch.isfinite(grad).all()
        assert (grad[~inside] == 0).all()
        assert (grad[inside] != 0).any()


@every
@types
def test_the_inverse_is_the_adjoint(name, kind):
    forward, inverse, _ = PAIRS[name]
    lengths = torch.tensor([6, 0, 1, 2, 5])
    x, y = noise(5, 6, 2), noise(5, 6, 2, seed=1)
    torch.testing.assert_close((forward(x, lengths, kind) * y).sum(), (x * inverse(y, lengths, kind)).sum())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_computes_in_float32(dtype):
    x, lengths = noise(3, 9, 2).to(dtype), torch.tensor([9, 4, 1])
    for transform in transforms(lengths):
        y = transform(x)
        assert y.dtype in (torch.complex64, torch.float32)
        assert torch.equal(y, transform(x.float()))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(transform(x.float()), y)


def test_they_vectorise_and_take_empty_batches():
    x = noise(2, 3, 6, 2)
    lengths = torch.tensor([[6, 2, 0], [1, 5, 4]])
    for function in (prefix_fft, prefix_ifft, prefix_dct, prefix_idct, prefix_dst, prefix_idst):
        expected = torch.stack([function(x[0], lengths[0]), function(x[1], lengths[1])])
        torch.testing.assert_close(torch.func.vmap(function)(x, lengths), expected)
        assert function(x[0, :0], lengths[0, :0]).shape == (0, 6, 2)


def test_they_compile_and_export_for_all_lengths():
    def everything(x, lengths):
        # the types differ in constants only, DCT-I in what it does with a single value
        parts = [prefix_ifft(prefix_fft(x, lengths), lengths).real]
        parts += [prefix_dct(x, lengths, 1), prefix_idst(x, lengths, 2)]
        return torch.stack(parts)

    class Module(torch.nn.Module):
        def forward(self, x, lengths):
            return everything(x, lengths)

    x = noise(3, 7, 2)
    torch.compiler.reset()
    compiled = torch.compile(everything, fullgraph=True, backend="aot_eager")
    exported = torch.export.export(Module(), (x, torch.tensor([7, 7, 7]))).module()
    for lengths in (torch.tensor([7, 3, 1]), torch.tensor([0, 6, 2])):
        expected = everything(x, lengths)
        torch.testing.assert_close(compiled(x, lengths), expected)
        torch.testing.assert_close(exported(x, lengths), expected)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: prefix_dct(torch.ones(3, 4), torch.tensor([1, 1, 1])), "x must be"),
        (lambda: prefix_dct(torch.ones(3, 4, 2), torch.tensor([1, 1])), "lengths"),
        (lambda: prefix_dst(torch.ones(1, 4, 2), torch.tensor([1]), 5), "type must be"),
        (lambda: prefix_idct(torch.ones(1, 4, 2).int(), torch.tensor([1])), "y must be"),
        (lambda: prefix_idst([1.0], torch.tensor([1])), "list"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()
