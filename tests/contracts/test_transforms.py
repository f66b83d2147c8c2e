"""Every transform keeps its contract: inverse, adjoint, claims, precision, gradients, tracing, bad arguments.

The table is `transform_cases`. What compiles takes long, and runs for one entry of each class here; ``make
test-all`` runs it for all.
"""

import copy

import pytest
import torch
from torch.utils import _pytree as pytree
from transform_cases import CASES, FIRST, coefficients_like, flat, leaves

import lamina.transforms
from lamina.errors import ArgumentError
from lamina.transforms.transform import Transform

every = pytest.mark.parametrize("case", CASES, ids=str)
# all entries, those beyond the first of each class only in the long run
sampled = pytest.mark.parametrize(
    "case",
    [case if case in FIRST else pytest.param(case, marks=pytest.mark.slow) for case in CASES],
    ids=str,
)


def close(found, expected, tolerance=1e-10):
    found, expected = flat(found), flat(expected)
    assert found.shape == expected.shape
    scale = max(expected.abs().max().item(), 1.0) if expected.numel() else 1.0
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=tolerance, check_dtype=False)


def inner(a, b):
    """Real part of the inner product."""
    return (flat(a) * flat(b)).sum()


def matrix(transform, case, n):
    """Real matrix of a transform of one signal, from the unit vectors."""
    one = case.input(n)[:1]
    if case.place == "middle":
        one = one[..., :1]
    elif case.place == "last":
        one = one[:, :1]
    basis = torch.eye(one.numel(), dtype=torch.float64).reshape(-1, *one.shape)
    return torch.stack([flat(transform(unit)) for unit in basis], dim=1)


def test_every_transform_has_a_case():
    public = {getattr(lamina.transforms, name) for name in lamina.transforms.__all__}
    modules = {thing for thing in public if isinstance(thing, type) and issubclass(thing, Transform)}
    assert {case.kind for case in CASES} >= modules - {Transform}
    assert len({case.name for case in CASES}) == len(CASES)


@every
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str)
def test_the_inverse_undoes_it(case, dtype, tolerance):
    for n in case.sizes():
        transform, x = case.build(n), case.input(n, dtype=dtype)
        before = x.clone()
        back = transform.inverse(transform(x), **case.returning(n))
        assert torch.equal(x, before)
        if back.is_complex():
            assert back.imag.abs().max() < tolerance
            back = back.real
        assert back.dtype == dtype
        close(back, x, tolerance)


@every
def test_the_adjoint_passes_the_dot_test(case):
    for n in case.sizes():
        transform, x = case.build(n), case.input(n)
        y = transform(x)
        z = coefficients_like(y)
        back = transform.adjoint(z, **case.returning(n))
        assert back.shape == x.shape
        torch.testing.assert_close(inner(y, z), (x * back.real).sum(), rtol=1e-9, atol=1e-9)


@every
def test_the_adjoint_is_what_autograd_pulls_back(case):
    for n in case.sizes():
        transform, x = case.build(n), case.input(n).requires_grad_()
        y = transform(x)
        z = coefficients_like(y)
        (pulled,) = torch.autograd.grad(leaves(y), x, leaves(z))
        close(transform.adjoint(z, **case.returning(n)).real, pulled)


@every
def test_complex_signals(case):
    if not case.complex_too:
        with pytest.raises(ArgumentError, match=r"^x must be"):
            case.build()(case.input().to(torch.complex128))
        return
    for n in case.sizes():
        transform = case.build(n)
        x = torch.complex(case.input(n), case.input(n, seed=2))
        y = transform(x)
        z = coefficients_like(y)
        close(transform.inverse(y, **case.returning(n)), x)
        torch.testing.assert_close(inner(y, z), inner(x, transform.adjoint(z, **case.returning(n))))


@every
def test_claims_of_orthonormality_are_true_and_complete(case):
    transform = case.build()
    found = []
    for n in (size for size in case.sizes() if size <= 16):
        transform = case.build(n)
        a = matrix(transform, case, n)
        isometric = torch.allclose(a.T @ a, torch.eye(a.shape[1], dtype=a.dtype), rtol=0, atol=1e-10)
        found.append(isometric)
        if case.orthonormal(n):
            assert transform.orthonormal
            assert isometric, n
            y = transform(case.input(n))
            close(transform.adjoint(y, **case.returning(n)), transform.inverse(y, **case.returning(n)))
    if transform.orthonormal:
        assert any(found), "it says that it is orthonormal, and is for no length"
    else:
        assert not all(found), "it is orthonormal and does not say so"


@every
def test_it_is_linear(case):
    transform, x, y = case.build(), case.input(seed=1), case.input(seed=2)
    sums = pytree.tree_map(lambda a, b: 2 * a - 3 * b, transform(x), transform(y))
    close(transform(2 * x - 3 * y), sums)


