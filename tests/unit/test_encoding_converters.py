"""Spikes as events, sparse matrices, trains of neo and frames: each against plain loops or the library."""

import itertools
import warnings

import numpy as np
import pytest
from scipy import sparse

from lamina.encoding import StepForwardConverter
from lamina.encoding.events import SpikeEvents, from_events, to_events
from lamina.encoding.frames import from_frames, to_frames
from lamina.encoding.neo_trains import from_neo, to_neo
from lamina.encoding.sparse import from_sparse, to_sparse
from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    LaminaError,
    MissingDependencyError,
    ShapeError,
)

CASES = [(rows, leading) for rows in ("polarity", "neurons", None) for leading in ((), (1,), (3,), (2, 3))]


def random_spikes(rows, leading, samples=40, seed=0, density=0.3, both=False):
    random = np.random.default_rng(seed)
    if rows == "polarity":
        up = random.random((*leading, samples)) < density
        down = random.random((*leading, samples)) < density
        return np.stack([up, 0.0 - (down if both else down & ~up)]).astype(np.float32)
    head = (4,) if rows == "neurons" else ()
    return (random.random((*head, *leading, samples)) < density).astype(np.float32)


def listed(spikes, rows):
    """Events by plain loops: (time, channel, polarity), sorted."""
    parts = [(1, spikes[0]), (-1, spikes[1])] if rows == "polarity" else [(1, spikes)]
    found = []
    for polarity, part in parts:
        for channel, index in enumerate(np.ndindex(part.shape[:-1])):
            found += [(t, channel, polarity) for t, value in enumerate(part[index]) if value]
    return sorted(found, key=lambda event: (event[0], event[1], -event[2]))


@pytest.mark.parametrize(("rows", "leading"), CASES)
def test_events_are_those_of_plain_loops_and_give_the_spikes_back(rows, leading):
    spikes = random_spikes(rows, leading, both=True)
    before = spikes.copy()
    events = to_events(spikes, rows, sampling_rate=100.0)
    parts = (events.time.tolist(), events.channel.tolist(), events.polarity.tolist())
    assert list(zip(*parts, strict=True)) == listed(spikes, rows)
    assert (events.n_samples, events.rows, events.sampling_rate) == (40, rows, 100.0)
    back = from_events(events)
    assert back.dtype == np.float32
    assert back.tobytes() == spikes.tobytes() == before.tobytes()
    assert back.shape == spikes.shape


def neo_at_10_hertz(spikes, rows="polarity", dim=-1):
    return to_neo(spikes, 10.0, rows, dim)


CONVERTERS = [to_events, to_sparse, to_frames, neo_at_10_hertz]


@pytest.mark.parametrize("to", CONVERTERS)
@pytest.mark.parametrize("rows", ["polarity", "neurons", None])
def test_torch_integers_and_other_axes_of_time_are_the_same_spikes(to, rows):
    import torch

    spikes = random_spikes(rows, (2, 3))
    moved = np.moveaxis(spikes, -1, -2)
    expected = comparable(to(spikes, rows))
    assert expected.any()
    for same, dim in (
        (torch.from_numpy(spikes), -1),
        (spikes.astype(np.int64), -1),
        (torch.from_numpy(spikes.astype(np.int8)), 2),
        (moved, -2),
        (moved, 1),
        (torch.from_numpy(moved), 1),
        (np.asfortranarray(spikes), -1),
    ):
        np.testing.assert_array_equal(comparable(to(same, rows, dim)), expected)


def comparable(result):
    if isinstance(result, SpikeEvents):
        return np.stack([result.time, result.channel, result.polarity])
    if isinstance(result, list):
        return np.concatenate([train.magnitude for train in result])
    return result.toarray() if hasattr(result, "toarray") else np.asarray(result)


def test_a_code_says_its_rows():
    code = StepForwardConverter(0.2)
    signal = np.random.default_rng(1).standard_normal((3, 50)).cumsum(axis=1)
    spikes = code.encode(signal)
    assert from_events(to_events(spikes, code), np.float64).tobytes() == spikes.tobytes()
    assert to_frames(spikes, code).shape == (50, 1, 6)
    with pytest.raises(ShapeError, match=r"of shape \(2, ..., time\)"):
        to_events(spikes[0], code)


