"""The argument checks return what the library computes with, or say what is wrong in the caller's words."""

import decimal
import fractions

import array_api_strict
import numpy as np
import pytest
import torch

from lamina._checks import (
    check_choice,
    check_integer,
    check_real,
    check_recording,
    check_seed,
    check_trials,
)
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_integers_of_every_kind_become_int(value):
    number = check_integer("memory", value, minimum=3, maximum=3)
    assert number == 3
    assert type(number) is int


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float32(3), "3", None, [3], np.array([3])])
def test_what_is_not_a_whole_number_is_refused_by_kind(value):
    with pytest.raises(ArgumentTypeError, match=r"^memory must be an integer, got .*Pass memory as a whole"):
        check_integer("memory", value)


@pytest.mark.parametrize(
    ("limits", "value", "words"),
    [
        ({"minimum": 1}, 0, "memory must be an integer of at least 1, got 0."),
        ({"maximum": 4}, 5, "memory must be an integer of at most 4, got 5."),
        ({"minimum": 1, "maximum": 4}, -7, "memory must be an integer from 1 to 4, got -7."),
    ],
)
def test_integers_outside_their_limits(limits, value, words):
    with pytest.raises(ArgumentError) as caught:
        check_integer("memory", value, **limits)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), fractions.Fraction(2)])
def test_real_numbers_become_float(value):
    number = check_real("ridge", value, minimum=2, maximum=2)
    assert number == 2.0
    assert type(number) is float


@pytest.mark.parametrize("value", [True, "2", None, 1j, np.array([2.0]), decimal.Decimal(2)])
def test_what_is_not_a_real_number_is_refused_by_kind(value):
    with pytest.raises(ArgumentTypeError, match=r"^ridge must be a finite number, got"):
        check_real("ridge", value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400])
def test_real_numbers_that_are_not_finite(value):
    with pytest.raises(ArgumentError, match=r"^ridge must be a finite number, got (nan|-?inf)\."):
        check_real("ridge", value)


@pytest.mark.parametrize(
    ("limits", "value"), [({"minimum": 0}, -1e-300), ({"maximum": 1}, 1.0000001), ({"above": 0}, 0.0)]
)
def test_real_numbers_outside_their_limits(limits, value):
    with pytest.raises(ArgumentError, match="Choose ridge within these limits"):
        check_real("ridge", value, **limits)


def test_limits_themselves_are_allowed_but_for_above():
    assert check_real("ridge", 0, minimum=0) == 0.0
    assert check_real("ridge", 5e-324, above=0) > 0


def test_a_choice_is_returned_and_a_near_miss_is_named():
    choices = ["cca", "rrr", "pca"]
    assert check_choice("objective", "rrr", choices) == "rrr"
    with pytest.raises(ArgumentError, match=r"one of 'cca', 'rrr', 'pca', got 'ccca'\. Did you mean 'cca'\?"):
        check_choice("objective", "ccca", choices)
    with pytest.raises(ArgumentError, match=r"got 3\. Choose one of these for objective"):
        check_choice("objective", 3, choices)


def test_a_seed_gives_its_own_generator_and_a_generator_is_used_as_it_is():
    generator = np.random.default_rng(1)
    assert check_seed("seed", generator) is generator
    assert check_seed("seed", 7).random() == np.random.default_rng(7).random()


@pytest.mark.parametrize("seed", [-1, 1.5, None, "7", True, np.random.RandomState(1)])
def test_what_cannot_seed_is_refused(seed):
    with pytest.raises(ArgumentError, match=r"^seed must be an integer of at least 0, got"):
        check_seed("seed", seed)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2, 3], [[1.0], [2.0], [3.0]]),
        ([[1, 2], [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
        (np.array([True, False]), [[1.0], [0.0]]),
        (np.array([250, 5], np.uint8), [[250.0], [5.0]]),
        (np.array([1, 2], dtype=object), [[1.0], [2.0]]),
        (np.array([1.5, 2.5], np.longdouble), [[1.5], [2.5]]),
        (np.array([2**53 - 1]), [[2.0**53 - 1]]),
        ([1.0, None], [[1.0], [np.nan]]),
    ],
)
def test_recordings_become_float64_time_by_channels(value, expected):
    array = check_recording("X", value)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("value", "kind", "dtype"),
    [
        (np.zeros(3, np.float32), np.ndarray, np.float32),
        (np.zeros(3, np.float16), np.ndarray, np.float32),
        (torch.zeros(3), torch.Tensor, torch.float32),
        (torch.zeros(3, dtype=torch.bfloat16), torch.Tensor, torch.float32),
        (torch.arange(3), torch.Tensor, torch.float64),
        (
            array_api_strict.asarray([1, 2, 3]),
            array_api_strict.asarray(0).__class__,
            array_api_strict.float64,
        ),
    ],
)
def test_the_library_and_the_precision_of_an_array_are_kept(value, kind, dtype):
    array = check_recording("X", value)
    assert type(array) is kind
    assert array.dtype == dtype
    assert tuple(array.shape) == (3, 1)


def test_a_recording_is_left_in_its_type_where_that_is_asked_for():
    for value in (np.zeros(3, np.uint8), np.zeros(3, np.float16), torch.zeros(3, dtype=torch.bool)):
        assert check_recording("X", value, convert=False).dtype == value.dtype
        assert check_trials("X", [value, value], convert=False)[1].dtype == value.dtype


@pytest.mark.parametrize("kind", [np.longdouble, object])
def test_what_float64_cannot_hold_is_infinite(kind):
    if kind is np.longdouble and np.finfo(np.longdouble).maxexp == np.finfo(np.float64).maxexp:
        pytest.skip("extended precision is none here")
    huge = np.array([np.longdouble(10) ** 400, 1], dtype=kind)
    with pytest.raises(DataError, match=r"got 1 value\(s\) of infinity"):
        check_recording("X", huge)