@every
def test_gradients(case):
    n = max(case.least, 5)
    transform, x = case.build(n), case.input(n, batch=1).requires_grad_()
    y = leaves(transform(x.detach()))
    _, structure = pytree.tree_flatten(transform(x.detach()))
    fed = tuple(one.detach().clone().requires_grad_() for one in y)

    def run(name, *parts):
        return getattr(transform, name)(pytree.tree_unflatten(parts, structure), **case.returning(n))

    assert torch.autograd.gradcheck(lambda v: tuple(leaves(transform(v))), x, fast_mode=True)
    assert torch.autograd.gradcheck(lambda *v: run("inverse", *v), fed, fast_mode=True)
    assert torch.autograd.gradcheck(lambda *v: run("adjoint", *v), fed, fast_mode=True)
    assert torch.autograd.gradgradcheck(
        lambda v: tuple(leaves(transform(v * v))), case.input(n, batch=1).requires_grad_(), fast_mode=True
    )


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_computes_in_float32(case, dtype):
    transform, x = case.build(), case.input(dtype=dtype)
    y, expected = transform(x), transform(x.float())
    assert all(one.dtype in (torch.float32, torch.complex64) for one in leaves(y))
    close(y, expected, 1e-6)
    back = transform.inverse(y, **case.returning(8))
    assert back.dtype in (torch.float32, torch.complex64)
    close(back.real, x.float(), 1e-5)


@every
def test_autocast_changes_nothing(case):
    transform, x = case.build(), case.input(dtype=torch.float32)
    y = transform(x)
    told = case.returning(8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        close(transform(x), y, 1e-6)
        close(transform.inverse(y, **told), transform.inverse(y, **told), 1e-6)
        found = transform.adjoint(y, **told)
    close(found, transform.adjoint(y, **told), 1e-6)


@every
def test_it_vectorises(case):
    n = 7
    transform, x = case.build(n), torch.stack([case.input(n, seed=seed) for seed in range(3)])
    told = case.returning(n)
    found = torch.func.vmap(transform)(x)
    expected = [transform(one) for one in x]
    together = pytree.tree_map(lambda *parts: torch.stack(parts), *expected)
    close(found, together)
    for name in ("inverse", "adjoint"):
        method = getattr(transform, name)
        back = torch.func.vmap(lambda y, m=method: m(y, **told))(found)
        close(back, torch.stack([method(y, **told) for y in expected]))


class Both(torch.nn.Module):
    """A transform, its inverse and its adjoint in one graph."""

    def __init__(self, case, n):
        super().__init__()
        self.transform, self.told = case.build(n), case.returning(n)

    def forward(self, x):
        y = self.transform(x)
        return y, self.transform.inverse(y, **self.told), self.transform.adjoint(y, **self.told)


@sampled
def test_it_compiles_whole(case):
    for n in (7, 8):
        x, both = case.input(n), Both(case, n)
        torch.compiler.reset()
        close(torch.compile(both, fullgraph=True, backend="aot_eager", dynamic=False)(x), both(x))


@sampled
def test_it_exports(case):
    x, both = case.input(7), Both(case, 7)
    close(torch.export.export(both, (x,), strict=False).module()(x), both(x))


@every
def test_strides_do_not_matter(case):
    x = case.input(7)
    other = x.transpose(-1, -2).contiguous().transpose(-1, -2)
    close(case.build(7)(other), case.build(7)(x))


@every
def test_an_empty_batch_stays_one(case):
    transform, x = case.build(), case.input(batch=0)
    y = transform(x)
    assert [one.shape[0] for one in leaves(y)] == [0] * len(leaves(y))
    assert transform.inverse(y, **case.returning(8)).shape == x.shape
    assert transform.adjoint(y, **case.returning(8)).shape == x.shape


@every
def test_everything_is_made_on_the_device_of_the_input(case):
    # a tensor that is made on the CPU cannot meet one on "meta"
    transform, x = case.build().to("meta"), case.input().to("meta")
    y = transform(x)
    assert {one.device.type for one in leaves(y)} == {"meta"}
    assert transform.inverse(y, **case.returning(8)).shape == x.shape
    assert transform.adjoint(y, **case.returning(8)).shape == x.shape


@every
def test_a_copy_is_equal_and_has_no_state(case):
    transform, x = case.build(), case.input()
    close(copy.deepcopy(transform)(x), transform(x), 0)
    assert not list(transform.parameters())
    assert not transform.state_dict()
    assert isinstance(repr(transform), str)


@every
def test_bad_inputs_are_errors(case):
    transform, x = case.build(), case.input()
    for wrong in (x.numpy(), x.tolist(), None, x.int(), x > 0):
        with pytest.raises(ArgumentError, match=r"^x must be"):
            transform(wrong)
    for wrong in (torch.tensor(1.0), x.narrow(2 if case.place == "last" else 1, 0, 0)):
        with pytest.raises(ArgumentError, match=r"^x must be"):
            transform(wrong)
    if case.least > 1:
        with pytest.raises(ArgumentError, match=r"^x must be"):
            transform(case.input(case.least - 1))


@every
def test_bad_settings_are_errors(case):
    wrong = {
        "norm": "orto",
        "mode": "symetric",
        "wavelet": "db0",
        "type": 5,
        "size": 0,
        "hop": 0,
        "levels": -1,
    }
    for name, value in wrong.items():
        if name in case.arguments:
            with pytest.raises(ArgumentError, match=name):
                case.kind(**{**case.arguments, name: value})
