"""Collections of series: every form that the field uses is read to the same numbers, or refused by name."""

import re

import numpy as np
import pytest

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu.features.collection import is_table, read_collection

SERIES = np.random.default_rng(0).standard_normal((4, 2, 9))


def as_arrays(collection):
    return [collection.series(i) for i in range(len(collection))]


def test_an_array_of_three_axes_is_not_copied():
    collection = read_collection("X", SERIES)
    assert np.shares_memory(collection.data, SERIES)
    assert (len(collection), collection.channels, collection.missing) == (4, 2, False)
    np.testing.assert_array_equal(np.stack(as_arrays(collection)), SERIES)
    np.testing.assert_array_equal(collection.lengths, [9, 9, 9, 9])


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_unequal_lengths(kind):
    parts = kind([SERIES[0], SERIES[1, :, :3], SERIES[2, :, :1]])
    collection = read_collection("X", parts)
    assert collection.lengths.tolist() == [9, 3, 1]
    for part, read in zip(parts, as_arrays(collection), strict=True):
        np.testing.assert_array_equal(read, part)


def test_a_part_is_the_series_themselves():
    whole = read_collection("X", [SERIES[i, :, : i + 2] for i in range(4)])
    part = whole.part(1, 3)
    assert np.shares_memory(part.data, whole.data)
    assert part.lengths.tolist() == [3, 4]
    np.testing.assert_array_equal(part.series(0), whole.series(1))


@pytest.mark.parametrize(
    "value",
    [
        SERIES[:, 0],
        SERIES[:, :1],
        SERIES[:, 0].tolist(),
        SERIES[:, :1].tolist(),
        list(SERIES[:, 0]),
        tuple(SERIES[:, :1]),
        np.asfortranarray(SERIES[:, 0]),
        SERIES[:, 0].astype(np.longdouble),
        np.ma.masked_array(SERIES[:, 0]),
    ],
    ids=["table", "array", "nested", "nested3", "rows", "tuple", "fortran", "extended", "masked"],
)
def test_one_channel_in_many_forms(value):
    collection = read_collection("X", value)
    assert collection.channels == 1
    np.testing.assert_array_equal(np.stack(as_arrays(collection))[:, 0], SERIES[:, 0])


def test_an_object_array_of_series():
    ragged = np.empty(2, dtype=object)
    ragged[:] = [SERIES[0], SERIES[1, :, :4]]
    assert read_collection("X", ragged).lengths.tolist() == [9, 4]


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [
        ("float32", "float32"),
        ("float16", "float32"),
        ("int8", "float64"),
        ("bool", "float64"),
        (">f8", "float64"),
    ],
)
def test_types(dtype, kept):
    values = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    collection = read_collection("X", values)
    assert collection.data.dtype == kept
    np.testing.assert_array_equal(collection.data, [0, 1, 1, 1, 0, 1])


def test_unequal_types_in_a_list_meet_in_the_wider():
    assert read_collection("X", [np.zeros(3, np.float32), np.zeros(2)]).data.dtype == np.float64
    assert read_collection("X", [np.zeros(3, np.float32), np.zeros(2, np.float32)]).data.dtype == np.float32


def test_missing_is_what_is_nan_masked_or_na():
    pandas = pytest.importorskip("pandas")
    expected = np.array([1, np.nan, 3, 4, 5, 6])
    forms = [
        np.array([[1, np.nan, 3], [4, 5, 6]]),
        np.ma.masked_equal([[1, 2, 3], [4, 5, 6]], 2),
        pandas.DataFrame([[1, None, 3], [4, 5, 6]], dtype="Int64"),
        [[1, np.nan, 3], [4, 5, 6]],
    ]
    for form in forms:
        collection = read_collection("X", form)
        assert collection.missing
        np.testing.assert_array_equal(collection.data, expected)


def test_tensors_on_the_cpu_are_read():
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(SERIES)
    assert np.shares_memory(read_collection("X", tensor).data, SERIES)
    assert read_collection("X", [tensor[0], tensor[1, :, :3]]).lengths.tolist() == [9, 3]
    with pytest.raises(ArgumentTypeError, match=r"with a gradient.*detach"):
        read_collection("X", tensor.requires_grad_())


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(SERIES[:, 0])
    np.testing.assert_array_equal(read_collection("X", frame).data, SERIES[:, 0].ravel())
    nested = pandas.DataFrame({"channel": [pandas.Series(row) for row in SERIES[:, 0]]})
    with pytest.raises(ArgumentTypeError, match="in its cells"):
        read_collection("X", nested)
    indexed = frame.set_index([0, 1])
    with pytest.raises(ArgumentTypeError, match="several levels"):
        read_collection("X", indexed)
    with pytest.raises(ArgumentTypeError, match=re.escape("frame.to_numpy().T")):
        read_collection("X", [frame, frame])