def test_silence_is_kept():
    for rows, leading in CASES:
        silent = random_spikes(rows, leading, samples=5, density=0.0) + 0.0
        assert len(to_events(silent, rows)) == 0
        assert from_events(to_events(silent, rows)).tobytes() == silent.tobytes()
        shape = silent.shape[rows == "polarity" : -1]
        assert from_sparse(to_sparse(silent, rows), shape, rows).tobytes() == silent.tobytes()
        assert from_neo(to_neo(silent, 10.0, rows)).tobytes() == silent.tobytes()
        assert from_frames(to_frames(silent, rows), leading, rows).tobytes() == silent.tobytes()


def test_events_by_hand_are_sorted_and_checked():
    events = SpikeEvents([3, 0, 3, 3], [1, 2, 0, 1], [-1, 1, 1, 1], n_samples=4, leading=3)
    assert (events.time.tolist(), events.channel.tolist()) == ([0, 3, 3, 3], [2, 0, 1, 1])
    assert events.polarity.tolist() == [1, 1, 1, -1]
    assert not events.time.flags.writeable
    for arguments, error, message in (
        (([4], [0], [1], 4), DataError, "time must be whole numbers from 0 to 3, got 4"),
        (([-1], [0], [1], 4), DataError, "time"),
        (([0.5], [0], [1], 4), DataError, "time"),
        (([np.nan], [0], [1], 4), DataError, "time"),
        (([0], [1], [1], 4), DataError, "channel must be whole numbers from 0 to 0"),
        (([0], [0], [0], 4), DataError, "polarity"),
        (([0], [0], [2], 4), DataError, "polarity"),
        (([0], [0], [-1], 4, (), None), DataError, "polarity"),
        (([0, 0], [0, 0], [1, 1], 4), DataError, "two events of channel 0 at time step 0"),
        (([0, 1], [0], [1], 4), ShapeError, "2, 1 and 1"),
        (([[0]], [0], [1], 4), ArgumentTypeError, "time"),
        ((["a"], [0], [1], 4), ArgumentTypeError, "time"),
        (([0], [0], [1], 0), ArgumentError, "n_samples"),
        (([0], [0], [1], 4, (0,)), ArgumentError, "leading"),
        (([0], [0], [1], 4, (), "both"), ArgumentError, "rows"),
        (([0], [0], [1], 4, (), None, 0.0), ArgumentError, "sampling_rate"),
        (([[0], [1, 2]], [0], [1], 4), ArgumentTypeError, "time"),
        (([2.0**70], [0], [1], 2**80), ArgumentError, "n_samples"),
        (([0], [0], [1], 4, (), "neurons"), ShapeError, "leading must be the number of neurons"),
    ):
        with pytest.raises(error, match=message):
            SpikeEvents(*arguments)
    with pytest.raises(ArgumentTypeError, match="events"):
        from_events(np.zeros((2, 3)))
    with pytest.raises(ArgumentTypeError, match="dtype"):
        from_events(events, np.uint8)
    with pytest.raises(ArgumentTypeError, match="dtype"):
        from_events(events, "no type")
    for far in (2**50, 2**61):
        with pytest.raises(DataError, match="go into the memory"):
            from_events(SpikeEvents([far], [0], [1], n_samples=far + 1))


def test_events_are_those_of_tonic():
    """tonic's own transform bins the structured array to the frames that the spikes are."""
    from tonic.transforms import ToFrame

    spikes = random_spikes("polarity", (3,), samples=20, both=True)
    spikes[0, 0, 0] = spikes[0, 0, -1] = 1
    frames = ToFrame(sensor_size=(3, 1, 2), time_window=1)(to_events(spikes).structured())
    # tonic's last bin ends at the last event, which it leaves out
    assert frames.shape == (19, 2, 3)
    np.testing.assert_array_equal(frames[:, 1].T, spikes[0, :, :-1])
    np.testing.assert_array_equal(frames[:, 0].T, -spikes[1, :, :-1])


