"""Every layer keeps the contract of the specification: shapes, masks, precision, gradients, state, claims.

The table is `layer_cases`; a check that does not apply to a layer is named there with its reason. Checks that
take long run for one entry of each class here; ``make test-all`` runs them for all (`test_layers_long`).
"""

import copy
import io

import pytest
import safetensors.torch
import torch
from layer_cases import CASES, FILES, FIRST
from layer_checks import SMALL, distance, padded, skip_exceptions

from lamina import errors
from lamina.layers import LAYERS

pytestmark = pytest.mark.filterwarnings(r"ignore:(A sequence|Images) of:lamina.errors.LaminaWarning")
every = pytest.mark.parametrize("case", CASES, ids=str)
first = pytest.mark.parametrize("case", FIRST, ids=str)


@pytest.fixture(autouse=True)
def _applies(request):
    if "case" in request.fixturenames:
        skip_exceptions(request.getfixturevalue("case"), request)


def test_every_layer_has_a_case():
    assert FILES
    assert {case.kind.__name__ for case in CASES} == set(LAYERS)


def test_names_of_cases_are_unique():
    assert len({case.name for case in CASES}) == len(CASES)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_dtype_is_kept(case, dtype):
    x = case.input()
    y = case.build().to(dtype)(x.to(dtype))
    assert y.dtype == (dtype if not y.is_complex() else y.dtype)
    reference = case.build().double()(x.to(dtype).double())
    assert y.shape == reference.shape
    # single numbers of a short format may cancel; as a whole the output must be right
    error = (y.to(reference.dtype) - reference).norm() / reference.norm()
    assert error < SMALL[dtype]


@every
def test_shape_is_kept(case):
    for length in case.sizes() if case.sequence_axis is not None else (None,):
        x = case.input(length=length)
        y = case.build()(x)
        assert y.shape == x.shape
        assert torch.isfinite(torch.view_as_real(y) if y.is_complex() else y).all()


@every
def test_an_empty_batch_stays_one(case):
    x = case.input(batch=0)
    assert case.build()(x).shape == x.shape


@every
def test_autocast_returns_the_input_dtype(case):
    x, layer = case.input(), case.build()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)
    expected = layer(x)
    assert y.dtype == expected.dtype
    assert (y - expected).norm() / expected.norm() < SMALL[torch.bfloat16]


@every
def test_everything_is_made_on_the_device_of_the_input(case):
    # a tensor that is made on the CPU cannot meet one on "meta"
    layer = case.build().to("meta")
    x = case.input().to("meta")
    assert layer(x).device.type == "meta"
    if case.maskable and case.sequence_axis is not None:
        mask = torch.zeros(x.shape[0], x.shape[case.sequence_axis], dtype=torch.bool, device="meta")
        assert layer(x, key_padding_mask=mask).device.type == "meta"


@every
def test_samples_do_not_meet(case):
    x, layer = case.input(batch=3), case.build()
    alone = torch.cat([layer(x[i : i + 1]) for i in range(3)])
    assert distance(layer(x), alone) < SMALL[torch.float32]


@every
def test_strides_do_not_matter(case):
    x, layer = case.input(), case.build()
    other = x.transpose(-1, -2).contiguous().transpose(-1, -2)
    assert distance(layer(other), layer(x)) < SMALL[torch.float32]


@every
def test_input_and_state_are_left_alone(case):
    x, layer = case.input(), case.build()
    before, state = x.clone(), copy.deepcopy(layer.state_dict())
    layer(x)
    assert torch.equal(x, before)
    for name, value in layer.state_dict().items():
        assert torch.equal(value, state[name]), name


@every
def test_wrong_inputs_are_errors(case):
    x, layer = case.input(), case.build()
    for wrong in (x[0], x[None], x[..., None], torch.zeros(case.shape[0]), torch.tensor(1.0)):
        with pytest.raises(errors.ShapeError, match=r"^x must be"):
            layer(wrong)
    for wrong in (x.numpy(), x.tolist(), None, x.int(), x.to(torch.complex64), x > 0):
        with pytest.raises(errors.ArgumentTypeError, match=r"^x must be"):
            layer(wrong)
    axis = case.channel_axis
    for size in (case.shape[axis] + 1, 1):
        with pytest.raises(errors.ShapeError, match=r"^x must be"):
            layer(x.narrow(axis, 0, 1).repeat_interleave(size, dim=axis))


