"""The wavelet transforms against PyWavelets, and against their own adjoints and inverses."""

import numpy as np
import pytest
import pywt
import torch

from lamina.errors import ArgumentError
from lamina.transforms import wavelet_steps
from lamina.transforms.wavelet import DWT1D, dwt, idwt, wavedec, waverec
from lamina.transforms.wavelet2d import DWT2D, dwt2, idwt2, wavedec2, waverec2
from lamina.transforms.wavelet_extension import MODES
from lamina.transforms.wavelet_filters import WAVELETS, filter_bank, max_levels
from lamina.transforms.wavelet_levels import analyse_levels, band_sizes, synthesise_levels
from lamina.transforms.wavelet_prefix import prefix_analyse, prefix_band_sizes, prefix_synthesise

SOME = ["haar", "db4", "bior3.1", "dmey"]
# pywt tells when more levels are asked for than it recommends
pytestmark = pytest.mark.filterwarnings("ignore:Level value:UserWarning")


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def assert_equal_parts(found, expected, tolerance=1e-10):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        if isinstance(other, tuple):
            assert_equal_parts(one, other, tolerance)
            continue
        assert tuple(one.shape) == other.shape
        np.testing.assert_allclose(
            one.numpy(), other, atol=tolerance * max(1.0, np.abs(other).max(initial=0)), rtol=0
        )