def test_events_take_the_room_of_events():
    import tracemalloc

    spikes = np.zeros((2, 100, 20_000), np.float32)
    spikes[0, ::7, ::100] = 1
    tracemalloc.start()
    events = to_events(spikes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(part.nbytes for part in (events.time, events.channel, events.polarity)) == 13 * len(events)
    # masks of one byte a value while the spikes are checked, never another copy of the spikes
    assert peak < 0.8 * spikes.nbytes


@pytest.mark.parametrize(("rows", "leading"), CASES)
def test_sparse_is_the_signed_sum_and_gives_the_spikes_back(rows, leading):
    spikes = random_spikes(rows, leading)
    matrix = to_sparse(spikes, rows)
    signed = spikes.sum(axis=0) if rows == "polarity" else spikes
    assert (matrix.format, matrix.dtype) == ("csr", np.int8)
    np.testing.assert_array_equal(matrix.toarray(), signed.reshape(-1, 40))
    shape = spikes.shape[rows == "polarity" : -1]
    for same in (matrix, matrix.tocoo(), matrix.tocsc().astype(float), 1 * matrix.tolil()):
        assert from_sparse(same, shape, rows).tobytes() == spikes.tobytes()


def test_sparse_refuses_what_it_cannot_hold():
    both = np.array([[[0, 0], [0, 1]], [[0, 0], [0, -1]]])
    with pytest.raises(DataError, match="both in channel 1 at time step 1"):
        to_sparse(both)
    matrix = to_sparse(random_spikes("polarity", (3,)))
    for arguments, error in (
        ((matrix.toarray(),), ArgumentTypeError),
        ((matrix, (2,)), ShapeError),
        ((matrix * 2,), DataError),
        ((matrix, (3,), None), DataError),
        ((matrix, (3,), "up"), ArgumentError),
        ((matrix * 1j, (3,)), ArgumentTypeError),
        # 257 wraps to 1 in the type of the matrix
        ((sparse.coo_array((np.ones(257, np.int8), np.zeros((2, 257), int)), shape=(1, 3)),), DataError),
    ):
        with pytest.raises(error):
            from_sparse(*arguments)


def test_sparse_of_truth_values_is_one_of_spikes():
    matrix = sparse.csr_array([[True, False, True]])
    np.testing.assert_array_equal(from_sparse(matrix, rows=None), [[1, 0, 1]])


@pytest.mark.parametrize(("rows", "leading"), CASES)
def test_neo_has_the_times_and_gives_the_spikes_back(rows, leading):
    spikes = random_spikes(rows, leading, both=True)
    trains = to_neo(spikes, 30_000.0, rows, t_start=1.5)
    polarity = rows == "polarity"
    flat = np.abs(spikes).reshape(-1, 40)
    assert len(trains) == len(flat)
    for index, (train, row) in enumerate(zip(trains, flat, strict=True)):
        np.testing.assert_allclose(
            train.rescale("s").magnitude, 1.5 + np.flatnonzero(row) / 30_000, rtol=1e-15
        )
        assert float(train.t_start.rescale("s")) == 1.5
        assert float(train.t_stop.rescale("s")) == 1.5 + 40 / 30_000
        down = polarity and index >= len(flat) // 2
        assert train.annotations["polarity"] == (-1 if down else 1)
        assert train.annotations["channel"] == index % (len(flat) // (1 + polarity))
    assert from_neo(trains).tobytes() == spikes.tobytes()
    # in other units, as other programs keep them
    assert from_neo([train.rescale("ms") for train in trains]).tobytes() == spikes.tobytes()


def test_neo_keeps_long_recordings_on_the_grid():
    """A day at 30 kHz: the last steps are still told apart."""
    import neo

    steps = np.array([0, 1, 2**31 - 1, 2**31])
    train = neo.SpikeTrain(steps / 30_000, t_stop=(2**31 + 1) / 30_000, units="s")
    np.testing.assert_allclose(train.magnitude * 30_000, steps, atol=1e-4)


def test_neo_of_other_programs():
    import neo
    import quantities as pq

    first = neo.SpikeTrain([1.0, 3.0, 4.0] * pq.ms, t_stop=6 * pq.ms, channel="A1")
    second = neo.SpikeTrain([0.0, 5.4] * pq.ms, t_stop=6 * pq.ms)
    spikes = from_neo([first, second], 1000.0, between="nearest")
    np.testing.assert_array_equal(spikes, [[0, 1, 0, 1, 1, 0], [1, 0, 0, 0, 0, 1]])
    assert from_neo([second], 5000.0).shape == (1, 30)
    segment = neo.Segment()
    segment.spiketrains.append(first)
    segment.spiketrains.append(second)
    np.testing.assert_array_equal(from_neo(segment.spiketrains, 1000.0, between="nearest"), spikes)
    with pytest.raises(DataError, match="at least one"):
        from_neo(neo.Segment().spiketrains, 1000.0)
    for trains, arguments, error, message in (
        ([first, second], {"sampling_rate": 1000.0}, DataError, r"trains\[1\].*one at 5.4 steps"),
        ([first], {"sampling_rate": 500.0, "between": "nearest"}, DataError, "two events of channel 0"),
        ([first], {}, ArgumentError, "sampling_rate"),
        ([first], {"sampling_rate": -1.0}, ArgumentError, "sampling_rate"),
        ([first], {"sampling_rate": 1e3, "between": "drop"}, ArgumentError, "between"),
        ([first], {"sampling_rate": 1e3, "leading": (2, 2), "rows": "x"}, ArgumentError, "rows"),
        ([first, second], {"sampling_rate": 1e4, "leading": (1,)}, DataError, "channel"),
        ([], {"sampling_rate": 1e3}, DataError, "at least one"),
        (first, {"sampling_rate": 1e3}, ArgumentTypeError, "a list of neo.SpikeTrain"),
        ([first, [1.0]], {"sampling_rate": 1e3}, ArgumentTypeError, r"trains\[1\]"),
    ):
        with pytest.raises(error, match=message):
            from_neo(trains, **arguments)
    late = neo.SpikeTrain([1.0] * pq.ms, t_stop=7 * pq.ms)
    with pytest.raises(DataError, match=r"from 0 to 0\.007 s"):
        from_neo([first, late], 1000.0)
    with pytest.raises(DataError, match="one at 6 steps after t_start"):
        from_neo([neo.SpikeTrain([6.0] * pq.ms, t_stop=6 * pq.ms)], 1000.0)


def test_neo_missing_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(MissingDependencyError, match=r"lamina\[events\]"):
        to_neo(np.zeros((2, 5)), 10.0)


@pytest.mark.parametrize(("rows", "leading"), CASES)
@pytest.mark.parametrize("batch_axes", [0, 1, 2])
def test_frames_are_where_they_are_said_to_be(rows, leading, batch_axes):
    spikes = random_spikes(rows, leading, both=True)
    if batch_axes > len(leading):
        with pytest.raises(ArgumentError, match="batch_axes"):
            to_frames(spikes, rows, batch_axes=batch_axes)
        return
    frames = to_frames(spikes, rows, batch_axes=batch_axes)
    whole = spikes if rows is not None else spikes[None]
    batch, channels = leading[:batch_axes], leading[batch_axes:]
    assert frames.shape == (40, np.prod(batch, dtype=int), len(whole) * np.prod(channels, dtype=int))
    assert frames.flags.c_contiguous
    places = itertools.product(
        range(len(whole)), enumerate(np.ndindex(batch)), enumerate(np.ndindex(channels))
    )
    for row, (b, trial), (c, channel) in places:
        column = row * int(np.prod(channels, dtype=int)) + c
        np.testing.assert_array_equal(frames[:, b, column], np.abs(whole[(row, *trial, *channel)]))
    back = from_frames(frames, leading, rows, batch_axes=batch_axes)
    assert back.shape == spikes.shape
    assert back.tobytes() == spikes.tobytes()


def test_frames_stay_tensors_and_are_never_the_spikes_themselves():
    import torch

    spikes = torch.from_numpy(random_spikes(None, (1,)))
    frames = to_frames(spikes, None)
    frames += 1
    assert isinstance(frames, torch.Tensor)
    assert spikes.max() == 1
    again = from_frames(to_frames(spikes, None), (1,), None)
    assert torch.equal(again, spikes)
    assert from_frames(to_frames(random_spikes("polarity", (3,)), "polarity").astype(np.uint8)).min() == -1


def test_frames_refuse_what_does_not_fit():
    frames = to_frames(random_spikes("polarity", (2, 3)), batch_axes=1)
    for arguments, error in (
        ((frames[0],), ShapeError),
        ((frames, (2, 3)), ShapeError),
        ((frames, (3, 2)), ShapeError),
        ((frames * 0.5, (2, 3)), DataError),
        ((frames, (2, 3), "spikes"), ArgumentError),
        ((frames, None, "neurons"), ArgumentError),
        (("frames",), ArgumentTypeError),
    ):
        with pytest.raises(error) as caught:
            from_frames(*arguments)
        assert "encode" not in str(caught.value)
    with pytest.raises(ShapeError):
        from_frames(frames[:, :, :5], (2, 3), batch_axes=1)


def test_frames_take_nested_lists():
    spikes = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]
    frames = to_frames(spikes)
    np.testing.assert_array_equal(frames, to_frames(np.array(spikes)))
    np.testing.assert_array_equal(from_frames(frames.tolist(), leading=()), spikes)


BAD = {
    "no array": "spikes",
    "values": np.array([[0.0, 0.5], [0.0, 0.0]]),
    "NaN": np.array([[0.0, np.nan], [0.0, 0.0]]),
    "up spikes in the row of down spikes": np.ones((2, 4)),
    "three rows": np.zeros((3, 4)),
    "one axis": np.zeros(4),
    "no samples": np.zeros((2, 3, 0)),
    "no channels": np.zeros((2, 0, 3)),
    "a number": np.float64(1.0),
}


@pytest.mark.parametrize("spikes", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("to", CONVERTERS)
def test_what_are_no_spikes_is_refused_by_name(to, spikes):
    with pytest.raises(LaminaError, match="spikes must be"):
        to(spikes)


def test_wrong_rows_say_so():
    with pytest.raises(DataError, match="Say by rows what their first axis is"):
        to_events(np.ones((2, 4)))
    with pytest.raises(ArgumentError, match="rows must be 'polarity', 'neurons', None, or a code"):
        to_events(np.ones((2, 4)), "both")


def test_snntorch_reads_frames():
    """A leaky layer without leak counts, so that the spikes of each input can be counted in its membrane."""
    import snntorch
    import torch

    spikes = random_spikes("polarity", (2, 3))
    frames = to_frames(torch.from_numpy(spikes), batch_axes=1)
    layer = snntorch.Leaky(beta=1.0, threshold=1e9)
    membrane = layer.init_leaky()
    for frame in frames:
        _, membrane = layer(frame, membrane)
    expected = np.abs(spikes).sum(axis=-1).transpose(1, 0, 2).reshape(2, 6)
    np.testing.assert_array_equal(membrane.detach().numpy(), expected)


def test_norse_reads_frames():
    """norse.LIF runs over the first axis by itself; its step by its own equations, written here."""
    import torch

    with warnings.catch_warnings():
        # norse warns of what it uses itself
        warnings.simplefilter("ignore")
        import norse.torch as norse

    spikes = random_spikes("polarity", (2, 3))
    frames = to_frames(torch.from_numpy(spikes), batch_axes=1)
    out, _ = norse.LIF(norse.LIFParameters(v_th=torch.as_tensor(0.1)))(frames)
    assert out.shape == (40, 2, 6)
    v = i = np.zeros((2, 6))
    expected = []
    for x in np.abs(spikes).transpose(3, 1, 0, 2).reshape(40, 2, 6):
        i = i + x
        v = v + 0.001 * 100.0 * (i - v)
        i = i - 0.001 * 200.0 * i
        fired = v > 0.1
        v = np.where(fired, 0.0, v)
        expected.append(fired)
    assert 0 < np.mean(expected) < 1
    np.testing.assert_array_equal(out.detach().numpy(), np.array(expected, float))
    # spikes of a layer are frames, too, and go back to channels
    assert from_frames(out.detach(), (2, 3), batch_axes=1).shape == (2, 2, 3, 40)


def test_spikingjelly_reads_frames():
    import torch
    from spikingjelly.activation_based.neuron import LIFNode

    spikes = random_spikes("polarity", (2, 3))
    frames = to_frames(torch.from_numpy(spikes), batch_axes=1)
    out = LIFNode(tau=2.0, v_threshold=0.7, step_mode="m")(frames).numpy()
    v = np.zeros((2, 6))
    expected = []
    for x in np.abs(spikes).transpose(3, 1, 0, 2).reshape(40, 2, 6):
        v = v + (x - v) / 2
        fired = v >= 0.7
        v = np.where(fired, 0.0, v)
        expected.append(fired)
    assert 0 < np.mean(expected) < 1
    np.testing.assert_array_equal(out, np.array(expected, float))