@every
def test_an_empty_sequence_is_an_error(case):
    for axis in case.places():
        with pytest.raises(errors.ShapeError, match=r"^x must be"):
            case.build()(case.input().narrow(axis, 0, 0))


@first
def test_gradients_are_right(case):
    layer = case.build().double()
    x = case.input(batch=1, length=min(case.sizes(), key=lambda size: abs(size - 7))).double()
    names, values = zip(*layer.named_parameters(), strict=True) if list(layer.parameters()) else ((), ())

    def run(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

    inputs = (x.requires_grad_(), *(value.detach().clone().requires_grad_() for value in values))
    # along random directions: whole Jacobians of all parameters would take hours
    torch.autograd.gradcheck(run, inputs, fast_mode=True)


@every
def test_every_parameter_takes_part(case):
    layer = case.build()
    (layer(case.input().requires_grad_()).abs() ** 2).sum().backward()
    for name, value in layer.named_parameters():
        assert value.grad is not None, f"{name} gets no gradient"
        assert torch.isfinite(value.grad).all()


def run_compiled(case, **compiling):
    x, layer = case.input(), case.build()
    torch.compiler.reset()
    compiled = torch.compile(layer, fullgraph=True, **compiling)
    assert distance(compiled(x), layer(x)) < SMALL[torch.float32]
    if case.maskable and case.sequence_axis is not None:
        x, mask = padded(case, (case.shape[case.sequence_axis], case.sizes()[-1]))
        found = compiled(x, key_padding_mask=mask)
        assert distance(found, layer(x, key_padding_mask=mask)) < SMALL[torch.float32]


@first
def test_compiles_whole(case):
    run_compiled(case, backend="aot_eager", dynamic=False)


@first
def test_exports(case):
    x, layer = case.input(), case.build()
    assert distance(torch.export.export(layer, (x,)).module()(x), layer(x)) < SMALL[torch.float32]
    if case.maskable and case.sequence_axis is not None:
        x, mask = padded(case, (case.shape[case.sequence_axis], case.sizes()[-1]))
        exported = torch.export.export(layer, (x,), {"key_padding_mask": mask}).module()
        found = exported(x, key_padding_mask=mask)
        assert distance(found, layer(x, key_padding_mask=mask)) < SMALL[torch.float32]


@every
def test_vectorises(case):
    layer = case.build()
    x = torch.stack([case.input(seed=1), case.input(seed=2)])
    found = torch.func.vmap(layer)(x)
    assert distance(found, torch.stack([layer(x[0]), layer(x[1])])) < SMALL[torch.float32]
    if case.maskable and case.sequence_axis is not None:
        inputs = [padded(case, (case.shape[case.sequence_axis], size)) for size in case.sizes()[-2:]]
        total = case.shape[case.sequence_axis]
        assert all(one.shape[case.sequence_axis] == total for one, _ in inputs)
        x, mask = (torch.stack(parts) for parts in zip(*inputs, strict=True))
        found = torch.func.vmap(lambda x, mask: layer(x, key_padding_mask=mask))(x, mask)
        expected = [layer(one, key_padding_mask=where) for one, where in inputs]
        assert distance(found, torch.stack(expected)) < SMALL[torch.float32]


@every
def test_a_copy_is_equal_and_its_own(case):
    x, layer = case.input(), case.build()
    other = copy.deepcopy(layer)
    assert torch.equal(other(x), layer(x))
    before = layer(x)
    for parameter in other.parameters():
        parameter.data.add_(1.0)
    assert torch.equal(layer(x), before)


@every
def test_state_goes_through_files(case):
    x, layer = case.input(), case.build(seed=0)
    held = io.BytesIO()
    torch.save(layer.state_dict(), held)
    held.seek(0)
    other = case.build(seed=1)
    other.load_state_dict(torch.load(held, weights_only=True))
    assert torch.equal(other(x), layer(x))
    tensors = {name: value.contiguous() for name, value in layer.state_dict().items()}
    assert all(not value.is_complex() for value in (*tensors.values(), *layer.buffers()))
    again = case.build(seed=2)
    again.load_state_dict(safetensors.torch.load(safetensors.torch.save(tensors)))
    assert torch.equal(again(x), layer(x))