def test_sktime_data_in_the_form_that_the_error_asks_for():
    pytest.importorskip("sktime")
    from sktime.datatypes import convert_to
    from sktime.utils._testing.panel import _make_panel

    panel = _make_panel(
        n_instances=3, n_columns=2, n_timepoints=7, random_state=0, return_mtype="pd-multiindex"
    )
    with pytest.raises(ArgumentTypeError, match="numpy3D"):
        read_collection("X", panel)
    read = read_collection("X", convert_to(panel, "numpy3D"))
    assert (len(read), read.channels) == (3, 2)
    frames = convert_to(panel, "df-list")
    np.testing.assert_array_equal(read_collection("X", [f.to_numpy().T for f in frames]).data, read.data)


def test_what_counts_as_a_table():
    assert is_table(SERIES[:, 0])
    assert is_table(SERIES[:, 0].tolist())
    assert is_table([SERIES[0, 0], SERIES[1, 0]])
    assert not is_table([SERIES[0, 0], SERIES[1, 0, :3]])
    assert not is_table(SERIES)
    assert not is_table(list(SERIES))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "series",
        3.0,
        {1: 2},
        iter([1.0]),
        [None, None],
        ["a", "b"],
        SERIES.astype(complex),
        [SERIES[0].astype(complex), SERIES[1, :, :3]],
        np.array([[1, "a"]], dtype=object),
        np.array([["2020-01-01"]], dtype="datetime64[D]"),
    ],
    ids=[
        "None",
        "text",
        "number",
        "dict",
        "iterator",
        "Nones",
        "texts",
        "complex",
        "complex list",
        "mixed",
        "dates",
    ],
)
def test_what_is_no_collection_of_numbers(value):
    with pytest.raises(ArgumentError, match=r"^X"):
        read_collection("X", value)


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ArgumentTypeError, match=r"sparse.*toarray"):
        read_collection("X", sparse.csr_array(SERIES[:, 0]))


@pytest.mark.parametrize(
    "value",
    [
        [],
        [1.0, 2.0, 3.0],
        np.zeros(5),
        np.zeros((2, 3, 4, 5)),
        np.zeros((0, 2, 5)),
        np.zeros((2, 0, 5)),
        np.zeros((2, 3, 0)),
        np.zeros((0, 5)),
        np.zeros((3, 0)),
        [np.zeros((2, 5)), np.zeros((3, 5))],
        [np.zeros((2, 5)), np.zeros((2, 0))],
        [np.zeros(5), np.zeros((2, 4))],
        [np.zeros((2, 5)), np.zeros((1, 2, 5))],
        [[[1.0, 2.0], [1.0]], [[1.0], [2.0]]],
        [np.zeros(4), 3.0],
    ],
)
def test_shapes_that_cannot_be(value):
    with pytest.raises(ShapeError, match=r"^X"):
        read_collection("X", value)


def test_another_number_of_channels_than_in_the_fit():
    with pytest.raises(ShapeError, match=r"3 channel\(s\), as in the fit, got 2"):
        read_collection("X", SERIES, channels=3)


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinities_are_named_by_their_series(infinity):
    values = SERIES.copy()
    values[2, 1, 4] = infinity
    values[3, 1, 4] = np.nan
    with pytest.raises(DataError, match="series 2"):
        read_collection("X", values)
    with pytest.raises(DataError, match="series 1"):
        read_collection("X", [values[0], values[2], values[1, :, :4]])


def test_infinity_and_its_negative_do_not_hide_each_other():
    values = SERIES.copy()
    values[0, 0, :2] = [np.inf, -np.inf]
    with pytest.raises(DataError, match="infinity"):
        read_collection("X", values)


def test_a_series_of_which_nothing_is_there():
    values = SERIES.copy()
    values[1] = np.nan
    values[3] = np.nan
    with pytest.raises(DataError, match="2 without any, the first series 1"):
        read_collection("X", values)
    values[[1, 3], 0, 0] = 0
    assert read_collection("X", values).missing


def test_large_numbers_whose_sum_overflows_are_no_infinity():
    values = np.full((2, 1, 9), 1e308)
    assert not read_collection("X", values).missing


def test_nothing_is_written_to_what_came():
    values = SERIES.copy()
    values[0, 0, 0] = np.nan
    values.setflags(write=False)
    masked = np.ma.masked_invalid(values)
    hidden = masked.data.copy()
    read_collection("X", values)
    read_collection("X", list(values))
    read_collection("X", masked)
    np.testing.assert_array_equal(masked.data, hidden)
