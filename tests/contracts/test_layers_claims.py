"""What a layer claims of itself in ``get_spectral_properties`` holds, and what it does not claim does not."""

import pytest
import torch
from layer_cases import CASES
from layer_checks import SMALL, distance, padded, randomised, skip_exceptions, wide

from lamina import errors
from lamina.layers import AttentionLayer

KEYS = {
    "unitary",
    "energy_preserving",
    "translation_equivariant",
    "linear",
    "real_output",
    "causal",
    "frequency_domain",
    "complexity",
}
pytestmark = pytest.mark.filterwarnings(r"ignore:(A sequence|Images) of:lamina.errors.LaminaWarning")
every = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(autouse=True)
def _applies(request):
    if "case" in request.fixturenames:
        skip_exceptions(request.getfixturevalue("case"), request)


def generic(case):
    return randomised(case.build().double())


def claims(case):
    return case.build().get_spectral_properties()


def close(found, expected):
    return distance(found, expected) < 1e-7


@every
def test_claims_are_complete(case):
    found = claims(case)
    assert set(found) >= KEYS
    assert all(isinstance(found[key], bool) for key in KEYS - {"complexity"})
    assert found["complexity"].startswith("O(")


@every
def test_energy_preservation_is_claimed_truly(case):
    layer, kept = generic(case), []
    for seed in range(4):
        x = case.input(seed=seed).double()
        y = layer(x)
        kept.append(torch.allclose(wide(y).abs().square().flatten(1).sum(1), x.square().flatten(1).sum(1)))
    assert all(kept) == claims(case)["energy_preserving"]


@every
def test_unitarity_is_claimed_truly(case):
    layer = generic(case)
    x, z = case.input(seed=1).double(), case.input(seed=2).double()
    product = (wide(layer(x)).conj() * wide(layer(z))).real.flatten(1).sum(1)
    kept = torch.allclose(product, (x * z).flatten(1).sum(1))
    assert kept == claims(case)["unitary"]


@every
def test_linearity_is_claimed_truly(case):
    layer = generic(case)
    x, z = case.input(seed=1).double(), case.input(seed=2).double()
    assert close(layer(2 * x - 3 * z), 2 * layer(x) - 3 * layer(z)) == claims(case)["linear"]


@every
def test_equivariance_is_claimed_truly(case):
    axes, layer, x = case.places(), generic(case), case.input().double()
    held = []
    for shift in (1, 5):
        shifts = (shift,) * len(axes)
        held.append(close(layer(x.roll(shifts, axes)), layer(x).roll(shifts, axes)))
    assert all(held) == claims(case)["translation_equivariant"]


@every
def test_real_output_is_claimed_truly(case):
    assert claims(case)["real_output"] == (not case.build()(case.input()).is_complex())


@every
def test_causality_is_claimed_truly(case):
    if case.sequence_axis is None:
        assert not claims(case)["causal"]
        return
    axis, count = case.sequence_axis, case.shape[case.sequence_axis]
    layer = generic(case)
    x = case.input().double()
    changed = x.clone()
    changed.narrow(axis, count // 2, count - count // 2).mul_(-7).add_(2)
    before, after = (layer(one).narrow(axis, 0, count // 2) for one in (x, changed))
    assert close(after, before) == claims(case)["causal"]


def causal_cases():
    return [case for case in CASES if claims(case)["causal"]]


@pytest.mark.parametrize("case", causal_cases(), ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_steps_equal_forward(case, dtype):
    layer = case.build().to(dtype)
    x = case.input(length=50).to(dtype)
    expected = layer(x)
    state, found = None, []
    for t in range(x.shape[1]):
        y, state = layer.step(x[:, t], state)
        assert y.dtype == dtype
        found.append(y)
    assert distance(torch.stack(found, dim=1), expected) < SMALL[dtype]


@pytest.mark.parametrize("case", causal_cases(), ids=str)
def test_states_are_values(case):
    layer, x = case.build(), case.input(length=6)
    _, state = layer.step(x[:, 0])
    before = [part.clone() for part in state if isinstance(part, torch.Tensor)]
    one, _ = layer.step(x[:, 1], state)
    layer.step(x[:, 2], state)
    again, _ = layer.step(x[:, 1], state)
    assert torch.equal(one, again), "a state can be used twice"
    assert all(torch.equal(a, b) for a, b in zip(before, state, strict=False) if isinstance(b, torch.Tensor))


@pytest.mark.parametrize("case", causal_cases(), ids=str)
def test_wrong_steps_are_errors(case):
    layer, x = case.build(), case.input()
    for wrong in (x, x[0, 0], x[:, 0, :-1]):
        with pytest.raises(errors.ShapeError, match=r"^x"):
            layer.step(wrong)


@pytest.mark.parametrize(
    "case", [case for case in CASES if hasattr(case.kind, "step") and not claims(case)["causal"]], ids=str
)
def test_a_step_of_a_layer_that_is_not_causal_is_an_error(case):
    # the message names the argument that would make it so
    with pytest.raises(errors.StateError, match=r"causal=True|mix_sequence=False|use_spectral_conv=False"):
        case.build().step(case.input()[:, 0])


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if hasattr(case.kind, "num_heads") or "num_heads" in case.arguments],
    ids=str,
)
def test_documented_masks_are_padding_masks_the_other_way_round(case):
    if not issubclass(case.kind, AttentionLayer):
        pytest.skip("no attention layer")
    x, mask = padded(case, (case.shape[1], case.sizes()[-1]))
    layer = case.build()
    expected = layer(x, key_padding_mask=mask)
    for keep in (~mask, (~mask).float(), (~mask).long()):
        assert torch.equal(layer(x, keep), expected)
    output, weights = layer(x, ~mask, return_attention=True)
    assert torch.equal(output, expected)
    assert weights is None or weights.shape[0] == x.shape[0]
    for wrong in (2 * (~mask).float(), torch.where(mask, -torch.inf, 0.0)):
        with pytest.raises(errors.DataError, match=r"^mask must be"):
            layer(x, wrong)
