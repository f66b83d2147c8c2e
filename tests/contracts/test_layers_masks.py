"""Padding changes nothing: what a layer gives for a masked sample is what it gives for the sample alone."""

import pytest
import torch
from layer_cases import CASES
from layer_checks import SMALL, distance, padded, skip_exceptions

from lamina import errors
from lamina.layers import AttentionLayer

pytestmark = pytest.mark.filterwarnings(r"ignore:(A sequence|Images) of:lamina.errors.LaminaWarning")
sequences = pytest.mark.parametrize(
    "case", [case for case in CASES if case.maskable and case.sequence_axis is not None], ids=str
)


@pytest.fixture(autouse=True)
def _applies(request):
    if "case" in request.fixturenames:
        skip_exceptions(request.getfixturevalue("case"), request)


def cut(y, axis, length):
    return y.narrow(axis, 0, length)


@sequences
def test_masked_equals_alone(case):
    axis = case.sequence_axis
    lengths = (case.shape[axis], *case.sizes()[-3:])
    x, mask = padded(case, lengths)
    layer = case.build()
    together = layer(x, key_padding_mask=mask)
    for i, length in enumerate(lengths):
        alone = layer(cut(x[i : i + 1], axis, length))
        assert distance(cut(together[i : i + 1], axis, length), alone) < SMALL[torch.float32]
        rest = together[i].narrow(axis - 1, length, max(lengths) - length)
        assert not rest.abs().any(), "padded outputs are zero"


@sequences
def test_short_samples_masked_equal_alone(case):
    axis = case.sequence_axis
    lengths = (*case.sizes()[:3], case.shape[axis])
    x, mask = padded(case, lengths, garbage=float("inf"))
    layer = case.build()
    together = layer(x, key_padding_mask=mask)
    for i, length in enumerate(lengths):
        alone = layer(cut(x[i : i + 1], axis, length))
        assert distance(cut(together[i : i + 1], axis, length), alone) < SMALL[torch.float32]


@sequences
def test_more_padding_changes_nothing(case):
    axis = case.sequence_axis
    lengths = (case.shape[axis], case.sizes()[-1])
    layer = case.build()
    if "max_sequence_length" in case.arguments:
        lengths = tuple(length - 5 for length in lengths)
    plain = layer(*padded(case, lengths)[:1], key_padding_mask=padded(case, lengths)[1])
    longest = max(lengths)
    x, mask = padded(case, lengths)
    pad = [0, 0] * (x.ndim - 1 - axis) + [0, 5]
    wider = torch.nn.functional.pad(x, pad, value=3.0)
    more = torch.nn.functional.pad(mask, [0, 5], value=True)
    assert distance(cut(layer(wider, key_padding_mask=more), axis, longest), plain) < SMALL[torch.float32]


@sequences
def test_a_mask_without_padding_changes_nothing(case):
    x, layer = case.input(), case.build()
    mask = torch.zeros(x.shape[0], x.shape[case.sequence_axis], dtype=torch.bool)
    assert distance(layer(x, key_padding_mask=mask), layer(x)) < SMALL[torch.float32]


@sequences
def test_a_sample_of_padding_alone_gives_zeros(case):
    x, mask = padded(case, (case.shape[case.sequence_axis], 0))
    layer = case.build()
    y = layer(x, key_padding_mask=mask)
    assert not y[1].abs().any()
    assert distance(y[:1], layer(x[:1])) < SMALL[torch.float32]


@sequences
def test_gradients_do_not_see_padding(case):
    axis = case.sequence_axis
    length = case.sizes()[-1]
    x, mask = padded(case, (case.shape[axis], length))
    layer = case.build().double()
    x = x.double().requires_grad_()
    y = layer(x, key_padding_mask=mask)
    (y.abs() ** 2).sum().backward()
    assert torch.isfinite(x.grad).all(), "NaN in padding reaches a gradient"
    assert not x.grad[1].narrow(axis - 1, length, case.shape[axis] - length).any()
    for name, value in layer.named_parameters():
        assert torch.isfinite(value.grad).all(), f"NaN in padding reaches the gradient of {name}"
    alone = cut(x.detach()[1:], axis, length).requires_grad_()
    layer.zero_grad()
    (layer(alone).abs() ** 2).sum().backward()
    assert distance(cut(x.grad[1:], axis, length), alone.grad) < 1e-7


@sequences
def test_padding_before_data_is_an_error_or_a_hole(case):
    x, layer = case.input(), case.build()
    mask = torch.zeros(x.shape[0], x.shape[case.sequence_axis], dtype=torch.bool)
    mask[0, 1] = True
    if isinstance(layer, AttentionLayer):
        y = layer(x, key_padding_mask=mask)
        assert not y[0, 1].abs().any()
        without = torch.cat([x[:1, :1], x[:1, 2:]], dim=1)
        if not layer.get_spectral_properties()["causal"]:
            shown = torch.cat([y[:1, :1], y[:1, 2:]], dim=1)
            assert distance(shown, layer(without)) < SMALL[torch.float32]
    else:
        with pytest.raises(errors.DataError, match="key_padding_mask must be padding on the right"):
            layer(x, key_padding_mask=mask)


@sequences
def test_wrong_masks_are_errors(case):
    x, layer = case.input(), case.build()
    batch, length = x.shape[0], x.shape[case.sequence_axis]
    for wrong in (
        torch.zeros(batch, length),
        torch.zeros(batch, length, dtype=torch.int64),
        [[True]],
        "mask",
    ):
        with pytest.raises(errors.ArgumentTypeError, match="key_padding_mask"):
            layer(x, key_padding_mask=wrong)
    for shape in ((batch, length + 1), (batch + 1, length), (length,), (batch, length, 1)):
        with pytest.raises(errors.ShapeError, match="key_padding_mask"):
            layer(x, key_padding_mask=torch.zeros(shape, dtype=torch.bool))
