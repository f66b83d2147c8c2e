"""Trials read in chunks: whatever holds them, the moments are the same, and what cannot be read is named."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

import lamina
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, FileError, ShapeError, StateError
from lamina.resu.admission import admit_sources
from lamina.resu.chunks import rechunk
from lamina.resu.gathering import gather
from lamina.resu.sources import read_whole
from lamina.stats import LagMoments

GOOD = np.random.default_rng(0).standard_normal((900, 2)) + 3.0
FIELDS = ("past", "future", "cross", "past_mean", "future_mean")


def pieces_of(recording, lengths=(1, 0, 2, 130, 7, 400)):
    """Cut a recording at uneven places; the last piece takes the rest."""
    yield from np.split(recording, np.cumsum(lengths).tolist())


def reused_buffer(recording, rows=37):
    """A generator that gives the same memory again and again, as drivers of devices do."""
    buffer = np.empty((rows, *recording.shape[1:]), dtype=recording.dtype)
    for start in range(0, len(recording), rows):
        part = recording[start : start + rows]
        buffer[: len(part)] = part
        yield buffer[: len(part)]


def mapped(recording, folder):
    np.save(folder / "recording.npy", recording)
    return np.load(folder / "recording.npy", mmap_mode="r")


def in_hdf5(recording, folder):
    chunks = True if recording.size > 1 else None
    return h5py.File(folder / "recording.h5", "w").create_dataset("recording", data=recording, chunks=chunks)


def in_zarr(recording, folder):
    array = zarr.create_array(folder / "recording.zarr", shape=recording.shape, dtype=recording.dtype)
    array[...] = recording
    return array


KINDS = {
    "array": lambda recording, _: recording,
    "torch": lambda recording, _: torch.asarray(recording),
    "memmap": mapped,
    "memmap by columns": lambda recording, folder: mapped(np.asfortranarray(recording), folder),
    "hdf5": in_hdf5,
    "zarr": in_zarr,
    "iterator": lambda recording, _: pieces_of(recording),
    "function": lambda recording, _: lambda: pieces_of(recording),
    "reused buffer": lambda recording, _: reused_buffer(recording),
    "data frame": lambda recording, _: pd.DataFrame(recording),
    "data frames": lambda recording, _: (pd.DataFrame(part) for part in pieces_of(recording)),
    "list": lambda recording, _: recording.tolist(),
    "single samples": lambda recording, _: iter(np.split(recording, len(recording))),
}


class Unit(BaseEstimator):
    """What a unit is to those who let recordings in."""

    def __init__(self, **fitted):
        vars(self).update(fitted)

    def __sklearn_is_fitted__(self):
        return True


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    # of 64 samples of two channels, whatever the kind
    for name in ("_VIEWED", "_READ", "_READ_MOST"):
        monkeypatch.setattr(f"lamina.resu.gathering.{name}", 64 * 16)


def admitted(X, future_of=None, **fitted):
    return admit_sources(Unit(**fitted), X, future_of, reset=not fitted)


def moments_of(X, future_of=None, memory=4, horizon=3):
    sources, _ = admitted(X, future_of)
    return gather(LagMoments(memory, horizon, channels=sources[0].channels), sources)


def assert_same(found, expected, relative=0.0):
    for name in FIELDS:
        actual, desired = (np.asarray(getattr(side.covariances(), name)) for side in (found, expected))
        assert np.linalg.norm(actual - desired) <= relative * np.linalg.norm(desired), name
    counts = ("n_windows", "n_trials", "n_samples")
    assert [getattr(found, name) for name in counts] == [getattr(expected, name) for name in counts]


def holed(recording):
    recording = recording.copy()
    recording[[40, 63, 64, 300]] = np.nan
    return recording


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "make", [GOOD.copy, lambda: holed(GOOD), lambda: GOOD[:, 0]], ids=["2", "gaps", "1-D"]
)
def test_whatever_holds_a_recording_gives_the_same_bits(kind, make, tmp_path):
    recording = make()
    expected = LagMoments(4, 3, channels=recording.ndim).update(recording).end_trial()
    found = moments_of(KINDS[kind](recording, tmp_path))
    assert_same(found, expected, relative=1e-12)
    if kind != "torch":
        # chunks end at the same places, so that rounding is the same, too
        assert_same(found, moments_of(recording))
    assert kind != "torch" or isinstance(found.covariances().past, torch.Tensor)


@pytest.mark.parametrize("kind", ["array", "torch", "memmap", "hdf5", "zarr", "iterator", "function"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float16", "float32"])
def test_every_real_dtype(kind, dtype, tmp_path):
    recording = (20 * np.random.default_rng(1).random((300, 2))).astype(dtype)
    expected = LagMoments(4, 3, channels=2).update(recording.astype(np.float64)).end_trial()
    assert_same(moments_of(KINDS[kind](recording, tmp_path)), expected, relative=1e-12)


def test_pieces_of_unlike_dtype_lose_nothing():
    whole = np.concatenate([np.full(20, 2**24 + 1), GOOD[:50, 0]])
    parts = [whole[:20].astype(np.int32), whole[20:45].astype(np.float64), whole[45:].astype(np.float64)]
    for made in (iter(parts), iter([torch.asarray(part) for part in parts])):
        assert_same(moments_of(made), LagMoments(4, 3).update(whole).end_trial(), relative=1e-12)


def test_a_list_may_hold_trials_of_all_kinds(tmp_path):
    cuts = [100, 190, 200, 390, 600]
    kinds = ["memmap", "hdf5", "zarr", "function", "iterator", "array"]
    trials = np.split(GOOD, cuts)
    given_ = [KINDS[kind](trial, tmp_path) for kind, trial in zip(kinds, trials, strict=True)]
    found = moments_of(given_)
    assert_same(found, moments_of(trials))
    assert found.n_trials == 6
    assert_same(
        moments_of([iter(np.split(trial, 2)) for trial in np.split(GOOD, 3)]), moments_of(np.split(GOOD, 3))
    )


@pytest.mark.parametrize("kind", ["array", "memmap", "hdf5", "zarr", "iterator", "function", "reused buffer"])
@pytest.mark.parametrize(
    "partner", ["array", "torch", "memmap", "hdf5", "iterator", "function", "data frame"]
)
def test_a_partner_of_any_kind_is_put_beside(kind, partner, tmp_path):
    folders = [tmp_path / "X", tmp_path / "future_of"]
    for folder in folders:
        folder.mkdir()
    response = holed(GOOD[:, :1] ** 2)
    sources, channels = admitted(KINDS[kind](GOOD, folders[0]), KINDS[partner](response, folders[1]))
    assert (channels, sources[0].channels) == (1, 3)
    found = gather(LagMoments(4, 3, channels=3), sources)
    assert_same(found, moments_of(GOOD, response))
    joined = LagMoments(4, 3, channels=3).update(np.hstack([GOOD, response])).end_trial()
    assert_same(found, joined, relative=1e-12)


def test_partners_of_several_trials():
    trials = np.split(GOOD, [300, 500])
    partners = [iter([-trial[:, 1]]) for trial in trials]
    expected = LagMoments(4, 3, channels=3)
    for trial in trials:
        expected.update(np.column_stack([trial, -trial[:, 1]])).end_trial()
    assert_same(moments_of(trials, partners), expected, relative=1e-12)


@settings(deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(0, 40), max_size=8),
    rows=st.integers(1, 30),
    first=st.none() | st.integers(1, 30),
)
def test_chunks_end_at_the_same_places_whatever_the_pieces(lengths, rows, first):
    whole = np.arange(2.0 * sum(lengths)).reshape(-1, 2)
    chunks = list(rechunk(np.split(whole, np.cumsum(lengths)), rows, first))
    np.testing.assert_array_equal(np.concatenate([whole[:0], *chunks]), whole)
    expected = [len(part) for part in np.split(whole, range(first or rows, len(whole), rows))]
    assert [len(chunk) for chunk in chunks] == [length for length in expected if length]


@pytest.mark.parametrize("kind", ["array", "memmap", "hdf5", "iterator", "function", "reused buffer"])
@pytest.mark.parametrize("start", [0, 1, 99, 100, 101, 899, 900])
@pytest.mark.parametrize("paired", [False, True])
def test_reading_from_the_middle(kind, start, paired, tmp_path):
    made = KINDS[kind](GOOD, tmp_path)
    source = admitted(made, GOOD if paired else None)[0][0]
    source.head(3)
    chunks = [chunk.copy() for chunk in source.chunks(start, rows=100)]
    whole = np.hstack([GOOD, GOOD]) if paired else GOOD
    np.testing.assert_array_equal(np.concatenate([whole[:0], *chunks]), whole[start:])
    ends = start + np.cumsum([len(chunk) for chunk in chunks])
    assert ends.tolist() == [end for end in range(100, 901, 100) if end > start]


@pytest.mark.parametrize("kind", ["array", "memmap", "hdf5", "iterator", "function", "reused buffer"])
def test_the_first_samples_are_read_again(kind, tmp_path):
    source = admitted(KINDS[kind](GOOD, tmp_path))[0][0]
    np.testing.assert_array_equal(source.head(1), GOOD[:1])
    np.testing.assert_array_equal(source.head(200), GOOD[:200])
    np.testing.assert_array_equal(source.head(10_000), GOOD)
    np.testing.assert_array_equal(np.concatenate(list(source.chunks(rows=50))), GOOD)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("paired", [False, True])
def test_a_trial_can_be_had_whole(kind, paired, tmp_path):
    source = admitted(KINDS[kind](GOOD, tmp_path), reused_buffer(GOOD) if paired else None)[0][0]
    found = read_whole(source)
    np.testing.assert_array_equal(found, np.hstack([GOOD, GOOD]) if paired else GOOD)


def test_what_can_be_read_again_is_known(tmp_path):
    for kind in ("array", "memmap", "hdf5", "zarr", "function", "data frame"):
        source = admitted(KINDS[kind](GOOD, tmp_path))[0][0]
        assert source.rereadable
        assert len({sum(len(chunk) for chunk in source.chunks()) for _ in range(3)}) == 1
    source = admitted(pieces_of(GOOD))[0][0]
    assert not source.rereadable
    assert not admitted(GOOD, pieces_of(GOOD))[0][0].rereadable
    assert sum(len(chunk) for chunk in source.chunks()) == 900
    with pytest.raises(StateError, match=r"X is an iterator.*Pass a function"):
        next(source.chunks())


def test_changes_to_a_private_mapping_are_not_lost(tmp_path):
    np.save(tmp_path / "recording.npy", GOOD)
    private = np.load(tmp_path / "recording.npy", mmap_mode="c")
    private *= 2
    assert_same(moments_of(private), moments_of(2 * GOOD))
    np.testing.assert_array_equal(private, 2 * GOOD)


def test_names_of_columns_come_from_chunks_and_keep_their_order():
    def frames(*orders):
        return (pd.DataFrame(GOOD[:90], columns=["left", "right"])[list(order)] for order in orders)

    right = ("left", "right")
    estimator = Unit(future_channels_=None)
    admit_sources(estimator, frames(right, right), None, reset=True)
    assert estimator.n_features_in_ == 2
    assert estimator.feature_names_in_.tolist() == ["left", "right"]
    for orders in ([right[::-1]], [right, right[::-1]]):
        with pytest.raises(ValueError, match="feature names should match"):
            list(admit_sources(estimator, frames(*orders), None, reset=False)[0][0].chunks())
    with pytest.raises(ValueError, match="feature names should match"):
        gather(LagMoments(2, 1, channels=2), admitted(frames(right, right[::-1]))[0])
    admit_sources(estimator, iter([GOOD]), None, reset=True)
    assert not hasattr(estimator, "feature_names_in_")


INFINITE = np.where(np.arange(1800).reshape(900, 2) == 701, -np.inf, GOOD)

CHUNKS = [
    ([GOOD, GOOD[:, :1]], ShapeError, r"X \(chunk 1, from sample 900\) must be of 2 channel"),
    ([GOOD[:10], GOOD[:7], GOOD[:5, 0]], ShapeError, r"X \(chunk 2, from sample 17\)"),
    ([GOOD, INFINITE], DataError, r"X \(chunk 1, .*infinity"),
    ([INFINITE], DataError, r"X \(chunk 0, .*infinity"),
    ([GOOD, GOOD + 1j], ArgumentTypeError, r"X \(chunk 1, .*real"),
    ([GOOD, "samples"], ArgumentTypeError, r"X \(chunk 1, .*real"),
    ([GOOD, None], ArgumentTypeError, r"X \(chunk 1, "),
    ([None], ArgumentTypeError, r"X \(chunk 0, "),
    ([GOOD[None]], ShapeError, r"X \(chunk 0, .*3 axes"),
    ([GOOD, [GOOD, GOOD]], ShapeError, r"X \(chunk 1, .*3 axes"),
    ([GOOD, 3.0], ShapeError, r"X \(chunk 1, .*0 axes"),
    ([GOOD, torch.asarray(GOOD)], ArgumentTypeError, r"X \(chunk 1, .*library"),
    ([], DataError, "X must be at least 1 sample.*fresh one"),
    ([GOOD[:0], GOOD[:0]], DataError, "X must be at least 1 sample"),
]


@pytest.mark.parametrize(("chunks", "error", "says"), CHUNKS)
@pytest.mark.parametrize("several", [False, True])
def test_a_bad_chunk_is_named_by_its_number(chunks, error, says, several):
    moments = LagMoments(4, 3, channels=2).update(GOOD[:20])
    says = says.replace("X ", r"X\[1\] ") if several else says
    before = moments.covariances()
    with pytest.raises(error, match=f"^{says}"):
        gather(moments, admitted([GOOD, lambda: iter(chunks)] if several else iter(chunks))[0])
    # nothing of what came before it was added
    assert (moments.n_samples, moments.n_trials) == (20, 1)
    np.testing.assert_array_equal(moments.covariances().past, before.past)
    moments.update(GOOD[20:]).end_trial()
    assert_same(moments, LagMoments(4, 3, channels=2).update(GOOD).end_trial(), relative=1e-12)


@pytest.mark.parametrize("kind", ["memmap", "hdf5", "zarr"])
def test_what_lies_on_disk_and_cannot_be_used(kind, tmp_path):
    count = iter(range(99))

    def lying(recording):
        folder = tmp_path / str(next(count))
        folder.mkdir()
        return KINDS[kind](recording, folder)

    cases = [
        (INFINITE, DataError, r"X \(chunk 5, from sample 320\) must be finite.*1 value"),
        (GOOD + 1j, ArgumentTypeError, "X must be .*real numbers.*complex"),
        (GOOD[None], ShapeError, r"X must be .*3 axes, shape \(1, 900, 2\)"),
        (GOOD[:0], DataError, r"X must be at least 1 sample"),
        (GOOD[:, :0], ShapeError, "X must be .*channel"),
        (np.array(3.0), ShapeError, "X must be .*0 axes"),
    ]
    for recording, error, says in cases:
        if kind == "memmap" and recording.size == 0:
            continue  # NumPy maps no empty file
        with pytest.raises(error, match=says):
            moments_of(lying(recording))
    with pytest.raises(ShapeError, match=r"X must be .*X has 2 features, but Unit is expecting 3"):
        admitted(lying(GOOD), n_features_in_=3, future_channels_=None)
    with pytest.raises(ShapeError, match=r"X\[1\] must be of 2 channel"):
        admitted([GOOD, lying(GOOD[:, :1])])
    with pytest.raises(ShapeError, match=r"X\[1\] must be of 1 channel"):
        admitted([lying(GOOD[:, 0]), GOOD])


def test_a_file_that_was_closed_is_named(tmp_path):
    dataset = in_hdf5(GOOD, tmp_path)
    source = admitted(dataset)[0][0]
    dataset.file.close()
    with pytest.raises(FileError, match=r"cannot read X \(chunk 0, from sample 0\)"):
        list(source.chunks())
    with pytest.raises(FileError, match="cannot read X"):
        admitted(dataset)


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        (lambda: GOOD, "one that returns ndarray"),
        (lambda: [GOOD], "one that returns list"),
        (lambda: None, "one that returns NoneType"),
        (lambda index: iter([GOOD]), "one with arguments"),
        (torch.nn.Linear, "one with arguments"),
    ],
)
def test_a_function_that_gives_no_chunks(factory, says):
    with pytest.raises(ArgumentTypeError, match=f"X must be a function .*{says}"):
        admitted(factory)


def test_a_function_whose_second_answer_is_shorter():
    answers = iter([[GOOD], [GOOD[:10]]])
    source = admitted(lambda: iter(next(answers)))[0][0]
    assert len(next(source.chunks())) == 900
    with pytest.raises(DataError, match=r"X must be at least 50 samples long.*got 10"):
        list(source.chunks(50))


@pytest.mark.parametrize(
    ("X", "future_of", "error", "says"),
    [
        (GOOD, GOOD[:-1], ShapeError, "future_of must be as long as X, 1 .*900.*got 1 .*899"),
        ([GOOD, GOOD], [GOOD], ShapeError, "future_of must be as long as X, 2 .*got 1"),
        (GOOD, [GOOD, GOOD], ShapeError, "future_of must be .*got 2 trial"),
        (
            GOOD,
            lambda: pieces_of(GOOD[:700]),
            ShapeError,
            "future_of must be .*future_of ending first, after 700",
        ),
        (
            lambda: pieces_of(GOOD[:640]),
            GOOD,
            ShapeError,
            "future_of must be .*got X ending first, after 640",
        ),
        (lambda: pieces_of(GOOD[:-1]), lambda: pieces_of(GOOD), ShapeError, "X ending first, after 899"),
        (GOOD, lambda: iter([GOOD[:5], GOOD[:5, 0]]), ShapeError, r"future_of \(chunk 1, from sample 5"),
        (GOOD, lambda: iter([INFINITE]), DataError, r"future_of \(chunk 0.*infinity"),
        (GOOD, INFINITE, DataError, "future_of must be finite"),
        (lambda: pieces_of(GOOD), [GOOD, GOOD], ShapeError, "1 trial.s. of unknown samples, got 2"),
    ],
)
def test_a_partner_that_does_not_belong(X, future_of, error, says):
    with pytest.raises(error, match=says):
        moments_of(X, future_of)


@pytest.mark.parametrize(("before", "now"), [(None, GOOD), (2, None)])
def test_a_partner_is_given_always_or_never(before, now):
    with pytest.raises(ArgumentError, match="future_of must be given always or never"):
        admitted(iter([GOOD]), now, n_features_in_=2, future_channels_=before)


def test_nothing_that_was_passed_is_modified(tmp_path):
    for kind in ("array", "iterator", "memmap"):
        recording = holed(GOOD)
        moments_of(KINDS[kind](recording, tmp_path), recording)
        np.testing.assert_array_equal(recording, holed(GOOD))


@pytest.mark.parametrize("chunks", [lambda: iter([GOOD]), lambda: lambda: iter([GOOD])])
@pytest.mark.parametrize("several", [False, True])
def test_outputs_of_chunks_are_asked_of_a_stream(chunks, several):
    unit = lamina.ReSU(3, 2, 1).fit(GOOD)
    for ask in (unit.transform, unit.predict):
        with pytest.raises(
            ArgumentTypeError, match=r"X must be a whole recording.* lamina\.resu\.ReSUStream"
        ):
            ask([chunks()] if several else chunks())
