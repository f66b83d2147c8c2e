"""Lengths that are numbers, and lengths that are symbols of an exported graph."""

import pytest
import torch

from lamina.errors import ArgumentError
from lamina.transforms import hadamard, ihadamard, irfft, istft, rfft, stft
from lamina.transforms.length import check_length, larger, next_power_of_two, quick_size
from lamina.transforms.prefix import prefix_fft

THERE_AND_BACK = {
    "rfft": lambda x: irfft(rfft(x), x.shape[-1]),
    "hadamard": lambda x: ihadamard(hadamard(x), x.shape[-1]),
    "stft": lambda x: istft(stft(x, 16), x.shape[-1], 16),
}


class Module(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", THERE_AND_BACK)
def test_there_and_back_exports_for_any_batch_and_length(name):
    free = {0: torch.export.Dim.AUTO, 1: torch.export.Dim.DYNAMIC}
    module = Module(THERE_AND_BACK[name])
    exported = torch.export.export(module, (noise(3, 100),), dynamic_shapes=((free,),), strict=False).module()
    for shape in ((2, 70), (5, 91), (1, 127)):
        torch.testing.assert_close(exported(noise(*shape)), noise(*shape), atol=1e-5, rtol=0)


def test_prefixes_export_for_any_batch_and_length():
    batch, length = torch.export.Dim.AUTO, torch.export.Dim.DYNAMIC
    shapes = (({0: batch, 1: length}, {0: batch}),)
    inputs = (noise(3, 20, 2), torch.tensor([20, 3, 0]))
    exported = torch.export.export(Module(prefix_fft), inputs, dynamic_shapes=shapes, strict=False).module()
    x = noise(2, 333, 2)
    expected = torch.fft.fft(x[0, :300], dim=0, norm="ortho")
    torch.testing.assert_close(exported(x, torch.tensor([300, 5]))[0, :300], expected, atol=1e-4, rtol=0)


def test_sizes_are_large_enough_and_quick():
    for least in (1, 2, 3, 4, 5, 7, 96, 97, 128, 129, 1000):
        size = quick_size(least)
        assert least <= size < max(1.5 * least, 2)
        while size % 2 == 0:
            size //= 2
        assert size in (1, 3)
        power = next_power_of_two(least)
        assert power.bit_count() == 1
        assert power / 2 < least <= power
    assert larger(3, 4) == 4


def test_what_is_traced_has_room_too():
    def room(x):
        return x.new_zeros(quick_size(x.shape[0]))

    for n in (2, 64, 65):
        found = torch.compile(room, fullgraph=True, backend="eager", dynamic=False)(torch.zeros(n))
        assert len(found) == -(-n // 64) * 64


def test_lengths_outside_their_limits_are_errors():
    assert check_length("n", 5, maximum=5) == 5
    for wrong in (0, 6, 2.0, True, None):
        with pytest.raises(ArgumentError, match=r"^n must be an integer"):
            check_length("n", wrong, maximum=5)

    def too_long(x):
        return irfft(x, x.shape[0]) if check_length("n", x.shape[0], minimum=10) else x

    with pytest.raises(ArgumentError, match="n must be an integer of at least 10"):
        torch.export.export(
            Module(too_long),
            (torch.zeros(5, dtype=torch.complex64),),
            dynamic_shapes=(({0: torch.export.Dim.AUTO},),),
            strict=False,
        )
