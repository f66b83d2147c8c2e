"""The checks of `test_layers` that take long, for every entry of the table, and torch's own compiler."""

import shutil
import warnings

import pytest
import test_layers
from layer_cases import CASES, FIRST
from layer_checks import skip_exceptions

short = pytest.mark.filterwarnings(r"ignore:(A sequence|Images) of:lamina.errors.LaminaWarning")
pytestmark = [pytest.mark.slow, short]
rest = pytest.mark.parametrize("case", [case for case in CASES if case not in FIRST], ids=str)


@pytest.fixture(autouse=True)
def _applies(request):
    skip_exceptions(request.getfixturevalue("case"), request)


@rest
def test_gradients_are_right(case):
    test_layers.test_gradients_are_right(case)


@rest
def test_compiles_whole(case):
    test_layers.test_compiles_whole(case)


@rest
def test_exports(case):
    test_layers.test_exports(case)


@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a C++ compiler")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_compiles_with_inductor(case):
    with warnings.catch_warnings():
        # inductor says of every complex operator that it leaves it to eager code
        warnings.filterwarnings("ignore", ".*complex operators.*", UserWarning)
        # and torch's own code for MKL-DNN, which inductor imports, is written with what torch has deprecated
        warnings.filterwarnings("ignore", "`torch.jit.script_method` is deprecated", DeprecationWarning)
        test_layers.run_compiled(case, backend="inductor", dynamic=False)
