"""Settings of every layer: files, limits, generators, and what the docstrings state of the initial layer."""

import inspect
import re

import numpy as np
import pytest
import torch
from layer_cases import CASES, FIRST
from layer_checks import SMALL, distance, skip_exceptions

from lamina import errors
from lamina.layers import build_layer, load_config, save_config

pytestmark = pytest.mark.filterwarnings(r"ignore:(A sequence|Images) of:lamina.errors.LaminaWarning")
every = pytest.mark.parametrize("case", CASES, ids=str)
SIZES = ("hidden_dim", "num_heads", "sequence_length", "in_channels", "channels", "levels")
FACTORY = ("generator", "device", "dtype")


@pytest.fixture(autouse=True)
def _applies(request):
    if "case" in request.fixturenames:
        skip_exceptions(request.getfixturevalue("case"), request)


@every
def test_settings_go_through_files(case, tmp_path):
    layer = case.build()
    config = layer.to_config()
    assert type(config) is case.kind.Config
    assert config == case.kind.Config(**case.arguments)
    for ending in ("yaml", "json"):
        path = tmp_path / f"layer.{ending}"
        save_config(config, path)
        assert load_config(path) == config
        same = build_layer(load_config(path), generator=torch.Generator().manual_seed(0))
        assert type(same) is case.kind
        if case.prepare is None:
            assert torch.equal(same.eval()(case.input()), layer(case.input()))


@every
def test_settings_have_every_argument(case):
    signature = inspect.signature(case.kind)
    given = {
        name: value
        for name, value in signature.parameters.items()
        if name not in ("generator", "device", "dtype")
    }
    fields = {name: value for name, value in case.kind.Config.model_fields.items() if name != "layer"}
    assert set(given) == set(fields)
    for name, value in given.items():
        default = fields[name].get_default(call_default_factory=True)
        if value.default is inspect.Parameter.empty:
            assert fields[name].is_required(), name
        else:
            assert value.default == default, name


@every
def test_unknown_settings_name_the_nearest(case):
    values = dict(case.arguments)
    name = next(iter(values))
    values[name + "s"] = values.pop(name)
    with pytest.raises(errors.ArgumentError, match=f"Did you mean '{name}'"):
        case.kind.from_config(values)


@every
@pytest.mark.parametrize("name", SIZES)
def test_wrong_sizes_are_errors(case, name):
    if name not in case.kind.Config.model_fields:
        pytest.skip(f"{case.name} has no {name}")
    for wrong in (0, -1, True, 2.5, "8", None, float("nan")):
        if wrong is None and not case.kind.Config.model_fields[name].is_required():
            continue  # None may stand for "as the other arguments say"
        with pytest.raises(errors.ArgumentError, match=rf"^{name} must be"):
            case.kind(**{**case.arguments, name: wrong})
    numpy = case.kind(**{**case.arguments, name: np.int64(case.arguments.get(name, 1) or 1)})
    assert isinstance(numpy, case.kind)


@every
def test_dropout_is_for_training(case):
    if "dropout" not in case.kind.Config.model_fields:
        pytest.skip(f"{case.name} has no dropout")
    for wrong in (1.0, -0.1, float("nan"), "0.1", None, True):
        with pytest.raises(errors.ArgumentError, match=r"^dropout must be"):
            case.kind(**{**case.arguments, "dropout": wrong})
    x = case.input()
    free = case.kind.parameter_free
    factory = {} if free else {"generator": torch.Generator().manual_seed(0)}
    layer = case.kind(**{**case.arguments, "dropout": 0.5}, **factory)
    if case.prepare is not None:
        case.prepare(layer)
    assert distance(layer.eval()(x), case.build()(x)) < SMALL[torch.float32]
    layer.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(layer(x), layer(x))


@every
def test_weights_come_from_the_generator(case):
    before = torch.get_rng_state()
    one, same, other = case.build(seed=3), case.build(seed=3), case.build(seed=4)
    assert case.kind.parameter_free or torch.equal(torch.get_rng_state(), before)
    x = case.input()
    one(x)
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name]), name
    assert case.kind.parameter_free or torch.equal(one(x), same(x))
    assert other.state_dict().keys() == one.state_dict().keys()


@every
def test_device_and_dtype_reach_every_parameter(case):
    if case.kind.parameter_free or case.prepare is not None:
        pytest.skip(f"{case.name} has no parameters of its own")
    layer = case.build(dtype=torch.float64)
    assert {value.dtype for value in layer.parameters()} <= {torch.float64}
    assert layer(case.input().double()).dtype in (torch.float64, torch.complex128)
    away = case.kind(**case.arguments, device="meta")
    assert {value.device.type for value in (*away.parameters(), *away.buffers())} <= {"meta"}


@every
def test_parameters_are_as_many_as_stated(case):
    layer = case.build()
    assert sum(value.numel() for value in layer.parameters()) == case.parameters
    assert re.search(r"\bParameters: \S", case.kind.__doc__, flags=re.MULTILINE)


@every
def test_initial_variance_is_as_stated(case):
    spread = []
    # random biases and projections make single layers differ
    for seed in range(40):
        y = case.build(seed=seed)(case.input(batch=4, seed=seed + 100))
        spread.append((y - y.mean()).abs().square().mean().item())
    assert np.mean(spread) == pytest.approx(case.variance, rel=0.1)
    if case in FIRST:
        told = re.search(r"^ *Initial output variance: ([\d.]+\d)", case.kind.__doc__, flags=re.MULTILINE)
        assert told, "the docstring does not state the initial output variance"
        assert float(told[1]) == pytest.approx(case.variance, rel=0.05)


@every
def test_a_layer_shows_its_settings(case):
    assert repr(case.build()).startswith(case.kind.__name__)


@every
def test_settings_of_another_class_are_an_error(case):
    other = next(one for one in CASES if one.kind is not case.kind)
    with pytest.raises(errors.ArgumentTypeError, match=r"^config must be"):
        case.kind.from_config(other.build().to_config())
