"""A unit on a stream equals the unit on the whole recording, however the stream is cut."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

import lamina
from lamina.errors import ArgumentTypeError, DataError, ShapeError, StateError
from lamina.resu.stream import ReSUStream

MODES = ["none", "on", "off", "split"]


def signal(seed, time=300, channels=1):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((time, channels))
    for t in range(2, time):
        y[t] += 0.9 * y[t - 1] - 0.4 * y[t - 2]
    # a trend, so that every lag has a mean of its own
    return y + np.arange(1, channels + 1) + 0.01 * np.arange(time)[:, None]


def fitted(memory=6, channels=1, rectify="none", rank=2):
    return lamina.ReSU(memory, 4, rank, rectify=rectify).fit(signal(0, 3000, channels))


UNITS = {
    (memory, channels): fitted(memory, channels, MODES[: 2 * min(memory, 2)], 2 * min(memory, 2))
    if channels > 1
    else fitted(memory, rank=1)
    for memory in (1, 6, 150)
    for channels in (1, 2)
}


def assert_same(outputs, expected, rtol=1e-12):
    np.testing.assert_array_equal(np.isnan(outputs), np.isnan(expected))
    scale = np.nanmax(np.abs(expected), initial=1e-300)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=rtol * scale)


@settings(max_examples=40, deadline=None)
@given(
    key=st.sampled_from(sorted(UNITS)),
    cuts=st.lists(st.integers(0, 200), max_size=8),
    gaps=st.lists(st.integers(0, 199), max_size=3),
    stepping=st.lists(st.booleans(), min_size=9, max_size=9),
    handing_over=st.booleans(),
    offset=st.sampled_from([0.0, 2.0**20]),
)
def test_any_mixture_of_steps_and_chunks_equals_transform(key, cuts, gaps, stepping, handing_over, offset):
    unit, y = UNITS[key], signal(1, 200, key[1])
    if offset:
        unit = lamina.ReSU(key[0], 4, unit.rank, rectify=unit.rectify).fit(
            signal(0, 3000, key[1]).round(6) + offset
        )
        y = y.round(6) + offset
    y[gaps, 0] = np.nan
    stream, outputs = ReSUStream(unit), []
    for chunk, by_steps in zip(np.split(y, sorted(cuts)), stepping, strict=False):
        if by_steps:
            outputs.append(np.reshape([stream.step(x) for x in chunk], (-1, stream.outputs)))
        else:
            outputs.append(stream.transform(chunk))
        if handing_over:
            stream = ReSUStream(unit, state=stream.state)
    assert stream.samples == 200
    assert_same(np.concatenate(outputs), unit.transform(y))
    assert_same(stream.forecast(), unit.predict(y)[-1])


def test_the_stream_equals_the_definition():
    unit, y = UNITS[6, 2], signal(2, 40, 2)
    stream = ReSUStream(unit)
    for t in range(40):
        z = sum(unit.filters_[:, i] @ (y[t - i] - unit.past_mean_[i]) for i in range(min(6, t + 1)))
        expected = [z[0], max(z[1], 0), max(-z[2], 0), max(z[3], 0), max(-z[3], 0)]
        np.testing.assert_allclose(stream.step(y[t]), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, ">f8"])
def test_outputs_have_the_dtype_of_transform(dtype):
    unit, y = UNITS[6, 1], (100 * signal(3, 30)).astype(dtype)
    whole = unit.transform(y)
    stepped = np.array([ReSUStream(unit).step(y[0])])
    assert ReSUStream(unit).transform(y).dtype == whole.dtype
    assert stepped.dtype == whole.dtype.newbyteorder("=")
    assert_same(ReSUStream(unit).transform(y), whole, 1e-6)
    assert_same(stepped, whole[:1], 1e-6)


@pytest.mark.parametrize("number", [0.25, np.float64(0.25), np.float32(0.25), [0.25], np.array(0.25)])
def test_one_channel_takes_a_number(number):
    unit = UNITS[6, 1]
    np.testing.assert_allclose(ReSUStream(unit).step(number), unit.transform([0.25])[0], rtol=1e-6)


def test_a_masked_sample_is_a_gap():
    assert np.isnan(ReSUStream(UNITS[6, 1]).step(np.ma.masked_array([0.25], mask=[True]))).all()


def test_a_later_fit_leaves_a_running_stream_alone_and_its_state_goes_over_to_the_new_filters():
    y = signal(4)
    unit = lamina.ReSU(5, 3, 2).partial_fit(y[:150])
    before, stream = copy.deepcopy(unit), ReSUStream(unit)
    stream.transform(y[:150])
    unit.partial_fit(10 * y[150:] ** 2)
    assert_same(stream.copy().transform(y[150:]), before.transform(y)[150:])
    assert_same(ReSUStream(unit, state=stream.state).transform(y[150:]), unit.transform(y)[150:])


def test_reset_begins_a_recording():
    unit, y = UNITS[6, 2], signal(5, 50, 2)
    stream = ReSUStream(unit)
    first = stream.transform(y)
    np.testing.assert_array_equal(stream.reset().transform(y), first)


@pytest.mark.parametrize(
    "duplicate",
    [ReSUStream.copy, copy.copy, copy.deepcopy, lambda stream: pickle.loads(pickle.dumps(stream))],
)
def test_a_copy_goes_on_by_itself(duplicate):
    unit, y = UNITS[6, 1], signal(6, 60)
    stream = ReSUStream(unit)
    for x in y[:33]:
        stream.step(x)
    twin = duplicate(stream)
    ahead = [twin.step(x) for x in y[33:]]
    np.testing.assert_array_equal([stream.step(x) for x in y[33:]], ahead)
    assert_same(np.array(ahead), unit.transform(y)[33:])


def test_the_state_is_plain_data_that_later_samples_leave_alone():
    stream, y = ReSUStream(UNITS[6, 1]), signal(7, 20)
    stream.transform(y[:3])
    assert set(stream.state) == {"samples", "history"}
    np.testing.assert_allclose(stream.state["history"], y[:3], rtol=0, atol=1e-13)
    stream.transform(y[3:10])
    state = stream.state
    stream.transform(y[10:])
    assert (state["samples"], state["history"].shape) == (10, (6, 1))
    np.testing.assert_allclose(state["history"], y[4:10], rtol=0, atol=1e-13)


def test_bad_samples_are_refused_and_count_as_not_seen():
    unit, y = UNITS[6, 2], signal(8, 30, 2)
    stream = ReSUStream(unit)
    stream.transform(y[:10])
    with pytest.raises(DataError, match=r"x must be finite .*, got 1 value\(s\) of infinity"):
        stream.step([1.0, np.inf])
    with pytest.raises(DataError, match="x must be finite"):
        stream.step(np.array([np.inf, np.nan]))
    with pytest.raises(ShapeError, match=r"x must be one sample of 2 channel\(s\)"):
        stream.step(np.zeros(3))
    with pytest.raises(ShapeError, match="Pass several samples"):
        stream.step(y[:1])
    with pytest.raises(ShapeError, match="one sample of 2 channel"):
        stream.step(1.0)
    with pytest.raises(ArgumentTypeError, match="real numbers"):
        stream.step("a")
    with pytest.raises(ArgumentTypeError, match=r"NumPy data, got a torch Tensor.*to_module"):
        stream.step(torch.zeros(2))
    with pytest.raises(ShapeError, match="X has 3 features"):
        stream.transform(np.zeros((4, 3)))
    with pytest.raises(ShapeError, match=r"2 channel\(s\)"):
        stream.transform(np.zeros((0, 3)))
    with pytest.raises(DataError, match="infinity"):
        stream.transform([[np.inf, 0.0]])
    with pytest.raises(ArgumentTypeError, match="Call reset between trials"):
        stream.transform([y, y])
    with pytest.raises(ArgumentTypeError, match="to_module"):
        stream.transform(torch.zeros(4, 2))
    assert_same(stream.transform(y[10:]), unit.transform(y)[10:])
    with pytest.raises(DataError, match="infinity"):
        ReSUStream(UNITS[6, 1]).step(np.array([-np.inf]))


def test_finite_samples_whose_squares_overflow_are_no_gaps():
    assert np.isfinite(ReSUStream(UNITS[6, 2]).step(np.array([1e200, 0.0]))).all()


def test_columns_in_another_order_are_refused_as_in_the_fit():
    frame = pd.DataFrame(signal(0, channels=2), columns=["left", "right"])
    unit = lamina.ReSU(4, 2, 2).fit(frame)
    assert_same(ReSUStream(unit).transform(frame[:20]), unit.transform(frame)[:20])
    with pytest.raises(ValueError, match="feature names"):
        ReSUStream(unit).transform(frame[["right", "left"]])


def test_what_cannot_be_continued_is_refused():
    with pytest.raises(NotFittedError):
        ReSUStream(lamina.ReSU(4, 2, 1))
    with pytest.raises(StateError, match="no sample to forecast from"):
        ReSUStream(UNITS[6, 1]).forecast()
    with pytest.raises(ArgumentTypeError, match="state must be a dict"):
        ReSUStream(UNITS[6, 1], state=[1.0])
    short = ReSUStream(UNITS[6, 1])
    short.transform(signal(9))
    with pytest.raises(DataError, match="shorter memory"):
        ReSUStream(UNITS[150, 1], state=short.state)
    with pytest.raises(ShapeError, match=r"state\['history'\]"):
        ReSUStream(UNITS[6, 2], state=short.state)
    with pytest.raises(DataError, match="finite"):
        ReSUStream(UNITS[6, 1], state={"samples": 5, "history": np.full((5, 1), np.inf)})


def test_a_longer_history_serves_a_shorter_memory():
    y, stream = signal(10), ReSUStream(UNITS[150, 1])
    stream.transform(y[:200])
    assert_same(
        ReSUStream(UNITS[6, 1], state=stream.state).transform(y[200:]), UNITS[6, 1].transform(y)[200:]
    )


def test_a_unit_fitted_in_torch_runs_through_numpy():
    y = signal(11)
    unit = lamina.ReSU(4, 2, 1).fit(torch.from_numpy(y))
    assert_same(ReSUStream(unit).transform(y), unit.transform(y))


@pytest.mark.parametrize("samples", [0, 1, 4, 30])
def test_the_state_survives_as_text(samples):
    unit, y = UNITS[6, 2], signal(5, 60, 2)
    y[3, 1] = np.nan
    stream = ReSUStream(unit)
    stream.transform(y[:samples])
    text = json.dumps({**stream.state, "history": stream.state["history"].tolist()})
    continued = ReSUStream(unit, state=json.loads(text))
    np.testing.assert_array_equal(continued.transform(y[samples:]), stream.transform(y[samples:]))