@pytest.fixture(params=["whole matrices", "blocks"])
def route(request, monkeypatch):
    """Both ways to multiply, at any length."""
    if request.param == "blocks":
        monkeypatch.setattr(wavelet_steps, "DENSE", 0)


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_every_wavelet_equals_pywavelets(wavelet):
    # other lengths and modes: below, for some wavelets
    for n, mode in ((7, "symmetric"), (20, "symmetric"), (7, "periodization")):
        x = noise(3, n)
        expected = pywt.dwt(x.numpy(), wavelet, mode=mode)
        assert_equal_parts(dwt(x, wavelet, mode=mode), expected)
        assert_equal_parts(dwt(x.float(), wavelet, mode=mode), expected, 1e-5)
        back = pywt.idwt(*expected, wavelet, mode=mode)
        parts = [torch.from_numpy(part) for part in expected]
        made = idwt(*parts, wavelet, mode=mode)
        assert_equal_parts([made], [back])
        assert_equal_parts([idwt(*(p.float() for p in parts), wavelet, mode=mode)], [back], 1e-5)
        if wavelet != "dmey":
            torch.testing.assert_close(made[:, :n], x, atol=1e-9, rtol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wavelet", SOME)
def test_every_mode_and_level_equals_pywavelets(wavelet, mode, route):
    for n, level in ((1, 2), (8, None), (13, 3), (130, None)):
        if mode == "reflect" and n < 8:
            continue  # pywt has nothing to reflect a single value at
        x = noise(2, n, 3)
        expected = pywt.wavedec(x.numpy(), wavelet, mode=mode, level=level, axis=1)
        found = wavedec(x, wavelet, mode=mode, level=level, dim=1)
        assert_equal_parts(found, expected)
        back = pywt.waverec(expected, wavelet, mode=mode, axis=1)
        made = waverec(found, wavelet, mode=mode, dim=1)
        assert_equal_parts([made], [back], 1e-9)
        if wavelet != "dmey":
            torch.testing.assert_close(made[:, :n], x, atol=1e-8, rtol=0)


def test_long_signals_take_the_blocks_and_equal_pywavelets():
    x = noise(2, 3001, 2)
    expected = pywt.wavedec(x.numpy(), "db4", level=5, axis=1)
    found = wavedec(x, "db4", level=5, dim=1)
    assert_equal_parts(found, expected)
    torch.testing.assert_close(waverec(found, "db4", dim=1, n=3001), x, atol=1e-9, rtol=0)


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
def test_any_axis(dim):
    x = noise(13, 9, 20)
    assert_equal_parts(wavedec(x, "db2", dim=dim, level=2), pywt.wavedec(x.numpy(), "db2", axis=dim, level=2))
    torch.testing.assert_close(
        waverec(wavedec(x, "db2", dim=dim, level=2), "db2", dim=dim, n=x.shape[dim]), x, atol=1e-10, rtol=0
    )


def test_as_many_levels_as_pywavelets_allows():
    for wavelet in ("haar", "db4", "dmey"):
        taps = filter_bank(wavelet).taps
        for n in range(1, 300):
            assert max_levels(n, taps) == pywt.dwt_max_level(n, taps)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wavelet", ["haar", "db4", "bior3.1", "rbio2.2"])
def test_the_adjoint_passes_the_dot_test(wavelet, mode, route):
    for n in (1, 9, 150):
        transform = DWT1D(wavelet, 2, mode, dim=1)
        x = noise(2, n, 3)
        made = transform(x)
        y = [noise(*part.shape, seed=seed) for seed, part in enumerate(made)]
        forward = sum((a * b).sum() for a, b in zip(made, y, strict=True))
        torch.testing.assert_close(forward, (x * transform.adjoint(y, n)).sum(), rtol=1e-9, atol=1e-9)


def test_periodization_of_orthogonal_wavelets_is_orthonormal():
    x = noise(2, 64)
    for wavelet in ("haar", "db4", "sym8", "coif3"):
        transform = DWT1D(wavelet, 3, "periodization")
        assert transform.orthonormal
        y = transform(x)
        torch.testing.assert_close(sum(part.square().sum() for part in y), x.square().sum())
        torch.testing.assert_close(transform.adjoint(y), transform.inverse(y))
    assert not DWT1D("bior2.2", 3, "periodization").orthonormal
    assert not DWT1D("db4", 3).orthonormal
    assert not DWT1D("dmey", 1, "periodization").orthonormal


@pytest.mark.parametrize("wavelet", ["haar", "db4", "bior2.2"])
def test_packed_levels_equal_pywavelets_on_both_routes(wavelet, route):
    bank = filter_bank(wavelet)
    x = noise(3, 97, 50)
    for levels in (0, 1, 3):
        expected = np.concatenate(pywt.wavedec(x.numpy(), wavelet, level=levels, axis=1), axis=1)
        packed = analyse_levels(x, bank, "symmetric", levels)
        assert_equal_parts([packed], [expected])
        assert sum(band_sizes(97, levels, bank.taps, "symmetric")) == packed.shape[1]
        torch.testing.assert_close(synthesise_levels(packed, bank, 97, levels), x, atol=1e-10, rtol=0)


@pytest.mark.parametrize("wavelet", ["haar", "db4", "sym5"])
@pytest.mark.parametrize("n", [1, 13, 30, 56, 64])
def test_each_sample_of_a_batch_is_transformed_as_if_alone(wavelet, n):
    bank = filter_bank(wavelet)
    levels = min(max_levels(n, bank.taps), 3)
    lengths = sorted({0, 1, n // 4, n // 3, n // 2, n - 1, n})
    x = noise(len(lengths), n, 2)
    padding = torch.arange(n) >= torch.tensor(lengths)[:, None]
    packed, valid = prefix_analyse(
        x.masked_fill(padding[..., None], float("nan")), torch.tensor(lengths), bank, levels
    )
    assert torch.isfinite(packed).all()
    sizes = prefix_band_sizes(n, levels, bank.taps)
    for sample, length in enumerate(lengths):
        own = min(pywt.dwt_max_level(length, bank.taps), levels) if length else 0
        expected = (
            pywt.wavedec(x[sample, :length].numpy(), wavelet, level=own, axis=0)
            if length
            else [np.zeros((0, 2))]
        )
        bands = packed[sample].split(sizes)
        exist = valid[sample].split(sizes)
        # details are counted from the finest; the levels that a sample does not have are empty
        due = [expected[0], *[np.zeros((0, 2))] * (levels - own), *expected[1:]]
        assert [int(flags.sum()) for flags in exist] == [len(part) for part in due]
        assert_equal_parts([band[flags] for band, flags in zip(bands, exist, strict=True)], due)
    back = prefix_synthesise(packed, torch.tensor(lengths), bank, n, levels)
    assert torch.isfinite(back).all()
    torch.testing.assert_close(back[~padding], x[~padding], atol=1e-9, rtol=0)


@pytest.mark.parametrize("mode", ["symmetric", "periodization", "zero"])
@pytest.mark.parametrize("wavelet", ["haar", "db4", "bior2.2"])
def test_two_axes_equal_pywavelets(wavelet, mode):
    for shape in ((2, 17, 22), (1, 1, 5)):
        x = noise(*shape)
        assert_equal_parts(dwt2(x, wavelet, mode=mode), pywt.dwt2(x.numpy(), wavelet, mode=mode))
        for level in (None, 2):
            expected = pywt.wavedec2(x.numpy(), wavelet, mode=mode, level=level)
            found = wavedec2(x, wavelet, mode=mode, level=level)
            assert_equal_parts(found, expected)
            assert_equal_parts(
                [waverec2(found, wavelet, mode=mode)], [pywt.waverec2(expected, wavelet, mode=mode)], 1e-9
            )
            torch.testing.assert_close(waverec2(found, wavelet, mode=mode, n=shape[1:]), x, atol=1e-9, rtol=0)


@pytest.mark.parametrize("mode", ["symmetric", "periodization"])
def test_two_axes_anywhere_and_their_adjoint(mode):
    x = noise(13, 2, 10)
    transform = DWT2D("db2", 2, mode, dim=(0, 2))
    made = transform(x)
    assert_equal_parts(made, pywt.wavedec2(x.numpy(), "db2", mode=mode, level=2, axes=(0, 2)))
    y = [
        noise(*part.shape, seed=3)
        if isinstance(part, torch.Tensor)
        else tuple(noise(*p.shape, seed=4) for p in part)
        for part in made
    ]
    forward = (made[0] * y[0]).sum() + sum(
        (a * b).sum()
        for one, other in zip(made[1:], y[1:], strict=True)
        for a, b in zip(one, other, strict=True)
    )
    torch.testing.assert_close(forward, (x * transform.adjoint(y, (13, 10))).sum())
    torch.testing.assert_close(transform.inverse(made, (13, 10)), x, atol=1e-10, rtol=0)
    torch.testing.assert_close(idwt2(*dwt2(x, "haar", dim=(2, 0)), "haar", dim=(2, 0))[:13], x)


def test_gradients():
    x = noise(2, 11, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: tuple(wavedec(v, "db2", level=2, dim=1)), x)
    assert torch.autograd.gradgradcheck(lambda v: wavedec(v, "db2", level=1, dim=1)[0].square(), x)
    y = [part.detach().requires_grad_() for part in wavedec(x, "db2", level=2, dim=1)]
    assert torch.autograd.gradcheck(lambda *parts: waverec(parts, "db2", dim=1, n=11), y)
    image = noise(1, 6, 7).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: dwt2(v, "haar")[1][2], image)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_computes_in_float32(dtype):
    x = noise(2, 40, 3).to(dtype)
    transform = DWT1D("db4", 2, dim=1).to(dtype)
    for found, expected in zip(transform(x), transform(x.float()), strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(transform(x.float())[0], transform(x)[0], rtol=0, atol=0)


def test_blocks_compile_export_and_vectorise():
    # what is short, and takes the other route, does in the contract suite
    n = 700
    x = noise(2, 2, n, 3, dtype=torch.float32)
    transform = DWT1D("db4", 1, dim=1)

    def both(v):
        return transform.inverse(transform(v), n)

    expected = torch.stack([both(v) for v in x])
    torch.testing.assert_close(torch.func.vmap(both)(x), expected)
    torch.testing.assert_close(torch.compile(both, fullgraph=True, backend="aot_eager")(x[0]), expected[0])
    exported = torch.export.export(transform, (x[0],), strict=False).module()
    torch.testing.assert_close(exported(x[0]), transform(x[0]))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda x: dwt(x, "db44"), "Did you mean 'db4'"),
        (lambda x: dwt(x, 4), "discrete wavelet"),
        (lambda x: dwt(x, "morl"), "discrete wavelet"),
        (lambda x: dwt(x, "db4", mode="symetric"), "symmetric"),
        (lambda x: dwt(x, "db4", dim=2), "axis 2"),
        (lambda x: dwt(x[:, :0], "db4"), "at least one value"),
        (lambda x: dwt(x.long(), "db4"), "float"),
        (lambda x: dwt(x.to(torch.complex64), "db4"), "real"),
        (lambda x: idwt(x, x[:, :5], "db4"), "shape of approximation"),
        (lambda x: idwt(x[:, :3], x[:, :3], "db4"), "at least one value"),
        (lambda x: wavedec(x, "db4", level=-1), "at least 0"),
        (lambda x: wavedec(x, "db4", level=1.5), "integer"),
        (lambda x: waverec([], "db4"), "list"),
        (lambda x: waverec(x, "db4"), "list"),
        (lambda x: waverec([x, x[:, :4]], "db4"), "shape of approximation"),
        (lambda x: waverec([x, x], "db4", n=99), "n must be"),
        (lambda x: DWT1D("db4", -1), "at least 0"),
        (lambda x: DWT1D("db4", 1).adjoint([x, x], 3), "coefficients of a signal of 3"),
        (lambda x: dwt2(x, "db4", dim=(0, 0)), "two axes"),
        (lambda x: dwt2(x, "db4", dim=(0, 5)), "two axes"),
        (lambda x: idwt2(x, (x, x), "db4"), "three tensors"),
        (lambda x: waverec2([], "db4"), "list"),
        (lambda x: wavedec2(x, "db4", level=-1), "at least 0"),
        (lambda x: DWT2D("db4", mode="zeros"), "zero"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(ArgumentError, match=word):
        call(torch.ones(2, 20))
