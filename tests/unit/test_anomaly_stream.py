"""Sample by sample, surprise is what it is for the whole recording."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import lamina
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.resu.anomaly.detector import ReSUAnomaly
from lamina.resu.anomaly.stream import SurpriseStream


def recording(seed=0, time=400, channels=2):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((time, channels)).cumsum(axis=0)
    return 1000.0 + y - 0.3 * np.roll(y, 3, axis=1)


@pytest.mark.parametrize(
    ("channels", "gap", "statistic"), [(1, 1, "window"), (2, 3, "window"), (2, 1, "sample")]
)
def test_as_the_batch(channels, gap, statistic):
    y = recording(channels=channels)
    detector = ReSUAnomaly(5, 4, 2, gap=gap, statistic=statistic).fit(y)
    y[200, 0] = np.nan
    stream = SurpriseStream(detector)
    scores = np.array([stream.update(sample) for sample in y])
    assert np.isnan(scores).sum() == 2 * detector.window_ - 1
    np.testing.assert_allclose(scores, detector.surprise(y), rtol=1e-7, equal_nan=True)
    assert (stream.threshold, stream.samples) == (detector.threshold_, len(y))


def test_less_than_usual_in_a_stream():
    y = recording()
    detector = ReSUAnomaly(5, 4, 2, two_sided=True).fit(y)
    stream = SurpriseStream(detector)
    np.testing.assert_allclose(
        [stream.update(sample) for sample in y], detector.surprise(y), rtol=1e-6, atol=1e-9
    )


def test_numbers_lists_and_other_types_for_a_sample():
    y = recording(channels=1)[:, 0]
    detector = ReSUAnomaly(5, 4, 2).fit(y)
    expected = detector.surprise(y)[:60]
    for convert in (float, np.float64, lambda x: [x], lambda x: np.array([x]), lambda x: np.array(x)):
        stream = SurpriseStream(detector)
        np.testing.assert_allclose([stream.update(convert(x)) for x in y[:60]], expected, rtol=1e-7)
    whole = (y * 10).astype(int)
    stream = SurpriseStream(detector)
    scores = [stream.update(int(x)) for x in whole]
    np.testing.assert_allclose(scores, detector.surprise(whole), rtol=1e-7)


@pytest.mark.parametrize("seen", [0, 3, 8, 9, 50])
def test_a_stream_goes_on_from_its_state_and_from_copies(seen):
    y = recording()
    detector = ReSUAnomaly(5, 4, 2, gap=2).fit(y)
    stream = SurpriseStream(detector)
    for sample in y[:seen]:
        stream.update(sample)
    others = [SurpriseStream(detector, stream.state), stream.copy(), pickle.loads(pickle.dumps(stream))]
    expected = [stream.update(sample) for sample in y[seen : seen + 30]]
    for other in others:
        assert other.samples == seen
        np.testing.assert_allclose([other.update(sample) for sample in y[seen : seen + 30]], expected)
    np.testing.assert_allclose(expected, detector.surprise(y)[seen : seen + 30], rtol=1e-7)
    stream.reset()
    first = [stream.update(sample) for sample in y[:20]]
    np.testing.assert_allclose(first, detector.surprise(y)[:20], rtol=1e-7)


def test_a_bad_sample_counts_as_not_seen():
    y = recording()
    detector = ReSUAnomaly(5, 4, 2).fit(y)
    stream, other = SurpriseStream(detector), SurpriseStream(detector)
    for sample in y[:50]:
        stream.update(sample)
        other.update(sample)
    before = stream.state
    for bad, error in (
        ([1.0, np.inf], DataError),
        ([1.0], ShapeError),
        (y[:2], ShapeError),
        ("ab", ArgumentTypeError),
        (np.array([1e300, 0.0]), DataError),
    ):
        with pytest.raises(error):
            stream.update(bad)
    assert stream.samples == 50
    np.testing.assert_array_equal(stream.state["history"], before["history"])
    assert [stream.update(s) for s in y[50:80]] == [other.update(s) for s in y[50:80]]


def test_what_is_no_detector_or_state():
    with pytest.raises(NotFittedError):
        SurpriseStream(ReSUAnomaly(5, 4, 2))
    with pytest.raises(ArgumentTypeError, match="a fitted ReSUAnomaly"):
        SurpriseStream(lamina.ReSU(5, 4, 2).fit(recording()))
    detector = ReSUAnomaly(5, 4, 2).fit(recording())
    with pytest.raises(ArgumentTypeError, match="state"):
        SurpriseStream(detector, {"samples": 3})
    with pytest.raises(DataError, match="shorter window"):
        SurpriseStream(detector, {"samples": 30, "history": np.zeros((3, 2))})
    with pytest.raises(ShapeError, match="2 channel"):
        SurpriseStream(detector, {"samples": 1, "history": np.zeros((1, 3))})