def test_every_block_of_a_long_recording_is_looked_at():
    long = np.zeros((300_000, 2), np.float32)
    long[[5, 200_000, 299_999], [0, 1, 1]] = np.inf, np.nan, -np.inf
    with pytest.raises(DataError, match=r"got 2 value\(s\) of infinity"):
        check_recording("X", long)
    with pytest.raises(DataError, match=r"got 1 value\(s\) of NaN"):
        check_recording("X", long[6:-1], gaps=False)
    assert check_recording("X", np.full((9, 1), 3e38, np.float32)).shape == (9, 1)


def test_a_subclass_of_arrays_with_other_arithmetic_becomes_a_plain_array():
    class Matrix(np.ndarray):
        """Stands for numpy.matrix, whose use alone is a warning."""

        __mul__ = np.ndarray.__matmul__

    assert type(check_recording("X", np.ones((2, 2)).view(Matrix))) is np.ndarray


def test_what_a_mask_hides_is_a_gap_and_not_a_number():
    masked = np.ma.array([1, 2, 3], mask=[False, True, False])
    np.testing.assert_array_equal(check_recording("X", masked), [[1.0], [np.nan], [3.0]])
    with pytest.raises(DataError, match=r"got 1 value\(s\) of NaN"):
        check_recording("X", masked, gaps=False)
    np.testing.assert_array_equal(masked.data, [1, 2, 3])


@pytest.mark.parametrize(
    "value", [None, "words", ["a", "b"], np.array([1j]), torch.tensor([1j]), object(), {1, 2}]
)
def test_what_is_not_an_array_of_real_numbers(value):
    with pytest.raises(ArgumentTypeError, match=r"^X must be an array of real numbers, got "):
        check_recording("X", value)


def test_ragged_rows_are_refused_with_the_way_to_pass_trials():
    with pytest.raises(ShapeError, match=r"rows differ in length.*list of arrays"):
        check_recording("X", [[1, 2], [3]])


@pytest.mark.parametrize(("shape", "axes"), [((), 0), ((2, 3, 4), 3)])
def test_wrong_number_of_axes(shape, axes):
    with pytest.raises(ShapeError, match=rf"\(time,\) or \(time, channels\), got {axes} axes"):
        check_recording("X", np.zeros(shape))


@pytest.mark.parametrize(("shape", "channels"), [((5, 0), None), ((5, 3), 2), ((5,), 2)])
def test_wrong_number_of_channels(shape, channels):
    with pytest.raises(ShapeError, match=r"^X must be of .* channel\(s\), got .*channels are the second"):
        check_recording("X", np.zeros(shape), channels=channels)


def test_too_short_a_recording():
    assert check_recording("X", np.zeros(4), minimum_samples=4).shape == (4, 1)
    with pytest.raises(DataError, match=r"at least 4 sample\(s\) long, got 3 sample\(s\)"):
        check_recording("X", np.zeros(3), minimum_samples=4)


@pytest.mark.parametrize("library", [np.asarray, torch.asarray, array_api_strict.asarray])
def test_infinities_are_never_allowed_and_nan_only_as_a_gap(library):
    gap = library([1.0, np.nan, 3.0, np.nan])
    assert check_recording("X", gap).shape == (4, 1)
    with pytest.raises(DataError, match=r"^X must be finite, got 2 value\(s\) of NaN\. Remove or fill"):
        check_recording("X", gap, gaps=False)
    with pytest.raises(DataError, match=r"finite \(NaN marks a gap\), got 1 value\(s\) of infinity"):
        check_recording("X", library([1.0, -np.inf, np.nan]))


def test_one_recording_is_one_trial():
    for value in (np.zeros((4, 2)), [[1, 2], [3, 4]], [1.0, 2.0], [np.float64(1), np.float64(2)]):
        trials = check_trials("X", value)
        assert len(trials) == 1
        np.testing.assert_array_equal(trials[0], np.asarray(value).reshape(len(value), -1))


@pytest.mark.parametrize("container", [list, tuple])
def test_several_arrays_are_several_trials_of_any_length(container):
    trials = check_trials("X", container([np.ones(3), np.arange(2), np.zeros((5, 1))]))
    assert [trial.shape for trial in trials] == [(3, 1), (2, 1), (5, 1)]


def test_the_trial_at_fault_is_named():
    with pytest.raises(ShapeError, match=r"^X\[1\] must be of 1 channel\(s\), got 2"):
        check_trials("X", [np.zeros(3), np.zeros((3, 2))])
    with pytest.raises(DataError, match=r"^X\[2\] must be finite"):
        check_trials("X", [np.zeros(3), np.zeros(3), np.full(3, np.inf)])
    with pytest.raises(DataError, match="at least one recording, got an empty list"):
        check_trials("X", [])


def test_inputs_are_never_modified():
    array = np.array([[1.0, np.nan], [2.0, 3.0]])
    copy = array.copy()
    array.setflags(write=False)
    check_trials("X", [array, array])
    np.testing.assert_array_equal(array, copy)


def test_both_limits_are_named():
    with pytest.raises(ArgumentError, match=r"a finite number above 0 and of at most 1, got 2\.0"):
        check_real("level", 2.0, above=0, maximum=1)
    with pytest.raises(ArgumentError, match="a finite number above 0, got 0"):
        check_real("level", 0.0, above=0)
    with pytest.raises(ArgumentError, match="a finite number from 0 to 1, got"):
        check_real("level", 2.0, minimum=0, maximum=1)
